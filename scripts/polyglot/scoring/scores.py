"""From measurements to the PG-Score: z-scores, performance gap recovered (PGR), three definitions, flags, ranks.

All functions use tidy measurements from any source: one row per cell (base, recipe, teacher, language) and replicate. Replicate 0
is the measurement itself, the others are bootstrap resamples of it. A cell without a measurement still has a row, with NaN, which
propagates to all later numbers. Sources: arXiv 2604.11290, section 2.2 and equations 2-4; Kim et al., 2025, arXiv 2412.03679
(PGR).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from polyglot.core.arrays import DECIMALS, Array, settled
from polyglot.core.errors import WrongInput
from polyglot.intrinsic.metrics import INTRINSIC, PAPER, Metric
from polyglot.scoring.statistics import rank_probabilities

Definition = Literal["released", "paper", "signsafe"]
Perplexity = Literal["mean", "corpus", "median"]
INTRINSIC_SCORES = ("intrinsic", "intrinsic_published")
DEFINITIONS: tuple[Definition, ...] = ("released", "paper", "signsafe")
STUDENT = ("base", "recipe", "teacher")
"""Keys of a student across languages; averages over languages are grouped by these."""
KEYS = (*STUDENT, "lang")


class MeasurementError(WrongInput):
    """Measurements that cannot be scored; the message names column and cell."""


def check_measurements(measurements: pd.DataFrame, scored: Sequence[str] = INTRINSIC) -> pd.DataFrame:
    """The measurements in a fixed order, complete: every replicate has every cell.

    Args:
        measurements: replicate, the keys, and the metrics that are scored. Optional: other metrics, student_score, base_score,
            reference_score, gain, gain_se, gap, gap_se, pgr_released, pgr_paper.
        scored: the required metrics.

    Raises:
        MeasurementError: names the missing column or the repeated or missing cell.
    """
    needed = ("replicate", *KEYS, *scored)
    missing = [column for column in needed if column not in measurements.columns]
    if missing:
        raise MeasurementError(f"measurements lack the column(s) {', '.join(missing)}; needed: {', '.join(needed)}")
    repeated = measurements.duplicated(["replicate", *KEYS])
    if repeated.any():
        row = measurements.loc[repeated].iloc[0]
        raise MeasurementError(f"duplicate cell ({', '.join(row[list(KEYS)])}) in replicate {row['replicate']}")
    cells = measurements.loc[measurements["replicate"] == 0, list(KEYS)]
    sizes = measurements.groupby("replicate").size()
    short = sizes[sizes != len(cells)]
    if len(short):
        raise MeasurementError(f"replicate {short.index[0]} has {short.iloc[0]} cells; replicate 0 has {len(cells)}")
    return measurements.sort_values(["replicate", *KEYS], ignore_index=True)


def zscore(values: Array, against: Array | None = None) -> Array:
    """z-score along the last axis with the population standard deviation; 0 where all values are equal; NaN stays NaN.

    Each row uses its own mean, but the standard deviation of the first row: resampling noise widens the spread of a row's cells,
    and dividing by it would shrink every interval towards zero. Where the cells of the first row are all equal, the resamples say
    how far chance alone moves them apart: their standard deviation is taken, since cells that happen to be equal are not certain.

    Args:
        values: shape (n,) or (replicates + 1, n), where row 0 is the measurement itself.
        against: the values whose mean and standard deviation define the scale, shape (..., m); None uses `values`.
    """
    scale = values if against is None else against
    if not np.isfinite(scale).any():
        return np.full(values.shape, np.nan)
    centred = values - np.nanmean(scale, axis=-1, keepdims=True)
    measured = scale[:1] if scale.ndim > 1 else scale
    spread = np.nanstd(measured, axis=-1, keepdims=True)
    least = 1e-12 * np.maximum(1, np.nanmax(np.abs(measured), axis=-1, keepdims=True))
    resampled = scale[1:][np.isfinite(scale[1:]).any(axis=-1)] if scale.ndim > 1 else scale[:0]
    if len(resampled) and (spread <= least).all():
        spread = np.sqrt(np.nanvar(resampled, axis=-1).mean(keepdims=True))[None]
    flat = spread <= least
    scored: Array = np.where(flat, np.where(np.isnan(values), np.nan, 0.0), centred / np.where(flat, 1, spread))
    return scored


def more_is_better(metric: Metric, values: Array) -> Array:
    """An intrinsic metric transformed for the score, such as perplexity to -log1p."""
    found: Array = np.log1p(values) if metric.transform == "log1p" else np.asarray(values, dtype=float)
    return -found if metric.better == "lower" else found


def intrinsic_components(
    measured: Mapping[str, Array], against: Mapping[str, Array] | None = None, scored: Sequence[Metric] = PAPER
) -> dict[str, Array]:
    """z-scores over cells (last axis) of the scored intrinsic metrics, see `zscore`."""
    scale = measured if against is None else against
    return {one.name: zscore(more_is_better(one, measured[one.name]), more_is_better(one, scale[one.name])) for one in scored}


def intrinsic_score(components: Mapping[str, Array], metrics: Sequence[str] | None = None) -> Array:
    """Mean of the z-scores (None: of all). It is relative to the set of cells, so adding a teacher changes every score."""
    return settled(np.mean([components[name] for name in (components if metrics is None else metrics)], axis=0))


def performance_gap_recovered(student: Array, base: Array, reference: Array) -> Array:
    """PGR = (student - base) / (reference - base) (equation 2); NaN where reference and base are equal."""
    gap = np.asarray(reference, dtype=float) - base
    ratio: Array = (np.asarray(student, dtype=float) - base) / np.where(gap == 0, np.nan, gap)
    return ratio


@dataclass(frozen=True)
class Parts:
    """What the PG-Score of some cells (last axis) is made of.

    `intrinsic`: the intrinsic score; `published`: the same with the mean perplexity, as `released` and `paper` take it (None: no
    other); `extrinsic`: pgr_released (one ratio of mean scores), pgr_paper (mean of the benchmarks'
    ratios), gain (student - base, mean benchmark scores), as far as they are known. The gain is not divided by its standard
    error, so that every language has the same weight, whatever the size of its benchmarks.
    """

    intrinsic: Array
    extrinsic: Mapping[str, Array]
    published: Array | None = None

    def of(self, name: str) -> Array:
        return self.extrinsic.get(name, np.full(self.intrinsic.shape, np.nan))


def pg_scores(parts: Parts, alpha: float, against: Parts | None = None) -> dict[str, Array]:
    """The PG-Score in each definition whose extrinsic input is available (others are NaN); cells are the last axis.

    Args:
        alpha: weight of the intrinsic score.
        against: the cells that define the z-score scales; None uses the cells themselves.
    """
    scale = against or parts

    def blend(cells: Parts, part: Array) -> Array:
        return alpha * (cells.intrinsic if cells.published is None else cells.published) + (1 - alpha) * part

    paper, paper_scale = (blend(cells, cells.of("pgr_paper")) for cells in (parts, scale))
    return {
        "released": blend(parts, parts.of("pgr_released")),
        "paper": zscore(paper, paper_scale),
        "signsafe": alpha * parts.intrinsic + (1 - alpha) * zscore(parts.of("gain"), scale.of("gain")),
    }


EXTRINSIC = ("pgr_released", "pgr_paper", "gain")


def scale_cells(cells: pd.DataFrame, recipe: str | None) -> npt.NDArray[np.bool_]:
    """The cells of one base that define the z-score scale: those of `recipe`, or all if it has none."""
    chosen = (cells["recipe"] == recipe).to_numpy()
    return chosen if chosen.any() else np.ones(len(cells), dtype=bool)


def score_cells(
    measurements: pd.DataFrame,
    *,
    alpha: float,
    confidence: float,
    recipe: str | None = None,
    frozen: pd.DataFrame | None = None,
    scored: Sequence[Metric] = PAPER,
    metrics: Sequence[str] | None = None,
    perplexity: Perplexity = "median",
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Score every cell in every definition.

    z-scores are computed within each base. With several recipes, the cells of `recipe` define the scale. A cell of the main
    recipe then has the same score whatever other recipes it is compared with, given the same teachers and languages.

    Args:
        measurements: see `check_measurements`.
        alpha: weight of the intrinsic score.
        confidence: coverage of the percentile intervals over replicates (none if there are no replicates).
        recipe: the recipe whose cells define the scale; None (or a recipe that a base does not have) uses all cells.
        frozen: cells of another study (see the returned `cells`) that define every scale instead: of the intrinsic metrics, of
            the score by `paper` and of the gain. No score then depends on which other cells are scored with it.
        scored: the intrinsic metrics of the score.
        metrics: the subset of them to use, for sensitivity analyses; None: all.
        perplexity: what `signsafe` takes as the perplexity of a set, where the measurements have it (column perplexity_median or
            perplexity_corpus; else the mean, which `released` and `paper` always take).

    Returns:
        (cells, replicates). `cells`: the measurements of replicate 0 with z_*, intrinsic and intrinsic_published (with
        the mean perplexity), and for each definition pg_*, each with _low and _high; with a gain also gain_low and gain_high.
        `replicates`: replicate, the keys, the intrinsic scores and pg_* of every replicate, including 0.

    Raises:
        MeasurementError: if measurements or the frozen cells lack a scored metric, or frozen cells what a definition needs.
    """
    intrinsics = [metric.name for metric in scored]
    ordered = check_measurements(measurements, intrinsics)
    cells = ordered[ordered["replicate"] == 0].drop(columns="replicate").reset_index(drop=True)
    robust = _robust(scored, perplexity, ordered)
    names = [name for name in (*intrinsics, *(one.name for one in robust.values()), *EXTRINSIC) if name in ordered.columns]
    arrays = {name: ordered[name].to_numpy(dtype=float).reshape(-1, len(cells)) for name in names}
    taken = intrinsics if metrics is None else metrics
    sides = ([robust[name].name if name in robust else name for name in taken], taken)
    columns: dict[str, Array] = {}
    for base, rows in cells.groupby("base", sort=True).indices.items():
        own = {name: values[:, rows] for name, values in arrays.items()}
        chosen = scale_cells(cells.iloc[rows], recipe)
        scale = {name: values[:, chosen] for name, values in own.items()}
        if frozen is not None:
            scale = _frozen_scale(frozen, str(base), recipe, [one for one in names if one != "pgr_released"])
        for name, values in _scored(own, scale, [*scored, *robust.values()], sides, alpha).items():
            columns.setdefault(name, np.full((len(values), len(cells)), np.nan))[:, rows] = values
    scores = {name: values for name, values in columns.items() if not name.startswith("z_")}
    replicates = ordered.loc[:, ["replicate", *KEYS]].assign(**{name: values.ravel() for name, values in scores.items()})
    cells = cells.assign(**{name: values[0] for name, values in columns.items() if name not in scores})
    for name, values in scores.items():
        low, high = interval(values[1:], confidence)
        cells[name], cells[f"{name}_low"], cells[f"{name}_high"] = values[0], low, high
    return _with_gain_interval(cells, arrays.get("gain"), confidence), replicates


