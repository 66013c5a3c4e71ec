"""The validity check: do the scores recover a study's known ground truth?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from polyglot.analysis.settings import Truth
from polyglot.intrinsic.metrics import PERPLEXITIES, STANDARD, Metric
from polyglot.scoring.scores import DEFINITIONS, INTRINSIC_SCORES, interval

AVERAGE = "all"
"""Label of the average over languages."""


def correctness(oracle: pd.DataFrame) -> pd.Series:
    """Share of correct pairs by (teacher, lang), with methods weighted by usable pairs; lang `all` is the mean."""
    weighted = oracle.assign(count=oracle["right"] * oracle["usable"]).groupby(["teacher", "lang"])[["count", "usable"]].sum()
    by_cell = weighted["count"] / weighted["usable"]
    mean = by_cell.groupby("teacher").mean()
    return pd.concat([by_cell, mean.set_axis(pd.MultiIndex.from_product([mean.index, [AVERAGE]], names=by_cell.index.names))])


def check_truth(truth: Truth, replicates: pd.DataFrame, oracle: pd.DataFrame, *, confidence: float) -> pd.DataFrame:
    """Every planted pair of teachers, checked with every definition of the score.

    Args:
        replicates: from `polyglot.scoring.scores.score_cells`.
        oracle: from `polyglot.nano.oracle.grade`.

    Returns:
        One row per pair, language and definition: lang, better, worse, definition, difference (PG-Score of better minus worse)
        with low and high, holds (difference > 0), certain (the whole interval on one side), right_better and right_worse (share
        of correct pairs in the two teachers' data).
    """
    right = correctness(oracle)
    claims = [(AVERAGE, *pair) for pair in truth.above] + [
        (lang, *pair) for lang, pairs in truth.above_in.items() for pair in pairs
    ]
    columns = [f"pg_{name}" for name in DEFINITIONS]
    mean = replicates.groupby(["replicate", "teacher"])[columns].mean(skipna=False).reset_index().assign(lang=AVERAGE)
    scores = pd.concat([replicates[["replicate", "teacher", "lang", *columns]], mean]).set_index(["lang", "teacher", "replicate"])
    rows = []
    for lang, better, worse in claims:
        for name in DEFINITIONS:
            column = scores[f"pg_{name}"].sort_index()
            difference = column.loc[lang, better] - column.loc[lang, worse]
            low, high = interval(difference.drop(0).to_numpy(), confidence)
            rows.append(
                {
                    "lang": lang,
                    "better": better,
                    "worse": worse,
                    "definition": name,
                    "difference": difference.loc[0],
                    "low": float(low),
                    "high": float(high),
                    "holds": bool(difference.loc[0] > 0),
                    "certain": bool(low > 0 or high < 0),
                    "right_better": right[better, lang],
                    "right_worse": right[worse, lang],
                }
            )
    return pd.DataFrame(rows)


def agreement(cells: pd.DataFrame, oracle: pd.DataFrame, metrics: Sequence[Metric] = STANDARD) -> pd.DataFrame:
    """Spearman correlation over cells between the share of correct pairs and every score, and every metric with a better
    direction.

    Returns:
        quantity, spearman (over all cells), within (the mean of the correlations within each language: the choice of a teacher is
        made within one), n; the sign of lower-is-better metrics is flipped, so that higher is always better.
    """
    right = correctness(oracle).rename("right").reset_index()
    merged = cells.merge(right, on=["teacher", "lang"])
    lower = {*PERPLEXITIES, *(metric.name for metric in metrics if metric.better == "lower")}
    ordered = [metric.name for metric in metrics if metric.better != "neither"]
    quantities = [*dict.fromkeys([*ordered, *PERPLEXITIES]), *INTRINSIC_SCORES, "gain", *(f"pg_{name}" for name in DEFINITIONS)]
    languages = [part for _, part in merged.groupby("lang")]
    rows = []
    for name in quantities:
        if name in merged.columns and merged[name].notna().all():
            sign = -1 if name in lower else 1
            rho = [_spearman(sign * part[name], part["right"]) for part in (merged, *languages)]
            rows.append({"quantity": name, "spearman": rho[0], "within": float(np.mean(rho[1:])), "n": len(merged)})
    return pd.DataFrame(rows)


def _spearman(first: pd.Series, second: pd.Series) -> float:
    """Spearman's correlation; NaN if one of them is constant."""
    constant = first.nunique() < 2 or second.nunique() < 2
    return float("nan") if constant else float(spearmanr(first, second).statistic)
