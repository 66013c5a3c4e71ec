"""How vllm is started for a job: in its own process, or, where jobs of a submission share an engine, as vLLM's own server."""

from __future__ import annotations

from pathlib import Path

from polyglot.core.submission import Submission, current_submission
from polyglot.engines.base import Engine, Start
from polyglot.engines.embedding import Embedder, VLLMEmbedder
from polyglot.registry.models import Model


def start(given: Start) -> Engine:
    """The engine of a model's folder."""
    assert given.folder is not None  # models in a folder have one
    if (submission := _sharing()) is not None:
        from polyglot.engines.served import ServedEngine

        return ServedEngine(given.folder, given.model, submission, given.chat_template)
    from polyglot.engines.vllm_engine import VLLMEngine

    return VLLMEngine(given.folder, given.model, given.chat_template)


def embedder(folder: Path, model: Model, batch_size: int = 0) -> Embedder:
    """The embedder of a model's folder; vLLM makes its own batches whatever the batch size."""
    if (submission := _sharing()) is not None:
        from polyglot.engines.served import ServedEmbedder

        return ServedEmbedder(folder, model, submission)
    return VLLMEmbedder(folder, model, batch_size)


def _sharing() -> Submission | None:
    submission = current_submission()
    return submission if submission is not None and submission.sharing else None
