"""An engine that the jobs of a submission share: started once, found by the others, started again after a crash, and ended.

The server is a stand-in on a real socket; with vLLM's own, see tests/vllm/test_served.py.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Timer
from typing import Any

import numpy as np
import pytest

from polyglot.core.sidefile import SideFile
from polyglot.core.starter import begin, environment
from polyglot.core.submission import VARIABLE, Submission, current_submission
from polyglot.engines import ENGINES
from polyglot.engines.base import Request, Start, answer_all
from polyglot.engines.served import ServedEmbedder, ServedEngine
from polyglot.engines.server import Place, Served, ServerError, SharedServer
from polyglot.engines.server_keeper import command_line, options
from polyglot.models.context import ContextError
from polyglot.models.tokenization import load_tokenizer
from polyglot.registry.models import Model, Sampling

from ...standin import CONTEXT, install

MODEL = Model(folder="x", engine="vllm", context=512, sampling=Sampling(temperature=0.3, top_p=0.8, top_k=5, max_new_tokens=9))


def request(name: str, content: str = "", **more: Any) -> Request:
    return Request(name, [{"role": "user", "content": content or f"question {name}"}], **({"seed": 1} | more))


def eventually(true: Callable[[], bool], timeout: float = 30) -> None:
    end = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < end, "it does not come true"
        time.sleep(0.02)


def gone(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nano_model: Path) -> Path:
    """A node whose vllm is the stand-in, with a model's files."""
    shutil.copytree(nano_model, tmp_path, dirs_exist_ok=True)
    installed = install(tmp_path / "installed")
    paths = [str(installed), os.environ.get("PYTHONPATH", ""), *sys.path]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    monkeypatch.setenv("STANDIN_ASKED", str(tmp_path / "asked"))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # which the node's own address must not be asked through
    return tmp_path


@pytest.fixture
def submission(node: Path) -> Iterator[Submission]:
    process = subprocess.Popen(["sleep", "3600"])
    found = Submission(process.pid, str(node / "submission"), str(node / "logs"), sharing=True)
    begin(found)
    try:
        yield found
    finally:
        process.kill()
        process.wait()
        eventually(lambda: not Path(found.folder).exists())


def asked(node: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (node / "asked").read_text().splitlines()]


def starts(node: Path) -> int:
    return sum(path.read_text().count("api_server --model") for path in (node / "logs").iterdir())


def test_jobs_after_the_first_find_its_server(node: Path, submission: Submission) -> None:
    for name in ("a", "b", "c"):
        (answer,) = ServedEngine(node, MODEL, submission).chat([request(name)])
        assert (answer.id, answer.text, answer.finish_reason) == (name, f"answer to question {name}", "stop")
    assert starts(node) == 1
    assert len({row["server"] for row in asked(node)}) == 1