def _scored(
    own: Mapping[str, Array],
    scale: Mapping[str, Array],
    scored: Sequence[Metric],
    sides: tuple[Sequence[str], Sequence[str]],
    alpha: float,
) -> dict[str, Array]:
    """z-scores (z_*), intrinsic scores and PG-Scores of one base's cells.

    Args:
        own, scale: what these cells measured, and those that define the scales.
        sides: the metrics in the intrinsic score of `signsafe`, and in the published one.
    """
    found = intrinsic_components(own, scale, scored)
    parts, against = (
        Parts(
            intrinsic_score(z, sides[0]),
            {name: measured[name] for name in EXTRINSIC if name in measured},
            intrinsic_score(z, sides[1]),
        )
        for z, measured in ((found, own), (intrinsic_components(scale, scale, scored), scale))
    )
    intrinsic = dict(zip(INTRINSIC_SCORES, (intrinsic_score(found, side) for side in sides), strict=True))
    scores = {f"pg_{name}": values for name, values in pg_scores(parts, alpha, against).items()}
    z = {f"z_{name}": values for name, values in found.items()}
    return {name: settled(values) for name, values in {**z, **intrinsic, **scores}.items()}


def _with_gain_interval(cells: pd.DataFrame, gain: Array | None, confidence: float) -> pd.DataFrame:
    """The cells with gain_low and gain_high: from replicates, else from a known standard error; NaN without either."""
    from scipy.stats import norm

    if gain is None:
        return cells
    low, high = interval(gain[1:], confidence)
    if len(gain) == 1 and "gain_se" in cells.columns:
        reach = norm.ppf((1 + confidence) / 2) * cells["gain_se"].to_numpy(dtype=float)
        low, high = gain[0] - reach, gain[0] + reach
    return cells.assign(gain_low=low, gain_high=high)


