"""Tables and figures: flags are visible, the same data give the same bytes, what is not known is not shown."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from polyglot import figures
from polyglot.configuration import Truth
from polyglot.nano.oracle import grade
from polyglot.nano.world import World
from polyglot.scores import gap_flags, rank_teachers, score_cells
from polyglot.tables import FLAG, leaderboard, leaderboard_markdown, page, resource_table, yield_table
from polyglot.truth import agreement, check_truth, truth_markdown

Study = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]


@pytest.fixture(scope="module")
def study() -> Study:
    """Cells, teachers, gaps and replicates of three made-up teachers in two languages; German is flagged."""
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
                        "teacher": teacher,
                        "lang": lang,
                        "prompt_diversity": 0.6 + noise[1],
                        "response_diversity": 0.6 + noise[2],
                        "reward": 4 - place + noise[3],
                        "perplexity": 2 + place + noise[4],
                        "student": student,
                        "base": 0.5,
                        "reference": reference,
                        "gain": student - 0.5,
                        "gain_se": 0.02,
                        "gap": reference - 0.5,
                        "gap_se": 0.02,
                        "pgr_released": (student - 0.5) / 0.3,
                        "pgr_paper": (student - 0.5) / 0.3,
                        "standardised_gain": (student - 0.5) / 0.02,
                    }
                )
    cells, replicates = score_cells(pd.DataFrame(rows), alpha=0.5, confidence=0.95)
    gaps = gap_flags(cells.drop_duplicates("lang")[["lang", "base", "reference", "gap", "gap_se"]])
    return cells, rank_teachers(cells, replicates, definition="signsafe", confidence=0.95), gaps, replicates


LABELS = figures.Labels({"good": "Good"}, {"de": "German", "id": "Indonesian"}, ["de"])


def test_leaderboard_shows_order_intervals_and_flags(study: Study) -> None:
    cells, teachers, gaps, _ = study
    table = leaderboard(teachers, cells, gaps, definition="signsafe", labels={"good": "Good"})
    assert list(table["teacher"]) == ["good", "middling", "bad"]
    assert set(table["flagged"]) == {"de"}
    text = leaderboard_markdown(table, gaps, confidence=0.95)
    assert f"de {FLAG}" in text
    assert f"id {FLAG}" not in text
    assert "95% bootstrap interval" in text
    assert "distrust PGR there" in text
    assert "+0.000 ± 0.020" in text


def test_leaderboard_without_base_and_reference_says_so(study: Study) -> None:
    cells, teachers, _, _ = study
    bare = cells.drop(columns="gain")
    table = leaderboard(teachers, bare, None, definition="signsafe", labels={})
    assert set(table["flagged"]) == {"unknown"}
    assert "no language flagged" in leaderboard_markdown(table, None, confidence=0.95)


@pytest.mark.parametrize("name", ["pg_score", "intrinsic_extrinsic", "gain", "synthesis_yield"])
def test_the_same_data_give_the_same_bytes(study: Study, name: str, tmp_path: Path, repository: Path) -> None:
    cells, teachers, _, _ = study
    statuses = pd.DataFrame(
        {"teacher": ["good", "bad"] * 2, "lang": "de", "method": "respond", "status": ["ok", "ok", "empty", "truncated"]}
    )
    by_figure: dict[str, dict[str, Any]] = {
        "pg_score": {"cells": cells, "teachers": teachers, "definition": "signsafe"},
        "intrinsic_extrinsic": {"cells": cells},
        "gain": {"cells": cells, "teachers": teachers, "confidence": 0.95},
        "synthesis_yield": {"synthesis_yield": yield_table(statuses), "teachers": ["good", "bad"]},
    }
    make = partial(getattr(figures, name), **by_figure[name], labels=LABELS)
    outputs = [[tmp_path / f"{turn}.{kind}" for kind in ("pdf", "png")] for turn in (1, 2)]
    for files in outputs:
        figures.draw(make, files, style=repository / "config/figures.mplstyle", width=6, height=4, title="A title")
    for one, other in zip(*outputs, strict=True):
        assert one.read_bytes() == other.read_bytes()
        assert one.stat().st_size > 5000


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
    cells, _, _, replicates = study
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
    text = truth_markdown(checks.assign(flagged=checks["lang"] == "de"), agreement(cells, oracle))
    assert "fails" in text
    assert f"de {FLAG}" in text
    assert f"id {FLAG}" not in text


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
    assert "http" not in text
