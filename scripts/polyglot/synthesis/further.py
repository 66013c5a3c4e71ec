"""Further requests: how many more answers a teacher must give before its training sets have the size of the others'."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

CAUTION = 2.0
"""Standard errors of a method's usable share by which more is asked than would do on average: two suffice in 98 of 100 cells."""


class Want(NamedTuple):
    """What a recipe takes from one draw: so many usable answers by these methods together."""

    methods: tuple[str, ...]
    examples: int


class Answered(NamedTuple):
    """How many requests of a method were asked, how many answers are usable, and how many of these repeat another."""

    asked: int
    usable: int
    repeated: int = 0

    @property
    def share(self) -> float:
        """The share of new examples that is expected of further requests (rule of succession)."""
        return (self.usable - self.repeated + 1) / (self.asked + 2)


def further_needed(answered: Mapping[str, Answered], wants: Sequence[Want], *, most: int) -> dict[str, int]:
    """Further requests of each method to one teacher, in one language, for one draw.

    What one method lacks and another has over is not asked for. The rest is asked of the methods with the fewest usable answers,
    so that the parts of a mix become as equal as they can.

    Args:
        answered: by method.
        wants: what recipes take from this draw.
        most: the most further requests of a method.

    Returns:
        Method to a number of requests, 0 to `most`.
    """
    needed = dict.fromkeys(answered, 0)
    for want in wants:
        for method, examples in _lacking(answered, want, most).items():
            needed[method] = max(needed[method], min(most, requests_for(examples, answered[method].share)))
    return needed


def requests_for(examples: int, share: float) -> int:
    """Requests that yield this many usable answers with a probability of 98 %, if each is usable with probability `share`.

    The smallest n with n p - 2 sqrt(n p (1 - p)) >= examples, by the normal approximation.
    """
    spread = CAUTION * math.sqrt(1 - share)
    return math.ceil(((spread + math.sqrt(spread**2 + 4 * examples)) / 2) ** 2 / share) if examples else 0


def _lacking(answered: Mapping[str, Answered], want: Want, most: int) -> dict[str, int]:
    """Usable answers that each method of a recipe is to add: one after the other to the method with the fewest."""
    methods = [method for method in want.methods if method in answered]
    counts = {method: answered[method].usable for method in methods}
    room = {method: math.floor(most * answered[method].share) for method in methods}
    added = dict.fromkeys(methods, 0)
    for _ in range(max(0, want.examples - sum(counts.values()))):
        open_ones = [method for method in methods if added[method] < room[method]]
        if not open_ones:
            break
        fewest = min(open_ones, key=lambda method: counts[method] + added[method])
        added[fewest] += 1
    return added
