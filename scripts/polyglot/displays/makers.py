"""Finds the functions that make tables and figures by name, on demand."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from polyglot.core.errors import WrongInput
from polyglot.core.lookup import unknown
from polyglot.displays.catalogue import COMPARED, FIGURES, RANK, REPLICATION, SCREEN, TABLES
from polyglot.displays.catalogue.budget import BUDGET
from polyglot.displays.display import Kind

ROOMS: dict[Kind, str] = {"table": "polyglot.displays.tables", "figure": "polyglot.displays.figures"}


def functions(kind: Kind) -> list[str]:
    """Every function of the catalogue's tables or figures, as `module.function` (a plugin's: `package.module:function`)."""
    fixed = [*TABLES.values(), *BUDGET.values()] if kind == "table" else [*FIGURES.values()]
    compared = [display for kinds in COMPARED.values() for display in kinds[kind].values()]
    displays = [*fixed, RANK[kind], SCREEN[kind], *REPLICATION[kind].values(), *compared]
    return list(dict.fromkeys(display.function for display in displays))


def maker(kind: Kind, function: str) -> Callable[..., Any]:
    """The function that makes a table or figure.

    Args:
        function: `module.function` in the room of tables or figures; `package.module:function` of a plugin; or a function's bare
            name, as in archives made before version 0.2.

    Raises:
        ValueError: if there is no such function; the message lists the known ones and the nearest.
    """
    module, name = _place(kind, function)
    try:
        room = import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        where = "it is looked for in the folder that you run in and on PYTHONPATH"
        raise WrongInput(f"the {kind} made by '{function}': there is no module '{error.name}'; {where}") from error
    if not callable(getattr(room, name, None)):
        known = [f"{module}:{own}" for own, value in vars(room).items() if callable(value) and not own.startswith("_")]
        raise WrongInput(unknown(f"function of a {kind}", function, known, f"'{module}' has"))
    found: Callable[..., Any] = getattr(room, name)
    return found


def _place(kind: Kind, function: str) -> tuple[str, str]:
    """Module and name of a function."""
    if ":" in function:
        module, _, name = function.partition(":")
        return module, name
    full = next((known for known in functions(kind) if function in (known, known.rpartition(".")[2])), None)
    if full is None:
        raise WrongInput(unknown(f"function of a {kind}", function, functions(kind)))
    inner, _, name = full.partition(".")
    return f"{ROOMS[kind]}.{inner}", name
