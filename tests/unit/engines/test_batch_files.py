"""What an endpoint says of batches and in their files, whatever it looks like."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai import APIStatusError, OpenAI

from polyglot.engines.base import Answer
from polyglot.engines.batch_api import Batch, batch_of
from polyglot.engines.batch_files import outcome_of, said_together
from polyglot.engines.bodies import MalformedAnswer, Rejected
from polyglot.engines.endpoint_errors import Unanswered
from tests.batch_endpoint import serving_batches
from tests.endpoint import KEY, completion
from tests.unit.engines.asking import questions

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=8)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
)
RESPONSE = st.fixed_dictionaries({}, optional={"status_code": VALUES | st.just(200), "body": VALUES | st.just(completion("x"))})
ROWS = st.fixed_dictionaries({}, optional={"custom_id": VALUES, "response": VALUES | RESPONSE, "error": VALUES})
FIELDS = (
    "id",
    "status",
    "errors",
    "request_counts",
    "metadata",
    "output_file_id",
    "error_file_id",
    "input_file_id",
    "created_at",
)


@given(ROWS)
def test_a_row_is_an_answer_or_one_of_few_errors(row: dict[str, Any]) -> None:
    with suppress(MalformedAnswer, Rejected, APIStatusError):
        answer, _ = outcome_of(row, questions(1)[0], "http://here")
        assert answer.id == "id000"


def test_every_status_of_a_row_means_what_it_does_for_a_single_request() -> None:
    request = questions(1)[0]

    def outcome(status: Any, body: Any, **others: Any) -> Answer:
        return outcome_of({"response": {"status_code": status, "body": body}, **others}, request, "http://here")[0]

    assert [outcome(status, completion("yes")).text for status in (200, 201, "200", None)] == ["yes"] * 4
    assert outcome(200, json.dumps(completion("yes"))).text == "yes"
    with pytest.raises(Unanswered, match="batch_expired: too late"):
        outcome(0, "", error={"code": "batch_expired", "message": "too late"})
    with pytest.raises(Unanswered, match="status 0"):
        outcome(0, None)
    for body in ("no such thing", '{"error": {"message": "no such thing"}}', {"error": {"message": "no such thing"}}):
        with pytest.raises(APIStatusError, match="no such thing") as caught:
            outcome(400, body)
        assert caught.value.status_code == 400


@given(st.fixed_dictionaries({}, optional={name: VALUES | st.just("completed") for name in FIELDS}))
def test_a_batch_is_one_or_is_malformed(said: dict[str, Any]) -> None:
    try:
        found = batch_of(json.dumps(said).encode())
    except MalformedAnswer:
        return
    assert isinstance(found, Batch)
    assert isinstance(said_together(found.errors), str)
    assert found.useful in (True, False)


def test_the_official_client_reads_what_the_tests_server_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server is checked by the client's own types."""
    line = {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions"}
    body = {"model": "m", "messages": [{"role": "user", "content": "q"}]}
    with serving_batches() as server, OpenAI(base_url=server.url, api_key=KEY, _strict_response_validation=True) as client:
        content = (json.dumps(line | {"body": body}) + "\n").encode()
        file = client.files.create(file=("requests.jsonl", content), purpose="batch")
        batch = client.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h", metadata={}
        )
        states = [client.batches.retrieve(batch.id).status for _ in range(4)]
        assert states == ["validating", "in_progress", "finalizing", "completed"]
        (listed,) = client.batches.list(limit=10)
        assert listed.output_file_id is not None
        assert listed.request_counts is not None
        assert (listed.request_counts.completed, listed.error_file_id) == (1, None)
        row = json.loads(client.files.content(listed.output_file_id).text)
        assert row["response"]["body"]["choices"][0]["message"]["content"] == "answer to q"
