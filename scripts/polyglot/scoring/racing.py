"""A race of teachers: who is trained again, who is dropped, when it ends, and what the choice is.

Every teacher is trained once. Then whoever is still likely enough to be the best is trained again on the same data, until one is
left, the expected regret is as small as was asked, or trainings are used up. Every decision, the last one too, is made from the
posterior of all teachers: a verdict by the survivors alone would call too many choices clear.

A race is of teachers on average over languages, or of teachers in each language (`By`), where each drops its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from polyglot.core.arrays import Array
from polyglot.scoring.race_columns import Known
from polyglot.scoring.race_posterior import draws, equal_weights

CLEAR = 0.95
"""P(best) from which a choice is called clear."""
DRAWS = 4000
Teachers = npt.NDArray[np.bool_]
"""Whether something is true of each teacher, (..., teachers)."""
By = Literal["average", "language"]
"""What a race chooses: one teacher for all languages, or one for each."""
End = Literal["", "one left", "regret", "trainings", "budget", "no student"]


@dataclass(frozen=True)
class Terms:
    """When a teacher is dropped and when a race ends. `least`: P(best) below which a teacher is dropped; `regret`: expected
    regret that is small enough (score; 0: none is); `trainings`: most trainings of a teacher; `gpu_hours`, `usd`: most that all
    trainings and their evaluations may take (None: no limit)."""

    least: float = 0.05
    regret: float = 0.0
    trainings: int = 3
    by: By = "average"
    gpu_hours: float | None = None
    usd: float | None = None


@dataclass(frozen=True)
class Price:
    """What one training with its evaluation is expected to take."""

    gpu_hours: float = 0.0
    usd: float = 0.0


@dataclass(frozen=True)
class Standing:
    """What a posterior says of the teachers, by study.

    `best`: P(best), (..., teachers); `gap`: expected score below the best, (..., teachers); `leader`: the teacher with the
    greatest expected score among those still in the race, (...).
    """

    best: Array
    gap: Array
    leader: npt.NDArray[np.intp]

    @property
    def regret(self) -> Array:
        """Expected regret of choosing the leader, (...)."""
        regret: Array = np.take_along_axis(self.gap, self.leader[..., None], -1)[..., 0]
        return regret

    @property
    def clear(self) -> npt.NDArray[np.bool_]:
        """Whether the leader is clearly the best, (...)."""
        clear: npt.NDArray[np.bool_] = np.take_along_axis(self.best, self.leader[..., None], -1)[..., 0] >= CLEAR
        return clear


def standing(
    known: Known, alive: Teachers, rng: np.random.Generator, *, number: int = DRAWS, weights: Array | None = None
) -> Standing:
    """Where the teachers stand.

    Args:
        alive: teachers still in the race, (..., teachers).
        number: draws from the posterior. weights: of languages; None takes their mean.
    """
    drawn = draws(known, equal_weights(known.scores.shape[-1]) if weights is None else weights, number, rng)
    top = drawn.max(axis=-1, keepdims=True)
    first = drawn >= top
    best = (first / first.sum(axis=-1, keepdims=True)).mean(axis=-2)
    gap = (top - drawn).mean(axis=-2)
    return Standing(best, gap, np.where(alive, gap, np.inf).argmin(axis=-1))


def survivors(found: Standing, alive: Teachers, terms: Terms) -> Teachers:
    """Who stays in the race: the leader, and whoever is likely enough to be the best."""
    stay: Teachers = alive & (found.best >= terms.least)
    np.put_along_axis(stay, found.leader[..., None], True, -1)
    return stay


def ended(found: Standing, alive: Teachers, terms: Terms, trainings: int) -> End:
    """Why the race of one study is over after so many trainings; empty if it goes on."""
    if int(alive.sum()) == 1:
        return "one left"
    if terms.regret and float(found.regret) <= terms.regret:
        return "regret"
    return "trainings" if trainings >= terms.trainings else ""
