"""Statistics over cells (teacher, language): mixed models, rank correlations, probabilities of ranks.

Every function drops rows with missing values and reports the number `n` of rows used. If nothing can be estimated, it returns NaN
and gives the reason in `note`. Intervals are two-sided with coverage `confidence`, 0 to 1; tests/unit/scoring/ test_coverage.py
checks their coverage by simulation. Source of the analyses: arXiv 2604.11290, tables 3 and 4, figures 2 to 4.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from polyglot.core.arrays import settled

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
FEWEST = 3
"""Pairs below which a rank correlation says nothing: of two pairs it is always 1 or -1."""
EXACT_RANKS = 8
"""Maximum number of pairs for the exact p-value of a rank correlation, by enumerating all permutations."""


def known_rows(frame: pd.DataFrame, numbers: Sequence[str], labels: Sequence[str] = ()) -> npt.NDArray[np.bool_]:
    """Rows with a finite value in every numeric column and a label in every label column, shape (rows,)."""
    known = [np.isfinite(matrix(frame, numbers)), frame[list(labels)].notna().to_numpy(dtype=bool)]
    complete: npt.NDArray[np.bool_] = np.logical_and.reduce(np.column_stack(known), axis=1)
    return complete


def matrix(frame: pd.DataFrame, columns: Sequence[str]) -> Array:
    values: Array = frame[list(columns)].to_numpy(dtype=float, na_value=np.nan)
    return values


def constant(values: Array) -> npt.NDArray[np.bool_]:
    """Whether each column is constant up to rounding."""
    flat: npt.NDArray[np.bool_] = values.max(axis=0) - values.min(axis=0) <= 1e-12 * np.maximum(1, np.abs(values).max(axis=0))
    return flat


def mixed_effects(
    frame: pd.DataFrame, outcome: str, predictor: str, *, group: str = "teacher", confidence: float
) -> pd.DataFrame:
    """Linear mixed model outcome ~ predictor + random intercept per group (statsmodels MixedLM, REML).

    Intervals and p-values use Student's t with Satterthwaite's degrees of freedom (Biometrics Bulletin 2, 1946; for REML as in
    lmerTest, Kuznetsova et al., Journal of Statistical Software 82, 2017), not Wald's z. In a balanced design there are groups -
    2 for a predictor that is constant within groups (a teacher's size), rows - groups - 1 for one that varies only within groups,
    and intermediate values otherwise. With ten teachers, a 95 % z interval is narrower and covers only 92 %. If the variance
    between groups is estimated as zero, the model is an ordinary regression with rows - 2 degrees of freedom. In simulations (ten
    groups of six), this keeps coverage between 95 and 97 %; groups - 2 would give up to 98 %.

    The optimiser starts at the moment estimate of the variance ratio: from MixedLM's default start it often stops early.

    Returns:
        One row per term ("intercept", predictor): term, coefficient, se, low, high, p, df, group_sd, residual_sd, n, groups,
        converged, note. Units are those of the outcome (per unit of the predictor).
    """
    used = frame.loc[known_rows(frame, [outcome, predictor], [group])]
    y, x = matrix(used, [outcome, predictor]).T
    codes = pd.factorize(used[group])[0].astype(np.int64)
    terms = ["intercept", predictor]
    numbers = ["coefficient", "se", "low", "high", "p", "df", "group_sd", "residual_sd"]
    table = pd.DataFrame({"term": terms, **dict.fromkeys(numbers, np.nan), "n": len(used), "groups": len(np.unique(codes))})
    note = _mixed_obstacle(y, x, codes)
    if note:
        return table.assign(converged=False, note=note)
    from scipy.stats import t as student

    try:
        fit = _fit_random_intercept(y, x, codes)
    except (np.linalg.LinAlgError, ValueError) as error:
        return table.assign(converged=False, note=f"the model could not be fitted: {error}")
    se = np.sqrt(fit.variance)
    reach = student.ppf((1 + confidence) / 2, fit.df) * se
    notes = ["" if fit.converged else "the optimiser did not converge"]
    notes += ["the variance between groups is estimated as zero (on the boundary)"] if fit.boundary else []
    return table.assign(
        coefficient=fit.coefficient,
        se=se,
        low=fit.coefficient - reach,
        high=fit.coefficient + reach,
        p=2 * student.sf(np.abs(fit.coefficient) / se, fit.df),
        df=fit.df,
        group_sd=np.sqrt(fit.between) * y.std(),
        residual_sd=np.sqrt(fit.within) * y.std(),
        converged=fit.converged,
        note="; ".join(filter(None, notes)),
    )


@dataclass(frozen=True)
class _Fit:
    """A fitted random intercept model: arrays by term (intercept, predictor) in units of the outcome; variances standardised."""

    coefficient: Array
    variance: Array
    df: Array
    between: float
    within: float
    boundary: bool
    converged: bool


def _fit_random_intercept(y: Array, x: Array, codes: Indices) -> _Fit:
    """Fit y ~ x + random intercept by code, both standardised.

    Raises:
        np.linalg.LinAlgError, ValueError: if it cannot be fitted.
    """
    from statsmodels.regression.mixed_linear_model import MixedLM

    scale_y, scale_x = y.std(), x.std()
    design = np.column_stack([np.ones(len(x)), (x - x.mean()) / scale_x])
    standard = (y - y.mean()) / scale_y
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        start = [np.sqrt(max(_moment_ratio(standard, design, codes), 0.05))]
        fit = MixedLM(standard, design, groups=codes).fit(start_params=start, reml=True, method=["bfgs", "powell"])
    between, within = float(np.asarray(fit.cov_re)[0, 0]), float(fit.scale)
    boundary = between < 1e-5 * within
    between = 0.0 if boundary else between
    contrasts = np.array([[1, -x.mean() / scale_x], [0, 1 / scale_x]]) * scale_y
    variance, df = _satterthwaite(design, codes, between, within, contrasts)
    df = np.full(2, len(y) - 2.0) if boundary else df
    coefficient = contrasts @ np.asarray(fit.fe_params) + [y.mean(), 0]
    return _Fit(coefficient, variance, df, between, within, boundary, bool(fit.converged))


def _mixed_obstacle(y: Array, x: Array, codes: Indices) -> str:
    """Why a random intercept model of y on x cannot be fitted; empty if it can."""
    sizes = np.bincount(codes)
    if len(sizes) < 2:
        return f"{len(sizes)} group(s); at least 2 are needed"
    if constant(x[:, None])[0]:
        return "the predictor is constant"
    if constant(y[:, None])[0]:
        return "the outcome is constant"
    if sizes.max() == 1:
        return "every group has one row, so that groups cannot be distinguished from noise"
    y_in, x_in = (values - (np.bincount(codes, values) / sizes)[codes] for values in (y, x))
    moves = x_in @ x_in > 1e-12 * len(x) * x.var()
    if not moves and len(sizes) < 3:
        return "the predictor is constant within groups: at least 3 groups are needed"
    rest = y_in - (x_in @ y_in / (x_in @ x_in) * x_in if moves else 0)
    if len(y) - len(sizes) - moves < 1 or rest @ rest <= 1e-12 * len(y) * y.var():
        return "groups and predictor explain the outcome exactly; there is no residual to estimate"
    return ""


def _moment_ratio(y: Array, design: Array, codes: Indices) -> float:
    """Moment estimate of (variance between groups) / (variance within), from the least squares residuals; may be negative."""
    residual = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    sizes = np.bincount(codes)
    means = np.bincount(codes, residual) / sizes
    inside = np.sum((residual - means[codes]) ** 2) / max(len(y) - len(sizes), 1)
    return float((sizes @ means**2 / max(len(sizes) - 2, 1) / inside - 1) / sizes.mean())


def _satterthwaite(design: Array, codes: Indices, between: float, within: float, contrasts: Array) -> tuple[Array, Array]:
    """Variance and degrees of freedom of contrasts of fixed effects, from REML's expected information; shapes (contrasts,).

    df = 2 v^2 / (g' A g): v the variance of the contrast, g its gradient in (between, within), A the inverse information.
    """
    member = (codes[:, None] == np.unique(codes)).astype(float)
    inverse = np.linalg.inv(within * np.eye(len(codes)) + between * member @ member.T)
    covariance = np.linalg.inv(design.T @ inverse @ design)
    weights = inverse @ design @ covariance
    projection = inverse - weights @ design.T @ inverse
    cross = projection @ member
    shared = np.sum(cross**2)
    information = np.array([[np.sum((member.T @ cross) ** 2), shared], [shared, np.sum(projection**2)]]) / 2
    moved = weights @ contrasts.T
    gradient = np.stack([np.sum((member.T @ moved) ** 2, axis=0), np.sum(moved**2, axis=0)])
    variance: Array = np.einsum("ci,ij,cj->c", contrasts, covariance, contrasts)
    return variance, 2 * variance**2 / np.sum(gradient * np.linalg.solve(information, gradient), axis=0)


def spearman_matrix(frame: pd.DataFrame, columns: Sequence[str], *, confidence: float) -> pd.DataFrame:
    """Spearman's rank correlation of every pair of columns, over rows with both values.

    The interval is Fisher's z with the standard error sqrt((1 + rho^2 / 2) / (n - 3)) of Bonett & Wright, Psychometrika 65, 2000.
    At |rho| = 1 the centre is moved inside by half a step of rho (6 / (n (n^2 - 1))), because a few pairs can agree by chance;
    the interval still reaches 1. The p-value is exact (all permutations) up to 8 pairs, where scipy's t approximation can give 0,
    and scipy's for more.

    Where rows of one teacher or of one language (columns `teacher` and `lang`, if there are any) are alike in both columns, n is
    the effective number of rows, for the interval and for the t approximation of p (`_effective`). With teachers and languages
    that differ as much as their cells, intervals cover 95 to 99 %; with n as it is 60 to 94 %.

    Returns:
        One row per ordered pair, including the diagonal: a, b, rho, low, high, p, n, effective (number of rows), note.
    """
    values = dict(zip(columns, matrix(frame, columns).T, strict=True))
    kinds = _relations([pd.factorize(frame[name])[0] for name in ("teacher", "lang") if name in frame.columns], len(frame))
    pairs: dict[frozenset[str], dict[str, Any]] = {}
    for place, a in enumerate(columns):
        for b in columns[place:]:
            both = np.column_stack([values[a], values[b]])
            known = np.isfinite(both).all(axis=1)
            pairs[frozenset((a, b))] = _spearman(both[known], confidence, kinds[np.ix_(known, known)], same=a == b)
    rows = [{"a": a, "b": b, **pairs[frozenset((a, b))]} for a in columns for b in columns]
    return pd.DataFrame(rows, columns=["a", "b", "rho", "low", "high", "p", "n", "effective", "note"])


def _relations(factors: Sequence[Indices], n: int) -> Indices:
    """What each two of n rows share, shape (n, n): a bit for each factor with the same label; missing labels (-1) are alike to
    none. Factors with one label tell nothing and are left out. A row with itself has -1."""
    kinds = np.zeros((n, n), dtype=np.int64)
    for place, codes in enumerate(factors):
        if len(np.unique(codes)) > 1:
            kinds += ((codes[:, None] == codes) & (codes >= 0)) * 2**place
    np.fill_diagonal(kinds, -1)
    return kinds


def _effective(ranks: Array, kinds: Indices) -> float:
    """The number of independent rows with which two columns' correlation would be as uncertain as it is.

    n / (1 + sum over kinds of related rows of m r_a r_b / n): m ordered pairs of rows of that kind, r the correlation of a column
    within them, from moments, at least 0 (Clifford, Richardson & Hemon, Biometrics 45, 1989).

    Args:
        ranks: shape (n, 2).
        kinds: see `_relations`.
    """
    n = len(ranks)
    unrelated = kinds == 0
    if not unrelated.any():
        return float(n)
    centred = ranks - ranks.mean(axis=0)
    products = centred[:, None] * centred
    apart, own = products[unrelated].mean(axis=0), (centred**2).mean(axis=0)
    grown = 1.0
    for kind in np.unique(kinds[kinds > 0]):
        alike = np.maximum((products[kinds == kind].mean(axis=0) - apart) / (own - apart), 0)
        grown += float(np.sum(kinds == kind)) / n * float(alike.prod())
    return n / grown


def _spearman(pairs: Array, confidence: float, kinds: Indices, *, same: bool) -> dict[str, Any]:
    """One row of `spearman_matrix` for complete pairs of shape (n, 2); `same` for a column with itself."""
    from scipy.stats import norm, permutation_test, rankdata, spearmanr, t

    n = len(pairs)
    found = {"rho": np.nan, "low": np.nan, "high": np.nan, "p": np.nan, "n": n, "effective": float(n), "note": ""}
    if n < FEWEST or constant(pairs).any():
        return found | {"note": f"fewer than {FEWEST} pairs" if n < FEWEST else "a column is constant"}
    if same:
        return found | {"rho": 1.0, "low": 1.0, "high": 1.0, "p": 0.0}
    test = spearmanr(*pairs.T)
    rho, p = float(np.clip(test.statistic, -1, 1)), float(test.pvalue)
    effective = _effective(rankdata(pairs, axis=0), kinds)
    if effective < n:
        spare = max(effective - 2, 1.0)
        p = float(2 * t.sf(abs(rho) * np.sqrt(spare / max(1 - rho**2, 1e-12)), spare))
    elif n <= EXACT_RANKS:
        first, second = rankdata(pairs, axis=0).T - (n + 1) / 2
        options = {"permutation_type": "pairings", "n_resamples": np.inf, "vectorized": True}
        p = float(permutation_test((first,), lambda x, axis: (x * second).sum(axis=axis), **options).pvalue)
    found |= {"rho": rho, "p": p, "effective": effective}
    if n < 4:
        return found | {"note": "an interval needs 4 pairs"}
    most = 1 - 6 / (n * (n**2 - 1))
    centre = np.clip(rho, -most, most)
    step = norm.ppf((1 + confidence) / 2) * np.sqrt((1 + centre**2 / 2) / max(effective - 3, 1))
    low, high = np.tanh(np.arctanh(centre) + np.array([-step, step])).tolist()
    return found | {"low": low if rho > -most else -1.0, "high": high if rho < most else 1.0}


def rank_probabilities(wide: pd.DataFrame, *, point: pd.Series[float], confidence: float, top: int = 3) -> pd.DataFrame:
    """Uncertainty of a ranking of teachers, from bootstrap replicates of their scores; higher is better, ties share the better
    rank.

    A teacher without a point estimate is not ranked. A replicate in which one of the ranked teachers has no score (under
    `released` and `paper`, one in which base and reference tie) is left out and counted in the note; a teacher that lacks a score
    in more than half of them is not ranked. Tied teachers are all first, so p_first may sum to more than 1. p_first, p_top and
    expected_rank come from the replicates' ranks. rank_low and rank_high are a confidence interval for the true rank, from
    simultaneous bootstrap t intervals of the teacher's differences from the others (Mogstad et al., Inference for Ranks, Review
    of Economic Studies 91, 2024). They count the teachers that are significantly better or worse. Coverage is at least
    `confidence`, and higher if teachers are far apart. Quantiles of the replicates' ranks would cover only 75 % for the best of
    ten similar teachers.

    p_lead, of the first alone, is the p-value of its lead: the largest of the two-sided p-values of its difference from each
    other teacher. Of any number of equal teachers, the lead of the best has p_lead <= a in at most a share a of studies: the
    test of the selected best against the others needs no correction for the selection if it is two-sided (Gutmann & Maymin,
    Annals of Statistics 15, 1987; Hung & Fithian, Annals of Statistics 47, 2019). p_first has no such bound: of two equal
    teachers, one passes 0.95 in a tenth of studies.

    Args:
        wide: one row per replicate, one column per teacher.
        point: the point estimates, by teacher.

    Returns:
        One row per teacher, best first: teacher, rank, p_first, p_top (probability of a rank <= top), rank_low, rank_high,
        expected_rank, p_lead, n (replicates used), note.
    """
    from scipy.stats import rankdata

    drawn = settled(matrix(wide.reindex(columns=point.index), list(point.index)))
    scores = settled(matrix(point.to_frame("point"), ["point"])[:, 0])
    scored = np.isfinite(drawn)
    known = np.isfinite(scores) & (2 * scored.sum(axis=0) >= len(drawn))
    whole = scored[:, known].all(axis=1)
    rank = np.full(len(point), np.nan)
    rank[known] = rankdata(-scores[known], method="min")
    names = ["p_first", "p_top", "rank_low", "rank_high", "expected_rank", "p_lead"]
    found = np.full((len(point), len(names)), np.nan)
    if whole.any() and known.any():
        complete = drawn[whole][:, known]
        ranks = rankdata(-complete, method="min", axis=1)
        shares = [np.mean(ranks <= last, axis=0) for last in (1, top)]
        ends = _rank_interval(complete, scores[known], confidence)
        found[known] = np.column_stack([*shares, *ends, ranks.mean(axis=0), _lead(complete, scores[known])])
    table = pd.DataFrame(found, columns=names)
    table.insert(0, "rank", rank)
    table.insert(0, "teacher", point.index.to_numpy())
    left_out = f"{len(drawn) - whole.sum()} replicates lack a score" if not whole.all() else ""
    note = np.where(known, left_out if len(drawn) else "no replicates", "a score is missing")
    return table.assign(n=int(whole.sum()), note=note).sort_values("rank", kind="stable", ignore_index=True)


def _lead(drawn: Array, scores: Array) -> Array:
    """p_lead of the teacher with the highest score, NaN for the others and without others; `drawn`: (replicates, teachers)."""
    found = np.full(len(scores), np.nan)
    if len(scores) > 1:
        best = int(scores.argmax())
        gap = np.delete(scores[best] - scores, best)
        moves = np.delete(drawn[:, [best]] - drawn, best, axis=1) - gap
        found[best] = np.max((1 + np.sum(np.abs(moves) >= gap, axis=0)) / (1 + len(drawn)))
    return found


def holm(p_values: Array) -> Array:
    """p-values adjusted for their number (Holm, Scandinavian Journal of Statistics 6, 1979); NaN stays NaN.

    One of true null hypotheses has an adjusted p-value <= a in at most a share a of studies.
    """
    found = np.array(p_values, dtype=float)
    known = np.flatnonzero(np.isfinite(found))
    order = known[np.argsort(found[known], kind="stable")]
    steps = found[order] * np.arange(len(order), 0, -1)
    found[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return found


def _rank_interval(drawn: Array, scores: Array, confidence: float) -> Array:
    """Ends of the interval of each teacher's rank, shape (2, teachers); `drawn`: (replicates, teachers)."""
    ends = np.empty((2, len(scores)))
    for place, score in enumerate(scores):
        gap = scores - score
        moves = drawn - drawn[:, [place]] - gap
        se = np.sqrt(np.mean(moves**2, axis=0))
        reach = np.quantile(np.max(np.abs(moves) / np.where(se > 0, se, 1), axis=1), confidence) * se + 1e-12
        ends[:, place] = 1 + np.sum(gap > reach), len(scores) - np.sum(-gap > reach)
    return ends
