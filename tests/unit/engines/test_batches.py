"""Endpoints that are asked in batches, on a server that behaves as OpenAI's documentation of its Batch API says."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from polyglot.core import sidefile
from polyglot.core.errors import Foreseen
from polyglot.core.progress import Progress
from polyglot.core.sidefile import SideFile
from polyglot.engines import engine_problems
from polyglot.engines.base import Answer, Start
from polyglot.engines.batch_engine import BatchEngine
from polyglot.engines.batch_files import KeptBatch
from polyglot.engines.bodies import Counts
from polyglot.engines.endpoint_errors import EndpointError
from polyglot.engines.openai_start import start
from polyglot.engines.probe import probed
from polyglot.engines.spending import CeilingReached, Spending
from polyglot.registry.base import Registry
from polyglot.registry.models import Endpoint, Model, Price, Rates, Sampling
from tests.batch_endpoint import BatchServer, broken_off, serving_batches, status, torn, unheard
from tests.endpoint import KEY, completion
from tests.patience import wait_until
from tests.unit.engines.asking import ask_all, engine, ledger, questions

ONE = (10 * 0.5 + 4 * 1) / 1e6
"""USD of an answer at the rate of batches."""
MOST = (2 * 0.5 + 16 * 1) / 1e6
"""The same that is set aside: a byte is a token."""


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> Iterator[BatchServer]:
    monkeypatch.setenv("TEST_KEY", KEY)
    monkeypatch.setattr("polyglot.engines.openai_engine.LONGEST_WAIT", 0.05)
    with serving_batches() as server:
        yield server


def endpoint(url: str, **batch: Any) -> Endpoint:
    usual = {"url": url, "model": "m", "api_key": "TEST_KEY", "timeout": 5, "attempts": 4}
    return Endpoint.model_validate(usual | {"batch": {"poll": 0.01} | batch})


def in_batches(url: str, folder: Path, ceiling: float | None = None, **batch: Any) -> BatchEngine:
    spending = Spending(folder / "ledger", "teacher", Rates(prompt=0.5, completion=1), ceiling)
    return BatchEngine(endpoint(url, **batch), Sampling(max_new_tokens=16), spending)


def kept(folder: Path) -> list[Path]:
    """What is kept of batches."""
    return [*folder.glob("side.batches/*.json*"), *folder.glob("ledger/submitted/*")]


def test_answers_come_in_any_order_and_at_their_own_rate(batches: BatchServer, tmp_path: Path, capfd: Any) -> None:
    thinking = completion([{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Well."}])  # type: ignore[arg-type]
    batches.row = lambda body: thinking if body["messages"][-1]["content"] == "q3" else completion(body["messages"][0]["content"])
    found = ask_all(in_batches(batches.url, tmp_path), questions(6), tmp_path)
    assert [answer.text for answer in found.values()] == ["q0", "q1", "q2", "Well.", "q4", "q5"]
    assert found["id003"].thoughts == "Hm."
    assert [row["custom_id"] for row in map(json.loads, batches.files["file-1"].splitlines())] == sorted(found)
    assert sum(row["usd"] for row in ledger(tmp_path)) == pytest.approx(6 * ONE)
    assert {row["batch"] for row in ledger(tmp_path)} == {"batch-1"}
    assert "batch batch-1 is in_progress: 0 of 6 answered" in (said := capfd.readouterr().err)
    assert "batch batch-1 is completed: 6 of 6 answered" in said
    assert kept(tmp_path) == []


def test_faults_that_pass_cost_no_second_batch(batches: BatchServer, tmp_path: Path) -> None:
    batches.faults |= {
        "GET /batches": [status(500)],
        "POST /files": [unheard],
        "POST /batches": [unheard],
        "GET /batches/ID": [status(429, {"Retry-After": "0"}), status(503)],
        "GET /files/ID/content": [torn, broken_off],
    }
    found = ask_all(in_batches(batches.url, tmp_path), questions(5), tmp_path)
    assert {answer.finish_reason for answer in found.values()} == {"stop"}
    assert set(batches.submitted.values()) == {1}
    assert len(ledger(tmp_path)) == 5


def test_what_expired_failed_or_is_missing_is_asked_again_some_times(batches: BatchServer, tmp_path: Path) -> None:
    """What is refused is not; nothing is paid for rows without an answer."""
    batches.ends = ["expired", "completed"]
    ends = {"q0": "expired", "q1": None, "q2": (500, {"error": {"message": "oops"}}), "q3": (400, {"error": {"message": "no"}})}

    def row(body: dict[str, Any]) -> Any:
        asked = body["messages"][-1]["content"]
        return ends[asked] if asked in ends and (len(batches.batches) == 1 or asked == "q0") else completion("late")

    batches.row = row
    found = ask_all(in_batches(batches.url, tmp_path), questions(6), tmp_path)
    assert [answer.finish_reason for answer in found.values()] == ["failed", "stop", "stop", "refused", "stop", "stop"]
    assert found["id000"].note.startswith("no answer in 3 batches; the last: batch_expired: This request could not")
    assert dict(batches.submitted) == {"id000": 3, "id001": 2, "id002": 2, "id003": 1, "id004": 1, "id005": 1}
    assert sorted(row["id"] for row in ledger(tmp_path)) == ["id001", "id002", "id004", "id005"]


def test_a_form_that_is_rejected_is_changed_for_the_next_batch(batches: BatchServer, tmp_path: Path) -> None:
    no = {"error": {"message": "Unsupported parameter: 'max_tokens' is not supported with this model.", "param": "max_tokens"}}
    batches.row = lambda body: (400, no) if "max_tokens" in body else completion("taken")
    found = ask_all(in_batches(batches.url, tmp_path, attempts=1), questions(3), tmp_path)
    assert {answer.text for answer in found.values()} == {"taken"}
    assert len(batches.batches) == 2


def test_a_form_that_was_rejected_is_put_into_no_further_batch(batches: BatchServer, tmp_path: Path) -> None:
    def row(body: dict[str, Any]) -> tuple[int, Any]:
        assert len(batches.batches) < 9, "a batch is submitted without an end"
        (limit,) = {"max_tokens", "max_completion_tokens"} & body.keys()
        return 400, {"error": {"message": f"Unsupported parameter: {limit}", "param": limit}}

    batches.row = row
    with pytest.raises(EndpointError, match="none of the 3 requests"):
        ask_all(in_batches(batches.url, tmp_path), questions(3), tmp_path)
    assert len(batches.batches) == 2


def test_if_every_row_is_rejected_the_job_stops_and_asks_anew(batches: BatchServer, tmp_path: Path) -> None:
    batches.row = lambda body: (400, {"error": {"message": "this model reads no questions"}})
    for _ in range(2):
        with pytest.raises(EndpointError, match=r"HTTP 400.*reads no questions.*none of the 3 requests"):
            ask_all(in_batches(batches.url, tmp_path), questions(3), tmp_path)
    assert len(batches.batches) == 2
    batches.row = lambda body: "expired"
    with pytest.raises(EndpointError, match=r"gave no answer in 2 batches; the last: batch_expired"):
        ask_all(in_batches(batches.url, tmp_path, attempts=2), questions(3), tmp_path)


BROKEN = completion("", "error")
BROKEN["choices"][0]["error"] = {"message": "Upstream is down"}


@pytest.mark.parametrize(("lost", "end"), [((400, {"error": {"message": "Not this one"}}), "refused"), (BROKEN, "failed")])
def test_rows_that_are_lost_count_beside_others_that_are_answered(
    batches: BatchServer, tmp_path: Path, lost: Any, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many they are, for rows are in no order. They are stored before the batch is forgotten."""
    batches.row = lambda body: lost if body["seed"] > 4 else completion("yes")
    stored: list[int] = []
    monkeypatch.setattr(KeptBatch, "remove", lambda _: stored.append(len(SideFile(tmp_path / "side.jsonl", "owner").read())))
    asked = in_batches(batches.url, tmp_path, attempts=1)
    asked.endpoint = asked.endpoint.model_copy(update={"concurrency": 1})
    found = ask_all(asked, questions(40), tmp_path)
    assert [answer.finish_reason for answer in found.values()] == ["stop"] * 5 + [end] * 35
    assert stored == [40]


