"""Checks of the paper's further experiments: size of the data (figure 5), translation (figure 6), methods (tables 2 and 15)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from polyglot.replication.checks.compare import items, series
from polyglot.replication.evidence import Claim, Evidence, Finding
from polyglot.replication.published import RELEASED, RELEASED_SCALE, RELEASED_TRANSLATION
from polyglot.replication.settings import PUBLISHED_BASE


def scale_correlations(scale: pd.DataFrame) -> pd.DataFrame:
    """Spearman correlations over the sizes of figure 5, by language.

    Returns:
        sizes (their number), score_size (student score and number of examples), pg_size (PG-Score and number of examples),
        score_pg (student score and PG-Score), indexed by lang.
    """
    rows = {}
    for lang, group in scale.groupby("lang", sort=True):
        examples, score, pg = group["examples"].astype(int), group["student_score"], group["pg_score"]
        pairs = {"score_size": (score, examples), "pg_size": (pg, examples), "score_pg": (score, pg)}
        rows[lang] = {"sizes": len(group), **{name: one.corr(other, method="spearman") for name, (one, other) in pairs.items()}}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("lang")


def scale_order(evidence: Evidence, claim: Claim) -> Finding:
    """Whether PG-Score and student score rise together with the size of the data."""
    rho = scale_correlations(evidence.tables[RELEASED_SCALE])
    found = {str(lang): bool(value > 0) for lang, value in rho["score_pg"].items()}
    shown = ", ".join(f"{lang} {value:.2f}" for lang, value in rho["score_pg"].items())
    with_size = ", ".join(f"{lang} {row['score_size']:.2f} and {row['pg_size']:.2f}" for lang, row in rho.iterrows())
    note = (
        f"Spearman of student score and PG-Score over {int(rho['sizes'].max())} sizes: {shown}; with the number of examples, "
        f"student score and PG-Score: {with_size}"
    )
    return Finding(items(dict.fromkeys(found, True), found), note, numbers={str(k): v for k, v in rho["score_pg"].items()})


def scale_cell(evidence: Evidence, claim: Claim) -> Finding:
    """Student scores of figure 5's cells that are also in the main experiment, against those there."""
    scale, released = evidence.tables[RELEASED_SCALE], evidence.tables[RELEASED]
    same = scale[scale["examples"].astype(int) == claim.arguments["examples"]]
    main = released[(released["base"] == PUBLISHED_BASE) & released["teacher"].isin(same["teacher"])]
    error = same["student_se"].mean()
    note = f"figure 5's scores as published, the main experiment's as recomputed; released standard errors are {error:.3f}"
    return Finding(items(series(same, ["lang"], "student_score"), series(main, ["lang"], "student_score")), note)


def translation_best(evidence: Evidence, claim: Claim) -> Finding:
    """Whether a method of translation is the best in every language, by PG-Score or by student score."""
    table, column = evidence.tables[RELEASED_TRANSLATION], claim.arguments["by"]
    wide = table.pivot(index="lang", columns="method", values=column)
    method = claim.arguments["method"]
    found = {str(lang): bool(row.idxmax() == method) for lang, row in wide.iterrows()}
    lowest = [str(lang) for lang, row in wide.iterrows() if row.idxmin() == method]
    shown = "; ".join(
        f"{lang}: " + ", ".join(f"{name} {value:.3f}" for name, value in row.sort_values(ascending=False).items())
        for lang, row in wide.iterrows()
    )
    note = f"{shown}. Lowest of the three in: {', '.join(lowest) or 'none'}"
    return Finding(items(dict.fromkeys(found, True), found), note, numbers={"lowest": len(lowest)})


def translation_intrinsic(evidence: Evidence, claim: Claim) -> Finding:
    """Whether the data of each method have an intrinsic score of their own."""
    wide = evidence.tables[RELEASED_TRANSLATION].pivot(index="lang", columns="method", values="intrinsic")
    found = {str(lang): bool(row.nunique() > 1) for lang, row in wide.iterrows()}
    released = evidence.tables[RELEASED]
    main = released[(released["base"] == PUBLISHED_BASE) & (released["teacher"] == claim.arguments["teacher"])]
    equal = wide.eq(main.set_index("lang")["intrinsic"].reindex(wide.index), axis=0).all(axis=None)
    note = f"z-scores of {wide.shape[1]} methods in {len(wide)} languages" + (
        ", which are those of the main experiment's data" if equal else ""
    )
    return Finding(items(dict.fromkeys(found, True), found), note)


def unreleased(evidence: Evidence, claim: Claim) -> Finding:
    """A claim of which no released file holds the numbers."""
    return Finding(items(dict.fromkeys(claim.arguments["items"], np.nan), {}), missing=claim.arguments["missing"])
