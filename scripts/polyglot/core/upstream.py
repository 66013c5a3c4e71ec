"""Inner parts of other packages: looked for before they are touched; where one is gone, a warning in place of a crash.

A package promises its documented interface, and nothing of what is behind it. What this project touches behind it stands in one
module for each package, beside the versions that it was tested with.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

MISSING = object()
REMEDY = "install the versions of requirements.lock (make setup)"


@dataclass(frozen=True)
class Upstream:
    """A package whose inner parts are touched; tested from version `first` up to, but not including, `before`."""

    package: str
    first: str
    before: str

    @property
    def tested(self) -> str:
        return f"{self.package} >={self.first},<{self.before}"

    def check_version(self) -> bool:
        """Whether the installed version is one that was tested; if not, a warning says so."""
        try:
            installed = version(self.package)
        except PackageNotFoundError:
            warn(f"{self.package} is not installed; tested with {self.tested}: {REMEDY}.")
            return False
        known = _numbers(self.first) <= _numbers(installed) < _numbers(self.before)
        if not known:
            warn(f"{self.package} {installed} is untested here (tested: {self.tested}); if the run misbehaves, {REMEDY}.")
        return known

    def has(self, thing: Any, *paths: str, lost: str) -> bool:
        """Whether a thing has all these attributes; if not, a warning names those it lacks.

        Args:
            paths: names of attributes, with dots for attributes of attributes.
            lost: what does not work without them, as a sentence without its full stop.
        """
        lacking = [path for path in paths if inner(thing, path) is MISSING]
        if lacking:
            names = ", ".join(f"{getattr(thing, '__name__', type(thing).__name__)}.{path}" for path in lacking)
            warn(f"{self.package} has no {names} any more: {lost}. Tested with {self.tested}; to have it back, {REMEDY}.")
        return not lacking


def inner(thing: Any, path: str) -> Any:
    """An attribute, or an attribute of attributes (`a.b`); `MISSING` where it is not there."""
    for name in path.split("."):
        thing = getattr(thing, name, MISSING)
        if thing is MISSING:
            return MISSING
    return thing


@cache
def warn(text: str) -> None:
    """A warning on standard error, where Snakemake's own messages are; the same one is given once a process."""
    print(f"Warning: {text}", file=sys.stderr)


def _numbers(text: str) -> tuple[int, ...]:
    """The numbers of a version, compared one by one: 9.27.1 becomes (9, 27, 1)."""
    return tuple(int(number) for number in re.findall(r"\d+", text))
