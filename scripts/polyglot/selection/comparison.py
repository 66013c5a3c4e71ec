"""Tables of an experiment's selections: coverage with quality, and win rates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from polyglot.selection.coverage import coverage
from polyglot.selection.duels import win_rate

KEYS = ("base", "recipe", "teacher", "lang", "seed")
RATES = ("wins", "ties", "losses", "unread", "trained", "win_rate", "win_rate_low", "win_rate_high")


def coverage_table(
    cells: Sequence[Sequence[str]],
    data: Sequence[pd.DataFrame],
    quality: Sequence[pd.DataFrame],
    clusters: Sequence[pd.DataFrame],
) -> pd.DataFrame:
    """Coverage and quality (see `polyglot.selection.coverage`) of every training set, relative to the whole set of its teacher,
    language and seed.

    Args:
        cells: base, recipe, teacher, lang, seed of each.
        data, quality, clusters: of each.
    """
    rows: dict[tuple[str, ...], dict[str, Any]] = {}
    for cell, chosen, scored, grouped in zip(cells, data, quality, clusters, strict=True):
        named = dict(zip(KEYS, cell, strict=True))
        own = grouped[grouped["lang"] == named["lang"]]
        whole = scored.merge(own[["id", "cluster"]], on="id", validate="one_to_one")
        key = tuple(named[name] for name in KEYS[1:])
        rows[key] = {name: named[name] for name in KEYS[1:]} | coverage(chosen, whole)
    return pd.DataFrame(list(rows.values()))


def win_rate_table(
    duels: Mapping[tuple[str, ...], pd.DataFrame], *, replicates: int, confidence: float, seed: int
) -> pd.DataFrame:
    """Win rate against the student trained on the whole set (see `polyglot.selection.duels.win_rate`) by base, recipe and
    teacher, over all languages (`lang` empty) and in each; seeds pooled; `trained`: duels on a prompt from a training set."""
    rows = []
    for named, group in _by_student(duels):
        for lang, part in [("", group), *group.groupby("lang", sort=False)]:
            rows.append({**named, "lang": lang, **_rate(part, replicates, confidence, seed)})
    return pd.DataFrame(rows, columns=[*KEYS[:4], *RATES])


def win_rates_by_level(
    duels: Mapping[tuple[str, ...], pd.DataFrame],
    levels: Mapping[str, int | None],
    *,
    replicates: int,
    confidence: float,
    seed: int,
) -> pd.DataFrame:
    """The same by resource level of the languages, the highest first: all duels in languages of a level together.

    Args:
        duels: of each base, recipe, teacher, language and seed.
        levels: language to its resource level, 0 to 5; languages of no known level are left out.

    Returns:
        Columns base, recipe, teacher, resource_level, langs (codes, separated by spaces), then those of `win_rate_table`.
    """
    rows = []
    for named, group in _by_student(duels):
        for level in sorted({level for level in levels.values() if level is not None}, reverse=True):
            part = group[group["lang"].isin([lang for lang, own in levels.items() if own == level])]
            if part.empty:
                continue
            place = {"resource_level": level, "langs": " ".join(part["lang"].unique())}
            rows.append({**named, **place, **_rate(part, replicates, confidence, seed)})
    return pd.DataFrame(rows, columns=[*KEYS[:3], "resource_level", "langs", *RATES])


def _by_student(duels: Mapping[tuple[str, ...], pd.DataFrame]) -> Iterator[tuple[dict[str, str], pd.DataFrame]]:
    """The duels of each base, recipe and teacher, with their language."""
    every = [frame.assign(**dict(zip(KEYS, cell, strict=True))) for cell, frame in duels.items() if len(frame)]
    if every:
        for key, group in pd.concat(every, ignore_index=True).groupby(list(KEYS[:3]), sort=False):
            yield dict(zip(KEYS[:3], map(str, key), strict=True)), group


def _rate(duels: pd.DataFrame, replicates: int, confidence: float, seed: int) -> dict[str, float]:
    outcomes, prompts = list(duels["outcome"]), list(duels["lang"] + "/" + duels["id"])
    found = win_rate(outcomes, prompts, replicates=replicates, confidence=confidence, seed=seed)
    return {**found, "trained": int(duels["trained"].sum())}
