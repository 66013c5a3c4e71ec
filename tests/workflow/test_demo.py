"""The embedded study finds what is known by construction, and its files hold what they promise."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml

from polyglot.core.text import normalise
from polyglot.displays import catalogue as displays
from polyglot.evaluation.items import benchmark_questions
from polyglot.nano.world import World

from .conftest import Workplace

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def results(demo: Workplace) -> Path:
    return demo.folder / "results/demo"


def test_the_planted_teachers_come_in_their_true_order(results: Path) -> None:
    """The validity check: on average and in every language, by the sign-safe score."""
    checks = pd.read_csv(results / "analysis/truth.csv")
    ours = checks[checks["definition"] == "signsafe"]
    assert set(ours["lang"]) == {"all", "de", "id", "ar"}
    assert ours["holds"].all(), ours[~ours["holds"]].to_string()
    board = pd.read_csv(results / "tables/leaderboard.csv")
    assert board["teacher"].iloc[0] == "thorough"
    assert board["p_first"].iloc[0] > 0.9


def test_the_german_specialist_comes_closest_to_the_best_in_german(results: Path) -> None:
    cells = pd.read_csv(results / "scores/main/cells.csv").set_index(["teacher", "lang"])["pg_signsafe"]
    behind = {lang: cells["thorough", lang] - cells["germanist", lang] for lang in ("de", "id", "ar")}
    assert behind["de"] < min(behind["id"], behind["ar"])


def test_the_planted_differences_are_in_the_data(results: Path) -> None:
    """The micro-world's own verdict on the pairs, which no score has seen."""
    oracle = pd.read_csv(results / "analysis/oracle.csv").query("method == 'respond'").set_index(["teacher", "lang"])["right"]
    for lang in ("de", "id", "ar"):
        assert oracle["thorough", lang] > oracle["careless", lang] + 0.2
        assert oracle["thorough", lang] > oracle["hasty", lang] + 0.2
    assert oracle["germanist", "de"] > max(oracle["germanist", "id"], oracle["germanist", "ar"]) + 0.2


def test_the_reference_is_several_standard_errors_above_its_base(results: Path) -> None:
    gaps = pd.read_csv(results / "scores/main/gaps.csv")
    assert len(gaps) == 3
    assert (gaps["gap"] > 3 * gaps["gap_se"]).all(), gaps.to_string()
    assert not gaps["flagged"].any()


def test_every_request_has_an_answer_and_only_good_ones_train(results: Path) -> None:
    statuses = pd.read_csv(results / "analysis/synthesis_yield.csv")
    assert (statuses.groupby(["teacher", "lang", "method"])["count"].sum() == 200).all()
    for path in (results / "sft").rglob("*.parquet"):
        _, teacher, lang, seed = path.relative_to(results / "sft").with_suffix("").parts
        answers = pd.concat(
            pd.read_parquet(results / f"synthetic/{teacher}/{lang}/{method}/{seed}.parquet")
            for method in ("generate", "translate", "respond")
        )
        assert answers["text"].notna().all()
        assert answers["status"].eq("ok").equals(answers["problem"].isna())
        training = pd.read_parquet(path)
        assert set(training["id"]) <= set(answers.loc[answers["status"] == "ok", "request_id"])


def test_requests_are_the_same_for_every_teacher(results: Path) -> None:
    asked = set(pd.read_parquet(results / "requests/de/translate/0.parquet")["request_id"])
    for teacher in ("thorough", "hasty", "germanist", "careless"):
        assert set(pd.read_parquet(results / f"synthetic/{teacher}/de/translate/0.parquet")["request_id"]) == asked


def test_no_training_set_holds_a_benchmark_item(results: Path) -> None:
    """Teachers may write one by chance: it is kept with a status, and no student sees it."""
    for lang in ("de", "id", "ar"):
        by_benchmark = benchmark_questions((results / "tasks").glob(f"*/{lang}"))
        questions = {normalise(question) for texts in by_benchmark.values() for question in texts}
        assert len(questions) > 100
        for path in (results / "sft").glob(f"*/*/{lang}/*.parquet"):
            assert not questions & {normalise(prompt) for prompt in pd.read_parquet(path)["prompt"]}
    assert "benchmark_item" in set(pd.read_csv(results / "analysis/synthesis_yield.csv")["status"])


def test_no_pre_training_text_holds_a_benchmark_item(results: Path, world: World) -> None:
    for lang in world.languages:
        corpus = pd.read_parquet(results / f"nano/corpus/{lang}.parquet")
        text = "\n".join([*corpus["completion"], *(turn["content"] for turns in corpus["messages"] for turn in turns)])
        seeds = set(pd.read_parquet(results / f"seed/{lang}.parquet")["prompt"])
        for path in (results / "tasks").glob(f"*/{lang}/test.jsonl"):
            for line in path.read_text(encoding="utf-8").splitlines():
                row = json.loads(line)
                question = row.get("question") or row.get("prompt") or row["text"]
                assert question not in text
                assert question not in seeds


def test_outcomes_are_kept_by_example(results: Path) -> None:
    outcomes = pd.read_parquet(results / "evaluation/anchors/nano-reference/ar.parquet")
    assert set(outcomes["benchmark"]) == {"global-mmlu-lite", "m-rewardbench", "mgsm"}
    assert not outcomes.duplicated(["benchmark", "example_id"]).any()
    evaluation = pd.read_csv(results / "scores/main/evaluation.csv").query("lang == 'ar' and model == 'reference'")
    scores = (outcomes["weight"] * outcomes["correct"]).groupby(outcomes["benchmark"]).sum()
    assert evaluation.set_index("benchmark")["score"].to_dict() == pytest.approx(scores.to_dict())


def test_the_configuration_in_force_is_saved_with_every_default(results: Path) -> None:
    saved = yaml.safe_load((results / "config.yaml").read_text())
    assert saved["synthesis"]["batch_size"] == 64
    assert saved["study"] == "demo"
    assert saved["models"]["careless"]["pretraining"]["corruption"] == 0.5
    made = [path for part in ("nano", "seed", "models", "requests") for path in (results / part).rglob("*") if path.is_file()]
    assert (results / "config.yaml").stat().st_mtime <= min(path.stat().st_mtime for path in made)


def test_figures_and_the_cost_of_every_rule_are_there(results: Path) -> None:
    for name in displays.FIGURES:
        assert (results / f"figures/{name}.pdf").read_bytes().startswith(b"%PDF")
        assert (results / f"figures/{name}.png").read_bytes().startswith(b"\x89PNG")
    cost = pd.read_csv(results / "analysis/resources.csv").set_index("rule")
    assert cost.loc["student", "jobs"] == 12
    assert (cost.loc[["nano_pretrain", "evaluate_student", "diversity"], "memory_mb"] < 3000).all()


def test_the_report_is_one_page_with_captions_that_quote_the_configuration(demo: Workplace) -> None:
    demo.snakemake("--report", "results/demo/report.html")
    page = (demo.folder / "results/demo/report.html").read_text(encoding="utf-8")
    assert "Do the scores find which of four nano teachers" in page
    assert "200 requests each" in page
    assert "95% bootstrap intervals over examples, items and, where there are several, seeds or trainings" in page
