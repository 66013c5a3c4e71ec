"""QSM, the quality scoring model: an encoder that places a good response near its instruction (arXiv 2509.15549)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from polyglot.core.devices import first_gpu_only
from polyglot.core.errors import WrongInput
from polyglot.core.hashing import content_id, folder_fingerprint
from polyglot.engines.embedding import Embedder
from polyglot.registry.models import Model
from polyglot.selection.settings import Selection
from polyglot.training.checkpoints import KEPT, resume_point, training_owner, watch

TRIPLET = ("anchor", "positive", "negative")
"""Instruction, good response, worse response."""


def quality(instructions: npt.NDArray[np.floating], responses: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """1 / (1 + d), d the Euclidean distance of a response to its instruction, both of shape (n, d). Between 0 and 1."""
    difference = np.asarray(instructions, dtype=np.float64) - np.asarray(responses, dtype=np.float64)
    scores: npt.NDArray[np.float64] = 1 / (1 + np.sqrt(np.einsum("ij,ij->i", difference, difference)))
    return scores


def score(embedder: Embedder, prompts: Sequence[str], responses: Sequence[str]) -> npt.NDArray[np.float64]:
    """The quality of every response, shape (n,); 0 for one without text."""
    if not len(prompts):
        return np.empty(0)
    found = quality(embedder.embed(list(prompts), title="instructions"), embedder.embed(list(responses), title="responses"))
    return np.where([bool(text.strip()) for text in responses], found, 0.0)


def train_quality_model(
    start: Path, triplets: pd.DataFrame, out: Path, selection: Selection, *, model: Model, checkpoints: Path
) -> dict[str, Any]:
    """Train an encoder on triplets with loss max(0, d(anchor, positive) - d(anchor, negative) + margin).

    Args:
        start: folder of the encoder, in sentence-transformers format.
        triplets: columns `TRIPLET`.
        out: folder of the trained encoder; it appears complete or not at all.
        model: the encoder's entry in the registry, whose prefix and context apply in training as in scoring. checkpoints: folder
        that survives a killed job.

    Returns:
        Triplets, steps and the mean loss since the start or the last resumption.

    Raises:
        ValueError: if there is no triplet.
    """
    if triplets.empty:
        raise WrongInput("no triplet to train the quality model on: see selection.pairs in the configuration")
    from sentence_transformers import SentenceTransformer
    from transformers import set_seed

    set_seed(selection.seed)
    device = "cuda" if first_gpu_only() else "cpu"
    encoder = SentenceTransformer(str(start), device=device, local_files_only=True)
    if model.context is not None:
        encoder.max_seq_length = model.context
    rows = model.prefix + triplets[list(TRIPLET)].astype(str)
    trainer = _triplet_trainer(encoder, rows, selection, checkpoints)
    data = content_id(*(text for column in TRIPLET for text in rows[column]))
    owner = training_owner(start=folder_fingerprint(start), data=data, **selection.model_dump())
    result = trainer.train(resume_from_checkpoint=resume_point(checkpoints, owner))
    partial = out.with_name(f".{out.name}.partial")
    for folder in (partial, out):
        shutil.rmtree(folder, ignore_errors=True)
    encoder.save_pretrained(str(partial), create_model_card=False)
    os.replace(partial, out)
    shutil.rmtree(checkpoints, ignore_errors=True)
    return {"triplets": len(rows), "steps": trainer.state.global_step, "loss": result.training_loss}


def _triplet_trainer(encoder: Any, rows: pd.DataFrame, selection: Selection, checkpoints: Path) -> Any:
    from datasets import Dataset
    from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
    from sentence_transformers.losses import TripletDistanceMetric, TripletLoss

    gpu = encoder.device.type == "cuda"
    arguments = SentenceTransformerTrainingArguments(
        output_dir=str(checkpoints),
        num_train_epochs=selection.epochs,
        learning_rate=selection.learning_rate,
        per_device_train_batch_size=selection.batch_size,
        save_steps=50,
        save_total_limit=KEPT,
        logging_steps=25,
        bf16=gpu,
        use_cpu=not gpu,
        seed=selection.seed,
        report_to="none",
        disable_tqdm=True,
    )
    loss = TripletLoss(encoder, distance_metric=TripletDistanceMetric.EUCLIDEAN, triplet_margin=selection.margin)
    trainer = SentenceTransformerTrainer(
        model=encoder, args=arguments, train_dataset=Dataset.from_pandas(rows, preserve_index=False), loss=loss
    )
    watch(trainer, "quality model")
    return trainer
