"""The floors of the house: no room imports from its own floor or from above, and nothing grows beyond what a reader takes in.

An import counts wherever it stands: at the top of a module, inside a function, or for a type checker only.
"""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

FLOORS = (
    ("core",),
    ("registry",),
    ("models",),
    ("engines", "evaluation", "training"),
    ("intrinsic", "synthesis"),
    ("judging", "nano", "scoring", "seeds"),
    ("analysis", "routing", "selection"),
    ("replication", "study"),
    ("displays", "planning", "provenance", "rehearsal"),
    ("cluster", "publishing", "workflow"),
    ("__main__",),
)
"""Rooms from the ground up; CONTRIBUTING.md says what each is for."""
LONGEST_FUNCTION, MOST_PARAMETERS, LONGEST_FILE = 60, 8, 400


def modules(repository: Path) -> dict[str, Path]:
    """Every module of the library by its name without `polyglot.`; a room's door has the room's name."""
    library = repository / "scripts/polyglot"
    found = {}
    for path in sorted(library.rglob("*.py")):
        parts = path.relative_to(library).with_suffix("").parts
        found[".".join(part for part in parts if part != "__init__")] = path
    return found


def imports(path: Path, known: set[str]) -> set[str]:
    """Modules of the library that a module imports, without `polyglot.`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "polyglot":
            inner = ".".join(node.module.split(".")[1:])
            for alias in node.names:
                deeper = f"{inner}.{alias.name}".strip(".")
                found.add(deeper if deeper in known else inner)
        elif isinstance(node, ast.Import):
            found |= {alias.name.removeprefix("polyglot.") for alias in node.names if alias.name.startswith("polyglot.")}
    return found - {""}


def room(module: str) -> str:
    return module.split(".")[0]


@pytest.fixture(scope="module")
def arrows(repository: Path) -> dict[str, set[str]]:
    """Module to the modules that it imports."""
    known = modules(repository)
    return {name: imports(path, set(known)) for name, path in known.items() if name}


def test_every_room_has_its_floor_and_there_are_few_of_both(repository: Path, arrows: dict[str, set[str]]) -> None:
    placed = [name for floor in FLOORS for name in floor]
    assert sorted(placed) == sorted({room(name) for name in arrows})
    assert len(placed) <= 25
    assert len(FLOORS) <= 11


def test_no_room_imports_from_its_own_floor_or_from_above(arrows: dict[str, set[str]]) -> None:
    floor = {name: number for number, names in enumerate(FLOORS) for name in names}
    wrong = {
        f"{source} imports {target}"
        for source, targets in arrows.items()
        for target in targets
        if room(source) != room(target) and floor[room(target)] >= floor[room(source)]
    }
    assert wrong == set()


def test_no_module_imports_itself_through_others(arrows: dict[str, set[str]]) -> None:
    left = {name: set(targets) for name, targets in arrows.items()}
    while free := [name for name, targets in left.items() if not targets & left.keys()]:
        for name in free:
            del left[name]
    assert left == {}


def test_a_stage_has_one_name_in_its_places(repository: Path) -> None:
    rooms = {name for floor in FLOORS for name in floor} - {"__main__"}
    adapters = {path.name for path in (repository / "scripts").iterdir() if any(path.glob("*.py"))} - {
        "polyglot",
        "snakemake_logger_plugin_study",
    }
    rules = {path.stem for path in (repository / "rules").glob("*.smk")} - {"common"}
    units = {path.name for path in (repository / "tests/unit").iterdir() if any(path.glob("test_*.py"))}
    assert adapters - {"hub"} <= rooms  # a hub's models and data sets are fetched by the room `models`
    assert rules - {"hub"} <= rooms
    assert units <= rooms
    assert rooms - units == set()


def functions(path: Path) -> Iterator[tuple[str, int, int]]:
    """Name, lines and parameters of every function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            given = node.args
            names = [*given.posonlyargs, *given.args, *given.kwonlyargs, *filter(None, [given.vararg, given.kwarg])]
            count = len([name for name in names if name.arg not in ("self", "cls")])
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1, count


def test_functions_and_files_fit_on_a_screen_or_a_few(repository: Path) -> None:
    tracked = subprocess.run(["git", "ls-files", "*.py"], cwd=repository, capture_output=True, text=True, check=False).stdout
    paths = [repository / name for name in tracked.splitlines()] or [*(repository / "scripts").rglob("*.py")]
    wrong = []
    for path in (path for path in paths if path.exists()):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        wrong += [f"{path}: {lines} lines"] if lines > LONGEST_FILE else []
        wrong += [
            f"{path}: {name} has {length} lines and {count} parameters"
            for name, length, count in functions(path)
            if length > LONGEST_FUNCTION or count > MOST_PARAMETERS
        ]
    assert wrong == []


def test_the_snakemake_face_is_thin(repository: Path) -> None:
    def lines(path: str) -> int:
        return len((repository / path).read_text(encoding="utf-8").splitlines())

    assert lines("Snakefile") <= 80
    assert lines("rules/common.smk") <= 100
    assert not [path.name for path in (repository / "rules").glob("*.smk") if lines(f"rules/{path.name}") > LONGEST_FILE]


def test_every_door_says_what_its_room_is_for(repository: Path) -> None:
    short = {}
    for name, path in modules(repository).items():
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        least = 80 if name and path.name == "__init__.py" else 15
        if len(text) < least:
            short[name or "polyglot"] = text
    assert short == {}
