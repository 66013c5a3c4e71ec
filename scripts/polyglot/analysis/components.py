"""Principal components of metrics over cells, and regression on them: in and out of sample, and for new cells.

A teacher's cells are similar, and so are a language's. p-values, and intervals of coefficients, permute whole teachers and
languages; intervals of loadings resample whole teachers and languages; those of predictions come from teachers left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import factorial, prod
from typing import Any

import numpy as np
import pandas as pd

from polyglot.scoring.statistics import Array, Indices, constant, known_rows, matrix

KEYS = ("teacher", "lang")
ENOUGH = 0.9
"""Share of resamples below which a note says how many could be used."""
LEAST_SHARE = 1e-9
"""Share of the variance that a component has at least: less is rounding."""


@dataclass(frozen=True)
class _Components:
    """Principal components of z-scored columns: mean and scale (k,), vectors (components, k), eigenvalues of the correlations."""

    mean: Array
    scale: Array
    vectors: Array
    eigenvalues: Array

    @classmethod
    def fit(cls, values: Array, components: int) -> _Components:
        """From (n, k) values with scikit-learn; a constant column counts as zero, the largest absolute loading is positive."""
        from sklearn.decomposition import PCA

        mean, scale = values.mean(axis=0), np.where(constant(values), 1, values.std(axis=0))
        with np.errstate(invalid="ignore"):
            pca = PCA(components, svd_solver="full").fit((values - mean) / scale)
        vectors = pca.components_
        largest = np.take_along_axis(vectors, np.abs(vectors).argmax(axis=1)[:, None], axis=1)
        return cls(mean, scale, vectors * np.where(largest < 0, -1, 1), pca.explained_variance_ * (1 - 1 / len(values)))

    def scores(self, values: Array) -> Array:
        scored: Array = (values - self.mean) / self.scale @ self.vectors.T
        return scored

    def design(self, values: Array) -> Array:
        """Intercept and scores, shape (n, 1 + components)."""
        return np.insert(self.scores(values), 0, 1, axis=1)


def principal_components(
    frame: pd.DataFrame, columns: Sequence[str], *, components: int, resamples: int, confidence: float, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Principal components of the z-scored columns over cells (scikit-learn), with bootstrap intervals.

    A loading is an element of a component's unit vector (times the square root of the eigenvalue it is the correlation of metric
    and component); the largest in absolute value is positive. Cells are resampled, columns z-scored again, and the resampled
    components matched to the estimate by the assignment with the largest sum of absolute cosines, then in sign. Matching uses no
    rotation, which would hide that components with close eigenvalues mix.

    Intervals are expanded percentile intervals (Hesterberg, The American Statistician 69, 2015): quantiles at the level Phi(-t
    sqrt(n / (n - 1))), t with n - 1 degrees of freedom. In simulations with 60 cells, the worst of 18 loadings is covered in 93 %
    of cases. Percentile, BCa and standard-error intervals reach 91 to 92 %, basic ones 87 %.

    Where the frame has teachers or languages, these are resampled, not cells: each on its own, a cell counting as often as both
    are drawn (Owen, The pigeonhole bootstrap, Annals of Applied Statistics 1, 2007), and n is the number of teachers. In
    simulations they cover 92 to 99 % of loadings, whether or not teachers and languages differ; cells resampled, 73 to 90 % where
    they do.

    Returns:
        (loadings, variance, scores). `loadings`: component, metric, loading, low, high. `variance`: component, eigenvalue (of
        the correlation matrix; all of them sum to the number of columns), share (of the total), low, high (of the share),
        cumulative, n, note. `scores`: columns PC1, PC2, ... on the frame's index, NaN in rows that lack a value.
    """
    known, names = known_rows(frame, columns), [f"PC{place + 1}" for place in range(components)]
    values = matrix(frame, columns)[known]
    (n, width), note = values.shape, ""
    if n < 3 or not 1 <= components <= min(n - 1, width):
        note = f"{n} complete rows of {width} columns have no {components} components"
    elif constant(values).any():
        note = "constant column: " + ", ".join(np.array(columns)[constant(values)])
    found, ends = np.full((components, width + 1), np.nan), np.full((2, components, width + 1), np.nan)  # loadings, then share
    scores = np.full((len(frame), components), np.nan)
    if not note:
        fitted = _Components.fit(values, min(n - 1, width))
        found = np.column_stack([fitted.vectors, fitted.eigenvalues / width])[:components]
        scores[known] = fitted.scores(values)[:, :components]
        weights, groups = _weights(frame.loc[known], resamples, np.random.default_rng(seed))
        drawn = _resampled_components((values - fitted.mean) / fitted.scale, fitted.vectors, weights, components)
        ends = _expanded_percentiles(drawn, groups, confidence)
        note = f"only {len(drawn)} of {resamples} resamples could be used" if len(drawn) < ENOUGH * resamples else ""
    loadings = pd.DataFrame({"component": np.repeat(names, width), "metric": list(columns) * components})
    loadings[["loading", "low", "high"]] = np.stack([found, *ends], axis=-1)[:, :width].reshape(-1, 3)
    share = found[:, width]
    variance = pd.DataFrame({"component": names, "eigenvalue": share * width, "share": share})
    variance = variance.assign(low=ends[0, :, width], high=ends[1, :, width], cumulative=share.cumsum(), n=n, note=note)
    return loadings, variance, pd.DataFrame(scores, index=frame.index, columns=names)


