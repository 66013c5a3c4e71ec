"""Whether a study's benchmark can be run as configured: all names must be known and compatible."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from polyglot.core.lookup import unknown
from polyglot.evaluation.formulations import FORMULATIONS, kinds_for
from polyglot.evaluation.lighteval_facts import LIGHTEVAL
from polyglot.evaluation.lighteval_list import listed_task
from polyglot.evaluation.readers import READERS
from polyglot.evaluation.settings import Benchmark
from polyglot.evaluation.weights import WEIGHTINGS
from polyglot.registry.data import BenchmarkFacts


def problems(name: str, benchmark: Benchmark, facts: BenchmarkFacts, registry: Path) -> Iterable[str]:
    """The problems that prevent a benchmark from running, one sentence each: key, value and what is allowed.

    Args:
        facts: the registry's entry.
        registry: the registry's file, for messages.
    """
    key, entry = f"evaluation.benchmarks.{name}", f"{registry}: entry '{name}'"
    if benchmark.task:
        yield from _of_lighteval(name, benchmark, facts, key)
        return
    if benchmark.formulation not in FORMULATIONS:
        yield f"{key}.formulation: {unknown('formulation', benchmark.formulation, FORMULATIONS)}"
    elif benchmark.formulation not in facts.formulations:
        yield f"{key}.formulation: '{benchmark.formulation}' is none of: {', '.join(facts.formulations)}"
    strange = [formulation for formulation in facts.formulations if formulation not in FORMULATIONS]
    for formulation in strange:
        yield f"{entry}, formulations: {unknown('formulation', formulation, FORMULATIONS)}"
    if facts.weighting not in WEIGHTINGS:
        yield f"{entry}, weighting: {unknown('weighting', facts.weighting, WEIGHTINGS)}"
    if facts.items is not None and facts.items not in READERS:
        yield f"{entry}, items: {unknown('reader of items', facts.items, READERS)}"
    elif not strange:
        yield from _fit(facts, entry)


def _of_lighteval(name: str, benchmark: Benchmark, facts: BenchmarkFacts, key: str) -> Iterable[str]:
    """The problems of a task of lighteval."""
    if facts.formulations != [LIGHTEVAL]:
        yield f"{key}: the registry has a benchmark of this name; name this one otherwise, and the task in `name`"
        return
    for lang in benchmark.languages or ():
        task = listed_task(benchmark.lighteval_name(name, lang))
        if benchmark.metric and task.metrics and benchmark.metric not in task.metrics:
            yield f"{key}.metric: {unknown('metric', benchmark.metric, task.metrics, f'{task.name} has')}"
        if not task.metrics and task.parts:
            one = f"{task.name}:{task.parts[0]}"
            yield f"{key}: the parts of '{task.name}' have no metric in common; take one in `name`, such as {one}"
        elif not task.metrics and ":" not in task.name:
            yield f"{key}: '{task.name}' has no metric between 0 and 1 that needs neither a judge nor several answers"
        if benchmark.folder is None and (" " in task.repository or not task.repository):
            yield f"{key}: the data of '{task.name}' are in several repositories; take one part in `name`, or name a `folder`"


def _fit(facts: BenchmarkFacts, entry: str) -> Iterable[str]:
    """Whether an entry's formulations, reader and words are compatible; all its names are known."""
    kinds = kinds_for(facts.formulations)
    if not kinds:
        yield f"{entry}, formulations: no kind of item can be asked in all of: {', '.join(facts.formulations)}"
    reader = READERS[facts.items] if facts.items else None
    if reader and reader.makes not in kinds:
        ways = [name for name, formulation in FORMULATIONS.items() if reader.makes in formulation.takes]
        yield f"{entry}, items: '{reader.name}' reads {reader.makes.stated_as}, which can be asked as: {', '.join(ways)}"
    expected = len(reader.words) if reader else 0
    for lang, words in facts.words.items():
        if len(words) != expected:
            english = f" (in English: {', '.join(reader.words)})" if reader and expected else ""
            yield f"{entry}, words.{lang}: {len(words)} words; the reader '{facts.items or 'none'}' takes {expected}{english}"
