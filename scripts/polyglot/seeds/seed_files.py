"""Seed files: human-written prompts (and responses), in one schema."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from polyglot.core.hashing import content_id
from polyglot.core.rows import SeedError, read_rows
from polyglot.synthesis.methods.base import METHODS
from polyglot.synthesis.requests import FOR_METHODS, for_method

COLUMNS = ("id", "lang", "prompt", "response", "source")
REQUIRED = ("prompt", "response")


def read_seed_file(path: Path, lang: str, known_languages: set[str]) -> pd.DataFrame:
    """Read and check a user's seed file.

    Args:
        path: JSONL, CSV or Parquet with the columns `prompt` and `response`; `id`, `lang`, `source` and `methods` are optional. A
            response may be empty if none of the row's methods needs it.
        lang: the language to read; if the file has a column `lang`, rows in other languages are skipped. known_languages: codes
        that `lang` may hold.

    Returns:
        Columns id, lang, prompt, response, source, methods; ids are content hashes unless the file has its own.

    Raises:
        SeedError: unreadable file, missing column, empty prompt, unknown language or duplicate id; names file, row (the
            first is 1; a header is not counted, blank lines of JSONL are) and remedy.
    """
    path = Path(path)
    frame = read_rows(path)
    missing = [column for column in REQUIRED if column not in frame.columns]
    if missing:
        found = ", ".join(map(str, frame.columns))
        raise SeedError(
            f"{path}: missing column(s): {', '.join(missing)}; found: {found}. Rename your columns, or add the missing ones"
        )
    if "lang" in frame.columns:
        _reject(
            path, frame, ~frame["lang"].isin(known_languages), "lang", "unknown language", "use a code of config/languages.yaml"
        )
        frame = frame[frame["lang"] == lang]
    frame = frame.assign(**{FOR_METHODS: frame[FOR_METHODS].fillna("") if FOR_METHODS in frame.columns else ""})
    for column in REQUIRED:
        text = frame[column]
        if column == "response":
            text = text[_need_response(frame)]
        empty = text.isna() | text.map(lambda value: isinstance(value, str) and not value.strip())
        rows = frame.loc[text.index]
        _reject(path, rows, empty, column, f"empty {column}", "fill it in or delete the row")
        _reject(path, rows, ~text.map(lambda value: isinstance(value, str)), column, f"{column} is not text", "put it in quotes")
    frame = frame.assign(lang=lang, response=frame["response"].fillna(""))
    if "source" not in frame.columns:
        frame = frame.assign(source=path.name)
    if "id" in frame.columns:
        frame = frame.assign(id=frame["id"].astype(str))
        repeated = frame["id"].duplicated()
        _reject(path, frame, repeated, "id", "duplicate id", "give each row its own id, or drop the column to have one made")
    else:
        ids = [content_id(lang, prompt, response) for prompt, response in zip(frame["prompt"], frame["response"], strict=True)]
        frame = frame.assign(id=ids).drop_duplicates("id")
    if frame.empty:
        raise SeedError(f"{path}: no rows in language '{lang}'; name another file in seed_dataset.files")
    return frame.loc[:, [*COLUMNS, FOR_METHODS]].reset_index(drop=True)


def sample_seeds(frame: pd.DataFrame, max_prompts: int | None, seed: int) -> pd.DataFrame:
    """A seeded uniform sample of at most `max_prompts` rows, in the order of their ids."""
    ordered = frame.sort_values("id", ignore_index=True)
    if max_prompts is None or len(ordered) <= max_prompts:
        return ordered
    return ordered.sample(max_prompts, random_state=seed).sort_values("id", ignore_index=True)


def _need_response(frame: pd.DataFrame) -> pd.Series:
    """Which rows are for a method that needs human-written responses."""
    needed = pd.Series(False, index=frame.index)
    for name, method in METHODS.items():
        needed |= method.needs_response & for_method(frame, name)
    return needed


def _reject(path: Path, frame: pd.DataFrame, bad: pd.Series, column: str, problem: str, remedy: str) -> None:
    if bad.any():
        rows = [int(index) + 1 for index in frame.index[bad]]
        shown = f"{', '.join(map(str, rows[:5]))}{', ...' if len(rows) > 5 else ''}"
        value = frame.loc[frame.index[bad][0], column]
        raise SeedError(f"{path}: row {shown}: {problem} in column '{column}' (value: {value!r}); {remedy}")