def _robust(scored: Sequence[Metric], choice: Perplexity, measurements: pd.DataFrame) -> dict[str, Metric]:
    """Scored metrics to those that `signsafe` takes in their place, where they are measured."""
    name = f"perplexity_{choice}"
    known = name in measurements.columns and measurements[name].notna().any()
    return {one.name: replace(one, name=name) for one in scored if one.name == "perplexity" and known}


def metrics_of(
    metrics: Sequence[Metric], definition: Definition, perplexity: Perplexity, measurements: pd.DataFrame
) -> list[Metric]:
    """The metrics as a definition takes them: for `signsafe` with the study's measure of perplexity, where it is measured."""
    robust = _robust(metrics, perplexity, measurements) if definition == "signsafe" else {}
    return [robust.get(metric.name, metric) for metric in metrics]


def check_scale(cells: pd.DataFrame, needed: Sequence[str], file: str = "the cells of scoring.scale") -> None:
    """Check that another study's cells can define the scales of these columns.

    Raises:
        MeasurementError: names the columns that are not there, or hold no number.
    """
    lacking = [name for name in ("base", "recipe", *needed) if name not in cells.columns or cells[name].isna().all()]
    if lacking:
        raise MeasurementError(
            f"{file}: no column {', '.join(lacking)}, which the scale needs; name the scores/main/cells.csv of a finished study "
            "with the same metrics"
        )
    for name in needed:
        wrong = ~pd.to_numeric(cells[name], errors="coerce").abs().lt(float("inf")) & cells[name].notna() & (cells[name] != "")
        if wrong.any():
            row = int(wrong.to_numpy().argmax()) + 1
            held = cells[name].iloc[row - 1]
            raise MeasurementError(f"{file}: row {row}: column '{name}' holds {held!r}, which is not a number")


