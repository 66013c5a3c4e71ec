"""A benchmark in one language, as run: its items, formulation and weighting."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from polyglot.core.errors import WrongInput
from polyglot.core.hashing import stable_seed
from polyglot.evaluation.forms import Item
from polyglot.evaluation.formulations import FORMULATIONS, Formulation
from polyglot.evaluation.items import SHOTS, BenchmarkError, items_file, read_items, shots_file
from polyglot.evaluation.settings import Benchmark, Evaluation
from polyglot.evaluation.weights import WEIGHTINGS
from polyglot.registry.data import BenchmarkFacts


@dataclass(frozen=True)
class Task:
    """One benchmark in one language: its rows are in the file test of `folder`, few-shot rows in its file dev.

    Attributes:
        weighting: how items are weighted in its score, a name in `WEIGHTINGS`.
        duplicate_options: how to treat an item with two equal options: raise an error, or keep it.
    """

    benchmark: str
    lang: str
    folder: Path
    settings: Benchmark
    weighting: str = "equal"
    duplicate_options: Literal["refuse", "keep"] = "refuse"

    @property
    def name(self) -> str:
        return f"{self.benchmark}:{self.lang}"

    @property
    def formulation(self) -> Formulation:
        """How its items are presented."""
        return FORMULATIONS[self.settings.formulation]


@dataclass(frozen=True)
class Questions:
    """A task's content: items by position in the file, few-shot examples, and the positions to evaluate."""

    items: list[Item]
    shots: list[Item]
    places: frozenset[int]


def questions(task: Task, seed: int) -> Questions:
    """A task's items, read and checked.

    Args:
        seed: determines which items are sampled if there are more than `max_items`.

    Raises:
        FileNotFoundError: if there is no file of test items.
        ValueError: if there are fewer few-shot rows than shots.
        BenchmarkError: if a row is not a valid item, or two items of one stratum have the same id.
    """
    settings, few_shot = task.settings, shots_file(task.benchmark, task.folder)
    shots = _read(task, few_shot) if few_shot is not None and settings.shots else []
    if len(shots) < settings.shots:
        key, named = f"evaluation.benchmarks.{task.benchmark}.shots", few_shot or task.folder / f"{SHOTS}.jsonl"
        raise WrongInput(f"{named}: {len(shots)} rows for {settings.shots} few-shot examples; add rows or lower {key}")
    path = items_file(task.benchmark, task.folder)
    items = _read(task, path)
    limit = min(settings.max_items or len(items), len(items))
    places = random.Random(stable_seed("items", task.name, seed)).sample(range(len(items)), limit)
    _ids_differ(task, path, items, sorted(places))
    return Questions(items, shots, frozenset(places))


def params_of(evaluation: Evaluation, benchmarks: Mapping[str, BenchmarkFacts], lang: str) -> dict[str, dict[str, Any]]:
    """Registry entries of a language's benchmarks that outcomes depend on, by benchmark."""
    kept = {"weighting", "duplicate_options"}
    return {name: benchmarks[name].model_dump(mode="json", include=kept) for name in evaluation.benchmarks_in(lang)}


def _read(task: Task, path: Path) -> list[Item]:
    keep = task.duplicate_options == "keep"
    return read_items(task.benchmark, path, task.formulation.takes, lang=task.lang, keep_duplicates=keep)


def _ids_differ(task: Task, path: Path, items: list[Item], places: list[int]) -> None:
    """Check that ids are unique, because outcomes of different models are matched by stratum and id."""
    seen: dict[tuple[str, ...], int] = {}
    for place in places:
        item = items[place]
        first = seen.setdefault((item.id, *(getattr(item, column) for column in WEIGHTINGS[task.weighting].strata)), place)
        if first != place:
            raise BenchmarkError(
                f"benchmark '{task.benchmark}': {path}: row {place + 1}: id '{item.id}' is also used in row {first + 1}; give "
                "each item a unique id, or leave `id` out"
            )
