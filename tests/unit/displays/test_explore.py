"""The page to look at the data: what is written, what is left out, samples, search and neighbours."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from polyglot.core.key_finder import KeyFinder
from polyglot.displays.explore.answers import embedded_in, with_neighbours
from polyglot.displays.explore.page import explore
from polyglot.displays.explore.search import Index, part_of, plain, words
from polyglot.selection.embeddings import write_embeddings
from tests.explored import BEFORE, CONVERSATION, KEY, LEFT_OUT, looked

TEMPLATES = Path(__file__).resolve().parents[3] / "report/explore"


def part(folder: Path, name: str) -> Any:
    """The value of a part of the page's data."""
    text = (folder / f"data/{name}.js").read_text(encoding="utf-8")
    found = re.fullmatch(r"explore\.take\((\".*?\"),(.*)\);\n", text, re.DOTALL)
    assert found is not None
    assert json.loads(found[1]) == name
    return json.loads(found[2])


@pytest.fixture
def made(tmp_path: Path) -> Path:
    explore(looked(tmp_path / "files"), TEMPLATES, tmp_path / "page", KeyFinder.here())
    return tmp_path / "page"


def test_every_answer_stands_beside_the_others_to_its_request(made: Path) -> None:
    manifest = part(made, "manifest")
    rows = [row for chunk in range(manifest["chunks"]) for row in part(made, f"chunk-{chunk}")]
    assert len(rows) == sum(group["requests"] for group in manifest["groups"]) == 80
    assert all([answer["teacher"] for answer in row["answers"]] == [0, 1] for row in rows)
    assert sum(group["answers"] for group in manifest["groups"]) == 160


def test_what_is_left_out_says_why_and_has_no_metric(made: Path) -> None:
    manifest = part(made, "manifest")
    (answer,) = [
        answer
        for chunk in range(manifest["chunks"])
        for row in part(made, f"chunk-{chunk}")
        for answer in row["answers"]
        if answer.get("problem") == LEFT_OUT
    ]
    assert manifest["statuses"][answer["status"]] == "benchmark_item"
    assert answer["said"] == [[manifest["filters"].index("contamination"), "drop", 1, LEFT_OUT]]
    assert answer["metrics"] == [None]
    assert not answer["used"]


