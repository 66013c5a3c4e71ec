"""JSON that is nearly there is read, marked and counted; what cannot be read is asked again, once, with another seed."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyglot.analysis.tables import yield_table
from polyglot.core.sidefile import SideFile
from polyglot.engines.base import Answer, FinishReason, Interrupted, Request
from polyglot.registry.models import Model
from polyglot.routing.assignment import gather
from polyglot.synthesis.answers import answer_frame, parse_answer, read_answers
from polyglot.synthesis.attempts import ask_until_read, in_order
from polyglot.synthesis.methods.base import pair_json
from polyglot.synthesis.methods.reading import mended
from polyglot.synthesis.settings import How

PAIR = '{"prompt": "Was?", "response": "Das."}'
MATHS = (r"$\nu$, $x \to 0$", r"\tanh x \ngeq \tbinom{1}{2}")
NEARLY = {
    "prose and a fence": (f"Hier:\n```json\n{PAIR}\n```", "Was?", "Das."),
    "a fence and prose": (f"```json\n{PAIR}\n```\nViel Erfolg!", "Was?", "Das."),
    "a fence in capitals": (f"```JSON\n{PAIR}\n```", "Was?", "Das."),
    "prose": (f"Gern! {PAIR}", "Was?", "Das."),
    "prose with quotation marks": (f'Hier sind "prompt" und "response": {PAIR}', "Was?", "Das."),
    "prose with braces": (f"Für {{a}} gilt: {PAIR} (n = {{b}})", "Was?", "Das."),
    "a trailing comma": ('{"prompt": "Was?", "response": "Das.",}', "Was?", "Das."),
    "a raw line break": ('{"prompt": "Was?", "response": "Erstens\nZweitens"}', "Was?", "Erstens\nZweitens"),
    "a raw tab": ('{"prompt": "Was?", "response": "a\tb"}', "Was?", "a\tb"),
    "a byte-order mark": (f"\ufeff{PAIR}", "Was?", "Das."),
    "LaTeX's brackets": (r'{"prompt": "\( x \)?", "response": "Das."}', r"\( x \)?", "Das."),
    "LaTeX that JSON reads as control signs": (
        r'{"prompt": "\frac{1}{2} \times 2", "response": "\beta\n\\nu"}',
        r"\frac{1}{2} \times 2",
        "\\beta\n\\nu",
    ),
    "more of such LaTeX": (r'{"prompt": "$\nu$, $x \to 0$", "response": "\tanh x \ngeq \tbinom{1}{2}"}', *MATHS),
    "single quotes": ("{'prompt': 'Was?', 'response': 'Das.'}", "Was?", "Das."),
    "keys without quotes": ('{prompt: "Was?", response: "Das."}', "Was?", "Das."),
    "typographic quotes": ("{“prompt”: “Was?”, “response”: “Das.”}", "Was?", "Das."),
    "no comma": ('{"prompt": "Was?" "response": "Das."}', "Was?", "Das."),
    "quotes within": ('{"prompt": "Sag "Hallo"!", "response": "Das."}', 'Sag "Hallo"!', "Das."),
    "no last brace": ('{"prompt": "Was?", "response": "Das."', "Was?", "Das."),
    "a list of one": (f"[{PAIR}]", "Was?", "Das."),
    "the same twice": (f"{PAIR}\n{PAIR}", "Was?", "Das."),
    "a fence within": (
        '```json\n{"prompt": "Code?", "response": "```python\nprint({})\n```"}\n```',
        "Code?",
        "```python\nprint({})\n```",
    ),
    "capital keys": ('{"Prompt": "Was?", "Response": "Das."}', "Was?", "Das."),
    "a comment": ('{/* eins */ "prompt": "Was?", "response": "Das."}', "Was?", "Das."),
    "dots": ('{"prompt": "Was?", "response": "Das.", ...}', "Was?", "Das."),
    "a text of JSON": (json.dumps(PAIR), "Was?", "Das."),
    "entities": (PAIR.replace('"', "&quot;"), "Was?", "Das."),
    "escaped marks": ('{\\"prompt\\": \\"Was?\\", \\"response\\": \\"Das.\\"}', "Was?", "Das."),
    "no braces": ('"prompt": "Was?",\n"response": "Das."', "Was?", "Das."),
    "apostrophes in single quotes": ("{'prompt': 'What's up?', 'response': 'That's it.'}", "What's up?", "That's it."),
    "German marks": ("{„prompt“: „Was?“, „response“: „Das.“}", "Was?", "Das."),
    "French marks": ("{«prompt»: «Quoi?», «response»: «Ça.»}", "Quoi?", "Ça."),
    "Japanese marks": ("{「prompt」: 「何?」, 「response」: 「これ。」}", "何?", "これ。"),
    "Chinese colons": ('{"prompt"： "Was?"， "response"： "Das."}', "Was?", "Das."),
    "an example before": (f'Die Form: {{"prompt": "...", "response": "..."}}. Hier: {PAIR}', "Was?", "Das."),
}
NO_ANSWER = {
    "a key twice": ('{"prompt": "Was?", "response": "Das.", "response": "Jenes."}', "invalid_json"),
    "a key twice, and a comma": ('{"prompt": "Was?", "response": "Das.", "response": "Jenes.",}', "invalid_json"),
    "two objects": (f'{PAIR}\n{{"prompt": "Wer?", "response": "Die."}}', "invalid_json"),
    "an object in a broken one": (f'{{"prompt": "Was?", "response": " JSON{PAIR}', "invalid_json"),
    "cut off": ('{"prompt": "Was?", "response": "Das ist', "invalid_json"),
    "cut off after a brace": ('{"prompt": "Was?", "response": "Das {ist} so und', "invalid_json"),
    "a number": ('Hier: {"prompt": "Was?", "response": 7}', "invalid_json"),
    "no JSON": ("Was? Das.", "invalid_json"),
    "half of a surrogate pair": ('Hier: {"prompt": "Was?", "response": "\\ud83d"}', "invalid_json"),
    "a null character": ('{"prompt": "Was?", "response": "a\\u0000"}', "invalid_json"),
    "deep": ("[" * 100_000, "invalid_json"),
    "the keys": ('{"prompt": "prompt", "response": "response"}', "echo"),
    "the keys with a comma": ('{"prompt": "<prompt>", "response": "[Response]",}', "echo"),
    "what the template says": ('{"prompt": "(the translation)", "response": "Das."}', "echo"),
    "the schema": ('{"prompt": "string", "response": "string"}', "echo"),
    "dots": ('{"prompt": "...", "response": "..."}', "echo"),
    "what is to be put in": ('{"prompt": "Insert prompt here", "response": "Insert response here"}', "echo"),
    "texts that are added": ('{"prompt": "Wa" + "s?", "response": "Das."}', "invalid_json"),
    "capital keys twice": ('{"Prompt": "Was?", "PROMPT": "Wer?", "Response": "Das."}', "invalid_json"),
}
ASKED = {
    "method": "translate",
    "messages": [{"role": "user", "content": 'One JSON object with the keys "prompt" (the translation) and "response".'}],
}


def answer(text: str, name: str = "r", reason: FinishReason = "stop") -> Answer:
    return Answer(name, text, reason, 10, 5)


@pytest.mark.parametrize("kind", NEARLY)
def test_a_pair_that_is_there_is_read_and_marked(kind: str) -> None:
    text, prompt, response = NEARLY[kind]
    assert parse_answer(ASKED, answer(text)) == ("ok", None, prompt, response, True)


@pytest.mark.parametrize("kind", NO_ANSWER)
def test_what_is_no_answer_or_could_be_two_is_not_read(kind: str) -> None:
    text, status = NO_ANSWER[kind]
    for how in ("repair", "strict"):
        found = parse_answer(ASKED, answer(text), how)  # type: ignore[arg-type]
        assert found.status in (status, "invalid_json" if how == "strict" else status)
        assert found.problem


@pytest.mark.parametrize(
    "part",
    [" ", " <eos>", "{", "{ ", "<|", "{「", "{/*", "<think>", "</answer", "&quot;", '{"prompt": ', "here is my thought process:"],
)
def test_odd_texts_are_read_in_time(part: str) -> None:
    """No pattern takes a time that grows with the square of a text's length."""
    text = f"<think>a</think>b{part * (30_000 // len(part))}c"
    started = time.process_time()
    for request in (ASKED, {"method": "respond", "prompt": "Was?"}):
        parse_answer(request, answer(text).without_thoughts())
    assert time.process_time() - started < 2


