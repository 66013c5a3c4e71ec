"""Facts for the cards of synthetic sets and students that are to be published."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from polyglot.registry import Registries
from polyglot.study.configuration import Study
from polyglot.study.sizes import examples_in, wants
from polyglot.synthesis.draws import BUILD, Draw
from polyglot.synthesis.recipes import PEOPLE, PUBLIC, parse_recipe

TRAIN = "data/train-00000-of-00001.parquet"
"""Where `datasets.load_dataset` finds the examples of a data set folder."""


def set_facts(study: Study, registries: Registries, *, recipe: str, teacher: str, lang: str, seed: str) -> dict[str, Any]:
    """Facts of a synthetic set except its numbers: plain values that its card depends on."""
    mixed, draw = parse_recipe(recipe, study.methods), Draw.parse(seed)
    parts, built = mixed.parts, draw.sample == BUILD
    routed = study.routed(teacher)
    authors = [*(study.routed_among if routed else [teacher])]
    authors += [study.translation.model] if any(method.translated for method in mixed.methods) else []
    models = [name for name in dict.fromkeys(authors) if name in registries.models]
    languages = [lang, *([study.source_language] if any(method.seeds == "source" for method in mixed.methods) else [])]
    sources = {name for code in languages for name in study.seed_dataset.sources.get(code, [])}
    named = {name: registries.sources[name].model_dump(include={"licence", "cite", "hub"}) for name in sorted(sources)}
    files = dict.fromkeys(study.seed_dataset.files[code] for code in languages if code in study.seed_dataset.files)
    named |= {Path(file).name: {"licence": study.seed_dataset.licence, "cite": None, "hub": None} for file in files}
    names = [*(registries.models[name].licence for name in models), *(entry["licence"] for entry in named.values())]
    return {
        "study": study.study,
        "recipe": recipe,
        "parts": list(parts),
        "teacher": teacher,
        "lang": lang,
        "language": registries.languages[lang].name,
        "seed": ", ".join(map(str, study.seeds)) if built else seed,
        "author": teacher if routed or not models else registries.models[teacher].label or teacher,
        "written_by": "people" if parts == (PUBLIC,) or teacher == PEOPLE else "a model",
        "routed": f"each prompt was answered by {routed.way.explained}" if routed else None,
        "models": [
            _model(registries, name) | {"sampling": registries.models[name].sampling.model_dump(mode="json")} for name in models
        ],
        "sources": named,
        "licences": {name: registries.licences[name].model_dump() for name in names if name and name in registries.licences},
        "metrics": [metric.facts for metric in study.intrinsic.metrics if metric.needs != "base"],
        "requests": study.synthesis.requests,
        "examples": examples_in(recipe, seed, study),
        "refilled": built or bool(wants(study, teacher, lang, draw)),
        **({"built": True} if built else {}),
        **({"first": study.synthesis.first} if study.synthesis.first else {}),
        "definition": study.scoring.definition,
        "confidence": study.scoring.confidence,
    }


def student_facts(study: Study, registries: Registries, *, base: str, **of_set: str) -> dict[str, Any]:
    """Facts of a student except its numbers."""
    reference = registries.models[base].reference
    facts = set_facts(study, registries, **of_set)
    licence = registries.models[base].licence
    if licence and licence in registries.licences:
        facts["licences"][licence] = registries.licences[licence].model_dump()
    return facts | {
        "base": _model(registries, base),
        "reference": registries.models[reference].label or reference if reference else None,
        "training": _training(study),
        "benchmarks": {name: settings.model_dump(mode="json") for name, settings in study.evaluation.benchmarks.items()},
    }


def build_facts(study: Study, registries: Registries, languages: Sequence[str]) -> dict[str, Any]:
    """What the card depends on besides what was built: names, and facts of each teacher's set by language (see `set_facts`).

    Facts are of every teacher that can be chosen, since they are known before the choice.
    """
    teachers = dict.fromkeys(name for matrix in study.matrices.values() for name in matrix.teachers)
    named = [name for name in [*teachers, *study.build.teachers] if name in registries.models or study.routed(name)]
    seed = str(Draw(study.seeds[0], sample=BUILD))
    sets = {}
    for name in dict.fromkeys(named):
        of_teacher = {"recipe": study.recipe, "teacher": name, "seed": seed}
        sets[name] = {lang: set_facts(study, registries, **of_teacher, lang=lang) for lang in languages}
    return {
        "study": study.study,
        "description": study.description,
        "leave_out": study.build.leave_out,
        "models": {name: model.label or name for name, model in registries.models.items()},
        "languages": {lang: registries.languages[lang].name for lang in languages},
        "sets": sets,
    }


def _training(study: Study) -> dict[str, Any]:
    """Settings by name; those of adapters only if adapters are trained, as `lora.rank` and so on."""
    settings = study.training.recorded
    adapters = settings.pop("lora")
    if study.training.tuning == "full":
        return settings
    return settings | {f"lora.{name}": value for name, value in adapters.items()}


def _model(registries: Registries, name: str) -> dict[str, Any]:
    model = registries.models[name]
    served = model.endpoint.model if model.endpoint else None
    return {
        "name": name,
        "label": model.label or name,
        "hub": model.hub,
        "served_as": served,
        "licence": model.licence,
        "made_here": model.made_here,
    }
