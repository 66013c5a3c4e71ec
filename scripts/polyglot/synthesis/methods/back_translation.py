"""`back-translation`: a prompt for a given response, as in "Self-Alignment with Instruction Backtranslation" (Li et al. 2024,
arXiv 2308.06259): the responses are human-written, and a model writes the instruction for each.

Unlike there, the responses come from the seed dataset, and no model filters the pairs afterwards (`mdaq` can).
"""

from __future__ import annotations

from polyglot.synthesis.methods.base import Method

BACK_TRANSLATION = Method(
    "back-translation",
    "is given a human-written response and writes a prompt for it",
    shows=("response",),
    writes="prompt",
    rows_of="generate",
)
