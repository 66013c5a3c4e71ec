"""A benchmark in one language, as it is run: its items, how they are asked, and what each counts."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from polyglot.core.hashing import stable_seed
from polyglot.evaluation.forms import Item
from polyglot.evaluation.formulations import FORMULATIONS, Formulation
from polyglot.evaluation.items import BenchmarkError, read_items
from polyglot.evaluation.settings import Benchmark, Evaluation
from polyglot.evaluation.weights import WEIGHTINGS
from polyglot.registry.data import BenchmarkFacts


@dataclass(frozen=True)
class Task:
    """One benchmark in one language: its rows are in `folder`/test.jsonl, few-shot rows in `folder`/dev.jsonl.

    Attributes:
        weighting: what items count in its score, a name in `WEIGHTINGS`.
        duplicate_options: what becomes of an item with two equal options: an error, or kept.
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
        """How its items are asked."""
        return FORMULATIONS[self.settings.formulation]


@dataclass(frozen=True)
class Questions:
    """What is asked in a task: its items by place in the file, the few-shot examples, and the places that are asked."""

    items: list[Item]
    shots: list[Item]
    places: frozenset[int]


def questions(task: Task, seed: int) -> Questions:
    """A task's items, read and checked.

    Args:
        seed: decides which items are asked where there are more than `max_items`.

    Raises:
        FileNotFoundError: if the file is missing.
        ValueError: if there are fewer few-shot rows than shots.
        BenchmarkError: if a row is no item, or two items that are resampled together have the same id.
    """
    few_shot, settings = task.folder / "dev.jsonl", task.settings
    shots = _read(task, few_shot) if few_shot.exists() and settings.shots else []
    if len(shots) < settings.shots:
        key = f"evaluation.benchmarks.{task.benchmark}.shots"
        raise ValueError(f"{few_shot}: {len(shots)} rows for {settings.shots} few-shot examples; add rows or lower {key}")
    path = task.folder / "test.jsonl"
    if not path.exists():
        raise FileNotFoundError(f"{path}: no data for benchmark '{task.benchmark}' in '{task.lang}'")
    items = _read(task, path)
    limit = min(settings.max_items or len(items), len(items))
    places = random.Random(stable_seed("items", task.name, seed)).sample(range(len(items)), limit)
    _ids_differ(task, path, items, sorted(places))
    return Questions(items, shots, frozenset(places))


def params_of(evaluation: Evaluation, benchmarks: Mapping[str, BenchmarkFacts], lang: str) -> dict[str, dict[str, Any]]:
    """What the registry says of a language's benchmarks that outcomes depend on, by benchmark."""
    kept = {"weighting", "duplicate_options"}
    return {name: benchmarks[name].model_dump(mode="json", include=kept) for name in evaluation.benchmarks_in(lang)}


def _read(task: Task, path: Path) -> list[Item]:
    return read_items(task.benchmark, path, task.formulation.takes, keep_duplicates=task.duplicate_options == "keep")


def _ids_differ(task: Task, path: Path, items: list[Item], places: list[int]) -> None:
    """Outcomes of several models are matched by stratum and id."""
    seen: dict[tuple[str, ...], int] = {}
    for place in places:
        item = items[place]
        first = seen.setdefault((item.id, *(getattr(item, column) for column in WEIGHTINGS[task.weighting].strata)), place)
        if first != place:
            raise BenchmarkError(
                f"benchmark '{task.benchmark}': {path}, row {place + 1}: id '{item.id}' is that of row {first + 1} too; give "
                "each item an id of its own, or leave `id` out"
            )
