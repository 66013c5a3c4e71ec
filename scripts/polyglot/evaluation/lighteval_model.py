"""A model as lighteval asks for one: it compares options and writes answers.

lighteval brings items, few-shot examples and metrics. Its own transformers model stops at the tokenizer's end of sequence alone,
glues a plain base's answer to the question, computes likelihoods in the weights' precision over all positions, and keeps answers
by the model's path; so this one takes its place, through the interface that lighteval has for models of others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import torch
from lighteval.models.abstract_model import LightevalModel, ModelConfig
from lighteval.models.model_output import ModelResponse
from lighteval.tasks.prompt_manager import PromptManager
from transformers import StoppingCriteria, StoppingCriteriaList

from polyglot.core.progress import progress
from polyglot.evaluation.batches import TokenBatches
from polyglot.evaluation.likelihood import log_likelihoods
from polyglot.evaluation.prompts import Options, Prompts
from polyglot.models.thoughts import split_thoughts


class NoCache:
    """lighteval keeps answers on disk; here each evaluation asks anew."""

    def _init_registry(self, registry: Any) -> None:
        pass


class EvaluatedModel(LightevalModel):
    """A causal language model with its tokenizer.

    Args:
        chat: ask in the tokenizer's chat template; otherwise in plain text.
        ends: ids of the tokens that end an answer (`polyglot.models.tokenization.answer_ends`).
        tokens: most tokens of a batch: prompts, answers and padding.
    """

    def __init__(self, model: Any, tokenizer: Any, *, chat: bool, ends: Sequence[int], tokens: int) -> None:
        self.model, self._tokenizer, self.ends, self.tokens = model, tokenizer, list(ends), tokens
        self.prompts: Prompts | LightevalPrompts = Prompts(tokenizer, chat=chat)
        self.reader = Prompts(tokenizer, chat=False)
        self.config, self._cache = ModelConfig(model_name="model"), NoCache()
        self.pad = next(token for token in (tokenizer.pad_token_id, *self.ends, 0) if token is not None)

    @property
    def tokenizer(self) -> Any:
        return self._tokenizer

    @property
    def add_special_tokens(self) -> bool:
        return not self.prompts.chat

    @property
    def max_length(self) -> int:
        """The model's context in tokens, as its configuration has it."""
        settings = self.model.config.get_text_config()
        return int(getattr(settings, "max_position_embeddings", None) or 2**31)

    def loglikelihood(self, docs: list[Any]) -> list[ModelResponse]:
        """The log-likelihood of every choice of every item."""
        items = [self.prompts.options(doc, limit=self.max_length) for doc in docs]
        found = log_likelihoods(self.model, items, tokens=self.tokens, pad=self.pad)
        return [
            ModelResponse(logprobs=scores, input_tokens=list(item.context), output_tokens=[list(one) for one in item.options])
            for item, scores in zip(items, found, strict=True)
        ]

    def loglikelihood_rolling(self, docs: list[Any]) -> list[ModelResponse]:
        """The log-likelihood of every text, in plain text also where the model has a chat template.

        A text longer than the model's context is read in pieces of that length; each follows the last token of the one before.
        """
        pieces = [self.reader.pieces(doc.query, limit=self.max_length) for doc in docs]
        found = iter(log_likelihoods(self.model, [one for each in pieces for one in each], tokens=self.tokens, pad=self.pad))
        sums = [sum(next(found)[0] for _ in each) for each in pieces]
        return [ModelResponse(logprobs=[total], input_tokens=[], output_tokens=[]) for total in sums]

    def greedy_until(self, docs: list[Any]) -> list[ModelResponse]:
        """The most likely answer to every item, token by token, until an end, a stop sequence or the greatest length.

        An answer gets what the prompt leaves of the model's context, as in lighteval; only a prompt that fills it is cut.
        """
        alike: dict[tuple[int, tuple[str, ...]], list[int]] = defaultdict(list)
        prompts: dict[int, list[int]] = {}
        for place, doc in enumerate(docs):
            prompts[place] = self.prompts.request(doc)[-max(self.max_length - 1, 1) :]
            size = min(doc.generation_size, max(self.max_length - len(prompts[place]), 1))
            alike[size, tuple(doc.stop_sequences or ())].append(place)
        found: dict[int, ModelResponse] = {}
        batches = TokenBatches(self.tokens, "answers")
        with torch.inference_mode(), progress(total=len(docs), title="answers", unit="item") as bar:
            for (size, stops), places in alike.items():
                places.sort(key=lambda place: -len(prompts[place]))

                def cost(batch: Sequence[int], size: int = size) -> int:
                    return len(batch) * (max(len(prompts[place]) for place in batch) + size)

                def work(batch: Sequence[int], size: int = size, stops: tuple[str, ...] = stops) -> list[ModelResponse]:
                    return self._written([prompts[place] for place in batch], size, stops)

                for batch, answers in batches.over(places, cost, work):
                    found.update(zip(batch, answers, strict=True))
                    bar.advance(len(batch), tokens=sum(len(answer.output_tokens[0]) for answer in answers))
        return [found[place] for place in range(len(docs))]

    def _written(self, prompts: list[list[int]], size: int, stops: tuple[str, ...]) -> list[ModelResponse]:
        """Answers to a batch of prompts, of at most `size` tokens."""
        width = max(map(len, prompts))
        ids, mask = torch.full((len(prompts), width), self.pad), torch.zeros((len(prompts), width), dtype=torch.long)
        for number, prompt in enumerate(prompts):
            ids[number, width - len(prompt) :], mask[number, width - len(prompt) :] = torch.tensor(prompt), 1
        output = self.model.generate(
            input_ids=ids.to(self.model.device),
            attention_mask=mask.to(self.model.device),
            do_sample=False,
            max_new_tokens=size,
            eos_token_id=self.ends or None,
            pad_token_id=self.pad,
            stopping_criteria=StoppingCriteriaList([Stops(self.tokenizer, stops, width)] if stops else []),
        )
        answers = []
        for prompt, row in zip(prompts, output[:, width:].tolist(), strict=True):
            ended = next((place for place, token in enumerate(row) if token in self.ends), len(row))
            text, _ = split_thoughts(self.tokenizer.decode(row[:ended], skip_special_tokens=True))
            for stop in stops:
                text = text.split(stop)[0]
            answers.append(ModelResponse(text=[text], input_tokens=prompt, output_tokens=[row[:ended]]))
        return answers

    def cleanup(self) -> None:
        """Let go of the model; lighteval calls this before it computes metrics."""
        del self.model


