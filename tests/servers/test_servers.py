"""Real servers as endpoints: forms of answers, limits, kills of either side; each server in turn."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from polyglot.engines.base import Answer
from polyglot.engines.endpoint_errors import EndpointError
from polyglot.engines.manners import PRESETS
from polyglot.engines.probe import probed
from polyglot.engines.transformers_engine import TransformersEngine
from polyglot.registry.models import Endpoint, Model, Sampling
from tests.endpoint import Fault, Handler, serving, status
from tests.patience import wait_for_the_end, wait_until

from .asking import GREEDY, SCHEMA, ask, engine, kept, paid, questions
from .running import REPOSITORY, RealServer

pytestmark = pytest.mark.slow
CONSTRAINED = {"llama.cpp", "vllm"}
"""Servers that let a model write nothing but what a schema allows."""
SIZES = {"llama.cpp": (200, 64), "transformers": (24, 16), "vllm": (100, 64)}
"""Requests and longest answers of a job that takes seconds, so that there is time to kill one of the two."""


def stripped(answer: Answer) -> Answer:
    return replace(answer, text=answer.text.strip())


def entry(real: RealServer, **changes: Any) -> dict[str, Any]:
    return {"url": real.url, "model": real.model, "preset": real.name, "concurrency": 4, "timeout": 60, **changes}


def test_a_server_answers_as_the_model_does_here(real: RealServer, tmp_path: Path) -> None:
    """Greedily, the same texts, ends and counts of tokens as of the engine that has the model in its own process; transformers'
    server leaves out spaces at both ends."""
    asked, sampling = questions(6), Sampling(temperature=0, max_new_tokens=16)
    here = TransformersEngine(real.folder, sampling).chat(asked)
    found = ask(engine(entry(real), tmp_path, sampling), asked, tmp_path)
    assert [stripped(found[request.id]) for request in asked] == [stripped(answer) for answer in here]


def test_a_schema_is_kept_to_where_the_server_says_so(real: RealServer, tmp_path: Path) -> None:
    """Random weights write much white space within it, so not all end. vLLM lets them write control characters in a text.
    llama.cpp's server fails at some of what its model has written: these are `failed`, and the job goes on."""
    drawn = Sampling(temperature=1.0, max_new_tokens=300 if real.name in CONSTRAINED else 16)
    found = ask(engine(entry(real, attempts=2), tmp_path, drawn), questions(12, SCHEMA), tmp_path)
    whole = [answer.text for answer in found.values() if answer.finish_reason == "stop"]
    if real.name not in CONSTRAINED:
        assert PRESETS[real.name].structure == "words"
        return
    assert len(whole) >= 4
    for pair in [json.loads(text, strict=False) for text in whole]:
        assert pair["prompt"] in ("Was?", "Wo?")
        assert isinstance(pair["response"], str)


def test_what_is_not_stated_is_found_out(real: RealServer, tmp_path: Path) -> None:
    """All fields that the preset has, for a sampling that sets all of them; nothing else is rejected."""
    sampling = Sampling(temperature=0.5, top_p=0.9, top_k=20, max_new_tokens=16)
    asking = engine(entry(real, preset=None), tmp_path, sampling)
    ask(asking, [*questions(2), *questions(2, SCHEMA)], tmp_path)
    preset = PRESETS[real.name]
    unasked = {"structure", "thinking"}
    assert asking.known.found.model_dump(exclude=unasked) == preset.model_dump(exclude=unasked)
    assert set(paid(tmp_path)) == {"text000", "text001", "pair000", "pair001"}


