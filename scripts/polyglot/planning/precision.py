"""What it takes to know a student's gain to a wanted standard error: more items, more trainings or more draws of data.

The variance of a gain has three parts: items, draws of data and trainings. Items are counted as in `polyglot.core.power`, and a
share of their noise (`ANEW`) is other with every student, so that further students take some of it away. How far draws and
trainings spread is assumed (`plan.draw_spread`, `plan.training_spread`) until a study with both has measured it (table `spread`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import pandas as pd

from polyglot.core.power import ANEW, expected_error
from polyglot.planning.power import expected_power
from polyglot.registry import Registries
from polyglot.study.configuration import Study

MOST = 100
"""Most trainings or draws that are looked at."""
LEVERS = ("items", "trainings", "draws")
MEAN = "mean of benchmarks"
COLUMNS = ("lang", "benchmark", "items", "assumed", "error", "wanted", "cheapest", *(f"{lever}_needed" for lever in LEVERS))
COSTS = tuple(f"{lever}_{unit}" for lever in LEVERS for unit in ("gpu_hours", "usd"))


@dataclass(frozen=True)
class Design:
    """The items' variance of one student's gain, numbers of draws and of trainings on each, and their variances."""

    items: float
    draws: int
    trainings: int
    draw_spread: float
    training_spread: float

    @property
    def variance(self) -> float:
        students = self.draws * self.trainings
        return self.items * (1 - ANEW + ANEW / students) + self.draw_spread**2 / self.draws + self.training_spread**2 / students

    def times_items(self, wanted: float) -> float:
        """How many times as many items give this standard error; infinite if none do."""
        others = replace(self, items=0.0).variance
        left = wanted**2 - others
        return (self.variance - others) / left if left > 0 else math.inf

    def least(self, change: Callable[[int], Design], start: int, wanted: float) -> float:
        """The least number, from `start` on, that gives this standard error; infinite if `MOST` does not."""
        return next((number for number in range(start, MOST + 1) if change(number).variance <= wanted**2), math.inf)


def expected_precision(study: Study, registries: Registries, jobs: pd.DataFrame) -> pd.DataFrame:
    """For each benchmark and language, and the mean of a language's benchmarks: the expected standard error of a student's gain,
    and what reaches `plan.standard_error`, one thing changed at a time.

    Args:
        jobs: the study's jobs with their cost (`polyglot.planning.budget`).

    Returns:
        lang, benchmark, items, assumed (whether their number is), error, wanted, cheapest (one of `LEVERS`, "enough" or ""), and
        for each lever `..._needed` (infinite: it alone is not enough), `..._gpu_hours` and `..._usd` (of all teachers in this
        language, beside what is planned).
    """
    rows = []
    for lang, found in expected_power(study, registries).groupby("lang", sort=False):
        costs = _Costs.of(study, jobs[jobs["lang"] == lang])
        errors = {
            str(name): expected_error(int(items)) ** 2 for name, items in zip(found["benchmark"], found["items"], strict=True)
        }
        shown = [*found[["benchmark", "items", "assumed"]].itertuples(index=False, name=None)]
        if len(shown) > 1:
            errors[MEAN] = sum(errors.values()) / len(shown) ** 2
            shown.append((MEAN, int(found["items"].sum()), bool(found["assumed"].any())))
        for name, items, assumed in shown:
            known = {"lang": lang, "benchmark": name, "items": items, "assumed": assumed}
            share = items / found["items"].sum()
            rows.append(known | _reached(study, errors[name], items, share, costs))
    return pd.DataFrame(rows, columns=[*COLUMNS, *COSTS])


@dataclass(frozen=True)
class _Costs:
    """(GPU hours, USD) in one language, of all teachers: one more draw, one more training on each draw, all items once more."""

    draw: tuple[float, float]
    training: tuple[float, float]
    items: tuple[float, float]

    @classmethod
    def of(cls, study: Study, jobs: pd.DataFrame) -> _Costs:
        def summed(chosen: pd.Series, parts: int) -> tuple[float, float]:
            return float(jobs.loc[chosen, "gpu_hours"].sum()) / parts, float(jobs.loc[chosen, "usd"].sum()) / parts

        of_teachers, draws = jobs["teacher"].fillna("") != "", len(study.seeds)
        trained = jobs["rule"].isin(["student", "evaluate_student"])
        once = summed(of_teachers & ~trained, draws)
        training = summed(trained, draws * study.trainings)
        draw = tuple(one + study.trainings * other for one, other in zip(once, training, strict=True))
        evaluated = jobs[jobs["rule"].str.startswith("evaluate_")].groupby(["rule", "model"])[["gpu_hours", "usd"]]
        items = (evaluated.min().mul(evaluated.size(), axis=0)).sum()  # more items need no more starts
        return cls((draw[0], draw[1]), training, (float(items["gpu_hours"]), float(items["usd"])))


def _reached(study: Study, error: float, items: int, share: float, costs: _Costs) -> dict[str, float | str]:
    """What each lever takes to reach the wanted standard error, and which is the cheapest."""
    plan, draws, trainings = study.plan, len(study.seeds), study.trainings
    design = Design(error, draws, trainings, plan.draw_spread, plan.training_spread)
    times = max(1.0, design.times_items(plan.standard_error))
    needed = {
        "items": math.ceil(items * times - 1e-9) if math.isfinite(times) else math.inf,
        "trainings": design.least(lambda number: replace(design, trainings=number), trainings, plan.standard_error),
        "draws": design.least(lambda number: replace(design, draws=number), draws, plan.standard_error),
    }
    more = {
        "items": (times - 1, tuple(share * cost for cost in costs.items)),
        "trainings": (needed["trainings"] - trainings, tuple(draws * cost for cost in costs.training)),
        "draws": (needed["draws"] - draws, costs.draw),
    }
    paid = {lever: tuple(number * cost if number else 0.0 for cost in each) for lever, (number, each) in more.items()}
    found: dict[str, float | str] = {"error": design.variance**0.5, "wanted": plan.standard_error}
    for lever in LEVERS:
        found |= {f"{lever}_needed": needed[lever], f"{lever}_gpu_hours": paid[lever][0], f"{lever}_usd": paid[lever][1]}
    possible = [lever for lever in LEVERS if math.isfinite(needed[lever])]
    priced = plan.usd_per_gpu_hour is not None
    found["cheapest"] = min(possible, key=lambda lever: (paid[lever][priced], paid[lever][not priced]), default="")
    return found | ({"cheapest": "enough"} if design.variance <= plan.standard_error**2 else {})
