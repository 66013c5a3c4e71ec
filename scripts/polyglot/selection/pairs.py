"""Training data of a quality model: an instruction with a good response and a worse one."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from polyglot.core.hashing import stable_share
from polyglot.core.rows import FileError, read_rows
from polyglot.core.text import unfit

COLUMNS = ("lang", "category", "kind", "anchor", "positive", "negative", "held_out")
"""Language, category and kind of worse response (empty if unknown), the triplet, and whether it is held out."""

REVISED = ("instruction", "revised", "original")


def read_pairs(path: Path, *, held_out: float, seed: int) -> pd.DataFrame:
    """Triplets from expert-revised responses: columns `COLUMNS`; equal instructions are in the same split.

    Args:
        path: JSONL, CSV or Parquet with instruction, revised, original, and optionally lang.
        held_out: share of instructions held out to evaluate the quality model.

    Raises:
        FileError: names file, column or row, and the remedy.
    """
    frame = read_rows(path)
    missing = [column for column in REVISED if column not in frame.columns]
    if missing:
        raise FileError(f"{path}: missing column(s): {', '.join(missing)}; found: {', '.join(map(str, frame.columns))}")
    for column in REVISED:
        empty = ~frame[column].map(lambda value: isinstance(value, str) and bool(value.strip()) and not unfit(value))
        if empty.any():
            row = int(frame.index[empty][0]) + 1
            raise FileError(f"{path}: row {row}: no text in column '{column}'; fill it in or delete the row")
    frame = frame[frame["revised"] != frame["original"]]
    if frame.empty:
        raise FileError(f"{path}: no response was changed by its revision: there is nothing to learn from")
    named = frame.rename(columns=dict(zip(REVISED, COLUMNS[3:6], strict=True)))
    named = named.assign(lang=named["lang"].fillna("") if "lang" in named else "", category="", kind="original")
    sides = {text: stable_share(seed, text) < held_out for text in named["anchor"].unique()}
    if len(set(sides.values())) < 2:
        lacking = "train on" if all(sides.values()) else "evaluate the quality model on"
        raise FileError(
            f"{path}: of {len(sides)} instructions, none is left to {lacking}; add some, or change selection.held_out"
        )
    return named.assign(held_out=named["anchor"].map(sides))[list(COLUMNS)].reset_index(drop=True)
