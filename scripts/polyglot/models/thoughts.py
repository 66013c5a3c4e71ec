"""Thoughts that a reasoning model writes before its answer, and the answer, in one text."""

from __future__ import annotations

import re

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
    while opened := next((tags for tags in TAGS if _begun(rest).startswith(tags[0])), None):
        inside, _, rest = _begun(rest)[len(opened[0]) :].partition(opened[1])
        thoughts.append(inside.strip())
    closed = CLOSED.search(text)
    if not thoughts and closed and not any(opening in text[: closed.start()] for opening, _ in TAGS):
        thoughts, rest = [text[: closed.start()].strip()], text[closed.end() :]
    if not thoughts and HARMONY not in text:
        return text, ""
    return FRAME.sub("", rest).lstrip(), "\n\n".join(filter(None, thoughts))


def _begun(text: str) -> str:
    """A text from where thoughts may begin: gpt-oss begins each message anew."""
    return text.lstrip().removeprefix("<|start|>assistant")
