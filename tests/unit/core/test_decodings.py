"""What is looked at first leaves out nothing that is looked for."""

from __future__ import annotations

import base64
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from polyglot.core.decodings import COLOURS, HASH, HEX, INVISIBLE, _legible, decodings, hexadecimal
from polyglot.core.key_finder import BEGINNINGS, FORMS, NEEDED, _detectors

ANCHORS = re.compile(r"(?<!\[)\^|\$|\\[AZ]")
OTHERS = ("xoxb-1", "eyJ", "SG.", "sq0csp-", "pypi-", "k_live_", "AccountKey=", "12345678:", "-us1")
"""What keys begin with, or have in them, that detectors know."""
DIGITS = st.text(alphabet="0xaF9 ,:-\ng", max_size=120)


@given(DIGITS)
@example("0x" * 40)
@example("ab" * 15 + ":" * 9 + "cd" * 20)
def test_hexadecimal_digits_are_those_of_the_whole_text(text: str) -> None:
    assert [found[0] for found in hexadecimal(text)] == HEX.findall(text)


@given(st.text(alphabet="aé\0\x1b\u200b[m\\\"' +\n", max_size=40))
def test_a_text_without_colours_and_invisible_characters_is_among_its_decodings(text: str) -> None:
    assert not _legible(text) or INVISIBLE.sub("", COLOURS.sub("", text)) in set(decodings(text))


@pytest.mark.parametrize("name", FORMS)
@given(st.data())
def test_whatever_has_a_form_has_one_of_the_beginnings(name: str, data: st.DataObject) -> None:
    heads = re.sub(r"\(\?=[^)]*\)", "", FORMS[name])
    text = data.draw(st.from_regex(re.compile(heads, re.ASCII), fullmatch=True))
    assert any(beginning in text for beginning in BEGINNINGS)


@pytest.mark.parametrize("start", range(3))
@pytest.mark.parametrize("beginning", [*(one for one in BEGINNINGS if one != "xox"), *OTHERS])
def test_a_key_in_base64_is_not_passed_over_as_a_hash(beginning: str, start: int) -> None:
    whole = base64.b64encode(b"x" * start + beginning.encode() + b"xx").decode()
    assert not HASH.fullmatch(whole[(0, 2, 3)[start] : (start + len(beginning)) * 8 // 6] * 32)


def test_forms_of_detectors_are_found_also_among_other_lines() -> None:
    """All decodings of a text are looked at as lines of one."""
    for name, kind in _detectors().items():
        for form in kind.denylist:
            assert not ANCHORS.search(form.pattern), form.pattern
            assert NEEDED.get(name, "") in form.pattern
