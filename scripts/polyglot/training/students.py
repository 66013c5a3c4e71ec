"""Students: supervised fine-tuning of a base on a training set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from polyglot.core.cells import MIN_EXAMPLES
from polyglot.core.files import write_json
from polyglot.training.one_process import train
from polyglot.training.processes import train_together
from polyglot.training.settings import Training

NO_STUDENT = "no_student.json"
"""Stands in a student's folder in place of a model, with the reason."""


def leave_out(out: Path, examples: int) -> dict[str, Any]:
    """A student's folder that says why there is no student, in place of a model."""
    reason = {"reason": f"{examples} usable training examples; at least {MIN_EXAMPLES} are needed"}
    write_json(reason, Path(out) / NO_STUDENT)
    return reason


def fine_tune(
    base: Path,
    pairs: pd.DataFrame,
    out: Path,
    training: Training,
    *,
    seed: int,
    checkpoints: Path,
    chat_template: Path | None = None,
    processes: int = 1,
) -> dict[str, Any]:
    """Fine-tune a base on (prompt, response) pairs; resumes from the newest checkpoint.

    The loss is on response tokens only, or on all tokens (`training.loss`). For the former the base's chat template must
    mark the assistant's turn with `{% generation %}`. Whatever is trained (all weights or adapters), with whichever trainer and
    on however many GPUs, the student is a whole model in the precision of the training's weights.

    Args:
        pairs: columns prompt and response.
        out: folder of the fine-tuned model; it appears whole or not at all.
        checkpoints: folder that survives a killed job; removed when training is done.
        chat_template: a template in place of the tokenizer's own; it is saved with the student.
        processes: GPUs of this machine that share the training; each weight update takes the same examples as one alone would.

    Returns:
        Steps, epochs, examples, seed, the mean training loss since the start or the last resumption, and its curve: pairs of a
        step (every tenth and the last) and the mean loss since the one before, or since the last resumption.

    Raises:
        TokenizerError: if the base has no chat template, or one that does not mark the response.
        ValueError: if no response fits into `max_length`, or if the processes cannot share an update's examples.
        TrainingError: if one of several processes fails.
    """
    if processes > 1:
        return train_together(
            base, pairs, out, training, seed=seed, checkpoints=checkpoints, chat_template=chat_template, processes=processes
        )
    return train(base, pairs, out, training, seed=seed, checkpoints=checkpoints, chat_template=chat_template)
