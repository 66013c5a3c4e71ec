"""The router: a causal language model with a linear head over teachers, trained on pairs of teachers (arXiv 2510.10925).

It reads a request as a teacher gets it, without any answer. The probability that teacher a's answer is the better one is
sigmoid(score_a - score_b) (Bradley and Terry, 1952).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from polyglot.core.files import read_json
from polyglot.core.hashing import content_id, folder_fingerprint
from polyglot.core.progress import progress
from polyglot.models.tokenization import load_tokenizer
from polyglot.routing.settings import Routing
from polyglot.training.checkpoints import COMPLETE, resume_point, save_whole, training_owner, watch

Array = npt.NDArray[np.float64]
FACTS = "router.json"
"""File of a router's folder: the teachers in the order of its scores, the longest prompt, and how the training went."""


def prompt_text(messages: Sequence[Mapping[str, str]]) -> str:
    """What the router reads of a request: everything that its teacher is told, nothing that it answers."""
    return "\n\n".join(message["content"] for message in messages)


def encode(tokenizer: Any, texts: Sequence[str], longest: int) -> tuple[list[list[int]], int]:
    """(token ids, how many texts were cut). Of a text longer than `longest` tokens the middle is left out: its beginning names
    the language and the task, its end asks."""
    ids: list[list[int]] = tokenizer(list(texts))["input_ids"] if texts else []
    tail = longest // 2
    cut = sum(len(row) > longest for row in ids)
    return [row if len(row) <= longest else row[: longest - tail] + row[len(row) - tail :] for row in ids], cut