def _expanded_percentiles(drawn: Array, n: int, confidence: float) -> Array:
    """Ends of the expanded percentile interval over the first axis, shape (2, ...); NaN without resamples."""
    from scipy.stats import norm, t

    if not len(drawn):
        return np.full((2, *drawn.shape[1:]), np.nan)
    level = norm.cdf(-t.ppf((1 + confidence) / 2, n - 1) * np.sqrt(n / (n - 1)))
    ends: Array = np.quantile(drawn, [level, 1 - level], axis=0)
    return ends


def _weights(frame: pd.DataFrame, resamples: int, rng: np.random.Generator) -> tuple[Array, int]:
    """How often each row is in each resample, shape (resamples, n), and how many of the first factor's labels there are.

    Teachers and languages are resampled independently, as far as the frame has several; without either, rows are.
    """
    factors = [pd.factorize(frame[name], use_na_sentinel=False)[0] for name in KEYS if name in frame.columns]
    factors = [codes for codes in factors if len(np.unique(codes)) > 1] or [np.arange(len(frame))]
    counts = [codes.max() + 1 for codes in factors]
    drawn = [rng.multinomial(count, np.full(count, 1 / count), size=resamples) for count in counts]
    weights: Array = np.prod([each[:, codes] for each, codes in zip(drawn, factors, strict=True)], axis=0, dtype=float)
    return weights, int(counts[0])


def _resampled_components(values: Array, reference: Array, weights: Array, components: int) -> Array:
    """The first components of bootstrap resamples of rows, matched to the reference.

    Resamples with a constant column are dropped, and those with fewer such components than are asked for. Directions in which a
    resample's rows do not differ are no components: which of them is found is chance, as far as rounding goes.

    Args:
        values: z-scores, shape (n, k).
        reference: components to match, shape (m, k).
        weights: how often each row is in each resample, shape (resamples, n).
        components: how many are wanted, at most m.

    Returns:
        Loadings, then the share of the total variance, shape (resamples kept, components, k + 1).
    """
    from scipy.optimize import linear_sum_assignment

    n, width = values.shape
    weights = weights[weights.any(axis=1)]
    weights = weights / weights.sum(axis=1, keepdims=True)
    means, products = weights @ values, (values[:, :, None] * values[:, None, :]).reshape(n, -1)
    covariance = (weights @ products).reshape(-1, width, width) - means[:, :, None] * means[:, None, :]
    spread = np.sqrt(np.maximum(np.einsum("bii->bi", covariance), 0))
    kept = (spread > 1e-6).all(axis=1)
    covariance, spread = covariance[kept], spread[kept]
    eigenvalues, vectors = np.linalg.eigh(covariance / spread[:, :, None] / spread[:, None, :])
    there = eigenvalues > LEAST_SHARE * width
    enough = there.sum(axis=1) >= components
    eigenvalues, vectors, there = eigenvalues[enough], np.swapaxes(vectors[enough], 1, 2), there[enough]
    first = np.arange(len(reference)) < components  # the only ones, where there are fewer than all
    wanted = there[:, None, :] & (first | there.all(axis=1, keepdims=True))[:, :, None]
    cosines = np.where(wanted, np.einsum("bij,mj->bmi", vectors, reference), 0)
    order = np.abs(cosines).argmax(axis=2)
    for place in np.flatnonzero([len(set(row)) < len(row) for row in order.tolist()]):
        order[place] = linear_sum_assignment(-np.abs(cosines[place]))[1]
    signs = np.where(np.take_along_axis(cosines, order[:, :, None], axis=2) < 0, -1, 1)
    loadings = np.take_along_axis(vectors, order[:, :, None], axis=1) * signs
    found = np.concatenate([loadings, np.take_along_axis(eigenvalues, order, axis=1)[:, :, None] / width], axis=2)
    return found[:, :components]


