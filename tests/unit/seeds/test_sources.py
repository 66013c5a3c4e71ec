"""Seed sources: every adapter on rows with the data set's own field names, ugly ones among them."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from polyglot.registry import Registries, load_registries
from polyglot.registry.base import Registry
from polyglot.registry.data import Preference, Source
from polyglot.replication.published import read_published
from polyglot.seeds.seed_files import read_seed_file
from polyglot.seeds.settings import needs_response
from polyglot.seeds.sources import TAKEN, SourceError, collect, stream, value_at
from polyglot.synthesis.requests import for_method

LONG = "x" * 20000


def turns(*contents: Any, role: str = "role", text: str = "content") -> list[dict[str, Any]]:
    return [{role: ("user", "assistant")[place % 2], text: content} for place, content in enumerate(contents)]


ROWS: dict[str, tuple[str, list[dict[str, Any]], list[tuple[str, str]], dict[str, int]]] = {
    "aya": (
        "de",
        [
            {"inputs": "Was ist ein Baum?", "targets": "Eine Pflanze 🌳.", "language": "German", "language_code": "deu"},
            {"inputs": "Qu'est-ce ?", "targets": "Un arbre.", "language": "French", "language_code": "fra"},
            {"inputs": None, "targets": "leer", "language": "German", "language_code": "deu"},
            {"inputs": "  ", "targets": "leer", "language": "German", "language_code": "deu"},
            {"inputs": "Was ist ein Baum?", "targets": "Eine Pflanze 🌳.", "language": "German", "language_code": "deu"},
        ],
        [("Was ist ein Baum?", "Eine Pflanze 🌳.")],
        {"other language": 1, "no prompt": 1, "empty prompt": 1, "duplicate": 1, TAKEN: 1},
    ),
    "wildchat": (
        "ar",
        [
            {"conversation_hash": "a", "language": "Arabic", "conversation": turns("ما عاصمة مصر؟", "القاهرة.", "شكرا", "عفوا")},
            {"conversation_hash": "b", "language": "Arabic", "conversation": turns("سؤال بلا جواب")},
            {"conversation_hash": "c", "language": "Arabic", "conversation": None},
            {"conversation_hash": "d", "language": "Arabic", "conversation": turns("سؤال", None)},
            {"conversation_hash": "e", "language": "Arabic", "conversation": turns(LONG, "نعم")},
            {"conversation_hash": "f", "language": "Hebrew", "conversation": turns("שלום", "שלום")},
        ],
        [("ما عاصمة مصر؟", "القاهرة.")],
        {"no response": 2, "no prompt": 1, "prompt too long": 1, "other language": 1, TAKEN: 1},
    ),
    "wildchat-english": (
        "en",
        [{"conversation_hash": "a", "language": "English", "conversation": turns("Hello?", "Hi.")}],
        [("Hello?", "Hi.")],
        {TAKEN: 1},
    ),
    "cidar": (
        "ar",
        [{"instruction": "اكتب بيتا", "output": "بيت", "index": 1}, {"instruction": "اكتب", "output": "", "index": 2}],
        [("اكتب بيتا", "بيت")],
        {"empty response": 1, TAKEN: 1},
    ),
    "cendol": (
        "id",
        [
            {
                "dataset_name": "d",
                "subset_name": "s",
                "prompt_id": "p",
                "template_name": "t",
                "input": "Apa kabar?",
                "output": "Baik.",
            }
        ],
        [("Apa kabar?", "Baik.")],
        {TAKEN: 1},
    ),
    "oasst2": (
        "es",
        [
            {"message_id": "1", "role": "prompter", "lang": "es", "text": "¿Qué tal?"},
            {"message_id": "2", "role": "assistant", "lang": "es", "text": "Bien."},
            {"message_id": "3", "role": "prompter", "lang": "pt-BR", "text": "Tudo bem?"},
        ],
        [("¿Qué tal?", "")],
        {"role not kept": 1, "other language": 1, TAKEN: 1},
    ),
    "euroblocks": (
        "cs",
        [
            {"language": "Czech", "dataset": "a/b", "conversations": turns("Ahoj?", "Ahoj.", role="from", text="value")},
            {"language": "Czech", "dataset": "x/Magpie-y", "conversations": turns("Kdo?", "Já.", role="from", text="value")},
            {"language": "Czech", "dataset": "a/b", "conversations": [{"from": "system", "value": "Stručně."}]},
        ],
        [("Ahoj?", "Ahoj.")],
        {"dataset dropped": 1, "conversations.0.from not kept": 1, TAKEN: 1},
    ),
    "helpsteer3": (
        "ja",
        [
            {"domain": "multilingual", "language": "japanese", "context": turns("何？"), "overall_preference": -2}
            | {"response1": "よい", "response2": "わるい"},
            {"domain": "multilingual", "language": "japanese", "context": turns("誰？"), "overall_preference": 1}
            | {"response1": "わるい", "response2": "よい"},
            {"domain": "multilingual", "language": "japanese", "context": turns("どこ？"), "overall_preference": None}
            | {"response1": "a", "response2": "b"},
            {"domain": "code", "language": "japanese", "context": turns("関数"), "overall_preference": 1}
            | {"response1": "a", "response2": "b"},
        ],
        [("何？", "よい"), ("誰？", "よい")],
        {"no response": 1, "domain not kept": 1, TAKEN: 2},
    ),
    "magpie-pro": (
        "en",
        [
            {"uuid": "u", "conversations": turns("Why?", "Because.", role="from", text="value")},
            {"uuid": "v", "conversations": [{"from": "human", "value": "Who?"}, {"from": "gpt", "value": "I."}]},
            {"uuid": "w", "conversations": [{"from": "system", "value": "Be brief."}, {"from": "human", "value": "Who?"}]},
        ],
        [("Why?", "Because."), ("Who?", "I.")],
        {"conversations.0.from not kept": 1, TAKEN: 2},
    ),
    "gsm8k": ("en", [{"question": "2 + 2?", "answer": "4 #### 4"}], [("2 + 2?", "4 #### 4")], {TAKEN: 1}),
    "tulu-3": (
        "en",
        [
            {"id": "i", "source": "s", "messages": turns("Explain.", "So.")},
            {"id": "j", "source": "s", "messages": [{"role": "system", "content": "Be brief."}, *turns("Explain.", "So.")]},
            {"id": "k", "source": "s", "messages": turns("Explain.", "Another answer.")},
        ],
        [("Explain.", "Another answer.")],
        {"messages.0.role not kept": 1, "duplicate": 1, TAKEN: 1},
    ),
    "taco": (
        "tl",
        [
            {"id": "1", "instruction": "Ano ito?", "input": "", "output": "Puno."},
            {"id": "2", "instruction": "Isalin.", "input": "A tree.", "output": "Isang puno."},
            {"id": "3", "instruction": None, "input": "A tree.", "output": "Isang puno."},
        ],
        [("Ano ito?", "Puno."), ("Isalin.\nA tree.", "Isang puno.")],
        {"no prompt": 1, TAKEN: 2},
    ),
}


@pytest.fixture(scope="module")
def registries(repository: Path) -> Registries:
    return load_registries(repository / "config")


def written(folder: Path, pattern: str, rows: list[dict[str, Any]]) -> None:
    """Rows in a file that the pattern matches, in its own format."""
    path = folder / re.sub(r"\[(.).*?\]", r"\1", pattern.replace("**/", "").replace("*", "0"))
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    if path.suffix == ".parquet":
        pd.DataFrame(rows).to_parquet(path)
    elif path.suffix == ".gz":
        path.write_bytes(gzip.compress(lines.encode()))
    else:
        path.with_suffix(".json").write_text(lines, encoding="utf-8")


@pytest.mark.parametrize("name", ROWS)
def test_each_source_becomes_seed_rows(registries: Registries, tmp_path: Path, name: str) -> None:
    lang, rows, pairs, outcomes = ROWS[name]
    source = registries.sources[name]
    written(tmp_path, source.files[0], rows)
    found, counts = collect(name, source, stream(name, source, tmp_path), lang, most=None, seed=0)
    assert sorted(zip(found["prompt"], found["response"], strict=True)) == sorted(pairs)
    assert dict(zip(counts["outcome"], counts["rows"], strict=True)) == outcomes
    assert set(found["methods"]) == {" ".join(source.methods)}
    found.to_parquet(tmp_path / "rows.parquet")
    assert len(read_seed_file(tmp_path / "rows.parquet", lang, {lang})) == len(pairs)


def put(held: Any, path: str, value: Any) -> Any:
    """The same with a value at a path, and with what the path needs."""
    first, _, rest = path.partition(".")
    if first.isdigit():
        turns = list(held or []) + [None] * (int(first) + 1 - len(held or []))
        turns[int(first)] = put(turns[int(first)], rest, value) if rest else value
        return turns
    inside = (held or {}).get(first)
    return {**(held or {}), first: put(inside, rest, value) if rest else value}


def shaped(source: Source, lang: str, prompt: Any, response: Any) -> dict[str, Any]:
    """A row of a source that is good but for its texts."""
    first, *others = [source.prompt] if isinstance(source.prompt, str) else source.prompt
    values = {first: prompt, **dict.fromkeys(others, "")}
    if source.prefer is not None:
        values |= {source.prefer.by: -1, source.prefer.first: response, source.prefer.second: "worse"}
    if source.response is not None:
        values[source.response] = response
    if source.language is not None:
        values[source.language] = source.languages[lang][0]
    values |= {field: allowed[0] for field, allowed in source.keep.items()} | dict.fromkeys(source.drop, "none of them")
    row: dict[str, Any] = {}
    for path, value in values.items():
        row = put(row, path, value)
    return row


@pytest.mark.parametrize("name", ROWS)
def test_ugly_rows_of_every_source_are_taken_or_counted(registries: Registries, tmp_path: Path, name: str) -> None:
    source, lang = registries.sources[name], ROWS[name][0]
    good = [("👩‍👩‍👧 و 🌳?", "🌳"), ("ما هو «הֵבְדֵּל»؟ \u202babc\u202c", "نعم"), ("a\n\n\tb\u00a0c", "\u0001?")]
    field = source.prompt if isinstance(source.prompt, str) else source.prompt[0]
    top = field.partition(".")[0]
    rows = [shaped(source, lang, *pair) for pair in good]
    rows += [shaped(source, lang, prompt, "a") for prompt in (None, "", " \n", LONG)]
    rows += [{**rows[0], top: None}, shaped(source, lang, "a\u0000b", "a")]
    outcomes = Counter({"no prompt": 2, "empty prompt": 2, "prompt too long": 1, TAKEN: 3})
    in_turn = next((path for path in source.keep if path.startswith(f"{top}.")), None)
    outcomes[f"{in_turn} not kept" if in_turn else "no prompt"] += 1
    if source.language is not None:
        rows.append({**rows[0], source.language: "Klingon"})
        outcomes["other language"] += 1
    if source.response is not None or source.prefer is not None:
        rows.append(shaped(source, lang, "no response?", None))
        outcomes["no response" if needs_response(source) else TAKEN] += 1
    written(tmp_path, source.files[0], rows)
    found, counts = collect(name, source, stream(name, source, tmp_path), lang, most=None, seed=0)
    assert Counter(dict(zip(counts["outcome"], counts["rows"], strict=True))) == outcomes
    expected = good + ([("no response?", "")] if outcomes[TAKEN] == 4 else [])
    answered = source.response is not None or source.prefer is not None
    assert set(zip(found["prompt"], found["response"], strict=True)) == {(p, r if answered else "") for p, r in expected}


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_a_file_of_ones_own_is_a_source(tmp_path: Path, form: str) -> None:
    entry = {"folder": str(tmp_path), "files": [f"*.{form}"], "prompt": ["question", "context"], "response": "answer"}
    (tmp_path / "sources.yaml").write_text(json.dumps({"mine": {**entry, "languages": {"de": []}}}))
    source = Registry(tmp_path / "sources.yaml", Source)["mine"]
    frame = pd.DataFrame(
        {
            "question": ["Wie viele Äpfel?", "Wie viele,\n„Birnen“?", "NA?", "Leer?"],
            "context": ["", "Zwei und\nzwei.", "", ""],
            "answer": ["007", "4", "NA", ""],
        }
    )
    if form == "csv":
        frame.to_csv(tmp_path / "rows.csv", index=False)
    elif form == "parquet":
        frame.to_parquet(tmp_path / "rows.parquet")
    else:
        frame.to_json(tmp_path / "rows.jsonl", orient="records", lines=True, force_ascii=False)
    rows, counts = collect("mine", source, stream("mine", source, tmp_path), "de", most=None, seed=0)
    assert set(zip(rows["prompt"], rows["response"], strict=True)) == {
        ("Wie viele Äpfel?", "007"),
        ("Wie viele,\n„Birnen“?\nZwei und\nzwei.", "4"),
        ("NA?", "NA"),
    }
    assert dict(zip(counts["outcome"], counts["rows"], strict=True)) == {"empty response": 1, TAKEN: 3}


def test_a_preference_in_a_csv_file_is_a_number(tmp_path: Path) -> None:
    by = Preference(by="score", first="a", second="b")
    source = Source(folder="x", files=["*.csv"], prompt="p", prefer=by, languages={"de": []})
    (tmp_path / "rows.csv").write_text("p,score,a,b\none,-2,good,bad\ntwo,1.5,bad,good\nthree,,bad,bad\nfour,nan,bad,bad\n")
    rows, counts = collect("mine", source, stream("mine", source, tmp_path), "de", most=None, seed=0)
    assert dict(zip(rows["prompt"], rows["response"], strict=True)) == {"one": "good", "two": "good"}
    assert dict(zip(counts["outcome"], counts["rows"], strict=True)) == {"no response": 2, TAKEN: 2}


@pytest.mark.parametrize("methods", [["translate"], ["generate", "respond"]])
@pytest.mark.parametrize("most", [None, 2])
def test_a_prompt_with_several_responses_is_asked_once(methods: list[Any], most: int | None) -> None:
    source = Source(folder="x", prompt="p", response="r", languages={"de": []}, methods=methods)
    rows = [{"p": prompt, "r": f"{prompt}{number}"} for number in range(4) for prompt in "abc"]
    found, counts = collect("mine", source, rows, "de", most=most, seed=0)
    other, _ = collect("mine", source, rows[::-1], "de", most=most, seed=0)
    pd.testing.assert_frame_equal(found, other)
    assert counts["rows"].sum() == len(rows)
    if "generate" in methods:
        assert len(found) == (most or 12)
    else:
        assert found["prompt"].is_unique
        assert set(found["response"]) <= {"a0", "b0", "c0"}
        assert len(found) == (most or 3)


def test_every_source_is_tested_and_is_in_table_6(registries: Registries, repository: Path) -> None:
    assert set(ROWS) == set(registries.sources)
    printed = set(read_published(repository / "config/published")["table06_seed_sizes"]["source"])
    assert {source.published for source in registries.sources.values()} - {None} == printed


def test_files_that_are_not_there_or_broken_are_named(tmp_path: Path) -> None:
    source = Source(folder="x", files=["*.jsonl"], prompt="p", response="r", languages={"de": []})
    with pytest.raises(SourceError, match=r"'mine': no file in .* matches \*\.jsonl"):
        list(stream("mine", source, tmp_path))
    (tmp_path / "bad.jsonl").write_text('{"p": "a"\n')
    with pytest.raises(SourceError, match=r"'mine': .*bad\.jsonl: row 1: not JSON"):
        list(stream("mine", source, tmp_path))


@pytest.mark.parametrize(
    ("path", "value"),
    [("a.1.b", 2), ("a.5.b", None), ("a.b", None), ("c", "x"), ("c.d", None), ("a.-1.b", 2), ("missing", None)],
)
def test_values_at_paths(path: str, value: Any) -> None:
    assert value_at({"a": [{"b": 1}, {"b": 2}], "c": "x"}, path) == value


def test_rows_are_for_their_methods_only() -> None:
    seeds = pd.DataFrame({"prompt": list("abc"), "methods": ["", "respond", "generate respond"]})
    assert list(for_method(seeds, "generate")) == [True, False, True]
    assert list(for_method(seeds, "respond")) == [True, True, True]
    assert list(for_method(seeds.drop(columns="methods"), "translate")) == [True, True, True]
