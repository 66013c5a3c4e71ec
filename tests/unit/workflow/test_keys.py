"""A key or money that is missing is said before the first job, unless all answers are known to be there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from polyglot.cluster.snakemake_inside import Waiting
from polyglot.core.sidefile import SideFile
from polyglot.engines.base import owner_of
from polyglot.registry.models import Model
from polyglot.workflow.keys import missing_keys, spent_up

MODEL = Model(
    engine="openai",
    endpoint={"url": "https://lab.example/v1", "model": "m", "api_key": "LAB_KEY"},  # type: ignore[arg-type]
    price={"prompt": 1, "completion": 2},  # type: ignore[arg-type]
)
UNSET = "https://lab.example/v1 needs a key: set the environment variable LAB_KEY"


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Waiting:
    """A job whose two answers were paid for, and whose key is gone."""
    monkeypatch.delenv("LAB_KEY", raising=False)
    requests, side = tmp_path / "requests.parquet", tmp_path / "unfinished/answers/lab/de/0.jsonl"
    pd.DataFrame({"request_id": ["a", "b"]}).to_parquet(requests)
    paid = SideFile(side, owner_of(MODEL, None))
    paid.append([{"id": "a"}, {"id": "b"}])
    paid.finish()
    params = {"teacher": MODEL.settings, "side_file": str(side), "retries": 0}
    return Waiting("ask_endpoint", params, True, (str(requests),), (str(requests),), (str(tmp_path / "0.parquet"),))


def asked(job: Waiting, *, temperature: float) -> Waiting:
    model = MODEL.model_copy(update={"sampling": MODEL.sampling.model_copy(update={"temperature": temperature})})
    return replace(job, params={**job.params, "teacher": model.settings})


def more_requests(job: Waiting) -> Waiting:
    pd.DataFrame({"request_id": ["a", "b", "c"]}).to_parquet(job.requests[0])
    return job


CHANGES: list[tuple[str, Callable[[Waiting], list[Waiting]], bool]] = [
    ("nothing", lambda job: [job], False),
    ("a setting of the answers", lambda job: [asked(job, temperature=0.1)], True),
    ("more requests", lambda job: [more_requests(job)], True),
    ("requests that are made anew", lambda job: [Waiting("render_requests", {}, True, outputs=job.requests), job], True),
    ("requests that are gone", lambda job: [replace(job, inputs=("gone.parquet",))], True),
    ("a judge's verdicts are there", lambda job: [replace(job, requests=())], False),
    ("a judge is asked otherwise", lambda job: [replace(asked(job, temperature=0.1), requests=())], True),
    ("no side file", lambda job: [replace(job, params={"teacher": MODEL.settings})], True),
]


@pytest.mark.parametrize(("change", "told"), [case[1:] for case in CHANGES], ids=[case[0] for case in CHANGES])
def test_what_was_paid_for_is_not_risked_for_a_key_that_is_missing(
    job: Waiting, change: Callable[[Waiting], list[Waiting]], told: bool, tmp_path: Path
) -> None:
    jobs = change(job)
    assert missing_keys(jobs, [MODEL]) == ([UNSET] if told else [], [])
    assert missing_keys([replace(one, here=False) for one in jobs], [MODEL]) == ([], [UNSET] if told else [])
    (tmp_path / "ledger").mkdir()
    assert spent_up(jobs, [MODEL], tmp_path / "ledger", 0.5) == []
    (tmp_path / "ledger/lab.jsonl").write_text('{"id": "a", "usd": 0.5}\n')
    said = spent_up(jobs, [MODEL], tmp_path / "ledger", 0.5)
    assert len(said) == told
    assert all("synthesis.budget: 0.5 USD are spent" in one and "raise the ceiling" in one for one in said)
    assert spent_up(jobs, [MODEL], tmp_path / "ledger", 0.51) == spent_up(jobs, [MODEL], tmp_path / "ledger", None) == []


def test_a_ceiling_stops_nothing_that_is_free(job: Waiting, tmp_path: Path) -> None:
    (tmp_path / "ledger").mkdir()
    (tmp_path / "ledger/lab.jsonl").write_text('{"id": "a", "usd": 0.5}\n')
    free = MODEL.model_copy(update={"price": None})
    assert spent_up([asked(job, temperature=0.1)], [free], tmp_path / "ledger", 0.5) == []


def test_with_its_key_nothing_is_said(job: Waiting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_KEY", "x" * 20)
    assert missing_keys([asked(job, temperature=0.1)], [MODEL]) == ([], [])
