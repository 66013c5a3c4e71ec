"""Private parts of other packages: checked before use; if one is missing, there is a warning instead of a crash.

A package guarantees only its documented interface. All uses of its private parts are in one module per package, with the versions
that were tested.
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
    """A package whose private parts are used; tested from version `first` up to, but not including, `before`."""

    package: str
    first: str
    before: str

    @property
    def tested(self) -> str:
        return f"{self.package} >={self.first},<{self.before}"

    def check_version(self) -> bool:
        """Whether the installed version was tested; warns if not."""
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
        """Whether an object has all these attributes; if not, a warning names the missing ones.

        Args:
            paths: attribute names; dots for nested attributes.
            lost: what does not work without them: a sentence without its full stop.
        """
        lacking = [path for path in paths if inner(thing, path) is MISSING]
        if lacking:
            names = ", ".join(f"{getattr(thing, '__name__', type(thing).__name__)}.{path}" for path in lacking)
            warn(f"{self.package} has no {names} any more: {lost}. Tested with {self.tested}; to have it back, {REMEDY}.")
        return not lacking


def inner(thing: Any, path: str) -> Any:
    """An attribute, possibly nested (`a.b`); `MISSING` if it does not exist."""
    for name in path.split("."):
        thing = getattr(thing, name, MISSING)
        if thing is MISSING:
            return MISSING
    return thing


@cache
def warn(text: str) -> None:
    """A warning on standard error, beside Snakemake's messages; each is given once per process."""
    print(f"Warning: {text}", file=sys.stderr)


def _numbers(text: str) -> tuple[int, ...]:
    """A version as a tuple of numbers for comparison: 9.27.1 becomes (9, 27, 1)."""
    return tuple(int(number) for number in re.findall(r"\d+", text))
