"""What endpoints say in an error, and what it is about: too many requests, money or a key, or what a request says.

Errors repeat what was asked, and what was written; none of that is the endpoint's own word (`own_words`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

REJECTING = {400, 403, 413, 422, 451}
"""Codes of an error that is about the request, and does not pass."""
POLICY = re.compile(
    r"flagged|moderation|content.?(?:policy|filter|management)|safety|prohibited|violat|blocked|inappropriate|unsafe"
    r"|(?<!case.)sensitive|content exists risk|data.?inspection|high.?risk|敏感|不安全|违规",
    re.IGNORECASE,
)
"""Words of an error by which an endpoint rejects what a request says (the last of them DeepSeek's, DashScope's and Zhipu's)."""
BUSY = {429, 529}
"""Codes of an endpoint that gets too many requests: its own limit, and one of all its users (Anthropic)."""
RATE = re.compile(r"rate.?limit|too many requests|requests per (?:second|minute)|throttl|overloaded", re.IGNORECASE)
"""Words of the same."""
UNPAID = re.compile(
    r"credit balance|insufficient.{0,20}(?:balance|quota|credit|funds)|billing (?:account|details|hard limit|is)|plans & billing"
    r"|enable billing|payment (?:is )?required|arrearage|good standing|account.{0,20}(?:overdue|suspended|deactivated|disabled)"
    r"|api.?key.{0,20}(?:invalid|expired|not valid)|(?:invalid|incorrect|expired) api.?key",
    re.IGNORECASE,
)
"""Words of an endpoint whose money or key is at its end, whatever the status (Anthropic and Gemini: HTTP 400)."""
QUOTA = "insufficient_quota"
"""Code of an account whose money is at its end; DashScope's is the same where too many tokens were asked for in a minute."""
REPEATING = re.compile(
    r"(?:\w+_)?(?:inputs?|input_value|messages|prompts?|requests?|payload|body|content|text|outputs?|choices)|failed_generation",
    re.IGNORECASE,
)
"""Fields of an error with what was asked or written (FastAPI: `input`, `body`; OpenRouter: `flagged_input`)."""
DUMPED = re.compile(r"""input_value=.*?(?=, input_type=|$)|(['"])input\1: ?.*""", re.DOTALL)
"""The same where a text has the error in it (Pydantic, vLLM)."""
SHORTEST = 12
"""Characters of a request's text that is not taken for a word of the endpoint's own."""
LEFT_OUT = "[...]"


def own_words(said: Any, texts: Iterable[str]) -> Any:
    """An error, or any JSON, without what it repeats.

    Args:
        texts: those of the request.
    """
    forms = {form for text in texts for form in _forms(text.strip()) if len(form) >= SHORTEST}
    try:
        return _own(said, sorted(forms, key=len, reverse=True))
    except RecursionError:
        return "JSON that is nested too deep"


def _forms(text: str) -> Iterable[str]:
    """How a text may be written within another one."""
    return text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1], repr(text)[1:-1]


def _own(said: Any, forms: list[str]) -> Any:
    if isinstance(said, str):
        said = DUMPED.sub(LEFT_OUT, said)
        for form in forms:
            said = said.replace(form, LEFT_OUT)
        return said
    if isinstance(said, dict):
        return {name: _own(value, forms) for name, value in said.items() if not REPEATING.fullmatch(str(name))}
    return [_own(value, forms) for value in said] if isinstance(said, list) else said


def is_about_content(said: str) -> bool:
    """Whether an error is about what a request says, and not about the endpoint or its key."""
    return bool(POLICY.search(said))


def is_about_money(said: str) -> bool:
    """Whether an error is about money or a key."""
    return bool(UNPAID.search(said))


def is_about_rate(said: str) -> bool:
    """Whether an error is about too many requests."""
    return bool(RATE.search(said))