class LightevalPrompts:
    """Prompts exactly as lighteval writes them, for the tasks that it defines.

    Its options are tokenized apart from what comes before them, and begin with the space that the task gives them.
    """

    def __init__(self, model: EvaluatedModel, *, chat: bool) -> None:
        self.model, self.chat = model, chat
        self.manager = PromptManager(use_chat_template=chat, tokenizer=model.tokenizer)

    def request(self, doc: Any) -> list[int]:
        """The token ids that a model continues to answer an item."""
        return list(self.model.tok_encode(self.manager.prepare_prompt(doc)))

    def options(self, doc: Any, *, limit: int | None = None) -> Options:
        """The token ids of an item and its options (see `Prompts.options`)."""
        contexts, options = self.model.tok_encode_pair(self.manager.prepare_prompt(doc), doc.choices, pairwise=True)
        context = list(contexts[0]) or [self.model.tokenizer.eos_token_id]
        room = len(context) if limit is None else max(limit - max(map(len, options)), 1)
        return Options(tuple(context[-room:]), tuple(map(tuple, options)))


class Stops(StoppingCriteria):
    """A row ends where it has written one of these texts.

    Args:
        start: where answers start, in tokens.
    """

    def __init__(self, tokenizer: Any, stops: Sequence[str], start: int) -> None:
        self.tokenizer, self.stops, self.start = tokenizer, stops, start
        self.tail = max(len(stop.encode()) for stop in stops) + 1
        """A text lies in so many tokens at most: one a byte, and one that it begins within."""

    def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
        tails = self.tokenizer.batch_decode(input_ids[:, self.start :][:, -self.tail :])
        return torch.tensor([any(stop in tail for stop in self.stops) for tail in tails], device=input_ids.device)
