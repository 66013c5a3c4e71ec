"""Tables of an experiment's selections: coverage with quality, and win rates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from polyglot.selection.coverage import coverage
from polyglot.selection.duels import win_rate

KEYS = ("base", "recipe", "teacher", "lang", "seed")


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
    every = [frame.assign(**dict(zip(KEYS, cell, strict=True))) for cell, frame in duels.items() if len(frame)]
    columns = [*KEYS[:4], "wins", "ties", "losses", "unread", "trained", "win_rate", "win_rate_low", "win_rate_high"]
    if not every:
        return pd.DataFrame(columns=columns)
    whole = pd.concat(every, ignore_index=True)
    rows = []
    for key, group in whole.groupby(list(KEYS[:3]), sort=False):
        named = dict(zip(KEYS[:3], key, strict=True))
        for lang, part in [("", group), *group.groupby("lang", sort=False)]:
            outcomes, prompts = list(part["outcome"]), list(part["lang"] + "/" + part["id"])
            found = win_rate(outcomes, prompts, replicates=replicates, confidence=confidence, seed=seed)
            rows.append({**named, "lang": lang, **found, "trained": int(part["trained"].sum())})
    return pd.DataFrame(rows)[columns]
