"""How an item is put to a model, and what of the text is its answer: in tokens, in plain text or in the model's chat template."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from polyglot.core.text import UNSPACED
from polyglot.models.tokenization import answer_frame

WITHOUT_SPACE = re.compile(f"[{UNSPACED}\u3000-\u303f\uff00-\uffef]$")
"""A text in a script without spaces between words ends so: with a letter of it, or with its wide punctuation."""


@dataclass(frozen=True)
class Options:
    """An item whose options are compared: token ids of what comes before, at least one, and of each option after it."""

    context: tuple[int, ...]
    options: tuple[tuple[int, ...], ...]


def separator(query: str) -> str:
    """What stands between a question and its answer in plain text: the space that the question ends with, or else one; none in
    scripts that are written without spaces."""
    end = query[len(query.rstrip()) :]
    return end or ("" if WITHOUT_SPACE.search(query) else " ")


class Prompts:
    """Prompts of one model.

    Args:
        chat: in the tokenizer's chat template; otherwise in plain text, as a pre-trained base is asked.
    """

    def __init__(self, tokenizer: Any, *, chat: bool) -> None:
        self.tokenizer, self.chat = tokenizer, chat
        self.begin = [] if chat else _begin(tokenizer)  # a chat template writes its own

    def request(self, doc: Any) -> list[int]:
        """The token ids that a model continues to answer an item.

        Args:
            doc: lighteval's `Doc`, with its few-shot examples.
        """
        if not self.chat:
            return self._ids(_plain(doc))
        return self._ids(self.tokenizer.apply_chat_template(_turns(doc), add_generation_prompt=True, tokenize=False))

    def options(self, doc: Any, *, limit: int | None = None) -> Options:
        """The token ids of an item and its options.

        Each option is tokenized together with what comes before it, as a model reads and writes it. Where the first characters of
        an option share a token with the end of the context, the context ends before that token, for all options alike, so that
        they are compared on the same footing.

        Args:
            doc: lighteval's `Doc`, with its few-shot examples and choices.
            limit: the model's context in tokens; the start of a longer context is cut.
        """
        head, gap = self._head(doc)
        context, wholes = self._ids(head), [self._ids(head + gap + choice) for choice in doc.choices]
        shared = min(_shared(context, whole) for whole in wholes)
        options = [tuple(whole[shared:]) for whole in wholes]
        kept = context[:shared] or [self.tokenizer.eos_token_id]  # a model without a begin token still needs one of context
        room = len(kept) if limit is None else max(limit - max(map(len, options)), 1)
        return Options(tuple(kept[-room:]), tuple(options))

    def pieces(self, text: str, *, limit: int) -> list[Options]:
        """A text in pieces that fit into a model's context of `limit` tokens, each after the last token of the one before."""
        start = self.begin[-1] if self.begin else self.tokenizer.eos_token_id
        ids = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        whole, size = [start, *ids], max(limit - 1, 1)
        return [Options((whole[at],), (tuple(whole[at + 1 : at + 1 + size]),)) for at in range(0, len(ids), size)]

    def _head(self, doc: Any) -> tuple[str, str]:
        """All before an option, and what separates them."""
        if not self.chat:
            text = _plain(doc)
            return text.rstrip(), separator(doc.query)
        frame = answer_frame(self.tokenizer, _turns(doc))
        if frame is None:
            return self.tokenizer.apply_chat_template(_turns(doc), add_generation_prompt=True, tokenize=False), ""
        return frame[0], ""

    def _ids(self, text: str) -> list[int]:
        return [*self.begin, *self.tokenizer(text, add_special_tokens=False)["input_ids"]]


def _plain(doc: Any) -> str:
    """An item after its few-shot examples, in plain text."""
    shots = [shot.query.rstrip() + separator(shot.query) + shot.get_golds()[0].strip() for shot in doc.fewshot_samples]
    return "\n\n".join([*shots, doc.query])


def _turns(doc: Any) -> list[dict[str, str]]:
    """An item after its few-shot examples, as a chat."""
    asked = [(shot.query, shot.get_golds()[0]) for shot in doc.fewshot_samples]
    shots = [turn for query, gold in asked for turn in _turn("user", query) + _turn("assistant", gold)]
    return shots + _turn("user", doc.query)


def _turn(role: str, content: str) -> list[dict[str, str]]:
    return [{"role": role, "content": content}]


def _begin(tokenizer: Any) -> list[int]:
    """The tokens that a tokenizer puts before a text; what it puts after one would end the text before its answer."""
    bare, whole = tokenizer("a", add_special_tokens=False)["input_ids"], tokenizer("a")["input_ids"]
    start = next(place for place in range(len(whole)) if whole[place : place + len(bare)] == bare)
    return list(whole[:start])


def _shared(first: Sequence[int], second: Sequence[int]) -> int:
    """How many tokens two texts have in common at their start."""
    for place, (one, other) in enumerate(zip(first, second, strict=False)):
        if one != other:
            return place
    return min(len(first), len(second))
