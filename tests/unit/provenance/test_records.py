"""A job leaves a record of every attempt, cheaply, and the ledger adds them up."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from polyglot.core.files import read_json, write_parquet
from polyglot.provenance import records
from polyglot.provenance.attempts import FAILED, FINISHED, STOPPED, behind, gpus_asked, read_attempts
from polyglot.provenance.ledger import ledger_table
from polyglot.provenance.records import code_id, record_code, record_path, recorded, records_folder
from tests.simulated import by


def job(rule: str = "student", teacher: str = "good", **resources: Any) -> SimpleNamespace:
    log = [f"results/tiny/logs/{rule}/{teacher}/de/0.log"]
    wildcards = {"study": "tiny", "teacher": teacher, "lang": "de"}
    return SimpleNamespace(log=log, rule=rule, wildcards=wildcards, resources={"tmpdir": "/scratch", **resources}, threads=2)


@pytest.fixture(autouse=True)
def _in_a_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_records_lie_beside_the_logs_whatever_the_names() -> None:
    assert record_path(Path("results/logs/logs/synthesize/logs/de.log")) == Path(
        "results/logs/provenance/jobs/synthesize/logs/de.jsonl"
    )
    assert record_path(Path("/data/logs/hub/logs/lock/m.log")) == Path("/data/logs/hub/provenance/jobs/lock/m.jsonl")
    assert records_folder(Path("results/a/logs/x.log")) == Path("results/a/provenance")


def test_a_record_has_what_ran_where_and_nothing_private() -> None:
    with recorded(job(gpu=2, mem_mb=4000)):
        pass
    (attempt,) = read_attempts(record_path(Path(job().log[0])))
    assert attempt.status == FINISHED
    assert attempt.facts["code"] == code_id()
    assert attempt.facts["resources"] == {"gpu": 2, "mem_mb": 4000}
    environment = read_json(Path(f"results/tiny/provenance/environments/{attempt.facts['environment']}.json"))
    assert environment["packages"]["pandas"] == pd.__version__
    machine = read_json(Path(f"results/tiny/provenance/machines/{attempt.facts['machine']}.json"))
    assert machine["cores"] >= 1
    written = "".join(path.read_text() for path in Path("results").rglob("*.json*"))
    for private in (
        str(Path.home()) + "/",
        str(Path.cwd()),
        subprocess.run(["hostname"], capture_output=True, text=True).stdout.strip(),
    ):
        assert private not in written


def test_a_variable_that_holds_a_key_is_never_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TORCH_TOKEN", "VLLM_API_KEY", "HF_TOKEN", "TORCH_HOME"):
        monkeypatch.setenv(name, "hidden-value")
    monkeypatch.setenv("VLLM_ATTENTION_BACKEND", "seen-value")
    with recorded(job()):
        pass
    written = record_path(Path(job().log[0])).read_text()
    assert "hidden-value" not in written
    assert "seen-value" in written


def test_attempts_in_vain_stay_beside_the_one_that_finished() -> None:
    path = record_path(Path(job().log[0]))
    with recorded(job()):
        pass
    with pytest.raises(ValueError, match="broken"), recorded(job()):
        raise ValueError("broken")
    with path.open("a") as file:  # killed: no line at its end
        file.write(json.dumps({"event": "began", "at": 1.0, "rule": "student", "wildcards": {}, "resources": {}}) + "\n")
    with recorded(job()):
        pass
    attempts = read_attempts(path)
    assert [attempt.status for attempt in attempts] == [FINISHED, FAILED, STOPPED, FINISHED]
    assert [attempt.status for attempt in behind(attempts)] == [FAILED, STOPPED, FINISHED]
    assert attempts[1].facts["error"] == "ValueError"


def test_a_second_record_costs_milliseconds() -> None:
    with recorded(job()):
        pass
    took = []
    for _ in range(5):
        start = time.perf_counter()
        with recorded(job()):
            pass
        took.append(time.perf_counter() - start)
    assert min(took) < 0.02


@pytest.mark.parametrize(
    "version",
    [
        "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024\nGCC version:  gcc 12.2.0\n",
        "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.54.15  Release Build  (dvs-builder)\nGCC version:\n",
    ],
)
def test_gpus_and_their_driver_are_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr(records, "DRIVER", tmp_path / "nvidia")
    for number in (0, 1):
        path = tmp_path / f"nvidia/gpus/0000:0{number}:00.0/information"
        path.parent.mkdir(parents=True)
        path.write_text("Model: \t\t NVIDIA H200\nIRQ:   \t\t 61\nGPU UUID: \t GPU-secret\n")
    (tmp_path / "nvidia/version").write_text(version)
    with recorded(job()):
        pass
    (path,) = Path("results/tiny/provenance/machines").iterdir()
    machine = read_json(path)
    assert machine["gpus"] == ["NVIDIA H200", "NVIDIA H200"]
    assert machine["gpu_driver"] == "550.54.15"
    assert "GPU-secret" not in path.read_text()


def test_a_place_that_takes_no_record_stops_no_job(capsys: pytest.CaptureFixture[str]) -> None:
    Path("results").write_text("a file where a folder should be")
    with recorded(job()):
        done = True
    assert done
    assert "cannot write a record of this job" in capsys.readouterr().err


def test_the_code_is_known_by_its_commit_and_what_has_changed() -> None:
    def git(*arguments: str) -> None:
        names = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", *names, *arguments], check=True, capture_output=True)

    folder = Path("results/tiny/provenance")
    record_code(folder / "none", Path("/"))
    assert read_json(folder / f"none/code/{code_id()}.json")["commit"] is None
    git("init")
    Path("rule.smk").write_text("one\n")
    git("add", "rule.smk")
    git("commit", "-m", "first")
    Path("rule.smk").write_text("two\n")
    record_code(folder, Path())
    facts = read_json(folder / f"code/{code_id()}.json")
    assert len(facts["commit"]) == 40
    assert facts["dirty"] is True
    assert "+two" in facts["diff"]


@pytest.mark.parametrize(
    ("asked", "gpus"),
    [({}, 0), ({"gpu": 4}, 4), ({"gres": "gpu:h200:2"}, 2), ({"gres": "gpu:1"}, 1), ({"gpu": 0, "gres": ""}, 0)],
)
def test_gpus_are_counted_in_the_words_of_any_cluster(asked: dict[str, Any], gpus: int) -> None:
    assert gpus_asked(asked) == gpus


def test_answers_for_a_smaller_build_are_not_counted_twice() -> None:
    for size in (2, 3):
        tokens = pd.DataFrame({"prompt_tokens": [10] * size, "completion_tokens": list(range(size))})
        write_parquet(tokens, Path(f"results/tiny/build/answers/equal-{size}00/good/de/respond.parquet"))
    rows = by(ledger_table(Path("results/tiny"), usd_per_gpu_hour=None), "rule", "teacher")
    assert [rows["synthesize_build", "good"][name] for name in ("prompt_tokens", "completion_tokens")] == [30, 3]


def test_the_ledger_adds_up_attempts_gpus_tokens_and_money() -> None:
    results = Path("results/tiny")
    path = record_path(Path(job().log[0]))
    path.parent.mkdir(parents=True)
    facts = {"rule": "student", "wildcards": {"teacher": "good"}, "resources": {"gpu": 2}}
    ends = [("failed", 3600), ("finished", 7200)]
    lines = [
        line
        for status, end in ends
        for line in ({"event": "began", "at": 0, **facts}, {"event": "ended", "at": end, "status": status})
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    for name in ("student/good/de/0.tsv", "seed/de.tsv"):  # the first has a record, which counts
        timings = results / "benchmarks" / name
        timings.parent.mkdir(parents=True)
        timings.write_text("s\tmax_rss\tcpu_time\n1800\t1\t1\n")
    tokens = pd.DataFrame({"prompt_tokens": [10, 20], "completion_tokens": [1, 2]})
    for teacher in ("good", "paid"):
        write_parquet(tokens, results / f"answers/{teacher}/de/respond/0.parquet")
    (results / "ledger").mkdir()
    (results / "ledger/paid.jsonl").write_text('{"id": "a", "prompt_tokens": 100, "completion_tokens": 5, "usd": 0.5}\n' * 2)
    (results / "ledger/judge.jsonl").write_text('{"id": "a", "prompt_tokens": 7, "completion_tokens": 1, "usd": 0.1}\n')
    rows = by(ledger_table(results, usd_per_gpu_hour=3.0), "rule", "teacher")
    assert [rows["student", "good"][name] for name in ("jobs", "attempts", "hours", "gpu_hours", "usd")] == [1, 2, 3, 6, 18]
    assert rows["seed", ""]["hours"] == 0.5
    assert [rows["synthesize", "good"][name] for name in ("prompt_tokens", "completion_tokens")] == [30, 3]
    assert [rows["ask_endpoint", "paid"][name] for name in ("prompt_tokens", "usd")] == [200, 1.0]
    assert rows["reward", "judge"]["usd"] == 0.1
    assert ledger_table(Path("results/none")).empty
