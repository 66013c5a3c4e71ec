"""Thoughts that a reasoning model writes before its answer, and the answer, in one text."""

from __future__ import annotations

import re

from polyglot.core.text import UNSPACED

TAGS = (
    ("<think>", "</think>"),  # Qwen 3, DeepSeek R1, GLM, OLMo 3 Think and most others
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),  # EXAONE Deep
    ("<reasoning>", "</reasoning>"),
    ("<analysis>", "</analysis>"),
    ("<reflection>", "</reflection>"),
    ("<scratchpad>", "</scratchpad>"),
    ("[THINK]", "[/THINK]"),  # Magistral
    ("<seed:think>", "</seed:think>"),  # Seed-OSS
    ("<longcat_think>", "</longcat_think>"),  # LongCat
    ("◁think▷", "◁/think▷"),  # Kimi
    ("<|inner_prefix|>", "<|inner_suffix|>"),  # Apertus
    ("<|begin_of_thought|>", "<|end_of_thought|>"),  # OpenThinker, Sky-T1
    ("<|START_THINKING|>", "<|END_THINKING|>"),  # Command A Reasoning
    ("<unused94>thought", "<unused95>"),  # MedGemma
    ("<|channel>thought", "<channel|>"),  # Gemma 4
    ("<|channel|>analysis<|message|>", "<|end|>"),  # gpt-oss
)
"""How model families mark their thoughts. Capital and small letters are the same."""
SHOWN = frozenset({"<thinking>", "<reasoning>", "<analysis>", "<reflection>", "<scratchpad>"})
"""Tags that models write because a prompt asks for them. No chat template opens them: a closing one alone is XML in an answer."""
WORDS = "</think>|</thought>"
SIGNS = "|".join(re.escape(closing) for opening, closing in TAGS[:-1] if opening not in SHOWN and closing not in WORDS)
CLOSED = re.compile(
    rf"(?<![`'\"])(?:(?<!\s)(?:{SIGNS})|(?:{SIGNS})(?! ))(?![`'\"])"
    rf"|(?<![`'\"(\[])(?:(?<![\s{UNSPACED}])(?:{WORDS})|(?<=[{UNSPACED}])(?:{WORDS})(?![{UNSPACED}])|(?<=\n)(?:{WORDS})(?! )"
    rf"|(?<=[.!?…] )(?:{WORDS})(?! )|(?<=\s)(?:{WORDS})(?=(?![{UNSPACED}])[^\W_]|[{{#]|\*\*\w|[ \t]*\r?\n[ \t]*\r?\n))"
    r"(?![`'\")\]]|[.,;:!?](?:\s|\Z)|[。，、；：！？])",
    re.IGNORECASE,
)
"""A closing tag that is neither quoted nor a word of a sentence. One that an answer may speak of follows a text or the end of a
sentence, stands on a line of its own, or has the answer right after it."""
HARMONY = "<|channel|>"
SPOKEN = re.compile(
    r"\A(?:assistant)?analysis(?P<gpt>.+?)assistantfinal"  # gpt-oss behind a server that leaves out its special tokens
    r"|\A\s*here(?:'s| is) my thought process:(?P<granite>.+?)here(?:'s| is) my response:",  # Granite 3.2
    re.IGNORECASE | re.DOTALL,
)
"""Thoughts that are marked by words."""
BEFORE = re.compile(r"\A\s*(?:<\|start\|>assistant)?(?:<\|channel\|>final<\|message\|>|<\|START_RESPONSE\|>)\s*")
AFTER = ("<|return|>", "<|END_RESPONSE|>")
"""What some of them write before and after the answer."""
WRAPPED = re.compile(
    r"\A\s*(?:<(?P<name>answer|response|solution|output)>(?P<tagged>.*)</(?P=name)>"  # Hunyuan, Granite 3.3, ERNIE
    r"|<\|begin_of_solution\|>(?P<solution>.*?)(?:<\|end_of_solution\|>)?)\s*\Z",
    re.IGNORECASE | re.DOTALL,
)
"""An answer in tags of its own, after thoughts."""
INVISIBLE = "\ufeff\u200b\u2060"


def split_thoughts(text: str) -> tuple[str, str]:
    """(answer, thoughts) of a model's text.

    Thoughts come first: between tags; before a closing tag alone, if chat templates open it; or all of the text, if the tag is
    not closed. Tags within the answer are a part of it. A text without thoughts is returned as it is.
    """
    thoughts: list[str] = []
    rest = text
    while opened := next(((tags, tag) for tags in TAGS if (tag := _begins(rest, tags[0]))), None):
        inside, rest = _inside(_begun(rest)[len(opened[1]) :], *opened[0])
        thoughts.append(inside.strip())
    closed = CLOSED.search(text)
    if not thoughts and closed and not _opens(text[: closed.start()], closed[0]):
        thoughts, rest = [text[: closed.start()].strip()], text[closed.end() :]
    if not thoughts and (spoken := SPOKEN.match(text)):
        thoughts, rest = [(spoken["gpt"] or spoken["granite"]).strip()], text[spoken.end() :]
    if not thoughts and HARMONY not in text:
        return text, ""
    rest = BEFORE.sub("", rest)
    for mark in AFTER:
        if rest.rstrip().endswith(mark):
            rest = rest.rstrip().removesuffix(mark).rstrip()
    if thoughts and (wrapped := WRAPPED.match(rest)):
        rest = (wrapped["tagged"] or wrapped["solution"] or "").strip()
    return rest.lstrip(), "\n\n".join(filter(None, thoughts))


def _begun(text: str) -> str:
    """A text from where thoughts may begin: gpt-oss begins each message anew."""
    return text.lstrip().lstrip(INVISIBLE).lstrip().removeprefix("<|start|>assistant")


def _begins(text: str, opening: str) -> str:
    """The tag that a text begins with if it is this one, perhaps with attributes where no prompt asks for it; else nothing."""
    found = re.match(re.escape(opening) if opening in SHOWN else _with_attributes(opening), _begun(text), re.IGNORECASE)
    return found[0] if found else ""


def _with_attributes(opening: str) -> str:
    """A pattern of an opening tag, which may have attributes if it is one of XML."""
    named = re.fullmatch(r"<[a-z]+>", opening)
    return rf"{opening[:-1]}(?:\s[^<>]{{0,300}})?>" if named else re.escape(opening)


def _opens(text: str, closing: str) -> bool:
    """Whether what a tag closes begins somewhere in the text before it."""
    opening = next(opening for opening, end in TAGS if end.lower() == closing.lower())
    return re.search(_with_attributes(opening), text, re.IGNORECASE) is not None


def _inside(text: str, opening: str, closing: str) -> tuple[str, str]:
    """(thoughts, rest) of a text in which thoughts have begun: they end at the tag that closes them, not at one that is quoted in
    them, nor at one of further thoughts within them."""
    deep, first = 1, None
    for tag in re.finditer(rf"{re.escape(opening)}|(?<![`'\"]){re.escape(closing)}(?![`'\"])", text, re.IGNORECASE):
        if tag.group().lower() == opening.lower():
            deep += 1
            continue
        deep -= 1
        first = first or tag
        if not deep:
            return text[: tag.start()], text[tag.end() :]
    return (text[: first.start()], text[first.end() :]) if first else (text, "")
