"""The nearest benchmark question: exact in blocks, of a whole conversation, and in other words and languages by an encoder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from polyglot.engines.embedding import open_embedder
from polyglot.intrinsic.diversity import ROWS
from polyglot.intrinsic.nearest import Questions, nearest_questions, nearest_rows
from polyglot.registry import load_registries
from polyglot.registry.models import local_folder

PLACES = {"sheep": (1.0, 0.0), "flock": (0.9, 0.1), "moon": (0.0, 1.0), "Mond": (0.0, 2.0), "other": (-1.0, -1.0)}


def embedded(texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """Vectors that are planted by the last word of a text."""
    return np.array([PLACES[text.split()[-1]] for text in texts], dtype=np.float32)


def questions(lang: str, **texts: Sequence[str]) -> Questions:
    asked = pd.DataFrame([(name, text) for name, of in texts.items() for text in of], columns=["benchmark", "question"])
    return Questions(lang, asked, embedded(list(asked["question"])) if len(asked) else np.empty((0, 1), dtype=np.float32))


def test_the_largest_cosine_is_found_across_blocks_and_the_first_of_equal_ones_counts() -> None:
    drawn = np.random.default_rng(0)
    texts, known = drawn.normal(size=(ROWS + 3, 8)), drawn.normal(size=(2 * ROWS + 5, 8)) * 7
    known[-1], known[ROWS + 1] = texts[ROWS + 2] * 2, texts[ROWS + 2]
    cosine, place = nearest_rows(texts, known)
    units = [rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (texts, known)]
    every = units[0] @ units[1].T
    assert cosine == pytest.approx(every.max(axis=1))
    assert (place[:-1] == every[:-1].argmax(axis=1)).all()
    assert (place[-1], cosine[-1]) == (ROWS + 1, pytest.approx(1))


def test_nothing_known_is_infinitely_far_and_an_embedding_of_zero_is_named() -> None:
    cosine, _ = nearest_rows(np.ones((2, 3)), np.empty((0, 1)))
    assert (cosine == -np.inf).all()
    with pytest.raises(ValueError, match="row 1 is zero or not finite"):
        nearest_rows(np.array([[1.0], [0.0]]), np.ones((1, 1)))


def test_the_nearest_of_all_languages_is_told_with_its_benchmark_and_of_a_conversation_each_turn_counts() -> None:
    turns = {"b": ["a flock"], "a": ["a moon", "other", "other"], "c": ["other"]}
    known = [questions("en", sums=["a sheep"], facts=["the moon"]), questions("de", facts=["der Mond"]), questions("fr")]
    found = nearest_questions(turns, embedded, known).set_index("id")
    assert list(found.index) == ["b", "a", "c"]
    assert [found.at["b", name] for name in ("benchmark", "lang", "question")] == ["sums", "en", "a sheep"]
    assert [found.at["a", name] for name in ("similarity", "benchmark", "question")] == [pytest.approx(1), "facts", "the moon"]
    assert found.loc["c", "similarity"] == pytest.approx(-(0.5**0.5))


def test_without_questions_or_without_prompts_nothing_is_near() -> None:
    (row,) = nearest_questions({"a": ["other"]}, embedded, [questions("fr")]).to_dict("records")
    assert np.isnan(row["similarity"])
    assert (row["benchmark"], row["lang"], row["question"]) == ("", "", "")
    none = nearest_questions({}, embedded, [questions("en", sums=["a sheep"])])
    assert list(none.columns) == ["id", "similarity", "benchmark", "lang", "question"]
    assert none.empty


def test_an_encoder_finds_reworded_questions_of_its_language(repository: Path) -> None:
    """The shipped one reads English."""
    model = load_registries(repository / "config").models["minilm"]
    embedder = open_embedder(local_folder(model, ""), model, batch_size=8)
    asked = [
        "A farmer has seventeen sheep and all but nine run away. How many sheep are left?",
        "Which planet of the solar system is the largest?",
        "Who wrote the novel Pride and Prejudice?",
    ]
    known = Questions("en", pd.DataFrame({"benchmark": "facts", "question": asked}), embedder.encode(asked))
    reworded = ["Name the biggest planet that orbits our sun.", "Pride and Prejudice: what is the name of its author?"]
    turns = {text: [text] for text in [*reworded, "Write a short poem about autumn leaves."]}
    found = nearest_questions(turns, lambda texts: embedder.embed(texts, title="embed"), [known])
    assert list(found["question"][:2]) == asked[1:]
    assert found["similarity"][:2].min() > 0.7 > 0.4 > found["similarity"][2]
