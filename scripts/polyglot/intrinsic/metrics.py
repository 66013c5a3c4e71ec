"""."""

from __future__ import annotations

import numpy as np

from polyglot.core.arrays import Array

INTRINSIC = ("prompt_diversity", "response_diversity", "reward", "perplexity")


def more_is_better(name: str, values: Array) -> Array:
    """An intrinsic metric as it enters the score: perplexity as -log1p."""
    found: Array = -np.log1p(values) if name == "perplexity" else np.asarray(values, dtype=float)
    return found