@pytest.mark.parametrize("space", ["\n", " ", "\u3000"])
@pytest.mark.parametrize(
    ("before", "after", "response"),
    [
        ('{"prompt": "Was?"', ',"response": "Das."}', "Das."),
        ('{"prompt": "Was?", "response": "Das."', "```", "Das."),
        (f"```json{PAIR},", "", "Das."),
        ("```json", "```", None),
        ('{"prompt": "Was?",', "c", None),
    ],
)
def test_a_long_run_of_white_space_comes_to_an_end(space: str, before: str, after: str, response: str | None) -> None:
    """A pattern whose time grows with the square or the cube of its length would take hours here."""
    found = parse_answer(ASKED, answer(before + space * 200_000 + after))
    assert (found.status, found.response) == ("invalid_json" if response is None else "ok", response)


@pytest.mark.parametrize(
    "response",
    [
        "abfahren\nablaufen\nablegen",
        "ajtó\nablak\nszék",
        "menin kauppaan\notin maitoa",
        "tôi\tI\nhe\tanh ấy",
        "for i in x:\n\times = i",
        "for i in $x:\n\times = $i",
        "Das kostet 5 $\nablaufen\nnach $5\n\notin",
        "heter\theta\nau\tau",
        "$x$ und $y$:\nablaufen\nablak\n\tfracción\tilden",
    ],
)
def test_a_line_break_or_a_tab_before_a_word_is_no_latex(response: str) -> None:
    text = pair_json("Was?", response)
    assert parse_answer(ASKED, answer(text)) == ("ok", None, "Was?", response, False)
    found = parse_answer(ASKED, answer(f"Gern!\n{text}"))
    assert (found.status, found.response, found.repaired) == ("ok", response, True)


