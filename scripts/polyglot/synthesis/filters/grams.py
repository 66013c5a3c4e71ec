"""n-grams of texts: of words, and of characters in scripts without spaces."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from polyglot.core.text import UNSPACED

_UNSPACED = re.compile(f"[{UNSPACED}]")


def is_unspaced(parts: Sequence[str]) -> bool:
    """Whether most of a text's units are characters of scripts without spaces.

    Args:
        parts: see `polyglot.core.text.units`.
    """
    return 2 * sum(len(part) == 1 and _UNSPACED.match(part) is not None for part in parts) > len(parts)


def grams(parts: Sequence[str], size: int) -> Iterator[str]:
    """Every run of `size` units, as one text; of a shorter text, the whole."""
    if len(parts) <= size:
        yield " ".join(parts)
        return
    for start in range(len(parts) - size + 1):
        yield " ".join(parts[start : start + size])
