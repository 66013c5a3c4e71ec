"""The budget: counted by hand for a few jobs, as the assumptions say, and without GPUs where none are asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from polyglot.displays.catalogue.budget import BUDGET
from polyglot.displays.context import Context
from polyglot.displays.tables.budget import plan, plan_demands, plan_power, plan_teachers
from polyglot.planning.budget import budget, money
from polyglot.planning.power import expected_power
from polyglot.planning.work import Work, varies
from polyglot.registry import Registries
from polyglot.registry.models import Batching, Rates
from polyglot.study.configuration import Plan, Study
from polyglot.workflow.loading import load_study

PLAN = Plan(
    request_tokens=400,
    answer_tokens=600,
    example_tokens=500,
    judge_tokens=100,
    tokens_read_per_second=1000,
    tokens_written_per_second=100,
    tokens_trained_per_second=500,
    start_minutes=3,
    start_minutes_per_billion=0.5,
    usd_per_gpu_hour=2,
)


@pytest.fixture(scope="module")
def paper(repository: Path) -> tuple[Study, Registries]:
    study, registries = load_study(repository / "config/paper.yaml", repository)
    return study.model_copy(update={"plan": PLAN}), registries


def test_the_plan_says_the_smallest_gain_that_each_benchmark_can_show(paper: tuple[Study, Registries]) -> None:
    """Of MGSM's 250 items 30 % answered differently: an error of 0.035, hence 2.8 times that."""
    power = expected_power(*paper)
    mgsm = power[power["benchmark"] == "mgsm"]
    assert set(mgsm["lang"]) == {"de", "es", "ja"}
    assert mgsm["smallest_gain"].to_numpy() == pytest.approx([2.8016 * (0.3 / 250) ** 0.5] * 3, rel=1e-3)
    assert not power["assumed"].any()
    shown = plan_power(Context.of(BUDGET["plan_power"].values(*paper, paper[0].scoring, name="paper")), power)
    assert "0.097" in set(shown.shown["smallest gain"])


def test_items_of_a_folder_are_counted(paper: tuple[Study, Registries], tmp_path: Path) -> None:
    (tmp_path / "de").mkdir()
    (tmp_path / "de/test.csv").write_text("question,choices,answer\n" + 'Wo?,"[""a"", ""b""]",0\n' * 12)
    study, registries = paper
    own = study.evaluation.benchmarks["global-mmlu-lite"].model_copy(update={"folder": str(tmp_path), "hub": False})
    evaluation = study.evaluation.model_copy(update={"benchmarks": {"global-mmlu-lite": own}})
    power = expected_power(study.model_copy(update={"evaluation": evaluation, "languages": ["de"]}), registries)
    assert (power["items"].item(), bool(power["assumed"].item())) == (12, False)


def job(rule: str, gpu: int | None = None, **wildcards: str) -> dict[str, Any]:
    asked = {"gres": None, "mem_mb": 64000 if gpu else None, "runtime": 60, "slurm_partition": None}
    return {"rule": rule, "threads": 1, "wildcards": wildcards, "gpu": gpu, **asked}


def only(frame: pd.DataFrame) -> dict[str, Any]:
    assert len(frame) == 1
    return {str(key): value for key, value in frame.iloc[0].items()}


def test_a_teacher_on_gpus(paper: tuple[Study, Registries]) -> None:
    """70 billion parameters on four GPUs: 10,500 requests at 8/70 of four GPUs' throughput, after 3 + 35 minutes of loading."""
    row = only(budget([job("synthesize", 4, teacher="llama-3.1-70b-instruct", lang="de", seed="0")], *paper))
    seconds = 38 * 60 + (10_500 * 400 / 1000 + 10_500 * 600 / 100) / (4 * 8 / 70)
    assert row["tokens_read"] == 10_500 * 400
    assert row["tokens_written"] == 10_500 * 600
    assert row["gpu_hours"] == pytest.approx(4 * seconds / 3600)
    assert row["usd"] == pytest.approx(2 * row["gpu_hours"])
    assert row["engine_start"]


