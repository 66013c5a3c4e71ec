"""Whether a study's benchmark can be run as configured: all names must be known and compatible."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from polyglot.core.lookup import unknown
from polyglot.evaluation.formulations import FORMULATIONS, kinds_for
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
