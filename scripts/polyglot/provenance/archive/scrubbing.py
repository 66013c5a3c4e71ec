"""Removes secrets and home folders from published files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

SECRET, HOME, HERE = "[secret]", "[home]", "."
SHORTEST_SECRET = 8
NAMES = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL", re.IGNORECASE)
"""Environment variables whose values are secrets."""
TOKENS = re.compile(
    r"\b(?:hf_[A-Za-z0-9]{20,}|sk-[A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|AKIA[0-9A-Z]{16}"
    r"|AIza[\w-]{30,}|xox[abprs]-[\w-]{10,})"
)
"""Patterns of keys from model hubs, endpoints and code hosts."""
LOGINS = re.compile(r"(?<=://)[^\s/:@\"']+:[^\s/@\"']+(?=@)")
HEADERS = re.compile(r"(?i)(\b(?:bearer|basic) )[\w.~+/-]{12,}=*")
PASSWORDS = re.compile(
    r"(?i)(\b(?:password|passwd|secret|token|api[_-]?key)\b[\"']?\s*[:=]\s*[\"']?)(?-i:(?![A-Z][A-Z0-9_]*\b))[^\s\"',}\]]{8,}"
)
"""A value assigned to a name that suggests a secret, unless it is the name of an environment variable."""
HOMES = re.compile(r"(?:/home|/Users)/[^/\s\"':,;<>|]+|(?<![\w/.])/root(?=[/\s\"':,;]|$)")


@dataclass(frozen=True)
class Scrubber:
    """Removes the secrets, working folder and home folder of this process from texts.

    `secrets`: name of an environment variable to its value.
    """

    secrets: Mapping[str, str]
    home: str
    folder: str

    @classmethod
    def here(cls, folder: Path, keys: Iterable[str] = ()) -> Scrubber:
        """Of this process.

        Args:
            folder: the working folder, whose path becomes relative.
            keys: further environment variables that hold secrets.
        """
        named = set(keys)
        secrets = {
            name: value
            for name, value in os.environ.items()
            if (name in named or NAMES.search(name)) and len(value) >= SHORTEST_SECRET and not value.startswith(("/", "~"))
        }
        return cls(secrets, str(Path.home()), str(folder.resolve()))

    def data(self, text: str) -> str:
        """Scrub human-written or measured text: only this process's known secrets are removed."""
        for value in sorted(self.secrets.values(), key=len, reverse=True):
            text = text.replace(value, SECRET)
        text = re.sub(rf"{re.escape(self.folder)}(?![\w.-])", HERE, text)
        return re.sub(rf"{re.escape(self.home)}(?![\w.-])", HOME, text) if len(self.home) > 1 else text

    def code(self, text: str) -> str:
        """Scrub code or configuration: also remove text that looks like a key or a login."""
        return LOGINS.sub(SECRET, TOKENS.sub(SECRET, self.data(text)))

    def record(self, text: str) -> str:
        """Scrub text about the run (logs, code changes): also remove any user's passwords and home folders."""
        text = self.code(text)
        text = PASSWORDS.sub(rf"\1{SECRET}", HEADERS.sub(rf"\1{SECRET}", text))
        return HOMES.sub(HOME, text)

    def held(self, content: bytes) -> str | None:
        """The name of the first environment variable whose value is in these bytes."""
        return next((name for name, value in self.secrets.items() if value.encode() in content), None)
