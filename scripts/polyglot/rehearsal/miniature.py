"""A study's settings in miniature: what a rehearsal keeps, once each, and how little of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from polyglot.rehearsal.teachers import PREFIX
from polyglot.study.configuration import Study
from polyglot.synthesis.recipes import SIZE

REQUESTS = 10
"""Requests of a teacher, method and language; rows of a source; items of a benchmark."""
ANSWER, CONTEXT, TEXT = 16, 1024, 400
"""Longest answer and training example in tokens; longest text of the seed dataset in characters."""
TEACHERS = "polyglot.rehearsal.plugin"
STEPS = {"steps": 30, "batch_size": 8, "hidden": 64, "feed_forward": 128}
"""Of models that the workflow trains from scratch."""

SHORT: dict[str, dict[str, int]] = {
    "pretraining": STEPS,
    "translator_training": STEPS,
    "gold_tuning": {"examples": 40, "epochs": 1},
}

Settings = dict[str, Any]


@dataclass(frozen=True)
class Kept:
    """What stands for what: each model of the study to the one that is rehearsed in its place (itself, if it is)."""

    instead: Mapping[str, str]

    def names(self, names: Collection[str] | None) -> list[str] | None:
        return None if names is None else list(dict.fromkeys(self.instead.get(name, name) for name in names))


def representatives(names: Collection[str], alike: Callable[[str], str]) -> dict[str, str]:
    """Each name to the first one that is alike."""
    first: dict[str, str] = {}
    return {name: first.setdefault(alike(name), name) for name in names}


def languages(study: Study) -> list[str]:
    """Few languages that use every benchmark: those that use most of the ones left, first come first."""
    left = set(study.evaluation.benchmarks)
    chosen: list[str] = []
    while left or not chosen:
        best = max(study.languages, key=lambda lang: len(left & set(study.evaluation.benchmarks_in(lang))))
        used = left & set(study.evaluation.benchmarks_in(best))
        chosen += [best] if used or not chosen else []
        if not used:
            break
        left -= used
    return chosen


def sizes(study: Study) -> dict[int, int]:
    """Each size of a recipe to a small one, in the same order; multiples of the number of methods."""
    found = (SIZE.match(recipe) for recipe in study.recipes)
    known = sorted({int(one["size"]) * (1000 if one["thousands"] else 1) for one in found if one})
    return {size: len(study.methods) * (place + 2) for place, size in enumerate(known)}


def recipe(name: str, small: Mapping[int, int]) -> str:
    """A recipe's name with its small size."""
    found = SIZE.match(name)
    if not found:
        return name
    return f"{found['mix']}-{small[int(found['size']) * (1000 if found['thousands'] else 1)]}"


def study_in_miniature(study: Study, kept: Kept) -> Settings:
    """The configuration of the rehearsal: one seed, few languages, each kind of model once, ten requests a cell.

    Everything else, such as methods, formulations, precision, tuning and trainer, is the study's.
    """
    given = study.model_dump(mode="json")
    few, small = languages(study), sizes(study)
    teachers = kept.names(study.teachers) or []
    given |= {"languages": few, "teachers": teachers, "seeds": study.seeds[:1], "missing": [], "truth": {}, "figures": {}}
    given |= {"base": kept.instead.get(study.base, study.base), "recipe": recipe(study.recipe, small)}
    given["plugins"] = [*study.plugins, TEACHERS]
    given["experiments"] = {name: _experiment(one, kept, few, small) for name, one in given["experiments"].items()}
    given["race"]["small"] = study.race.small and recipe(study.race.small, small)
    _less(given, len(study.methods))
    for settings in given["filters"].values():  # small models repeat themselves; what filters do is tried all the same
        settings["action"] = "mark" if settings["action"] == "drop" else settings["action"]
    for section, keys in {"screen": ("teachers",), "routing": ("teachers", "strength")}.items():
        given[section] |= {key: kept.names(given[section][key]) for key in keys}
    given["screen"]["languages"] = None
    for benchmark in given["evaluation"]["benchmarks"].values():
        benchmark |= {"max_items": REQUESTS, "max_new_tokens": min(ANSWER, benchmark["max_new_tokens"])}
        named = benchmark["languages"]
        benchmark["languages"] = named and [lang for lang in named if lang in few]
    return given


