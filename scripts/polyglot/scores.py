"""From measurements to the PG-Score: z-scores, performance gap recovered (PGR), three definitions, flags, ranks.

Everything here works on tidy measurements, wherever they come from: one row a cell (teacher, language) and replicate, where
replicate 0 is the measurement itself and the others are bootstrap resamples of it. Sources: arXiv 2604.11290, section 2.2 and
equations 2-4; Kim et al., 2025, arXiv 2412.03679 (PGR).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]
Definition = Literal["released", "paper", "signsafe"]
DEFINITIONS: tuple[Definition, ...] = ("released", "paper", "signsafe")
INTRINSIC = ("prompt_diversity", "response_diversity", "reward", "perplexity")
KEYS = ("teacher", "lang")
MEASUREMENTS = ("replicate", *KEYS, *INTRINSIC)
"""Columns that measurements must have. Optional: pgr_released, pgr_paper, standardised_gain, and the columns of `gap_flags`."""


class MeasurementError(ValueError):
    """Measurements that cannot be scored; the message names column and cell."""


def check_measurements(measurements: pd.DataFrame) -> pd.DataFrame:
    """The measurements in a fixed order, complete: every replicate has every cell.

    Raises:
        MeasurementError: names the missing column or the repeated or missing cell.
    """
    missing = [column for column in MEASUREMENTS if column not in measurements.columns]
    if missing:
        raise MeasurementError(f"measurements lack the column(s) {', '.join(missing)}; needed: {', '.join(MEASUREMENTS)}")
    repeated = measurements.duplicated(["replicate", *KEYS])
    if repeated.any():
        row = measurements.loc[repeated].iloc[0]
        raise MeasurementError(f"cell ({row['teacher']}, {row['lang']}) is there twice in replicate {row['replicate']}")
    cells = measurements.loc[measurements["replicate"] == 0, list(KEYS)]
    sizes = measurements.groupby("replicate").size()
    short = sizes[sizes != len(cells)]
    if len(short):
        raise MeasurementError(f"replicate {short.index[0]} has {short.iloc[0]} cells; replicate 0 has {len(cells)}")
    return measurements.sort_values(["replicate", *KEYS], ignore_index=True)


def zscore(values: Array) -> Array:
    """z-score along the last axis with the population standard deviation; 0 where all values are equal; NaN stays NaN."""
    if not np.isfinite(values).any():
        return np.full(values.shape, np.nan)
    centred = values - np.nanmean(values, axis=-1, keepdims=True)
    spread = np.nanstd(values, axis=-1, keepdims=True)
    flat = spread <= 1e-12 * np.maximum(1, np.nanmax(np.abs(values), axis=-1, keepdims=True))
    scored: Array = np.where(flat, np.where(np.isnan(values), np.nan, 0.0), centred / np.where(flat, 1, spread))
    return scored


def intrinsic_components(measured: Mapping[str, Array]) -> dict[str, Array]:
    """z-scores over cells (last axis) of the four intrinsic metrics; perplexity enters as -log1p, so that more is better."""
    return {
        name: zscore(-np.log1p(measured[name]) if name == "perplexity" else np.asarray(measured[name], dtype=float))
        for name in INTRINSIC
    }


def intrinsic_score(components: Mapping[str, Array]) -> Array:
    """Mean of the four z-scores: relative to the set of cells, so adding a teacher moves every score."""
    score: Array = np.mean([components[name] for name in INTRINSIC], axis=0)
    return score


def performance_gap_recovered(student: Array, base: Array, reference: Array) -> Array:
    """PGR = (student - base) / (reference - base) (equation 2); NaN where reference and base are equal."""
    gap = np.asarray(reference, dtype=float) - base
    ratio: Array = (np.asarray(student, dtype=float) - base) / np.where(gap == 0, np.nan, gap)
    return ratio


def pg_scores(intrinsic: Array, extrinsic: Mapping[str, Array], alpha: float) -> dict[str, Array]:
    """The PG-Score in each definition whose extrinsic input is there (others are NaN); cells are the last axis.

    Args:
        intrinsic: intrinsic score.
        extrinsic: pgr_released (one ratio of mean scores), pgr_paper (mean of the benchmarks' ratios), standardised_gain
            ((student - base) / SE).
        alpha: weight of the intrinsic score.
    """
    absent = np.full(intrinsic.shape, np.nan)

    def blend(part: Array) -> Array:
        return alpha * intrinsic + (1 - alpha) * part

    return {
        "released": blend(extrinsic.get("pgr_released", absent)),
        "paper": zscore(blend(extrinsic.get("pgr_paper", absent))),
        "signsafe": blend(zscore(extrinsic.get("standardised_gain", absent))),
    }


EXTRINSIC = ("pgr_released", "pgr_paper", "standardised_gain")


def score_cells(measurements: pd.DataFrame, *, alpha: float, confidence: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Score every cell in every definition.

    Args:
        measurements: see `check_measurements`.
        alpha: weight of the intrinsic score.
        confidence: coverage of the percentile intervals over replicates (none if there are no replicates).

    Returns:
        (cells, replicates). `cells`: the measurements of replicate 0 with z_* columns, intrinsic, and for each definition
        pg_*, pg_*_low, pg_*_high. `replicates`: replicate, teacher, lang, pg_* of every replicate, 0 included.
    """
    ordered = check_measurements(measurements)
    names = [name for name in (*INTRINSIC, *EXTRINSIC) if name in ordered.columns]
    cells = ordered[ordered["replicate"] == 0].drop(columns="replicate").reset_index(drop=True)
    arrays = {name: ordered[name].to_numpy(dtype=float).reshape(-1, len(cells)) for name in names}
    components = intrinsic_components(arrays)
    intrinsic = intrinsic_score(components)
    scores = pg_scores(intrinsic, {name: arrays[name] for name in EXTRINSIC if name in arrays}, alpha)
    replicates = ordered.loc[:, ["replicate", *KEYS]].assign(
        intrinsic=intrinsic.ravel(), **{f"pg_{name}": values.ravel() for name, values in scores.items()}
    )
    for name in INTRINSIC:
        cells[f"z_{name}"] = components[name][0]
    for name, values in {"intrinsic": intrinsic, **{f"pg_{name}": values for name, values in scores.items()}}.items():
        low, high = interval(values[1:], confidence)
        cells[name], cells[f"{name}_low"], cells[f"{name}_high"] = values[0], low, high
    return cells, replicates


def interval(replicates: Array, confidence: float) -> tuple[Array, Array]:
    """Percentile interval over the first axis; NaN without replicates."""
    if len(replicates) == 0 or not np.isfinite(replicates).any():
        empty = np.full(replicates.shape[1:], np.nan)
        return empty, empty
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(replicates, [tail, 1 - tail], axis=0)
    return low, high


def rank_teachers(cells: pd.DataFrame, replicates: pd.DataFrame, *, definition: Definition, confidence: float) -> pd.DataFrame:
    """Average over languages of every definition, with intervals, rank and the probability of being first.

    Returns:
        One row a teacher, best first by `definition`: rank, teacher, languages, for each definition pg_* with _low and _high,
        p_first (share of replicates in which the teacher leads; NaN without replicates).
    """
    columns = [f"pg_{name}" for name in DEFINITIONS]
    means = replicates.groupby(["replicate", "teacher"])[columns].mean(skipna=False).reset_index()
    point = means[means["replicate"] == 0].set_index("teacher")
    drawn = means[means["replicate"] > 0]
    ranked = pd.DataFrame({"languages": cells.groupby("teacher")["lang"].nunique()})
    for column in columns:
        wide = drawn.pivot(index="replicate", columns="teacher", values=column).reindex(columns=ranked.index)
        low, high = interval(wide.to_numpy(dtype=float), confidence)
        ranked[column], ranked[f"{column}_low"], ranked[f"{column}_high"] = point[column], low, high
    lead = drawn.pivot(index="replicate", columns="teacher", values=f"pg_{definition}").reindex(columns=ranked.index)
    if len(lead) and lead.notna().all(axis=None):
        ranked["p_first"] = [float((lead.idxmax(axis=1) == teacher).mean()) for teacher in ranked.index]
    else:
        ranked["p_first"] = np.nan
    ranked = ranked.sort_values(f"pg_{definition}", ascending=False).reset_index()
    ranked.insert(0, "rank", ranked[f"pg_{definition}"].rank(ascending=False, method="min").astype("Int64"))
    return ranked


def gap_flags(gaps: pd.DataFrame) -> pd.DataFrame:
    """Languages whose reference does not beat the base by more than the gap's standard error: there PGR cannot be trusted.

    Args:
        gaps: columns lang, base, reference, gap, gap_se.

    Returns:
        The same with `flagged` and a `reason`.
    """
    flagged = gaps["gap"] <= gaps["gap_se"]
    below = gaps["gap"] < 0
    reason = np.where(below, "reference below base", np.where(flagged, "gap within its standard error", ""))
    return gaps.assign(flagged=flagged, reason=reason)


def alpha_sensitivity(measurements: pd.DataFrame, alphas: Sequence[float], *, at: float) -> pd.DataFrame:
    """Spearman correlation between the teachers' ranking at weight `at` and at every other weight, by definition."""
    from scipy.stats import spearmanr

    def means(alpha: float) -> pd.DataFrame:
        point = measurements[measurements["replicate"] == 0]
        cells, replicates = score_cells(point, alpha=alpha, confidence=0.95)
        ranked = rank_teachers(cells, replicates, definition="released", confidence=0.95)
        return ranked.set_index("teacher").sort_index()

    reference = means(at)
    rows: list[dict[str, Any]] = []
    for alpha in alphas:
        other = means(alpha)
        for name in DEFINITIONS:
            pair = (reference[f"pg_{name}"], other[f"pg_{name}"])
            known = all(values.notna().all() for values in pair) and len(reference) > 1
            rows.append({"definition": name, "alpha": alpha, "spearman": float(spearmanr(*pair).statistic) if known else np.nan})
    return pd.DataFrame(rows)
