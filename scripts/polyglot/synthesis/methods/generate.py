"""`generate`: a new pair from human-written few-shot pairs (arXiv 2604.11290)."""

from __future__ import annotations

from polyglot.synthesis.methods.base import Method

GENERATE = Method(
    "generate",
    "is shown human-written pairs and writes a new one",
    shows=("prompt", "response"),
    writes="pair",
    shots=True,
    default=True,
)
