"""The base of every registry: a YAML file of named entries, checked when it is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Generic, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from polyglot.core.yaml_file import read_yaml


class RegistryError(ValueError):
    """A registry file that cannot be used; the message names file, entry and key."""


class Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


T = TypeVar("T", bound=Entry)


class Registry(Mapping[str, T], Generic[T]):
    """Entries by name, with the file they come from."""

    def __init__(self, source: Path, kind: type[T]) -> None:
        self.source = source
        try:
            raw = read_yaml(source)
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise RegistryError(f"{source}: cannot be read: {error}") from error
        if not isinstance(raw, dict):
            raise RegistryError(f"{source}: a registry is a mapping of names to entries")
        self._entries: dict[str, T] = {}
        for name, entry in raw.items():
            try:
                self._entries[str(name)] = kind.model_validate(entry)
            except ValidationError as error:
                problem = error.errors()[0]
                key = ".".join(map(str, problem["loc"]))
                shown = f"{problem['msg']} (value: {problem['input']!r})"
                raise RegistryError(f"{source}: entry '{name}', key '{key}': {shown}") from error

    def __getitem__(self, name: str) -> T:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
