"""Seed sources: every adapter on rows with the data set's own field names, ugly ones among them."""

from __future__ import annotations

import gzip
import json
import math
import re
from collections import Counter
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyglot.displays import catalogue as displays
from polyglot.displays.context import Context
from polyglot.displays.tables import study as study_tables
from polyglot.registry import Registries, load_registries
from polyglot.registry.base import Registry
from polyglot.registry.data import Preference, Source
from polyglot.replication.published import SEED_SIZES, read_published, read_published_table
from polyglot.seeds.seed_files import read_seed_file
from polyglot.seeds.settings import needs_response
from polyglot.seeds.sources import TAKEN, SourceError, beside_published, collect, overview, stream, summary, value_at
from polyglot.synthesis.requests import for_method
from polyglot.workflow.loading import load_study

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
    good = [("👩‍👩‍👧 و 🌳?", "🌳"), ("ما هو «הֵבְדֵּל»؟ \u202babc\u202c", "نعم"), ("a\n\n\tb\u00a0c", "\u0000?")]
    field = source.prompt if isinstance(source.prompt, str) else source.prompt[0]
    top = field.partition(".")[0]
    rows = [shaped(source, lang, *pair) for pair in good]
    rows += [shaped(source, lang, prompt, "a") for prompt in (None, "", " \n", LONG)]
    rows += [{**rows[0], top: None}]
    outcomes = Counter({"no prompt": 1, "empty prompt": 2, "prompt too long": 1, TAKEN: 3})
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


@pytest.fixture(scope="module")
def counts(registries: Registries, repository: Path) -> pd.DataFrame:
    """Outcomes of every source above, beside table 6."""
    printed = read_published_table(repository / f"config/published/{SEED_SIZES}.csv")
    found = []
    for name, (lang, rows, _, _) in ROWS.items():
        source = registries.sources[name]
        most = 1 if name == "helpsteer3" else None
        found.append(beside_published(collect(name, source, rows, lang, most=most, seed=0)[1], printed, source.published))
    return pd.concat(found, ignore_index=True)


def test_every_row_of_a_source_is_counted_beside_table_6(counts: pd.DataFrame) -> None:
    table = {row["source"]: row for row in overview(counts).to_dict("records")}
    columns = ("source", "lang", "read", "kept", "sampled", "published", "ratio")
    for name, (lang, rows, pairs, outcomes) in ROWS.items():
        row = table[name]
        dropped = {reason: number for reason, number in row.items() if reason not in columns and number}
        assert dropped == {reason: number for reason, number in outcomes.items() if reason != TAKEN}
        assert row["read"] == len(rows) == sum(dropped.values()) + row["kept"]
        assert (row["lang"], row["kept"], row["sampled"]) == (lang, len(pairs), 1 if name == "helpsteer3" else len(pairs))
    assert {name: row["published"] for name, row in table.items() if name != "taco"} == {
        "aya": 241,
        "wildchat": 4660,
        "wildchat-english": 10000,
        "cidar": 6000,
        "cendol": 3000,
        "oasst2": 8785,
        "euroblocks": 3813,
        "helpsteer3": 534,
        "magpie-pro": 10000,
        "gsm8k": 7473,
        "tulu-3": 10000,
    }
    assert table["helpsteer3"]["ratio"] == pytest.approx(1 / 534)
    assert math.isnan(table["taco"]["ratio"])


def test_the_counts_are_told_in_words_and_as_a_table(counts: pd.DataFrame, registries: Registries, repository: Path) -> None:
    lines = summary(counts).splitlines()
    assert lines[-1] == "wildchat-english in en: 1 rows read; left out: none; 1 kept, 1 sampled; table 6: 10,000 (ratio 0.00)"
    assert "2 no response" in next(line for line in lines if line.startswith("wildchat in ar"))
    assert "table 6: no such row" in next(line for line in lines if line.startswith("taco"))
    study, _ = load_study(repository / "config/tagalog.yaml", repository, {"seed_dataset": {"sources": {"tl": ["taco"]}}})
    values = displays.tables(study)["seed_sources"].values(study, registries, study.scoring, name=study.study)
    saved = pd.read_csv(StringIO(overview(counts).to_csv(index=False)))
    table = study_tables.seed_sources(Context.of(values), saved)
    shown = {row["source"]: row for row in table.shown.to_dict("records")}
    assert len(table.data) == len(shown) == len(ROWS)
    assert shown["wildchat"]["left out"] == "no prompt 1; no response 2; other language 1; prompt too long 1"
    assert [shown["taco"][key] for key in ("language", "table 6", "sampled / table 6")] == [
        registries.languages["tl"].name,
        "–",
        "–",
    ]
    assert [shown["cidar"][key] for key in ("rows read", "kept", "sampled", "table 6")] == ["2", "1", "1", "6,000"]


def test_only_a_study_with_sources_has_their_table(repository: Path) -> None:
    for name in ("demo", "tagalog"):
        study, _ = load_study(repository / f"config/{name}.yaml", repository)
        assert ("seed_sources" in displays.tables(study)) is bool(study.seed_sources), name
    assert not load_study(repository / "config/demo.yaml", repository)[0].seed_sources
    overridden = {"seed_dataset": {"sources": {"de": ["aya"], "en": ["gsm8k", "tulu-3"], "cs": ["aya"]}}}
    study, _ = load_study(repository / "config/demo.yaml", repository, overridden)
    assert study.seed_sources == [("aya", "de"), ("gsm8k", "en"), ("tulu-3", "en")]
    assert displays.tables(study)["seed_sources"].inputs == {"sources": "analysis/seed_sources.csv"}


@given(
    texts=st.lists(st.text(min_size=1, max_size=5), max_size=40),
    most=st.integers(1, 10),
    seed=st.integers(0, 3),
)
def test_a_sample_does_not_depend_on_the_order_and_repeats_nothing(texts: list[str], most: int, seed: int) -> None:
    source = Source(folder="x", prompt="p", response="r", languages={"de": []})
    rows = [{"p": text, "r": "a"} for text in texts]
    one, counts = collect("mine", source, rows, "de", most=most, seed=seed)
    other, _ = collect("mine", source, rows[::-1], "de", most=most, seed=seed)
    every, _ = collect("mine", source, rows, "de", most=None, seed=seed)
    assert list(one["id"]) == list(other["id"])
    assert one["id"].is_unique
    assert len(one) == min(most, len(every))
    assert set(one["id"]) <= set(every["id"])
    assert counts["rows"].sum() == len(rows)


def test_samples_are_uniform() -> None:
    source = Source(folder="x", prompt="p", response="r", languages={"de": []})
    rows = [{"p": f"text {number}", "r": "a"} for number in range(40)]
    drawn = pd.concat([collect("mine", source, rows, "de", most=10, seed=seed)[0] for seed in range(400)])
    counts = drawn["prompt"].value_counts()
    assert len(counts) == 40
    assert counts.between(60, 140).all()


def test_files_that_are_not_there_or_broken_are_named(tmp_path: Path) -> None:
    source = Source(folder="x", files=["*.jsonl"], prompt="p", response="r", languages={"de": []})
    with pytest.raises(SourceError, match=r"'mine': no file in .* matches \*\.jsonl"):
        list(stream("mine", source, tmp_path))
    (tmp_path / "bad.jsonl").write_text('{"p": "a"\n')
    with pytest.raises(SourceError, match=r"'mine': .*bad\.jsonl cannot be read"):
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