def _experiment(one: Settings, kept: Kept, few: list[str], small: Mapping[int, int]) -> Settings:
    """An experiment with the kept models, languages, and small sizes."""
    shared = [lang for lang in one["languages"] or few if lang in few] or few
    steps = []
    for step in one["steps"]:
        models = {key: kept.instead.get(step[key], step[key]) for key in ("teacher", "base")}
        steps.append(step | models | {"recipe": recipe(step["recipe"], small)})
    recipes = one["recipes"] and list(dict.fromkeys(recipe(name, small) for name in one["recipes"]))
    changed = {"languages": shared, "seeds": None, "steps": steps, "recipes": recipes}
    return one | changed | {key: kept.names(one[key]) for key in ("bases", "teachers")}


def _less(given: Settings, methods: int) -> None:
    """Less of everything that only takes time."""
    most: dict[str, dict[str, float]] = {
        "nano": {"corpus_size": 400, "seed_items": 6, "benchmark_items": 4},
        "seed_dataset": {"max_per_source": REQUESTS, "max_prompts": 20 * REQUESTS},
        "synthesis": {"requests": REQUESTS, "batch_size": REQUESTS, "longest": TEXT, "language_confidence": 0},
        "translation": {"beams": 2, "batch_size": REQUESTS},
        "training": {
            "examples": (REQUESTS - 1) * methods,
            "epochs": 1,
            "batch_size": 2,
            "gradient_accumulation": 2,
            "max_length": CONTEXT,
            "checkpoint_steps": 3,
        },
        "evaluation": {"batch_tokens": 2048},
        "scoring": {"bootstrap": 100},
        "statistics": {"resamples": 100, "permutations": 100},
        "screen": {"requests": REQUESTS},
        "routing": {"calibration": 2 * REQUESTS, "epochs": 1, "batch_size": 4, "max_length": CONTEXT},
        "selection": {"examples": REQUESTS, "triplets": REQUESTS, "prompts": REQUESTS, "batch_size": 4, "epochs": 1},
    }
    for section, settings in most.items():
        for key, value in settings.items():
            known = given[section].get(key)
            given[section][key] = min(value, known) if isinstance(known, int | float) else value
    given["synthesis"]["first"] = given["synthesis"]["first"] and REQUESTS // 2
    intrinsic = given["intrinsic"]
    intrinsic["perplexity"]["batch_size"] = min(2, intrinsic["perplexity"]["batch_size"])
    intrinsic["reward"] |= {"batch_size": min(4, intrinsic["reward"]["batch_size"]), "scale_pairs": REQUESTS}


def model_in_miniature(entry: Settings, *, folder: str | None, url: str, gpus: int, engine: str) -> Settings:
    """A registry entry of the rehearsal.

    Args:
        entry: the study's.
        folder: the shrunk model; None for a model that the workflow trains or that a package holds.
        url: the endpoint that stands for every other.
        gpus: how many the machine has; at most one is asked for.
        engine: the engine that runs it here.
    """
    small = dict(entry)
    if entry.get("endpoint"):
        small["endpoint"] = entry["endpoint"] | {"url": url, "proxies": False, "limits": {}, "batch": None}
        return small
    for key in ("gpus", "training_gpus"):
        small[key] = min(1, gpus, entry.get(key) or 0)
    small["engine"] = PREFIX + engine if entry["role"] == "chat" and engine in ("transformers", "vllm") else engine
    small["size"] = min(entry.get("size") or 0.01, 0.01)
    if folder is not None:
        small |= {"folder": folder, "hub": None, "revision": None}
    if engine == "vllm":  # what one model may take of a card is the study's to say
        small["engine_options"] = {"enforce_eager": True} | entry["engine_options"] | {"gpu_memory_utilization": 0.3}
    elif entry["engine"] == "vllm":
        small["engine_options"] = {}
    if small.get("context"):
        small["context"] = min(small["context"], 4 * CONTEXT)
    small["sampling"] = entry["sampling"] | {"max_new_tokens": min(ANSWER, entry["sampling"]["max_new_tokens"])}
    for origin, less in SHORT.items():
        if entry.get(origin):
            small[origin] = entry[origin] | {key: value for key, value in less.items() if key in entry[origin]}
    return small
