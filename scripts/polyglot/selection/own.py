"""User data for selection: read and checked, and the selected part in the layout and format of the file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Unpack

import numpy as np
import pandas as pd

from polyglot.core.dialogues import Dialogues, read_dialogues
from polyglot.core.hashing import content_id
from polyglot.core.rows import FileError
from polyglot.selection.embeddings import Floats
from polyglot.selection.rules import RULES, Settings, select

WRITTEN = ("quality", "cluster")
"""Columns that the selection adds."""


@dataclass(frozen=True)
class Samples:
    """What can be selected from a file.

    Attributes:
        found: the file.
        data: id, prompt, response; the index is the row's place in the file, from 0.
        without_text: rows without a prompt or response, which are dropped.
        duplicates: rows equal to an earlier one in both texts, which are dropped.
    """

    found: Dialogues
    data: pd.DataFrame
    without_text: int
    duplicates: int

    def read(self) -> list[str]:
        """What was read, and what of it is dropped, one sentence each."""
        rows = len(self.found.rows)
        return [
            f"{self.found.path}: {rows:,} rows, read as {self.found.layout}",
            f"left out, without a prompt or response: {self.without_text:,}",
            f"left out, equal to an earlier row in prompt and response: {self.duplicates:,}",
            *self.found.notes,
        ]


def read_samples(path: Path) -> Samples:
    """The samples of a file in any layout of `polyglot.core.dialogues`.

    Rows without text in prompt or response are dropped, and so are rows equal to an earlier one in both texts. Without a column
    `id`, ids are content hashes.

    Raises:
        FileError: names file, column or row, and the remedy.
    """
    return samples_of(read_dialogues(path))


def samples_of(found: Dialogues) -> Samples:
    """The samples of a file that has been read (see `read_samples`)."""
    path, columns = found.path, found.rows.columns
    taken = [column for column in WRITTEN if column in columns]
    if taken:
        raise FileError(f"{path}: the column '{taken[0]}' is written by the selection; rename yours")
    full = found.prompt.str.strip().astype(bool) & found.answered
    data = pd.DataFrame({"prompt": found.prompt[full], "response": found.response[full]})
    if data.empty:
        raise FileError(f"{path}: no row has a prompt and a response; there is nothing to select from (layout: {found.layout})")
    ids = found.column("id")
    if ids is not None:
        data = data.assign(id=ids[full].astype(str))
        twice = data["id"].duplicated() & ~data.duplicated(["id", "prompt", "response"])
        if twice.any():
            place = data.index[twice][0]
            one = data.loc[place, "id"]
            raise FileError(f"{path}: row {place + 1}: duplicate id {one!r}; give each row its own, or drop the column")
    else:
        data = data.assign(id=[content_id(one, other) for one, other in zip(data["prompt"], data["response"], strict=True)])
    kept = data[~data.duplicated(["prompt", "response"])]
    return Samples(found, kept[["id", "prompt", "response"]], int((~full).sum()), len(data) - len(kept))


def selected_rows(samples: Samples, chosen: pd.DataFrame) -> pd.DataFrame:
    """The file's own rows and columns of the chosen samples, and what the rule needed to choose them.

    Args:
        chosen: by the index of the samples, with `quality` and `cluster` where they were measured.
    """
    added = [column for column in WRITTEN if column in chosen]
    return samples.found.rows.loc[chosen.index].assign(**{column: chosen[column] for column in added})


def chosen_from(
    data: pd.DataFrame, embeddings: Floats | None = None, *, rule: str, size: int, **settings: Unpack[Settings]
) -> pd.DataFrame:
    """The samples that a rule chooses, in order of selection.

    Args:
        data: samples, with `quality` and `cluster` where the rule needs them.
        embeddings: of the samples, shape (n, d), where the rule needs them.
        rule, size, settings: see `polyglot.selection.rules.select`.
    """
    unknown = {"quality": np.full(len(data), np.nan), "cluster": np.zeros(len(data), dtype=np.intp)}
    quality, clusters = (data[name].to_numpy() if name in data else unknown[name] for name in WRITTEN)
    rows = select(list(data["id"]), quality.astype(float), clusters, embeddings=embeddings, rule=rule, size=size, **settings)
    return data.iloc[rows]


def summary(samples: Samples, data: pd.DataFrame, taken: pd.DataFrame, *, rule: str, to: Path) -> list[str]:
    """What was selected, for the user, one sentence each.

    Args:
        data, taken: all samples and the chosen ones, with what was measured.
        to: the file that is written.
    """
    lines = [f"{to}: {len(taken):,} of {len(data):,} samples by `{rule}`: {RULES[rule].explained}", *samples.read()]
    if "quality" in data:
        lines.append(f"mean quality: {taken['quality'].mean():.3f} of the selected, {data['quality'].mean():.3f} of all")
    if "cluster" in data:
        lines.append(f"clusters covered: {taken['cluster'].nunique():,} of {data['cluster'].nunique():,}")
    if len(taken) == len(data):
        lines.append("all of them: there are no more samples than selection.examples asks for")
    return lines
