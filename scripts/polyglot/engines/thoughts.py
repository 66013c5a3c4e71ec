"""Thoughts of local models: found in the tokens that they write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from polyglot.models.thinking import prompt_end
from polyglot.models.thoughts import TAGS, split_thoughts
from polyglot.models.tokenization import TokenizerError


@dataclass(frozen=True)
class Marks:
    """How a local model marks its thoughts, in its own tokens.

    Args:
        tokenizer: with the chat template that it is asked in.
        opened: the tag that the template writes at the end of a prompt, so that an answer begins within thoughts; or empty.
        hidden: tokens of such marks that decoding leaves out with the other special tokens.
        special: texts of all special tokens.
    """

    tokenizer: Any
    opened: str = ""
    hidden: frozenset[int] = frozenset()
    special: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, tokenizer: Any, variables: dict[str, Any]) -> Marks:
        """The marks of a model.

        Args:
            variables: those that its chat template is given (`polyglot.models.thinking.template_variables`).
        """
        end = prompt_end(tokenizer, variables).rstrip()
        opened = next((opening for opening, _ in TAGS if end.endswith(opening)), "")
        special = {number: str(token) for number, token in tokenizer.added_tokens_decoder.items() if token.special}
        marks = "".join(text for tags in TAGS for text in tags)
        hidden = frozenset(number for number, text in special.items() if text in marks)
        return cls(tokenizer, opened, hidden, tuple(special.values()))

    def read(self, tokens: Sequence[int]) -> tuple[str, str, int]:
        """(answer, thoughts, tokens of thoughts) of what a model wrote, without the token that ends it."""
        if not self.hidden.intersection(tokens):
            return self.parted(self.tokenizer.decode(tokens, skip_special_tokens=True))
        return self.parted(self.tokenizer.decode(tokens, skip_special_tokens=False))

    def parted(self, text: str) -> tuple[str, str, int]:
        """The same of a text, in which special tokens may be left."""
        marked = any(mark in text for mark in self.special)
        answer, thoughts = split_thoughts(self.opened + text)
        if marked:
            answer, thoughts = self._plain(answer), self._plain(thoughts)
        return answer, thoughts, len(self.tokenizer(thoughts, add_special_tokens=False)["input_ids"]) if thoughts else 0

    def _plain(self, text: str) -> str:
        for mark in self.special:
            text = text.replace(mark, "")
        return text

    def tags(self, source: object) -> tuple[list[int], list[int]]:
        """Tokens that open and close thoughts.

        Raises:
            TokenizerError: if the model has none that are known; names `source`.
        """
        template, words = self.tokenizer.chat_template or "", self.tokenizer.get_vocab()
        for opening, closing in TAGS:
            if opening == self.opened or closing in words or closing in template:
                opens, closes = (self.tokenizer(tag, add_special_tokens=False)["input_ids"] for tag in (opening, closing))
                return opens, closes
        raise TokenizerError(
            f"{source}: thinking.budget needs a tag that closes thoughts, and its chat template has none: leave it out"
        )
