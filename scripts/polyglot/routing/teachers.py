"""Routed teachers choose a teacher for every prompt. Their data come from several teachers; their files look like any
teacher's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from polyglot.routing.strategies import STRATEGIES, Need, Strategy

FOR = "-for-"
"""Separator between a strategy and its base in a name."""


@dataclass(frozen=True)
class Routed:
    """A routed teacher. `strategy` is the name of its strategy; `base` is the student base that it chooses for, None if the
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
        """Whether answers are generated for it, with each teacher answering only its assigned prompts."""
        return self.way.asks

    def needs(self, need: Need) -> bool:
        """Whether its choice needs this input."""
        return need in self.way.needs


def parse_routed(name: str, base: str) -> Routed | None:
    """Parse a routed teacher's name: `persyn`, `mix` ... for the study's base; `persyn-for-BASE` for another. None for other
    names."""
    if name in STRATEGIES:
        return Routed(name, name, base if STRATEGIES[name].for_base else None)
    for strategy in sorted(STRATEGIES, key=len, reverse=True):
        chosen = name.removeprefix(strategy + FOR)
        if chosen not in ("", name):
            return Routed(name, strategy, chosen) if STRATEGIES[strategy].for_base else None
    return None


def by_strength(teachers: Sequence[str], sizes: Mapping[str, float | None], strength: Sequence[str] | None) -> list[str]:
    """Teachers by strength, strongest first: those in `strength`, in its order, then the others by size (unknown sizes last,
    equal sizes in the given order)."""
    named = [name for name in strength or [] if name in teachers]
    return named + sorted((name for name in teachers if name not in named), key=lambda name: -(sizes[name] or 0.0))
