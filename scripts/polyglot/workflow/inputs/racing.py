"""Races of teachers: the students of every rung, which depend on the rung before."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyglot.core.cells import Cell
from polyglot.study import paths
from polyglot.synthesis.draws import Draw
from polyglot.workflow.inputs.base import Inputs, Wildcards

RungFile = Callable[[Wildcards, int], str]
"""The file of a rung; Snakemake asks again, once the rung is there."""


@dataclass(frozen=True)
class RacingInputs(Inputs):
    """Inputs of an experiment with `compare: race`, which the wildcard `experiment` names."""

    def before(self, wildcards: Wildcards) -> list[str]:
        """The rung before; none for the first."""
        rung = int(wildcards["rung"])
        return [self.at(paths.RUNG, experiment=wildcards["experiment"], rung=rung - 1)] if rung > 1 else []

    def earlier(self, wildcards: Wildcards) -> list[str]:
        """What earlier studies say; nothing where the race learns from none."""
        return [self.at(paths.EARLIER, experiment=wildcards["experiment"])] if self.study.race.learn_from else []

    def teachers(self, wildcards: Wildcards) -> list[str]:
        """The teachers of a race."""
        return list(self.study.matrices[wildcards["experiment"]].teachers)

    def trained(self, rung_file: RungFile) -> Callable[[Wildcards], list[list[str]]]:
        """[teacher, language] of every student of a rung, in the order of `outcomes`."""
        return lambda wildcards: [[cell.teacher, cell.lang] for cell, _ in self._students(wildcards, rung_file)]

    def outcomes(self, rung_file: RungFile) -> Callable[[Wildcards], list[str]]:
        """Outcomes of every student of a rung, of those of earlier rungs too."""

        def outcomes_of(wildcards: Wildcards) -> list[str]:
            students = self._students(wildcards, rung_file)
            return [self.at(paths.STUDENT_OUTCOMES, **cell._asdict(), seed=name) for cell, name in students]

        return outcomes_of

    def rungs(self, rung_file: RungFile) -> Callable[[Wildcards], list[str]]:
        """The files of all rungs of a race that is over."""

        def rungs_of(wildcards: Wildcards) -> list[str]:
            found = [rung_file(wildcards, 1)]
            while not _rows(found[-1])[0]["end"]:
                found.append(rung_file(wildcards, len(found) + 1))
            return found

        return rungs_of

    def terms(self, wildcards: Wildcards) -> dict[str, Any]:
        """As `polyglot.scoring.racing.Terms`."""
        trainings = self.study.matrices[wildcards["experiment"]].trainings
        return {"least": self.study.race.least, "regret": self.study.race.regret, "trainings": trainings}

    def beliefs(self) -> dict[str, float]:
        """As `polyglot.scoring.race_rungs.Beliefs`."""
        return {"draw": self.study.plan.draw_spread, "training": self.study.plan.training_spread}

    def _students(self, wildcards: Wildcards, rung_file: RungFile) -> list[tuple[Cell, str]]:
        rung, experiment = int(wildcards["rung"]), wildcards["experiment"]
        seed = self.study.matrices[experiment].seeds[0]
        last: dict[str, int] = {}
        if rung > 1:
            for row in _rows(rung_file(wildcards, rung - 1)):
                goes_on = row["state"] in ("leads", "stays") and not row["end"]
                last[row["teacher"]] = rung if goes_on else int(row["since"])
        return [
            (cell, str(Draw(seed, training=training)))
            for cell in self.study.measured[experiment]
            for training in range(last.get(cell.teacher, 1))
        ]


def _rows(path: str) -> list[dict[str, str]]:
    with Path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
