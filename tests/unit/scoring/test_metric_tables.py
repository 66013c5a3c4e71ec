"""Metric tables from anywhere, and what released scores say about base and reference."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyglot.__main__ import main
from polyglot.replication.signs import recovered_anchors
from polyglot.scoring.metric_tables import read_measurements
from polyglot.scoring.scores import score_cells

METRICS: dict[str, Any] = {
    "prompt_diversity": [0.7, 0.6, 0.8, 0.5],
    "response_diversity": [0.8, 0.7, 0.9, 0.6],
    "perplexity": [4.0, 5.0, 3.0, 60.0],
    "reward": [4.0, 3.5, 4.5, 2.0],
}
CELLS = pd.DataFrame({"teacher": ["a", "a", "b", "b"], "lang": ["de", "id", "de", "id"]})
STUDENTS: dict[str, Any] = {"student_score": [0.5, 0.4, 0.6, 0.3], "base_score": 0.4, "reference_score": 0.7, "gain_se": 0.02}


def written(folder: Path, name: str, frame: pd.DataFrame) -> Path:
    path = folder / name
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")
    return path


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_one_table_with_scores_has_every_definition_it_can(tmp_path: Path, kind: str) -> None:
    measured = read_measurements([written(tmp_path, f"mine.{kind}", CELLS.assign(**METRICS, **STUDENTS))])
    cells, _ = score_cells(measured, alpha=0.5, confidence=0.95)
    assert cells["pgr_released"].to_numpy() == pytest.approx([1 / 3, 0, 2 / 3, -1 / 3])
    assert cells["gain"].to_numpy() == pytest.approx([0.1, 0, 0.2, -0.1])
    reach = 1.959963985 * 0.02
    assert (cells["gain_high"] - cells["gain"]).to_numpy() == pytest.approx([reach] * 4)
    assert cells[["pg_released", "pg_signsafe"]].notna().all(axis=None)
    assert cells["pg_paper"].isna().all()


def test_a_spreadsheets_table_scores_the_same_and_says_what_it_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame = CELLS.assign(**METRICS, **STUDENTS, note="x")
    plain = written(tmp_path, "plain.csv", frame)
    odd = tmp_path / "odd.csv"
    frame.rename(columns=str.title).to_csv(odd, index=False, sep=";", decimal=",", encoding="utf-8-sig")
    pd.testing.assert_frame_equal(read_measurements([odd]), read_measurements([plain]))
    main(["score", str(odd), "--to", str(tmp_path / "scored")])
    told = capsys.readouterr().out
    assert "columns found: teacher, lang, prompt_diversity" in told
    assert "not used: Note" in told


def test_a_table_needs_the_scored_metrics_only(tmp_path: Path) -> None:
    path = written(tmp_path, "mine.csv", CELLS.assign(reward=METRICS["reward"], **STUDENTS))
    assert "perplexity" not in read_measurements([path], scored=["reward"])
    with pytest.raises(ValueError, match=r"missing column\(s\) prompt_diversity, response_diversity, perplexity"):
        read_measurements([path])


def test_two_tables_are_joined_and_must_have_the_same_cells(tmp_path: Path) -> None:
    metrics = written(tmp_path, "metrics.csv", CELLS.assign(**METRICS))
    pgr = CELLS.assign(pgr=[1.0, 2.0, 3.0, 4.0])
    assert len(read_measurements([metrics, written(tmp_path, "pgr.csv", pgr)])) == 4
    with pytest.raises(ValueError, match=r"do not have the same cells: .*'a', 'de'"):
        read_measurements([metrics, written(tmp_path, "short.csv", pgr.iloc[1:])])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.drop(columns="lang"), r"mine\.csv: missing column\(s\) lang"),
        (lambda frame: frame.drop(columns="reward"), r"missing column\(s\) reward"),
        (lambda frame: frame[["teacher", "lang"]], "no metric"),
        (lambda frame: frame.assign(reward=["4", "good", "3", "2"]), "row 2: column 'reward' holds 'good'"),
        (lambda frame: pd.concat([frame, frame.iloc[:1]]), r"row 5: duplicate row of \(a, de\)"),
    ],
)
def test_a_broken_table_is_named(tmp_path: Path, change: object, message: str) -> None:
    path = written(tmp_path, "mine.csv", change(CELLS.assign(**METRICS)))  # type: ignore[operator]
    with pytest.raises(ValueError, match=message):
        read_measurements([path])


@pytest.mark.parametrize("kind", ["csv", "tsv", "parquet"])
def test_a_space_beside_a_name_makes_no_other_teacher(tmp_path: Path, kind: str) -> None:
    frame = CELLS.assign(teacher=["a ", " a", "b\u00a0", "b"], lang=["de", "id\t", "de", " id"], **METRICS)
    found = read_measurements([written(tmp_path, f"mine.{kind}", frame)])
    pd.testing.assert_frame_equal(found[["teacher", "lang"]], CELLS, check_dtype=False)
    pgr = written(tmp_path, f"pgr.{kind}", CELLS.assign(pgr=1.0))
    assert len(read_measurements([tmp_path / f"mine.{kind}", pgr])) == 4
    with pytest.raises(ValueError, match=r"row 2: duplicate row of \(a, de\)"):
        read_measurements([written(tmp_path, f"twice.{kind}", frame.assign(lang="de"))])


def test_the_command_ranks_a_colleagues_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, "mine.csv", CELLS.assign(**METRICS, **STUDENTS))
    monkeypatch.setattr(sys, "argv", ["polyglot", "score", str(path), "--to", str(tmp_path / "out")])
    main()
    assert "definition: signsafe" in capsys.readouterr().out
    teachers = pd.read_csv(tmp_path / "out/teachers.csv")
    assert set(teachers["teacher"]) == {"a", "b"}
    assert len(pd.read_csv(tmp_path / "out/cells.csv")) == 4
    only_metrics = written(tmp_path, "metrics.csv", CELLS.assign(**METRICS))
    monkeypatch.setattr(sys, "argv", ["polyglot", "score", str(only_metrics), "--to", str(tmp_path / "out")])
    with pytest.raises(SystemExit, match="no PG-Score follows"):
        main()
    monkeypatch.setattr(sys, "argv", ["polyglot", "score", str(path), "--to", str(tmp_path), "--definition", "paper"])
    with pytest.raises(SystemExit, match="'paper' does not follow"):
        main()


@given(
    base=st.floats(0.1, 0.9),
    gap=st.floats(0.01, 0.5) | st.floats(-0.5, -0.01),
    scores=st.lists(st.integers(0, 1000), min_size=3, max_size=10, unique=True),
)
def test_base_and_reference_follow_from_scores_and_pgrs(base: float, gap: float, scores: list[int]) -> None:
    student = np.array(scores) / 1000
    frame = pd.DataFrame({"base": "b", "teacher": "t", "lang": "de", "student_score": student, "student_se": np.nan})
    found = recovered_anchors(frame.assign(pgr=(student - base) / gap)).iloc[0]
    assert found["recovered"]
    assert found["base_score"] == pytest.approx(base, abs=1e-6)
    assert found["gap"] == pytest.approx(gap, rel=1e-5)
    assert found["above_base"] == (student > base + 1e-9).sum()


def test_scores_and_pgrs_that_do_not_belong_together_give_no_anchors() -> None:
    frame = pd.DataFrame({"base": "b", "teacher": list("tuvw"), "lang": "ja", "student_score": [0.1, 0.2, 0.3, 0.4]})
    found = recovered_anchors(frame.assign(student_se=np.nan, pgr=[0.5, 0.1, 0.9, 0.2])).iloc[0]
    assert not found["recovered"]
    assert np.isnan(found["base_score"])
    alike = frame.assign(student_se=np.nan, student_score=0.3, pgr=0.5)
    assert not recovered_anchors(alike).iloc[0]["recovered"]
