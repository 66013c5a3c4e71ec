"""Training a router on pairs of teachers: data, loss, early stopping, and resumption."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from polyglot.core.devices import first_gpu_only
from polyglot.core.errors import WrongInput
from polyglot.core.files import read_json
from polyglot.core.hashing import content_id
from polyglot.routing.settings import Routing
from polyglot.training.checkpoints import COMPLETE, KEPT, watch

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Lesson:
    """A router's training data: n prompts answered by m teachers.

    Args:
        teachers: their names.
        texts: n prompts (see `polyglot.routing.router.prompt_text`).
        folds: fold of each prompt: `train`, `stop` (early stopping), or another, which is ignored.
        wins: shape (n, m, m); entry (i, a, b) counts wins of a over b on prompt i.
        best: shape (n, m); the best teachers of each prompt.
    """

    teachers: Sequence[str]
    texts: Sequence[str]
    folds: Sequence[str]
    wins: Array
    best: npt.NDArray[np.bool_]

    @property
    def taught(self) -> list[int]:
        """Prompts to train on: those with a pair."""
        return [row for row, fold in enumerate(self.folds) if fold == "train" and self.wins[row].any()]

    @property
    def stopping(self) -> list[int]:
        """Prompts for early stopping: those with a best teacher."""
        return [row for row, fold in enumerate(self.folds) if fold == "stop" and self.best[row].any()]

    @property
    def identity(self) -> str:
        """A hash of the training data."""
        return content_id(*self.texts, str(self.wins.tolist()), " ".join(self.folds))

    def check(self) -> None:
        """Check that there is data for training and early stopping.

        Raises:
            ValueError: if there is no pair to train on, or no prompt for early stopping (names the setting).
        """
        if not self.taught or not self.stopping:
            missing = "pair of teachers with different rewards to learn from" if not self.taught else "prompt to stop by"
            raise WrongInput(f"the {len(self.texts)} calibration prompts leave no {missing}: raise routing.calibration")


def pairwise_trainer(model: Any, lesson: Lesson, ids: Sequence[Sequence[int]], routing: Routing, checkpoints: Path) -> Any:
    """A trainer whose loss is the binary cross-entropy over all pairs of teachers in a batch.

    Args:
        model: a classifier over teachers; its configuration names the padding token.
        ids: tokens of each prompt.
        checkpoints: folder that survives a killed job.
    """
    import torch
    from transformers import EarlyStoppingCallback, Trainer

    padding = model.config.get_text_config().pad_token_id

    def example(row: int) -> dict[str, Any]:
        return {"input_ids": ids[row], "wins": lesson.wins[row], "best": lesson.best[row]}

    def collate(batch: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        tokens, mask = padded([one["input_ids"] for one in batch], padding)
        kept = {name: torch.tensor(np.stack([one[name] for one in batch]), dtype=torch.float32) for name in ("wins", "best")}
        return {"input_ids": tokens, "attention_mask": mask, **kept}

    class PairwiseTrainer(Trainer):
        def compute_loss(self, model: Any, inputs: Any, return_outputs: bool = False, **_: Any) -> Any:
            won = inputs.pop("wins")
            inputs.pop("best", None)
            outputs = model(**inputs)
            scores = outputs.logits.float()
            ahead = scores[:, :, None] - scores[:, None, :]
            loss = (won * torch.nn.functional.softplus(-ahead)).sum() / won.sum().clamp(min=1)
            return (loss, outputs) if return_outputs else loss

    trainer = PairwiseTrainer(
        model=model,
        args=_arguments(routing, checkpoints, len(lesson.taught)),
        train_dataset=[example(row) for row in lesson.taught],
        eval_dataset=[example(row) for row in lesson.stopping],
        data_collator=collate,
        compute_metrics=_hit,
        callbacks=[EarlyStoppingCallback(early_stopping_patience=routing.patience)],
    )
    watch(trainer, "router")
    return trainer


def _arguments(routing: Routing, checkpoints: Path, prompts: int) -> Any:
    from transformers import TrainingArguments

    gpu = first_gpu_only()
    return TrainingArguments(
        output_dir=str(checkpoints),
        num_train_epochs=routing.epochs,
        per_device_train_batch_size=routing.batch_size,
        per_device_eval_batch_size=routing.batch_size,
        learning_rate=routing.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=-(-prompts // routing.batch_size) // 2,
        train_sampling_strategy="group_by_length",
        label_names=["wins", "best"],
        remove_unused_columns=False,
        eval_strategy="epoch",
        save_strategy="epoch",
        save_total_limit=KEPT,
        load_best_model_at_end=True,
        metric_for_best_model="hit_1",
        greater_is_better=True,
        restore_callback_states_from_checkpoint=True,
        bf16=gpu,
        use_cpu=not gpu,
        seed=routing.seed,
        report_to="none",
        disable_tqdm=True,
    )


def _hit(prediction: Any) -> dict[str, float]:
    """Hit@1: the share of prompts whose highest score is that of a best teacher."""
    _, tops = prediction.label_ids
    return {"hit_1": float(tops[np.arange(len(tops)), prediction.predictions.argmax(axis=1)].mean())}


def train_to_its_end(trainer: Any, checkpoint: str | None, routing: Routing) -> dict[str, Any]:
    """Train, resuming from a checkpoint if there is one, until Hit@1 has not improved for `routing.patience` epochs.

    Returns:
        Epochs, the epoch kept, and its Hit@1.
    """
    trainer.args.num_train_epochs = _last_epoch(checkpoint, routing)
    trainer.train(resume_from_checkpoint=checkpoint)
    history = [entry for entry in trainer.state.log_history if "eval_hit_1" in entry]
    kept = max(history, key=lambda entry: (entry["eval_hit_1"], -entry["epoch"]))
    return {"epochs": trainer.state.epoch, "kept_epoch": kept["epoch"], "hit_1": kept["eval_hit_1"]}


def _last_epoch(checkpoint: str | None, routing: Routing) -> int:
    """The last epoch: that of a checkpoint, if training had already finished there."""
    if checkpoint is None:
        return routing.epochs
    state = read_json(Path(checkpoint) / COMPLETE)
    waited = state["stateful_callbacks"]["EarlyStoppingCallback"]["attributes"]["early_stopping_patience_counter"]
    return round(state["epoch"]) if waited >= routing.patience else routing.epochs


def padded(rows: Sequence[Sequence[int]], padding: int) -> tuple[Any, Any]:
    """(token ids, attention mask), each of shape (rows, longest row)."""
    import torch

    width = max(len(row) for row in rows)
    tokens = torch.tensor([[*row, *[padding] * (width - len(row))] for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
    return tokens, mask
