"""What tables and figures are made from: yield, prices, methods, the oracle, the validity check, the cost of jobs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from polyglot.analysis.settings import Truth
from polyglot.analysis.tables import method_table, methods_by_students, price_table, yield_table
from polyglot.analysis.truth import agreement, check_truth
from polyglot.displays.table import page
from polyglot.intrinsic.metrics import METRICS, STANDARD
from polyglot.nano.oracle import grade
from polyglot.nano.world import World
from polyglot.provenance.timings import job_seconds, mean_costs, resource_table, synthesis_seconds
from polyglot.scoring.scores import score_cells

Study = tuple[pd.DataFrame, pd.DataFrame]


@pytest.fixture(scope="module")
def study() -> Study:
    """Cells and replicates of three made-up teachers in two languages."""
    rng = np.random.default_rng(0)
    rows = []
    for replicate in range(101):
        for place, teacher in enumerate(("good", "middling", "bad")):
            for lang, reference in (("de", 0.5), ("id", 0.8)):
                noise = rng.normal(scale=0.02, size=6) if replicate else np.zeros(6)
                student = 0.7 - 0.1 * place + noise[0]
                rows.append(
                    {
                        "replicate": replicate,
                        "base": "b",
                        "recipe": "equal",
                        "teacher": teacher,
                        "lang": lang,
                        "prompt_diversity": 0.6 + noise[1],
                        "response_diversity": 0.6 + noise[2],
                        "reward": 4 - place + noise[3],
                        "perplexity": 2 + place + noise[4],
                        "student_score": student,
                        "base_score": 0.5,
                        "reference_score": reference,
                        "gain": student - 0.5,
                        "gain_se": 0.02,
                        "gap": reference - 0.5,
                        "gap_se": 0.02,
                        "pgr_released": (student - 0.5) / 0.3,
                        "pgr_paper": (student - 0.5) / 0.3,
                    }
                )
    return score_cells(pd.DataFrame(rows), alpha=0.5, confidence=0.95)


def test_yield_counts_every_answer() -> None:
    answers = pd.DataFrame({"teacher": "t", "lang": "de", "method": "respond", "status": ["ok"] * 3 + ["empty"]})
    table = yield_table(answers).set_index("status")
    assert table["share"].to_dict() == {"empty": 0.25, "ok": 0.75}
    assert set(table["requests"]) == {4}


def test_the_oracle_grades_pairs(world: World) -> None:
    pair = world.pair(world.items[100], "de")
    wrong = world.response(pair.item, "de", pair.wrong[0])
    answers = pd.DataFrame(
        {
            "teacher": "t",
            "lang": "de",
            "method": "respond",
            "status": ["ok", "ok", "ok", "empty"],
            "prompt": [pair.prompt, pair.prompt, "Wie geht es dir?", None],
            "response": [pair.response, wrong, "Gut.", None],
        }
    )
    found = grade(world, answers)[["usable", "known", "right"]]
    assert found.to_numpy(dtype=float).ravel() == pytest.approx([3, 2 / 3, 1 / 3])


def test_the_validity_check_compares_planted_orders(study: Study) -> None:
    cells, replicates = study
    oracle = pd.DataFrame(
        [(teacher, lang, "respond", 10, 1.0, share) for teacher, share in (("good", 0.9), ("middling", 0.5), ("bad", 0.1))
         for lang in ("de", "id")],
        columns=["teacher", "lang", "method", "usable", "known", "right"],
    )  # fmt: skip
    truth = Truth(above=[("good", "bad")], above_in={"de": [("bad", "good")]})
    checks = check_truth(truth, replicates, oracle, confidence=0.95)
    assert checks.query("lang == 'all'")["holds"].all()
    assert not checks.query("lang == 'de'")["holds"].any()
    assert checks["certain"].all()
    agreed = agreement(cells, oracle).set_index("quantity")["spearman"]
    assert agreed["reward"] > 0.9
    assert agreed["perplexity"] > 0.9
    assert "prompt_tokens" not in agreed  # neither end of a length is the better
    further = [*STANDARD, METRICS["compression_ratio"], METRICS["distinct_2"]]
    worse = cells.assign(compression_ratio=-cells["reward"], distinct_2=cells["reward"], prompt_tokens=1.0)
    found = agreement(worse, oracle, further).set_index("quantity")["spearman"]
    assert found["compression_ratio"] == found["distinct_2"] == agreed["reward"]


def test_prices_count_every_request_and_what_it_wrote() -> None:
    answers = pd.DataFrame(
        {
            "teacher": "t",
            "lang": ["de", "de", "id"],
            "status": ["ok", "empty", "ok"],
            "prompt_tokens": [10, 10, 20],
            "completion_tokens": [5, 0, 7],
        }
    )
    found = price_table(answers, {("t", "de"): 12.0})
    counts = found[["lang", "requests", "usable", "prompt_tokens", "completion_tokens"]].to_numpy().tolist()
    assert counts == [["de", 2, 1, 20, 5], ["id", 1, 1, 20, 7]]
    assert found["seconds"].isna().to_list() == [False, True]
    assert found["usd"].isna().all()
    priced = price_table(answers, {}, {"t": (1.0, 2.0)})["usd"]
    assert priced.tolist() == pytest.approx([30e-6, 34e-6])
    assert price_table(answers, {}, {"t": (0.0, 0.0)})["usd"].tolist() == [0, 0]


def test_methods_are_compared_by_data_and_by_students(study: Study) -> None:
    answers = pd.DataFrame({"teacher": "good", "lang": "de", "method": ["respond"] * 4, "status": ["ok", "ok", "ok", "empty"]})
    rated = pd.DataFrame({"teacher": "good", "lang": "de", "method": "respond", "reward": [4.0, 2.0, np.nan]})
    by_data = method_table(answers, rated).iloc[0]
    assert by_data[["usable_share", "reward", "examples", "source"]].tolist() == [0.75, 3.0, 2, "data"]
    by_students = methods_by_students(study[0].assign(recipe="respond-150"), {"respond-150": "respond"}, "signsafe")
    assert set(by_students["method"]) == {"respond"}
    assert by_students["pg"].tolist() == study[0]["pg_signsafe"].tolist()
    assert set(by_students.columns) == set(by_data.index)


def test_screening_jobs_are_counted_apart(tmp_path: Path) -> None:
    for name in ("synthesize/a/de/0", "synthesize/a/de/1", "synthesize/a/de/0-screen", "student/b/equal/a/de/0"):
        path = tmp_path / f"{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("s\tmax_rss\tcpu_time\n10\t100\t-\n")
    assert synthesis_seconds(tmp_path / "synthesize") == {("a", "de"): 20.0}
    assert synthesis_seconds(tmp_path / "synthesize", screened=True) == {("a", "de"): 10.0}
    jobs = job_seconds(tmp_path).set_index(["rule", "screened"])["jobs"]
    assert jobs.to_dict() == {("synthesize", False): 2, ("synthesize", True): 1, ("student", False): 1}


def test_the_cost_of_a_measurement_is_the_mean_over_a_studys_own_training_sets(tmp_path: Path) -> None:
    timings = {"gradients/b/equal/t/de/0": 2.0, "gradients/b/equal/t/id/0": 4.0, "gradients/other/equal/t/id/0": 100.0}
    timings |= {"reward/equal/t/de/0": 1.0, "reward/equal/t/de/0-screen": 50.0, "reward/equal-50/t/de/0": 50.0}
    for name, seconds in timings.items():
        path = tmp_path / f"benchmarks/{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"s\tmax_rss\tcpu_time\n9\t100\t{seconds}\n")
    record = tmp_path / "provenance/jobs/gradients/b/equal/t/de/0.jsonl"
    record.parent.mkdir(parents=True)
    began = {"event": "began", "at": 0.0, "resources": {"gpu": 2}}
    record.write_text("\n".join(map(json.dumps, (began, {"event": "ended", "at": 1800.0, "status": "finished"}))) + "\n")
    found = mean_costs(tmp_path, ["reward", "gradients", "student"], "equal", "b")
    assert found.to_dict("list") == {
        "rule": ["reward", "gradients"],
        "jobs": [1, 2],
        "cpu_seconds": [1.0, 3.0],
        "gpu_hours": [0.0, 0.5],  # one hour with two GPUs, and a job without a record
    }


def test_resources_are_summed_by_rule(tmp_path: Path) -> None:
    for name, seconds in (("train/a", 10.0), ("train/b", 20.0), ("score", 1.0)):
        path = tmp_path / f"{name}.tsv"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"s\tmax_rss\tcpu_time\n{seconds}\t100\t-\n")
    table = resource_table(tmp_path).set_index("rule")
    assert table[["jobs", "seconds", "seconds_max"]].to_numpy().tolist() == [[2, 30, 20], [1, 1, 1]]
    assert list(table.index) == ["train", "score"]
    assert resource_table(tmp_path / "nothing").empty


def test_pages_are_self_contained() -> None:
    text = page("| a |\n| - |\n| 1 |\n", title="T")
    assert "<table>" in text
    assert "http" not in text.replace("http-equiv", "")