def train_router(
    start: Path,
    texts: Sequence[str],
    wins: Array,
    best: npt.NDArray[np.bool_],
    folds: Sequence[str],
    teachers: Sequence[str],
    out: Path,
    routing: Routing,
    *,
    checkpoints: Path,
) -> dict[str, Any]:
    """Train a router; the epoch with the highest Hit@1 on prompts of the fold `stop` is kept, and a killed job resumes.

    The loss is the binary cross-entropy of all pairs of teachers of a batch. Prompts without a pair teach nothing and are left
    out; those without a best teacher do not count in Hit@1.

    Args:
        start: folder of the causal language model.
        texts: n prompts (see `prompt_text`).
        wins: shape (n, m, m); entry (i, a, b) counts how often a beat b on prompt i.
        best: shape (n, m); the best teachers of each prompt.
        folds: of each prompt: `train`, `stop`, or another one that is left out.
        out: folder of the router; it appears whole or not at all.

    Returns:
        Teachers, prompts, pairs, prompts to stop by, epochs, the epoch that was kept and its Hit@1, prompts cut, longest.

    Raises:
        ValueError: if there is no pair to train on, or no prompt to stop by (names the setting).
    """
    import torch
    from transformers import AutoModelForSequenceClassification, EarlyStoppingCallback, Trainer, TrainingArguments, set_seed

    gpu = torch.cuda.is_available()
    set_seed(routing.seed)
    tokenizer = load_tokenizer(start, padding_side="right")
    model: Any = AutoModelForSequenceClassification.from_pretrained(
        start, num_labels=len(teachers), dtype=torch.float32, local_files_only=True
    )
    settings = model.config.get_text_config()
    longest = min(routing.max_length, getattr(settings, "max_position_embeddings", None) or routing.max_length)
    ids, cut = encode(tokenizer, texts, longest)
    settings.pad_token_id = model.config.pad_token_id = _padding(model, tokenizer)
    taught = [row for row in range(len(ids)) if folds[row] == "train" and wins[row].any()]
    asked = [row for row in range(len(ids)) if folds[row] == "stop" and best[row].any()]
    facts: dict[str, Any] = {"teachers": list(teachers), "longest": longest, "cut": cut}
    facts |= {"prompts": len(taught), "pairs": int(wins[taught].sum()), "stopped_by": len(asked)}
    if len(teachers) == 1:  # nothing to choose between
        save_whole(model, tokenizer, out, extra={FACTS: facts})
        return facts
    if not taught or not asked:
        missing = "pair of teachers with different rewards to learn from" if not taught else "prompt to stop by"
        raise ValueError(f"the {len(ids)} calibration prompts leave no {missing}: raise routing.calibration")

    def example(row: int) -> dict[str, Any]:
        return {"input_ids": ids[row], "wins": wins[row], "best": best[row]}

    def collate(batch: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        tokens, mask = _padded([one["input_ids"] for one in batch], settings.pad_token_id)
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

    def hit(prediction: Any) -> dict[str, float]:
        _, tops = prediction.label_ids
        return {"hit_1": float(tops[np.arange(len(tops)), prediction.predictions.argmax(axis=1)].mean())}

    arguments = TrainingArguments(
        output_dir=str(checkpoints),
        num_train_epochs=routing.epochs,
        per_device_train_batch_size=routing.batch_size,
        per_device_eval_batch_size=routing.batch_size,
        learning_rate=routing.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=-(-len(taught) // routing.batch_size) // 2,
        train_sampling_strategy="group_by_length",
        label_names=["wins", "best"],
        remove_unused_columns=False,
        eval_strategy="epoch",
        save_strategy="epoch",
        save_total_limit=1,
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
    trainer = PairwiseTrainer(
        model=model,
        args=arguments,
        train_dataset=[example(row) for row in taught],
        eval_dataset=[example(row) for row in asked],
        data_collator=collate,
        compute_metrics=hit,
        callbacks=[EarlyStoppingCallback(early_stopping_patience=routing.patience)],
    )
    watch(trainer, "router")
    data = content_id(*texts, str(wins.tolist()), " ".join(folds))
    owner = training_owner(start=folder_fingerprint(start), data=data, among=list(teachers), **routing.model_dump())
    found = resume_point(checkpoints, owner)
    arguments.num_train_epochs = _last_epoch(found, routing)
    trainer.train(resume_from_checkpoint=found)
    history = [entry for entry in trainer.state.log_history if "eval_hit_1" in entry]
    kept = max(history, key=lambda entry: (entry["eval_hit_1"], -entry["epoch"]))
    facts |= {"epochs": trainer.state.epoch, "kept_epoch": kept["epoch"], "hit_1": kept["eval_hit_1"]}
    save_whole(trainer.accelerator.unwrap_model(trainer.model), tokenizer, out, extra={FACTS: facts}, done_with=[checkpoints])
    return facts


def _last_epoch(checkpoint: str | None, routing: Routing) -> int:
    """The epoch to end with: that of a checkpoint, if the training had come to its end there."""
    if checkpoint is None:
        return routing.epochs
    state = read_json(Path(checkpoint) / COMPLETE)
    waited = state["stateful_callbacks"]["EarlyStoppingCallback"]["attributes"]["early_stopping_patience_counter"]
    return round(state["epoch"]) if waited >= routing.patience else routing.epochs


def _padding(model: Any, tokenizer: Any) -> int:
    """The token that batches are padded with: the model's, the tokenizer's, or its end of text."""
    known = (model.config.get_text_config().pad_token_id, tokenizer.pad_token_id, tokenizer.eos_token_id, 0)
    return int(next(token for token in known if token is not None))


def _padded(rows: Sequence[Sequence[int]], padding: int) -> tuple[Any, Any]:
    """(token ids, attention mask), each of shape (rows, longest row)."""
    import torch

    width = max(len(row) for row in rows)
    tokens = torch.tensor([[*row, *[padding] * (width - len(row))] for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
    return tokens, mask


class Router:
    """A trained router from its folder, on whatever device there is."""

    def __init__(self, folder: Path, *, batch_size: int) -> None:
        import torch
        from transformers import AutoModelForSequenceClassification

        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        dtype = torch.bfloat16 if self.device == "cuda" else torch.float32
        facts = read_json(Path(folder) / FACTS)
        self.teachers: list[str] = facts["teachers"]
        self.longest: int = facts["longest"]
        self.tokenizer = load_tokenizer(folder)
        model: Any = AutoModelForSequenceClassification.from_pretrained(folder, dtype=dtype, local_files_only=True)
        self.model = model.to(self.device).eval()
        self.batch_size = batch_size

    def score(self, texts: Sequence[str]) -> Array:
        """Scores of every teacher for each prompt, shape (n, m), in batches of similar length."""
        import torch

        ids, cut = encode(self.tokenizer, texts, self.longest)
        if cut:
            print(f"{cut} of {len(ids)} prompts are longer than {self.longest} tokens; their middle was left out")
        order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
        found = np.zeros((len(ids), len(self.teachers)))
        with progress(total=len(ids), title="route", unit="prompt") as bar:
            for start in range(0, len(order), self.batch_size):
                rows = order[start : start + self.batch_size]
                tokens, mask = _padded([ids[row] for row in rows], self.model.config.get_text_config().pad_token_id)
                with torch.inference_mode():
                    logits = self.model(input_ids=tokens.to(self.device), attention_mask=mask.to(self.device)).logits
                found[rows] = logits.double().cpu().numpy()
                bar.advance(len(rows), tokens=int(mask.sum()))
        return found
