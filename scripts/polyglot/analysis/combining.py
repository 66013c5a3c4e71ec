"""Several studies on one scale: a common order of the teachers that they measured.

A cell's value (a student's gain, or a PG-Score on a common scale) is

    teacher + block + teacher in this study + teacher in this language + error

with one block for each study, base, recipe and language: what its benchmarks, base and size add is the same for all of its
teachers, and tells nothing about them. How far a teacher differs between studies, and between languages, are two standard
deviations that a few studies cannot tell well. So no single estimate is taken: the result is an average over a grid of both,
weighed by the restricted likelihood (Patterson and Thompson, Biometrika 58, 1971) and a half-normal prior as wide as the teachers
differ (Roever et al., Research Synthesis Methods 12, 2021). Errors are those of each study's own intervals, without what all
teachers of a block share (`errors_apart`): the base's answers, and how hard the items are.
tests/unit/analysis/test_combining.py shows the coverage by simulation.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
import pandas as pd

from polyglot.core.arrays import Array, symmetric_root
from polyglot.core.errors import WrongInput
from polyglot.core.hashing import stable_seed

BLOCK = ("study", "base", "recipe", "lang")
DRAWS = 4000
GRID = tuple(float(place) for place in np.linspace(0, 2.5, 14))
"""Standard deviations that are averaged over, in units of the spread of teachers within blocks."""
LEAST_ERROR = 1e-4
"""Floor of a cell's standard error, so that no single cell decides."""


@dataclass(frozen=True)
class Fit:
    """Effects of the teachers, whose mean is 0, as draws of shape (draws, teachers), and two standard deviations (means)."""

    teachers: list[str]
    draws: Array
    between_studies: float
    between_languages: float


def errors_apart(draws: pd.DataFrame, value: str) -> pd.DataFrame:
    """Standard errors of the cells of one study beyond what all teachers of a block share, so that those of two teachers say how
    far their difference may be off.

    Args:
        draws: replicate (0 is the estimate), base, recipe, lang, teacher, and the value; its replicates are paired.

    Returns:
        base, recipe, lang, teacher, se; no row for a teacher that is alone in its block, or has no value there.
    """
    rows: list[dict[str, object]] = []
    for block, own in draws[draws["replicate"] > 0].groupby(list(BLOCK[1:])):
        wide = own.pivot(index="replicate", columns="teacher", values=value).replace([np.inf, -np.inf], np.nan)
        wide = wide.dropna(axis="columns", how="all").dropna()
        if len(wide) > 1 and len(wide.columns) > 1:
            errors = np.sqrt(quasi_variances(np.cov(wide.to_numpy(float), rowvar=False)))
            key = dict(zip(BLOCK[1:], block, strict=True))
            rows += [{**key, "teacher": teacher, "se": se} for teacher, se in zip(wide.columns, errors, strict=True)]
    return pd.DataFrame(rows, columns=[*BLOCK[1:], "teacher", "se"])


def quasi_variances(covariance: Array) -> Array:
    """Variances whose sums are those of the differences between any two (Firth and de Menezes, Biometrika 91, 2004), by least
    squares: what a covariance matrix says where only differences count, as one number each, shape (teachers,)."""
    own, count = np.diag(covariance), len(covariance)
    apart = own[:, None] + own[None, :] - 2 * covariance
    if count == 2:
        return np.full(2, apart[0, 1] / 2)
    found: Array = (apart.sum(axis=1) - apart.sum() / (2 * (count - 1))) / (count - 2)
    return np.maximum(found, 0.0)


def combine(cells: pd.DataFrame, seed: int = 0) -> Fit:
    """Fit the model of this module.

    Args:
        cells: study, base, recipe, lang, teacher, value, se; one row a cell.

    Raises:
        WrongInput: if the studies do not hang together through common teachers, or there is nothing to compare.
    """
    model = Model.of(cells)
    pairs = [model.scale * np.array(pair) for pair in product(GRID, repeat=2)]
    found = [model.given(*pair) for pair in pairs]
    logs = [one.likelihood - float((pair**2).sum()) / (2 * model.scale**2) for one, pair in zip(found, pairs, strict=True)]
    weights = np.exp(np.array(logs) - max(logs))
    weights /= weights.sum()
    rng = np.random.default_rng(stable_seed("combine", seed))
    drawn = [
        one.effects + rng.normal(size=(count, len(model.teachers))) @ symmetric_root(one.covariance)
        for one, count in zip(found, rng.multinomial(DRAWS, weights), strict=True)
    ]
    studies, langs = weights @ np.array(pairs)
    return Fit(model.teachers, np.concatenate(drawn), float(studies), float(langs))


