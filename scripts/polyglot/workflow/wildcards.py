"""Allowed values of Snakemake's wildcards in a study."""

from __future__ import annotations

import re
from collections.abc import Iterable

from polyglot.displays import catalogue
from polyglot.registry import Registries
from polyglot.study.configuration import Study
from polyglot.study.reserved import REPLICATION
from polyglot.study.sizes import POOLED
from polyglot.synthesis.recipes import TRANSLATED
from polyglot.workflow.inputs.models import ModelInputs
from polyglot.workflow.inputs.training_sets import TrainingSetInputs


def one_of(names: Iterable[object]) -> str:
    """A pattern that matches these names; without names, it matches nothing."""
    return "|".join(re.escape(str(name)) for name in names) or "(?!)"


def constraints(study: Study, registries: Registries) -> dict[str, str]:
    """A pattern of every wildcard of the rules."""
    return {
        "study": one_of([study.study, REPLICATION]),
        "experiment": one_of(study.matrices),
        "teacher": one_of(ModelInputs(study, registries).teachers),
        "lang": one_of(registries.languages),
        "method": one_of([*study.methods, *TRANSLATED]),
        "seed": r"\d+(-screen|-calibration|-build|-training\d+|(-block\d+)?(-further)?)",
        "base": one_of(dict.fromkeys(filter(None, [*study.bases, *study.routed_bases, study.likelihood_base]))),
        "recipe": one_of(TrainingSetInputs(study, registries).recipes),
        "pool": one_of([POOLED, *registries.languages]),
        "routed": one_of(study.routed_teachers),
        "model": one_of(registries.models),
        "source": one_of([*registries.sources, *registries.benchmarks]),
        "benchmark": one_of(registries.benchmarks),
        "figure": one_of(catalogue.figures(study)),
        "table": one_of(catalogue.tables(study)),
    }
