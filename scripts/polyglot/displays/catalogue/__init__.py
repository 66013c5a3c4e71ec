"""Every table and figure: of a study's main experiment, of each further one, of the screening, the budget and the replication
audit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from polyglot.displays.catalogue.experiments import COMPARED
from polyglot.displays.catalogue.files import REPLICATED
from polyglot.displays.catalogue.plan import PLAN
from polyglot.displays.catalogue.replication import REPLICATION
from polyglot.displays.catalogue.screening import SCREEN
from polyglot.displays.catalogue.study import FIGURES, TABLES
from polyglot.displays.display import Display, Kind
from polyglot.study.configuration import Study
from polyglot.study.experiments import MAIN

__all__ = ["COMPARED", "FIGURES", "REPLICATED", "REPLICATION", "SCREEN", "TABLES", "figures", "of", "published", "tables"]


def tables(study: Study) -> dict[str, Display]:
    """Every table of a study by name."""
    found = _all(study, "table", TABLES)
    if not (study.truth.above or study.truth.above_in):
        del found["truth"]
    if not study.seed_sources:
        del found["seed_sources"]
    return found | {name: replace(display, experiment="plan") for name, display in PLAN.items()}


def figures(study: Study) -> dict[str, Display]:
    """Every figure of a study by name."""
    return _all(study, "figure", FIGURES)


def _all(study: Study, kind: Kind, fixed: Mapping[str, Display]) -> dict[str, Display]:
    found = {name: display.within(MAIN, "") for name, display in fixed.items()}
    found["screen"] = replace(SCREEN[kind], experiment="screen")
    found |= {name: replace(display, experiment="replication") for name, display in REPLICATION[kind].items()}
    for name, matrix in study.matrices.items():
        if name != MAIN:
            for suffix, display in COMPARED[matrix.compare][kind].items():
                found[name + suffix] = display.within(name, matrix.question)
    return found


def of(known: Mapping[str, Display], experiments: Iterable[str]) -> list[str]:
    """Names of the displays of some experiments."""
    chosen = set(experiments)
    return [name for name, display in known.items() if display.experiment in chosen]


def published(known: Mapping[str, Display]) -> list[str]:
    """Names of the displays that the paper's published measurements can fill."""
    return [name for name, display in known.items() if display.published]