@dataclass(frozen=True)
class Model:
    """The model of this module for some cells, before its two standard deviations are known.

    `contrasts`: from what is fitted to effects of the teachers, shape (teachers, teachers - 1); `scale`: spread within blocks.
    """

    teachers: list[str]
    contrasts: Array
    scale: float
    values: Array
    design: Array
    errors: Array
    groups: tuple[Array, Array]

    @classmethod
    def of(cls, cells: pd.DataFrame) -> Model:
        """Check and prepare cells (see `combine`)."""
        cells = cells.dropna(subset=["value", "se"])
        cells = _beside_others(cells)
        teachers = sorted(cells["teacher"].unique())
        if len(teachers) < 2:
            raise WrongInput("no language of any study has two teachers with a measured value: there is nothing to compare")
        _hang_together(cells)
        values = cells["value"].to_numpy(float)
        blocks = np.eye(cells.groupby(list(BLOCK)).ngroups)[cells.groupby(list(BLOCK)).ngroup()]
        contrasts = _contrasts(len(teachers))
        design = np.hstack([np.eye(len(teachers))[pd.Categorical(cells["teacher"], teachers).codes] @ contrasts, blocks])
        errors = np.diag(np.maximum(cells["se"].to_numpy(float), LEAST_ERROR) ** 2)
        groups = (_indicators(cells["teacher"], cells["study"]), _indicators(cells["teacher"], cells["lang"]))
        within = values - blocks @ (blocks.T @ values / blocks.sum(axis=0))
        return cls(teachers, contrasts, max(float(within.std()), LEAST_ERROR), values, design, errors, groups)

    def given(self, between_studies: float, between_languages: float) -> Solved:
        """The teachers' effects, given both standard deviations."""
        studies, languages = self.groups
        covariance = self.errors + between_studies**2 * studies + between_languages**2 * languages
        return Solved.of(self.values, self.design, covariance, self.contrasts)


def _beside_others(cells: pd.DataFrame) -> pd.DataFrame:
    """Cells without those of a teacher that is alone in its block: it is compared with nobody."""
    return cells[cells.groupby(list(BLOCK))["teacher"].transform("nunique") > 1]


def _hang_together(cells: pd.DataFrame) -> None:
    """Check that every study, and every teacher, is linked to every other through teachers.

    Raises:
        WrongInput: names studies that share no teacher with the rest, or teachers that were measured beside none of the rest.
    """
    left = {str(study): set(rows["teacher"]) for study, rows in cells.groupby("study")}
    first, *others = left
    reached, linked = left[first], [first]
    while near := [name for name in others if name not in linked and left[name] & reached]:
        linked += near
        reached = reached.union(*(left[name] for name in near))
    if apart := [name for name in others if name not in linked]:
        raise WrongInput(
            f"{', '.join(apart)}: no teacher in common with {', '.join(linked)}, so nothing says which is better; "
            "combine studies that share a teacher"
        )
    blocks = [{str(teacher) for teacher in rows["teacher"]} for _, rows in cells.groupby(list(BLOCK))]
    together = blocks[0]
    while linked_to_them := [block for block in blocks if block & together and not block <= together]:
        together = together.union(*linked_to_them)
    if apart_from_them := set.union(*blocks) - together:
        raise WrongInput(
            f"{', '.join(sorted(apart_from_them))}: in no language of a study measured beside {', '.join(sorted(together))}, so "
            "nothing says which is better; combine a study that measured some of both in one language"
        )


def _contrasts(count: int) -> Array:
    """An orthonormal basis of effects whose sum is 0, shape (count, count - 1)."""
    centred = np.eye(count) - 1 / count
    basis: Array = np.linalg.svd(centred)[0][:, : count - 1]
    return basis


def _indicators(*columns: pd.Series) -> Array:
    """Which rows have the same values, as a matrix of ones and zeros."""
    codes = pd.factorize(pd.MultiIndex.from_arrays(columns))[0]
    same: Array = (codes[:, None] == codes[None, :]).astype(float)
    return same


@dataclass(frozen=True)
class Solved:
    """Generalised least squares: effects of the teachers, whose sum is 0, shape (teachers,), their covariance, and the restricted
    log likelihood."""

    effects: Array
    covariance: Array
    likelihood: float

    @classmethod
    def of(cls, values: Array, design: Array, covariance: Array, contrasts: Array) -> Solved:
        weighted = np.linalg.solve(covariance, design)
        information = design.T @ weighted
        spread = np.linalg.inv(information)
        fitted = spread @ (weighted.T @ values)
        rest = values - design @ fitted
        loss = np.linalg.slogdet(covariance)[1] + np.linalg.slogdet(information)[1] + rest @ np.linalg.solve(covariance, rest)
        first = contrasts.shape[1]
        return cls(contrasts @ fitted[:first], contrasts @ spread[:first, :first] @ contrasts.T, -0.5 * float(loss))


