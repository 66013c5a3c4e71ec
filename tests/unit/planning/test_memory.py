"""Memory of fine-tuning: the published study's bases fit, what does not is told with the remedy, and the formula is what is
measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from polyglot.displays.catalogue.budget import BUDGET
from polyglot.displays.context import Context
from polyglot.displays.tables.budget import plan_memory
from polyglot.planning.budget import budget
from polyglot.planning.memory import Setup, fits, layer_parameters, peak, remedy, usual_shape
from polyglot.registry import Registries
from polyglot.registry.models import Model, Shape
from polyglot.study.configuration import Study
from polyglot.training.settings import Training
from polyglot.workflow.loading import load_study

H100 = 85.5e9
BASES = {"olmo-3-7b": 7.3, "qwen-3-8b": 8.19, "llama-3.1-8b": 8.03, "gemma-3-4b": 3.88, "gemma-3-12b": 11.77, "olmo-3-32b": 32.2}
"""Billions of parameters of their language models, from their model cards."""


@pytest.fixture(scope="module")
def paper(repository: Path) -> tuple[Study, Registries]:
    return load_study(repository / "config/paper.yaml", repository)


@pytest.mark.parametrize("name", BASES)
def test_every_base_of_the_published_study_fits_with_a_tenth_to_spare(name: str, paper: tuple[Study, Registries]) -> None:
    study, registries = paper
    model = registries.models[name]
    shape = usual_shape(model)
    tables = shape.vocabulary * shape.hidden * (1 if shape.tied else 2)
    assert shape.layers * layer_parameters(shape) + tables == pytest.approx(BASES[name] * 1e9, rel=0.01)
    setup = Setup(study.training, model.training_gpus, offload=model.training_offload)
    assert fits(peak(shape, setup, study.training.max_length), H100)
    assert remedy(model, setup, study.training.max_length, H100) == ""


def job(base: str, gpus: int) -> dict[str, object]:
    wildcards = {"base": base, "recipe": "equal", "teacher": "gemma-3-4b-it", "lang": "de", "seed": "0"}
    asked = {"gres": None, "mem_mb": 1, "runtime": 1, "slurm_partition": None, "threads": 1}
    return {"rule": "student", "wildcards": wildcards, "gpu": gpus, **asked}


def test_what_does_not_fit_is_told_with_what_to_set_instead(paper: tuple[Study, Registries]) -> None:
    table = budget([job("gemma-3-4b", 1), job("gemma-3-12b", 4), job("olmo-3-7b", 4)], *paper).set_index("model")
    assert table.loc["gemma-3-4b", "remedy"] == "set its training_gpus to 2"
    assert table.loc["gemma-3-12b", "remedy"] == "set its training_gpus to 8"
    assert table.loc["olmo-3-7b", "remedy"] == ""
    context = Context.of(
        {
            "title": BUDGET["plan_memory"].title,
            "models": {},
            "study": "",
            "definition": None,
            "confidence": 0,
            "alpha": 0,
            "base": "",
        }
        | {"recipe": "", "compare": "", "teachers": [], "bases": [], "recipes": {}, "steps": [], "seeds": 1, "languages": {}}
    )
    shown = plan_memory(context, table.reset_index())
    assert shown.notes[0] == "gemma-3-4b does not fit: set its training_gpus to 2."
    assert len(shown.data) == 3
    assert list(shown.data["students"]) == [1, 1, 1]
    nobody = plan_memory(context, budget([job("olmo-3-7b", 0)], *paper))
    assert len(nobody.data) == 0
    assert "base" in nobody.shown.columns


def test_a_remedy_is_one_that_fits() -> None:
    large = Model(hub="a/b", size=32)
    training = Training(precision="mixed", batch_size=2, gradient_accumulation=64, max_length=16384)
    assert "training_offload to true" in remedy(large, Setup(training, 8), 16384, H100)
    assert "training.batch_size to 1" in remedy(Model(hub="a/b", size=12), Setup(training, 8), 24000, 75e9)
    assert "'lora' or 'qlora'" in remedy(Model(hub="a/b", size=400), Setup(training, 8, offload=True), 16384, 40e9)


def test_a_micro_batch_kept_whole_is_what_did_not_fit(paper: tuple[Study, Registries]) -> None:
    """Adapters need a fraction of what the whole model needs, in 4 bits less still; a replica as much on every GPU."""
    shape = usual_shape(paper[1].models["llama-3.1-8b"])
    needed = {
        tuning: peak(shape, Setup(Training.model_validate({"tuning": tuning, "precision": "bfloat16"}), 1), 512).kept
        for tuning in ("full", "lora", "qlora")
    }
    assert needed["full"] == pytest.approx(8 * 8.03e9, rel=0.01)
    assert needed["qlora"] < 0.5 * needed["lora"] < 0.15 * needed["full"]
    replicas = Training.model_validate({"trainer": "unsloth", "precision": "bfloat16", "batch_size": 4})
    assert peak(shape, Setup(replicas, 4), 512).kept == pytest.approx(10 * 8.03e9, rel=0.01)
    assert peak(shape, Setup(replicas.model_copy(update={"trainer": "trl"}), 4), 512).kept == pytest.approx(2 * 8.03e9, rel=0.01)


MEASURE = """
import gc, json, sys
from pathlib import Path
import pandas as pd
from polyglot.training.settings import Training
from polyglot.training.students import fine_tune

