"""On a GPU: fine-tuning takes the memory that the plan expects, and a multimodal base keeps its tower (`make test-gpu`)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from polyglot.planning.memory import Setup, peak
from polyglot.registry.models import Shape
from polyglot.training.settings import Training
from tests.multimodal import multimodal_base

SHAPE = Shape(layers=12, hidden=1536, feed_forward=6144, attention=1536, key_values=512, vocabulary=151936, tied=True)
"""0.6 billion parameters with Qwen's vocabulary."""
TRAIN = """
import json, subprocess, sys
from pathlib import Path
import pandas as pd
import torch
from polyglot.training.settings import Training
from polyglot.training.students import fine_tune

base, folder, training = sys.argv[1:]
out = Path(folder)
held = "nvidia-smi --id=0 --query-gpu=memory.used --format=csv,noheader,nounits".split()
others = int(subprocess.run(held, capture_output=True, check=True).stdout) * 2**20
found = fine_tune(Path(base), pd.read_parquet(out / "pairs.parquet"), out / "student", Training.model_validate_json(training),
                  seed=0, checkpoints=out / "c")
free, total = torch.cuda.mem_get_info()
context = total - free - torch.cuda.memory_reserved() - others
print(json.dumps({**found, "peak": torch.cuda.max_memory_allocated(), "context": context}))
"""


def trained(base: Path, pairs: pd.DataFrame, folder: Path, training: Training, path: str) -> dict[str, Any]:
    pairs.to_parquet(folder / "pairs.parquet")
    command = [sys.executable, "-c", TRAIN, str(base), str(folder), training.model_dump_json()]
    environment = os.environ | {"PYTHONPATH": path, "CUDA_VISIBLE_DEVICES": "0"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, wide_nano_model: Path) -> Path:
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    folder = tmp_path_factory.mktemp("models") / "wide"
    widths = {"hidden_size": SHAPE.hidden, "intermediate_size": SHAPE.feed_forward, "num_hidden_layers": SHAPE.layers}
    heads = {"num_attention_heads": 12, "num_key_value_heads": 4, "head_dim": 128, "max_position_embeddings": 8192}
    layers = {"layer_types": ["full_attention"] * SHAPE.layers, "initializer_range": 0.02}
    config = AutoConfig.from_pretrained(
        wide_nano_model, **widths, **heads, **layers, vocab_size=SHAPE.vocabulary, tie_word_embeddings=True
    )
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16).save_pretrained(folder)
    AutoTokenizer.from_pretrained(wide_nano_model).save_pretrained(folder)
    return folder


@pytest.mark.parametrize(
    ("tuning", "precision"), [("full", "mixed"), ("full", "bfloat16"), ("lora", "bfloat16"), ("qlora", "bfloat16")]
)
def test_the_peak_is_what_the_plan_expects(tuning: str, precision: str, base: Path, tmp_path: Path, qlora_path: str) -> None:
    """With accumulation over batches of long examples; the loss falls."""
    training = Training.model_validate(
        {"tuning": tuning, "precision": precision, "batch_size": 2, "gradient_accumulation": 2, "max_length": 2048}
        | {"epochs": 8, "learning_rate": 3e-4, "examples": 8}
    )
    pairs = pd.DataFrame({"prompt": [f"Nenne {place}." for place in range(8)], "response": ["Das ist gut. " * 1000] * 8})
    found = trained(base, pairs, tmp_path, training, qlora_path)
    expected = peak(SHAPE, Setup(training, 1), 2048)
    print(
        f"\n{tuning} {precision}: {found['peak'] / 1e9:.2f} GB, expected {(expected.total - expected.fixed) / 1e9:.2f}; "
        f"context {found['context'] / 1e9:.2f}"
    )
    assert expected.total - expected.fixed == pytest.approx(found["peak"], rel=0.15)
    assert found["context"] < expected.fixed
    assert found["curve"][-1][1] < found["curve"][0][1]


@pytest.mark.parametrize("tuning", ["full", "lora"])
def test_a_multimodal_base_keeps_its_tower(
    tuning: str, wide_nano_model: Path, pairs: pd.DataFrame, tmp_path: Path, qlora_path: str
) -> None:
    from safetensors.torch import load_file

    base = multimodal_base("gemma3", wide_nano_model, tmp_path / "gemma")
    training = Training.model_validate(
        {"tuning": tuning, "precision": "mixed", "learning_rate": 1e-3, "gradient_accumulation": 2}
    )
    trained(base, pairs, tmp_path, training, qlora_path)
    before, after = (load_file(folder / "model.safetensors") for folder in (base, tmp_path / "student"))
    assert before.keys() == after.keys()
    changed = {name for name in before if not before[name].to(after[name].dtype).equal(after[name])}
    assert changed
    assert not [name for name in changed if "vision" in name or "projector" in name]
