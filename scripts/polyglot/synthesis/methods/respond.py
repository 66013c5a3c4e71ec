"""`respond`: a response to a human-written prompt (arXiv 2604.11290), or the next turn of a conversation."""

from __future__ import annotations

from polyglot.synthesis.methods.base import Method

RESPOND = Method("respond", "is given a human-written prompt and writes the response", default=True, continues=True)