def test_a_request_says_all_that_the_offline_engine_does(node: Path, submission: Submission) -> None:
    """What a server would fill in from the model's folder is said too."""
    ServedEngine(node, MODEL, submission).chat([request("a", seed=2**63 + 5), request("b", schema={"type": "object"})])
    first, second = (row["body"] for row in sorted(asked(node), key=lambda row: str(row["body"]["messages"])))
    ends = [load_tokenizer(node).eos_token_id]
    sampling = {"temperature": 0.3, "top_p": 0.8, "top_k": 5, "max_tokens": 9, "stop_token_ids": ends}
    neutral = {"min_p": 0.0, "repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0}
    assert first == {"model": "model", "messages": request("a").messages, "seed": 5, **sampling, **neutral}
    assert second["structured_outputs"] == {"json": {"type": "object"}}


def test_a_job_whose_answers_are_all_there_starts_none(node: Path, submission: Submission) -> None:
    side = SideFile(node / "side", "me")
    engine = ServedEngine(node, MODEL, submission)
    answer_all(engine, [request("a")], side, batch_size=1, title="first")
    Path(node / "asked").unlink()
    again = ServedEngine(node / "elsewhere", MODEL, submission)
    assert answer_all(again, [request("a")], side, batch_size=1, title="again")["a"].text == "answer to question a"
    assert not (node / "asked").exists()
    assert starts(node) == 1


def test_answers_are_safe_while_their_batch_is_under_way(
    node: Path, submission: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has come is in the side file once, also when the batch is done."""
    monkeypatch.setenv("STANDIN_SECONDS", "0.02")
    side = SideFile(node / "side", "me")
    engine = ServedEngine(node, MODEL, submission)
    asked = [request(f"{number:02}") for number in range(30)]
    answer_all(engine, asked, side, batch_size=30, title="under way")
    assert len(side.path.read_text().splitlines()) > 2
    assert sorted(row["id"] for row in side.read()) == [one.id for one in asked]


def test_a_server_that_crashes_is_started_again_and_nothing_is_lost(
    node: Path, submission: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STANDIN_SECONDS", "0.02")
    engine = ServedEngine(node, MODEL, submission)
    engine.chat([request("first")])
    assert engine.connected is not None
    Timer(0.3, os.killpg, (engine.connected.server, signal.SIGKILL)).start()
    names = [f"{number:02}" for number in range(40)]
    assert [answer.id for answer in engine.chat([request(name) for name in names])] == names
    assert starts(node) == 2


def test_a_server_that_does_not_come_up_says_why(node: Path, submission: Submission, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANDIN_FAILS", "1")
    for _ in range(2):  # the second job does not try again
        with pytest.raises(ServerError, match=r"(?s)has not come up.*logs/.*log.*no such architecture"):
            ServedEngine(node, MODEL, submission).chat([request("a")])
    assert starts(node) == 1


def test_a_server_whose_log_cannot_be_written_is_not_waited_for(node: Path, submission: Submission) -> None:
    server, given_up = SharedServer(submission, Served.of(node, MODEL, "chat"), "m"), Event()
    server.log.parent.mkdir()
    server.log.symlink_to(node / "no such folder/m.log")
    timer = Timer(30, given_up.set)
    timer.start()
    with pytest.raises(ServerError, match="has not come up"):
        server.address(given_up)
    timer.cancel()


def test_a_server_that_crashes_again_and_again_is_given_up(node: Path, submission: Submission) -> None:
    server = SharedServer(submission, Served.of(node, MODEL, "chat"), "m")
    for crash in range(4):
        address = server.address()
        os.killpg(address.server, signal.SIGKILL)
        eventually(lambda crash=crash: len(Place(submission.place(server.served.id)).crashes) == crash + 1)  # type: ignore[misc]
    with pytest.raises(ServerError, match="has crashed 4 times"):
        server.address()


@pytest.mark.parametrize("killed", ["submission", "keeper"])
def test_no_server_outlives_what_keeps_it(node: Path, submission: Submission, killed: str) -> None:
    """Also when that is killed, and cannot clean up."""
    address = SharedServer(submission, Served.of(node, MODEL, "chat"), "m").address()
    os.kill(submission.pid if killed == "submission" else address.keeper, signal.SIGKILL)
    eventually(lambda: gone(address.server))


def test_after_its_keeper_was_killed_a_server_is_started_anew(node: Path, submission: Submission) -> None:
    server = SharedServer(submission, Served.of(node, MODEL, "chat"), "m")
    first = server.address()
    os.kill(first.keeper, signal.SIGKILL)
    eventually(lambda: gone(first.keeper))
    assert server.address().server != first.server
    assert gone(first.server)


def test_a_server_that_no_job_uses_is_ended_and_started_by_the_next(node: Path, submission: Submission) -> None:
    served = Served.of(node, MODEL, "chat")
    first = SharedServer(submission, served, "m", idle=0.2)
    address = first.address()
    assert first._used is not None
    os.close(first._used)  # as when its job ends
    eventually(lambda: gone(address.server))
    assert SharedServer(submission, served, "m").address().server != address.server


def test_another_model_takes_the_place_of_one_that_no_job_uses(node: Path, submission: Submission) -> None:
    first = SharedServer(submission, Served.of(node, MODEL, "chat"), "m")
    address = first.address()
    assert first._used is not None
    os.close(first._used)
    SharedServer(submission, Served.of(node / "other", MODEL, "chat"), "other").address()
    assert gone(address.server)


def test_who_no_longer_waits_does_not(node: Path, submission: Submission) -> None:
    given_up = Event()
    given_up.set()
    with pytest.raises(ServerError, match="the job ends"):
        SharedServer(submission, Served.of(node, MODEL, "chat"), "m").address(given_up)


def test_the_key_is_in_no_command_line_and_in_no_file_of_others(node: Path, submission: Submission) -> None:
    server = SharedServer(submission, Served.of(node, MODEL, "chat"), "m")
    key = server.address().key
    assert key not in Path(submission.logs, f"m-{submission.pid}.log").read_text()
    place = submission.place(server.served.id)
    assert stat.S_IMODE((place / "address.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(place.stat().st_mode) == stat.S_IMODE(place.parent.stat().st_mode) == 0o700


def test_a_submission_that_starts_no_servers_says_so(node: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("polyglot.core.starter.MOMENT", 0.1)
    alone = Submission(os.getpid(), str(node / "alone"), str(node / "logs"), sharing=True)
    with pytest.raises(ServerError, match="takes orders"):
        SharedServer(alone, Served.of(node, MODEL, "chat"), "m").address()


def test_a_server_has_its_jobs_environment_on_the_submissions_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2,3")
    monkeypatch.setenv("SLURM_STEP_ID", "batch")
    found = environment({"PATH": "/conda/bin", "CUDA_VISIBLE_DEVICES": "0", "SLURM_STEP_ID": "3", "SLURM_STEP_GPUS": "0"})
    assert found["PATH"] == "/conda/bin"
    assert (found["CUDA_VISIBLE_DEVICES"], found["SLURM_STEP_ID"]) == ("0,1,2,3", "batch")
    assert "SLURM_STEP_GPUS" not in found


def test_a_folder_that_others_can_enter_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o755)
    with pytest.raises(PermissionError, match="open to others"):
        Submission(1, str(tmp_path / "open"), "", sharing=True).place("x")


def test_a_prompt_that_fills_the_context_stops_as_it_does_offline(node: Path, submission: Submission) -> None:
    engine = ServedEngine(node, MODEL, submission)
    with pytest.raises(ContextError, match=f"request long has 100,000 tokens.*the context is {CONTEXT:,}"):
        answer_all(engine, [request("long", "x" * CONTEXT)], SideFile(node / "side", "me"), batch_size=1, title="long")


def test_embeddings_come_from_a_server_too(node: Path, submission: Submission) -> None:
    embedder = ServedEmbedder(node, Model(role="embedding", folder="x", engine="vllm", prefix="> "), submission)
    assert np.array_equal(embedder.embed(["abc", "a", "abc"], "embed"), [[5, 1], [3, 1], [5, 1]])


def test_the_server_has_the_arguments_of_the_offline_engine() -> None:
    model = Model(
        folder="x", engine="vllm", gpus=4, context=512, engine_options={"trust_remote_code": True, "hf_overrides": {"a": 1}}
    )
    command = command_line(Served.of(Path("/models/x"), model, "chat", Path("/t.jinja")), 8000, gpu=True)
    assert command[3:] == [
        *(
            "--model",
            "/models/x",
            "--enable-prefix-caching",
            "--tensor-parallel-size",
            "4",
            "--seed",
            "0",
            "--language-model-only",
        ),
        *("--max-model-len", "512", "--trust-remote-code", "--hf-overrides", '{"a": 1}'),
        *("--host", "127.0.0.1", "--port", "8000", "--served-model-name", "model"),
        *("--disable-uvicorn-access-log", "--uvicorn-log-level", "warning", "--chat-template", "/t.jinja"),
    ]
    assert options({"enable_chunked_prefill": False, "left_out": None}) == ["--no-enable-chunked-prefill"]


def test_vllm_shares_an_engine_in_a_submission_that_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")
    assert current_submission() is None
    given = Start("m", MODEL, tmp_path, {})
    offline: Any = object()
    monkeypatch.setattr("polyglot.engines.vllm_engine.VLLMEngine", lambda *_: offline)
    assert ENGINES["vllm"].started(given) is offline
    for share in (False, True):
        Submission(1, str(tmp_path), str(tmp_path), sharing=share).announce()
        assert isinstance(ENGINES["vllm"].started(given), ServedEngine) is share


def test_side_files_stay_until_the_submission_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    side = SideFile(tmp_path / "side", "me")
    side.append([{"id": "a"}])
    monkeypatch.setenv(VARIABLE, "")
    Submission(1, "", "", sharing=False).announce()
    side.finish()
    assert side.path.exists()
    monkeypatch.delenv(VARIABLE)
    side.finish()
    assert not side.path.exists()
    assert side.read() == [{"id": "a"}]
