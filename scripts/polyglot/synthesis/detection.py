"""The language of texts (lingua)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

LONGEST_DETECTED = 2000
"""Characters of thoughts by which their language is told."""


def language_probability(texts: Sequence[str], lang: str, languages: Sequence[str]) -> list[float]:
    """Probability that each text is in `lang`, among the given languages (lingua).

    It is 1 if undecidable: for a text without letters, or a language that the detector does not support.
    """
    detector = _detector((*languages, lang), needed=lang)
    if detector is None:
        return [1.0] * len(texts)
    found = []
    for text in texts:
        values = {item.language.iso_code_639_1.name: item.value for item in detector.compute_language_confidence_values(text)}
        found.append(values[lang.upper()] if any(values.values()) else 1.0)
    return found


def languages_of(thoughts: Sequence[str], lang: str, languages: Sequence[str]) -> list[str | None]:
    """The most likely language of each text, among the given ones, `lang` and English; of a long text, by its start.

    Returns:
        Codes; None for an empty text, one without letters, or if the detector does not support `lang`.
    """
    detector = _detector((*languages, lang, "en"), needed=lang) if any(thoughts) else None
    if detector is None:
        return [None] * len(thoughts)
    found = [detector.detect_language_of(text[:LONGEST_DETECTED]) if text.strip() else None for text in thoughts]
    return [None if language is None else language.iso_code_639_1.name.lower() for language in found]


def _detector(languages: Sequence[str], *, needed: str) -> Any:
    """A detector for those of the languages that it supports; None if it does not support the one that is needed."""
    from lingua import IsoCode639_1, LanguageDetectorBuilder

    names = sorted({code.upper() for code in languages})
    codes = [getattr(IsoCode639_1, name) for name in names if hasattr(IsoCode639_1, name)]
    if len(codes) < 2 or not hasattr(IsoCode639_1, needed.upper()):
        return None
    return LanguageDetectorBuilder.from_iso_codes_639_1(*codes).build()
