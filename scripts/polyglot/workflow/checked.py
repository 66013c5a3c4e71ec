"""What `polyglot check` found in a file, and how it is told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SHOWN = 20
"""Most problems that are shown of a file."""


@dataclass(frozen=True)
class Checked:
    """What was found in a file.

    Attributes:
        path: the file or folder.
        kind: what it is taken for.
        facts: what it holds, one sentence each.
        problems: what is wrong, one sentence each; empty if it can be used.
        parts: the files that it names, checked too.
    """

    path: Path
    kind: str
    facts: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    parts: list[Checked] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether nothing is wrong here, nor in what it names."""
        return not self.problems and all(part.good for part in self.parts)

    def lines(self, indent: str = "") -> Iterable[str]:
        """The same for people."""
        yield f"{indent}{self.path}: {self.kind}"
        yield from (f"{indent}  {fact}" for fact in self.facts)
        yield from (f"{indent}  wrong: {problem}" for problem in self.problems[:SHOWN])
        if len(self.problems) > SHOWN:
            yield f"{indent}  and {len(self.problems) - SHOWN:,} more that are wrong"
        for part in self.parts:
            yield from part.lines(f"{indent}  ")


def report(found: Sequence[Checked]) -> str:
    """What was found in several files, for people."""
    return "\n".join(line for one in found for line in one.lines())
