"""Thoughts from answers to training sets and tables; the language check looks at answers alone."""

from __future__ import annotations

import pandas as pd
import pytest

from polyglot.analysis.tables import yield_table
from polyglot.displays.tables.study import synthesis_yield
from polyglot.engines.base import Answer
from polyglot.synthesis.answers import read_answers
from polyglot.synthesis.methods.base import METHODS, pair_json
from polyglot.synthesis.mixing import COLUMNS, in_columns, mix, people_wrote
from tests.simulated import simulate

GERMAN, ENGLISH = "Die Hauptstadt von Italien heißt Rom.", "The user wants to know the capital of Italy, which is Rome."
SPANISH = "El usuario quiere saber cuál es la capital de Italia."


def read(method: str, texts: list[str], thoughts: list[str], lang: str = "de") -> pd.DataFrame:
    ids = [f"{method}{number}" for number in range(len(texts))]
    asked = pd.DataFrame({"request_id": ids, "lang": lang, "method": method, "seed": 0, "prompt": "Was?", "messages": None})
    answers = {
        name: Answer(name, text, "stop", 3, 20, thoughts=said, thought_tokens=len(said))
        for name, text, said in zip(ids, texts, thoughts, strict=True)
    }
    return read_answers(asked, answers, teacher="good", languages=["de", "en", "es"], language_confidence=0.05)


def test_the_language_check_looks_at_the_answer_and_the_language_of_thoughts_is_measured() -> None:
    found = read(
        "respond", [GERMAN] * 5 + ["I would like to know what the weather will be."], [ENGLISH, GERMAN, SPANISH, "", "42", GERMAN]
    )
    assert list(found["status"]) == ["ok"] * 5 + ["wrong_language"]
    assert [lang if isinstance(lang, str) else None for lang in found["thoughts_lang"]] == ["en", "de", "es", None, None, "de"]
    row = yield_table(found).set_index("status").loc["ok"]
    assert (row["thoughts"], row["in_target"], row["in_english"], row["in_other"]) == (5, 2, 1, 1)
    assert row["thought_tokens"] == pytest.approx(sum(map(len, found["thoughts"])) / 5)


def test_without_thoughts_the_yield_table_is_as_it_was() -> None:
    found = read("respond", [GERMAN], [""])
    assert found["thoughts_lang"].isna().all()
    assert "thoughts" not in yield_table(found)
    assert yield_table(found).equals(yield_table(found.drop(columns=["thoughts", "thoughts_lang", "thought_tokens"])))


def test_the_table_of_thoughts_is_by_teacher_and_language_and_only_where_there_are_some() -> None:
    pair = pair_json("Was?", GERMAN)
    frames = [
        read("respond", [GERMAN] * 3, [ENGLISH, GERMAN, ""]),
        read("generate", [pair], [SPANISH]),
        read("respond", [GERMAN], [""]).assign(teacher="poor"),
    ]
    table = synthesis_yield(simulate().context, yield_table(pd.concat(frames, ignore_index=True)))
    assert [more.title for more in table.more] == ["By language", "Thoughts before the answers"]
    (row,) = table.more[1].data.to_dict("records")
    assert (row["teacher"], row["lang"], row["requests"], row["thoughts"]) == ("good", "de", 4, 3)
    assert (row["in_target"], row["in_english"], row["in_other"]) == (1, 1, 1)
    assert row["thought_tokens"] == pytest.approx((len(ENGLISH) + len(GERMAN) + len(SPANISH)) / 3)
    (shown,) = table.more[1].shown.to_dict("records")
    assert shown["in English"] == "1 (33.3%)"
    none = synthesis_yield(simulate().context, yield_table(frames[2]))
    assert [more.title for more in none.more] == ["By language"]


def test_a_training_set_has_the_thoughts_that_led_to_a_response_and_no_others() -> None:
    assert [name for name, method in METHODS.items() if method.thinks_of_the_response] == ["respond", "nllb-respond"]
    parts = {
        "respond": [read("respond", [GERMAN] * 2, [ENGLISH, ""])],
        "generate": [read("generate", [pair_json("Was?", GERMAN)] * 2, ["I should write a prompt."] * 2)],
        "public": [people_wrote(pd.DataFrame({"id": ["p"], "prompt": ["Was?"], "response": ["Das."]}))],
    }
    mixed = mix(parts, examples=6, seed=0)
    assert list(mixed.columns) == list(COLUMNS)
    thoughts = mixed.set_index("id")["thoughts"].to_dict()
    assert thoughts == {"respond0": ENGLISH, "respond1": "", "generate0": "", "generate1": "", "p": ""}
    before = mixed.drop(columns="thoughts")
    assert in_columns(before)["thoughts"].eq("").all()
    assert in_columns(before[:0])["thoughts"].empty
