"""Thoughts that a reasoning model writes before its answer, and the answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from polyglot.models.thinking import prompt_end
from polyglot.models.tokenization import TokenizerError

TAGS = (
    ("<think>", "</think>"),  # Qwen 3, DeepSeek R1, GLM, OLMo 3 Think and most others
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("[THINK]", "[/THINK]"),  # Magistral
    ("<seed:think>", "</seed:think>"),  # Seed-OSS
    ("◁think▷", "◁/think▷"),  # Kimi
    ("<|START_THINKING|>", "<|END_THINKING|>"),  # Command A Reasoning
    ("<|channel>thought", "<channel|>"),  # Gemma 4
    ("<|channel|>analysis<|message|>", "<|end|>"),  # gpt-oss
)
"""How model families mark their thoughts."""
NAMES = "|".join(re.escape(closing) for _, closing in TAGS[:-1])
CLOSED = re.compile(rf"(?<![`'\"])(?:(?<!\s)(?:{NAMES})|(?:{NAMES})(?! ))(?![`'\"])")
"""A closing tag that is neither quoted nor a word of a sentence."""
HARMONY = "<|channel|>"
FRAME = re.compile(
    r"\A\s*(?:<\|start\|>assistant)?(?:<\|channel\|>final<\|message\|>|<\|START_RESPONSE\|>)\s*"
    r"|\s*(?:<\|return\|>|<\|END_RESPONSE\|>)\s*\Z"
)
"""What some of them write around the answer."""


def split_thoughts(text: str) -> tuple[str, str]:
    """(answer, thoughts) of a model's text.

    Thoughts come first: between tags; before a closing tag alone, where the chat template has opened it; or all of the text, if
    the tag is not closed. Tags within the answer are a part of it. A text without thoughts is returned as it is.
    """
    thoughts: list[str] = []
    rest = text
    while opened := next((tags for tags in TAGS if rest.lstrip().startswith(tags[0])), None):
        inside, _, rest = rest.lstrip()[len(opened[0]) :].partition(opened[1])
        thoughts.append(inside.strip())
    closed = CLOSED.search(text)
    if not thoughts and closed and not any(opening in text[: closed.start()] for opening, _ in TAGS):
        thoughts, rest = [text[: closed.start()].strip()], text[closed.end() :]
    if not thoughts and HARMONY not in text:
        return text, ""
    return FRAME.sub("", rest).lstrip(), "\n\n".join(filter(None, thoughts))


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
