"""Embeddings of samples, and their files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from polyglot.core.files import atomic

Floats = npt.NDArray[np.float32]


def text_of(samples: pd.DataFrame) -> list[str]:
    """The text of a sample to embed: prompt and response."""
    return [f"{prompt}\n{response}" for prompt, response in zip(samples["prompt"], samples["response"], strict=True)]


def write_embeddings(ids: Sequence[str], embeddings: Floats, path: Path, **texts: Sequence[str]) -> None:
    """A Parquet file with the columns `id` and `embedding` (a list of d numbers).

    Args:
        embeddings: shape (n, d).
        texts: further columns by name, n texts each.
    """
    import pyarrow as pa
    from pyarrow import parquet

    flat = pa.array(np.ascontiguousarray(embeddings, dtype=np.float32).reshape(-1))
    lists = pa.FixedSizeListArray.from_arrays(flat, max(embeddings.shape[1], 1))
    with atomic(path) as partial:
        columns = {name: pa.array(list(column), pa.string()) for name, column in {"id": ids, **texts}.items()}
        parquet.write_table(pa.table({**columns, "embedding": lists}), partial)


def read_embeddings(paths: Sequence[Path]) -> Floats:
    """The embeddings of several files, one after another, in the order of their rows; shape (n, d)."""
    from pyarrow import parquet

    found = []
    for path in paths:
        column = parquet.read_table(path, columns=["embedding"])["embedding"].combine_chunks()
        if len(column):
            found.append(column.flatten().to_numpy().reshape(len(column), -1))
    return np.concatenate(found) if found else np.empty((0, 1), dtype=np.float32)
