"""The number that an answer gives: in the digits of any script, in the number format of its language, marked or last."""

from __future__ import annotations

import html
import math
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from polyglot.evaluation.marked_answers import COPULA, before_the_next_question, marked
from polyglot.evaluation.number_forms import groups_with_spaces, value_of
from polyglot.evaluation.numerals import SCALE, kanji_numbers, scale

SIGNS = str.maketrans(
    {
        **dict.fromkeys("−－﹣‐‑⁻", "-"),
        **dict.fromkeys("，﹐،", ","),
        **dict.fromkeys("．﹒｡", "."),
        **dict.fromkeys("⁄∕／", "/"),
        **{"、": ", ", "％": "%", "＝": "=", "：": ":", "＄": "$", "（": "(", "）": ")"},
    }
)
THIN = "\u00a0\u2002-\u200a\u202f\u205f"
"""Spaces that stand within a number only."""
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
CURRENCY = (
    r"(?:(?:US|CA|AU|NZ|HK|NT|R|S)?[$€£¥￥₹฿₽₩₫₱₺₪₴₦৳]|(?<![^\W\d_])(?:USD|EUR|GBP|JPY|IDR|PHP|CZK|CHF|INR|THB|KES|TZS|RMB|CNY|KRW|"
    r"Rp|Php|Rs|RM|KSh|Ksh|TSh|Tsh|kr|zł)\.?)"
)
SPACED_LETTER = "[A-Za-zÀ-ɏͰ-ӿ]"
"""A letter of scripts that put a space before a number: after one, digits belong to a name or unit (m2, B12)."""
MINUS_WORDS = r"(?:minus|negative|menos|negativo|moins|минус|マイナス|负|負|마이너스|سالب|ناقص|ลบ|ऋण|negatibo|hasi)"
BODY = rf"(?:\d{{1,3}}(?:[{THIN}]\d{{3}})+(?!\d)(?:[.,٫]\d+)?|\d+(?:[.,٬٫'’_]\d+)*|(?<![\w.,])[.٫]\d+)"
GROUPS = r"\d{1,3}(?: \d{3})+(?!\d)(?:[.,٫]\d+)?"
"""Groups of three with plain spaces; whether they are one number depends (see `_body`)."""
TO_THE = r"(?:(?:\^\s*[{{(]?\s*|\*\*)(?P<{0}>[+-]?\d{{1,4}})(?!\d)\s*[}})]?"
RAISED = "[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,3}"
EXPONENT = (
    rf"(?:e(?P<e>[+-]?\d{{1,4}})(?!\w)|\s*[×x*·⋅]\s*10\s*{TO_THE.format('tens')}|(?P<raised>{RAISED}))"
    rf"|{TO_THE.format('power')}|(?<=(?<!\d)10)(?P<small>{RAISED})))"
)
"""Powers of ten after a number, and of the number itself."""
VULGAR = "".join(
    character for character in map(chr, range(0xBC, 0x218A)) if unicodedata.decomposition(character).startswith("<fraction>")
)
NUMBER = re.compile(
    rf"(?P<sign>(?:[-–—+]|{MINUS_WORDS}(?![^\W\d_]))\s*)?(?P<money>{CURRENCY}\s*)?(?P<inner>[-–]\s?)?"
    rf"(?:(?P<body>{GROUPS}|{BODY})(?:{EXPONENT}|\s?(?P<vulgar>[{VULGAR}])|\s+(?P<above>\d{{1,9}})/(?P<below>\d{{1,9}})(?![\d/])"
    rf"|(?:\s/\s|/)(?P<divisor>{BODY})(?!\d))?|(?P<alone>[{VULGAR}]))(?:\s?(?P<scale>{SCALE}))?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Found:
    """A number in a text: where it starts and ends, its value, and the scale (10,000 for 万) that it was multiplied by."""

    start: int
    end: int
    value: float
    scale: float = 1


def final_number(text: str, lang: str = "") -> float | None:
    """The number that an answer gives; None if there is none.

    A marked answer is preferred, in this order: \\boxed{}, ####, <answer>, words such as "the answer is" in many languages, bold.
    Of a marked answer the first number counts, or the first after the last equals sign; else the last number of the text. What
    follows a further question is not read. Footnotes, digits of units (m2) and exponents are no numbers. Numerals in Kanji are
    read where there are no digits; number words are not.

    Args:
        lang: the item's language, which decides what `.` and `,` mean before three digits and whether a plain space groups
            digits (see `polyglot.evaluation.number_forms`); "" if not known.
    """
    plain = before_the_next_question(plainly(text))
    for part, leads in marked(plain):
        part = _side_of_equation(part)
        found = _numbers(part, lang, whole=True)
        if found and not (leads and re.search(r"\w", re.sub(CURRENCY, "", part[: found[0].start]))):
            return _first(part, found)
    found = _numbers(plain, lang)
    return found[-1].value if found else None


def first_number(text: str, lang: str = "") -> float | None:
    """The first number of an answer that is to be a number alone; None if there is none.

    Args:
        lang: as for `final_number`.
    """
    found = _numbers(plainly(text), lang, whole=True)
    return found[0].value if found else None


def gold_number(given: str | float, lang: str = "") -> float | None:
    """The value of an item's answer: a number as it is, or a text in the format of its language; None if it is no number."""
    try:
        value = final_number(given, lang) if isinstance(given, str) else float(given)
    except OverflowError:  # a whole number of hundreds of digits
        return None
    return value if value is not None and math.isfinite(value) else None


def plainly(text: str) -> str:
    """A text with ASCII digits and signs, without HTML entities, LaTeX's markup and web addresses."""
    text = re.sub(r"(?:https?://|www\.)\S+", " ", html.unescape(text)).translate(SIGNS)
    text = "".join(
        str(unicodedata.decimal(character))
        if not character.isascii() and unicodedata.decimal(character, None) is not None
        else character
        for character in text
    )
    text = re.sub(r"\\([$%#&_])", r"\1", text)
    text = re.sub(r"(?<=\d)\{?([,.])\}(?=\d)|(?<=\d)\{([,.])\}?(?=\d)", r"\1\2", text)
    text = re.sub(r"(?<=\d)(?:\\[,;:! ]|\\(?:thin|med|thick)space\b\s?|~)(?=\d)", "\u2009", text)
    text = re.sub(r"(-?\d{1,15})?\s{0,2}\\[dt]?frac\s*(?:\{([^{}]*)\}|(\d))\s*(?:\{([^{}]*)\}|(\d))", _fraction, text)
    text = re.sub(r"\\(?:cdot|times)\b", "×", text)
    text = re.sub(r"(\d{1,15})\s?分[の之]\s?(\d{1,15})", r"\2/\1", text)
    text = re.sub(r"\d{1,4}(?:/\d{1,4}){2,}", lambda date: date.group().replace("/", " ; "), text)
    return re.sub(r"\\(?:text|mathrm|mathbf|mathit|displaystyle|left|right|approx|quad)\b\s*|\\[()\[\]]|[‎‏⁦-⁩]", "", text)


def _side_of_equation(part: str) -> str:
    """What follows the last equals sign with a number, unless the other side is a number alone (18 = 3 × 6)."""
    sides = [side for side in part.split("=") if re.search(r"\d", side)]
    if len(sides) < 2 and not (sides and part.rpartition("=")[2] == sides[0]):
        return part
    alone = len(re.findall(r"\d+", sides[0])) == 1 < len(re.findall(r"\d+", sides[-1])) and re.match(r"[^\w]*\d+\s*$", sides[0])
    return sides[0] if alone else sides[-1]


def _first(part: str, found: list[Found]) -> float:
    """The first number, or the last of those that only spaces part from it."""
    first, *others = found
    for other in others:
        if part[first.end : other.start].strip():
            break
        first = other
    return first.value


def _fraction(found: re.Match[str]) -> str:
    whole, above, below = found.group(1) or "", found.group(2) or found.group(3), found.group(4) or found.group(5)
    return f"{whole} {above.strip()}/{below.strip()}"


def _numbers(text: str, lang: str, *, whole: bool = False) -> list[Found]:
    """The numbers of a text, from left to right.

    Args:
        whole: the text is an answer and starts with one number, so that plain spaces group its digits.
    """
    found = [number for number in _scaled(list(_written(_without_footnotes(text), lang, whole))) if number is not None]
    return found or [Found(place, place, value) for place, value in kanji_numbers(text)]


def _written(text: str, lang: str, whole: bool) -> Iterator[Found]:
    """The numbers that have digits or are vulgar fractions."""
    place = 0
    while match := NUMBER.search(text, place):
        place = match.end()
        start = match.start("body") if match.group("body") else match.start("alone")
        if (
            match.group("money") is None
            and re.search(rf"(?:{SPACED_LETTER}|[\^_]\s?[{{(]?-?)$", text[max(0, start - 9) : start])
            and not _is_scale(text, start)
        ):
            continue
        if re.match(r":\d", text[place : place + 2]):  # of a time or ratio, the last part counts
            continue
        body = match.group("body")
        if body and " " in body and not _one_number(text, match, lang, whole and not re.search(r"\d", text[: match.start()])):
            place = start + body.index(" ")
            body, match = body[: body.index(" ")], None  # type: ignore[assignment]
            yield Found(start, place, value_of(body, lang))
            continue
        value = _unsigned(match, lang)
        factor = scale(match.group("scale")) if match.group("scale") else 1
        negative = bool(match.group("inner")) or (bool(match.group("sign")) and _is_sign(text, match))
        yield Found(match.start(), match.end(), (-value if negative else value) * factor, factor)


def _is_scale(text: str, start: int) -> bool:
    """Whether the letters before a number multiply the number before them (5k200)."""
    return bool(re.search(rf"\d\s?(?:{SCALE})$", text[max(0, start - 20) : start], re.IGNORECASE))


def _one_number(text: str, match: re.Match[str], lang: str, first: bool) -> bool:
    """Whether digits in groups of three with plain spaces are one number.

    They are in languages that group so, in an answer that starts with them, after a currency, before a word (2 300 Personen), and
    from five digits on (ISO 80000-1 leaves four together).
    """
    digits = match.group("body")
    if groups_with_spaces(lang) or first or match.group("money") or sum(character.isdigit() for character in digits) > 4:
        return True
    return bool(re.match(r"\s?[^\W\d_]|\s?[$€£¥%]", text[match.end("body") :][:3]))


def _unsigned(match: re.Match[str], lang: str) -> float:
    if match.group("alone"):
        return unicodedata.numeric(match.group("alone"))
    value = value_of(re.sub(rf"[ {THIN}٬'’_]", "", match.group("body")), lang)
    tens, power = match.group("e") or match.group("tens") or match.group("raised"), match.group("power") or match.group("small")
    if tens:
        return value * 10.0 ** max(-300, min(300, int(tens.translate(SUPERSCRIPTS))))
    if power and value:
        logarithm = int(power.translate(SUPERSCRIPTS)) * math.log10(value)
        return value ** int(power.translate(SUPERSCRIPTS)) if abs(logarithm) < 300 else math.inf
    if match.group("vulgar"):
        return value + unicodedata.numeric(match.group("vulgar"))
    if match.group("above") and int(match.group("below")):
        return value + int(match.group("above")) / int(match.group("below"))
    divisor = value_of(re.sub(rf"[{THIN}٬'’_]", "", match.group("divisor")), lang) if match.group("divisor") else 0
    return value / divisor if divisor else value


def _is_sign(text: str, match: re.Match[str]) -> bool:
    """Whether a minus is a sign: not after a number or bracket (subtraction, range), nor a bullet, nor a dash between words."""
    sign, before = match.group("sign"), text[max(0, match.start("sign") - 80) : match.start("sign")]
    if sign.strip() == "+" or sign.strip() == "—" or re.search(r"[\d)\]}%°]\s*$", before):
        return False
    if sign[-1:].strip() and re.search(rf"{SPACED_LETTER}$", before):
        return False
    if not sign[-1:].isspace() or sign.strip()[0] not in "-–":
        return True
    line = before.rpartition("\n")[2]
    if not line.strip():  # a bullet, unless the number is all there is
        return len(before) < 80 and "\n" not in text.strip() and not re.search(r"[^\W\d_]", text[match.end() :])
    return bool(re.search(rf"(?:[=:(<>≈]|(?<!\w){COPULA})\s*$", line, re.IGNORECASE))


def _scaled(numbers: list[Found]) -> list[Found]:
    """Numbers with falling scales side by side are one: 3万5千, 1 juta 500 ribu, 12万3,400."""
    joined: list[Found] = []
    for number in numbers:
        last = joined[-1] if joined else None
        if last is not None and _continues(last, number):
            part = number.value if last.value >= 0 else -number.value
            joined[-1] = Found(last.start, number.end, last.value + part, number.scale)
            continue
        joined.append(number)
    return joined


def _continues(last: Found, number: Found) -> bool:
    """Whether a number is the smaller part of the scaled one before it."""
    near = number.start - last.end <= (1 if number.scale > 1 else 0)
    return near and last.scale > 1 and number.scale < last.scale and 0 <= number.value < last.scale


def _without_footnotes(text: str) -> str:
    """A text without references such as [1], unless they are all there is."""
    stripped = re.sub(r"\[\^?\d{1,3}(?:\s?[,–-]\s?\d{1,3})*\]", lambda found: " " * len(found.group()), text)
    return stripped if re.search(r"\d", stripped) else text