def test_an_endpoint_costs_its_tokens(paper: tuple[Study, Registries]) -> None:
    row = only(budget([job("synthesize", teacher="gpt-4o-mini", lang="de", seed="0")], *paper))
    assert row["usd"] == pytest.approx((10_500 * 400 * 0.15 + 10_500 * 600 * 0.60) / 1e6)
    assert row["gpu_hours"] == 0
    assert not row["engine_start"]


@pytest.mark.parametrize(("rates", "share"), [(Rates(prompt=0.075, completion=0.30), 0.5), (None, 1.0)])
def test_batches_cost_their_own_rate(paper: tuple[Study, Registries], rates: Rates | None, share: float) -> None:
    model = paper[1].models["gpt-4o-mini"]
    assert model.endpoint is not None
    assert model.price is not None
    endpoint = model.endpoint.model_copy(update={"batch": Batching()})
    asked = model.model_copy(update={"endpoint": endpoint, "price": model.price.model_copy(update={"batch": rates})})
    whole = money(paper[0].plan, model, Work(read=1e6, written=1e6), 0)
    assert money(paper[0].plan, asked, Work(read=1e6, written=1e6), 0) == pytest.approx(whole * share)


def with_retries(study: Study, retries: int, ceiling: float | None = None, **plan: float) -> Study:
    synthesis = study.synthesis.model_copy(update={"retries": retries, "budget": ceiling})
    return study.model_copy(update={"synthesis": synthesis, "plan": PLAN.model_copy(update=plan)})


def test_answers_that_are_asked_for_again_are_expected_by_a_share_and_counted_at_most(paper: tuple[Study, Registries]) -> None:
    """Two of the three methods write pairs: 7,000 answers, of which a tenth is asked for again, and a tenth of these."""
    study, registries = with_retries(paper[0], 2, unread=0.1), paper[1]
    row = only(budget([job("synthesize", teacher="gpt-4o-mini", lang="de", seed="0")], study, registries))
    assert (row["requests"], row["requests_most"]) == (pytest.approx(10_500 + 700 + 70), 10_500 + 14_000)
    assert row["tokens_written"] == pytest.approx(11_270 * 600)
    assert row["tokens_read_most"] == pytest.approx(24_500 * 400)
    assert row["usd"] == pytest.approx(11_270 * (400 * 0.15 + 600 * 0.60) / 1e6)
    assert row["usd_most"] == pytest.approx(24_500 * (400 * 0.15 + 600 * 0.60) / 1e6)
    asked = job("synthesize", 4, teacher="llama-3.1-70b-instruct", lang="de", seed="0")
    once, again = only(budget([asked], *paper)), only(budget([asked], study, registries))
    assert once["gpu_hours"] == once["gpu_hours_most"] < again["gpu_hours"] < again["gpu_hours_most"]


def test_a_teacher_that_would_answer_the_same_is_asked_once(paper: tuple[Study, Registries]) -> None:
    teacher = paper[1].models["llama-3.1-70b-instruct"]
    greedy = teacher.model_copy(update={"sampling": teacher.sampling.model_copy(update={"temperature": 0})})
    assert varies(teacher)
    assert varies(greedy)  # other requests of a batch change rounding
    assert not varies(greedy.model_copy(update={"engine": "transformers", "gpus": 0}))


@pytest.mark.parametrize(
    ("ceiling", "said"),
    [(4.0, "the study will stop there"), (8.0, "the study may stop there"), (20.0, "10.29 at most."), (None, None)],
)
def test_the_plan_holds_its_cost_against_the_ceiling(
    paper: tuple[Study, Registries], ceiling: float | None, said: str | None
) -> None:
    study, registries = with_retries(paper[0], 2, ceiling, unread=0.1), paper[1]
    table = budget([job("synthesize", teacher="gpt-4o-mini", lang="de", seed="0")], study, registries)
    context = Context.of(BUDGET["plan"].values(study, registries, study.scoring, name="paper"))
    found = plan(context, table)
    assert found.shown["requests"].iloc[0] == "11,300 (at most 24,500)"
    assert found.shown["USD"].iloc[0] == "4.73 (at most 10.3)"
    notes = [note for note in found.notes if note.startswith("Ceiling")]
    assert [said in note for note in notes if said] == [True] * bool(said)
    assert bool(notes) == (ceiling is not None)


