"""Texts: whether they can be encoded as UTF-8, and when two count as the same."""

from __future__ import annotations

import re
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


SIGNS = "%‰&@§"
"""Punctuation that is a sign with a meaning of its own."""
OPERATORS = "-\u2010\u2011\u2012\u2013/*"
"""Punctuation that is an operator before a number."""
JOINTS = ".,:'\u066b\u066c"
"""Punctuation that is a part of a number between digits."""
READING_AIDS = re.compile("[\u0591-\u05c7\u064b-\u065f\u0670\u06d6-\u06ed\ufe00-\ufe0f`´]")
"""Marks and symbols that a text may lack and be the same: points of Hebrew and Arabic, forms of emoji, quotation marks."""


def normalise(text: str) -> str:
    """Text normalised for comparison: NFKC, case folded, without white space, punctuation and reading aids.

    Letters, digits and marks stay, for the vowel signs and tones of many scripts are marks. So do symbols, such as operators and
    emoji, and what makes another number of digits: 1.5, -3, 3/4.
    """
    folded = READING_AIDS.sub("", unicodedata.normalize("NFKC", text).casefold())
    return "".join(
        character
        for place, character in enumerate(folded)
        if unicodedata.category(character)[0] in "LNMS" or character in SIGNS or _in_a_number(folded, place)
    )


def _in_a_number(text: str, place: int) -> bool:
    """Whether the character at this place belongs to the number after it."""
    sign, after = text[place], text[place + 1 : place + 3]
    if sign in OPERATORS:
        return after.lstrip()[:1].isdigit()
    return sign in JOINTS and after[:1].isdigit() and text[place - 1 : place].isdigit()


class _Separators(dict[int, str]):
    """What a character is for `units`: itself, a space, or nothing; found once for each."""

    def __missing__(self, code: int) -> str:
        sign = chr(code)
        kept = unicodedata.category(sign)[0] in "LNMS" or sign in SIGNS + OPERATORS + JOINTS
        self[code] = found = sign if kept else " "
        return found


_SEPARATORS = _Separators()
_BARE_JOINT = re.compile(rf"(?<!\d)[{re.escape(JOINTS)}]|[{re.escape(JOINTS)}](?!\d)")
_BARE_OPERATOR = re.compile(rf"[{re.escape(OPERATORS)}](?!\s?\d)")
_UNSPACED_SIGN = re.compile(f"[{UNSPACED}]")


def units(text: str) -> list[str]:
    """The words of a text, as `normalise` compares texts; in scripts without spaces, its characters."""
    folded = READING_AIDS.sub("", unicodedata.normalize("NFKC", text).casefold())
    if not folded.isascii():
        folded = _UNSPACED_SIGN.sub(r" \g<0> ", folded)
    return _BARE_OPERATOR.sub(" ", _BARE_JOINT.sub(" ", folded)).translate(_SEPARATORS).split()