def test_a_key_at_its_end_is_no_row_s_own(batches: BatchServer, tmp_path: Path) -> None:
    said = "API key expired. Please renew the API key."
    batches.row = lambda body: (400, {"error": {"message": said}}) if body["seed"] > 4 else completion("yes")
    with pytest.raises(EndpointError, match=r"HTTP 400.*API key expired"):
        ask_all(in_batches(batches.url, tmp_path), questions(40), tmp_path)
    assert len(SideFile(tmp_path / "side.jsonl", "owner").read()) == 5


def test_a_batch_that_is_not_taken_stops_with_its_errors(batches: BatchServer, tmp_path: Path) -> None:
    batches.ends, batches.errors = (
        ["failed", "completed"],
        [{"code": "model_not_found", "message": "The model 'm' does not exist.", "param": "body.model", "line": 1}],
    )
    with pytest.raises(EndpointError, match=r"does not take batch batch-1: line 1: model_not_found: The model.*\(body.model\)"):
        ask_all(in_batches(batches.url, tmp_path), questions(3), tmp_path)
    assert kept(tmp_path) == []
    assert len(ask_all(in_batches(batches.url, tmp_path), questions(3), tmp_path)) == 3


def test_the_key_is_in_nothing_that_a_batch_says(batches: BatchServer, tmp_path: Path) -> None:
    said = completion("", "error")
    said["choices"][0]["error"] = {"message": f"bad token {KEY}"}
    batches.row = lambda body: said if body["messages"][-1]["content"] == "q1" else completion("yes")
    found = ask_all(in_batches(batches.url, tmp_path, attempts=1), questions(2), tmp_path)
    assert found["id001"].note.endswith("bad token [key]")
    batches.ends, batches.errors = ["failed"], [{"code": "invalid", "message": f"bad token {KEY}"}]
    with pytest.raises(EndpointError, match=r"does not take batch batch-2: invalid: bad token \[key\]"):
        ask_all(in_batches(batches.url, tmp_path), questions(3), tmp_path)


