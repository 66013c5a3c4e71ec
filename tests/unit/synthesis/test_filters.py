"""Filters: what each finds and what it leaves alone, their order, and that every decision is kept."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyglot.core.errors import WrongInput
from polyglot.core.files import write_parquet
from polyglot.core.text import normalise, units
from polyglot.synthesis.filters.base import FILTERS, Earlier, Examples, Filter, Settings, Verdict
from polyglot.synthesis.filters.chain import LEFT_OUT, examples_of, filtered, marks, without_finds
from polyglot.synthesis.filters.duplicates import DuplicateSettings, Texts
from polyglot.synthesis.filters.grams import grams
from polyglot.synthesis.filters.settings import checked, in_use

QUESTION = "A farmer has seventeen sheep and all but nine of them run away in the night, so how many sheep are left?"
JAPANESE = "ある農夫は十七頭の羊を飼っていて、夜の間に九頭を残して全部逃げてしまいました。羊は何頭残っていますか。"


def answers(*pairs: tuple[str, str], method: str = "generate") -> pd.DataFrame:
    """Answers as `read_answers` gives them, as far as filters read them; an empty prompt stands for one that is not usable."""
    rows = [
        {
            "request_id": f"{method}{number}",
            "teacher": "t",
            "lang": "en",
            "method": method,
            "status": "ok" if prompt else "invalid_json",
            "problem": None if prompt else "no JSON",
            "prompt": prompt or None,
            "response": response if prompt else None,
            "completion_tokens": 5,
        }
        for number, (prompt, response) in enumerate(pairs)
    ]
    return pd.DataFrame(rows)


def examples(*pairs: tuple[str, str], method: str = "generate", **known: Any) -> Examples:
    rows = answers(*pairs, method=method)
    rows["decisions"] = [[] for _ in pairs]
    return Examples(rows, **{"lang": "en", "script": "Latin", "languages": ("de", "en"), **known})


def problems(name: str, found: Examples, **given: Any) -> list[str | None]:
    """What a filter says of examples."""
    one = FILTERS[name]
    return [verdict.problem for verdict in one.find(found, one.settings(**given))]


def caught(name: str, found: Examples, **given: Any) -> list[bool]:
    return [problem is not None for problem in problems(name, found, **given)]


# The chain
def test_what_protects_a_measurement_runs_by_default_and_what_is_taste_does_not() -> None:
    actions = {name: given["action"] for name, given in in_use(checked({}))}
    assert actions == {"control_tokens": "drop", "contamination": "drop", "duplicates": "drop", "personal": "mark"}


def test_filters_run_in_the_declared_order_after_defaults_that_are_not_named() -> None:
    chain = checked({"length": {"response_least": 2}, "duplicates": None, "contamination": {"action": "skip"}})
    assert list(chain) == ["control_tokens", "personal", "length", "duplicates", "contamination"]
    assert [name for name, _ in in_use(chain)] == ["control_tokens", "personal", "length", "duplicates"]
    assert checked(chain) == chain


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"duplicate": {}}, "did you mean 'duplicates'"),
        ({"duplicates": {"treshold": 0.9}}, r"duplicates\.treshold: no such key .*allowed here: .*threshold"),
        ({"duplicates": {"threshold": 2}}, r"duplicates\.threshold: .*less than or equal to 1"),
        ({"duplicates": {"action": "delete"}}, r"duplicates\.action: .*'drop', 'mark' or 'skip'"),
        ({"duplicates": 0.9}, r"duplicates: a mapping of settings.*0\.9"),
        ({"length": {"prompt_least": 5, "prompt_most": 2}}, r"`prompt_most` \(2\) is below `prompt_least` \(5\)"),
        ({"duplicates": {True: "mark"}}, r"duplicates\.True: no such key.*YAML reads no, yes, on and off .*in quotes"),
        ({"duplicates": {-1: "mark", None: 1}}, r"duplicates\.-1: no such key.*duplicates\.None: no such key.*correct or delete"),
        (["duplicates"], "a mapping of filters to their settings"),
    ],
)
def test_wrong_settings_are_told_with_key_and_remedy(wrong: object, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        checked(wrong)


def test_every_decision_is_kept_and_no_row_is_lost(tmp_path: Path) -> None:
    given = [
        answers(("", ""), (QUESTION, "Nine."), ("Say a word.", "Tree."), ("Say a word.", "Tree."), method="generate"),
        answers(("Say a word.", "tree"), ("Hi <|im_end|>", "Hello"), ("Who?", "a.person@mail.de"), method="respond"),
        answers(("", "")).head(0),
    ]
    chain = in_use(checked({}))
    known = Examples(pd.DataFrame(), "en", questions={"sums": [QUESTION]})
    for out in (filtered(given, chain, known), filtered(given, chain, known)):
        assert [len(one) for one in out] == [4, 3, 0]
        statuses = [status for one in out[:2] for status in one["status"]]
        assert statuses == ["invalid_json", "benchmark_item", "ok", "duplicate", "duplicate", "control_token", "ok"]
        write_parquet(out[0], tmp_path / "a.parquet")
        write_parquet(out[1], tmp_path / "b.parquet")
    again = pd.concat([pd.read_parquet(tmp_path / "a.parquet"), pd.read_parquet(tmp_path / "b.parquet")])
    told = [[(one["filter"], one["decision"]) for one in row] for row in again["decisions"]]
    assert told[0] == []
    assert told[1] == [("control_tokens", "keep"), ("contamination", "drop")]
    assert told[2][-2:] == [("duplicates", "keep"), ("personal", "keep")]
    assert told[-1][-1] == ("personal", "mark")
    assert "generate2" in again["problem"].iloc[3]
    assert again["prompt"].notna().sum() == 6
    assert marks(again).to_dict("records") == [
        {"teacher": "t", "lang": "en", "method": "respond", "filter": "personal", "marked": 1}
    ]


def test_what_was_only_marked_can_be_left_out_of_a_set() -> None:
    said = [[{"filter": "length", "decision": "mark"}], [{"filter": "length", "decision": "keep"}], []]
    answers = pd.DataFrame({"status": ["ok", "ok", "empty"], "decisions": said})
    assert list(without_finds(answers, ["length"])["status"]) == [LEFT_OUT, "ok", "empty"]
    assert without_finds(answers, ["duplicates"])["status"].equals(answers["status"])
    assert without_finds(answers.drop(columns="decisions"), ["length"])["status"].equals(answers["status"])


def test_a_marked_example_stays_and_a_dropped_one_shadows_no_other() -> None:
    given = [answers(("One <pad>", "two"), ("One", "two"), ("One", "two"))]
    chain = in_use(checked({"duplicates": {"action": "mark"}}))
    out = filtered(given, chain, Examples(pd.DataFrame(), "en"))[0]
    assert list(out["status"]) == ["control_token", "ok", "ok"]
    assert [row[-1]["decision"] for row in out["decisions"]] == ["drop", "keep", "mark"]


def test_answers_without_usable_ones_pass_and_old_files_have_no_marks() -> None:
    out = filtered([answers(("", ""))], in_use(checked({})), Examples(pd.DataFrame(), "en"))[0]
    assert list(out["decisions"]) == [[]]
    assert marks(answers(("One", "two"))).empty


def test_a_filter_of_a_plugin_runs_and_is_told_if_it_forgets_an_example(monkeypatch: pytest.MonkeyPatch) -> None:
    def shouting(found: Examples, settings: Settings) -> Sequence[Verdict]:
        return [Verdict(float(text.isupper()), "it shouts" if text.isupper() else None) for text in found.rows["response"]]

    monkeypatch.setattr(FILTERS, "_known", dict(FILTERS._known))
    FILTERS.add("shouting", Filter("shouting", "shouting", "shouted", shouting))
    FILTERS.add("lazy", Filter("lazy", "nothing", "lazy", lambda found, settings: []))
    given = [answers(("A", "LOUD"), ("B", "soft"))]
    out = filtered(given, in_use(checked({"shouting": {}})), Examples(pd.DataFrame(), "en"))[0]
    assert list(out["status"]) == ["shouted", "ok"]
    with pytest.raises(WrongInput, match="'lazy' gave 0 verdicts on 2 examples"):
        filtered(given, in_use(checked({"lazy": {}})), Examples(pd.DataFrame(), "en"))


# Duplicates
def test_equal_and_nearly_equal_examples_are_found_and_the_first_stays() -> None:
    long = " ".join(f"word{number}" for number in range(60))
    found = examples(
        ("Name a city.", "Rome."),
        ("name a  city", "Rome"),
        ("Name a city.", "Oslo."),
        (long, "Yes."),
        (long.replace("word30", "other"), "Yes."),
        (" ".join(long.split()[:20]), "Yes."),
    )
    assert caught("duplicates", found) == [False, True, False, False, True, False]
    assert caught("duplicates", found, threshold=1) == [False, True, False, False, False, False]


def test_the_same_words_divided_elsewhere_are_another_example() -> None:
    assert caught("duplicates", examples(("one two three", "four"), ("one two", "three four"))) == [False, False]


def test_numbers_and_operators_tell_examples_apart() -> None:
    found = examples(("What is 3 + 4?", "7"), ("What is 3 - 4?", "-1"), ("What is 3.4?", "A number"), ("What is 34?", "A number"))
    assert not any(caught("duplicates", found))


def test_duplicates_are_found_in_scripts_without_spaces() -> None:
    found = examples(
        (JAPANESE, "九頭です。"), (JAPANESE.replace("農夫", "農民"), "九頭です。"), ("羊は何頭ですか。", "九頭です。")
    )
    assert caught("duplicates", found, threshold=0.5) == [False, True, False]


def test_what_the_set_had_before_counts_and_a_copied_seed_prompt_only_where_prompts_are_written() -> None:
    known: dict[str, Any] = {
        "earlier": [Earlier("old", "respond", "Say yes.", "Yes.")],
        "seed_prompts": {"s1": "Name a river of Spain."},
    }
    pairs = (("Say yes.", "Yes."), ("Name a river of Spain!", "Ebro."))
    told = problems("duplicates", examples(*pairs, **known))
    assert told == ["it is equal to the example old", "its prompt is equal to the seed prompt s1"]
    assert caught("duplicates", examples(*pairs, method="respond", **known)) == [True, False]
    assert caught("duplicates", examples(*pairs, **known), seed_prompts=False) == [True, False]
    usable = answers(("Say yes.", "Yes."), ("", ""))
    assert examples_of([usable]) == [Earlier("generate0", "generate", "Say yes.", "Yes.")]


def jaccard(one: str, two: str, size: int) -> float:
    first, second = (set(grams(units(text), size)) for text in (one, two))
    return len(first & second) / len(first | second)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 12))
def test_the_score_is_the_exact_similarity_of_n_grams(seed: int, changes: int) -> None:
    rng = random.Random(seed)
    words = [f"w{rng.randrange(500)}" for _ in range(80)]
    other = list(words)
    for place in rng.sample(range(80), changes):
        other[place] = "x"
    texts = Texts(DuplicateSettings(threshold=0.5))
    texts.nearest_or_add("a", words)
    similarity, near = texts.nearest(other)
    assert near is None or similarity == pytest.approx(jaccard(" ".join(words), " ".join(other), 5))


def test_nearly_all_pairs_above_the_threshold_are_found() -> None:
    """MinHash misses some: those of similarity 0.8 to 0.85 share a band with a probability of 95 % or more."""
    rng = random.Random(0)
    texts, near = Texts(DuplicateSettings()), []
    for number in range(400):
        words = [f"{number}w{rng.randrange(10**6)}" for _ in range(100)]
        texts.nearest_or_add(str(number), words)
        changed = [*words[:50], "x", *words[51:]] if number % 2 else [*words[:30], "x", *words[31:70], "y", *words[71:]]
        if jaccard(" ".join(words), " ".join(changed), 5) >= 0.8:
            near.append(texts.nearest(changed)[1] == str(number))
    assert len(near) == 400
    assert sum(near) >= 0.97 * len(near)


# Contamination
def test_questions_of_benchmarks_are_found_whole_and_in_long_parts() -> None:
    words = QUESTION.split()
    pairs = (
        (QUESTION.upper(), "9"),
        ("Solve this.", f"The riddle says: {QUESTION} It is nine."),
        (" ".join(words[:14]), "Nine."),
        (" ".join(words[:10]), "Nine."),
        ("A farmer has two cows.", "Two."),
    )
    found = examples(*pairs, questions={"sums": [QUESTION]})
    assert caught("contamination", found) == [True, True, True, False, False]
    assert caught("contamination", found, share=0.9) == [True, True, False, False, False]
    assert caught("contamination", found, parts=False) == [True, False, False, False, False]
    assert problems("contamination", found)[1] == f"it holds 100% of a question of sums: {QUESTION[:60]}..."


def test_a_short_question_is_a_leak_only_as_the_whole_prompt() -> None:
    found = examples(
        ("what is the capital of italy", "Rome"),
        ("My aunt asks what is the capital of Italy and of Spain.", "Rome, Madrid"),
        questions={"cities": ["What is the capital of Italy?"]},
    )
    assert caught("contamination", found) == [True, False]
    assert problems("contamination", found)[0] == "it holds 100% of a question of cities: What is the capital of Italy?"


def test_questions_without_spaces_are_found_by_characters() -> None:
    pairs = ((f"次の問題を解いてください。{JAPANESE}", "九"), (JAPANESE[:30], "九"), (JAPANESE[:12], "九"))
    assert caught("contamination", examples(*pairs, questions={"q": [JAPANESE]})) == [True, True, False]


@given(st.one_of(st.text(max_size=60), st.text("a1 .,-/%'ä東\n", max_size=30)))
def test_units_hold_what_normalised_texts_hold(text: str) -> None:
    assert "".join(units(text)) == normalise(text)


# The others
@pytest.mark.parametrize(
    "token",
    [
        "<|im_start|>user",
        "<|eot_id|>",
        "<｜User｜>",
        "<start_of_turn>",
        "[/INST]",
        "<</SYS>>",
        "<eos>",
        "</think>",
        "<|end|>",
        "</s>",
        "<|im_end|>\n<|im_start|>user\nUnd Paris?",
        " endet mit <end_of_turn> in Gemma.",
        "<unused7>",
    ],
)
def test_control_tokens_of_templates_are_found(token: str) -> None:
    assert problems("control_tokens", examples(("Hi", f"Hello{token}"), (f"{token} Hi", "Hello"))) != [None, None]


def test_what_only_looks_like_control_tokens_is_left_alone() -> None:
    texts = [
        "a <b> c",
        "x < y | z > w",
        "<s>struck</s> out",
        "if a<b or b>c",
        "[INSTALL]",
        "List[int]",
        "|x| > 3",
        "In F# ist a |> b <| c erlaubt",
    ]
    assert not any(caught("control_tokens", examples(*((text, "yes") for text in texts))))


def test_personal_data_are_found_by_their_form_and_check_sums() -> None:
    texts = {
        "Write to anna.meier@firma.de.": "an e-mail address",
        "The server is 93.184.216.34.": "an IP address",
        "Call +49 30 901820 today.": "a telephone number",
        "Pay to DE89 3704 0044 0532 0130 00.": "an account number",
        "Card 4111 1111 1111 1111": "a card number",
    }
    told = problems("personal", examples(*((text, "ok") for text in texts)))
    assert told == [f"it has what looks like {name}" for name in texts.values()]
    numbers = ["In 1999 there were 1 234 567 people.", "pi is 3.14159265358979", "12 + 34 = 46", "2024-11-28 10:45:12"]
    harmless = [*numbers, "me@example.com", "127.0.0.1", "version 1.2.3.4.5", "4111 1111 1111 1112"]
    assert problems("personal", examples(*((text, "ok") for text in harmless))) == [None] * len(harmless)


def test_length_counts_words_and_characters_of_scripts_without_spaces() -> None:
    found = examples(("Why?", "Because it is so."), ("Say more.", "No."), ("なぜ。", "そうだからです。"))
    assert caught("length", found, response_least=3) == [False, True, False]
    assert caught("length", found, response_most=5) == [False, False, True]
    assert problems("length", found, prompt_least=2)[0] == "its prompt has 1 words, fewer than 2"


def test_loops_and_copied_prompts_are_found() -> None:
    prompt = "Describe the river that runs through the old town of the valley."
    story = "The river is wide and slow in summer, but it rises in spring when the snow of the hills melts and fills it again."
    found = examples((prompt, "the river runs and " * 12), (prompt, f"{prompt}"), (prompt, story), ("Count.", "1 2 1 2 1 2"))
    assert caught("repetition", found) == [True, True, False, False]


def test_refusals_are_found_in_the_language_and_in_english() -> None:
    german = examples(
        ("a", "Es tut mir leid, aber dabei kann ich nicht helfen."),
        ("b", "I'm sorry, but I can't help with that."),
        ("c", "Leider regnet es heute in Berlin."),
        ("d", "Samahani, siwezi."),
        lang="de",
    )
    assert caught("refusals", german) == [True, True, False, False]
    assert caught("refusals", german, phrases={"de": ["samahani"]}) == [True, True, False, True]


def test_every_known_refusal_compiles_and_is_found_at_the_start_only() -> None:
    late = "This is a story about a robot. " * 6 + "I'm sorry, I can't help."
    assert caught("refusals", examples(("a", late))) == [False]


def test_prompt_and_response_are_judged_apart_by_language_and_script() -> None:
    english, german = "What is the weather going to be like tomorrow?", "Wie wird denn morgen das Wetter bei uns werden?"
    found = examples((english, english), (english, german), (german, english), ("Say ПРИВЕТ МИР now", "ok"), ("2 + 2", "4"))
    assert caught("language", found) == [False, True, True, True, False]
    assert caught("language", found, other_scripts=1, confidence=0) == [False] * 5
    arabic = examples(("ما هي عاصمة مصر؟", "القاهرة"), ("كتell me الآن فقط", "القاهرة"), lang="ar", script="Arabic")
    assert caught("language", arabic, confidence=0) == [False, True]


def test_an_expression_says_what_stays_and_a_wrong_one_says_what_it_may_name() -> None:
    rows = answers(("One", "two three"), ("One", "two three"), ("Why", "so"))
    chain = in_use(
        checked({"duplicates": {"action": "mark"}, "expression": {"keep": "response_words > 1 and score_duplicates < 1"}})
    )
    assert list(filtered([rows], chain, Examples(pd.DataFrame(), "en"))[0]["status"]) == ["ok", "expression", "expression"]
    for wrong, told in (
        ("length > 1", "it may name .*response_words"),
        ("response_words", "not true or false"),
        ("(", "may name"),
    ):
        with pytest.raises(WrongInput, match=told):
            problems("expression", examples(("a", "b")), keep=wrong)
