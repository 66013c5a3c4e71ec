"""An archive is checked with what it holds: also one from before metrics had names, and one whose metrics nobody has here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from polyglot.analysis.settings import Statistics
from polyglot.analysis.tables import analyse
from polyglot.core.files import write_csv, write_parquet
from polyglot.displays.context import Context
from polyglot.displays.tables import study as study_tables
from polyglot.intrinsic.metrics import METRICS, PAPER, STANDARD, Metric
from polyglot.provenance.archive.jobs import Named
from polyglot.provenance.archive.replay import replay
from polyglot.scoring.measurements import CellFiles, collect
from polyglot.scoring.scores import rank_teachers, score_cells
from polyglot.scoring.sensitivity import sensitivity
from tests.simulated import values

TEACHERS = ("good", "fair", "poor")
CELLS = [["base", "equal", teacher, lang] for teacher in TEACHERS for lang in ("de", "id")]
ANCHORS = [["base", "de"], ["base", "id"]]
MEASURED: dict[str, Any] = {"replicates": 20, "seed": 0}
SCORED: dict[str, Any] = {"alpha": 0.5, "confidence": 0.95, "recipe": "equal"}
TOLD = Metric("told", "what somebody told", better="lower")
STATISTICS = {"components": 2, "resamples": 100, "permutations": 100, "seed": 0}


def outcomes(rng: np.random.Generator, share: float) -> pd.DataFrame:
    items = pd.DataFrame({"benchmark": "mgsm", "stratum": "mgsm", "example_id": [f"{item:02d}" for item in range(40)]})
    return items.assign(correct=(rng.random(40) < share).astype(int), weight=1 / 40)


def write_inputs(folder: Path) -> dict[str, list[str]]:
    """The per-example files of a study; paths are those in the archive."""
    rng, files = np.random.default_rng(0), dict[str, list[str]]()

    def write(kind: str, name: str, frame: pd.DataFrame) -> None:
        path = f"results/{kind}/{name}.parquet"
        write_parquet(frame, folder / path)
        files.setdefault(kind, []).append(path)

    for _, _, teacher, lang in CELLS:
        name, shift = f"{teacher}-{lang}", 0.1 * TEACHERS.index(teacher)
        columns = ["prompt_distance", "response_distance", "reward", "nll", "tokens", "prompt_tokens", "response_tokens", "told"]
        frame = pd.DataFrame(rng.uniform(1, 2, size=(30, 8)) + shift, columns=columns)
        frame = frame.assign(id=[str(row) for row in range(30)], perplexity=np.exp(frame["nll"] / frame["tokens"]))
        write("diversity", name, frame[["id", "prompt_distance", "response_distance"]])
        write("reward", name, frame[["id", "reward"]])
        write("perplexity", name, frame[["id", "nll", "tokens", "perplexity", "prompt_tokens", "response_tokens"]])
        write("metrics", name, frame[["id", "told"]])
        write("students", name, outcomes(rng, 0.7 - shift))
    for _, lang in ANCHORS:
        write("base", lang, outcomes(rng, 0.4))
        write("reference", lang, outcomes(rng, 0.8))
    return files


def job(script: str, inputs: Any, outputs: Any, params: Mapping[str, Any]) -> dict[str, Any]:
    """A line of an archive's jobs."""
    named = [
        {"unnamed": [], "named": part} if isinstance(part, dict) else {"unnamed": part, "named": {}} for part in (inputs, outputs)
    ]
    line = {"id": script, "rule": script.removesuffix(".py"), "script": script, "input": named[0], "output": named[1]}
    return line | {"params": {"unnamed": [], "named": dict(params)}, "wildcards": {"study": "demo"}}