def _frozen_scale(cells: pd.DataFrame, base: str, recipe: str | None, needed: Sequence[str]) -> dict[str, Array]:
    """What the cells of another study measured, each of shape (1, cells): those of this base and recipe, if it has any."""
    check_scale(cells, needed)
    own = cells[cells["base"] == base] if (cells["base"] == base).any() else cells
    own = own[scale_cells(own, recipe)]
    return {name: own[name].to_numpy(dtype=float)[None, :] for name in needed}


def interval(replicates: Array, confidence: float) -> tuple[Array, Array]:
    """Percentile interval over the first axis; NaN without replicates. Among infinite ones, as prices where nothing is usable, it
    ends at a replicate, since nothing lies between a number and infinity."""
    if len(replicates) == 0 or not np.isfinite(replicates).any():
        empty = np.full(replicates.shape[1:], np.nan)
        return empty, empty
    tail = (1 - confidence) / 2
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "All-NaN slice", RuntimeWarning)  # an empty cell has no interval
        if not np.isinf(replicates).any():
            low, high = np.nanquantile(replicates, [tail, 1 - tail], axis=0)
        else:
            low = np.nanquantile(replicates, tail, axis=0, method="lower")
            high = np.nanquantile(replicates, 1 - tail, axis=0, method="higher")
    return low, high


def rank_teachers(replicates: pd.DataFrame, *, definition: Definition, confidence: float) -> pd.DataFrame:
    """Average over languages of every definition, with intervals, rank, and probabilities of ranks.

    Teachers are ranked among those of the same base and recipe; equal scores share the better rank. A teacher with an empty cell
    has no average and no rank, because an average over fewer languages is not comparable.

    Args:
        replicates: from `score_cells`.

    Returns:
        One row per base, recipe and teacher, best first by `definition`: base, recipe, rank, teacher, languages (measured ones),
        for each definition pg_* with _low and _high, and from `polyglot.scoring.statistics.rank_probabilities` p_first, p_top,
        rank_low, rank_high, expected_rank, p_lead (NaN without replicates).
    """
    columns = [*(f"pg_{name}" for name in DEFINITIONS), *INTRINSIC_SCORES]
    found = []
    for (base, recipe), group in replicates.groupby(["base", "recipe"], sort=False):
        means = group.groupby(["replicate", "teacher"])[columns].mean(skipna=False).round(DECIMALS) + 0.0
        point, drawn = means.xs(0, level="replicate"), means.drop(index=0, level="replicate")
        measured = group[(group["replicate"] == 0) & group["intrinsic"].notna()].groupby("teacher")["lang"].nunique()
        ranked = pd.DataFrame({"languages": measured.reindex(point.index, fill_value=0)})
        for column in columns:
            low, high = interval(_wide(drawn, column, point.index), confidence)
            ranked[column], ranked[f"{column}_low"], ranked[f"{column}_high"] = point[column], low, high
        score = point[f"pg_{definition}"]
        wide = pd.DataFrame(_wide(drawn, f"pg_{definition}", point.index), columns=point.index)
        ranks = rank_probabilities(wide, point=score, confidence=confidence).set_index("teacher")
        ranked = ranked.join(ranks).sort_values(f"pg_{definition}", ascending=False, na_position="last").reset_index()
        ranked.insert(0, "rank", ranked.pop("rank").astype("Int64"))
        found.append(pd.concat([pd.DataFrame({"base": base, "recipe": recipe}, index=ranked.index), ranked], axis=1))
    return pd.concat(found, ignore_index=True)


def _wide(drawn: pd.DataFrame, column: str, teachers: pd.Index) -> Array:
    """Replicates by teachers."""
    wide: Array = drawn[column].unstack("teacher").reindex(columns=teachers).to_numpy(dtype=float)
    return wide


def gap_flags(gaps: pd.DataFrame) -> pd.DataFrame:
    """Languages whose reference does not beat the base by more than the gap's standard error; PGR is unreliable there.

    Args:
        gaps: columns base, lang, base_score, reference_score, gap, gap_se.

    Returns:
        The same with `flagged` and a `reason`.
    """
    flagged = gaps["gap"] <= gaps["gap_se"]
    below = gaps["gap"] < 0
    reason = np.where(below, "reference below base", np.where(flagged, "gap within its standard error", ""))
    return gaps.assign(flagged=flagged, reason=reason)