def test_the_check_of_teachers_says_what_works(real: RealServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what random weights write within the schema, llama.cpp's server may not be able to read any: then the table says so."""
    monkeypatch.chdir(tmp_path)
    study = {"study": "mine", "synthesis": {"budget": None}}
    endpoint = Endpoint(api_key="TEST_KEY", **entry(real, attempts=2))
    shown, works = probed({"teacher": Model(engine="openai", endpoint=endpoint, sampling=GREEDY)}, study)
    print(shown)
    assert works or (real.name == "llama.cpp" and "JSON: Error code: 500 - The model produced output" in shown)
    assert str(PRESETS[real.name].structure) in shown


def test_a_prompt_beyond_the_context_is_refused_alone(real: RealServer, tmp_path: Path) -> None:
    if real.name == "transformers":
        pytest.skip("transformers' server has no limit: it goes on beyond the context")
    long = questions(1)[0]
    long.messages[1]["content"] = "Baum und Stern " * 500
    others = questions(5)[1:]
    found = ask(engine(entry(real), tmp_path), [others[0], long, *others[1:]], tmp_path)
    assert {name for name, answer in found.items() if answer.finish_reason == "refused"} == {long.id}
    assert json.loads((tmp_path / "endpoints/teacher.json").read_text())["manners"] == PRESETS[real.name].model_dump()


def test_a_wrong_key_stops_with_one_message(real: RealServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if real.name == "transformers":
        pytest.skip("transformers' server takes any key")
    monkeypatch.setenv("TEST_KEY", "sk-wrong")
    with pytest.raises(EndpointError, match="refuses the key in the environment variable TEST_KEY"):
        ask(engine(entry(real), tmp_path), questions(1), tmp_path)


@pytest.mark.parametrize("after", ["1", None])
def test_too_many_requests_are_outlasted(real: RealServer, tmp_path: Path, after: str | None) -> None:
    """A proxy before the server, as services have one, takes none for two seconds."""
    end = time.monotonic() + 2
    storm = status(429, {"Retry-After": after} if after else {}, {"error": {"message": "requests per minute"}})

    def until_then(handler: Handler) -> None:
        if time.monotonic() < end:
            handler.server.faults[handler.asked].append(until_then)
            storm(handler)
        else:
            handler.forward(handler.server.bodies[-1])

    with serving() as proxy:
        proxy.upstream = real.url.removesuffix("/v1")
        faults: dict[str, list[Fault]] = {request.messages[-1]["content"]: [until_then] for request in questions(6)}
        proxy.faults = faults
        found = ask(engine(entry(real, url=proxy.url, attempts=2), tmp_path), questions(6), tmp_path)
    assert {answer.finish_reason for answer in found.values()} <= {"stop", "length"}
    assert sorted(paid(tmp_path)) == [request.id for request in questions(6)]


def test_a_killed_job_asks_only_for_the_rest(real: RealServer, tmp_path: Path) -> None:
    paths = os.pathsep.join([str(REPOSITORY / "scripts"), str(REPOSITORY)])
    many, longest = SIZES[real.name]
    command = [sys.executable, "-m", "tests.servers.asking", json.dumps(entry(real)), str(many), str(longest), str(tmp_path)]
    job = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": paths})
    wait_until(lambda: len(kept(tmp_path)) >= many // 4, tmp_path, job=job, every=0.002)
    job.kill()
    job.wait()
    before = kept(tmp_path)
    assert len(before) < many
    assert paid(tmp_path) == before[: len(paid(tmp_path))]
    again = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": paths})
    assert wait_for_the_end(again, tmp_path) == 0
    assert kept(tmp_path)[: len(before)] == before
    assert sorted(kept(tmp_path)) == [request.id for request in questions(many)]


def test_a_killed_server_that_is_started_again_is_outlasted(real: RealServer, tmp_path: Path) -> None:
    """However few attempts are allowed; no answer is lost, and none is paid for twice."""
    many, longest = SIZES[real.name]
    asking = engine(entry(real, attempts=3), tmp_path, Sampling(temperature=0, max_new_tokens=longest))
    failed: list[Exception] = []

    def job() -> None:
        try:
            ask(asking, questions(many), tmp_path)
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=job)
    thread.start()
    wait_until(lambda: len(kept(tmp_path)) >= many // 4, tmp_path, every=0.002)
    real.kill()
    before = kept(tmp_path)
    time.sleep(5)  # longer than three attempts take
    real.start()
    thread.join()
    assert failed == []
    assert len(before) < many
    assert kept(tmp_path)[: len(before)] == before
    assert sorted(kept(tmp_path)) == sorted(paid(tmp_path)) == [request.id for request in questions(many)]
