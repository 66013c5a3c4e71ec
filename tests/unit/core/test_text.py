"""When two texts count as the same."""

from __future__ import annotations

import pytest

from polyglot.core.text import normalise


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("दिन में क्या है?", "दान में क्या है?"),
        ("কালি কত?", "কাল কত?"),
        ("పాలు ఎంత?", "పులి ఎంత?"),
        ("น้ำ", "น่ำ"),
        ("ọ́", "ọ̀"),
        ("Was ist 5+3?", "Was ist 5-3?"),
        ("Was ist 5 * 3?", "Was ist 5 / 3?"),
        ("x = 1.5", "x = 15"),
        ("3:1", "31"),
        ("-3", "3"),
        ("50% von 3", "50 von 3"),
        ("😀?", "😢?"),
        ("a < b", "a > b"),
    ],
)
def test_marks_signs_and_operators_make_another_text(one: str, other: str) -> None:
    assert normalise(one) != normalise(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Wer ist das?", "wer  ist das"),
        ("STRASSE", "Straße"),
        ("Don’t!", "dont"),
        ("Ja - nein", "ja, nein."),
        ("1. Was?", "1 Was"),
        ("Wie viel: 3 Äpfel", "Wie viel 3 Äpfel"),
        ("ｅｎ", "en"),
        ("كِتَاب", "كتاب"),
        ("שָׁלוֹם", "שלום"),
        ("❤️", "❤"),
    ],
)
def test_case_punctuation_forms_and_reading_aids_do_not(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)
