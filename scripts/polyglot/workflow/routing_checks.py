"""Checks of routed teachers and of `routing` against the study and its registries."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from polyglot.core.lookup import unknown
from polyglot.registry import Registries
from polyglot.registry.base import Registry
from polyglot.registry.models import Model
from polyglot.routing.qualities import QUALITIES
from polyglot.routing.strategies import STRATEGIES
from polyglot.synthesis.recipes import parse_recipe

if TYPE_CHECKING:
    from polyglot.routing.teachers import Routed
    from polyglot.study.configuration import Study


def problems(study: Study, registries: Registries) -> Iterable[str]:
    """What is wrong with routed teachers and `routing`, one sentence each: key, value and what is allowed."""
    models, routing = registries.models, study.routing
    for name in (name for name in models if study.routed(name) is not None):
        yield f"{models.file_of(name)}: '{name}' is the name of a way to route prompts; give the model another id"
    for matrix in study.matrices.values():
        if matrix.compare == "routing" and not set(matrix.teachers) & set(study.routed_teachers):
            yield f"experiments.{matrix.name}.teachers: none of them is a way to route prompts; add {', '.join(STRATEGIES)}"
    if not study.routed_teachers:
        return
    for key, names in (("teachers", routing.teachers), ("strength", routing.strength)):
        yield from _unknown(f"routing.{key}", names or [], models)
        for name in dict.fromkeys(name for name in names or [] if (names or []).count(name) > 1):
            yield f"routing.{key}: '{name}' is named more than once"
    if not study.routed_among:
        yield "routing.teachers: name the teachers to choose from; the study has routed ones only"
    yield from _calibration(study)
    if routing.model is not None:
        yield from _unknown("routing.model", [routing.model], models)
        if routing.model in models and (models[routing.model].role != "chat" or models[routing.model].endpoint is not None):
            where = models.file_of(routing.model)
            yield f"routing.model: '{routing.model}' must be a causal language model with its own files ({where})"
    if routing.quality not in QUALITIES:
        yield f"routing.quality: {QUALITIES.unknown(routing.quality)}"
    elif unfit := QUALITIES[routing.quality].unfit(study.methods):
        yield (
            f"routing.quality: '{routing.quality}' compares answers with the seed dataset's responses, and what "
            f"{', '.join(unfit)} asks for has none there; take methods: [respond]"
        )
    run = {cell.teacher for experiment in study.run or study.matrices for cell in study.matrices[experiment].cells}
    for name, routed in study.routed_teachers.items():
        if routed.base is not None and routed.base not in models:
            yield f"teachers: '{name}' chooses for an {unknown('base', routed.base, models, f'{models.sources} has')}"
        elif name in run and routed.way.family and not kin(study, registries, routed.base or study.base):
            yield without_kin(study, registries, routed)
    for matrix in study.matrices.values():
        parsed = {recipe: parse_recipe(recipe, study.methods).methods for recipe in matrix.recipes}
        translated = [recipe for recipe, methods in parsed.items() if any(method.translated for method in methods)]
        for cell in matrix.cells:
            if cell.recipe in translated and study.routed(cell.teacher) is not None:
                methods = ", ".join(study.methods)
                yield f"experiments.{matrix.name}: '{cell.teacher}' routes prompts of {methods} only, not of '{cell.recipe}'"
                break


def _unknown(key: str, names: Iterable[str], models: Registry[Model]) -> Iterable[str]:
    for name in dict.fromkeys(names):
        if name not in models:
            yield f"{key}: {unknown('model', name, models, f'{models.sources} has')}"


def _calibration(study: Study) -> Iterable[str]:
    """Whether there are prompts to train a router on, and to stop and test it on."""
    prompts, held = study.routing.calibration * len(study.routed_languages), study.routing.held_out
    if any(routed.needs("router") for routed in study.routed_teachers.values()) and prompts * min(held / 2, 1 - held) < 1:
        yield (
            f"routing.calibration: of {prompts:,} prompts, `held_out` ({held:g}) leaves none to train a router on, or none to "
            "stop and test it on; raise the one, or change the other"
        )


def kin(study: Study, registries: Registries, base: str) -> list[str]:
    """Candidate teachers of a base's family."""
    family = registries.models[base].family
    known = (name for name in study.routed_among if name in registries.models)
    return [name for name in known if family is not None and registries.models[name].family == family]


def without_kin(study: Study, registries: Registries, routed: Routed) -> str:
    """The problem of a routed teacher without a candidate of its base's family; raised when it is requested."""
    base = routed.base or study.base
    return (
        f"teachers: '{routed.name}' needs a teacher of the family of '{base}' ({registries.models[base].family or 'not known'}) "
        f"among {', '.join(study.routed_among)}; leave it out, or add one"
    )