def memory(key):
    return next(1024 * int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(key))

def train(base, training):
    pairs = pd.DataFrame({"prompt": ["Was?"] * 8, "response": ["Das ist gut. " * 100] * 8})
    fine_tune(base, pairs, out / base.name, training, seed=0, checkpoints=out / "c")

out, warm, *bases = map(Path, sys.argv[2:])
training = Training.model_validate_json(sys.argv[1])
train(warm, training.model_copy(update={"max_length": 32}))
for base in bases:
    gc.collect()
    before = memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    train(base, training)
    print(json.dumps([base.name, memory("VmHWM") - before]))
"""
LARGE = Shape(layers=6, hidden=512, feed_forward=1536, attention=512, key_values=128, vocabulary=8000)
ARCHITECTURES = {"llama": False, "qwen3": False, "gemma3_text": True}
"""Whether embedding and head are one matrix."""


def base_of(name: str, tied: bool, tokenizer_of: Path, folder: Path) -> Path:
    """A model of the shape `LARGE`, with random weights."""
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    AutoTokenizer.from_pretrained(tokenizer_of).save_pretrained(folder / name)
    widths = {"hidden_size": 512, "intermediate_size": 1536, "num_hidden_layers": 6, "vocab_size": 8000, "head_dim": 64}
    heads = {
        "num_attention_heads": 8,
        "num_key_value_heads": 2,
        "tie_word_embeddings": tied,
        "pad_token_id": 0,
        "eos_token_id": 2,
    }
    AutoModelForCausalLM.from_config(AutoConfig.for_model(name, **widths, **heads)).save_pretrained(folder / name)
    return folder / name


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process is read from /proc")
@pytest.mark.parametrize("precision", ["float32"])
def test_the_formula_is_what_is_measured(precision: str, nano_model: Path, tmp_path: Path, repository: Path) -> None:
    """On the CPU, with real training steps of three architectures that accumulate; freed memory goes back at once, so that what
    is resident is what is held."""
    training = Training.model_validate({"precision": precision, "epochs": 1, "gradient_accumulation": 2, "max_length": 64})
    training = training.model_copy(update={"batch_size": 2})
    bases = [base_of(name, tied, nano_model, tmp_path) for name, tied in ARCHITECTURES.items()]
    command = [
        sys.executable,
        "-c",
        MEASURE,
        training.model_dump_json(),
        str(tmp_path / "out"),
        str(nano_model),
        *map(str, bases),
    ]
    settings = {"PYTHONPATH": str(repository / "scripts"), "MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
    done = subprocess.run(command, env=os.environ | settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    measured: dict[str, Any] = dict(json.loads(line) for line in done.stdout.splitlines() if line.startswith("["))
    for name, tied in ARCHITECTURES.items():
        shape = LARGE.model_copy(update={"tied": tied})
        expected = peak(shape, Setup(training, 1, gpu=False), training.max_length).total
        print(name, round(expected / 1e6), round(measured[name] / 1e6))
        assert expected == pytest.approx(measured[name], rel=0.15), name
