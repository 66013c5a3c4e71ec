"""The paper's published measurements (arXiv 2604.11290, tables 11 and 12) in the form that any study's take."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from polyglot.configuration import PUBLISHED_BASE, PUBLISHED_RECIPE
from polyglot.scores import INTRINSIC, KEYS

CELL = ("teacher", "lang")


def read_table(path: Path, numeric: tuple[str, ...]) -> pd.DataFrame:
    """One published table, a row per teacher and language.

    Raises:
        ValueError: a missing column, a repeated cell or a value that is no number (names file, row and column).
    """
    frame = pd.read_csv(path, dtype=str)
    missing = [column for column in (*CELL, *numeric) if column not in frame.columns]
    if missing:
        raise ValueError(f"{path}: missing column(s) {', '.join(missing)}; found: {', '.join(frame.columns)}")
    for column in numeric:
        values = pd.to_numeric(frame[column], errors="coerce")
        if values.isna().any():
            row = int(values.isna().to_numpy().argmax())
            raise ValueError(f"{path}: row {row + 1}: column '{column}' holds {frame[column].iloc[row]!r}, which is no number")
        frame[column] = values
    repeated = frame.duplicated(list(CELL))
    if repeated.any():
        row = int(repeated.to_numpy().argmax())
        raise ValueError(f"{path}: row {row + 1}: the cell {tuple(frame.loc[row, list(CELL)])} is there twice; delete one")
    return frame


def published_measurements(intrinsic: Path, pgr: Path) -> pd.DataFrame:
    """Tables 11 and 12 as measurements (see `polyglot.scores.check_measurements`), without replicates.

    Base, reference and per-benchmark scores are not published, so only the `released` definition can be computed and no
    language can be flagged.
    """
    cells = read_table(intrinsic, INTRINSIC).merge(
        read_table(pgr, ("pgr",)), on=list(CELL), how="outer", validate="one_to_one", indicator=True
    )
    alone = cells[cells["_merge"] != "both"]
    if len(alone):
        raise ValueError(f"{intrinsic} and {pgr} do not have the same cells: {tuple(alone.iloc[0][list(CELL)])} is in one only")
    renamed = cells.rename(columns={"pgr": "pgr_released"})
    measured = renamed.assign(base=PUBLISHED_BASE, recipe=PUBLISHED_RECIPE, replicate=0)
    return measured[["replicate", *KEYS, *INTRINSIC, "pgr_released"]]