def test_facets_stand_in_the_order_of_the_answers(made: Path) -> None:
    manifest = part(made, "manifest")
    for number, group in enumerate(manifest["groups"]):
        facets = part(made, f"facets-{number}")
        count = -(-group["requests"] // group["size"])
        rows = [row for chunk in range(group["first"], group["first"] + count) for row in part(made, f"chunk-{chunk}")]
        answers = [(place, answer) for place, row in enumerate(rows) for answer in row["answers"]]
        assert facets["request"] == [place for place, _ in answers]
        for name in ("teacher", "status", "used"):
            assert facets[name] == [answer[name] for _, answer in answers]
        assert facets["metrics"][0] == [answer["metrics"][0] for _, answer in answers]


def test_of_a_large_study_whole_requests_are_shown_the_same_ones_each_time(tmp_path: Path) -> None:
    found = []
    for name in ("one", "two"):
        explore(looked(tmp_path / "files", most=40), TEMPLATES, tmp_path / name, KeyFinder.here())
        manifest = part(tmp_path / name, "manifest")
        rows = [row for chunk in range(manifest["chunks"]) for row in part(tmp_path / name, f"chunk-{chunk}")]
        assert all(len(row["answers"]) == 2 for row in rows)
        assert sum(group["answers"] for group in manifest["groups"]) <= 40
        assert sum(group["asked"] for group in manifest["groups"]) == 80
        found.append([row["id"] for row in rows])
    assert found[0] == found[1]


def test_the_nearest_neighbour_is_the_repeated_answer(made: Path) -> None:
    answers = [answer for row in part(made, "chunk-0") for answer in row["answers"] if answer["teacher"] == 0]
    copies = [answer for answer in answers if "always the same" in answer.get("response", "")]
    assert len(copies) > 1
    assert all(answer["similarity"] > 0.5 and "always the same" in answer["neighbour"] for answer in copies)


def test_the_page_says_how_neighbours_are_found(made: Path, tmp_path: Path) -> None:
    explore(looked(tmp_path / "files", embedded=True), TEMPLATES, tmp_path / "embedded", KeyFinder.here())
    for folder, way in ((made, "sequences of four characters"), (tmp_path / "embedded", "the study's embedding")):
        assert f"by\n{way}" in (folder / "index.html").read_text(encoding="utf-8")


def test_a_request_that_goes_on_with_a_conversation_shows_it(made: Path) -> None:
    """On both pages, and to the search."""
    turns = [[turn["role"], turn["content"]] for turn in BEFORE]
    manifest = part(made, "manifest")
    rows = [row for chunk in range(manifest["chunks"]) for row in part(made, f"chunk-{chunk}")]
    assert {row["id"]: row["before"] for row in rows if "before" in row} == {f"ar-{CONVERSATION:02d}": turns}
    pairs = [pair for found in part(made, "blind")["pairs"].values() for pair in found]
    assert [pair["before"] for pair in pairs if pair["before"]] == [turns]
    assert all("User:" not in pair["prompt"] for pair in pairs)
    assert any(word.startswith("mitzi") for word in part(made, f"search-{part_of('mitzi')}"))


def test_with_embeddings_the_nearest_neighbour_is_that_of_the_same_meaning(tmp_path: Path) -> None:
    ids, response = list("abcd"), ["cats sit on a mat", "cats sit on a hat", "Katzen auf Matte", "not embedded"]
    answers = pd.DataFrame({"request_id": ids, "teacher": "t", "status": "ok", "prompt": "", "response": response})
    by_characters = with_neighbours(answers)
    assert by_characters["neighbour"][0] == response[1]
    write_embeddings(["c", "b", "a"], np.array([[1, 0.1], [0, 1], [2, 0]], dtype=np.float32), tmp_path / "e.parquet")
    by_meaning = with_neighbours(answers, {"t": embedded_in(str(tmp_path / "e.parquet"))})
    assert list(by_meaning["neighbour"]) == [response[2], response[2], response[0], ""]
    assert by_meaning["similarity"][0] == pytest.approx(1 / np.sqrt(1.01))
    assert np.isnan(by_meaning["similarity"][3])


def test_the_index_leads_to_every_chunk_with_a_text_and_to_no_other(made: Path) -> None:
    manifest = part(made, "manifest")
    chunks = {number: json.dumps(part(made, f"chunk-{number}"), ensure_ascii=False) for number in range(manifest["chunks"])}
    for text in ("question 7 of", "ثلاثة", "三只猫", "mail", "(Katzen)"):
        having = {number for number, said in chunks.items() if plain(text).strip("()") in plain(said)}
        left = set(chunks)
        for word in words(text):
            told = {
                known: found
                for known, found in part(made, f"search-{part_of(word)}").items()
                if known.startswith(word.strip(")"))
            }
            left &= set(chunks) if 0 in told.values() else {chunk for found in told.values() for chunk in found}
        assert having <= left
        assert having


def test_a_word_begins_after_any_sign() -> None:
    assert words("(e-mail) user_name") == {"e-mail)", "mail)", "user_name", "name"}
    assert words("d'accord 3.14 x") == {"d'accord", "accord", "3.14", "14"}
    assert words("हिन्दी-भाषा") == {"हिन्दी-भाषा", "भाषा"}
    assert words("abc-defghijklmnopq") == {"abc-defghijk", "defghijklmno"}


def test_a_word_of_most_chunks_needs_no_list() -> None:
    index = Index()
    for chunk in range(4):
        index.add(chunk, [f"everywhere {'once' if chunk == 2 else ''}"])
    parts = index.parts(4)
    assert parts[part_of("everywhere")]["everywhere"] == 0
    assert parts[part_of("once")]["once"] == [2]


def test_pairs_are_of_the_same_prompt_and_the_key_says_whose_they_are(made: Path) -> None:
    blind, key = part(made, "blind"), pd.read_csv(made / "key.csv").set_index("pair")
    text = (made / "data/blind.js").read_text(encoding="utf-8")
    assert "first_teacher" not in text
    assert "second_teacher" not in text
    for lang, pairs in blind["pairs"].items():
        assert len(pairs) == 10
        for pair in pairs:
            assert pair["a"] != pair["b"]
            row = key.loc[pair["id"]]
            assert row["lang"] == lang
            assert {row["teacher_a"], row["teacher_b"]} == {"first_teacher", "second_teacher"}
    assert 0.2 < (key["teacher_a"] == "first_teacher").mean() < 0.8


def test_texts_are_data_in_every_file(made: Path) -> None:
    for path in [*made.rglob("*.js"), *made.glob("*.html")]:
        text = path.read_text(encoding="utf-8")
        assert "<script>alert" not in text
        assert "\u2028" not in text
        assert "\u202e" not in text
        assert "https://evil.example" not in re.sub(r"explore\.take\(.*\);\n", "", text, flags=re.DOTALL)


def test_a_key_in_an_answer_is_nowhere_on_the_page(made: Path) -> None:
    for path in [*made.rglob("*.js"), *made.glob("*.*")]:
        assert KEY[8:20] not in path.read_text(encoding="utf-8").lower()
    assert "[secret]" in "".join(path.read_text(encoding="utf-8") for path in made.rglob("chunk-*.js"))
