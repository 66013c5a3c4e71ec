"""How batches end: in other words, before their file is named, and with answers that are gone or cannot be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from polyglot.engines.batch_api import ENDED, batch_of
from polyglot.engines.endpoint_errors import EndpointError
from tests.batch_endpoint import BatchServer, removed
from tests.unit.engines.asking import ask_all, ledger, questions

from .test_batches import MOST, ONE, in_batches, kept
from .test_batches import batches as batches


@pytest.mark.parametrize(("said", "kind"), [("Succeeded", "completed"), ("canceled", "cancelled"), ("CANCELLED", "cancelled")])
def test_a_batch_has_ended_by_other_words_too(said: str, kind: str) -> None:
    found = batch_of(json.dumps({"id": "batch-1", "status": said}).encode())
    assert (found.status, found.ended) == (kind, True)


@pytest.mark.parametrize(
    ("said", "useful"),
    [
        ({"status": "in_progress"}, True),
        ({"status": "completed"}, True),
        ({"status": "completed", "output_file_id": "file-2"}, True),
        ({"status": "expired", "request_counts": {"total": 3, "completed": 0, "failed": 0}}, False),
        ({"status": "completed", "error_file_id": "file-3", "request_counts": {"total": 3, "failed": 3}}, False),
        ({"status": "failed"}, False),
    ],
)
def test_a_batch_that_may_have_answers_is_not_submitted_again(said: dict[str, Any], useful: bool) -> None:
    assert batch_of(json.dumps({"id": "batch-1"} | said).encode()).useful == useful


def test_rows_of_other_programs_in_the_list_are_no_obstacle(batches: BatchServer, tmp_path: Path) -> None:
    page = batches._page

    def with_others(query: dict[str, list[str]]) -> dict[str, Any]:
        said = page(query)
        others = [{"id": "batch-x", "status": None}, {"id": "batch-y", "status": 7}, {"object": "batch"}, {"id": 3}, None]
        return said | {"data": [*said["data"], *others]} if not said["has_more"] else said

    batches._page = with_others  # type: ignore[method-assign]
    assert len(ask_all(in_batches(batches.url, tmp_path), questions(3), tmp_path)) == 3
    assert set(batches.submitted.values()) == {1}


def unnamed(server: BatchServer, looks: int, **said_then: Any) -> None:
    """Make the server name the first batch's file of answers some looks later than its end.

    Args:
        said_then: what else it says until then; None leaves a field out.
    """
    look, seen = server._look, []

    def late(batch: dict[str, Any]) -> dict[str, Any]:
        said = dict(look(batch))
        if batch["id"] == "batch-1" and said["status"] in ENDED:
            seen.append(batch["id"])
            if len(seen) <= looks:
                said |= {"output_file_id": None, **said_then}
        return {name: value for name, value in said.items() if value is not None}

    server._look = late  # type: ignore[method-assign]


UNCOUNTED = {"request_counts": {"total": 0, "completed": 0, "failed": 0}}
UNDONE = {"request_counts": {"total": 3, "completed": 0, "failed": 0}}


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("completed", {}),
        ("completed", UNCOUNTED),
        ("completed", {"request_counts": None}),
        ("completed", UNDONE),
        ("expired", UNCOUNTED),
        ("cancelled", {"request_counts": None}),
    ],
)
def test_a_batch_that_names_its_file_late_is_paid_for_once(
    batches: BatchServer, tmp_path: Path, end: str, said: dict[str, Any]
) -> None:
    batches.ends = [end]
    unnamed(batches, looks=3, **said)
    if end == "cancelled":  # every second request of it
        with pytest.raises(EndpointError, match=r"was cancelled at .*: 2 answers of 3 are kept"):
            ask_all(in_batches(batches.url, tmp_path), questions(3), tmp_path)
        assert len(ledger(tmp_path)) == 2
        return
    assert len(ask_all(in_batches(batches.url, tmp_path), questions(3), tmp_path)) == 3
    assert set(batches.submitted.values()) == {1}
    assert len(ledger(tmp_path)) == 3


def test_a_batch_that_names_no_file_for_long_ends_the_job_and_is_kept(batches: BatchServer, tmp_path: Path) -> None:
    unnamed(batches, looks=10_000)
    asked = in_batches(batches.url, tmp_path)
    asked.endpoint = asked.endpoint.model_copy(update={"patience": 0.2})
    with pytest.raises(EndpointError, match=r"3 requests of batch batch-1 are answered, and has named no file.*remove .*json"):
        ask_all(asked, questions(3), tmp_path)
    assert len(kept(tmp_path)) == 3
    assert set(batches.submitted.values()) == {1}


def test_a_batch_without_counts_or_files_is_kept_too(batches: BatchServer, tmp_path: Path) -> None:
    """Its answers may be there. A restart looks for them, also where it must find the batch at the endpoint."""
    unnamed(batches, looks=40, **UNCOUNTED)
    asked = in_batches(batches.url, tmp_path)
    asked.endpoint = asked.endpoint.model_copy(update={"patience": 0.1})
    with pytest.raises(EndpointError, match=r"batch batch-1 is completed, and has named no file of answers.*remove .*json"):
        ask_all(asked, questions(3), tmp_path)
    assert len(ask_all(in_batches(batches.url, tmp_path), questions(3), tmp_path)) == 3
    assert set(batches.submitted.values()) == {1}
    assert len(ledger(tmp_path)) == 3


@pytest.mark.parametrize("said", [UNDONE | {"status": "expired"}, {"request_counts": {"total": 3, "completed": 0, "failed": 3}}])
def test_a_batch_that_says_that_none_was_answered_is_asked_again(
    batches: BatchServer, tmp_path: Path, said: dict[str, Any]
) -> None:
    unnamed(batches, looks=10_000, **said)
    asked = in_batches(batches.url, tmp_path)
    asked.endpoint = asked.endpoint.model_copy(update={"patience": 0.2})
    assert len(ask_all(asked, questions(3), tmp_path)) == 3
    assert set(batches.submitted.values()) == {2}


def test_an_answer_that_stays_unreadable_is_entered_at_the_most_that_it_can_cost(batches: BatchServer, tmp_path: Path) -> None:
    answer = batches.answer

    def broken(call: str, path: str, query: dict[str, list[str]], form: dict[str, Any]) -> tuple[int, Any]:
        status, body = answer(call, path, query, form)
        if path == "/files/file-2/content":
            first, second, *others = body.splitlines()
            body = b"\n".join([first, second[:80], *others, b""])
        return status, body

    batches.answer = broken  # type: ignore[method-assign]
    assert len(ask_all(in_batches(batches.url, tmp_path), questions(3), tmp_path)) == 3
    assert sorted(batches.submitted.values()) == [1, 1, 2]
    assert sum(row["usd"] for row in ledger(tmp_path)) == pytest.approx(3 * ONE + MOST)


def test_files_that_are_gone_are_not_paid_for_again_unasked(batches: BatchServer, tmp_path: Path) -> None:
    batches.faults["GET /files/ID/content"] = [removed]
    for _ in range(2):
        with pytest.raises(EndpointError, match=r"has no file file-2 of batch batch-1 any more.*remove .*json") as told:
            ask_all(in_batches(batches.url, tmp_path), questions(3), tmp_path)
    assert len(batches.batches) == 1
    (record,), (aside,) = tmp_path.glob("side.batches/*.json"), tmp_path.glob("ledger/submitted/*.json")
    for path in (record, aside):
        assert str(path) in str(told.value)
        path.unlink()
    assert len(ask_all(in_batches(batches.url, tmp_path, ceiling=3 * MOST), questions(3), tmp_path)) == 3
    assert set(batches.submitted.values()) == {2}
