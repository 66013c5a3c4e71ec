"""The `transformers` engine: batched generation in this process, on the available device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
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
from polyglot.engines.thoughts import Marks
from polyglot.models.context import too_long
from polyglot.models.loading import load_language_model
from polyglot.models.thinking import template_variables
from polyglot.models.tokenization import answer_ends, load_tokenizer, needs_chat_template
from polyglot.registry.models import Sampling, Thinking


class SeededNoise(LogitsProcessor):
    """Gumbel noise from one generator per request: the argmax of noisy log-probabilities is a sample (Gumbel-max trick).

    Each request is thus sampled with its own seed, regardless of its batch. Noise is drawn where the scores are, and
    a GPU draws other numbers than a CPU.
    """

    def __init__(self, seeds: list[int]) -> None:
        self.seeds = seeds
        self.generators: list[torch.Generator] = []

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        if not self.generators:
            self.generators = [torch.Generator(scores.device).manual_seed(seed) for seed in self.seeds]
        rows = [torch.rand(scores.shape[-1], generator=each, device=scores.device) for each in self.generators]
        noise = -torch.log(-torch.log(torch.stack(rows).clamp_min(1e-20)))
        return scores + noise  # type: ignore[return-value]


@dataclass
class Thinker:
    """Where one row of a batch stands: within thoughts, with so many tokens, and what it still has to write to close them."""

    inside: bool
    over: bool = False
    tokens: int = 0
    last: list[int] = field(default_factory=list)
    due: list[int] = field(default_factory=list)


class ThoughtBudget(LogitsProcessor):
    """Closes a row's thoughts after so many tokens. Thoughts that end before are left alone; what comes after them is no thought.

    Args:
        budget: most tokens of thoughts.
        opening, closing: tokens of the tags.
        rows: of the batch.
        opened: whether prompts end within thoughts.
    """

    def __init__(self, budget: int, opening: Sequence[int], closing: Sequence[int], *, rows: int, opened: bool) -> None:
        self.budget, self.opening, self.closing = budget, list(opening), list(closing)
        self.rows = [Thinker(opened) for _ in range(rows)]
        self.width: int | None = None

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        new = self.width is not None and input_ids.shape[1] > self.width
        self.width = input_ids.shape[1]
        written = input_ids[:, -1].tolist()
        for number, row in enumerate(self.rows):
            if new:
                self._follow(row, written[number])
            if row.inside and row.tokens >= self.budget:
                row.inside, row.over, row.due = False, True, list(self.closing)
            if row.due:
                scores[number] = -torch.inf
                scores[number, row.due[0]] = 0.0
        return scores

    def _follow(self, row: Thinker, token: int) -> None:
        if row.due:
            row.due.pop(0)
            return
        if row.over:
            return
        row.last = [*row.last, token][-max(len(self.opening), len(self.closing)) :]
        if row.inside and row.last[-len(self.closing) :] == self.closing:
            row.inside, row.over = False, True
        elif row.inside:
            row.tokens += 1
        elif row.last[-len(self.opening) :] == self.opening:
            row.inside = True


class TransformersEngine:
    """Answers batches with a causal language model and its chat template.

    It does not enforce `Request.schema`: answers are validated afterwards, as for every engine.

    Args:
        gpus: how many GPUs the model is spread over, as many of them as there are.
        thinking: what the model's entry says of thinking.
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
        thinking: Thinking | None = None,
    ) -> None:
        self.tokenizer: Any = load_tokenizer(model, chat_template, padding_side="left")
        needs_chat_template(self.tokenizer, model)
        if self.tokenizer.pad_token is None:
            self.tokenizer.pad_token = self.tokenizer.eos_token
        self.model: Any = load_language_model(model, gpus=gpus)
        self.name, self.sampling = str(model), sampling
        self.context = context or int(self.model.config.get_text_config().max_position_embeddings)
        self.ends = answer_ends(model, self.tokenizer)
        thinking = thinking or Thinking()
        self.variables = template_variables(self.tokenizer, thinking, model)
        self.marks, self.budget = Marks.of(self.tokenizer, self.variables), thinking.budget
        self.tags = self.marks.tags(model) if thinking.budget else ([], [])
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
            **self.variables,
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
            text, thoughts, thought_tokens = self.marks.read(tokens)
            answers.append(
                Answer(
                    id=request.id,
                    text=text,
                    thoughts=thoughts,
                    thought_tokens=thought_tokens,
                    finish_reason="length" if length is None else "stop",
                    prompt_tokens=prompt,
                    completion_tokens=len(tokens) + (length is not None),
                )
            )
        return answers

    def _processors(self, requests: Sequence[Request]) -> LogitsProcessorList:
        """Temperature, top-k, top-p, then each request's noise; none of these for greedy decoding. Then the thoughts' budget."""
        processors = LogitsProcessorList()
        if self.sampling.temperature > 0:
            processors.extend(self._drawing(requests))
        if self.budget:
            opened = bool(self.marks.opened)
            processors.append(ThoughtBudget(self.budget, *self.tags, rows=len(requests), opened=opened))
        return processors

    def _drawing(self, requests: Sequence[Request]) -> LogitsProcessorList:
        processors = LogitsProcessorList()
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
    how["thinking"] = model.thinking
    return TransformersEngine(given.folder, model.sampling, **how)
