"""On a GPU: which GPUs a process may use, engines of vllm started as a job starts them, and models over several GPUs."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from polyglot.engines.base import Request
from polyglot.engines.transformers_engine import TransformersEngine
from polyglot.intrinsic.perplexity import PerplexityMeter
from polyglot.intrinsic.reward import RewardModel
from polyglot.registry.models import Model, Sampling
from tests.jobs import script

from .conftest import TINY, gpus

FORKED = """
import json, os, sys
from polyglot.core.devices import visible_gpus
found = visible_gpus()
import torch
child = os.fork()
if child == 0:
    ones = torch.ones(2, device="cuda").sum().item() if found else 2.0
    os._exit(int(ones) - 2)
print(json.dumps([found, os.waitpid(child, 0)[1], torch.cuda.device_count()]))
"""


def visible_choices() -> list[str | None]:
    """What CUDA_VISIBLE_DEVICES may say: nothing, none, the first, the first by its UUID."""
    listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True).stdout if gpus() else ""
    names = [line.rpartition("UUID: ")[2].rstrip(")") for line in listed.splitlines() if "UUID: GPU" in line]
    return [None, "", "0", *names[:1]]


@pytest.mark.tiny
def test_a_process_that_has_asked_for_gpus_can_fork_one_that_uses_them(repository: Path) -> None:
    for visible in visible_choices():
        chosen = {} if visible is None else {"CUDA_VISIBLE_DEVICES": visible}
        environment = os.environ | {"PYTHONPATH": str(repository / "scripts")} | chosen
        command = [sys.executable, "-c", FORKED]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        found, status, expected = json.loads(done.stdout)
        assert (found, status) == (expected, 0), visible
        assert found == (gpus() if visible is None else min(gpus(), len(visible.split(",")) if visible else 0))


@pytest.mark.skipif(importlib.util.find_spec("vllm") is None, reason="no vllm")
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_jobs_engine_starts_in_a_process_of_its_own(method: str, model: Path, repository: Path, tmp_path: Path) -> None:
    """From the script of a rule as Snakemake runs it, on all GPUs of this machine that vllm can share a model among."""
    count = 2 if gpus() > 1 else 1
    options = {"gpu_memory_utilization": 0.5}
    entry = Model(folder=str(model), engine="vllm", gpus=count, context=512, engine_options=options)
    chats = [[{"role": "user", "content": "Hallo"}]] * 2
    asked = pd.DataFrame({"request_id": ["a", "b"], "request_seed": [1, 2], "method": "respond", "messages": chats})
    asked.to_parquet(tmp_path / "requests.parquet")
    inputs = {"requests": [str(tmp_path / "requests.parquet")], "model": str(model), "chat_template": []}
    params = {"teacher": entry.settings, "batch_size": 64, "side_file": str(tmp_path / "side"), "retries": 0, "reading": "repair"}
    given: dict[str, Any] = {"input": inputs, "output": [str(tmp_path / "out")], "params": params}
    given |= {"wildcards": {"teacher": "name", "lang": "de"}, "config": {"operation": {"name": entry.operation}}}
    job = script(repository, "synthesize", tmp_path, given)
    environment = os.environ | {"PYTHONPATH": str(repository / "scripts"), "VLLM_WORKER_MULTIPROC_METHOD": method}
    with contextlib.suppress(subprocess.TimeoutExpired):
        subprocess.run([sys.executable, str(job)], env=environment, timeout=600)
    assert (tmp_path / "out").exists(), (tmp_path / "log").read_text()[-4000:]
    assert list(pd.read_parquet(tmp_path / "out")["id"]) == ["a", "b"]


def reward_model(base: Path, folder: Path) -> Path:
    """A base with a head of random weights for ratings."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    torch.manual_seed(0)
    AutoModelForSequenceClassification.from_pretrained(base, num_labels=1, dtype=torch.bfloat16).save_pretrained(folder)
    AutoTokenizer.from_pretrained(base).save_pretrained(folder)
    return folder


@pytest.mark.tiny
@pytest.mark.skipif(gpus() < 2 and not TINY, reason="needs two GPUs")
def test_a_model_over_two_gpus_measures_rates_and_answers_as_on_one(model: Path, pairs: pd.DataFrame, tmp_path: Path) -> None:
    prompts, responses = list(pairs["prompt"])[:32], list(pairs["response"])[:32]
    rewarding = reward_model(model, tmp_path / "reward")
    asked = [Request(str(place), [{"role": "user", "content": prompt}], seed=place) for place, prompt in enumerate(prompts)]
    losses, scores, answers = [], [], []
    for over in (1, 2):
        meter = PerplexityMeter(model, chat_template=True, batch_size=8, gpus=over)
        rating = RewardModel(rewarding, batch_size=8, scale=(0.0, 1.0), gpus=over)
        engine = TransformersEngine(model, Sampling(temperature=0, max_new_tokens=8), gpus=over)
        for loaded in (meter.model, rating.model, engine.model):
            places = {weight.device for weight in loaded.parameters()}
            assert len(places) == min(over, max(gpus(), 1))
        losses.append(meter.measure(prompts, responses)["nll"].sum())
        scores.append(rating.score(prompts, responses))
        answers.append([answer.text for answer in engine.chat(asked)])
    assert losses[1] == pytest.approx(losses[0], rel=0.01)
    assert scores[1] == pytest.approx(scores[0], abs=0.1)
    same = sum(one == other for one, other in zip(*answers, strict=True))
    print(f"\n{model.name} over two GPUs: {same} of {len(asked)} greedy answers are those of one GPU")
