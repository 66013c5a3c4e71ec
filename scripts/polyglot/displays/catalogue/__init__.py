"""The catalogue: every table and figure of a study, with its inputs and caption.

One module per subject: a study's main experiment (`study.py`), further experiments by comparison (`experiments.py`), the
screening, the budget and the replication audit. A project adds its own to `TABLES`, `FIGURES` and `COMPARED`. It may import
display.py, the study and lower rooms, but neither pandas nor matplotlib, because the Snakefile loads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from polyglot.core.errors import WrongInput
from polyglot.displays.catalogue.budget import BUDGET, OF_STUDENTS
from polyglot.displays.catalogue.experiments import COMPARED
from polyglot.displays.catalogue.files import REPLICATED
from polyglot.displays.catalogue.replication import REPLICATION
from polyglot.displays.catalogue.screening import RANK, SCREEN
from polyglot.displays.catalogue.study import FIGURES, TABLES
from polyglot.displays.display import Display, Kind
from polyglot.study.reserved import MAIN

if TYPE_CHECKING:
    from polyglot.study.configuration import Study

__all__ = [
    "COMPARED",
    "FIGURES",
    "RANK",
    "REPLICATED",
    "REPLICATION",
    "SCREEN",
    "TABLES",
    "NameClash",
    "figures",
    "of",
    "published",
    "tables",
]


class NameClash(WrongInput):
    """Two tables, or two figures, with the same name; the message says what to rename."""


def tables(study: Study) -> dict[str, Display]:
    """Every table of a study by name.

    Raises:
        NameClash: if an experiment, or a plugin, gives a table the name of another.
    """
    found = _all(study, "table", TABLES, BUDGET)
    if not (study.truth.above or study.truth.above_in):
        del found["truth"]
    if not any(one.judged or not one.scored for one in study.evaluation.benchmarks.values()):
        del found["further_benchmarks"]
    if not study.seed_sources:
        del found["seed_sources"]
    if not any(matrix.compare == "race" for matrix in study.matrices.values()):
        found.pop("plan_race", None)
    return found


def figures(study: Study) -> dict[str, Display]:
    """Every figure of a study by name.

    Raises:
        NameClash: if an experiment, or a plugin, gives a figure the name of another.
    """
    return _all(study, "figure", FIGURES, {})


def _all(study: Study, kind: Kind, of_main: Mapping[str, Display], planned: Mapping[str, Display]) -> dict[str, Display]:
    found: dict[str, Display] = {}

    def put(name: str, display: Display, where: str, thing: str) -> None:
        if name in found:
            raise NameClash(f"{where}: the {kind} '{name}' has the same name as another {kind}; rename the {thing}")
        found[name] = display

    for name, display in of_main.items():
        put(name, display.within(MAIN, ""), "plugins", kind)
    fixed = {
        "screen": replace(SCREEN[kind], experiment="screen"),
        "rank": replace(RANK[kind], experiment="rank"),
    }
    fixed |= {name: replace(display, experiment="replication") for name, display in REPLICATION[kind].items()}
    left_out = () if study.base else OF_STUDENTS
    fixed |= {name: replace(display, experiment="plan") for name, display in planned.items() if name not in left_out}
    for name, display in fixed.items():
        put(name, display, "plugins", kind)
    for experiment, matrix in study.matrices.items():
        if experiment != MAIN:
            for suffix, display in COMPARED[matrix.compare][kind].items():
                put(experiment + suffix, display.within(experiment, matrix.question), f"experiments.{experiment}", "experiment")
    return found


def of(known: Mapping[str, Display], experiments: Iterable[str]) -> list[str]:
    """Names of the displays of some experiments."""
    chosen = set(experiments)
    return [name for name, display in known.items() if display.experiment in chosen]


def published(known: Mapping[str, Display]) -> list[str]:
    """Names of the displays that can be made from the paper's published measurements."""
    return [name for name, display in known.items() if display.published]
