"""`generate`: a new pair like a few that people wrote (arXiv 2604.11290)."""

from __future__ import annotations

from polyglot.synthesis.methods.base import Method

GENERATE = Method(
    "generate",
    "is shown pairs that people wrote, and writes a new one",
    shows=("prompt", "response"),
    writes="pair",
    shots=True,
    default=True,
)
