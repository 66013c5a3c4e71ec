"""PerSyn's published means beside measured ones: a table of claims."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from polyglot.core.errors import WrongInput
from polyglot.core.files import write_csv, write_text
from polyglot.replication.persyn_means import FILE, beside, claims, own_means, published_means
from polyglot.workflow.persyn_means import show

GAPS = {
    "qwen-2.5-0.5b": {"strong": 5.62, "mix": 3.38, "car": 1.36},
    "qwen-2.5-1.5b": {"strong": 3.81, "mix": 2.84, "car": 1.42},
    "gemma-2-2b": {"strong": 4.40, "mix": 3.09, "car": 1.44},
    "qwen-2.5-3b": {"strong": 2.71, "mix": 2.70, "car": 0.92},
    "llama-3.2-3b": {"strong": 3.44, "mix": 3.06, "car": 1.82},
}
"""By how many points PerSyn's student is above each rival's, as published."""
BASE = "qwen-2.5-1.5b"


def evaluation(scores: dict[str, list[float]], se: float, tasks: list[str], base: str = BASE) -> pd.DataFrame:
    """An experiment's evaluation: teacher to the student's score on each task."""
    rows = [
        {"benchmark": task, "lang": "en", "base": base, "recipe": "equal", "model": name, "score": score, "se": se}
        for name, values in scores.items()
        for task, score in zip(tasks, values, strict=True)
    ]
    anchors = [row | {"model": name, "recipe": None} for row in rows[:1] for name in ("base", "reference")]
    return pd.DataFrame([*anchors, *rows])


def test_published_differences_are_those_of_the_paper(repository: Path) -> None:
    means = beside(published_means(repository), pd.DataFrame(columns=["student", "strategy", "mean", "se", "tasks"]))
    found = claims(means)
    gaps = found.pivot(index="student", columns="rival", values="published").round(2)
    assert gaps.to_dict("index") == GAPS
    assert (found["published"] > 0).all()
    assert set(found["verdict"]) == {"not measured"}


def test_students_of_two_studies_have_the_tasks_of_both(repository: Path) -> None:
    """As the two settings: instruction following and mathematics."""
    names = ("strong", "mix", f"car-for-{BASE}", f"persyn-for-{BASE}", "llama-3.1-8b-instruct")
    first = {name: [0.30 + 0.05 * place, 0.5] for place, name in enumerate(names)}
    second = {name: [0.6] for name in names}
    own = own_means([evaluation(first, 0.03, ["ifeval", "truthfulqa"]), evaluation(second, 0.03, ["math"])])
    assert set(own["strategy"]) == {"strong", "mix", "car", "persyn"}, "single teachers have no published mean"
    assert set(own["tasks"]) == {3}
    by = own.set_index("strategy")
    assert by.loc["persyn", "mean"] == pytest.approx(100 * (0.45 + 0.5 + 0.6) / 3)
    assert by.loc["persyn", "se"] == pytest.approx(100 * np.sqrt(3 * 0.03**2) / 3)
    found = claims(beside(published_means(repository), own)).query("student == @BASE").set_index("rival")
    assert found["difference"].round(2).to_dict() == {"strong": 5.0, "mix": 3.33, "car": 1.67}
    assert found["se"].tolist() == pytest.approx([100 * np.sqrt(6 * 0.03**2) / 3] * 3)


@pytest.mark.parametrize(
    ("persyn", "se", "verdict"), [(0.6, 0.01, "holds"), (0.4, 0.01, "does not hold"), (0.51, 0.01, "not told apart")]
)
def test_a_difference_within_the_error_is_no_verdict(repository: Path, persyn: float, se: float, verdict: str) -> None:
    own = own_means([evaluation({"strong": [0.5], f"persyn-for-{BASE}": [persyn]}, se, ["math"])])
    found = claims(beside(published_means(repository), own)).query("student == @BASE and rival == 'strong'")
    assert found["verdict"].tolist() == [verdict]


def test_means_of_different_tasks_are_not_compared() -> None:
    frames = [evaluation({"strong": [0.5]}, 0.01, ["math"]), evaluation({f"persyn-for-{BASE}": [0.5]}, 0.01, ["svamp"])]
    with pytest.raises(WrongInput, match=r"students of 'qwen-2\.5-1\.5b' were not all measured on math in en, svamp in en"):
        own_means(frames)


def study(folder: Path, text: str = "experiments: {students: {compare: routing}, main: {compare: teachers}}") -> Path:
    write_text(text, folder / "config.yaml")
    frame = evaluation({"strong": [0.5], f"persyn-for-{BASE}": [0.6]}, 0.01, ["math"])
    write_csv(frame, folder / "scores/students/evaluation.csv")
    return folder


def test_the_command_shows_published_and_own_means(repository: Path, tmp_path: Path) -> None:
    lines = show([str(study(tmp_path / "mine"))], repository, tmp_path / "out")
    assert lines[0] == "PerSyn is above its rival in 15 of 15 published pairs; here in 1 of 1 beyond the error."
    (row,) = [line for line in lines if line.startswith(f"| {BASE} ") and "holds" in line]
    assert [cell.strip() for cell in row.split("|")[2:6]] == ["strong", "+3.81", "+10.00 ± 1.41", "holds"]
    assert {file.name for file in (tmp_path / "out").iterdir()} == {"means.csv", "claims.csv", "persyn.md"}


def test_a_study_that_cannot_be_shown_is_named(tmp_path: Path, repository: Path) -> None:
    with pytest.raises(WrongInput, match=r"results/nothing is no study's folder"):
        show(["nothing"], repository)
    with pytest.raises(WrongInput, match="no experiment compares routed teachers"):
        show([str(study(tmp_path / "a", "experiments: {}"))], repository)
    (study(tmp_path / "b") / "scores/students/evaluation.csv").unlink()
    with pytest.raises(WrongInput, match="no scores of students yet; run the study first"):
        show([str(tmp_path / "b")], repository)
    (tmp_path / FILE).parent.mkdir(parents=True)
    (tmp_path / FILE).write_text("student,strategy,mean\na,persyn,many\n")
    with pytest.raises(WrongInput, match=r"means\.csv: row 1: column 'mean' holds 'many'"):
        show([], tmp_path)
