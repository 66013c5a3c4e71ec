"""Texts: whether they can be encoded as UTF-8, and when two count as the same."""

from __future__ import annotations

import unicodedata

UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
    "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
"""Scripts without spaces between words, as ranges of a regular expression: Thai, Lao, Myanmar, Khmer, kana, Han."""


def is_unicode(text: str) -> bool:
    """Whether a text can be encoded as UTF-8; unpaired surrogates cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def storable(text: str) -> str:
    """A text that UTF-8 can hold: surrogates that belong together are joined, others become U+FFFD."""
    return text if is_unicode(text) else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


UNPRINTED = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Categories of characters that a terminal obeys instead of showing."""


def printable(text: str) -> str:
    """A text for a terminal: control characters and those that turn the direction of writing are spelt out; line ends stay."""
    return "".join(
        character if character == "\n" or unicodedata.category(character) not in UNPRINTED else _spelt(character)
        for character in text
    )


def _spelt(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def normalise(text: str) -> str:
    """Text normalised for comparison: NFKC, case folded, without white space and punctuation."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum())
