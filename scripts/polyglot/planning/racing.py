"""What a race of teachers takes, before it starts: at first, as expected, and at most; beside the full study.

How long a race lasts depends on scores that nobody knows yet. They are simulated. Teachers, and teachers in a language, differ by
`plan.teacher_spread` and `plan.language_spread`, draws and trainings by `plan.draw_spread` and `plan.training_spread`. Items are
those of `polyglot.planning.power`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from polyglot.core.power import expected_error
from polyglot.planning.power import expected_power
from polyglot.registry import Registries
from polyglot.scoring.race_columns import Noise, Small
from polyglot.scoring.race_rungs import DF_OF_BELIEF, KEPT
from polyglot.scoring.race_simulation import Raced, race
from polyglot.scoring.racing import Terms
from polyglot.study.configuration import Study
from polyglot.study.experiments import Matrix
from polyglot.study.races import not_worth

STUDIES = 200
"""Simulated races; the mean number of trainings is then known to about 3 %."""
TRAINED = ("student", "evaluate_student")
"""Rules of which every further training has jobs of its own."""
COLUMNS = (
    *("experiment", "case", "teachers", "languages", "trainings", "students"),
    *("engine_starts", "gpu_hours", "usd", "regret", "clear", "said"),
)
FIRST, EXPECTED, MOST, FULL = "first rung", "expected", "at most", "full study"
WITHOUT = "without small sets"
"""What the race is expected to take if it starts with the full size."""
NEARLY_ALL = 0.9
"""Share of all possible trainings that a race is expected to use, from which it saves hardly anything."""


def planned_races(
    study: Study,
    registries: Registries,
    first: Mapping[str, pd.DataFrame],
    whole: Mapping[str, pd.DataFrame] | None = None,
) -> pd.DataFrame:
    """What every race of a study takes.

    Args:
        first: race to the jobs of its first rung with their cost (`polyglot.planning.budget`).
        whole: of races that start with small sets, the same with everyone's first student of the full size.

    Returns:
        Four rows per race; where it starts with small sets, a fifth says what is expected without. Columns: experiment; case (the
        first rung; expected; at most, where all teachers get all trainings; full study, with as many draws of data as a race
        has trainings); teachers; languages; trainings of a teacher on average; students (of full sets or small ones);
        engine_starts; gpu_hours; usd; regret (expected at the end) and clear (share of races that end with a clear choice), by
        simulation; said (why a race is not worth it, else empty).
    """
    rows = [
        row
        for name, jobs in first.items()
        for row in _cases(study, registries, study.matrices[name], jobs, (whole or {}).get(name))
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


_PARTS = ("students", "engine_starts", "gpu_hours", "usd")


def _sums(jobs: pd.DataFrame) -> tuple[pd.Series, pd.Series, pd.Series]:
    """What jobs take in all, `_PARTS`: those of no teacher, one training of everyone with its evaluation, and everyone's data."""
    sums = jobs.assign(students=jobs["rule"] == "student", engine_starts=jobs["engine_start"].astype(bool))
    trained = sums["rule"].isin(TRAINED)
    data = (sums["teacher"].fillna("") != "") & ~trained
    once, training, draw = (sums.loc[chosen, list(_PARTS)].sum() for chosen in (~trained & ~data, trained, data))
    return once, training, draw


def _cases(
    study: Study, registries: Registries, matrix: Matrix, jobs: pd.DataFrame, whole: pd.DataFrame | None
) -> Iterator[dict[str, object]]:
    """The rows of one race."""
    once, training, draw = _sums(jobs)
    most, nothing = matrix.trainings, 0 * once
    if whole is not None:
        small, (once, both, data) = training, _sums(whole)
        training, later, begun, draw = both - small, data - draw, once + small + draw, data
        found = simulated(study, registries, matrix, affordable(study, training, np.inf, small), small=True)
        without = simulated(study, registries, matrix, affordable(study, training, np.inf))
        mean = float(found.trainings.mean())
        asked = float((found.trainings > 0).mean())
        cases = [_Case(FIRST, begun, 0.0, later, spent=small), _Case(EXPECTED, begun, mean, later, asked, small, found)]
        cases += [_Case(WITHOUT, once + draw, float(without.trainings.mean()), nothing, raced=without)]
        cases += [_Case(MOST, begun, most, later, spent=small)]
    else:
        found = simulated(study, registries, matrix, affordable(study, training, np.inf))
        mean = float(found.trainings.mean())
        cases = [_Case(FIRST, once + draw, 1.0, nothing), _Case(EXPECTED, once + draw, mean, nothing, raced=found)]
        cases += [_Case(MOST, once + draw, most, nothing)]
    said = not_worth(study, matrix)
    if not said and mean > NEARLY_ALL * most:
        said = "nearly everyone is expected to be trained to the end: more items tell teachers apart, see `plan_precision`"
    known = {"experiment": matrix.name, "teachers": len(matrix.teachers), "languages": len(matrix.languages), "said": said}
    for one in [*cases, _Case(FULL, once + most * draw, most, nothing)]:
        within = affordable(study, training, one.trainings, one.spent) if one.case not in (FIRST, FULL) else one.trainings
        taken = one.beside + min(one.asked, within) * one.later + within * training
        ends = one.raced
        regret, clear = (np.nan, np.nan) if ends is None else (float(ends.stated.mean()), float(ends.clear.mean()))
        row = {"case": one.case, "trainings": within, "regret": regret, "clear": clear}
        yield known | row | {part: float(taken[part]) for part in _PARTS}


