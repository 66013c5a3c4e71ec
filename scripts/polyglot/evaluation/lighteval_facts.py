"""What config/benchmarks.yaml would say of a study's tasks of lighteval: they need no entry."""

from __future__ import annotations

from collections.abc import Mapping

from polyglot.evaluation.lighteval_list import listed_task
from polyglot.evaluation.settings import Benchmark, Evaluation
from polyglot.registry.data import BenchmarkFacts

LIGHTEVAL = "lighteval"
"""Stands where an entry has its formulations."""


def lighteval_facts(evaluation: Evaluation) -> dict[str, BenchmarkFacts]:
    """Entries of the benchmarks that are tasks of lighteval, by name."""
    return {name: _facts(name, chosen) for name, chosen in evaluation.benchmarks.items() if chosen.task}


def downloaded_as(name: str, evaluation: Evaluation, entries: Mapping[str, BenchmarkFacts]) -> str:
    """The first benchmark with the same data on the hub, which are fetched once for all tasks of lighteval that have them.

    Args:
        entries: the registry's.
    """
    if not evaluation.benchmarks[name].task:
        return name
    origin = {"hub", "revision"}
    wanted = entries[name].model_dump(include=origin)
    others = [other for other, chosen in evaluation.benchmarks.items() if chosen.task and chosen.downloaded]
    return next((other for other in others if entries[other].model_dump(include=origin) == wanted), name)


def _facts(name: str, chosen: Benchmark) -> BenchmarkFacts:
    names = {lang: chosen.lighteval_name(name, lang) for lang in chosen.languages or ()}
    tasks = [listed_task(one) for one in names.values()]
    repositories = list(dict.fromkeys(task.repository for task in tasks))
    known = len(repositories) == 1 and bool(repositories[0]) and " " not in repositories[0]
    return BenchmarkFacts(
        formulations=[LIGHTEVAL],
        source=f"{', '.join(dict.fromkeys(names.values()))} of lighteval: {' '.join(repositories)}",
        hub=repositories[0] if known else None,
        revision=(chosen.revision or tasks[0].revision or "main") if known else None,
        languages=names,
        weighting="parts" if any(task.parts for task in tasks) else "equal",
    )
