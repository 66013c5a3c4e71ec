"""Repetition: responses that loop, and responses that copy their prompt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pydantic import Field

from polyglot.core.text import units
from polyglot.synthesis.filters.base import Examples, Filter, Settings, Verdict
from polyglot.synthesis.filters.grams import grams

LEAST = 20
"""Units of a response below which no loop is looked for: short answers repeat words by their nature."""
COPIED = 8
"""Units of a prompt below which a copy is no matter."""


class RepetitionSettings(Settings):
    """Loops and copied prompts."""

    words: int = Field(default=4, ge=1, description="Words (characters where a script has no spaces) of an n-gram.")
    share: float = Field(
        default=0.3, gt=0, le=1, description="Share of a response's n-grams that repeat an earlier one, above which it loops."
    )
    copied: float = Field(
        default=0.8, gt=0, le=1, description="Share of a response's n-grams that stand in its prompt, above which it is a copy."
    )


def _find(examples: Examples, settings: RepetitionSettings) -> Sequence[Verdict]:
    """The share of a response's n-grams that repeat an earlier one."""
    return [_verdict(units(prompt), units(response), settings) for prompt, response in examples.pairs]


def _verdict(prompt: list[str], response: list[str], settings: RepetitionSettings) -> Verdict:
    counts = Counter(grams(response, settings.words))
    repeated = 1 - len(counts) / counts.total()
    if len(response) >= LEAST and repeated > settings.share:
        return Verdict(repeated, f"{repeated:.0%} of its response's n-grams repeat an earlier one")
    shown = set(grams(prompt, settings.words))
    copied = sum(count for gram, count in counts.items() if gram in shown) / counts.total()
    if min(len(prompt), len(response)) >= COPIED and copied > settings.copied:
        return Verdict(repeated, f"{copied:.0%} of its response stands in the prompt")
    return Verdict(repeated)


REPETITION = Filter("repetition", "responses that loop or copy their prompt", "repetition", _find, RepetitionSettings)
