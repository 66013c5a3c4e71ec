"""Routed teachers: ways to choose a teacher for every prompt. Their data come from many; their files look like anyone's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from polyglot.routing.strategies import STRATEGIES, Need, Strategy

FOR = "-for-"
"""Between a strategy and the base that it chooses for."""


@dataclass(frozen=True)
class Routed:
    """A routed teacher. `strategy` is the name of its strategy; `base` is the student base that it chooses for, None where the
    strategy does not depend on one."""

    name: str
    strategy: str
    base: str | None

    @property
    def way(self) -> Strategy:
        """Its strategy."""
        return STRATEGIES[self.strategy]

    @property
    def asks(self) -> bool:
        """Whether answers are generated for it, each teacher answering its own prompts only."""
        return self.way.asks

    def needs(self, need: Need) -> bool:
        """Whether its choice is made from this."""
        return need in self.way.needs


def parse_routed(name: str, base: str) -> Routed | None:
    """What a teacher's name says: `persyn`, `mix` ... for the study's base; `persyn-for-BASE` for another one. None for any other
    name."""
    if name in STRATEGIES:
        return Routed(name, name, base if STRATEGIES[name].for_base else None)
    for strategy in sorted(STRATEGIES, key=len, reverse=True):
        chosen = name.removeprefix(strategy + FOR)
        if chosen not in ("", name):
            return Routed(name, strategy, chosen) if STRATEGIES[strategy].for_base else None
    return None


def by_strength(teachers: Sequence[str], sizes: Mapping[str, float | None], strength: Sequence[str] | None) -> list[str]:
    """Teachers from the strongest down: those that `strength` names in its order, then the others by size (unknown sizes last,
    equal ones in the order given)."""
    named = [name for name in strength or [] if name in teachers]
    return named + sorted((name for name in teachers if name not in named), key=lambda name: -(sizes[name] or 0.0))