def leaderboard(fit: Fit, confidence: float) -> pd.DataFrame:
    """The teachers, best first.

    Returns:
        rank, teacher, effect (difference from the mean of all teachers, in the unit of the values), low, high, rank_low,
        rank_high, p_first.
    """
    ranks = (-fit.draws).argsort(axis=1).argsort(axis=1) + 1
    ends = [(1 - confidence) / 2, (1 + confidence) / 2]
    low, high = np.quantile(fit.draws, ends, axis=0)
    rank_low, rank_high = np.quantile(ranks, ends, axis=0, method="inverted_cdf")
    columns = {"teacher": fit.teachers, "effect": fit.draws.mean(axis=0), "low": low, "high": high}
    columns |= {"rank_low": rank_low, "rank_high": rank_high, "p_first": (ranks == 1).mean(axis=0)}
    table = pd.DataFrame(columns).sort_values("effect", ascending=False, ignore_index=True)
    table.insert(0, "rank", np.arange(1, len(table) + 1))
    return table


def contributions(cells: pd.DataFrame) -> pd.DataFrame:
    """What each study brings: study, teachers, languages, cells, share (of the information about teachers, errors alone)."""
    rows = []
    for study, own in cells.dropna(subset=["value", "se"]).groupby("study", sort=False):
        information = 0.0
        for _, block in own.groupby(list(BLOCK)):
            weights = 1 / np.maximum(block["se"].to_numpy(float), LEAST_ERROR) ** 2
            information += float(weights.sum() - (weights**2).sum() / weights.sum())
        counted = {"teachers": own["teacher"].nunique(), "languages": own["lang"].nunique(), "cells": len(own)}
        rows.append({"study": study, **counted, "share": information})
    table = pd.DataFrame(rows)
    return table.assign(share=table["share"] / table["share"].sum())


def agreement(cells: pd.DataFrame) -> pd.DataFrame:
    """How well each pair of studies agrees on the teachers that both measured.

    The teachers' effects in each study are those of the model of this module, from errors alone. Only cells count whose teacher
    both have in that language; where they have no language in common, all of common teachers. What a study adds to all teachers
    of a block drops out. Pairs share teachers and are no independent trials, so their share has no interval.

    Returns:
        one, other, teachers (in common), languages (in common), pairs (of teachers that both order), same (of these in the same
        order), beyond (mean squared difference of the teachers' effects over what their errors explain: 1 where chance explains
        it).
    """
    known = {str(study): own for study, own in cells.dropna(subset=["value", "se"]).groupby("study", sort=False)}
    rows = []
    for (one, first), (other, second) in combinations(known.items(), 2):
        teachers, langs = ({*first[column]} & {*second[column]} for column in ("teacher", "lang"))
        counts = {"teachers": len(teachers), "languages": len(langs)}
        rows.append({"one": one, "other": other, **counts, **_agreed(*_in_both(first, second))})
    columns = ["one", "other", "teachers", "languages", "pairs", "same", "beyond"]
    return pd.DataFrame(rows, columns=columns)


def _in_both(one: pd.DataFrame, other: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The cells of teachers that both studies compare with another one, in a language where both have some in common."""
    key = ["lang", "teacher"] if {*one["lang"]} & {*other["lang"]} else ["teacher"]
    while True:
        before = len(one) + len(other)
        common = one[key].merge(other[key]).drop_duplicates()
        one, other = (_beside_others(own.merge(common)) for own in (one, other))
        if len(one) + len(other) == before:
            return one, other


def _agreed(one: pd.DataFrame, other: pd.DataFrame) -> dict[str, float]:
    """`pairs`, `same` and `beyond` of `agreement`, for cells of the same teachers; nothing where they are not comparable."""
    try:
        models = [Model.of(one), Model.of(other)]
    except WrongInput:
        return {"pairs": 0, "same": 0, "beyond": np.nan}
    found = [model.given(0.0, 0.0) for model in models]
    orders = [np.sign(np.round(np.subtract.outer(each.effects, each.effects), 12)) for each in found]
    orders = [order[np.triu_indices(len(order), 1)] for order in orders]
    product_of_both = orders[0] * orders[1]
    expected = sum(float(np.trace(each.covariance)) for each in found)
    beyond = float(((found[0].effects - found[1].effects) ** 2).sum()) / expected
    return {"pairs": int((product_of_both != 0).sum()), "same": int((product_of_both > 0).sum()), "beyond": beyond}
