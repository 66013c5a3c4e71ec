"""One reading of what an endpoint answers: text, thoughts, ending and counts of a chat completion, whatever the body looks like.

The protocol is OpenAI's (its reference, "Chat Completions"); what other servers make of it is taken where its meaning is clear.
A body raises `MalformedAnswer` or `Rejected`, and nothing else.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from polyglot.engines.base import Answer, FinishReason, Request
from polyglot.engines.error_words import BUSY, QUOTA, REJECTING, is_about_content, is_about_money, is_about_rate, own_words

ENDINGS: dict[FinishReason, set[str]] = {
    "stop": {"stop", "end_turn", "eos", "eos_token", "stop_sequence", "complete"},
    "length": {
        *("length", "max_tokens", "max_output_tokens", "max_completion_tokens", "max_length", "model_length"),
        "model_context_window_exceeded",
    },
    "filtered": {
        *("content_filter", "content_filtered", "safety", "image_safety", "recitation", "blocklist", "prohibited_content"),
        *("spii", "sensitive", "guardrail_intervened"),
    },
    "refused": {"refusal"},
}
"""What endpoints call the ends of an answer, in small letters and with `_`; every other end is `failed`."""
CUT_SHORT = ("error", "abort", "insufficient_system_resource")
"""Ends of an answer that a server gave up; without a text, another attempt may bring one (DeepSeek, SGLang)."""
THOUGHT_FIELDS = ("reasoning_content", "reasoning", "thinking", "reasoning_details")
THOUGHT_PARTS = re.compile(r"(?:redacted_)?(?:thinking|reasoning)(?:_content|\.\w+)?")
"""Types of a part that holds thoughts."""
TEXTS = ("text", "content", "value", "summary")
"""Where the text of a part is, or of what a part holds."""
DEEPEST = 4
BELIEVABLE = 10_000_000
"""Tokens of a text; a larger count is none."""
HIDDEN = 100_000
"""Tokens that a service may count beside a text: its own instructions, pages that it has looked up, thoughts."""
BEYOND = 10
"""Times the longest answer that may be counted for one: some services do not limit thoughts."""
LONGEST_TOKEN = 100
"""Bytes of a token, on average over a text (lines of blanks); fewer tokens than that are no count."""
BYTES_PER_TOKEN = 4
"""For the tokens of texts that an endpoint did not count."""
LONGEST_NOTE = 300


@dataclass(frozen=True)
class Counts:
    """Tokens by the endpoint's own count; None where it gave none that can be believed."""

    prompt: int | None = None
    completion: int | None = None
    thoughts: int | None = None


class MalformedAnswer(Exception):
    """A response body without a chat completion; another attempt may bring one."""

    def __init__(self, said: str, counts: Counts | None = None) -> None:
        super().__init__(said)
        self.counts = counts or Counts()


class BusyBody(MalformedAnswer):
    """A body that says, whatever its HTTP status, that the endpoint gets too many requests (OpenRouter: HTTP 200)."""


class UnpaidBody(MalformedAnswer):
    """A body that says, whatever its HTTP status, that money or a key is at its end."""


class QuotaBody(UnpaidBody):
    """A body that says that a quota is used up: the account's money, or what may be asked in a minute (DashScope)."""


class TornBody(MalformedAnswer):
    """A body of which a part is missing; what is there may be an answer's own words."""


class UnreadOutput(MalformedAnswer):
    """The server cannot read what its model has written; with another seed, the model may write something else."""


class Rejected(Exception):
    """A body that rejects the request, and would do so again."""

    def __init__(self, note: str, counts: Counts) -> None:
        super().__init__(note)
        self.counts = counts


def read_body(content: bytes, request: Request, longest: int | None = None) -> tuple[Answer, Counts]:
    """The answer in a response body, with estimated tokens where `Counts` has none.

    Args:
        longest: tokens that were allowed for the answer; None if that is not known.

    Raises:
        MalformedAnswer: if it holds no chat completion.
        Rejected: if it says that the request is not taken.
    """
    return read_completion(parsed(content), request, longest)


