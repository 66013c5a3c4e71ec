"""Races of teachers: the students of every rung, which depend on the rung before."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyglot.core.cells import Cell
from polyglot.planning.demands import Demands
from polyglot.planning.work import work
from polyglot.study import paths
from polyglot.synthesis.draws import Draw
from polyglot.workflow.inputs.base import Inputs, Wildcards

EVERY = ""
"""In the place of a language: the choice is on average over all of them (`polyglot.scoring.race_rungs.EVERY`)."""
OF_TERMS = {"by", "least", "regret", "gpu_hours", "usd"}
"""Settings of a race that are fields of `polyglot.scoring.racing.Terms`."""
RungFile = Callable[[Wildcards, int], str]
"""The file of a rung; Snakemake asks again, once the rung is there."""


@dataclass(frozen=True)
class RacingInputs(Inputs):
    """Inputs of an experiment with `compare: race`, which the wildcard `experiment` names."""

    @property
    def first(self) -> int:
        """The first rung: 0 where a race starts with small sets."""
        return 0 if self.study.race.small else 1

    def before(self, wildcards: Wildcards) -> list[str]:
        """The rung before; none for the first."""
        rung = int(wildcards["rung"])
        return [self.at(paths.RUNG, experiment=wildcards["experiment"], rung=rung - 1)] if rung > self.first else []

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
            return [self.student_outcomes(**cell._asdict(), seed=name) for cell, name in students]

        return outcomes_of

    def small(self, wildcards: Wildcards) -> dict[str, Any]:
        """The small sets of a race: [teacher, language] of each in the order of `small_outcomes`, and the fields of
        `polyglot.scoring.race_small.SmallSets`; empty where it starts with full ones."""
        race, cells = self.study.race, self._small(wildcards["experiment"])
        if not race.small:
            return {}
        believed = {"correlation": race.small_correlation, "effect": race.small_effect}
        return {"trained": [[cell.teacher, cell.lang] for cell, _ in cells], **believed, "prices": self._prices(cells)}

    def small_outcomes(self, wildcards: Wildcards) -> list[str]:
        """Outcomes of the students of small sets."""
        return [self.student_outcomes(**cell._asdict(), seed=name) for cell, name in self._small(wildcards["experiment"])]

    def _small(self, experiment: str) -> list[tuple[Cell, str]]:
        """Every cell and name of a student of a small set."""
        small, every = self.study.race.small, self._trained(experiment, {})
        return [(cell._replace(recipe=small), name) for cell, name in every] if small else []

    def rungs(self, rung_file: RungFile) -> Callable[[Wildcards], list[str]]:
        """The files of all rungs of a race that is over."""

        def rungs_of(wildcards: Wildcards) -> list[str]:
            found = [rung_file(wildcards, self.first)]
            while not all(row["end"] for row in _rows(found[-1])):
                found.append(rung_file(wildcards, self.first + len(found)))
            return found

        return rungs_of

    def cards(self, rung_file: RungFile) -> Callable[[Wildcards], list[str]]:
        """The cards of all students that the races of this run have trained once they are over."""

        def cards_of(_: Wildcards) -> list[str]:
            raced = [name for name in self.study.default_experiments if self.study.matrices[name].compare == "race"]
            found = []
            for experiment in raced:
                last = self.rungs(rung_file)({"experiment": experiment})[-1]
                students = self._small(experiment) + self._trained(experiment, _last_trainings(_rows(last), go_on=False))
                found += [self.at(paths.MODEL_CARD, **cell._asdict(), seed=name) for cell, name in students]
            return found

        return cards_of

    def terms(self, wildcards: Wildcards) -> dict[str, Any]:
        """As `polyglot.scoring.racing.Terms`."""
        trainings = self.study.matrices[wildcards["experiment"]].trainings
        return {**self.study.race.model_dump(mode="json", include=OF_TERMS), "trainings": trainings}

    def prices(self, wildcards: Wildcards) -> dict[str, dict[str, float]]:
        """By language, what one training with its evaluation takes."""
        return self._prices(self._trained(wildcards["experiment"], {}))

    def _prices(self, students: Iterable[tuple[Cell, str]]) -> dict[str, dict[str, float]]:
        """By language, what a training with its evaluation takes, as the plan counts: `polyglot.scoring.racing.Price`."""
        from polyglot.planning.budget import hours, money  # imports pandas

        plan, demands, found = self.study.plan, Demands(self.study, self.registries), {}
        for cell, name in students:
            if cell.lang in found:
                continue
            spent = [0.0, 0.0]
            judged = self.study.evaluation.judged_in(cell.lang)
            for rule in ("student", "evaluate_student", *(["judge_student"] if judged else [])):
                named = {**cell._asdict(), "seed": name}
                does, gpus = work(rule, named, self.study, self.registries), demands.of(rule, named, 1).gpu
                model = self.registries.models[str(does.model)]
                taken = hours(plan, model, does, gpus)
                spent = [spent[0] + taken, spent[1] + money(plan, model, does, taken)]
            found[cell.lang] = {"gpu_hours": spent[0], "usd": spent[1]}
        return found

    def stated(self, wildcards: Wildcards) -> dict[str, Any]:
        """What a verdict's table says of the terms: `most` trainings, and the `least` P(best)."""
        terms = self.terms(wildcards)
        return {"most": terms["trainings"], "least": terms["least"]}

    def beliefs(self) -> dict[str, float]:
        """As `polyglot.scoring.race_rungs.Beliefs`."""
        return {"draw": self.study.plan.draw_spread, "training": self.study.plan.training_spread}

    def _students(self, wildcards: Wildcards, rung_file: RungFile) -> list[tuple[Cell, str]]:
        """Every cell and name of a student that a rung needs."""
        rung, experiment = int(wildcards["rung"]), wildcards["experiment"]
        if rung == 0:
            return []
        before = _rows(rung_file(wildcards, rung - 1)) if rung > self.first else []
        return self._trained(experiment, _last_trainings(before, go_on=True))

    def _trained(self, experiment: str, last: Mapping[tuple[str, str], int]) -> list[tuple[Cell, str]]:
        """Every cell and name of a student, by (teacher, language) to the number of trainings: 1 where it is not named."""
        seed = self.study.matrices[experiment].seeds[0]
        return [
            (cell, str(Draw(seed, training=training)))
            for cell in self.study.measured[experiment]
            for training in range(last.get((cell.teacher, cell.lang), last.get((cell.teacher, EVERY), 1)))
        ]


def _last_trainings(rows: Iterable[Mapping[str, str]], *, go_on: bool) -> dict[tuple[str, str], int]:
    """(teacher, language) of a rung's file to its trainings; `go_on`: in the next rung."""
    found = {}
    for row in rows:
        again = go_on and row["state"] in ("leads", "stays") and not row["end"]
        found[row["teacher"], row["lang"]] = int(row["rung"]) + 1 if again else int(row["since"])
    return found


def _rows(path: str) -> list[dict[str, str]]:
    with Path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
