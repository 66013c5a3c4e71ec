"""The benchmark question that is nearest in meaning to each prompt: the largest cosine of embeddings, in any language."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from polyglot.intrinsic.diversity import ROWS, unit_rows


class Questions(NamedTuple):
    """Questions of benchmarks in a language: `asked` has a row each with benchmark and question, `embeddings` shape (m, d)."""

    lang: str
    asked: pd.DataFrame
    embeddings: npt.NDArray[Any]


def nearest_rows(texts: npt.NDArray[Any], known: npt.NDArray[Any]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """The largest cosine of each text with what is known, and the row that has it; block by block, without an n x m matrix.

    Args:
        texts: shape (n, d), any scale; no row may be zero.
        known: shape (m, d).

    Returns:
        Two arrays of shape (n,). Of equal cosines the first row counts; where nothing is known they are -inf and 0.

    Raises:
        ValueError: if a row is zero or not finite (names the row).
    """
    cosine, place = np.full(len(texts), -np.inf), np.zeros(len(texts), dtype=np.int64)
    for start in range(0, len(texts), ROWS):
        units, part = unit_rows(texts, start), slice(start, start + ROWS)
        for other in range(0, len(known), ROWS):
            cosines = units @ unit_rows(known, other).T
            best = cosines.argmax(axis=1)
            found = np.take_along_axis(cosines, best[:, None], axis=1)[:, 0]
            nearer = found > cosine[part]
            cosine[part][nearer], place[part][nearer] = found[nearer], other + best[nearer]
    return cosine, place


def nearest_questions(
    turns: Mapping[str, Sequence[str]], embed: Callable[[list[str]], npt.NDArray[Any]], questions: Iterable[Questions]
) -> pd.DataFrame:
    """The question that is nearest to each prompt, or to any turn before it.

    Args:
        turns: n prompts by id, each with the turns of its conversation (see `polyglot.core.conversations.turns_before`).
        embed: from texts to their embeddings.
        questions: language by language; only those of one are in memory at a time.

    Returns:
        n rows in the order of `turns`: id, similarity (cosine), benchmark, lang and question; NaN and empty without questions.
    """
    texts = [text for asked in turns.values() for text in asked]
    of = np.repeat(np.arange(len(turns)), [len(asked) for asked in turns.values()])
    best = pd.DataFrame({"similarity": np.full(len(texts), -np.inf), "benchmark": "", "lang": "", "question": ""})
    embeddings = embed(texts) if texts else np.empty((0, 1))
    for lang, asked, known in questions:
        cosine, place = nearest_rows(embeddings, known)
        nearer = np.flatnonzero(cosine > best["similarity"].to_numpy())
        found = asked.iloc[place[nearer]]
        best.loc[nearer, "similarity"] = cosine[nearer]
        best.loc[nearer, "lang"] = lang
        for column in ("benchmark", "question"):
            best.loc[nearer, column] = found[column].to_numpy()
    first = best.sort_values("similarity", ascending=False, kind="stable").index
    first = first[~pd.Series(of[first]).duplicated().to_numpy()]
    nearest = best.loc[first].iloc[np.argsort(of[first])].reset_index(drop=True)
    nearest["similarity"] = nearest["similarity"].replace(-np.inf, np.nan)
    nearest.insert(0, "id", list(turns))
    return nearest