@pytest.mark.parametrize(
    "sign", [r"\(x\)", r"\[x\]", r"\alpha", r"\frac12", r"\{1\}", r"$\nu$", r"$3 \times 4$", r"$$ a \neq b $$"]
)
def test_beside_a_command_with_one_backslash_such_a_word_is_latex(sign: str) -> None:
    text = f'{{"prompt": "Was ist {sign}?", "response": "a\\nb \\times c \\notin d \\nabla e \\nleqslant f"}}'
    assert parse_answer(ASKED, answer(text)).response == "a\nb \\times c \\notin d \\nabla e \\nleqslant f"


@pytest.mark.parametrize(
    "response",
    [
        "Uvrstimo $x=2$\nu $f(x)=x^2$ i dobivamo 4.",
        "Neka je $x=2$.\n\nu $x$ je",
        "Hodnoty:\nu $n=1$ je to 1\nu $n=2$ je to 2",
        "Neka je \\(x=2\\)\nu \\(y\\) i \\[z\\]\nu \\[w\\]",
        "$x$: x=2\nu_1 = 3\nu ^ 2",
        "$HOME$\nu $PATH",
        "Cijena je $5 i $6\nu $7",
        "Cijena: 5$\nu $10$ i 10$.",
        "$$\nu_1 = 3\n$$",
        "\\alpha i $x$:\n\nu $y$",
        "a $x$:\nabla e \notin d \tto 5 \times 2",
    ],
)
def test_valid_json_beside_formulas_stays_as_it_is(response: str) -> None:
    text = pair_json("Koliko je $x$?", response)
    assert parse_answer(ASKED, answer(text)) == ("ok", None, "Koliko je $x$?", response, False)
    found = parse_answer(ASKED, answer(f"Evo!\n{text}"))
    assert (found.status, found.response, found.repaired) == ("ok", response, True)


