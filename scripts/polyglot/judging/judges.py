"""Judges of open answers: a chat model with a rubric, or a reward model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pandas as pd

from polyglot.core.conversations import told
from polyglot.core.prompts import Message, PromptTemplates
from polyglot.core.sidefile import SideFile
from polyglot.engines.base import Engine
from polyglot.intrinsic.reward import HIGH, LOW, TOO_LONG, ratings
from polyglot.judging.pairs import duels_by_judge, duels_by_reward

if TYPE_CHECKING:
    from polyglot.intrinsic.reward import RewardModel

RATE = "rate"
"""Template of a rating: variables language, prompt, response, reference and rubric (the last two may be empty)."""


@dataclass(frozen=True)
class Exchange:
    """A turn of a dialogue as a judge sees it.

    Attributes:
        questions: what the user said up to this turn.
        answers: the model's answers.
        references: reference answers, or none.
        rubric: what to rate by; "" takes the template's.
    """

    questions: tuple[str, ...]
    answers: tuple[str, ...]
    references: tuple[str, ...] = ()
    rubric: str = ""

    def before(self, answers: Sequence[str]) -> list[Message]:
        """The turns before the last question of a dialogue with these answers."""
        pairs = zip(self.questions[:-1], answers, strict=False)
        turns = [turn for pair in pairs for turn in zip(("user", "assistant"), pair, strict=True)]
        return [{"role": who, "content": said} for who, said in turns]

    def prompt(self, answers: Sequence[str]) -> str:
        """All before the last answer of a dialogue with these answers, as one text."""
        return told([*self.before(answers), {"role": "user", "content": self.questions[-1]}])


class Judge(Protocol):
    """Both ways to judge; each gives a row for each exchange, in their order."""

    def rate(self, exchanges: Sequence[Exchange]) -> pd.DataFrame:
        """Columns value (0 to 1: the rating 1 to 5; NaN with a problem), problem, text (the judge's answer, if it writes)."""

    def compare(self, exchanges: Sequence[Exchange]) -> pd.DataFrame:
        """Columns value (1 the model's answer is better, 0.5 tie, 0 the reference is better; NaN with a problem), problem,
        forward, backward (what the judge says with the model's answer first, and second, if it writes)."""


def share_of_scale(rewards: pd.Series) -> pd.Series:
    """Ratings of 1 to 5 as 0 to 1."""
    return (rewards - LOW) / (HIGH - LOW)


class ChatJudge:
    """A chat model: it is asked once for a rating, and in both orders for a comparison.

    Args:
        side: keeps every answer of the judge until the job is done.
    """

    def __init__(self, engine: Engine, templates: PromptTemplates, language: str, side: SideFile, *, batch_size: int) -> None:
        self.engine, self.templates, self.language, self.side, self.batch_size = engine, templates, language, side, batch_size

    def rate(self, exchanges: Sequence[Exchange]) -> pd.DataFrame:
        asked = [
            self.templates.render(
                RATE,
                language=self.language,
                prompt=one.prompt(one.answers),
                response=one.answers[-1],
                reference=one.references[-1] if one.references else "",
                rubric=one.rubric,
            )
            for one in exchanges
        ]
        found = ratings(self.engine, asked, self.side, batch_size=self.batch_size)
        return found.assign(value=share_of_scale(found["reward"])).drop(columns="reward")

    def compare(self, exchanges: Sequence[Exchange]) -> pd.DataFrame:
        prompts = [_numbered(one.questions, "Compare the answers to the last turn.") for one in exchanges]
        ours, theirs = ([_numbered(getattr(one, name)) for one in exchanges] for name in ("answers", "references"))
        found = duels_by_judge(
            self.engine, self.templates, self.language, prompts, ours, theirs, self.side, batch_size=self.batch_size
        )
        return found.assign(value=_points(found["outcome"])).drop(columns="outcome")


class RewardJudge:
    """A reward model: it scores one answer at a time, so that order does not matter, after the turns of its dialogue in the
    model's chat template.

    Args:
        load: makes the model when it is first needed.
    """

    def __init__(self, load: Callable[[], RewardModel]) -> None:
        self.load = load

    @cached_property
    def model(self) -> RewardModel:
        return self.load()

    def rate(self, exchanges: Sequence[Exchange]) -> pd.DataFrame:
        rated = self.model.rate(
            [one.questions[-1] for one in exchanges],
            [one.answers[-1] for one in exchanges],
            before=[one.before(one.answers) for one in exchanges],
        )
        return _told(share_of_scale(rated["reward"])).assign(text=None)

    def compare(self, exchanges: Sequence[Exchange]) -> pd.DataFrame:
        ours, theirs = (
            self.model.score(
                [one.questions[-1] for one in exchanges],
                [getattr(one, name)[-1] for one in exchanges],
                before=[one.before(getattr(one, name)) for one in exchanges],
            )
            for name in ("answers", "references")
        )
        same = [one.answers == one.references for one in exchanges]
        outcome = np.where(np.isfinite(ours + theirs), duels_by_reward(list(ours), list(theirs), same), np.nan)
        return _told(_points(pd.Series(outcome, dtype=float))).assign(forward=None, backward=None)


def _points(outcomes: pd.Series) -> pd.Series:
    """1, 0 and -1 as 1, a half and 0."""
    return (outcomes.astype(float) + 1) / 2


def _told(values: pd.Series) -> pd.DataFrame:
    return pd.DataFrame({"value": values, "problem": [TOO_LONG if np.isnan(value) else None for value in values]})


def _numbered(texts: Sequence[str], note: str = "") -> str:
    """The texts of several turns under their numbers; of one turn the text alone."""
    if len(texts) == 1:
        return texts[0]
    return "\n\n".join([*(f"[Turn {number}] {text}" for number, text in enumerate(texts, 1)), *([note] if note else [])])