def test_gpus_that_are_asked_for_by_their_type(paper: tuple[Study, Registries]) -> None:
    asked = job("synthesize", teacher="command-a", lang="de", seed="0") | {"gres": "gpu:h200:4"}
    assert only(budget([asked], *paper))["gpus"] == 4


def test_a_screening_sample_is_its_own_size(paper: tuple[Study, Registries]) -> None:
    row = only(budget([job("synthesize", 1, teacher="gemma-3-4b-it", lang="de", seed="0-screen")], *paper))
    assert row["tokens_written"] == paper[0].screen.requests * 600


def test_a_student(paper: tuple[Study, Registries]) -> None:
    """5,000 examples, two epochs, of 500 tokens; the weights of 7 billion parameters stay."""
    named = {"base": "olmo-3-7b", "recipe": "equal-5k", "teacher": "command-a", "lang": "de", "seed": "0"}
    row = only(budget([job("student", 2, **named)], *paper))
    assert row["tokens_trained"] == 5000 * 2 * 500
    assert row["gpu_hours"] == pytest.approx(2 * (6.5 * 60 + 5_000_000 / (500 * 2 * 8 / 7)) / 3600)
    assert row["disk_gb"] == pytest.approx(14)
    study, registries = paper
    training = study.training.model_copy(update={"precision": "float32"})
    precise = study.model_copy(update={"training": training})
    assert only(budget([job("student", 2, **named)], precise, registries))["disk_gb"] == pytest.approx(28)


def test_a_judge_writes_and_a_reward_model_does_not(paper: tuple[Study, Registries]) -> None:
    named = {"recipe": "equal", "teacher": "command-a", "lang": "de", "seed": "0"}
    assert only(budget([job("reward", 1, **named)], *paper))["tokens_written"] == 10_000 * 100
    study, registries = paper
    reward = study.intrinsic.reward.model_copy(update={"kind": "reward_model"})
    scored = study.model_copy(update={"intrinsic": study.intrinsic.model_copy(update={"reward": reward})})
    assert only(budget([job("reward", 1, **named)], scored, registries))["tokens_written"] == 0


def test_rules_without_a_model_count_as_jobs_only(paper: tuple[Study, Registries]) -> None:
    row = only(budget([job("table", table="leaderboard")], *paper))
    assert row["gpu_hours"] == row["usd"] == row["disk_gb"] == 0
    assert not row["engine_start"]


def test_the_tables_add_up(paper: tuple[Study, Registries]) -> None:
    named = {"base": "olmo-3-7b", "recipe": "equal", "lang": "de", "seed": "0"}
    teachers = ("command-a", "gemma-3-4b-it")
    jobs = [job("synthesize", 4, teacher=teacher, lang="de", seed="0") for teacher in teachers]
    jobs += [job("student", 2, teacher=teacher, **named) for teacher in teachers]
    jobs += [job("hub_model", model="command-a")]
    table = budget(jobs, *paper)
    context = Context.of(BUDGET["plan"].values(*paper, paper[0].scoring, name="paper"))
    by_rule = plan(context, table).data
    total = by_rule[by_rule["rule"] == "total"].iloc[0]
    assert total["jobs"] == 5
    assert total["gpu_hours"] == pytest.approx(table["gpu_hours"].sum())
    by_teacher = plan_teachers(context, table).data
    assert set(by_teacher["teacher"]) == {*teachers, "total"}
    assert by_teacher["jobs"].iloc[-1] == 4
    asked = plan_demands(context, table).data.set_index("rule")
    assert asked.loc["synthesize", "gpus_max"] == 4
    assert asked.loc["student", "gpus_min"] == 2
