"""The languages that a study needs human-written prompts in."""

from __future__ import annotations

from polyglot.registry import Registries
from polyglot.study.configuration import Study
from polyglot.synthesis.methods.base import METHODS
from polyglot.synthesis.recipes import parse_recipe


def starts_from_the_source(study: Study) -> bool:
    """Whether any method takes its seed rows from the source language: to translate them, by a teacher or a translator."""
    methods = {METHODS[name] for name in study.methods}
    methods |= {method for name in study.recipes for method in parse_recipe(name, study.methods).methods}
    return any(method.seeds == "source" or method.translated for method in methods)


def measures_a_scale(study: Study, registries: Registries) -> bool:
    """Whether the judge is a reward model without a scale, which is measured on pairs in the source language."""
    reward, models = study.intrinsic.reward, registries.models
    if reward.kind != "reward_model" or reward.model not in models:
        return False
    return not models[reward.model].gold_tuning and not models[reward.model].scale


def seed_languages(study: Study, registries: Registries) -> list[str]:
    """The languages of students, and the source language where something is made of its rows."""
    used = [lang for matrix in study.matrices.values() for lang in matrix.languages]
    needed = starts_from_the_source(study) or measures_a_scale(study, registries)
    return list(dict.fromkeys([*used, *([study.source_language] if needed else [])]))
