"""User data for selection: read and checked."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from polyglot.core.hashing import content_id
from polyglot.core.rows import read_rows


def read_samples(path: Path) -> tuple[pd.DataFrame, int]:
    """(samples, number of dropped rows) of a JSONL, CSV or Parquet file.

    Rows without text in prompt or response are dropped. Without a column `id`, ids are content hashes, and rows equal in both
    texts are deduplicated.

    Raises:
        ValueError: names file, column or row, and the remedy.
    """
    frame = read_rows(path)
    missing = [column for column in ("prompt", "response") if column not in frame.columns]
    if missing:
        found = ", ".join(map(str, frame.columns))
        raise ValueError(f"{path}: missing column(s): {', '.join(missing)}; found: {found}. Rename your columns")
    taken = [column for column in ("quality", "cluster") if column in frame.columns]
    if taken:
        raise ValueError(f"{path}: the column '{taken[0]}' is written by the selection; rename yours")
    full = pd.Series(True, index=frame.index)
    for column in ("prompt", "response"):
        full &= frame[column].map(lambda value: isinstance(value, str) and bool(value.strip())).astype(bool)
    kept = frame[full]
    if kept.empty:
        raise ValueError(f"{path}: no row has a prompt and a response; there is nothing to select from")
    if "id" in kept.columns:
        kept = kept.assign(id=kept["id"].astype(str))
        twice = kept["id"].duplicated()
        if twice.any():
            row = int(kept.index[twice][0]) + 1
            one = kept.loc[kept.index[twice][0], "id"]
            raise ValueError(f"{path}: row {row}: duplicate id {one!r}; give each row its own, or drop the column")
    else:
        ids = [content_id(prompt, response) for prompt, response in zip(kept["prompt"], kept["response"], strict=True)]
        kept = kept.assign(id=ids).drop_duplicates("id")
    for column in kept.columns:
        try:
            pq.write_table(pa.Table.from_pandas(kept[[column]], preserve_index=False), pa.BufferOutputStream())
        except pa.ArrowException as error:
            raise ValueError(
                f"{path}: the column '{column}' fits in no Parquet file ({error}); make its values of one kind, or drop it"
            ) from None
    return kept.reset_index(drop=True), int((~full).sum())