def read_completion(body: Any, request: Request, longest: int | None = None) -> tuple[Answer, Counts]:
    """The same of a body that has been parsed.

    Raises:
        MalformedAnswer: if it is no chat completion.
        Rejected: if it says that the request is not taken.
    """
    if not isinstance(body, dict):
        raise MalformedAnswer(f"the body is no JSON object: {_shown(body)}")
    choices = body.get("choices")
    if not isinstance(choices, list) or not choices:
        raise _no_answer(body, body.get("error"), request)
    choice = _mapping(choices[0])
    message = _mapping(choice.get("message") or choice.get("delta"))
    content = message.get("content")
    text, in_parts = _texts(choice.get("text") if content is None and not message else content)
    if request.schema is not None and content and isinstance(content, dict) and not {"type", *TEXTS} & content.keys():
        text = _written(content)  # an object was asked for, and is given as one
    apart = next(filter(None, ("".join(_texts(message.get(name))) for name in THOUGHT_FIELDS)), "")
    thoughts = "\n\n".join(filter(None, (apart, in_parts)))
    error = choice.get("error") or body.get("error")
    if error and not (text or thoughts):
        raise _no_answer(body, error, request)
    finish, note = _end(error, choice, message)
    counts = _counts(body.get("usage"), request, size_of(thoughts + text), longest)
    if not (text or thoughts) and finish == "failed" and str(choice.get("finish_reason")).lower() in CUT_SHORT:
        raise MalformedAnswer(f"an answer without a text: {note}", counts)
    return answer_of(request, text, finish, counts, thoughts=thoughts, note=note), counts


def ending(reason: Any) -> tuple[FinishReason, str]:
    """How an answer ended by an engine's word for it, and the word where it is news."""
    if not isinstance(reason, str):
        return "failed", "it is not said how the answer ended"
    name = reason.partition(":")[0].rpartition(".")[2].strip().lower().replace("-", "_").removeprefix("finish_reason_")
    finish: FinishReason = next((finish for finish, names in ENDINGS.items() if name in names), "failed")
    return finish, "" if finish in ("stop", "length") else _shown(reason)


def answer_of(request: Request, text: str, finish: FinishReason, counts: Counts, *, thoughts: str = "", note: str = "") -> Answer:
    """An answer with the tokens that were counted, or else estimated ones."""
    prompt = estimated_tokens(texts_of(request)) if counts.prompt is None else counts.prompt
    completion = estimated_tokens([thoughts, text]) if counts.completion is None else counts.completion
    return Answer(
        request.id,
        text,
        finish,
        prompt,
        completion,
        thoughts=thoughts,
        thought_tokens=counts.thoughts or estimated_tokens([thoughts]),
        counted=counts.prompt is not None and counts.completion is not None,
        note=note,
    )


def texts_of(request: Request) -> list[str]:
    """What a request says, turn by turn."""
    return [turn["content"] for turn in request.messages]


def estimated_tokens(texts: Iterable[str]) -> int:
    """Tokens of texts that no tokenizer has counted."""
    return sum(math.ceil(size_of(text) / BYTES_PER_TOKEN) for text in texts)


def size_of(text: str) -> int:
    """Bytes of a text, which has at most as many tokens."""
    return len(text.encode("utf-8", "surrogatepass"))


def parsed(content: bytes) -> Any:
    """The JSON in a body, also in another encoding of Unicode; other bytes become U+FFFD.

    Raises:
        MalformedAnswer: if there is none.
    """
    try:
        try:
            return json.loads(content)
        except UnicodeDecodeError:
            return json.loads(content.decode("utf-8", "replace"), strict=False)
        except json.JSONDecodeError:
            return json.loads(content.decode("utf-8-sig", "replace"), strict=False)
    except (ValueError, RecursionError) as error:
        kind = TornBody if content.lstrip()[:1] in (b"{", b"[") else MalformedAnswer
        raise kind(f"the body is no JSON ({error}): {_shown(content.decode('utf-8', 'replace'))}") from None


def _no_answer(body: dict[str, Any], error: Any, request: Request) -> Exception:
    """What a body without an answer means. It may name an error, by a code or in words, in `error` (OpenAI, OpenRouter) or
    anywhere (MiniMax, DashScope). Without one, a prompt that was counted was not taken, nor was one where a filter is spoken of
    (Gemini, Azure)."""
    texts = texts_of(request)
    error, rest = own_words(error, texts), own_words({name: body[name] for name in body if name != "usage"}, texts)
    said, words = _told(error or rest), _written(error or rest)
    codes = {_code(_mapping(one).get(name)) for one in (error, body) for name in ("code", "status", "status_code")}
    counts = _counts(body.get("usage"), request, 0, None)
    money = is_about_money(words)
    if QUOTA in words:
        return QuotaBody(said)
    if codes & BUSY or (is_about_rate(words) and not money):
        return BusyBody(said)
    if money:
        return UnpaidBody(said)
    if error and (codes & REJECTING or is_about_content(words)):
        return Rejected(said, counts)
    if not error and counts.prompt is not None:
        return Rejected("the endpoint gave no choice", counts)
    if not error and "choices" in body and is_about_content(words):
        return Rejected(f"the endpoint gave no choice: {said}", counts)
    what = f"an error in place of an answer: {said}" if error else f"the body has no choices: {_shown(rest)}"
    return MalformedAnswer(what, counts)


