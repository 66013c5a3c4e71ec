"""A user's seed file: what is wrong is named with file, row and remedy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from polyglot.core.rows import FileError
from polyglot.seeds.seed_files import read_seed_file, sample_seeds
from polyglot.synthesis.requests import short_enough

GOOD = [{"prompt": "Was?", "response": "Das."}, {"prompt": "Wer?", "response": "Der."}]
KNOWN = {"de", "en"}


def jsonl(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def test_jsonl_csv_and_parquet_give_the_same(tmp_path: Path) -> None:
    frame = pd.DataFrame(GOOD)
    frame.to_csv(tmp_path / "s.csv", index=False)
    frame.to_parquet(tmp_path / "s.parquet")
    found = [
        read_seed_file(path, "de", KNOWN).drop(columns="source")
        for path in (jsonl(tmp_path / "s.jsonl", GOOD), tmp_path / "s.csv", tmp_path / "s.parquet")
    ]
    pd.testing.assert_frame_equal(found[0], found[1])
    pd.testing.assert_frame_equal(found[0], found[2])
    assert list(found[0].columns) == ["id", "lang", "prompt", "response", "methods"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"frage": "Was?", "antwort": "Das."}], r"missing column\(s\): .*; found: frage, antwort\. Rename your columns"),
        ([*GOOD, {"prompt": "Wo?"}], "row 3: empty response in column 'response'; fill it in or delete the row"),
        ([*GOOD, {"prompt": " ", "response": "x"}], r"row 3: empty prompt .* fill it in or delete the row"),
        ([*GOOD, {"prompt": None, "response": "x"}], "row 3: empty prompt"),
        ([{"id": 1, **GOOD[0]}, {"id": 1, **GOOD[1]}], r"row 2: duplicate id .*value: '1'.* give each row its own id"),
        ([{"lang": "de", **GOOD[0]}, {"lang": "xx", **GOOD[1]}], r"row 2: unknown language .*'xx'.* config/languages.yaml"),
        ([{"lang": "en", **GOOD[0]}], "no rows in language 'de'"),
        (["just text"], "row 1: a str, not an object"),
        ([*GOOD, {"prompt": 5, "response": "x"}], r"row 3: prompt is not text .*value: 5"),
    ],
)
def test_bad_rows_are_named(tmp_path: Path, rows: list[Any], message: str) -> None:
    with pytest.raises(FileError, match=message) as error:
        read_seed_file(jsonl(tmp_path / "seeds.jsonl", rows), "de", KNOWN)
    assert "seeds.jsonl" in str(error.value)


def test_broken_utf8_names_the_row_and_a_remedy(tmp_path: Path) -> None:
    for name, head in (("s.jsonl", b'{"prompt": "a", "response": "b"}\n'), ("s.csv", b"prompt,response\n")):
        path = tmp_path / name
        path.write_bytes(head + '{"prompt": "Größe", "response": "b"}\n'.encode("latin1"))
        with pytest.raises(FileError, match=rf"{name}: row {2 if name == 's.jsonl' else 1}: .*not UTF-8.*iconv"):
            read_seed_file(path, "de", KNOWN)


def test_blank_lines_count_and_half_characters_are_named(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text('{"prompt": "a", "response": "b"}\n\n\n{"prompt": " ", "response": "b"}\n')
    with pytest.raises(FileError, match="row 4: empty prompt"):
        read_seed_file(path, "de", KNOWN)
    path.write_text('{"prompt": "\\ud800", "response": "b"}\n')
    with pytest.raises(FileError, match="row 1: prompt with an unpaired surrogate"):
        read_seed_file(path, "de", KNOWN)


def test_broken_json_and_missing_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "s.jsonl").write_text('{"prompt": "a", "response": "b"}\n{"prompt": \n')
    with pytest.raises(FileError, match="row 2: not JSON"):
        read_seed_file(tmp_path / "s.jsonl", "de", KNOWN)
    with pytest.raises(FileError, match=r"file not found; correct the path in the configuration"):
        read_seed_file(tmp_path / "absent.jsonl", "de", KNOWN)
    (tmp_path / "s.docx").write_text("x")
    with pytest.raises(FileError, match=r"\.jsonl, .*\.txt or \.parquet"):
        read_seed_file(tmp_path / "s.docx", "de", KNOWN)
    (tmp_path / "s.parquet").write_text("x")
    with pytest.raises(FileError, match="not a readable Parquet file"):
        read_seed_file(tmp_path / "s.parquet", "de", KNOWN)


def test_prompts_alone_are_a_seed_file(tmp_path: Path) -> None:
    (tmp_path / "s.txt").write_text("Was?\nWer?\nWas?\n")
    alone = jsonl(tmp_path / "s.jsonl", [{"prompt": "Was?"}, {"prompt": "Wer?"}])
    for path in (tmp_path / "s.txt", alone):
        found = read_seed_file(path, "de", KNOWN)
        assert found[["prompt", "response"]].to_numpy().tolist() == [["Was?", ""], ["Wer?", ""]]


def test_equal_rows_without_ids_count_once(tmp_path: Path) -> None:
    assert len(read_seed_file(jsonl(tmp_path / "s.jsonl", [*GOOD, GOOD[0]]), "de", KNOWN)) == 2


def test_samples_are_seeded_and_uniform_in_size() -> None:
    frame = pd.DataFrame({"id": [f"{n:03d}" for n in range(100)], "prompt": "p"})
    pd.testing.assert_frame_equal(sample_seeds(frame, 10, 0), sample_seeds(frame.sample(frac=1, random_state=3), 10, 0))
    assert list(sample_seeds(frame, 10, 0)["id"]) != list(sample_seeds(frame, 10, 1)["id"])
    assert len(sample_seeds(frame, None, 0)) == 100


def test_a_request_never_holds_more_of_the_seed_dataset_than_it_may() -> None:
    seeds = pd.DataFrame({"prompt": ["x" * n for n in (5, 10, 11)], "response": ["y" * n for n in (5, 1, 0)]})
    assert short_enough(seeds, "respond", longest=10, shots=3).tolist() == [True, True, False]
    assert short_enough(seeds, "translate", longest=10, shots=3).tolist() == [True, True, False]
    assert short_enough(seeds, "generate", longest=30, shots=3).tolist() == [True, False, False]
    assert short_enough(seeds, "generate", longest=None, shots=3).all()


@pytest.mark.parametrize("kind", ["object", "string", "category"])
def test_a_parquet_file_may_lack_methods_sources_and_responses_whatever_its_types(tmp_path: Path, kind: Any) -> None:
    """A response may be missing where the row's method needs none."""
    rows = {"lang": ["de", "de", "fr"], "prompt": ["a", "b", "c"], "response": ["x", None, "z"], "source": ["s", None, "s"]}
    frame = pd.DataFrame(rows | {"methods": [None, "translate", None]}).astype(kind)
    frame.set_index(["lang", pd.Index(["1", "2", "3"], name="id")]).to_parquet(tmp_path / "s.parquet")
    found = read_seed_file(tmp_path / "s.parquet", "de", KNOWN | {"fr"})
    assert found[["id", "response", "source", "methods"]].to_numpy().tolist() == [
        ["1", "x", "s", ""],
        ["2", "", "s.parquet", "translate"],
    ]
