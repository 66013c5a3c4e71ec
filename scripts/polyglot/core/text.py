"""Texts: whether they can be encoded as UTF-8, and when two count as the same."""

from __future__ import annotations

import unicodedata


def is_unicode(text: str) -> bool:
    """Whether a text can be encoded as UTF-8; unpaired surrogates cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def normalise(text: str) -> str:
    """Text normalised for comparison: NFKC, case folded, without white space and punctuation."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum())
