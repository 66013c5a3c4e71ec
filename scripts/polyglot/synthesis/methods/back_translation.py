"""`back-translation`: the prompt that a response asks for, as in "Self-Alignment with Instruction Backtranslation" (Li et al.
2024, arXiv 2308.06259): texts that people wrote are the responses, and a model writes the instruction that each of them answers.

Other than there, the responses are those of the seed dataset, and no model filters the pairs afterwards (`mdaq` can).
"""

from __future__ import annotations

from polyglot.synthesis.methods.base import Method

BACK_TRANSLATION = Method(
    "back-translation",
    "is given a response that people wrote, and writes the prompt that asks for it",
    shows=("response",),
    writes="prompt",
    rows_of="generate",
)
