"""The final number of an answer, in the digits of any script and any number format."""

from __future__ import annotations

import re
import unicodedata

NUMBER = re.compile(
    r"(?<![\d.,)\]])-?\d{1,3}(?:[ \u00a0\u2009\u202f]\d{3})+(?!\d)(?:[.,٫]\d+)?"  # groups of three separated by spaces
    r"|(?:(?<![\d.,)\]])-)?\d+(?:[.,٬٫'’]\d+)*"
)

GROUPED = re.compile(r"-?[1-9]\d{0,2}([.,]\d{2,3})*[.,]\d{3}")

SIGNS = str.maketrans({"−": "-", "－": "-", "﹣": "-", "，": ",", "．": ".", "｡": ".", "、": ","})


def final_number(text: str) -> float | None:
    """The last number in a text, in the digits of any script and any number format; None if there is none.

    If separators differ, the last is decimal (1.234,5 and 1,234.5). A single kind of separator groups digits if the last group
    has three digits and the number has no leading zero: 1.234 and 1,23,456 are integers; 0.234 and 12.50 are not. In a date, the
    last part is the number. Spaces, apostrophes and ٬ group digits; ٫ is decimal. A minus after a digit or bracket is a
    subtraction, not a sign.
    """
    found = NUMBER.findall(text.translate(SIGNS))
    if not found:
        return None
    digits = "".join(str(unicodedata.decimal(character, character)) for character in found[-1])
    digits = re.sub("[ \u00a0\u2009\u202f٬'’]", "", digits)
    marks = [character for character in digits if character in ".,٫"]
    if "٫" in marks or len(set(marks)) > 1:
        whole, _, rest = digits.rpartition(marks[-1])
    elif GROUPED.fullmatch(digits):
        whole, rest = digits, "0"
    elif len(marks) > 1:  # a list or a date
        whole, rest = digits.rpartition(marks[-1])[2], "0"
    else:
        whole, _, rest = digits.replace(",", ".").partition(".")
    return float(f"{re.sub('[.,٫]', '', whole)}.{rest or 0}")
