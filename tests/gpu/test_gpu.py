"""On a GPU: engines answer, students train and perplexity is what the CPU says, with tokens per second (`make test-gpu`)."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from polyglot.engines.base import Engine, Request
from polyglot.registry.models import Model, Sampling
from polyglot.training.settings import Training

from .conftest import gpus


def importable(*names: str) -> list[str]:
    """Those of the packages that this environment has."""
    return [name for name in names if importlib.util.find_spec(name) is not None]


def open_engine(name: str, model: Path, sampling: Sampling) -> Engine:
    if name == "transformers":
        from polyglot.engines.transformers_engine import TransformersEngine

        return TransformersEngine(model, sampling)
    from polyglot.engines.vllm_engine import VLLMEngine

    options = {"gpu_memory_utilization": 0.5}
    return VLLMEngine(model, Model(folder=str(model), engine="vllm", context=512, sampling=sampling, engine_options=options))


@pytest.mark.parametrize("name", importable("transformers", "vllm"))
def test_an_engine_answers_every_request(name: str, model: Path, pairs: pd.DataFrame) -> None:
    engine = open_engine(name, model, Sampling(temperature=1.0, top_p=1.0, max_new_tokens=64))
    requests = [
        Request(str(place), [{"role": "user", "content": str(prompt)}], seed=place)
        for place, prompt in enumerate(pairs["prompt"])
    ]
    engine.chat(requests[:8])
    start = time.monotonic()
    answers = engine.chat(requests)
    seconds = time.monotonic() - start
    assert [answer.id for answer in answers] == [request.id for request in requests]
    assert all(0 < answer.completion_tokens <= 64 for answer in answers)
    tokens = sum(answer.completion_tokens for answer in answers)
    print(f"\n{name} engine, {model.name}: {tokens / seconds:,.0f} tokens/s written")


FINE_TUNE = """
import json, sys
from pathlib import Path
import pandas as pd
from polyglot.training.settings import Training
from polyglot.training.students import fine_tune
if __name__ == "__main__":
    base, folder, training, processes = sys.argv[1:]
    out = Path(folder)
    found = fine_tune(Path(base), pd.read_parquet(out / "pairs.parquet"), out / "student", Training.model_validate_json(training),
                      seed=0, checkpoints=out / "checkpoints", processes=int(processes))
    print(json.dumps(found))
"""


@pytest.mark.parametrize("processes", [1, *([gpus()] if gpus() in (2, 4, 8) else [])])
@pytest.mark.parametrize("tuning", ["full", "lora", "qlora"])
@pytest.mark.parametrize("trainer", importable("trl", "unsloth"))
def test_a_student_trains(
    trainer: str, tuning: str, processes: int, model: Path, pairs: pd.DataFrame, tmp_path: Path, qlora_path: str
) -> None:
    from safetensors.torch import load_file

    training = Training.model_validate(
        {"trainer": trainer, "tuning": tuning, "learning_rate": 5e-4, "epochs": 4, "batch_size": 32}
    )
    pairs.to_parquet(tmp_path / "pairs.parquet")
    (tmp_path / "job.py").write_text(FINE_TUNE)
    command = [sys.executable, str(tmp_path / "job.py"), str(model), str(tmp_path), training.model_dump_json(), str(processes)]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": qlora_path}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    summary: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    losses = [loss for _, loss in summary["curve"]]
    assert losses[-1] < losses[0]
    found = load_file(next((tmp_path / "student").glob("*.safetensors")))
    assert {str(value.dtype) for value in found.values()} == {"torch.bfloat16"}
    rate = float(re.findall(r"fine-tuning: done, .* ([\d.]+)/s", done.stderr)[-1])
    tokens = rate * tokens_of(model, pairs) * training.epochs / summary["steps"]
    run = f"{trainer} {tuning}, {model.name}, {processes} GPU(s)"
    print(f"\n{run}: {tokens:,.0f} tokens/s, loss {losses[0]:.3f} to {losses[-1]:.3f}")


def tokens_of(model: Path, pairs: pd.DataFrame) -> int:
    from polyglot.models.tokenization import load_tokenizer
    from polyglot.training.examples import encode

    return sum(len(one["input_ids"]) for one in encode(load_tokenizer(model), pairs, loss="response", max_length=512))


MEASURE = """
import sys
import pandas as pd
from pathlib import Path
from polyglot.intrinsic.perplexity import PerplexityMeter
pairs = pd.read_parquet(sys.argv[2])
meter = PerplexityMeter(Path(sys.argv[1]), chat_template=True, batch_size=32)
meter.measure(list(pairs["prompt"]), list(pairs["response"])).to_parquet(sys.argv[3])
"""


def test_perplexity_is_that_of_the_cpu(model: Path, pairs: pd.DataFrame, tmp_path: Path, repository: Path) -> None:
    from polyglot.intrinsic.perplexity import PerplexityMeter

    pairs.to_parquet(tmp_path / "pairs.parquet")
    command = [sys.executable, "-c", MEASURE, str(model), str(tmp_path / "pairs.parquet"), str(tmp_path / "cpu.parquet")]
    environment = os.environ | {"PYTHONPATH": str(repository / "scripts"), "CUDA_VISIBLE_DEVICES": ""}
    subprocess.run(command, env=environment, check=True)
    expected = pd.read_parquet(tmp_path / "cpu.parquet")
    meter = PerplexityMeter(model, chat_template=True, batch_size=32)
    prompts, responses = list(pairs["prompt"]), list(pairs["response"])
    meter.measure(prompts[:32], responses[:32])
    start = time.monotonic()
    found = meter.measure(prompts, responses)
    seconds = time.monotonic() - start
    assert found["tokens"].tolist() == expected["tokens"].tolist()
    assert found["nll"].sum() == pytest.approx(expected["nll"].sum(), rel=0.02)
    print(f"\nperplexity, {model.name}: {tokens_of(model, pairs) / seconds:,.0f} tokens/s read")
