"""Removes keys and home folders from what is archived."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from polyglot.core.key_finder import SECRET, KeyFinder

HOME, HERE = "[home]", "."
HEADERS = re.compile(r"(?i)(\b(?:bearer|basic) )[\w.~+/-]{12,}=*")
PASSWORDS = re.compile(
    r"(?i)(\b(?:password|passwd|secret|token|api[_-]?key)\b[\"']?\s*[:=]\s*[\"']?)(?-i:(?![A-Z][A-Z0-9_]*\b))[^\s\"',}\]]{8,}"
)
"""A value assigned to a name that suggests a secret, unless it is the name of an environment variable."""
HOMES = re.compile(r"(?:/home|/Users)/[^/\s\"':,;<>|]+|(?<![\w/.])/root(?=[/\s\"':,;]|$)")


@dataclass(frozen=True)
class Scrubber:
    """Removes keys, the working folder and the home folder of this process from texts."""

    keys: KeyFinder
    home: str
    folder: str

    @classmethod
    def here(cls, folder: Path, names: Iterable[str] = ()) -> Scrubber:
        """Of this process.

        Args:
            folder: the working folder, whose path becomes relative.
            names: further environment variables that hold keys.
        """
        return cls(KeyFinder.here(names), str(Path.home()), str(folder.resolve()))

    def data(self, text: str) -> str:
        """Scrub human-written or measured text, settings or code: keys, and this process's folders."""
        text = self.keys.clean(text)
        text = re.sub(rf"{re.escape(self.folder)}(?![\w.-])", HERE, text)
        return re.sub(rf"{re.escape(self.home)}(?![\w.-])", HOME, text) if len(self.home) > 1 else text

    def record(self, text: str) -> str:
        """Scrub text about the run (logs, code changes): also remove any user's passwords and home folders."""
        text = PASSWORDS.sub(rf"\1{SECRET}", HEADERS.sub(rf"\1{SECRET}", self.data(text)))
        return HOMES.sub(HOME, text)
