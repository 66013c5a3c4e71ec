"""What endpoints say in an error, and what it is about: too many requests, money or a key, or what a request says."""

from __future__ import annotations

import re

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


def is_about_content(said: str) -> bool:
    """Whether an error is about what a request says, and not about the endpoint or its key."""
    return bool(POLICY.search(said))


def is_about_money(said: str) -> bool:
    """Whether an error is about money or a key."""
    return bool(UNPAID.search(said))


def is_about_rate(said: str) -> bool:
    """Whether an error is about too many requests."""
    return bool(RATE.search(said))
