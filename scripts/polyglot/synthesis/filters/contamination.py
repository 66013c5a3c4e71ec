"""Contamination: examples that hold a question of a benchmark of the study, word for word or in long parts.

A question leaks into an example if at least a share of its words stands in n-grams that both have (n = 13 words, as in Brown et
al., 2020, or 8 characters where a script has no spaces). A question that is shorter than n has to stand there whole; a very short
one (fewer than 8 words) has to be the whole prompt, because such words stand in many texts by chance.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from pydantic import Field

from polyglot.core.text import normalise, units
from polyglot.synthesis.filters.base import Examples, Filter, Settings, Verdict
from polyglot.synthesis.filters.grams import grams, is_unspaced

SHORT = 8
"""Units of a question below which it is only looked for as a whole prompt (the least n of Brown et al., 2020)."""
QUOTED = 60
"""Characters of a question that a problem quotes."""


class ContaminationSettings(Settings):
    """Questions of the study's benchmarks in the data."""

    parts: bool = Field(
        default=True, description="Look for long parts of questions too; false finds only prompts that are a whole question."
    )
    words: int = Field(default=13, ge=5, description="Words of an n-gram.")
    characters: int = Field(default=8, ge=5, description="Characters of an n-gram in scripts without spaces.")
    share: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="Share of a question's words in common n-grams from which an example counts as contaminated.",
    )


class Questions:
    """Questions of benchmarks, to be looked up in texts.

    Args:
        questions: benchmark to its questions.
    """

    def __init__(self, questions: Mapping[str, Iterable[str]], settings: ContaminationSettings) -> None:
        self.whole: dict[str, tuple[str, str]] = {}
        self.known: list[tuple[str, str, int]] = []  # benchmark, question, its length in units
        self.places: dict[int, dict[str, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
        for benchmark, texts in questions.items():
            for text in dict.fromkeys(texts):
                self.whole.setdefault(normalise(text), (benchmark, text))
                parts = units(text)
                if len(parts) < SHORT or not settings.parts:
                    continue
                longest = settings.characters if is_unspaced(parts) else settings.words
                size = min(len(parts), longest)
                for place, gram in enumerate(grams(parts, size)):
                    self.places[size][gram].append((len(self.known), place))
                self.known.append((benchmark, text, len(parts)))

    def of(self, prompt: str, response: str) -> tuple[float, tuple[str, str] | None]:
        """The largest share of a question that an example holds, and that question with its benchmark."""
        equal = self.whole.get(normalise(prompt))
        if equal is not None:
            return 1.0, equal
        covered: dict[int, set[int]] = defaultdict(set)
        for parts in (units(prompt), units(response)):
            for size, places in self.places.items():
                if len(parts) < size:
                    continue
                for gram in grams(parts, size):
                    for item, place in places.get(gram, ()):
                        covered[item].update(range(place, place + size))
        if not covered:
            return 0.0, None
        share, item = max((len(words) / self.known[item][2], -item) for item, words in covered.items())
        return share, self.known[-item][:2]


def quoted(question: str) -> str:
    """A question as a problem quotes it."""
    return question if len(question) <= QUOTED else f"{question[:QUOTED]}..."


def _find(examples: Examples, settings: ContaminationSettings) -> Sequence[Verdict]:
    """The largest share of a question that stands in an example."""
    known = Questions(examples.questions, settings)
    verdicts = []
    for (*before, prompt), response in zip(examples.turns, examples.rows["response"], strict=True):
        shares = [known.of(prompt, response), *(known.of(text, "") for text in before)]
        share, found = max(shares, key=lambda one: one[0])
        problem = None
        if found is not None and share >= settings.share:
            problem = f"it holds {share:.0%} of a question of {found[0]}: {quoted(found[1])}"
        verdicts.append(Verdict(share, problem))
    return verdicts


CONTAMINATION = Filter(
    "contamination",
    "questions of the study's benchmarks, whole or in long parts",
    "benchmark_item",
    _find,
    ContaminationSettings,
    default=True,
)
