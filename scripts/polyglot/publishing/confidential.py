"""Keeps keys out of what is published: examples that hold one are left out, and folders that hold one are not pushed."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from polyglot.core.key_finder import KeyFinder
from polyglot.provenance.archive.contents import files_in
from polyglot.provenance.archive.legible import readable


def without_keys(pairs: pd.DataFrame, keys: KeyFinder) -> tuple[pd.DataFrame, list[str]]:
    """The examples of a set that hold no key, and of each other one its id and what it holds.

    Args:
        pairs: id, and any columns of texts.
    """
    held: dict[int, str] = {}
    for column in pairs.columns:
        if not pd.api.types.is_numeric_dtype(pairs[column]):
            held = keys.rows(str(value) for value in pairs[column]) | held
    kept = pairs.drop(index=pairs.index[sorted(held)]).reset_index(drop=True)
    return kept, [f"{keys.clean(str(pairs['id'].iloc[row]))}: it holds {what}" for row, what in sorted(held.items())]


def first_key(folder: Path, keys: KeyFinder) -> str | None:
    """The first file of a folder that holds a key, or is named by one, and what it holds, in a sentence; None if none does."""
    for file in files_in(folder):
        named = keys.find(str(file.relative_to(folder)))
        held = named or keys.find(readable(file))
        if held:
            return f"{folder if named else file}: {'a name in it' if named else 'it'} holds {held}"
    return None
