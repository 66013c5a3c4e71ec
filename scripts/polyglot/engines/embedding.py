"""Embeddings of texts: by sentence-transformers, by vLLM's pooling, or by another engine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from polyglot.core.batch_size import BatchSize
from polyglot.core.devices import device
from polyglot.core.progress import progress
from polyglot.engines import ENGINES
from polyglot.registry.models import Model


class Embedder(ABC):
    """Embeds texts with a model from a local folder, on the available device.

    The model's files define the pooling and whether vectors are normalised (irrelevant to cosine distances). Texts longer than
    the model's `context` are truncated at the end; `prefix` is put before every text.
    """

    chunk: int
    """Texts embedded between two progress updates."""

    def __init__(self, model: Model) -> None:
        self.prefix = model.prefix

    @abstractmethod
    def encode(self, texts: list[str]) -> npt.NDArray[np.float32]:
        """Embeddings of shape (n, d)."""

    def embed(self, texts: list[str], title: str) -> npt.NDArray[np.float32]:
        """Embeddings of shape (n, d); texts are sorted by length, and duplicates are embedded once."""
        unique = sorted(set(texts), key=lambda text: (len(text), text))
        parts = []
        with progress(total=len(unique), title=title, unit="text") as bar:
            for start in range(0, len(unique), self.chunk):
                chunk = unique[start : start + self.chunk]
                parts.append(self.encode([f"{self.prefix}{text}" for text in chunk]))
                bar.advance(len(chunk))
        place = {text: index for index, text in enumerate(unique)}
        embedded: npt.NDArray[np.float32] = np.concatenate(parts)[[place[text] for text in texts]]
        return embedded


class SentenceTransformersEmbedder(Embedder):
    """With sentence-transformers, in batches of similar length."""

    def __init__(self, folder: Path, model: Model, batch_size: int) -> None:
        from sentence_transformers import SentenceTransformer

        super().__init__(model)
        self.model: Any = SentenceTransformer(str(folder), device=device(), local_files_only=True)
        if model.context is not None:
            self.model.max_seq_length = model.context
        self.batches, self.chunk = BatchSize(batch_size, f"embeddings of {folder.name}"), batch_size * 8

    def encode(self, texts: list[str]) -> npt.NDArray[np.float32]:
        def encoded(size: int) -> npt.NDArray[np.float32]:
            found: npt.NDArray[np.float32] = self.model.encode(texts, batch_size=size, show_progress_bar=False)
            return found

        return self.batches.run(encoded, len(texts))


class VLLMEmbedder(Embedder):
    """With vLLM's pooling, which forms its own batches and ignores the batch size."""

    chunk = 1024

    def __init__(self, folder: Path, model: Model, batch_size: int = 0) -> None:
        from polyglot.engines.vllm_engine import embedding_arguments, open_llm

        super().__init__(model)
        self.llm = open_llm(folder, model, embedding_arguments)

    def encode(self, texts: list[str]) -> npt.NDArray[np.float32]:
        whole_context = {"truncate_prompt_tokens": -1}
        found = self.llm.embed(texts, use_tqdm=False, tokenization_kwargs=whole_context)
        return np.array([output.outputs.embedding for output in found], dtype=np.float32)


def open_embedder(folder: Path, model: Model, *, batch_size: int) -> Embedder:
    """Start a model's embedder.

    Args:
        batch_size: texts per batch, unless the engine chooses.
    """
    embedder: Embedder = ENGINES[model.engine].embedding(folder, model, batch_size)
    return embedder