@pytest.mark.parametrize(
    ("written", "response"),
    [
        (r"Je $\alpha=2$.\nu $f$", "Je $\\alpha=2$.\nu $f$"),
        (r"Je \(x\)\nu \(f\)", "Je \\(x\\)\nu \\(f\\)"),
        (r"\d+\nu_1 = 3", "\\d+\nu_1 = 3"),
        (r"\[ E = h\nu \]", "\\[ E = h\\nu \\]"),
        (r"$E = h\nu$, $a \neq b$", r"$E = h\nu$, $a \neq b$"),
        (r"\\(3 \times 4\\)", r"\(3 \times 4\)"),
        (r"Use \bword\b", r"Use \bword\b"),
        (r"^\w+\f", r"^\w+\f"),
        (r"\.txt\b and \b", r"\.txt\b and \b"),
        (r"\fa", r"\fa"),
    ],
)
def test_commands_of_latex_and_of_patterns_keep_their_backslash(written: str, response: str) -> None:
    found = parse_answer(ASKED, answer(f'{{"prompt": "Was?", "response": "{written}"}}'))
    assert (found.status, found.response) == ("ok", response)


@pytest.mark.parametrize("response", ["Zeile 1\nZeile 2", 'Er: "Ja."\t\u00e4', r"\frac{1}{2} \alpha", "$x$\nu $y$", "C:\\dir"])
def test_an_object_that_is_escaped_once_more_is_read_as_it_was(response: str) -> None:
    text = json.dumps(pair_json("Was?", response))[1:-1]
    assert parse_answer(ASKED, answer(text)) == ("ok", None, "Was?", response, True)


def test_strict_reading_remains() -> None:
    latex = ("LaTeX that JSON reads as control signs", "more of such LaTeX")
    for kind, (text, _, _) in NEARLY.items():
        assert parse_answer(ASKED, answer(text), "strict").status == ("ok" if kind in latex else "invalid_json")
    for text in (PAIR, f"```json\n{PAIR}\n```"):
        for how in ("repair", "strict", "strict-last"):
            assert parse_answer(ASKED, answer(text), how) == ("ok", None, "Was?", "Das.", False)  # type: ignore[arg-type]
    assert parse_answer(ASKED, answer(NO_ANSWER["a key twice"][0]), "strict-last").response == "Jenes."


@given(
    prompt=st.text(min_size=1),
    response=st.text(min_size=1),
    around=st.sampled_from(["{}", "Gern! {}", "{}\nFertig.", "```\n{}\n```"]),
)
def test_any_pair_survives_what_is_around_it(prompt: str, response: str, around: str) -> None:
    written = around.replace("{}", pair_json(prompt, response).replace("\\b", "\\u0008").replace("\\f", "\\u000c"))
    found = parse_answer({"method": "generate"}, answer(written))
    if found.status == "ok":
        assert (found.prompt, found.response) == (prompt.strip(), response.strip())
    else:
        torn = "\0" in prompt + response or mended(written) is None  # the first is no character of a text
        assert torn or found.status in ("empty", "echo") or "\\\\" in written or '"' in prompt + response


class Teacher:
    """Answers with nothing readable until a request has been asked often enough; counts what it was asked."""

    deterministic, batch_size = True, None

    def __init__(self, needed: dict[str, int], dies_after: int | None = None) -> None:
        self.needed, self.dies_after = needed, dies_after
        self.asked: list[Request] = []

    def chat(self, requests: Sequence[Request]) -> list[Answer]:
        answers: list[Answer] = []
        for request in requests:
            if self.dies_after is not None and len(self.asked) == self.dies_after:
                raise Interrupted(answers, KeyboardInterrupt())
            self.asked.append(request)
            name, _, attempt = request.id.partition("~")
            good = int(attempt or 0) >= self.needed[name]
            answers.append(answer(PAIR if good else f"nothing {request.seed}", request.id))
        return answers


