"""Strategies: ways to choose a teacher for every prompt, by name. A project adds its own with `STRATEGIES.add`.

The Snakefile loads this module, so pandas and numpy are imported inside functions.
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
"""Inputs that a choice may need: a router trained for the student base, its calibration, or every teacher's answer to every
prompt. Requests and the order of strength are always available."""


@dataclass(frozen=True)
class Known:
    """The inputs for choosing one of m teachers for each of n prompts.

    Inputs that a strategy `needs` are present; others may be None.

    Args:
        prompts: request_id, lang, method, prompt (everything in the teacher's request); one row per prompt.
        teachers: those to choose from.
        strength: teachers by strength, strongest first; for a strategy with `family`, only those of the base's family.
        seed: seed of random choices.
        router: the base's router's scores of every teacher for each prompt, shape (n, m).
        calibration: of the base, see `polyglot.routing.calibration.calibrate`.
        reward: of every teacher's answer to each prompt, shape (n, m); NaN if unknown.
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
        name: the name of its routed teacher; `-for-BASE` is appended for a base other than the study's.
        explained: a phrase for who answers each prompt, shown in tables and on cards.
        scores: scores of every teacher for each prompt, shape (n, m); the highest is chosen. None: the choice is random. needs:
        required inputs.
        asks: whether each teacher answers only its assigned prompts; otherwise the single teachers' answers are reused. for_base:
        whether the choice depends on the student base.
        family: whether only teachers of the base's family are candidates.
        candidates: maps the teachers, strongest first, to those that can be chosen.

    Raises:
        ValueError: if an input that it needs depends on a base, and it is not `for_base`.
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
        """Whether it uses the answers to calibration prompts."""
        return bool({"router", "calibration"} & set(self.needs))

    def choose(self, known: Known) -> list[str]:
        """The teacher of every prompt; the first of those with equal scores.

        Raises:
            ValueError: if a needed input is missing, or a prompt has no score for any teacher.
        """
        from polyglot.routing.assignment import at_random, highest

        if self.scores is None:
            return at_random(list(known.prompts["request_id"]), known.teachers, known.seed)
        return highest(self.scores(known), known.teachers)


def there(value: T | None, what: str) -> T:
    """A required input of a strategy.

    Raises:
        ValueError: if it is missing.
    """
    if value is None:
        raise ValueError(f"{what} is missing; name it in the `needs` of the strategy")
    return value


def by_router(known: Known) -> Array:
    """The router's predictions."""
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
    "the teacher that the router, trained on calibration prompts, predicts to have the highest reward",
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
    "strategy", {strategy.name: strategy for strategy in (PERSYN, STRONG, MIX, FAMILY_STRONG, CAR, ORACLE)}, kind=Strategy
)
"""Every strategy, in the order used in tables."""