def archived(folder: Path, metrics: Sequence[Metric], scored: Sequence[Metric], *, told: bool) -> list[dict[str, Any]]:
    """What a study left: its files, and its jobs with the parameters that they were given (old ones name no metrics)."""
    files = write_inputs(folder)
    if metrics == STANDARD:
        del files["metrics"]
    absolute = {kind: [str(folder / path) for path in paths] for kind, paths in files.items()}
    arranged = CellFiles.arrange(Named([], absolute, flat=True), CELLS, ANCHORS, seeds=1, metrics=metrics)
    found = collect(arranged, **MEASURED, metrics=metrics)
    cells, replicates = score_cells(found.measurements, **SCORED, scored=scored)
    tables = {
        "results/intrinsic.csv": found.intrinsic,
        "results/evaluation.csv": found.evaluation,
        "results/gaps.csv": found.gaps,
        "results/holes.csv": found.holes,
        "results/cells.csv": cells,
        "results/teachers.csv": rank_teachers(replicates, definition="signsafe", confidence=0.95),
        "results/sensitivity.csv": sensitivity(found.measurements, **SCORED, definition="signsafe", scored=scored),
    }
    for path, frame in tables.items():
        write_csv(frame, folder / path)
    write_parquet(found.measurements, folder / "results/measurements.parquet")
    write_parquet(replicates, folder / "results/replicates.parquet")
    read = pd.read_csv(folder / "results/cells.csv")
    options: dict[str, Any] = {"confidence": 0.95, "definition": "signsafe", **({"perplexity": "median"} if told else {})}
    analysed = analyse(read, Statistics(**STATISTICS), metrics=metrics, **({"perplexity": "mean"} | options))
    for name, frame in analysed.items():
        write_csv(frame, folder / f"results/{name}.csv")
    facts = {"metrics": [metric.facts for metric in metrics]} if told else {}
    shown = values(TEACHERS, ["base"], ["equal"], 1, "signsafe") | {"function": "study.intrinsic"} | facts
    made = {kind: f"results/tables/intrinsic.{end}" for kind, end in TABLE.items()}
    paths = [folder / path for path in made.values()]
    frame = pd.read_csv(folder / "results/intrinsic.csv")
    study_tables.intrinsic(Context.of(shown, None, {"intrinsic": frame}), frame).write(*paths)
    measured = {name: f"results/{name}.csv" for name in ("intrinsic", "evaluation", "gaps", "holes")}
    measured = {"measurements": "results/measurements.parquet", **measured}
    outputs = {"cells": "results/cells.csv", "replicates": "results/replicates.parquet", "teachers": "results/teachers.csv"}
    score = SCORED | {"definition": "signsafe"} | ({"scored": [metric.facts for metric in scored]} if told else {})
    settings = {"cells": CELLS, "anchors": ANCHORS, "seeds": 1, "given_up": [], **MEASURED, **facts}
    statistics = {"statistics": STATISTICS, **options, **facts}
    return [
        job("measurements.py", files, measured, settings),
        job(
            "pg_score.py",
            {"measurements": "results/measurements.parquet", "scale": []},
            outputs | {"sensitivity": "results/sensitivity.csv"},
            score,
        ),
        job("analysis.py", ["results/cells.csv"], {name: f"results/{name}.csv" for name in analysed}, statistics),
        job("table.py", {"intrinsic": "results/intrinsic.csv"}, made, {"values": shown, "caption": ""}),
    ]


TABLE = {"csv": "csv", "markdown": "md", "latex": "tex", "html": "html"}


def test_an_archive_from_before_metrics_had_names_still_verifies(tmp_path: Path) -> None:
    lines = archived(tmp_path / "archive", STANDARD, PAPER, told=False)
    assert all("metrics" not in line["params"]["named"] for line in lines)
    assert [difference for _, difference in replay(lines, tmp_path / "archive", tmp_path / "scratch")] == [None] * 4


def test_an_archive_verifies_without_the_plugin_that_measured_and_a_changed_metric_is_seen(tmp_path: Path) -> None:
    assert "told" not in METRICS
    metrics, scored = [*STANDARD, TOLD], [*PAPER, TOLD]
    lines = archived(tmp_path / "archive", metrics, scored, told=True)
    assert [difference for _, difference in replay(lines, tmp_path / "archive", tmp_path / "scratch")] == [None] * 4
    forged = lines[1]["params"]["named"]
    forged["scored"] = [*forged["scored"][:-1], forged["scored"][-1] | {"better": "higher"}]
    ((_, difference),) = replay([lines[1]], tmp_path / "archive", tmp_path / "again")
    assert difference is not None
    assert "column 'z_told'" in difference


@pytest.mark.parametrize("name", ["told", "reward"])
def test_a_metric_is_the_same_after_it_has_been_written_down(name: str) -> None:
    metric = TOLD if name == "told" else METRICS[name]
    assert Metric(**metric.facts) == metric
