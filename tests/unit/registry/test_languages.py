"""A language without an entry: names, script, direction and code of FLORES-200, from its code alone."""

from __future__ import annotations

import pytest

from polyglot.registry.languages import FLORES, derived


@pytest.mark.parametrize(
    ("code", "name", "endonym", "script", "direction", "flores"),
    [
        ("sw", "Swahili", "Kiswahili", "Latin", "ltr", "swh_Latn"),
        ("swh", "Swahili", "Kiswahili", "Latin", "ltr", "swh_Latn"),
        ("fa", "Persian", "فارسی", "Arabic", "rtl", "pes_Arab"),
        ("he", "Hebrew", "עברית", "Hebrew", "rtl", "heb_Hebr"),
        ("et", "Estonian", "eesti", "Latin", "ltr", "est_Latn"),
        ("no", "Norwegian", "norsk", "Latin", "ltr", "nob_Latn"),
        ("tw", "Twi", "Akan", "Latin", "ltr", "twi_Latn"),
        ("zh-hant", "Chinese (Traditional)", "中文（繁體）", "Traditional", "ltr", "zho_Hant"),
        ("ko", "Korean", "한국어", "Korean", "ltr", "kor_Hang"),
        ("abq", "Abaza", "Abaza", "Cyrillic", "ltr", None),
    ],
)
def test_a_code_says_all_that_is_needed(
    code: str, name: str, endonym: str, script: str, direction: str, flores: str | None
) -> None:
    found = derived(code)
    assert found is not None
    assert (found.name, found.endonym, found.script) == (name, endonym, script)
    assert (found.direction, found.flores) == (direction, flores)


def test_resource_levels_are_those_of_joshi_et_al() -> None:
    levels = {5: "zh cmn zh-hant fr", 4: "hi vi fa", 3: "bn ur tl arz", 2: "swh", 1: "te yue", None: "apc"}
    known = {code: level for level, codes in levels.items() for code in codes.split()}
    found = {code: derived(code) for code in known}
    assert {code: language.resource_level for code, language in found.items() if language} == known


@pytest.mark.parametrize("code", ["german", "germn", "zz", "und", "mul", "x", "123", "dee"])
def test_what_is_no_language_or_has_no_known_script_is_not_guessed(code: str) -> None:
    assert derived(code) is None


def test_the_codes_of_flores_are_those_that_nllb_knows_and_each_is_found() -> None:
    from transformers.models.nllb.tokenization_nllb import FAIRSEQ_LANGUAGE_CODES

    assert set(FLORES) == set(FAIRSEQ_LANGUAGE_CODES)
    found = {code: derived(f"{code[:3]}-{code[4:].lower()}") for code in FLORES}
    assert {code: language.flores for code, language in found.items() if language} == {code: code for code in FLORES}
    assert [code for code, language in found.items() if language and "nknown" in language.name + language.endonym] == []
