"""Every answer of a study with what is known of it: metrics, filters' decisions, nearest neighbour, why it was left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet

from polyglot.core.conversations import HISTORY
from polyglot.core.hashing import stable_seed
from polyglot.core.key_finder import KeyFinder
from polyglot.displays.explore.sets import TeacherSet
from polyglot.selection.embeddings import read_embeddings

ANSWER_COLUMNS = ["request_id", "status", "problem", "prompt", "response", "text", "thoughts", "decisions"]
REQUEST_COLUMNS = ["request_id", "messages", "prompt"]


@dataclass(frozen=True)
class Group:
    """The requests of a language and method, with the answers of all teachers.

    Args:
        requests: `request_id`, `messages`, `prompt`; a row each.
        answers: `ANSWER_COLUMNS`, `teacher`, `used` (whether the training set has it), a column for each metric, `neighbour` and
            `similarity`; a row each, in the order of the requests.
        asked: requests before sampling.
    """

    lang: str
    method: str
    requests: pd.DataFrame
    answers: pd.DataFrame
    asked: int


def groups(
    sets: Sequence[TeacherSet], requests: Mapping[str, Sequence[str]], most: int, seed: int, keys: KeyFinder
) -> Iterator[Group]:
    """The groups of a study, one language after the other, so that one language at a time is in memory.

    Args:
        requests: files of requests by `LANG/METHOD`.
        most: answers in all; of more, whole requests are drawn at random.
        seed: of the draw.
        keys: finds what must not be shown.
    """
    total = sum(pyarrow.parquet.read_metadata(path).num_rows for one in sets for path in one.answers)
    share = min(1.0, most / total) if total else 1.0
    for lang in dict.fromkeys(one.lang for one in sets):
        read = pd.concat([_answers(one) for one in sets if one.lang == lang], ignore_index=True)
        embedded = {one.teacher: embedded_in(one.embeddings) for one in sets if one.lang == lang and one.embeddings}
        for method, answers in read.groupby("method", sort=False):
            asked = pd.concat([pd.read_parquet(path, columns=REQUEST_COLUMNS) for path in requests[f"{lang}/{method}"]])
            asked = asked[asked["request_id"].isin(answers["request_id"])].drop_duplicates("request_id")
            drawn = asked
            if share < 1:
                rng = np.random.default_rng(stable_seed("explore", seed, lang, method))
                count = max(1, int(share * len(asked)))
                drawn = asked.iloc[np.sort(rng.choice(len(asked), count, replace=False))]
            shown = _in_order(answers, list(drawn["request_id"]), [one.teacher for one in sets])
            shown, drawn = without_keys(shown, keys), without_keys(drawn, keys)
            yield Group(lang, str(method), drawn.reset_index(drop=True), with_neighbours(shown, embedded), len(asked))


def without_keys(frame: pd.DataFrame, keys: KeyFinder) -> pd.DataFrame:
    """Requests or answers without the keys that their texts hold."""

    def clean(value: Any) -> Any:
        if isinstance(value, str):
            return keys.clean(value)
        if isinstance(value, dict):
            return {name: clean(part) for name, part in value.items()}
        return [clean(part) for part in value] if isinstance(value, list | np.ndarray) else value

    texts = [name for name in frame if not pd.api.types.is_numeric_dtype(frame[name])]
    return frame.assign(**{str(name): frame[name].map(clean) for name in texts})


def _answers(one: TeacherSet) -> pd.DataFrame:
    """All answers of a teacher in a language, with `method`, `used` and the metrics."""
    parts = [_read(path).assign(method=method) for path, method in one.answers.items()]
    found = pd.concat(parts, ignore_index=True).assign(teacher=one.teacher)
    used = pd.read_parquet(one.training, columns=["id"])["id"]
    found["used"] = found["request_id"].isin(used) & (found["status"] == "ok")
    files = {path: pd.read_parquet(path).set_index("id") for path in {metric.path for metric in one.measured}}
    for metric in one.measured:
        values = files[metric.path][metric.column]
        known = found["request_id"].where(found["used"]).map(values[~values.index.duplicated()])
        found[metric.name] = pd.to_numeric(known, errors="coerce").astype(float)
    return found


def embedded_in(path: str) -> pd.DataFrame:
    """Embeddings, a row each, by the example's id."""
    return pd.DataFrame(read_embeddings([Path(path)]), index=pd.read_parquet(path, columns=["id"])["id"])


def _read(path: str) -> pd.DataFrame:
    there = set(pyarrow.parquet.read_schema(path).names)
    return pd.read_parquet(path, columns=[*ANSWER_COLUMNS, *({HISTORY} & there)])


def _in_order(answers: pd.DataFrame, requests: list[str], teachers: Sequence[str]) -> pd.DataFrame:
    """The answers to some requests, in their order and that of the teachers."""
    request = {name: place for place, name in enumerate(requests)}
    teacher = {name: place for place, name in enumerate(dict.fromkeys(teachers))}
    kept = answers[answers["request_id"].isin(request)]
    order = np.lexsort((kept["teacher"].map(teacher), kept["request_id"].map(request)))
    return kept.iloc[order].reset_index(drop=True)


def with_neighbours(answers: pd.DataFrame, embedded: Mapping[str, pd.DataFrame] | None = None) -> pd.DataFrame:
    """Answers with the most similar one of the same teacher among them: `neighbour`, its text, and `similarity`, at most 1.

    Similarity is the cosine of weighted sequences of four characters of prompt and response, which every script has and no model
    is needed for. It is computed in blocks.

    Args:
        embedded: teacher to embeddings by request (see `embedded_in`), whose cosine is taken instead; answers without one have no
            neighbour.
    """
    texts = (answers["prompt"].fillna("") + "\n" + answers["response"].fillna("")).str.strip()
    neighbour = pd.Series("", index=answers.index, dtype=object)
    similarity = pd.Series(np.nan, index=answers.index)
    usable = answers.index[(answers["status"] == "ok") & (texts != "")]
    for teacher, rows in answers.loc[usable].groupby("teacher", sort=False):
        vectors = (embedded or {}).get(str(teacher))
        chosen = rows if vectors is None else rows[rows["request_id"].isin(vectors.index)]
        if len(chosen) > 1:
            by = _of_characters(texts[chosen.index]) if vectors is None else vectors.loc[chosen["request_id"]].to_numpy()
            places, near = _nearest(by)
            neighbour[chosen.index] = texts[chosen.index].to_numpy()[places]
            similarity[chosen.index] = near
    return answers.assign(neighbour=neighbour, similarity=similarity)


def _of_characters(texts: pd.Series[str]) -> Any:
    """Weighted sequences of four characters, a row a text; of none where every text is shorter."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    try:
        return TfidfVectorizer(analyzer="char", ngram_range=(4, 4), dtype=np.float32).fit_transform(texts)
    except ValueError:
        return np.empty((len(texts), 0))


def _nearest(vectors: Any) -> tuple[Any, Any]:
    """The place of each row's nearest other one, and the cosine of their angle; NaN for rows of nothing."""
    from sklearn.neighbors import NearestNeighbors

    if not vectors.shape[1]:
        return np.zeros(len(vectors), dtype=int), np.full(len(vectors), np.nan)
    distances, places = NearestNeighbors(n_neighbors=1, metric="cosine", algorithm="brute").fit(vectors).kneighbors()
    return places[:, 0], 1 - distances[:, 0]
