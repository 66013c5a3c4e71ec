"""What the embedded study has for itself alone: a study with real models names its own, and is told all that it lacks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from polyglot.evaluation.formulations import FORMULATIONS
from polyglot.study.seed_languages import seed_languages
from polyglot.synthesis.recipes import parse_recipe
from polyglot.workflow.inputs.models import ModelInputs

if TYPE_CHECKING:
    from polyglot.registry import Registries
    from polyglot.study.configuration import Study

REAL = ("folder", "hub", "endpoint")
"""Origins of models that are not nano. A sentence encoder inside a Python package is neither."""


def real_models(study: Study, registries: Registries) -> list[str]:
    """The models of a study that are not nano; none if the study lets them share the micro-world (`nano.with_real_models`)."""
    if study.nano.with_real_models:
        return []
    models = registries.models
    return [name for name in ModelInputs(study, registries).used if any(getattr(models[name], one) is not None for one in REAL)]


def problems(study: Study, registries: Registries, *, translates: bool) -> Iterable[str]:
    """One message with everything that the embedded study's defaults would stand for; nothing for a study of nano models.

    Args:
        translates: whether a recipe needs a machine-translation model.
    """
    real = real_models(study, registries)
    if not real:
        return
    translator = _unset(study, "translation.model", "a model with the role `translation`") if translates else ()
    missing = [*_data(study, registries), *_texts(study, registries), *_measurements(study), *translator, *_training(study)]
    if missing:
        shown = f"{', '.join(real[:3])}{', ...' if len(real) > 3 else ''}"
        head = f"a study with models that are not nano ({shown}) takes nothing of the embedded study by default. Name these:"
        tail = "(to try real models on the micro-world, whose questions are a toy's: `nano: {with_real_models: true}`)"
        yield "\n".join([head, *(f"    {one}" for one in missing), f"    {tail}"])


def _data(study: Study, registries: Registries) -> Iterable[str]:
    """Prompts and benchmarks."""
    given = study.seed_dataset
    for lang in seed_languages(study, registries):
        if lang not in given.files and lang not in given.sources:
            yield f"seed_dataset.files.{lang}: a file of prompts in '{lang}' (or `seed_dataset.sources.{lang}`: sources)"
    for name, benchmark in study.evaluation.benchmarks.items():
        key = f"evaluation.benchmarks.{name}"
        if benchmark.of_the_world:
            yield f"{key}: its items, by `folder` or `hub: true`"
        known = FORMULATIONS.get(benchmark.formulation)
        if known is not None and known.writes and "max_new_tokens" not in benchmark.model_fields_set:
            yield f"{key}.max_new_tokens: the longest answer in tokens (nano models': {benchmark.max_new_tokens})"
    selects = any(parse_recipe(name, study.methods).rule for name in study.recipes)
    if selects and study.selection.pairs is None:
        yield "selection.pairs: a file with instructions, responses that an expert revised, and the original ones"


def _texts(study: Study, registries: Registries) -> Iterable[str]:
    """How teachers and the judge are asked, and how long they may answer."""
    yield from _unset(study, "synthesis.prompts", "a folder of templates, such as config/prompts/chat")
    judges = [study.intrinsic.reward.model] if study.intrinsic.reward.kind == "rubric_judge" else []
    for name in dict.fromkeys([*ModelInputs(study, registries).writers, *judges]):
        model = registries.models.get(name)
        if model is None or not any(getattr(model, one) is not None for one in REAL):
            continue
        if "sampling" not in model.model_fields_set or "max_new_tokens" not in model.sampling.model_fields_set:
            where = registries.models.file_of(name)
            yield f"{where}: entry '{name}', sampling.max_new_tokens: its longest answer in tokens (nano models': 128)"


def _measurements(study: Study) -> Iterable[str]:
    if study.intrinsic.judged:
        told = "a judge: a reward model, or a chat model with `kind: rubric_judge`"
        yield from _unset(study, "intrinsic.reward.model", told if study.base else f"{told}; `kind: none` leaves reward out")
    yield from _unset(study, "intrinsic.embedding", "an embedding model that knows the languages")


def _training(study: Study) -> Iterable[str]:
    if not study.bases:
        return
    yield from _unset(study, "training.learning_rate", f"for real weights (nano models': {study.training.learning_rate:g})")
    yield from _unset(study, "training.max_length", f"the longest example in tokens (nano models': {study.training.max_length})")


def _unset(study: Study, key: str, what: str) -> Iterable[str]:
    """The key of a value that is a default, with what it may be."""
    section: object = study
    for part in key.split("."):
        if part not in getattr(section, "model_fields_set", ()):
            yield f"{key}: {what}"
            return
        section = getattr(section, part)