def test_a_batch_for_which_there_is_no_room_waits(batches: BatchServer, tmp_path: Path) -> None:
    batches.ends, batches.errors = ["failed", "failed", "completed"], [{"code": "token_limit_exceeded", "message": "Enqueued"}]
    assert len(ask_all(in_batches(batches.url, tmp_path), questions(3), tmp_path)) == 3
    assert len(batches.batches) == 3


def test_what_was_answered_before_a_batch_was_cancelled_is_kept(batches: BatchServer, tmp_path: Path) -> None:
    batches.states, batches.ends = ("in_progress", "cancelling"), ["cancelled", "completed"]
    with pytest.raises(EndpointError, match=r"batch batch-1 was cancelled at .*: 3 answers of 6 are kept\. Run"):
        ask_all(in_batches(batches.url, tmp_path), questions(6), tmp_path)
    assert len(ask_all(in_batches(batches.url, tmp_path), questions(6), tmp_path)) == 6
    assert sum(batches.submitted.values()) == 6 + 3
    assert set(batches.executed.values()) == {1}


def test_what_is_submitted_counts_for_the_ceiling_of_all_jobs_until_it_is_fetched(batches: BatchServer, tmp_path: Path) -> None:
    """A batch takes as many requests as the ceiling allows; the rest follows when their true cost is known."""
    found = ask_all(in_batches(batches.url, tmp_path, ceiling=9.5 * MOST), questions(10), tmp_path)
    assert len(found) == 10
    assert [len(batches.files[batch["input_file_id"]].splitlines()) for batch in batches.batches.values()] == [9, 1]
    here, there = (Spending(tmp_path / "ledger", name, Rates(prompt=1, completion=2), 10 * ONE + 50e-6) for name in "ab")
    here.set_aside("key", 30e-6)
    here.set_aside("key", 30e-6)
    with pytest.raises(CeilingReached, match=r"0\.00 USD are spent and 0\.00 may be under way"), there.reserved(0, 11):
        pass
    with pytest.raises(CeilingReached, match="the next batch could pass the ceiling"):
        there.set_aside("other", 21e-6)
    here.release("key")
    with there.reserved(0, 11):
        pass
    with pytest.raises(CeilingReached, match="the next batch"):
        ask_all(in_batches(batches.url, tmp_path, ceiling=10 * ONE), questions(12), tmp_path)
    assert kept(tmp_path) == []


