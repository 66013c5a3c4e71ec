"""`translate`: a prompt in another language, usually English, translated and answered (arXiv 2604.11290)."""

from __future__ import annotations

from polyglot.synthesis.methods.base import Method

TRANSLATE = Method(
    "translate",
    "is shown a prompt in the source language and writes its translation and a response",
    writes="pair",
    seeds="source",
    default=True,
)
