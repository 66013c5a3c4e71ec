"""Embeddings by vLLM's pooling: those of sentence-transformers, and those of a bidirectional Llama."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from polyglot.engines.embedding import VLLMEmbedder, open_embedder
from polyglot.registry.models import Model

from .conftest import main_environment

TEXTS = [
    "Was ist die Hauptstadt von Italien?",
    "Rom.",
    "ما عاصمة إيطاليا؟",
    "Rom.",
    "Berapa 3 + 4?",
    "Ein Baum steht im Wald, und " * 80,
]
"""Short ones, a repeated one, and one that is longer than the model reads."""
OTHER_ENGINE = """
import json, sys
from pathlib import Path
import numpy as np
from polyglot.engines.embedding import open_embedder
from polyglot.registry.models import Model, local_folder
from polyglot.registry import load_registries
texts, registry, out = json.loads(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
model = load_registries(registry).models["minilm"].model_copy(update=json.loads(sys.argv[4]))
folder = local_folder(model, [])
np.save(out, open_embedder(folder, model, batch_size=2).embed(texts, "embed"))
print(folder)
"""


def sentence_transformers(repository: Path, out: Path, **changes: Any) -> tuple[Path, npt.NDArray[np.float32]]:
    """The folder of the packaged model, and its embeddings by the other engine, in the main environment."""
    python, environment = main_environment(repository)
    arguments = [json.dumps(TEXTS), str(repository / "config"), str(out), json.dumps(changes)]
    done = subprocess.run(
        [str(python), "-c", OTHER_ENGINE, *arguments], env=environment, check=True, capture_output=True, text=True
    )
    return Path(done.stdout.splitlines()[-1]), np.load(out)


def units(embeddings: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    scaled: npt.NDArray[np.float32] = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    return scaled


@pytest.mark.parametrize("changes", [{}, {"context": 24, "prefix": "Query: "}])
def test_embeddings_are_those_of_sentence_transformers(repository: Path, tmp_path: Path, changes: dict[str, Any]) -> None:
    folder, expected = sentence_transformers(repository, tmp_path / "expected.npy", **changes)
    model = Model(role="embedding", folder=str(folder), engine="vllm", **changes)
    embedder = open_embedder(folder, model, batch_size=2)
    assert isinstance(embedder, VLLMEmbedder)
    found = embedder.embed(TEXTS, "embed")
    assert found.shape == expected.shape == (len(TEXTS), 384)
    np.testing.assert_allclose(units(found), units(expected), atol=1e-5)


CONFIGURATION = """
from transformers import LlamaConfig


class LlamaBidirectionalConfig(LlamaConfig):
    model_type = "llama_bidirec"

    def __init__(self, pooling="avg", temperature=1.0, **settings):
        self.pooling, self.temperature = pooling, temperature
        super().__init__(**settings)
"""


def test_a_bidirectional_llama_is_pooled_over_all_its_tokens(nano: Path, tmp_path: Path) -> None:
    """The form in which llama-embed-nemotron-8b is published, with random weights: attention to both sides, mean over tokens."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaModel

    tokenizer = AutoTokenizer.from_pretrained(nano)
    torch.manual_seed(0)
    sizes = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2}
    reference = LlamaModel(LlamaConfig(vocab_size=len(tokenizer), max_position_embeddings=512, initializer_range=0.2, **sizes))
    reference.eval().save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    form = {"architectures": ["LlamaBidirectionalModel"], "model_type": "llama_bidirec", "pooling": "avg"}
    form["auto_map"] = {"AutoConfig": "llama_bidirectional_model.LlamaBidirectionalConfig"}  # type: ignore[assignment]
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | form))
    (tmp_path / "llama_bidirectional_model.py").write_text(CONFIGURATION)
    expected = []
    for text in TEXTS[:5]:
        ids = torch.tensor([tokenizer(text)["input_ids"]])
        both_sides = torch.zeros(1, 1, ids.shape[1], ids.shape[1])
        with torch.inference_mode():
            hidden = reference(input_ids=ids, attention_mask=both_sides).last_hidden_state[0]
        expected.append(hidden.mean(dim=0).numpy())
    model = Model(role="embedding", folder=str(tmp_path), engine="vllm", engine_options={"trust_remote_code": True})
    found = VLLMEmbedder(tmp_path, model).embed(TEXTS[:5], "embed")
    np.testing.assert_allclose(units(found), units(np.array(expected)), atol=1e-5)
