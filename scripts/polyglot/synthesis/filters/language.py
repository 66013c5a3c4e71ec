"""Language and script of prompt and response, each by itself, and words in other scripts between them (code-switching)."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache

from pydantic import Field

from polyglot.synthesis.detection import language_probability
from polyglot.synthesis.filters.base import Examples, Filter, Settings, Verdict

SEVERAL = {
    "Japanese": ("CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"),
    "Korean": ("HANGUL", "CJK"),
    "Hangul": ("HANGUL", "CJK"),
}
"""Scripts that are written with signs of several, by Unicode's names of these."""


class LanguageSettings(Settings):
    """Prompts or responses in another language or script than the study's."""

    confidence: float = Field(
        default=0.2,
        ge=0,
        le=1,
        description="Least probability of the language, of prompt and response alike, among the languages of the detector "
        "(`synthesis.detected_languages`); 0 turns this off. `synthesis.language_confidence` judges both together.",
    )
    other_scripts: float = Field(
        default=0.2,
        ge=0,
        le=1,
        description="Largest share of a text's letters in other scripts than the language's; 1 allows all.",
    )


def scripts_of(script: str) -> tuple[str, ...]:
    """Unicode's names of the signs of a script, as a language's entry names it; none for an unknown script."""
    if "Han" in script.split():
        return ("CJK",)
    return SEVERAL.get(script, tuple(script.upper().split()[:1]))


@cache
def _script_of(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0]


def share_of_others(text: str, script: str) -> float:
    """The share of a text's letters in other scripts; 0 without letters."""
    own = scripts_of(script)
    letters = [letter for letter in text if letter.isalpha()]
    return sum(_script_of(letter) not in own for letter in letters) / len(letters) if letters and own else 0.0


def _find(examples: Examples, settings: LanguageSettings) -> Sequence[Verdict]:
    """The lower of the language's probabilities in prompt and response."""
    columns = {
        name: language_probability(list(examples.rows[name]), examples.lang, examples.languages)
        if settings.confidence
        else [1.0] * len(examples.rows)
        for name in ("prompt", "response")
    }
    verdicts = []
    for texts, sure in zip(examples.pairs, zip(*columns.values(), strict=True), strict=True):
        problem = None
        for name, text, confidence in zip(columns, texts, sure, strict=True):
            others = share_of_others(text, examples.script)
            if confidence < settings.confidence:
                problem = f"its {name} is in the language with a probability of {confidence:.0%}"
            elif others > settings.other_scripts:
                problem = f"{others:.0%} of the letters of its {name} are in other scripts"
            if problem:
                break
        verdicts.append(Verdict(min(sure), problem))
    return verdicts


LANGUAGE = Filter(
    "language",
    "prompts or responses in another language or script, each by itself",
    "mixed_language",
    _find,
    LanguageSettings,
)