def test_a_job_waits_for_what_batches_of_other_jobs_have_cost(
    batches: BatchServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Spending(tmp_path / "ledger", "other", Rates(prompt=1, completion=1), None)
    other.set_aside("key", 2 * MOST)
    said: list[str] = []

    def note(_: Progress, text: str) -> None:
        said.append(text)
        if "those of other jobs" in text:
            other.release("key")

    monkeypatch.setattr(Progress, "note", note)
    assert len(ask_all(in_batches(batches.url, tmp_path, ceiling=2.5 * MOST), questions(2), tmp_path)) == 2
    assert said[0] == "the ceiling allows no batch until it is known what those of other jobs have cost"


def test_an_endpoint_that_is_away_for_long_is_asked_again_by_the_next_run(batches: BatchServer, tmp_path: Path) -> None:
    batches.faults["GET /batches/ID"] = [status(503)] * 1000
    away = in_batches(batches.url, tmp_path)
    away.endpoint = away.endpoint.model_copy(update={"patience": 0.3})
    with pytest.raises(EndpointError, match=r"cannot be asked for batch batch-1 for 0 seconds; run again to go on: .*fault 503"):
        ask_all(away, questions(2), tmp_path)
    batches.faults.clear()
    assert len(ask_all(in_batches(batches.url, tmp_path), questions(2), tmp_path)) == 2
    assert len(batches.batches) == 1


def test_a_line_that_a_kill_has_torn_is_no_entry(tmp_path: Path) -> None:
    spending = Spending(tmp_path, "teacher", Rates(prompt=1, completion=1), None)
    answer = Answer("a", "", "stop", 1, 1)
    for _ in range(2):
        spending.enter(answer, Counts(1, 1), 1, 1, batch="b")
        spending.write()
        with spending.path.open("a") as file:
            file.write('{"id": "torn", "us')
    assert Spending(tmp_path, "teacher", None, None).total == pytest.approx(4e-6)
    assert spending.entered("b") == {"a"}


def test_two_processes_do_not_wait_for_the_batches_of_one_job(
    batches: BatchServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sidefile, "ENDING", 0)
    with FileLock(tmp_path / "side.lock"), pytest.raises(Foreseen, match="another process does this job"):
        ask_all(in_batches(batches.url, tmp_path), questions(2), tmp_path)
    assert not batches.batches


def test_batches_are_no_larger_than_allowed(batches: BatchServer, tmp_path: Path) -> None:
    ask_all(in_batches(batches.url, tmp_path, requests=4), questions(10), tmp_path)
    assert [len(batches.files[f"file-{place}"].splitlines()) for place in (1, 2, 3)] == [4, 4, 2]
    ask_all(in_batches(batches.url, tmp_path, megabytes=0.001), questions(30), tmp_path)
    sizes = [len(batches.files[batch["input_file_id"]]) for batch in batches.batches.values()][3:]
    assert len(sizes) > 2
    assert max(sizes) <= 1000


def test_a_service_without_batches_says_so(batches: BatchServer, tmp_path: Path) -> None:
    batches.faults["GET /batches"] = [status(404, message="Not Found")]
    with pytest.raises(EndpointError, match=r"does not speak OpenAI's batch protocol \(HTTP 404\): remove `endpoint.batch`"):
        ask_all(in_batches(batches.url, tmp_path), questions(2), tmp_path)
    assert kept(tmp_path) == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"url": "https://api.mistral.ai/v1"}, "mistral has a batch API of its own"),
        ({"url": "https://openrouter.ai/api/v1"}, "openrouter has a batch API of its own"),
        ({"preset": "vllm"}, "`vllm run-batch` reads such files offline"),
        ({"url": "https://api.deepseek.com"}, "deepseek has no batch API"),
        ({"url": "https://api.groq.com/openai/v1"}, None),
        ({"preset": "azure"}, None),
    ],
)
def test_services_that_do_not_speak_it_are_refused_by_name(tmp_path: Path, changes: dict[str, str], why: str | None) -> None:
    entry = {"engine": "openai", "endpoint": {"url": "http://here/v1", "model": "m", "batch": {}} | changes}
    (tmp_path / "models.yaml").write_text(json.dumps({"api": entry}))
    problems = list(engine_problems(Registry(tmp_path / "models.yaml", Model), ["api"]))
    assert len(problems) == (why is not None)
    assert all("key 'endpoint.batch'" in problem and str(why) in problem for problem in problems)


