"""The router: a causal language model with a linear head over teachers, trained on pairs of teachers (arXiv 2510.10925).

Its input is the request as the teacher gets it, without any answer. The probability that teacher a's answer is the better one is
sigmoid(score_a - score_b) (Bradley and Terry, 1952).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from polyglot.core.batch_size import BatchSize
from polyglot.core.files import read_json
from polyglot.core.hashing import folder_fingerprint
from polyglot.core.progress import progress
from polyglot.models.loading import load_model
from polyglot.models.tokenization import load_tokenizer
from polyglot.routing.router_trainer import Lesson, padded, pairwise_trainer, train_to_its_end
from polyglot.routing.settings import Routing
from polyglot.training.checkpoints import resume_point, save_whole, training_owner

Array = npt.NDArray[np.float64]
FACTS = "router.json"
"""File of a router's folder: the teachers in the order of its scores, the longest prompt, and training results."""


def prompt_text(messages: Sequence[Mapping[str, str]]) -> str:
    """The router's input: everything in the teacher's request, nothing from its answer."""
    return "\n\n".join(message["content"] for message in messages)


def encode(tokenizer: Any, texts: Sequence[str], longest: int) -> tuple[list[list[int]], int]:
    """(token ids, number of truncated texts). Texts longer than `longest` tokens lose their middle: the beginning names the
    language and the task, the end holds the question."""
    ids: list[list[int]] = tokenizer(list(texts))["input_ids"] if texts else []
    tail = longest // 2
    cut = sum(len(row) > longest for row in ids)
    return [row if len(row) <= longest else row[: longest - tail] + row[len(row) - tail :] for row in ids], cut


def train_router(start: Path, lesson: Lesson, out: Path, routing: Routing, *, checkpoints: Path) -> dict[str, Any]:
    """Train a router with early stopping by Hit@1 on the fold `stop`; a killed job resumes.

    The epoch with the highest Hit@1 is kept. The loss is the binary cross-entropy over all pairs of teachers in a batch. Prompts
    without a pair are skipped; those without a best teacher are excluded from Hit@1.

    Args:
        start: folder of the causal language model.
        lesson: prompts, and pairwise wins of teachers on each.
        out: folder of the router; it appears complete or not at all.
        routing: settings of the training.
        checkpoints: folder that survives a killed job.

    Returns:
        Teachers, prompts, pairs, prompts for early stopping, epochs, the epoch kept and its Hit@1, truncated prompts, longest.

    Raises:
        ValueError: if there is no pair to train on, or no prompt for early stopping (names the setting).
    """
    import torch
    from transformers import AutoModelForSequenceClassification, set_seed

    set_seed(routing.seed)
    tokenizer = load_tokenizer(start, padding_side="right")
    model: Any = AutoModelForSequenceClassification.from_pretrained(
        start, num_labels=len(lesson.teachers), dtype=torch.float32, local_files_only=True
    )
    settings = model.config.get_text_config()
    longest = min(routing.max_length, getattr(settings, "max_position_embeddings", None) or routing.max_length)
    ids, cut = encode(tokenizer, lesson.texts, longest)
    settings.pad_token_id = model.config.pad_token_id = _padding(model, tokenizer)
    facts: dict[str, Any] = {"teachers": list(lesson.teachers), "longest": longest, "cut": cut}
    facts |= {"prompts": len(lesson.taught), "pairs": int(lesson.wins[lesson.taught].sum()), "stopped_by": len(lesson.stopping)}
    if len(lesson.teachers) == 1:  # nothing to choose between
        save_whole(model, tokenizer, out, extra={FACTS: facts})
        return facts
    lesson.check()
    trainer = pairwise_trainer(model, lesson, ids, routing, checkpoints)
    among, data = list(lesson.teachers), lesson.identity
    owner = training_owner(start=folder_fingerprint(start), data=data, among=among, **routing.model_dump())
    facts |= train_to_its_end(trainer, resume_point(checkpoints, owner), routing)
    save_whole(trainer.accelerator.unwrap_model(trainer.model), tokenizer, out, extra={FACTS: facts}, done_with=[checkpoints])
    return facts


def _padding(model: Any, tokenizer: Any) -> int:
    """The padding token: the model's, the tokenizer's, or its end of text."""
    known = (model.config.get_text_config().pad_token_id, tokenizer.pad_token_id, tokenizer.eos_token_id, 0)
    return int(next(token for token in known if token is not None))


class Router:
    """A trained router from its folder, on the available device.

    Args:
        gpus: how many GPUs the model is spread over, as many of them as there are.
    """

    def __init__(self, folder: Path, *, batch_size: int, gpus: int = 1) -> None:
        from transformers import AutoModelForSequenceClassification

        facts = read_json(Path(folder) / FACTS)
        self.teachers: list[str] = facts["teachers"]
        self.longest: int = facts["longest"]
        self.tokenizer = load_tokenizer(folder)
        self.model: Any = load_model(AutoModelForSequenceClassification, folder, gpus=gpus)
        self.batch_size = batch_size

    def score(self, texts: Sequence[str]) -> Array:
        """Scores of every teacher for each prompt, shape (n, m), in batches of similar length."""
        ids, cut = encode(self.tokenizer, texts, self.longest)
        if cut:
            print(f"{cut} of {len(ids)} prompts are longer than {self.longest} tokens; their middle was left out")
        order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
        found = np.zeros((len(ids), len(self.teachers)))
        with progress(total=len(ids), title="route", unit="prompt") as bar:
            batches = BatchSize(self.batch_size, "route")
            for rows, scores in batches.over(order, lambda rows: self._scored([ids[row] for row in rows])):
                found[rows] = scores
                bar.advance(len(rows), tokens=sum(len(ids[row]) for row in rows))
        return found

    def _scored(self, batch: list[list[int]]) -> Array:
        import torch

        tokens, mask = padded(batch, self.model.config.get_text_config().pad_token_id)
        device = self.model.device
        with torch.inference_mode():
            logits = self.model(input_ids=tokens.to(device), attention_mask=mask.to(device)).logits
        scores: Array = logits.double().cpu().numpy()
        return scores