@dataclass(frozen=True)
class _Case:
    """A case of a race, in `_PARTS`. `beside`: what it takes beside trainings of the full size; `later`: everyone's further data,
    of which the share `asked` is asked where there are so many trainings; `spent`: what small sets take of the budget, where the
    race starts with them."""

    case: str
    beside: pd.Series
    trainings: float
    later: pd.Series
    asked: float = 1.0
    spent: pd.Series | None = None
    raced: Raced | None = None


def affordable(study: Study, training: pd.Series, trainings: float, spent: pd.Series | None = None) -> float:
    """Trainings of a teacher, on average, within the budget of a race. The first rung is outside it: everyone's first training,
    or that on a small set.

    Args:
        training: gpu_hours and usd of one training of everyone, with its evaluation.
        spent: the same of everyone's training on small sets, where the race starts with them; it counts.
    """
    for unit, most in (("gpu_hours", study.race.gpu_hours), ("usd", study.race.usd)):
        if most is not None and training[unit] > 0:
            left = max(1.0, most / training[unit]) if spent is None else max(0.0, (most - spent[unit]) / training[unit])
            trainings = min(trainings, left)
    return trainings


@dataclass(frozen=True)
class _World:
    """What is assumed of scores; by language."""

    study: Study
    matrix: Matrix
    registries: Registries

    @cached_property
    def noise(self) -> Noise:
        """Of a student's mean over benchmarks, beside what all students share."""
        power, plan = expected_power(self.study, self.registries), self.study.plan
        errors = power["items"].map(expected_error) ** 2 / 2  # of one student, where `expected_error` is of two
        benchmarks = errors.groupby(power["lang"]).agg(["sum", "size"])
        items = np.array([float(sums / size**2) for sums, size in benchmarks.loc[self.matrix.languages].to_numpy()])
        return Noise(KEPT * items + plan.draw_spread**2, (1 - KEPT) * items + plan.training_spread**2)

    def scores(self, rng: np.random.Generator) -> tuple[np.ndarray, Small]:
        """Of single students, (studies, teachers, languages, trainings); and of those of small sets."""
        plan, shape = self.study.plan, (STUDIES, len(self.matrix.teachers), len(self.matrix.languages))
        own = plan.teacher_spread * rng.normal(size=(*shape[:2], 1)) + plan.language_spread * rng.normal(size=shape)
        kept = own + np.sqrt(self.noise.kept) * rng.normal(size=shape)
        anew = np.sqrt(self.noise.anew)[:, None] * rng.normal(size=(*shape, self.matrix.trainings))
        scores: np.ndarray = kept[..., None] + anew
        return scores, self._small(own, kept - own, rng)

    def _small(self, own: np.ndarray, kept: np.ndarray, rng: np.random.Generator) -> Small:
        """Of students of small sets: what teachers are in these is correlated with what they are in full ones."""
        race, plan = self.study.race, self.study.plan
        apart = plan.teacher_spread * rng.normal(size=(*own.shape[:2], 1)) + plan.language_spread * rng.normal(size=own.shape)
        rho, effect = race.small_correlation, race.small_effect
        noise = kept + np.sqrt(self.noise.anew) * rng.normal(size=own.shape)
        return Small(effect * (rho * own + np.sqrt(1 - rho**2) * apart) + noise, rho, effect)


def simulated(study: Study, registries: Registries, matrix: Matrix, within: float = np.inf, *, small: bool = False) -> Raced:
    """Races of teachers that are as the plan assumes.

    Args:
        within: trainings of a teacher, on average, that the budget allows (see `affordable`).
        small: whether they start with small sets.
    """
    rules = study.race
    terms = Terms(least=rules.least, regret=rules.regret, trainings=matrix.trainings, by=rules.by)
    world, rng = _World(study, matrix, registries), np.random.default_rng(0)
    scores, of_small = world.scores(rng)
    return race(scores, world.noise, terms, rng, df_of_belief=DF_OF_BELIEF, small=of_small if small else None, within=within)