def test_after_an_interrupt_the_batch_goes_on_and_is_found(batches: BatchServer, tmp_path: Path, number: signal.Signals) -> None:
    batches.states = ("in_progress",) * 10_000

    def interrupt() -> None:
        wait_until(lambda: batches.calls["GET /batches/ID"] > 2)
        os.kill(os.getpid(), number)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt, match=r"what was asked goes on at .* \(batch batch-1\), and the next run"):
        ask_all(in_batches(batches.url, tmp_path), questions(3), tmp_path)
    with pytest.raises(EndpointError, match=r"requests of this job are in a batch at .*: set `endpoint.batch`"):
        ask_all(engine(batches, tmp_path), questions(3), tmp_path)  # type: ignore[arg-type]
    batches.states = ()
    assert len(ask_all(in_batches(batches.url, tmp_path), questions(3), tmp_path)) == 3
    assert set(batches.submitted.values()) == {1}


def test_batches_of_which_nothing_is_kept_here_are_found_at_the_endpoint(batches: BatchServer, tmp_path: Path) -> None:
    """By the mark that they carry, several pages down."""
    first = ask_all(in_batches(batches.url, tmp_path), questions(3), tmp_path)
    for count in (4, 5, 6, 7):
        ask_all(in_batches(batches.url, tmp_path / str(count)), questions(count), tmp_path / str(count))
    shutil.rmtree(tmp_path / "side.batches", ignore_errors=True)
    (tmp_path / "side.jsonl").unlink()
    assert ask_all(in_batches(batches.url, tmp_path), questions(3), tmp_path) == first
    assert len(batches.batches) == 5
    assert len(ledger(tmp_path)) == 3


def test_other_settings_take_no_answers_of_a_batch_under_way(batches: BatchServer, tmp_path: Path, capfd: Any) -> None:
    batches.states = ("in_progress",) * 10_000
    one = in_batches(batches.url, tmp_path)
    side = SideFile(tmp_path / "side.jsonl", "before")
    one.roll(lambda answers: None, [], side, lambda text: None)

    async def submitted() -> None:
        found = one.outcomes(questions(2))
        await found._submit()  # type: ignore[attr-defined]

    one.runner.run(submitted())
    batches.states = ()
    assert len(ask_all(in_batches(batches.url, tmp_path), questions(2), tmp_path)) == 2
    assert len(batches.batches) == 2
    assert "batch batch-1 asks with other settings" in capfd.readouterr().err


def test_a_check_says_whether_batches_are_taken(batches: BatchServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    study = {"study": "s", "synthesis": {"budget": None}}
    model = Model(engine="openai", endpoint=endpoint(batches.url).model_copy(update={"preset": "azure"}))
    shown, works = probed({"api": model}, study)
    assert works
    assert "api, batches: batches are taken; there is none yet" in shown
    batches.faults["GET /batches"] = [status(404, message="Not Found")]
    shown, works = probed({"api": model}, study)
    assert not works
    assert "api, batches: no batches:" in shown


def test_an_engine_is_started_with_the_rates_of_batches(
    batches: BatchServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    price = Price(prompt=1, completion=2, batch=Rates(prompt=0.5, completion=1))
    model = Model(engine="openai", endpoint=endpoint(batches.url), price=price)
    study = {"study": "s", "synthesis": {"budget": None}}
    started = start(Start("api", model, None, study))
    assert isinstance(started, BatchEngine)
    assert started.spending.price == price.batch
    single = model.model_copy(update={"endpoint": endpoint(batches.url).model_copy(update={"batch": None})})
    assert start(Start("api", single, None, study)).spending.price == price
    assert single.settings == model.settings  # batches run no job again