def component_regression(
    frame: pd.DataFrame,
    columns: Sequence[str],
    outcome: str,
    *,
    components: int,
    confidence: float,
    permutations: int,
    seed: int,
    within: Sequence[str] = ("lang", "teacher"),
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Least squares of the outcome on the first principal components of the z-scored columns, in sample and out of sample.

    Scaling and components are fitted inside each training fold; R2 = 1 - SSE / SST, where SST uses a held-out row's deviation
    from the mean of its *training* fold. R2 = 0 is no better than that mean; R2 may be negative.

    The permutation p-value is (1 + #{permuted R2 >= R2}) / (1 + permutations), with the whole procedure repeated each time. Cells
    of one teacher or language are similar, so rows are not exchangeable. Under the null hypothesis that metrics do not predict
    the outcome, teachers are exchangeable, and so are languages. So whole teacher labels and whole language labels are permuted
    (rows and columns of the outcome table stay together). Other crossed factors of `within` are permuted too; a factor determined
    by teacher or language, such as family, moves with it. Labels are exchanged only if they have the same cells; several rows of
    a cell are shuffled. Permuting rows freely would be wrong: with teacher and language effects in metrics and outcome, unrelated
    data give p < 0.05 in 45 % of simulations.

    p-values and intervals of the coefficients, given the components, invert the same permutation test (Ernst, Statistical Science
    19, 2004): the interval holds the values that, taken off the outcome times the component, leave a coefficient as large as that
    of many permutations. The other components are taken off first, and what is left is widened by the degrees of freedom that
    they cost among teachers. Least squares covers 78 to 87 %, this 93 to 98 %. The intercept, the mean outcome, has no interval.

    Returns:
        (validation, coefficients, predictions). `validation`: validation ("in_sample", "leave_one_lang_out", ...), r2, rmse,
        p_permutation, n, groups, note. `coefficients`: term ("intercept", "PC1", ...), coefficient, low, high, p, n, note.
        `predictions`, one row per used row of the frame, on its index: teacher, lang (and other columns of `within`), actual, and
        one column per validation.
    """
    keys = [name for name in KEYS if name in frame.columns]
    labels = [*keys, *(name for name in within if name not in KEYS)]
    used = frame.loc[known_rows(frame, [*columns, outcome], labels)]
    values, y = matrix(used, columns), matrix(used, [outcome])[:, 0]
    codes = {name: pd.factorize(used[name])[0].astype(np.int64) for name in labels}
    moved = [name for name in labels if name in keys or all(used.groupby(key)[name].nunique().max() > 1 for key in keys)]
    table = np.array([codes[name] for name in moved], dtype=np.int64).reshape(len(moved), len(used))
    orders, rare = _rearrangements(table, permutations, np.random.default_rng(seed))
    predictions = used[labels].assign(actual=y)
    validations = []
    for name, fold in [("in_sample", None), *((f"leave_one_{name}_out", codes[name]) for name in within)]:
        smoother, average, note = _smoother(values, components, fold)
        note = note or ("the outcome is constant" if constant(y[:, None])[0] else "")
        found = {"r2": np.nan, "rmse": np.nan, "p_permutation": np.nan}
        predictions[name] = np.nan if note else smoother @ y
        if not note:
            every = np.concatenate([y[None], y[orders]])
            error, total = (np.sum((every - every @ linear.T) ** 2, axis=1) for linear in (smoother, average))
            r2 = 1 - error / total
            found |= {"r2": r2[0], "rmse": np.sqrt(error[0] / len(y))}
            found["p_permutation"] = (1 + np.sum(r2[1:] >= r2[0] - 1e-9)) / len(r2) if len(orders) else np.nan
        groups = 0 if fold is None else len(np.unique(fold))
        validations.append({"validation": name, **found, "n": len(used), "groups": groups, "note": note or rare})
    teachers = len(np.unique(codes.get("teacher", np.arange(len(used)))))
    return pd.DataFrame(validations), _coefficients(values, y, components, confidence, orders, teachers), predictions


def _smoother(values: Array, components: int, fold: Indices | None) -> tuple[Array, Array, str]:
    """Matrices that map outcomes to predictions and to training-fold means, both of shape (n, n).

    Scaling and components do not depend on the outcome, so one pair of matrices serves all permutations.

    Args:
        fold: each row's fold; None fits and predicts all rows.

    Returns:
        (predictions, means, why there are none).
    """
    n, width = values.shape
    smoother, average, everywhere = np.zeros((n, n)), np.zeros((n, n)), np.ones(n, dtype=bool)
    folds = [(everywhere, everywhere)] if fold is None else [(fold != label, fold == label) for label in np.unique(fold)]
    for train, test in folds:
        if train.sum() < components + 2 or not 1 <= components <= width:
            return smoother, average, f"{train.sum()} training rows of {width} columns cannot hold {components} components"
        fitted = _Components.fit(values[train], components)
        if fitted.eigenvalues[-1] < 1e-9:
            return smoother, average, f"the training rows have fewer than {components} components with variance"
        smoother[np.ix_(test, train)] = fitted.design(values[test]) @ np.linalg.pinv(fitted.design(values[train]))
        average[np.ix_(test, train)] = 1 / train.sum()
    return smoother, average, "" if folds else "no complete rows"


def _rearrangements(codes: Indices, count: int, rng: np.random.Generator) -> tuple[Indices, str]:
    """Row orders that permute the labels of every factor, among labels with the same cells, and the rows of a cell.

    Args:
        codes: each row's label in each factor, shape (factors, n).

    Returns:
        (orders, of shape (count, n), or (0, n) if no permutation is possible; a note in that case or if there are few).
    """
    factors, n = codes.shape
    classes: list[list[Indices]] = []
    for factor in range(factors):
        others = np.delete(codes, factor, axis=0).T
        alike: dict[Any, list[int]] = {}
        for label in np.unique(codes[factor]).tolist():
            alike.setdefault(tuple(sorted(map(tuple, others[codes[factor] == label].tolist()))), []).append(label)
        classes.append([np.array(labels) for labels in alike.values()])
    sizes = [len(labels) for kind in classes for labels in kind] + list(Counter(map(tuple, codes.T.tolist())).values())
    distinct = prod(factorial(size) for size in sizes)
    orders = np.empty((count if distinct > 1 else 0, n), dtype=np.int64)
    here = np.lexsort((np.arange(n), *codes))
    for order in orders:
        moved = codes.copy()
        for factor, kind in enumerate(classes):
            places = np.arange(n)
            for labels in kind:
                places[labels] = rng.permutation(labels)
            moved[factor] = places[codes[factor]]
        order[here] = np.lexsort((rng.random(n), *moved))
    return orders, "" if distinct > count else f"only {distinct} rearrangement(s) keep the design"


def _least_squares(values: Array, y: Array, components: int) -> tuple[Any, Any, str]:
    """(components, statsmodels' least squares fit on their scores, the reason if there is neither)."""
    note = _smoother(values, components, None)[2]
    if note or constant(y[:, None])[0]:
        note = note or "the outcome is constant"
        return None, None, note
    from statsmodels.api import OLS

    fitted = _Components.fit(values, components)
    return fitted, OLS(y, fitted.design(values)).fit(), ""


def _coefficients(values: Array, y: Array, components: int, confidence: float, orders: Indices, groups: int) -> pd.DataFrame:
    """The table of coefficients; `orders`: see `_rearrangements`; `groups`: number of teachers."""
    terms = ["intercept", *(f"PC{place + 1}" for place in range(components))]
    fitted, fit, note = _least_squares(values, y, components)
    found = np.full((4, len(terms)), np.nan)
    spare = groups - components
    if fit:
        found[0] = fit.params
        design = fitted.design(values)
        widened = np.sqrt((groups - 1) / spare) if spare > 0 else np.nan
        for place in range(1, len(terms) if spare > 0 and len(orders) else 0):
            found[1:, place] = _permuted_interval(design, y, fit.params, place, orders, widened, confidence)
        if np.isnan(found[1, 1:]).any():
            note = f"{groups} teachers and {len(orders)} rearrangements are too few for intervals of {components} coefficients"
    table = dict(zip(("coefficient", "low", "high", "p"), found, strict=True))
    return pd.DataFrame({"term": terms, **table, "n": len(y), "note": note})


def _permuted_interval(
    design: Array, y: Array, coefficients: Array, place: int, orders: Indices, widened: float, confidence: float
) -> tuple[float, float, float]:
    """(low, high, p) of one coefficient; the ends are NaN if the rearrangements are too few for the confidence.

    With the hypothetical value b - d, the outcome without it is e + d x. Its coefficient is d as observed and a + d g in a
    rearrangement, where a and g are those of e and x. |a + d g| >= |d| holds up to a bound on d, so the interval needs no search.
    A rearrangement that changes nothing, up to rounding, leaves every coefficient as large as it is.
    """
    own, x = np.linalg.pinv(design)[place], design[:, place]
    rest = (y - design @ coefficients) * widened
    a, g = rest[orders] @ own, x[orders] @ own
    with np.errstate(divide="ignore", invalid="ignore"):
        up, down = np.abs(a) / (1 - g), np.abs(a) / (1 + g)
    value, count = coefficients[place], len(orders)
    same = (np.abs(g) > 1 - 1e-9) & (np.abs(a) <= 1e-9 * np.abs(own).sum() * np.abs(rest).max())
    above, below = (np.where(same, np.inf, np.where(side, up, down)) for side in (a >= 0, a < 0))
    p = (1 + np.sum((above if value >= 0 else below) >= abs(value))) / (1 + count)
    rank = int(np.ceil(confidence * (count + 1))) - 1
    if rank >= count:
        return np.nan, np.nan, float(p)
    low, high = value - np.sort(above)[rank], value + np.sort(below)[rank]
    return (float(low), float(high), float(p)) if np.isfinite(high - low) else (np.nan, np.nan, float(p))


def predict_new(
    frame: pd.DataFrame, columns: Sequence[str], outcome: str, new: pd.DataFrame, *, components: int, confidence: float
) -> pd.DataFrame:
    """Predict the outcome of new rows by the regression of `component_regression`, with prediction intervals.

    The interval is for one new observation of a new teacher: the prediction plus or minus t times the root mean squared error of
    predicting each teacher from the others, wider by the new row's leverage; t with the degrees of freedom that the teachers'
    errors show (Satterthwaite). Without a column `teacher`, every row counts as one. In simulations it covers 93 to 96 %, also
    where cells of a teacher or of a language are alike; least squares covers 87 to 95 %. It assumes that the new teacher is like
    the old ones; for one unlike all others it is too narrow.

    Returns:
        On the index of `new`: prediction, low, high (NaN in rows that lack a value), n (rows fitted on), note.
    """
    known, asked = known_rows(frame, [*columns, outcome]), known_rows(new, columns)
    values, y = matrix(frame, columns)[known], matrix(frame, [outcome])[known, 0]
    fitted, fit, note = _least_squares(values, y, components)
    found, without = np.full((len(new), 3), np.nan), ""
    if fit and asked.any():
        teachers = frame.loc[known, "teacher"] if "teacher" in frame.columns else pd.Series(range(len(y)))
        fold = pd.factorize(teachers, use_na_sentinel=False)[0].astype(np.int64)
        weights = fitted.design(matrix(new, columns)[asked]) @ np.linalg.pinv(fitted.design(values))
        reach = _unit_reach(values, y, components, fold, confidence) * np.sqrt(1 + np.sum(weights**2, axis=1))
        expected = weights @ y
        found[asked] = np.column_stack([expected, expected - reach, expected + reach])
        without = "too few teachers for an interval" if np.isnan(reach).all() else ""
    notes = np.where(asked, note or without, note or "a value is missing")
    return pd.DataFrame(found, index=new.index, columns=["prediction", "low", "high"]).assign(n=len(y), note=notes)


def _unit_reach(values: Array, y: Array, components: int, fold: Indices, confidence: float) -> float:
    """Half the width of a prediction interval at no leverage, from the errors of predicting each teacher (`fold`) from the
    others, each divided by the root of 1 plus its leverage; NaN if there are too few teachers for that."""
    from scipy.stats import t

    smoother, _, note = _smoother(values, components, fold)
    labels = np.unique(fold)
    if note or len(labels) < 2:
        return np.nan
    squared = (y - smoother @ y) ** 2 / (1 + np.sum(smoother**2, axis=1))
    by_teacher = np.array([squared[fold == label].mean() for label in labels])
    mean, variance = by_teacher.mean(), by_teacher.var(ddof=1) / len(labels)
    df = np.clip(2 * mean**2 / variance, 1, len(y) - 1) if variance > 0 else len(y) - 1
    return float(t.ppf((1 + confidence) / 2, df) * np.sqrt(mean))
