"""What a text says if it, or pieces of it, are encoded."""

from __future__ import annotations

import base64
import binascii
import html
import quopri
import re
import unicodedata
from collections.abc import Callable, Iterator
from urllib.parse import unquote_to_bytes

DEPTH = 2
"""How many encodings may lie around each other."""
SAMPLE = 200
"""Characters by which random bytes are known."""
CONTROLS = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f]")
"""Characters that texts hardly ever have."""
COLOURS = re.compile(r"(?:\x1b|\\x1b|\\033|\\u001b)\[[0-?]*[ -/]*[@-~]")
"""What a program writes to a terminal to colour a text, or how that is spelt."""
INVISIBLE = re.compile("[\0\x1b\u00ad\u034f\u061c\u180e\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff\U000e0000-\U000e007f]")
STYLED = re.compile("[\uff01-\uff5e\U0001d400-\U0001d7ff]{4,}")
"""Latin letters and digits of another width or style, which are the same to a reader."""
SUM = re.compile(r"[\"'][ \t]*[+.][ \t]*[\"']")
"""Between two parts of a text in code."""
LINE_END = re.compile(r"[\"']?[\\=+]?[ \t\r]*\n[ \t>#|*+]*[\"']?")
ESCAPES = re.compile(r"\\+(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|([0-7]{2,3})|([nrt/\"]))")
BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}")
HASH = re.compile(r"[0-9a-f]{32,}|[0-9A-F]{32,}")
"""No base64, which has other letters too wherever a key is encoded."""
BASE32 = re.compile(r"[A-Z2-7]{24,}")
HEX = re.compile(r"(?:(?:0x)?[0-9A-Fa-f]{2}[\s:,-]{0,2}){16,}")
HEX_SIGNS = re.compile(r"[0-9A-Fa-fx\s:,-]{32,}")
"""What HEX may be found in: nearly all of a text is passed over faster so."""
CODES = re.compile(r"(?:\b\d{2,3}\b[\s,;]{1,2}){15,}\b\d{2,3}\b")


def decodings(text: str, depth: int = DEPTH) -> Iterator[str]:
    """A text, and what it says if it, or pieces of it, are encoded: in base64, base32, hexadecimal or decimal digits, for an
    address, in JSON, HTML or quoted-printable, in UTF-16, or split by invisible characters or over lines."""
    seen = {text}
    level = [text]
    yield text
    for _ in range(depth):
        level = [found for one in level if _legible(one) for decode in DECODERS for found in decode(one) if found not in seen]
        level = list(dict.fromkeys(level))
        seen.update(level)
        yield from level


def _legible(text: str) -> bool:
    """Whether a text is no random bytes: what was no encoded text decodes to these."""
    start = text[:SAMPLE]
    return len(CONTROLS.findall(start)) < 0.05 * len(start)


def _plain(text: str) -> Iterator[str]:
    coloured = "\x1b" in text or "\\" in text
    if not coloured and "\0" not in text and text.isascii():
        return
    plain = INVISIBLE.sub("", COLOURS.sub("", text) if coloured else text)
    yield unicodedata.normalize("NFKC", plain) if STYLED.search(plain) else plain


def _joined(text: str) -> Iterator[str]:
    joined = without_line_ends(text)
    joined = SUM.sub("", joined) if '"' in text or "'" in text else joined
    if joined != text:
        yield joined


def without_line_ends(text: str) -> str:
    return LINE_END.sub("", text) if "\n" in text else text


def hexadecimal(text: str) -> Iterator[re.Match[str]]:
    """Where hexadecimal digits are."""
    for found in HEX_SIGNS.finditer(text):
        yield from HEX.finditer(found[0])


def _address(text: str) -> Iterator[str]:
    if re.search(r"%[0-9A-Fa-f]{2}", text):
        yield unquote_to_bytes(text).decode("latin-1")


def _unescaped(text: str) -> Iterator[str]:
    def meant(found: re.Match[str]) -> str:
        wide, narrow, octal, letter = found.groups()
        if letter:
            return {"n": "\n", "r": "\r", "t": "\t"}.get(letter, letter)
        number = int(octal, 8) if octal else int(wide or narrow, 16)
        return "" if 0xD800 <= number < 0xE000 else chr(number)

    if "\\" in text:
        yield ESCAPES.sub(meant, text)


def _entities(text: str) -> Iterator[str]:
    if "&" in text:
        yield html.unescape(text)


def _quoted_printable(text: str) -> Iterator[str]:
    if re.search(r"=[0-9A-F]{2}", text):
        yield quopri.decodestring(text.encode("latin-1", "replace")).decode("latin-1")


def _digits(text: str) -> Iterator[str]:
    for found in hexadecimal(text):
        digits = re.sub(r"0x|[\s:,-]", "", found[0])
        yield _text(bytes.fromhex(digits[: len(digits) // 2 * 2]))
    for found in CODES.finditer(text):
        yield "".join(chr(int(code)) for code in re.findall(r"\d+", found[0]))


def _base64(text: str) -> Iterator[str]:
    """A piece may start before the encoded text does, so as many places are tried as letters are decoded together."""
    for found in BASE64.finditer(text):
        if HASH.fullmatch(found[0]):
            continue
        run = found[0].replace("-", "+").replace("_", "/")
        for start in range(4):
            yield _or_nothing(base64.b64decode, run[start : start + (len(run) - start) // 4 * 4] + _rest(run[start:]))
    for found in BASE32.finditer(text):
        for start in range(8):
            yield _or_nothing(base64.b32decode, _whole(found[0][start:]))


def _rest(run: str) -> str:
    left = len(run) % 4
    return run[len(run) - left :] + "=" * (4 - left) if left > 1 else ""


def _whole(run: str) -> str:
    """A run of base32 with its padding, without a last letter that begins no byte of its own."""
    left = len(run) % 8
    run = run[: len(run) - (left in (1, 3, 6))]
    return run + "=" * (-len(run) % 8)


def _text(content: bytes) -> str:
    """Decoded bytes as UTF-8, so that letters beyond ASCII are known for what they are; else each byte as a letter."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _or_nothing(decode: Callable[[str], bytes], run: str) -> str:
    try:
        return _text(decode(run))
    except (binascii.Error, ValueError):
        return ""


DECODERS = (_plain, _joined, _address, _unescaped, _entities, _quoted_printable, _digits, _base64)
