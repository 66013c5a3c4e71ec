"""On a GPU: jobs of one submission share vLLM's own server, and it leaves the GPU when the submission is killed."""

from __future__ import annotations

import importlib.util
import os
import signal
import time
from pathlib import Path

import pytest

from polyglot.core.submission import Submission
from polyglot.engines.base import Request
from polyglot.registry.models import Model, Sampling
from tests.jobs import submission_in

SCHEMA = {"type": "object", "properties": {"prompt": {"type": "string"}}, "required": ["prompt"]}


def used() -> int:
    """Bytes of the first GPU that anything holds."""
    import torch

    free, total = torch.cuda.mem_get_info()
    return total - free


def chat(submission: Submission, folder: Path, entry: Model, asked: list[Request]) -> list[str]:
    """What a job gets, and a line about how fast."""
    from polyglot.engines.served import ServedEngine  # its client is where vllm is

    engine = ServedEngine(folder, entry, submission)
    start = time.monotonic()
    answers = engine.chat(asked)
    seconds = time.monotonic() - start
    assert [answer.id for answer in answers] == [request.id for request in asked]
    assert all(0 < answer.completion_tokens <= entry.sampling.max_new_tokens for answer in answers)
    tokens = sum(answer.completion_tokens for answer in answers)
    print(
        f"\nserved by vllm, {folder.name}: {tokens / seconds:,.0f} tokens/s written, {seconds:.0f} s with the wait for the server"
    )
    return [answer.text for answer in answers]


@pytest.mark.skipif(importlib.util.find_spec("vllm") is None, reason="no vllm")
def test_a_second_job_finds_the_server_of_the_first_and_it_ends_with_the_submission(small_model: Path, tmp_path: Path) -> None:
    sampling = Sampling(temperature=1.0, max_new_tokens=32)
    options = {"gpu_memory_utilization": 0.3}
    entry = Model(folder=str(small_model), engine="vllm", context=512, sampling=sampling, gpus=1, engine_options=options)
    asked = [Request(str(seed), [{"role": "user", "content": f"Nenne {seed}."}], seed) for seed in range(64)]
    formed = Request("formed", [{"role": "user", "content": "Nenne drei."}], 1, SCHEMA)
    before = used()
    with submission_in(tmp_path) as submission:
        first, second = (chat(submission, small_model, entry, [*asked, formed]) for _ in range(2))
        assert first[-1].startswith("{")
        print(f"{sum(map(str.__eq__, first, second))} of {len(first)} answers are drawn again")
        started = sum(path.read_text().count("api_server --model") for path in Path(submission.logs).iterdir())
        assert started == 1
        assert used() - before > 2**30
        os.kill(submission.pid, signal.SIGKILL)
        end = time.monotonic() + 60
        while used() - before > 2**30:
            assert time.monotonic() < end, "the server still holds memory"
            time.sleep(0.1)
