"""Nano causal language models, trained from scratch with transformers on the CPU."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from polyglot.core.hashing import content_id, stable_seed
from polyglot.registry.models import Pretraining, TranslatorTraining
from polyglot.training.checkpoints import KEPT, resume_point, save_whole, training_owner, watch

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase, Qwen3ForCausalLM, Trainer, TrainingArguments

SPECIAL_TOKENS = ("<|pad|>", "<|im_start|>", "<|im_end|>")
PROMPT_WEIGHT = 0.2
"""Weight of prompt tokens in the loss, against 1 for the completion."""
CHECKPOINT_STEPS = 200
"""Steps between checkpoints, from which a killed job resumes."""
BUCKET = 64
"""Batches whose examples are sorted by length together."""


def train_tokenizer(texts: list[str], chat_template: str, *, vocabulary: int) -> PreTrainedTokenizerBase:
    """A byte-level BPE tokenizer with chat tokens."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    pad, _, end = SPECIAL_TOKENS
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token=pad, eos_token=end, padding_side="left")
    fast.chat_template = chat_template
    return fast


def draw_examples(
    corpora: Mapping[str, pd.DataFrame],
    weights: Mapping[str, float],
    *,
    size: int,
    corruption: float,
    seed: int,
    kinds: Sequence[str] | None = None,
) -> list[tuple[list[dict[str, str]], str]]:
    """A seeded sample of (messages, completion): languages by weight, wrong completions with probability `corruption`.

    Args:
        kinds: kinds of example to draw from; None: all.
    """
    rng = random.Random(stable_seed("draw", seed))
    languages = [lang for lang in weights if weights[lang] > 0]
    chosen = {lang: corpora[lang] if kinds is None else corpora[lang][corpora[lang]["kind"].isin(kinds)] for lang in languages}
    rows = {lang: frame.to_dict("records") for lang, frame in chosen.items()}
    examples = []
    for lang in rng.choices(languages, [weights[lang] for lang in languages], k=size):
        row = rng.choice(rows[lang])
        completion = row["corrupted"] if rng.random() < corruption else row["completion"]
        examples.append(([dict(message) for message in row["messages"]], completion))
    return examples


def encode(tokenizer: PreTrainedTokenizerBase, messages: list[dict[str, str]], completion: str) -> tuple[list[int], list[float]]:
    """Token ids and loss weights of one example."""
    end = [tokenizer.convert_tokens_to_ids(SPECIAL_TOKENS[2])]
    answer = tokenizer.encode(completion, add_special_tokens=False) + end
    if not messages:
        return end + answer, [0.0] + [1.0] * len(answer)
    prompt = tokenizer.apply_chat_template(
        messages, add_generation_prompt=True, return_dict=True, return_assistant_tokens_mask=True
    )
    weights = [1.0 if by_assistant else PROMPT_WEIGHT for by_assistant in prompt["assistant_masks"]]
    return list(prompt["input_ids"]) + answer, weights + [1.0] * len(answer)


def order_by_length(lengths: list[int], batch_size: int, seed: int) -> list[int]:
    """An order of examples in which batches hold similar lengths and come in a seeded random order."""
    pool = BUCKET * batch_size
    batches = []
    for start in range(0, len(lengths), pool):
        bucket = sorted(range(start, min(start + pool, len(lengths))), key=lengths.__getitem__)
        batches += [bucket[i : i + batch_size] for i in range(0, len(bucket), batch_size)]
    random.Random(stable_seed("order", seed)).shuffle(batches)
    return [index for batch in batches for index in batch]


