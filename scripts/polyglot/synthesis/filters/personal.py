"""Personal data by their form: e-mail addresses, telephone numbers, IP addresses, payment cards and bank accounts.

A form is no proof: marked examples are to be looked at. Names and postal addresses have no form and are not found.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence

from polyglot.synthesis.filters.base import Examples, Filter, MarkingSettings, Verdict

PATTERNS = {
    "an e-mail address": re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.)+[^\W\d_]{2,24}(?![\w-])"),
    "an IP address": re.compile(
        r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4})(?![\w:]|\.\d)"
    ),
    "an account number": re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?!\w)"),
    "a card number": re.compile(r"(?<![\d.])(?:\d[ -]?){12,18}\d(?![\d.])"),
    "a telephone number": re.compile(
        r"(?<![\w.,+-])(?:\+|00)[1-9]\d{0,2}[ ./-]?(?:\(0?\d{1,5}\)[ ./-]?)?\d{1,5}(?:[ ./-]?\d{2,5}){1,4}(?![\w])"
        r"|(?<![\w.,+-])\(0?\d{2,5}\)[ ./-]?\d{3,4}[ ./-]?\d{3,5}(?!\w)|(?<![\w.,+-])0\d{2,4}[ /-]\d{3,4}[ -]?\d{3,5}(?!\w)"
    ),
}
"""What is found, in the order in which it is told, to its form."""
EXAMPLES = re.compile(r"@(?:[\w-]+\.)*(?:example\.(?:com|org|net)|[\w-]+\.(?:example|test|invalid))$", re.IGNORECASE)
"""Addresses that are kept for examples (RFC 2606)."""


def _is_address(text: str) -> bool:
    """Whether a text is an IP address of the open internet; private ones and those of documentation name nobody."""
    try:
        return ipaddress.ip_address(text).is_global
    except ValueError:
        return False


def _is_card(text: str) -> bool:
    """Whether the digits have the check sum of cards (Luhn)."""
    digits = [int(sign) for sign in text if sign.isdigit()][::-1]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return len(set(digits)) > 1 and (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _is_account(text: str) -> bool:
    """Whether it has the check sum of an IBAN (ISO 13616)."""
    plain = text.replace(" ", "")
    return 15 <= len(plain) <= 34 and int("".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4])) % 97 == 1


CHECKS: dict[str, Callable[[str], bool]] = {
    "an e-mail address": lambda text: EXAMPLES.search(text) is None,
    "an IP address": _is_address,
    "a card number": _is_card,
    "an account number": _is_account,
}


def personal_data(text: str) -> list[str]:
    """What a text has, one name for each place; a place is told once."""
    found = []
    for name, pattern in PATTERNS.items():
        check = CHECKS.get(name, bool)
        places = [place.span() for place in pattern.finditer(text) if check(place.group())]
        for start, end in places:
            text = f"{text[:start]}{' ' * (end - start)}{text[end:]}"
        found += [name] * len(places)
    return found


def _find(examples: Examples, settings: MarkingSettings) -> Sequence[Verdict]:
    """How many places look like personal data; what stands there is not repeated."""
    verdicts = []
    for pair in examples.pairs:
        found = [name for text in pair for name in personal_data(text)]
        told = ", ".join(dict.fromkeys(found))
        verdicts.append(Verdict(len(found), f"it has what looks like {told}" if found else None))
    return verdicts


PERSONAL = Filter(
    "personal",
    "what looks like an e-mail address, a telephone, IP, card or account number",
    "personal_data",
    _find,
    MarkingSettings,
    default=True,
)
