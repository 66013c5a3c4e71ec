"""Texts: what can be written as UTF-8, and what counts as the same text."""

from __future__ import annotations

import unicodedata


def is_unicode(text: str) -> bool:
    """Whether a text can be written as UTF-8: half a surrogate pair cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def normalise(text: str) -> str:
    """Text for comparison: Unicode compatibility form, case folded, white space and punctuation left out."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum())
