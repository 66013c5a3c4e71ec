"""The base of every registry: a YAML file of named entries, and perhaps one of the study's own, checked when they are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

import yaml
from pydantic import ValidationError

from polyglot.core.errors import IN_QUOTES, WrongInput, problems_of
from polyglot.core.given_path import seen_from
from polyglot.core.key_finder import masked
from polyglot.core.section import Strict
from polyglot.core.yaml_file import read_yaml

OVERRIDE = "override"
"""Key of an entry of one's own that replaces one of config/."""


class RegistryError(WrongInput):
    """A registry file that cannot be used; the message names file, entry and key."""


class Entry(Strict):
    """An entry of a registry, or a part of one."""


T = TypeVar("T", bound=Entry)


class Registry(Mapping[str, T], Generic[T]):
    """Entries by name, and the file that each comes from.

    Args:
        source: the file of config/.
        kind: what an entry may say.
        own: the study's own file, if it has one; its entries are added. Relative paths in it are seen from its folder.

    Raises:
        RegistryError: names file, entry and key; for an entry that is in both files, unless it says `override: true`, both files.
    """

    def __init__(self, source: Path, kind: type[T], own: Path | None = None) -> None:
        self.source = source
        self._kind = kind
        self._files: dict[str, Path] = {}
        self._entries: dict[str, T] = {}
        for name, entry in _read(source).items():
            self._add(name, entry, source)
        if own is not None and own.is_dir():
            raise RegistryError(f"{own}: a folder, where a file of entries belongs; rename it")
        if own is not None and own.is_file():
            for name, entry in _read(own).items():
                self._add(name, self._added(name, entry, own), own)

    def _added(self, name: str, entry: Any, own: Path) -> Any:
        """An entry of one's own without what it says of another that has its name."""
        if not isinstance(entry, dict):
            return entry
        override = entry.get(OVERRIDE, False)
        if not isinstance(override, bool):
            raise RegistryError(f"{own}: entry '{name}', key '{OVERRIDE}': true or false (value: {override!r})")
        if name in self._entries and not override:
            raise RegistryError(
                f"{own}: entry '{name}' is in {self.source} too; give yours another name, or say `{OVERRIDE}: true` to replace it"
            )
        if override and name not in self._entries:
            raise RegistryError(f"{own}: entry '{name}' says `{OVERRIDE}: true`, and {self.source} has none of this name")
        return {key: value for key, value in entry.items() if key != OVERRIDE}

    def _add(self, name: str, entry: Any, file: Path) -> None:
        folder = file.parent if file != self.source else None
        try:
            self._entries[name] = self._kind.model_validate(entry, context=seen_from(folder))
        except ValidationError as error:
            found = "; ".join(f"key '{key}': {said}" for key, said in problems_of(error, self._kind))
            raise RegistryError(masked(f"{file}: entry '{name}', {found}")) from None
        self._files[name] = file

    def file_of(self, name: str) -> Path:
        """The file that an entry comes from; for a name without an entry, config/'s."""
        return self._files.get(name, self.source)

    def own(self, name: str) -> bool:
        """Whether an entry is the study's own."""
        return self.file_of(name) != self.source

    @property
    def sources(self) -> str:
        """The files, for messages."""
        return " and ".join(dict.fromkeys(map(str, [self.source, *self._files.values()])))

    def fill(self, entries: Mapping[str, T]) -> None:
        """Add entries that no file has; those there are stay."""
        for name, entry in entries.items():
            self._entries.setdefault(name, entry)

    def __getitem__(self, name: str) -> T:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


def _read(file: Path) -> dict[str, Any]:
    try:
        raw = read_yaml(file)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RegistryError(f"{file}: cannot be read: {error}") from error
    if raw is None:  # comments alone
        return {}
    if not isinstance(raw, dict):
        raise RegistryError(f"{file}: a registry is a mapping of names to entries")
    if any(isinstance(name, bool) for name in raw):
        raise RegistryError(f"{file}: the name of an entry is no text: {IN_QUOTES}")
    strange = next((str(name) for name in raw if not str(name).strip() or not str(name).isprintable()), None)
    if strange is not None:
        raise RegistryError(f"{file}: entry {strange!r}: a name is one line of visible characters")
    return {str(name): entry for name, entry in raw.items()}
