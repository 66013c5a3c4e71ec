"""Strategies: ways to choose a teacher for every prompt, by name. A project adds its own with `STRATEGIES.add`.

It is read with every Snakefile: pandas and numpy are imported where a choice is made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

from polyglot.core.lookup import Lookup

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Array = npt.NDArray[np.float64]

T = TypeVar("T")
Need = Literal["router", "calibration", "answers"]
"""What must be made before a choice: a router trained for the student base, its calibration, or every teacher's answer to every
prompt. Requests and the order of strength are always there."""


@dataclass(frozen=True)
class Known:
    """What is known when a teacher is chosen for each of n prompts from m teachers.

    A strategy may rely on what it `needs`; the rest may be None.

    Args:
        prompts: request_id, lang, method, prompt (everything that a teacher is told); a row a prompt.
        teachers: those to choose from.
        strength: teachers from the strongest down; only those of the base's family where the strategy is by `family`.
        seed: of random choices.
        router: scores that the base's router gives every teacher for each prompt, shape (n, m).
        calibration: of the base, see `polyglot.routing.calibration.calibrate`.
        reward: of every teacher's answer to each prompt, shape (n, m); NaN where it is not known.
        usable: whether that answer can be used for training, shape (n, m).
    """

    prompts: pd.DataFrame
    teachers: Sequence[str]
    strength: Sequence[str]
    seed: int = 0
    router: Array | None = None
    calibration: pd.DataFrame | None = None
    reward: Array | None = None
    usable: npt.NDArray[np.bool_] | None = None


def every(strength: Sequence[str]) -> Sequence[str]:
    """All teachers are candidates."""
    return strength


def strongest(strength: Sequence[str]) -> Sequence[str]:
    """The strongest teacher is the only candidate."""
    return strength[:1]


@dataclass(frozen=True)
class Strategy:
    """A way to choose a teacher for every prompt.

    Args:
        name: what a routed teacher is called by; with `-for-BASE` for another base than the study's.
        explained: who answers each prompt, in a phrase; shown in tables and on cards.
        scores: scores of every teacher for each prompt, shape (n, m); the highest is chosen. None: the choice is random.
        needs: what must be made before.
        asks: whether each teacher answers its own prompts only; otherwise the answers are those of single teachers.
        for_base: whether the choice depends on the student base.
        family: whether only teachers of the base's family are candidates.
        candidates: of the teachers, from the strongest down, those that can be chosen.

    Raises:
        ValueError: if what it needs is made for a base, and it is not `for_base`.
    """

    name: str
    explained: str
    scores: Callable[[Known], Array] | None = None
    needs: tuple[Need, ...] = ()
    asks: bool = False
    for_base: bool = False
    family: bool = False
    candidates: Callable[[Sequence[str]], Sequence[str]] = every

    def __post_init__(self) -> None:
        if (self.needs or self.family) and not self.for_base:
            raise ValueError(f"strategy '{self.name}': {', '.join(self.needs) or 'family'} depends on a base: set for_base")

    @property
    def calibrated(self) -> bool:
        """Whether it learns from the answers to calibration prompts."""
        return bool({"router", "calibration"} & set(self.needs))

    def choose(self, known: Known) -> list[str]:
        """The teacher of every prompt; the first of those with equal scores.

        Raises:
            ValueError: if something that it needs is not known, or a prompt has no score of any teacher.
        """
        from polyglot.routing.assignment import at_random, highest

        if self.scores is None:
            return at_random(list(known.prompts["request_id"]), known.teachers, known.seed)
        return highest(self.scores(known), known.teachers)


def there(value: T | None, what: str) -> T:
    """What a strategy needs.

    Raises:
        ValueError: if it is not known.
    """
    if value is None:
        raise ValueError(f"{what} is not known; name it in the `needs` of the strategy")
    return value


def by_router(known: Known) -> Array:
    """What the router expects."""
    return there(known.router, "router")


def by_strength(known: Known) -> Array:
    """The same scores for every prompt, by strength."""
    from polyglot.routing.assignment import constant_scores, for_every_prompt

    return for_every_prompt(constant_scores(known.strength, known.teachers), len(known.prompts))


def by_calibration(known: Known) -> Array:
    """The same scores for every prompt: mean rewards of the calibration prompts."""
    from polyglot.routing.assignment import car_scores, for_every_prompt

    return for_every_prompt(car_scores(there(known.calibration, "calibration"), known.teachers), len(known.prompts))


def by_reward(known: Known) -> Array:
    """The true rewards."""
    from polyglot.routing.assignment import oracle_scores

    return oracle_scores(there(known.reward, "reward"), there(known.usable, "usable"))


PERSYN = Strategy(
    "persyn",
    "the teacher that the router, trained on calibration prompts, expects the highest reward from",
    by_router,
    needs=("router",),
    asks=True,
    for_base=True,
)
STRONG = Strategy("strong", "the strongest teacher for every prompt", by_strength, candidates=strongest)
MIX = Strategy("mix", "a random teacher for each prompt", asks=True)
FAMILY_STRONG = Strategy(
    "family-strong",
    "the strongest teacher of the student base's family for every prompt",
    by_strength,
    for_base=True,
    family=True,
    candidates=strongest,
)
CAR = Strategy(
    "car",
    "the teacher with the highest mean reward on the calibration prompts for every prompt",
    by_calibration,
    needs=("calibration",),
    asks=True,
    for_base=True,
)
ORACLE = Strategy(
    "oracle",
    "the teacher whose answer has the highest reward, known because all of them answer every prompt",
    by_reward,
    needs=("answers",),
    for_base=True,
)
STRATEGIES: Lookup[Strategy] = Lookup(
    "strategy", {strategy.name: strategy for strategy in (PERSYN, STRONG, MIX, FAMILY_STRONG, CAR, ORACLE)}
)
"""Every strategy, in the order in which tables explain them."""
