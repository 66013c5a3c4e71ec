"""The seed dataset: prompts (and responses) that people wrote, in one schema."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from polyglot.hashing import content_id

COLUMNS = ("id", "lang", "prompt", "response", "source")
METHODS = "methods"
"""Optional column: the methods that a row is for, joined by spaces; without it (or empty) a row is for all of them."""
REQUIRED = ("prompt", "response")


class SeedError(ValueError):
    """A seed file that cannot be used; the message names file, row and remedy."""


def read_seed_file(path: Path, lang: str, known_languages: set[str]) -> pd.DataFrame:
    """Read and check a user's seed file.

    Args:
        path: JSONL, CSV or Parquet with the columns `prompt` and `response`; `id`, `lang`, `source` and `methods` are
            optional. A row that is not for `generate` may have an empty response.
        lang: the language wanted; if the file has a column `lang`, the other languages' rows are left out.
        known_languages: codes that `lang` may hold.

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
    frame = frame.assign(**{METHODS: frame[METHODS].fillna("") if METHODS in frame.columns else ""})
    for column in REQUIRED:
        text = frame[column]
        if column == "response":
            text = text[for_method(frame, "generate")]
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
    return frame.loc[:, [*COLUMNS, METHODS]].reset_index(drop=True)


def for_method(seeds: pd.DataFrame, method: str) -> pd.Series:
    """Which rows of a seed dataset are for a method."""
    if METHODS not in seeds.columns:
        return pd.Series(True, index=seeds.index)
    return seeds[METHODS].map(lambda named: not named or method in str(named).split())


def short_enough(seeds: pd.DataFrame, method: str, *, longest: int | None, shots: int) -> pd.Series:
    """Which rows of a seed dataset fit into a request of at most `longest` characters of it: by its prompt, or as one of the
    few-shot pairs of `generate`."""
    if longest is None:
        return pd.Series(True, index=seeds.index)
    characters = seeds["prompt"].str.len()
    return (characters + seeds["response"].str.len()) * shots <= longest if method == "generate" else characters <= longest


def sample_seeds(frame: pd.DataFrame, max_prompts: int | None, seed: int) -> pd.DataFrame:
    """A seeded uniform sample of at most `max_prompts` rows, in the order of their ids."""
    ordered = frame.sort_values("id", ignore_index=True)
    if max_prompts is None or len(ordered) <= max_prompts:
        return ordered
    return ordered.sample(max_prompts, random_state=seed).sort_values("id", ignore_index=True)


def read_rows(path: Path) -> pd.DataFrame:
    """The rows of a user's JSONL, CSV or Parquet file, numbered from 0 as they stand there.

    Raises:
        SeedError: names file, row and remedy.
    """
    path = Path(path)
    if not path.exists():
        raise SeedError(f"{path}: no such file; correct the path in the configuration")
    if path.suffix not in {".jsonl", ".csv", ".parquet"}:
        raise SeedError(f"{path}: such a file is .jsonl, .csv or .parquet")
    if path.suffix == ".parquet":
        try:
            frame = pd.read_parquet(path)
        except (OSError, ValueError) as error:
            raise SeedError(f"{path}: not a readable Parquet file: {error}. Write it again") from error
        return frame.reset_index(drop=frame.index.name is None)
    lines = path.read_bytes().splitlines()
    for number, line in enumerate(lines, 1):
        try:
            line.decode("utf-8")
        except UnicodeDecodeError as error:
            row = number - (path.suffix == ".csv")
            raise SeedError(
                f"{path}: row {row}: byte {error.start} of line {number} is not UTF-8. Convert the file, e.g. "
                f"iconv -f latin1 -t utf-8 {path.name}"
            ) from error
    if path.suffix == ".csv":
        try:
            return pd.read_csv(path, dtype=str, keep_default_na=False)
        except ValueError as error:
            raise SeedError(f"{path}: not a readable CSV file: {error}. Quote fields that hold commas or line breaks") from error
    rows: list[dict[str, object]] = []
    numbers: list[int] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise SeedError(f"{path}: row {number}: not JSON ({error}). Write one JSON object a line") from error
        if not isinstance(row, dict):
            raise SeedError(f"{path}: row {number}: a {type(row).__name__}, not an object. Write one JSON object a line")
        if not is_unicode(json.dumps(row, ensure_ascii=False)):
            raise SeedError(f"{path}: row {number}: half of a surrogate pair, which is no character. Write the row again")
        rows.append(row)
        numbers.append(number)
    return pd.DataFrame(rows, index=[number - 1 for number in numbers])


def is_unicode(text: str) -> bool:
    """Whether a text can be written as UTF-8: half a surrogate pair cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _reject(path: Path, frame: pd.DataFrame, bad: pd.Series, column: str, problem: str, remedy: str) -> None:
    if bad.any():
        rows = [int(index) + 1 for index in frame.index[bad]]
        shown = f"{', '.join(map(str, rows[:5]))}{', ...' if len(rows) > 5 else ''}"
        value = frame.loc[frame.index[bad][0], column]
        raise SeedError(f"{path}: row {shown}: {problem} in column '{column}' (value: {value!r}); {remedy}")