@pytest.fixture
def requests() -> pd.DataFrame:
    same = {"lang": "de", "method": "generate", "seed": 0, "prompt": None, "messages": ASKED["messages"]}
    return pd.DataFrame([{"request_id": name, "request_seed": place, **same} for place, name in enumerate("abcd")])


NEEDED = {"a": 0, "b": 1, "c": 2, "d": 9}


def asked(teacher: Teacher, requests: pd.DataFrame, folder: Path, how: How = "repair") -> dict[str, Answer]:
    side = SideFile(folder / "side.jsonl", "owner")
    return ask_until_read(teacher, Model(folder="x"), requests, side, retries=2, reading=how, batch_size=2, title="t")


def test_what_cannot_be_read_is_asked_again_with_other_seeds(requests: pd.DataFrame, tmp_path: Path) -> None:
    teacher = Teacher(NEEDED)
    answers = asked(teacher, requests, tmp_path)
    assert [one.id for one in in_order("abcd", answers)] == ["a", "b", "b~1", "c", "c~1", "c~2", "d", "d~1", "d~2"]
    assert len({one.seed for one in teacher.asked}) == len(teacher.asked) == 9
    again = Teacher(NEEDED)
    assert asked(again, requests, tmp_path / "again") == answers
    assert [one.seed for one in again.asked] == [one.seed for one in teacher.asked]


@pytest.mark.parametrize("dies_after", range(9))
def test_a_killed_job_asks_for_nothing_twice(requests: pd.DataFrame, tmp_path: Path, dies_after: int) -> None:
    killed, second = Teacher(NEEDED, dies_after), Teacher(NEEDED)
    with pytest.raises(KeyboardInterrupt):
        asked(killed, requests, tmp_path)
    answers = asked(second, requests, tmp_path)
    assert len(killed.asked) + len(second.asked) == len({one.id for one in killed.asked + second.asked}) == 9
    assert answers == asked(Teacher(NEEDED), requests, tmp_path / "whole")


def test_first_attempts_are_kept_and_both_rates_are_told(requests: pd.DataFrame, tmp_path: Path) -> None:
    answers = asked(Teacher(NEEDED), requests, tmp_path)
    answers["a"] = answer(f"Gern! {PAIR}", "a")
    frame = answer_frame(in_order(requests["request_id"], answers))
    assert frame["completion_tokens"].sum() == 9 * 5
    read = {str(row["id"]): Answer(**row) for row in frame.to_dict("records")}  # type: ignore[misc, arg-type]
    found = read_answers(requests, read, teacher="t", languages=["de", "en"], language_confidence=0)
    assert list(found["status"]) == ["ok", "ok", "ok", "invalid_json"]
    assert list(found["attempts"]) == [1, 2, 3, 3]
    assert list(found["completion_tokens"]) == [5, 10, 15, 15]
    assert found["first_text"].map(lambda text: str(text).startswith("nothing")).tolist() == [False, True, True, False]
    assert found.loc[3, "text"] == answers["d"].text
    row = yield_table(found).set_index("status").loc["ok"]
    assert (row["strict_share"], row["read_share"], row["repaired"], row["again"]) == (0.0, 0.75, 1, 2)


def test_assigned_answers_keep_their_attempts(requests: pd.DataFrame, tmp_path: Path) -> None:
    frame = answer_frame(in_order(requests["request_id"], asked(Teacher(NEEDED), requests, tmp_path)))
    assigned = pd.DataFrame({"request_id": list("abcd"), "teacher": ["t"] * 4})
    pd.testing.assert_frame_equal(gather(requests, assigned, {"t": frame}), frame)


def test_tables_of_before_have_no_rates() -> None:
    old = pd.DataFrame({"teacher": "t", "lang": "de", "method": "respond", "status": ["ok", "empty"]})
    table = yield_table(old)
    assert table[["strict_share", "read_share", "repaired", "again"]].isna().all(axis=None)
    assert list(table["count"]) == [1, 1]
