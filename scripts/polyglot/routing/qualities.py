"""The quality part of a reward, by name: what makes one teacher's answer to a prompt better than another's.

A project adds its own with `QUALITIES.add`. The Snakefile loads this module, so pandas and the answer checker are imported inside
functions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from polyglot.core.lookup import Lookup
from polyglot.synthesis.methods.base import METHODS

Grade = tuple[float, str]
"""An answer's quality, NaN if unknown, and a word for how it came about."""


@dataclass(frozen=True)
class Quality:
    """A quality of answers.

    Args:
        name: its name in `routing.quality`.
        explained: a phrase for what it is.
        grade: maps answers and the seed dataset's responses to the same prompts to grades. None: the rating that the study's
            judge gives every answer.
    """

    name: str
    explained: str
    grade: Callable[[Sequence[str], Sequence[str]], list[Grade]] | None = None

    def unfit(self, methods: Sequence[str]) -> list[str]:
        """Those of a study's methods whose answers have no response in the seed dataset to be compared with."""
        if self.grade is None:
            return []
        return [
            name for name in methods if (method := METHODS[name]).writes != "response" or method.seeds != "target" or method.shots
        ]


def by_correctness(answers: Sequence[str], references: Sequence[str]) -> list[Grade]:
    """1 for a right answer and 0 for any other, as math-verify compares expressions (see `polyglot.evaluation.math_answers`)."""
    from polyglot.core.progress import progress
    from polyglot.evaluation.math_answers import MathChecker

    found: list[Grade] = []
    with MathChecker() as checker, progress(total=len(answers), title="correctness", unit="answer") as bar:
        for answer, reference in zip(answers, references, strict=True):
            checked = checker.check(answer, reference)
            found.append((checked.correct, checked.status))
            bar.advance(1)
    return found


REWARD = Quality("reward", "the rating of the study's judge (`intrinsic.reward`)")
CORRECTNESS = Quality(
    "correctness",
    "1 if the answer's final expression equals that of the seed dataset's response, else 0: for mathematics",
    by_correctness,
)
QUALITIES: Lookup[Quality] = Lookup("quality", {quality.name: quality for quality in (REWARD, CORRECTNESS)}, kind=Quality)
"""Every quality by name."""
