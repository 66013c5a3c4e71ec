"""Running the filters of a study on answers: every decision is kept, and no row is lost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from polyglot.core.errors import WrongInput
from polyglot.synthesis.filters.base import FILTERS, Earlier, Examples, Filter, Neighbour, Settings


def filtered(answers: Sequence[pd.DataFrame], chain: Sequence[tuple[str, dict[str, Any]]], known: Examples) -> list[pd.DataFrame]:
    """Answers after a chain of filters, which looks at all of them together.

    Args:
        answers: see `polyglot.synthesis.answers.read_answers`; a table a method, of one teacher, language and draw.
        chain: filters that run, each with its settings, in order (see `polyglot.synthesis.filters.settings.in_use`).
        known: what the examples are compared with.

    Returns:
        The same tables with the same rows in the same order, with another status and problem where a filter keeps an example
        out, and the column `decisions`: what each filter said, in the order of the chain, up to the one that kept it out; none
        for an answer that was not usable before.

    Raises:
        WrongInput: if a filter gives another number of verdicts than there are examples (names it).
    """
    rows = pd.concat(answers, ignore_index=True)
    rows["decisions"] = pd.Series([[] for _ in range(len(rows))], dtype=object)
    for name, given in chain:
        left = rows.index[rows["status"] == "ok"]
        if left.empty:
            break
        _apply(FILTERS[name], given, rows, left, known)
    ends = np.cumsum([len(one) for one in answers])
    return [_with_decisions(one, rows.iloc[end - len(one) : end]) for one, end in zip(answers, ends, strict=True)]


def _with_decisions(answers: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """A table of answers with what filters said of its rows."""
    found = answers.assign(decisions=rows["decisions"].to_numpy())
    dropped = (answers["status"].to_numpy() != rows["status"].to_numpy()).nonzero()[0]
    for column in ("status", "problem"):
        found.loc[found.index[dropped], column] = rows[column].to_numpy()[dropped]
    return found


def _apply(one: Filter, given: dict[str, Any], rows: pd.DataFrame, left: pd.Index, known: Examples) -> None:
    """Note what a filter says of the examples that are left."""
    settings: Settings = one.settings(**given)
    verdicts = one.find(replace(known, rows=rows.loc[left]), settings)
    if len(verdicts) != len(left):
        told = f"gave {len(verdicts)} verdicts on {len(left)} examples; it has to give one for each"
        raise WrongInput(f"filter '{one.name}' {told}")
    dropped: dict[Any, str] = {}
    noted = rows.loc[left, "decisions"].to_list()
    for row, decisions, (score, problem) in zip(left, noted, verdicts, strict=True):
        decision = "keep" if problem is None else settings.action
        decisions.append({"filter": one.name, "score": float(score), "decision": decision, "problem": problem})
        if problem is not None and decision == "drop":
            dropped[row] = problem
    rows.loc[list(dropped), "status"] = one.status
    rows.loc[list(dropped), "problem"] = list(dropped.values())


def examples_of(answers: Iterable[pd.DataFrame]) -> list[Earlier]:
    """The usable ones of answers that were filtered before."""
    usable = [Examples(frame[frame["status"] == "ok"], lang="") for frame in answers]
    return [
        Earlier(name, method, *pair)
        for known in usable
        for name, method, pair in zip(known.rows["request_id"], known.rows["method"], known.pairs, strict=True)
    ]


def neighbours_of(nearest: Iterable[pd.DataFrame]) -> dict[str, Neighbour]:
    """Request id to its nearest question, as `polyglot.intrinsic.nearest.nearest_questions` gives them."""
    columns = ["id", *Neighbour._fields]
    rows = (row for frame in nearest for row in zip(*(frame[name].tolist() for name in columns), strict=True))
    return {name: Neighbour(*known) for name, *known in rows}


def marks(answers: pd.DataFrame) -> pd.DataFrame:
    """Usable examples that filters marked.

    Args:
        answers: teacher, lang, method, status, decisions; these are missing in files of before version 0.2.

    Returns:
        teacher, lang, method, filter, marked: how many; no row for what was not found.
    """
    columns = ["teacher", "lang", "method", "filter"]
    if "decisions" not in answers:
        return pd.DataFrame(columns=[*columns, "marked"])
    usable = answers.loc[(answers["status"] == "ok") & answers["decisions"].notna(), [*columns[:3], "decisions"]]
    told = [(*row[:3], one["filter"]) for row in usable.to_numpy(dtype=object) for one in row[3] if one["decision"] == "mark"]
    frame = pd.DataFrame(told, columns=columns)
    return frame.groupby(columns, sort=False).size().rename("marked").reset_index()


LEFT_OUT = "left_out"
"""Status of an answer that a set leaves out since a filter marked it."""


def without_finds(answers: pd.DataFrame, filters: Sequence[str]) -> pd.DataFrame:
    """Answers of which those that one of these filters marked are not usable either: their status is `LEFT_OUT`.

    Args:
        answers: status, and decisions (see `filtered`); a file of before version 0.2 has none, and stays as it is.
    """
    if not filters or "decisions" not in answers:
        return answers
    found = [
        any(one["filter"] in filters and one["decision"] == "mark" for one in (decisions if decisions is not None else ()))
        for decisions in answers["decisions"]
    ]
    marked = np.array(found, dtype=bool) & (answers["status"] == "ok").to_numpy()
    return answers.assign(status=answers["status"].mask(marked, LEFT_OUT))
