"""Memory of fine-tuning: the published study's bases fit, what does not is told with the remedy, and the formula is what is
measured."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from polyglot.displays.catalogue.budget import BUDGET
from polyglot.displays.context import Context
from polyglot.displays.tables.budget import plan_memory
from polyglot.planning.budget import budget
from polyglot.planning.memory import Setup, fits, layer_parameters, peak, remedy, usual_shape
from polyglot.registry import Registries
from polyglot.registry.models import Model
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
        {"title": BUDGET["plan_memory"].title, "models": {}, "study": "", "definition": None, "confidence": 0, "alpha": 0, "base": ""}
        | {"recipe": "", "compare": "", "teachers": [], "bases": [], "recipes": {}, "steps": [], "seeds": 1, "languages": {}}
    )
    shown = plan_memory(context, table.reset_index())
    assert shown.notes[0] == "gemma-3-4b does not fit: set its training_gpus to 2."
    assert len(shown.data) == 3
    assert list(shown.data["students"]) == [1, 1, 1]


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
