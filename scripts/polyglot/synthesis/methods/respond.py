"""`respond`: a response to a prompt that people wrote (arXiv 2604.11290)."""

from __future__ import annotations

from polyglot.synthesis.methods.base import Method

RESPOND = Method("respond", "is given a prompt that people wrote, and writes the response", default=True)
