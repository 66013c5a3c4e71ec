"""Numerals that are not digits: Kanji, and the words and letters that multiply a number (7万, 70 ribu, 5 million)."""

from __future__ import annotations

import re
from collections.abc import Iterator

KANJI_DIGITS = {
    **{character: value for value, character in enumerate("〇一二三四五六七八九")},
    **dict(
        zip("零壱壹弌弐貳贰参參叁肆伍陸陆漆柒捌玖兩两", (0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 5, 6, 6, 7, 7, 8, 9, 2, 2), strict=True)
    ),
}
SMALL = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
LARGE = {"万": 10**4, "萬": 10**4, "億": 10**8, "亿": 10**8, "兆": 10**12}
KANJI = "".join((*KANJI_DIGITS, *SMALL, *LARGE))
NOT_NUMBERS = re.compile(
    "一(?:緒|番|方|般|部|度|致|定|旦|気|種|体|切|様|律|共|些|下|直|样|起)|[統唯均同第万]一|万が一|十分|千葉|[三四]角|二酸化|八百屋"
)
"""Words that are written with numerals and are none."""
SCALES = {
    **SMALL,
    **LARGE,
    **{"천": 1000, "만": 10**4, "억": 10**8},
    **dict.fromkeys(("thousand", "thousands", "k", "tausend", "tsd", "mil", "ribu", "rb", "tisíc", "tisíce", "libo"), 10**3),
    **dict.fromkeys(
        ("ألف", "آلاف", "الف", "الاف", "หมื่น", "พัน", "mille", "тысяч", "тысячи", "тысяча", "тыс", "bin", "nghìn"), 10**3
    ),
    **dict.fromkeys(("हज़ार", "हजार", "হাজার", "వేలు", "వేల", "duizend", "tysiąc", "tysięcy", "tysiące", "mila", "mille"), 10**3),
    "หมื่น": 10**4,
    **dict.fromkeys(("แสน", "lakh", "lakhs", "लाख", "লাখ", "লক্ষ", "లక్ష", "లక్షల"), 10**5),
    **dict.fromkeys(
        ("million", "millions", "mio", "millionen", "millón", "millones", "juta", "jt", "milion", "miliony", "milionů"), 10**6
    ),
    **dict.fromkeys(
        ("milyon", "مليون", "ملايين", "میلیون", "ล้าน", "миллион", "миллиона", "миллионов", "млн", "milhão", "milhões"), 10**6
    ),
    **dict.fromkeys(("milione", "milioni", "miljoen", "triệu", "milionów"), 10**6),
    **dict.fromkeys(("crore", "crores", "करोड़", "কোটি", "కోట్లు"), 10**7),
    **dict.fromkeys(
        ("billion", "billions", "milliarde", "milliarden", "mrd", "miliar", "milyar", "miliarda", "مليار", "миллиард", "млрд"),
        10**9,
    ),
}
"""What multiplies the number before it. (A billion is short here: the long ones have words of their own.)"""
UNSPACED = "".join(name for name in SCALES if len(name) == 1 and not name.isascii())
"""Scales that may be followed by anything; the others end at a word's end."""
SCALE = "|".join(
    [
        f"[{UNSPACED}]{{1,2}}",
        *sorted((rf"{re.escape(name)}(?!\w)" for name in SCALES if name not in UNSPACED), key=len, reverse=True),
    ]
)
"""A scale, as a regular expression (without regard to case)."""


def scale(written: str) -> int:
    """The factor of a scale: of 万 and of `ribu`; of 千万 both factors."""
    found = SCALES.get(written.casefold())
    if found is not None:
        return found
    product = 1
    for character in written:
        product *= SCALES[character]
    return product


def kanji_value(written: str) -> int | None:
    """The value of a numeral in Kanji: 十八, 三万五千, 二〇二四; None if the characters are no number."""
    total, section, digits = 0, 0, ""
    for character in written:
        if character in KANJI_DIGITS:
            digits += str(KANJI_DIGITS[character])
        elif character in SMALL:
            section += int(digits[:15] or 1) * SMALL[character]
            digits = ""
        else:
            section += int(digits[:15] or 0)
            if not section:
                return None
            total, section, digits = total + section * LARGE[character], 0, ""
    return total + section + int(digits[:300] or 0)


def kanji_numbers(text: str) -> Iterator[tuple[int, float]]:
    """(place, value) of every numeral in Kanji."""
    plain = NOT_NUMBERS.sub(lambda match: "　" * len(match.group()), text)
    for match in re.finditer(f"(マイナス|负|負)?([{KANJI}]+)(?:分の([{KANJI}]+)|分之([{KANJI}]+))?", plain):
        value = kanji_value(match.group(2))
        above = match.group(3) or match.group(4)
        if value is None or (above and not value):
            continue
        found = (kanji_value(above) or 0) / value if above else float(value)
        yield match.start(), -found if match.group(1) else found
