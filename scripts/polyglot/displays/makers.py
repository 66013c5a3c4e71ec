"""The functions that make tables and figures, found by their name when they are needed."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from polyglot.displays.catalogue import COMPARED, FIGURES, REPLICATION, SCREEN, TABLES
from polyglot.displays.catalogue.plan import PLAN
from polyglot.displays.display import Kind

ROOMS: dict[Kind, str] = {"table": "polyglot.displays.tables", "figure": "polyglot.displays.figures"}


def functions(kind: Kind) -> list[str]:
    """Every function of the catalogue's tables or figures, as `module.function`."""
    fixed = [*TABLES.values(), *PLAN.values()] if kind == "table" else [*FIGURES.values()]
    compared = [display for kinds in COMPARED.values() for display in kinds[kind].values()]
    displays = [*fixed, SCREEN[kind], *REPLICATION[kind].values(), *compared]
    return list(dict.fromkeys(display.function for display in displays))


def maker(kind: Kind, function: str) -> Callable[..., Any]:
    """The function that makes a table or figure.

    Args:
        function: `module.function` in the room of tables or figures; `package.module:function` of a plugin; or a function's bare
            name, as archives made before version 0.2 have it.

    Raises:
        ValueError: if there is no such function; the message names those there are.
    """
    if ":" in function:
        module, _, name = function.partition(":")
    else:
        full = next((known for known in functions(kind) if function in (known, known.rpartition(".")[2])), None)
        if full is None:
            raise ValueError(f"no {kind} is made by '{function}'; there are: {', '.join(functions(kind))}")
        inner, _, name = full.partition(".")
        module = f"{ROOMS[kind]}.{inner}"
    found: Callable[..., Any] = getattr(import_module(module), name)
    return found
