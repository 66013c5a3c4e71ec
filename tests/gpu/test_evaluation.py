"""On a GPU: lighteval's outcomes are those of the CPU, no options come out equal, and long prompts take little memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from polyglot.core.files import write_jsonl
from polyglot.evaluation.likelihood import log_likelihoods
from polyglot.evaluation.prompts import Options
from polyglot.evaluation.run import evaluate
from polyglot.evaluation.settings import Benchmark
from polyglot.evaluation.tasks import Task
from polyglot.nano.datasets import benchmark_rows
from polyglot.nano.world import World

from .conftest import TINY
from .test_memory import peak

FORMULATIONS = {"global-mmlu-lite": "cloze", "m-rewardbench": "letter", "mgsm": "generative"}
EVALUATE = """
import sys
from pathlib import Path
from tests.gpu.test_evaluation import tasks_in
from polyglot.evaluation.run import evaluate
evaluate(Path(sys.argv[1]), tasks_in(Path(sys.argv[2])), batch_tokens=4096).to_parquet(sys.argv[3])
"""
TOKENS = 1024 if TINY else 16_384
LONG = 64 if TINY else 4096


def tasks_in(folder: Path) -> list[Task]:
    return [
        Task(name, "de", folder / name, Benchmark(formulation=formulation, max_new_tokens=8))
        for name, formulation in FORMULATIONS.items()
    ]


@pytest.mark.tiny
def test_outcomes_are_those_of_the_cpu(wide_nano_model: Path, world: World, tmp_path: Path, repository: Path) -> None:
    for name in FORMULATIONS:
        write_jsonl(benchmark_rows(world, name, "de", limit=20, seed=0)["test"], tmp_path / name / "test.jsonl")
    command = [sys.executable, "-c", EVALUATE, str(wide_nano_model), str(tmp_path), str(tmp_path / "cpu.parquet")]
    paths = os.pathsep.join([str(repository / "scripts"), str(repository)])
    subprocess.run(command, env=os.environ | {"PYTHONPATH": paths, "CUDA_VISIBLE_DEVICES": ""}, check=True)
    expected = pd.read_parquet(tmp_path / "cpu.parquet")
    start = time.monotonic()
    found = evaluate(wide_nano_model, tasks_in(tmp_path), batch_tokens=4096)
    print(f"\nevaluation: {len(found) / (time.monotonic() - start):,.1f} items/s with the start")
    chosen = found["benchmark"] != "mgsm"  # random weights write random answers, which rounding changes
    same = (found["answer"] == expected["answer"])[chosen].mean()
    print(f"{same:.0%} of the choices are those of the CPU")
    assert same > 0.9


@pytest.mark.tiny
def test_options_of_long_prompts_differ_and_take_less_memory_than_all_logits(wide_vocabulary: Path) -> None:
    import torch

    from polyglot.models.loading import load_language_model

    model = load_language_model(wide_vocabulary)
    weights = sum(weight.numel() * weight.element_size() for weight in model.parameters())
    draw = torch.Generator().manual_seed(0)
    contexts = torch.randint(5, 400, (32, LONG), generator=draw).tolist()
    items = [Options(tuple(ids[place:]), ((40,), (41,), (42, 43))) for place, ids in enumerate(contexts)]
    peak()
    start = time.monotonic()
    found = log_likelihoods(model, items, tokens=TOKENS, pad=0)
    seconds = time.monotonic() - start
    most, vocabulary = peak(), model.config.vocab_size
    tokens = 2 * sum(len(item.context) for item in items)
    print(f"\n{len(items)} items of {LONG} tokens over {vocabulary}: {tokens / seconds:,.0f} tokens/s read, ", end="")
    print(f"peak {most / 2**30:.1f} GiB, {weights / 2**30:.1f} of them weights")
    assert all(len(set(scores)) == 3 for scores in found)
    assert most - weights < TOKENS * vocabulary * 2
