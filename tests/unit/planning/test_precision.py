"""What a wanted standard error takes: counted by hand, held by simulation, and shown with the cheapest way."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from polyglot.core.power import ANEW
from polyglot.displays.catalogue.budget import BUDGET
from polyglot.displays.context import Context
from polyglot.displays.tables.budget import plan_precision
from polyglot.planning.precision import Design, expected_precision
from polyglot.registry import Registries
from polyglot.study.configuration import Study
from polyglot.workflow.loading import load_study


@pytest.fixture(scope="module")
def paper(repository: Path) -> tuple[Study, Registries]:
    return load_study(repository / "config/paper.yaml", repository)


def costs(**hours: float) -> pd.DataFrame:
    """One job of each rule in German, with these GPU hours, for each of two teachers; anchors are nobody's."""
    jobs = [
        {
            "rule": rule,
            "teacher": "" if rule == "evaluate_anchor" else teacher,
            "lang": "de",
            "model": "b",
            "gpu_hours": spent,
            "usd": 2 * spent,
        }
        for rule, spent in hours.items()
        for teacher in ("a", "b")
    ]
    return pd.DataFrame(jobs)


def found(paper: tuple[Study, Registries], jobs: pd.DataFrame, benchmark: str = "mgsm", **plan: Any) -> dict[str, Any]:
    study, registries = paper
    study = study.model_copy(update={"plan": study.plan.model_copy(update=plan)})
    table = expected_precision(study, registries, jobs)
    return dict(table[(table["lang"] == "de") & (table["benchmark"] == benchmark)].iloc[0])


JOBS = costs(synthesize=30, reward=6, student=3, evaluate_student=1.5, evaluate_anchor=1)


def test_the_variance_is_that_of_simulated_studies() -> None:
    rng, design = np.random.default_rng(0), Design(4e-4, 3, 2, 0.01, 0.02)
    size = (40_000, design.draws, design.trainings)
    common = rng.normal(scale=(design.items * (1 - ANEW)) ** 0.5, size=(size[0], 1, 1))
    students = common + rng.normal(scale=(design.items * ANEW) ** 0.5, size=size)
    students += rng.normal(scale=design.draw_spread, size=(*size[:2], 1)) + rng.normal(scale=design.training_spread, size=size)
    assert students.mean(axis=(1, 2)).var() == pytest.approx(design.variance, rel=0.03)


def test_each_way_is_just_enough_and_costs_what_its_jobs_cost(paper: tuple[Study, Registries]) -> None:
    """Three draws; MGSM's 250 items are 250 of 3,520 in German."""
    row = found(paper, JOBS, standard_error=0.025, draw_spread=0.02, training_spread=0.02)
    items = 0.3 / 250
    assert row["error"] == pytest.approx((items * (1 - ANEW + ANEW / 3) + 0.02**2 / 3 * 2) ** 0.5)
    assert row["error"] > 0.025
    needed = row["items_needed"] / 250
    assert items / needed * (1 - ANEW + ANEW / 3) + 0.02**2 / 3 * 2 == pytest.approx(0.025**2, rel=0.01)
    evaluated = 2 * 1.5 + 2 * 1
    assert row["items_gpu_hours"] == pytest.approx((needed - 1) * evaluated * 250 / 3520, rel=0.02)
    assert math.isinf(row["trainings_needed"])  # what the items and three draws leave is more
    assert math.isinf(row["draws_needed"])


def test_further_trainings_cost_no_answers_and_draws_do(paper: tuple[Study, Registries]) -> None:
    row = found(paper, JOBS, "mean of benchmarks", standard_error=0.0135, draw_spread=0.0, training_spread=0.012)
    more, draws = row["trainings_needed"] - 1, row["draws_needed"] - 3
    assert 0 < more < math.inf
    assert row["trainings_gpu_hours"] == pytest.approx(more * 2 * (3 + 1.5))  # of each of the three draws
    assert row["draws_gpu_hours"] == pytest.approx(draws * 2 * (30 + 6 + 3 + 1.5) / 3)
    assert row["trainings_usd"] == pytest.approx(2 * row["trainings_gpu_hours"])
    assert row["cheapest"] in ("items", "trainings")


def test_what_is_enough_needs_nothing_more(paper: tuple[Study, Registries]) -> None:
    row = found(paper, JOBS, standard_error=0.5)
    assert (row["cheapest"], row["items_needed"], row["trainings_needed"], row["draws_needed"]) == ("enough", 250, 1, 3)
    assert row["items_gpu_hours"] == row["trainings_gpu_hours"] == row["draws_gpu_hours"] == 0


def test_the_table_says_what_is_cheapest_and_what_is_not_enough_alone(paper: tuple[Study, Registries]) -> None:
    study, registries = paper
    table = expected_precision(study, registries, JOBS)
    context = Context.of(BUDGET["plan_precision"].values(study, registries, study.scoring, name="paper"))
    shown = plan_precision(context, table).shown
    assert set(shown["cheapest"]) <= {"items", "trainings", "draws", "enough", "none alone"}
    assert shown["trainings for 0.0100"].str.contains("not by this alone").any()
    several = table.groupby("lang").filter(lambda rows: len(rows) > 1)
    assert set(several.groupby("lang")["benchmark"].last()) == {"mean of benchmarks"}
