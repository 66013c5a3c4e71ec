"""A benchmark's items, from its data set's own files into the JSONL that evaluation reads."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from polyglot.core.files import read_jsonl, write_text
from polyglot.core.text import normalise
from polyglot.registry.data import BenchmarkFacts

CHOICE = ("sample_id", "subject", "subject_category", "question", "option_a", "option_b", "option_c", "option_d", "answer")
PREFERENCE = ("id", "prompt", "chosen", "rejected", "subset", "category")
PROBLEM = ("question", "answer_number")
WORKED = "answer"
"""The worked solution of a few-shot problem."""
CATEGORIES = {
    "Chat": ("alpacaeval-easy", "alpacaeval-length", "alpacaeval-hard", "mt-bench-easy", "mt-bench-med"),
    "Chat Hard": (
        *("mt-bench-hard", "llmbar-natural", "llmbar-adver-neighbor", "llmbar-adver-GPTInst", "llmbar-adver-GPTOut"),
        "llmbar-adver-manual",
    ),
    "Safety": ("refusals-dangerous", "refusals-offensive", "xstest-should-refuse", "xstest-should-respond", "donotanswer"),
    "Reasoning": ("math-prm", "hep-cpp", "hep-go", "hep-java", "hep-js", "hep-python", "hep-rust"),
}
"""RewardBench's subsets by category (Lambert et al., 2024, arXiv 2403.13787, table 1), for data sets that name subsets only."""


class BenchmarkError(ValueError):
    """Items that cannot be read as the registry describes them; the message names benchmark, file, row and remedy."""


def write_items(name: str, facts: BenchmarkFacts, folder: Path, lang: str, out: Path) -> dict[str, int]:
    """Write `out`/test.jsonl, and `out`/dev.jsonl where there are few-shot examples.

    Args:
        folder: the data set's files.

    Returns:
        The number of rows by file.

    Raises:
        BenchmarkError: if a file or column is missing, or a row lacks a value.
    """
    written = {}
    for file, patterns in (("test.jsonl", facts.test), ("dev.jsonl", facts.shots)):
        if not patterns:
            continue
        rows = _rows(name, facts, folder, lang, patterns)
        write_text(rows.to_json(orient="records", lines=True, force_ascii=False), out / file)
        written[file] = len(rows)
    return written


def _rows(name: str, facts: BenchmarkFacts, folder: Path, lang: str, patterns: list[str]) -> pd.DataFrame:
    patterns = [pattern.format(name=facts.languages[lang]) for pattern in patterns]
    found = (sorted(path for path in Path(folder).glob(pattern) if path.is_file()) for pattern in patterns)
    paths = next(filter(None, found), [])  # the same items in two forms count once
    if not paths:
        raise BenchmarkError(
            f"benchmark '{name}': no file in {folder} matches {', '.join(patterns)}; correct the registry, or name a `folder` "
            f"with {lang}/test.jsonl in the study"
        )
    return pd.concat([_checked(name, facts, path) for path in paths], ignore_index=True)


def _checked(name: str, facts: BenchmarkFacts, path: Path) -> pd.DataFrame:
    rows = _read(path, facts.columns)
    needed = PROBLEM if "generative" in facts.formulations else PREFERENCE if "likelihood" in facts.formulations else CHOICE
    if needed is PREFERENCE and "subset" not in rows and "source" in rows:  # the multilingual data set calls subsets so
        rows = rows.assign(subset=rows["source"])
    if needed is PREFERENCE and "category" not in rows and "subset" in rows:
        known = {subset: category for category, subsets in CATEGORIES.items() for subset in subsets}
        rows = rows.assign(category=rows["subset"].map(known))
    absent = [column for column in needed if column not in rows]
    if absent:
        raise BenchmarkError(f"benchmark '{name}': {path} has no column {', '.join(absent)}; it has: {', '.join(rows.columns)}")
    empty = rows[list(needed)].isna() | (rows[list(needed)].astype(str).apply(lambda column: column.str.strip()) == "")
    if empty.any(axis=None):
        row, column = next((int(row), column) for column in needed for row in empty.index[empty[column]])
        raise BenchmarkError(f"benchmark '{name}': {path}, row {row + 1}: no {column}")
    if needed is CHOICE and not rows["answer"].isin(list("ABCD")).all():
        row = int(rows.index[~rows["answer"].isin(list("ABCD"))][0])
        raise BenchmarkError(f"benchmark '{name}': {path}, row {row + 1}: answer {rows['answer'][row]!r} is none of A, B, C, D")
    if needed is PROBLEM:  # items and few-shot examples have the same columns and types, or they cannot be loaded together
        problems: pd.DataFrame = rows[list(needed)].astype(str).assign(**{WORKED: rows.get(WORKED, "")})
        return problems
    return _unique(rows[list(needed)], needed[0])


def _read(path: Path, columns: list[str]) -> pd.DataFrame:
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    if path.suffix == ".jsonl":
        return pd.DataFrame(read_jsonl(path))
    if path.suffix == ".csv":
        return pd.read_csv(path, dtype="str", keep_default_na=False)
    if path.suffix == ".tsv":
        form: dict[str, Any] = {"header": None, "names": columns, "quoting": csv.QUOTE_NONE}
        tabbed: pd.DataFrame = pd.read_csv(path, sep="\t", dtype="str", keep_default_na=False, **form)
        return tabbed
    raise BenchmarkError(f"{path}: a benchmark's files are Parquet, JSONL, CSV or TSV; correct the registry")


def _unique(rows: pd.DataFrame, key: str) -> pd.DataFrame:
    """Outcomes are matched by id: one that repeats gets its place among its like."""
    place = rows.groupby(key).cumcount()
    ids = rows[key].astype(str)
    return rows.assign(**{key: ids.where(place == 0, ids + "#" + (place + 1).astype(str))})


def benchmark_questions(folders: Iterable[Path]) -> frozenset[str]:
    """Normalised questions of all test items in the folders: no student may be trained on them."""
    lines = [line for folder in folders for line in (folder / "test.jsonl").read_text(encoding="utf-8").splitlines()]
    rows = [json.loads(line) for line in lines]
    return frozenset(normalise(row.get("question") or row["prompt"]) for row in rows)
