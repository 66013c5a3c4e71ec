"""Checks of a build's settings against the study and its registries."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from polyglot.core.lookup import unknown
from polyglot.registry import Registries
from polyglot.synthesis.filters.settings import in_use

if TYPE_CHECKING:
    from polyglot.study.configuration import Study


def problems(study: Study, registries: Registries) -> Iterable[str]:
    """What is wrong with `build`, one sentence each: key, value and what is allowed."""
    build, models = study.build, registries.models
    languages = dict.fromkeys(lang for matrix in study.matrices.values() for lang in matrix.languages)
    for lang in build.languages or []:
        if lang not in languages:
            yield f"build.languages: {unknown('language', lang, languages, 'the study has')}"
    if isinstance(build.teacher, dict):
        for lang in build.teacher:
            if lang not in languages:
                yield f"build.teacher: {unknown('language', lang, languages, 'the study has')}"
    for name in build.teachers:
        if name not in models and name not in study.routed_teachers:
            known = [*models, *study.routed_teachers]
            yield f"build.teacher: {unknown('teacher', name, known, f'{models.sources} and the study have')}"
        elif name in models and models[name].role != "chat":
            yield f"build.teacher: '{name}' is a model for {models[name].role}; here: chat"
    for name in build.methods or []:
        if name not in study.methods:
            yield f"build.methods: {unknown('method', name, study.methods, 'the study has')}"
    filters = [name for name, _ in in_use(study.filters)]
    for name in build.leave_out:
        if name not in filters:
            yield f"build.leave_out: {unknown('filter', name, filters, 'filters of the study that run are')}"
