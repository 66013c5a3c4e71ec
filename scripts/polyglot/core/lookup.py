"""Extensible lookups by name. Objects are imported on first use; the error of an unknown name lists the known ones."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

from polyglot.core.errors import Foreseen, WrongInput

T = TypeVar("T")
FEW = 16
"""Known names that are listed whole in the message about an unknown one; of more, only the nearest."""


class UnknownName(Foreseen, KeyError, ValueError):
    """An unknown name; the message lists the known names and suggests the nearest."""

    def __str__(self) -> str:
        return str(self.args[0])


class PluginError(WrongInput):
    """A plugin that cannot be used; the message names the module and the remedy."""


def unknown(what: str, name: str, known: Iterable[str], where: str = "there are") -> str:
    """The message about an unknown name: the known names if they are few, else how many there are and the nearest.

    Args:
        what: the kind of object, such as metric.
        where: subject and verb before the list of known names.
    """
    names = list(known)
    near = difflib.get_close_matches(name, names, n=FEW)
    meant = f"; did you mean '{near[0]}'?" if near else ";"
    if len(names) <= FEW:
        return f"unknown {what} '{name}'{meant} {where}: {', '.join(names) or 'none'}"
    others = f"; near it: {', '.join(near[1:])}" if near[1:] else ""
    return f"unknown {what} '{name}'{meant} {where} {len(names)}{others if near else ', none with a like name'}"


class Lookup(Mapping[str, T], Generic[T]):
    """Objects of one kind by name, in the order in which they were added.

    Args:
        what: their kind, in the singular, for messages.
        known: name to the object, or to its location `package.module:object`, imported on first use.
        kind: the class of the objects, if they have one.
    """

    def __init__(self, what: str, known: Mapping[str, T | str] | None = None, kind: type | None = None) -> None:
        self.what = what
        self.kind = kind
        self._known: dict[str, T | str] = dict(known or {})

    def add(self, name: str, thing: T | str) -> None:
        """Add an object, or its location.

        Raises:
            PluginError: if the name already stands for something else, or the object is of another kind.
        """
        self._check_kind(name, thing)
        if name in self._known and self._known[name] is not thing and self._known[name] != thing:
            raise PluginError(f"the {self.what} '{name}' already exists; give yours another name")
        self._known[name] = thing

    def __getitem__(self, name: str) -> T:
        if name not in self._known:
            raise UnknownName(self.unknown(name))
        found = self._known[name]
        if isinstance(found, str):
            found = load(found)
            self._check_kind(name, found)
            self._known[name] = found
        return found

    def _check_kind(self, name: str, thing: object) -> None:
        if self.kind is not None and not isinstance(thing, self.kind | str):
            raise PluginError(f"the {self.what} '{name}' is a {type(thing).__name__}, not a {self.kind.__name__}; wrap it in one")

    def unknown(self, name: str) -> str:
        """The message about an unknown name."""
        return unknown(self.what, name, self._known)

    def __contains__(self, name: object) -> bool:
        return name in self._known

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


def load(place: str) -> Any:
    """The object at `package.module:object`."""
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)


def load_plugins(modules: Iterable[str]) -> None:
    """Import the user's modules that add to the lookups; the working directory is searched too.

    Raises:
        PluginError: if one cannot be imported (names it, the cause, and where it was searched for).
    """
    _look_here_too()
    for module in modules:
        if module.partition(".")[0] in sys.stdlib_module_names:
            raise PluginError(f"plugins: '{module}' is a module of Python's own, which hides yours of that name; rename yours")
        try:
            importlib.import_module(module)
        except (Exception, SystemExit) as error:  # a script that ends itself would end the run without a word
            if module.endswith(".py"):
                raise PluginError(f"plugins: '{module}' is the name of a file; name the module, without .py") from error
            raise PluginError(
                f"plugins: '{module}' cannot be imported ({type(error).__name__}: {error}); it is looked for in the folder that "
                "you run in and on PYTHONPATH"
            ) from error


def plugin_files(modules: Iterable[str]) -> dict[str, Path]:
    """The Python files of plugins, by their paths relative to each plugin's folder; none for a plugin that is not found."""
    _look_here_too()
    files: dict[str, Path] = {}
    for module in modules:
        try:
            spec = importlib.util.find_spec(module)
        except (ImportError, ValueError, AttributeError):
            continue  # importing it gives the reason
        folders = list(spec.submodule_search_locations or []) if spec else []
        for folder in map(Path, folders):
            files |= {str(Path(module, path.relative_to(folder))): path for path in sorted(folder.rglob("*.py"))}
        if spec and not folders and spec.origin and Path(spec.origin).is_file():
            files[Path(spec.origin).name] = Path(spec.origin)
    return files


def _look_here_too() -> None:
    """Search for modules in the working directory too, after all other places."""
    if "" not in sys.path:
        sys.path.append("")
