"""How languages write numbers: which mark is decimal, and which groups digits (after Unicode's CLDR 47, supplemental data)."""

from __future__ import annotations

import re

COMMA = {
    *(
        "af",
        "az",
        "be",
        "bg",
        "bs",
        "ca",
        "cs",
        "da",
        "de",
        "el",
        "es",
        "et",
        "eu",
        "fi",
        "fo",
        "fr",
        "gl",
        "hr",
        "hu",
        "hy",
        "id",
    ),
    *(
        "is",
        "it",
        "ka",
        "kk",
        "ky",
        "lt",
        "lv",
        "mk",
        "mn",
        "nb",
        "nl",
        "nn",
        "no",
        "pl",
        "pt",
        "ro",
        "ru",
        "sk",
        "sl",
        "sq",
        "sr",
    ),
    *("sv", "tr", "uk", "uz", "vi"),
}
"""Languages with a decimal comma."""
POINT = {
    *(
        "am",
        "ar",
        "bn",
        "cy",
        "en",
        "fa",
        "fil",
        "ga",
        "gu",
        "ha",
        "he",
        "hi",
        "ig",
        "ja",
        "km",
        "kn",
        "ko",
        "lo",
        "ml",
        "mr",
        "ms",
    ),
    *("my", "ne", "pa", "ps", "si", "so", "sw", "ta", "te", "th", "tl", "ur", "yo", "yue", "zh", "zu"),
}
"""Languages with a decimal point; Arabic and Persian have signs of their own besides (٫ and ٬)."""
POINT_IN = {"de-ch", "de-li", "es-mx", "es-419", "es-us", "es-gt", "es-pr", "es-do", "es-pe", "es-pa", "it-ch"}
"""Regions that differ from their language."""
SPACES = {
    *(
        "af",
        "be",
        "bg",
        "cs",
        "et",
        "fi",
        "fr",
        "hu",
        "hy",
        "ka",
        "kk",
        "ky",
        "lt",
        "lv",
        "nb",
        "nn",
        "no",
        "pl",
        "ru",
        "sk",
        "sv",
    ),
    *("uk", "uz"),
}
"""Languages that group digits with spaces."""


def decimal_mark(lang: str) -> str | None:
    """The decimal mark of a language: a point or a comma; None if the language is not known."""
    code = lang.lower().replace("_", "-")
    if code in POINT_IN:
        return "."
    base = code.partition("-")[0]
    return "," if base in COMMA else "." if base in POINT else None


def groups_with_spaces(lang: str) -> bool:
    """Whether a language groups digits with spaces: 5 100 is one number."""
    return lang.lower().replace("_", "-").partition("-")[0] in SPACES


GROUPED = re.compile(r"[1-9]\d{0,2}([.,]\d{2,3})*[.,]\d{3}")


def value_of(digits: str, lang: str) -> float:
    """The value of a number without sign, in ASCII digits with the marks `.`, `,` and `٫`.

    If marks differ, the last is decimal (1.234,5 and 1,234.5). A single mark before three digits is what it is in the language
    (3.125 is 3 1/8 in English, and three thousand in German); in a language that is not known, it groups. Before more or fewer
    digits, or after a leading zero, it is decimal. Of a date or a list without spaces, the last part is the number.
    """
    marks = [character for character in digits if character in ".,٫"]
    if "٫" in marks or len(set(marks)) > 1:
        whole, _, rest = digits.rpartition(marks[-1])
    elif GROUPED.fullmatch(digits) and not (len(marks) == 1 and marks[0] == decimal_mark(lang)):
        whole, rest = digits, "0"
    elif len(marks) > 1:
        whole, rest = digits.rpartition(marks[-1])[2], "0"
    else:
        whole, _, rest = digits.replace(",", ".").partition(".")
    return float(f"{re.sub('[.,٫]', '', whole) or 0}.{rest or 0}")
