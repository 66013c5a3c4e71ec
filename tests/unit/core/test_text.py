"""When two texts count as the same, and how the texts of others stay texts."""

from __future__ import annotations

import pytest
from docutils.core import publish_string
from markdown_it import MarkdownIt

from polyglot.core.text import markdown, normalise, one_line, printable, restructured, visible


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


HOSTILE = (
    "![p](http://evil/p.png)",
    "[x](javascript:alert(1)) <http://evil> [r][1] `raw`",
    '<img src="http://evil/x.png" onerror="x()"> \\<b> &lt;i&gt;',
    ".. raw:: html",
    ".. include:: /etc/hostname",
    ".. image:: http://evil/p.png",
    ":raw:`x` |x| javascript:alert(1) word_ *b* **c**",
    "# Title",
    "1. one",
    "- item",
    "> said",
    ":field: x",
    "[1]: http://evil",
    "$x$ ~~gone~~ __init__ _a_",
    "===",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_in_markup_is_shown_as_it_is(text: str) -> None:
    """Both parsers read all that they can; what they show is the text."""
    tokens = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(restructured(text))
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    assert {child.type for child in tokens[1].children or ()} <= {"text", "text_special"}
    assert "".join(child.content for child in tokens[1].children or ()) == text
    shown = publish_string(restructured(text), writer="pseudoxml", settings_overrides={"output_encoding": "unicode"})
    kinds, said = zip(*((line.strip().startswith("<"), line.strip()) for line in shown.strip().splitlines()), strict=True)
    assert (sum(kinds[:2]), said[-1]) == (2, text)
    assert len(said) == 3


def test_within_a_line_only_marks_are_escaped() -> None:
    assert markdown(" (Qwen3-8B_it, 0.12 [0.05, 0.20], https://a.b/c_d)") == " (Qwen3-8B_it, 0.12 [0.05, 0.20], https://a.b/c_d)"
    assert markdown("a\n # b") == "a # b"
    assert restructured("Which teacher is best: a or b?") == "Which teacher is best: a or b?"


def test_control_characters_are_spelt_out_and_what_words_are_written_with_is_not() -> None:
    assert printable("a\x1b[31m\r\u202eb\n\tc\x9b") == "a\\x1b[31m\\r\\u202eb\n\tc\\x9b"
    assert printable("a\nb", kept="") == "a\\nb"
    persian = "می\u200cخواهم"
    assert visible(persian) == persian
    assert printable(persian) == "می\\u200cخواهم"
    assert one_line(" a\n\n b\u2028c\x1b ") == "a b c\\x1b"
    assert visible("❤️ 👩\u200d🔬 naïve") == "❤️ 👩\u200d🔬 naïve"