def _texts(content: Any, deep: int = 0) -> tuple[str, str]:
    """(text, thoughts) of a message's content: a text, or parts of several types, whose text may be in an object of its own."""
    if isinstance(content, str):
        return content, ""
    if isinstance(content, dict):
        content = [content]
    if not isinstance(content, list) or deep > DEEPEST:
        return "", ""
    texts, thoughts = [], []
    for part in content:
        kind = part.get("type") if isinstance(part, dict) else None
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(kind, str) and THOUGHT_PARTS.fullmatch(kind):
            thoughts.append("".join(_texts(_first_of(part, *THOUGHT_FIELDS, *TEXTS), deep + 1)))
        elif isinstance(part, dict):
            inside = _texts(_first_of(part, *(TEXTS if kind is None or "text" in str(kind) else TEXTS[:1])), deep + 1)
            texts.append(inside[0])
            thoughts.append(inside[1])
    return "".join(texts), "\n\n".join(filter(None, thoughts))


def _first_of(part: dict[str, Any], *names: str) -> Any:
    return next((part[name] for name in names if part.get(name)), "")


def _end(error: Any, choice: dict[str, Any], message: dict[str, Any]) -> tuple[FinishReason, str]:
    """How an answer ended, and what the endpoint said of it."""
    if error:
        return "failed", _told(error)
    content = message.get("content")
    parts = [_mapping(part).get("refusal") for part in content] if isinstance(content, list) else []
    for refusal in (message.get("refusal"), *parts):
        if isinstance(refusal, str) and refusal.strip():
            return "refused", _shown(refusal)
    finish, note = ending(choice.get("finish_reason"))
    if finish == "stop" and not isinstance(content, str | list | dict | None):
        return "failed", f"the text is of type {type(content).__name__}"
    return finish, note


def _counts(usage: Any, request: Request, written: int, longest: int | None) -> Counts:
    """Believable counts. Gemini and xAI leave thoughts out of the completion and count them in the total: they are put in.

    Args:
        written: bytes of text and thoughts. longest: see `read_body`.
    """
    asked = sum(map(size_of, texts_of(request))) + size_of(json.dumps(request.schema))
    most = BELIEVABLE if longest is None else max(written, BEYOND * longest) + HIDDEN
    known = _mapping(usage)
    prompt = _between(1, _first(known, "prompt_tokens", "input_tokens"), asked + HIDDEN)
    completion = _first(known, "completion_tokens", "output_tokens")
    total = _first(known, "total_tokens")
    details = _mapping(known.get("completion_tokens_details") or known.get("output_tokens_details"))
    thoughts = _first(details, "reasoning_tokens")
    rest = total - prompt if prompt is not None and total is not None else None
    if completion is None:
        completion = rest if rest and rest > 0 else None
    elif rest is not None and rest > completion:
        completion, thoughts = rest, thoughts or rest - completion
    elif thoughts is not None and thoughts > completion:
        completion += thoughts
    return Counts(prompt, _between(math.ceil(written / LONGEST_TOKEN), completion, most), _between(0, thoughts, most))


def _between(least: int, count: int | None, most: int) -> int | None:
    """A count within bounds; none outside of them."""
    return count if count is not None and least <= count <= most else None


def _first(known: dict[str, Any], *names: str) -> int | None:
    for name in names:
        value = known.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= BELIEVABLE:
            return round(value)
    return None


def _code(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _written(value: Any) -> str:
    """A value as a text, or as JSON."""
    try:
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    except RecursionError:
        return "JSON that is nested too deep"


def _told(error: Any) -> str:
    """What an error says, as it is shown."""
    return _shown(_mapping(error).get("message") or error)


def _shown(value: Any) -> str:
    text = _written(value)
    return text if len(text) <= LONGEST_NOTE else f"{text[:LONGEST_NOTE]}..."
