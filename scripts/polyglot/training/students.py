"""Students: supervised fine-tuning of a base on a training set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from polyglot.core.cells import MIN_EXAMPLES
from polyglot.core.files import read_json, write_json
from polyglot.training.one_process import SUMMARY, train
from polyglot.training.processes import train_together
from polyglot.training.settings import Training

NO_STUDENT = "no_student.json"
"""File in a student's folder that replaces the model and gives the reason."""


def leave_out(out: Path, examples: int, too_long: int = 0) -> dict[str, Any]:
    """Write a student's folder that has no model but states the reason.

    Args:
        too_long: further examples that are longer than the student can be trained on.
    """
    further = f" ({too_long} are longer than training.max_length)" if too_long else ""
    reason = {"reason": f"{examples} usable training examples{further}; at least {MIN_EXAMPLES} are needed"}
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

    The loss covers response tokens only, or all tokens (`training.loss`). For the former, the base's chat template must mark the
    assistant's turn with `{% generation %}`. The student is always a full model in the precision of the trained weights, whatever
    the tuning, trainer and number of GPUs.

    Args:
        pairs: columns prompt and response, and thoughts if there are any.
        out: folder of the fine-tuned model; it appears complete or not at all.
        checkpoints: folder that survives a killed job; removed when training is done.
        chat_template: a template that replaces the tokenizer's; it is saved with the student.
        processes: number of GPUs of this machine to use; each weight update uses the same examples as with one GPU.

    Returns:
        Steps, epochs, examples, seed, the mean training loss since the start or the last resumption, and its curve: pairs of a
        step (every tenth and the last) and the mean loss since the previous pair or resumption.

    Raises:
        TokenizerError: if the base has no chat template, or one that does not mark the response, or does not write thoughts
            that are to be kept.
        NothingFits: if no response fits into `max_length`.
        ValueError: if an update's examples cannot be divided evenly among processes.
        TrainingError: if one of several processes fails.
    """
    if processes > 1:
        return train_together(
            base, pairs, out, training, seed=seed, checkpoints=checkpoints, chat_template=chat_template, processes=processes
        )
    return train(base, pairs, out, training, seed=seed, checkpoints=checkpoints, chat_template=chat_template)


def left_out(student: Path) -> int:
    """How many examples a student was not trained on because they are too long; 0 for other models."""
    report = Path(student) / SUMMARY
    return int(read_json(report).get("too_long", 0)) if report.is_file() else 0
