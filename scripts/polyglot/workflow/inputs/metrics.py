"""The files of metrics of texts alone, and what jobs depend on of all metrics."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from polyglot.intrinsic.metrics import PAPER, of_texts
from polyglot.study.configuration import REPLICATION, Study


def text_metrics(study: Study) -> list[str]:
    """Names of the metrics that have a file of their own."""
    return [metric.name for metric in of_texts(study.intrinsic.metrics)]


def set_files(study: Study, sets: Iterable[tuple[str, str, str, str | int]]) -> list[str]:
    """Files of training sets, one metric of texts alone after another.

    Args:
        sets: recipe, teacher, language and seed of each.
    """
    folders = ["/".join(map(str, ("results", study.study, "intrinsic", *of_set))) for of_set in sets]
    return [f"{folder}/{name}.parquet" for name in text_metrics(study) for folder in folders]


def cell_files(study: Study, experiment: str) -> list[str]:
    """Those of an experiment's measured cells, in the order of the cells, then seeds."""
    matrix = study.matrices[experiment]
    measured = [cell for cell in matrix.cells if study.hole(cell) is None]
    return set_files(study, [(cell.recipe, cell.teacher, cell.lang, seed) for cell in measured for seed in matrix.seeds])


def screen_files(study: Study) -> list[str]:
    """Those of the candidates' screening samples, in the order of the candidates, then languages."""
    teachers = study.screen.teachers or study.single_teachers
    languages = study.screen.languages or study.languages
    return set_files(study, [(study.recipe, name, lang, f"{study.seeds[0]}-screen") for name in teachers for lang in languages])


def measured_facts(study: Study) -> list[dict[str, Any]]:
    """Everything that is measured, as plain values."""
    return [metric.facts for metric in study.intrinsic.metrics]


def scored_facts(study: Study, name: str) -> list[dict[str, Any]]:
    """What the PG-Score takes: the paper's four for its published measurements.

    Args:
        name: whose results are scored: the study's own, or `replication`.
    """
    return [metric.facts for metric in (PAPER if name == REPLICATION else study.intrinsic.scored_metrics)]


def facts_of(study: Study, name: str) -> dict[str, Any]:
    """What a metric's own file depends on."""
    return next(metric.facts for metric in of_texts(study.intrinsic.metrics) if metric.name == name)
