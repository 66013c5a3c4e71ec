"""The `transformers` engine: batched generation in this process, on the available device."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import (
    LogitsProcessor,
    LogitsProcessorList,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from polyglot.core.batch_size import BatchSize
from polyglot.engines.base import Answer, Request, Start
from polyglot.models.context import too_long
from polyglot.models.loading import load_language_model
from polyglot.models.tokenization import answer_ends, load_tokenizer, needs_chat_template
from polyglot.registry.models import Sampling


class SeededNoise(LogitsProcessor):
    """Gumbel noise from one generator per request: the argmax of noisy log-probabilities is a sample (Gumbel-max trick).

    Each request is thus sampled with its own seed, regardless of its batch.
    """

    def __init__(self, seeds: list[int]) -> None:
        self.generators = [torch.Generator().manual_seed(seed) for seed in seeds]

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        uniform = torch.stack([torch.rand(scores.shape[-1], generator=generator) for generator in self.generators])
        noise = -torch.log(-torch.log(uniform.clamp_min(1e-20)))
        return scores + noise.to(scores.device)  # type: ignore[return-value]


class TransformersEngine:
    """Answers batches with a causal language model and its chat template.

    It does not enforce `Request.schema`: answers are validated afterwards, as for every engine.

    Args:
        gpus: how many GPUs the model is spread over, as many of them as there are.
    """

    batch_size = None

    def __init__(
        self,
        model: Path,
        sampling: Sampling,
        *,
        context: int | None = None,
        chat_template: Path | None = None,
        gpus: int = 1,
    ) -> None:
        self.tokenizer: Any = load_tokenizer(model, chat_template, padding_side="left")
        needs_chat_template(self.tokenizer, model)
        if self.tokenizer.pad_token is None:
            self.tokenizer.pad_token = self.tokenizer.eos_token
        self.model: Any = load_language_model(model, gpus=gpus)
        self.name, self.sampling = str(model), sampling
        self.context = context or int(self.model.config.get_text_config().max_position_embeddings)
        self.ends = answer_ends(model, self.tokenizer)
        self.batches = BatchSize(None, f"answers of {model.name}")
        self.deterministic = self.model.device.type == "cpu"  # on a GPU the padding of a batch changes rounding

    def chat(self, requests: list[Request]) -> list[Answer]:
        """The answer to every request, in order; an answer ends at the end of the context at the latest.

        Raises:
            ContextError: if a prompt fills the context.
        """
        return [answer for _, found in self.batches.over(requests, self._answered) for answer in found]

    def _answered(self, requests: Sequence[Request]) -> list[Answer]:
        batch = self.tokenizer.apply_chat_template(
            [request.messages for request in requests],
            add_generation_prompt=True,
            padding=True,
            return_dict=True,
            return_tensors="pt",
        ).to(self.model.device)
        lengths = batch["attention_mask"].sum(dim=1).tolist()
        for request, length in zip(requests, lengths, strict=True):
            if length >= self.context:
                raise too_long(self.name, request.id, length, self.context)
        with torch.inference_mode():
            output = self.model.generate(
                **batch,
                do_sample=False,
                eos_token_id=self.ends,
                max_new_tokens=min(self.sampling.max_new_tokens, self.context - min(lengths)),
                logits_processor=self._processors(requests),
            )
        prompt_width = batch["input_ids"].shape[1]
        answers = []
        for request, prompt, row in zip(requests, lengths, output[:, prompt_width:].tolist(), strict=True):
            row = row[: self.context - prompt]
            length = next((place for place, token in enumerate(row) if token in self.ends), None)
            tokens = row if length is None else row[:length]
            answers.append(
                Answer(
                    id=request.id,
                    text=self.tokenizer.decode(tokens, skip_special_tokens=True),
                    finish_reason="length" if length is None else "stop",
                    prompt_tokens=prompt,
                    completion_tokens=len(tokens) + (length is not None),
                )
            )
        return answers

    def _processors(self, requests: Sequence[Request]) -> LogitsProcessorList:
        """Temperature, top-k, top-p, then each request's noise; none of these for greedy decoding."""
        processors = LogitsProcessorList()
        if self.sampling.temperature == 0:
            return processors
        processors.append(TemperatureLogitsWarper(self.sampling.temperature))
        if self.sampling.top_k:
            processors.append(TopKLogitsWarper(self.sampling.top_k))
        if self.sampling.top_p < 1:
            processors.append(TopPLogitsWarper(self.sampling.top_p))
        processors.append(SeededNoise([request.seed for request in requests]))
        return processors


def start(given: Start) -> TransformersEngine:
    """The engine of a model's folder."""
    assert given.folder is not None  # set for every local model
    model = given.model
    how: dict[str, Any] = {"context": model.context, "chat_template": given.chat_template, "gpus": model.gpus}
    return TransformersEngine(given.folder, model.sampling, **how)
