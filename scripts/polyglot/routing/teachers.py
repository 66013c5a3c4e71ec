"""Routed teachers: ways to choose a teacher for every prompt. Their data come from many; their files look like anyone's."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

Strategy = Literal["persyn", "strong", "mix", "family-strong", "car", "oracle"]
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)
FOR_A_BASE = ("persyn", "family-strong", "car", "oracle")
"""Strategies that choose for a student base."""
ASKING = ("persyn", "mix", "car")
"""Strategies whose teachers answer their own prompts; the others take answers that single teachers have given anyway."""
EXPLAINED: Mapping[Strategy, str] = {
    "persyn": "the teacher that the router, trained on calibration prompts, expects the highest reward from",
    "strong": "the strongest teacher for every prompt",
    "mix": "a random teacher for each prompt",
    "family-strong": "the strongest teacher of the student base's family for every prompt",
    "car": "the teacher with the highest mean reward on the calibration prompts for every prompt",
    "oracle": "the teacher whose answer has the highest reward, known because all of them answer every prompt",
}
NAME = re.compile(rf"^(?P<strategy>{'|'.join(STRATEGIES)})(-for-(?P<base>.+))?$")


@dataclass(frozen=True)
class Routed:
    """A routed teacher. `base` is the student base that it chooses for; None where the strategy does not depend on one."""

    name: str
    strategy: Strategy
    base: str | None

    @property
    def asks(self) -> bool:
        """Whether answers are generated for it, each teacher answering its own prompts only."""
        return self.strategy in ASKING


def parse_routed(name: str, base: str) -> Routed | None:
    """What a teacher's name says: `persyn`, `mix` ... for the study's base; `persyn-for-BASE` for another one. None for any other
    name."""
    found = NAME.match(name)
    if found is None or (found["base"] and found["strategy"] not in FOR_A_BASE):
        return None
    strategy: Strategy = found["strategy"]  # type: ignore[assignment]
    return Routed(name, strategy, (found["base"] or base) if strategy in FOR_A_BASE else None)


def by_strength(teachers: Sequence[str], sizes: Mapping[str, float | None], strength: Sequence[str] | None) -> list[str]:
    """Teachers from the strongest down: those that `strength` names in its order, then the others by size (unknown sizes last,
    equal ones in the order given)."""
    named = [name for name in strength or [] if name in teachers]
    return named + sorted((name for name in teachers if name not in named), key=lambda name: -(sizes[name] or 0.0))
