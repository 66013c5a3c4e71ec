"""Texts: whether UTF-8 can hold them, how those of others are written so that they stay texts, and when two count as the same."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Any

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


NULL = "\0"
"""Ends a text wherever C reads it, and many endpoints and databases refuse it."""


def unfit(text: str) -> str:
    """What a text holds that is no character of a text: half of one, or a null character; "" if nothing."""
    if NULL in text:
        return "a null character"
    return "" if is_unicode(text) else "an unpaired surrogate"


def storable(text: str) -> str:
    """A text that files and endpoints take: surrogates that belong together are joined, others and null characters become
    U+FFFD."""
    joined = text if is_unicode(text) else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return joined.replace(NULL, "\ufffd")


UNPRINTED = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Categories of characters that a terminal obeys instead of showing."""
JOINERS = "\u00ad\u200c\u200d"
"""Characters of these categories that words are written with: the soft hyphen, and what joins or parts letters and emoji."""


def printable(text: str, kept: str = "\n\t") -> str:
    """A text for a terminal: control characters and those that turn the direction of writing are spelt out.

    Args:
        kept: such characters that stay as they are.
    """
    return text.translate(_spellings(kept))


class _Spellings(dict[int, str]):
    """Every character to how it is written, as far as it has been asked for."""

    def __init__(self, kept: str) -> None:
        super().__init__({ord(character): character for character in kept})

    def __missing__(self, code: int) -> str:
        character = chr(code)
        spelt = character.encode("unicode_escape").decode("ascii")
        self[code] = spelt if unicodedata.category(character) in UNPRINTED else character
        return self[code]


_spellings = cache(_Spellings)


def visible(text: str) -> str:
    """A text for a page or a file: the same, but what words are written with stays too."""
    return printable(text, f"\n\t{JOINERS}")


def one_line(text: str) -> str:
    """The same on one line, with single spaces: for names, titles and whatever else is a part of a line."""
    return visible(" ".join(text.split()))


LINKS = r"[\\$]|\](?=[(\[:])|<(?=[A-Za-z/!?])|&(?=#?\w+;)|~(?=~)"
"""What makes a formula, link, picture, HTML or entity in a line of Markdown, or strikes text through."""
MARKDOWN = re.compile(rf"{LINKS}|[`*|]|(?<![^\W_])_|_(?![^\W_])")
"""Any mark there; an underscore within a word is none."""
START = re.compile(r"(?:(?=[#>+=:.()-]|\*\s)|\w{1,9}(?=[.)](?:\s|$)))")
"""Where a line can begin as a heading, list, quotation, directive or field."""
ADDRESSES = re.compile(r"[:@](?=\S)")
"""What makes an address or a role of a word in reStructuredText."""


def markdown(text: str) -> str:
    """A text of others within a line of Markdown, in which nothing of it is a mark: no link, picture, formula or HTML."""
    return MARKDOWN.sub(lambda found: f"\\{found[0]}", re.sub(r"\s*\n\s*", " ", visible(text)))


def begun(line: str) -> str:
    """A line of Markdown that begins a paragraph, whatever it begins with."""
    start = START.match(line)
    return f"{start[0]}\\{line[start.end() :]}" if start else line


def restructured(text: str) -> str:
    """The same for the beginning of a line, also of reStructuredText: no directive, role, substitution or address."""
    return begun(ADDRESSES.sub(lambda found: f"\\{found[0]}", markdown(one_line(text))))


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


def different_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON from its keys and values (`object_pairs_hook`): of two values of one key, readers take either.

    Raises:
        ValueError: names the key that stands there twice.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key '{twice}' stands there twice")
    return found


DEEPEST = 100
"""Lists and objects around each other in a value that is read; Python can no longer walk through a few hundred."""


def too_deep(value: Any) -> bool:
    """Whether lists or objects are nested deeper than is read."""
    level = [value]
    for _ in range(DEEPEST):
        around = [one for one in level if isinstance(one, dict | list)]
        level = [inner for one in around for inner in (one.values() if isinstance(one, dict) else one)]
        if not level:
            return False
    return any(isinstance(one, dict | list) for one in level)