def pretrain(
    tokenizer: PreTrainedTokenizerBase,
    examples: list[tuple[list[dict[str, str]], str]],
    out: Path,
    settings: Pretraining,
    *,
    checkpoints: Path,
) -> dict[str, Any]:
    """Train a Qwen3-shaped causal model from scratch; resumes from the newest checkpoint in `checkpoints`.

    Args:
        examples: exactly steps x batch_size pairs of (messages, completion).
        settings: architecture and training; everything is seeded, so the same input gives the same weights.

    Returns:
        Mean training loss since the start or the last resumption, steps, parameter count and seed.
    """
    from transformers import set_seed

    seed, limit = settings.seed, settings.max_length
    set_seed(seed)
    encoded = [encode(tokenizer, messages, completion) for messages, completion in examples]
    encoded = [(ids[-limit:], weights[-limit:]) for ids, weights in encoded]
    order = order_by_length([len(ids) for ids, _ in encoded], settings.batch_size, seed)
    encoded = [encoded[index] for index in order]
    model = _new_model(tokenizer, settings)
    trainer = _weighted_trainer()(
        model=model,
        args=training_arguments(settings, checkpoints),
        train_dataset=encoded,
        data_collator=_padding(tokenizer.pad_token_id),
    )
    watch(trainer, "pre-training")
    owner = training_owner(data=content_id(*(str(ids) for ids, _ in encoded)), **settings.model_dump(exclude_none=True))
    result = trainer.train(resume_from_checkpoint=resume_point(checkpoints, owner))
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    summary = {"loss": result.training_loss, "steps": settings.steps, "parameters": model.num_parameters(), "seed": seed}
    save_whole(model, tokenizer, out, extra={"training.json": summary}, done_with=[checkpoints])
    return summary


def training_arguments(settings: Pretraining | TranslatorTraining, checkpoints: Path) -> TrainingArguments:
    """How nano models are trained from scratch: on the CPU, batches in the order in which they are given."""
    from transformers import TrainingArguments

    return TrainingArguments(
        output_dir=str(checkpoints),
        max_steps=settings.steps,
        per_device_train_batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=settings.steps // 10,
        optim="adamw_torch_fused",
        adam_beta2=0.95,
        use_cpu=True,
        seed=settings.seed,
        train_sampling_strategy="sequential",
        remove_unused_columns=False,
        save_steps=CHECKPOINT_STEPS,
        save_total_limit=KEPT,
        logging_steps=100,
        report_to="none",
        disable_tqdm=True,
    )


def _new_model(tokenizer: PreTrainedTokenizerBase, settings: Pretraining) -> Qwen3ForCausalLM:
    """A model with random weights, from torch's random state."""
    from transformers import Qwen3Config, Qwen3ForCausalLM

    return Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=len(tokenizer),
            initializer_range=settings.hidden**-0.5,
            hidden_size=settings.hidden,
            num_hidden_layers=settings.layers,
            num_attention_heads=settings.heads,
            num_key_value_heads=settings.heads,
            head_dim=settings.hidden // settings.heads,
            intermediate_size=settings.feed_forward,
            max_position_embeddings=settings.max_length,
            tie_word_embeddings=True,
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=tokenizer.eos_token_id,
            bos_token_id=None,
        )
    )


def _padding(pad: int) -> Callable[[list[tuple[list[int], list[float]]]], dict[str, torch.Tensor]]:
    """A collator: token ids and loss weights of a batch, padded on the right."""
    import torch

    def collate(batch: list[tuple[list[int], list[float]]]) -> dict[str, torch.Tensor]:
        width = max(len(ids) for ids, _ in batch)
        return {
            "input_ids": torch.tensor([ids + [pad] * (width - len(ids)) for ids, _ in batch]),
            "attention_mask": torch.tensor([[1] * len(ids) + [0] * (width - len(ids)) for ids, _ in batch]),
            "weights": torch.tensor([weights + [0.0] * (width - len(weights)) for _, weights in batch]),
        }

    return collate


def _weighted_trainer() -> type[Trainer]:
    """A trainer whose loss weights every token; the class is defined here to import transformers only when needed."""
    import torch
    from transformers import Trainer

    class WeightedTrainer(Trainer):
        def compute_loss(self, model: Any, inputs: Any, return_outputs: bool = False, **_: Any) -> Any:
            weights = inputs.pop("weights")[:, 1:]
            logits = model(**inputs).logits[:, :-1]
            loss = torch.nn.functional.cross_entropy(
                logits.reshape(-1, logits.size(-1)), inputs["input_ids"][:, 1:].reshape(-1), reduction="none"
            )
            return (loss * weights.reshape(-1)).sum() / weights.sum()

    return WeightedTrainer
