"""Held-out languages and benchmarks: how good a choice of teacher is where it was not made.

A *fold* keeps languages and benchmarks for the choice apart from those that judge it. A *rule* gives every teacher a score from
the part for the choice; the teacher with the highest score is chosen, and of several with equal scores one at random.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from polyglot.core.arrays import Array
from polyglot.scoring.scores import interval
from polyglot.scoring.statistics import spearman_matrix

Transfer = Literal["languages", "benchmarks", "both"]
RANDOM = "random"
"""The rule that prefers no teacher."""


@dataclass(frozen=True)
class Fold:
    """One choice of a teacher, and what it leads to elsewhere.

    Attributes:
        transfer: what is held out.
        lang, benchmark: the held-out language and benchmark; empty for none.
        teachers: t candidates.
        gains: of each teacher's student over the base where the choice is judged, shape (replicates + 1, t); row 0 is measured.
        scores: of each teacher by rule, shape (t,); NaN if a rule cannot judge a teacher.
    """

    transfer: Transfer
    lang: str
    benchmark: str
    teachers: Sequence[str]
    gains: Array
    scores: Mapping[str, Array]


def splits(langs: Sequence[str], benchmarks: Mapping[str, Sequence[str]]) -> list[tuple[Transfer, str, str]]:
    """(transfer, language, benchmark) of every fold for whose choice something is left.

    Args:
        benchmarks: those of each language.
    """
    every = sorted({name for lang in langs for name in benchmarks[lang]})
    found: list[tuple[Transfer, str, str]] = []
    if len(langs) > 1:
        found += [("languages", lang, "") for lang in langs]
    if len(every) > 1:
        left = {name: [lang for lang in langs if set(benchmarks[lang]) - {name}] for name in every}
        found += [("benchmarks", "", name) for name in every if left[name]]
        pairs = [(lang, name) for lang in langs for name in benchmarks[lang]]
        found += [("both", lang, name) for lang, name in pairs if set(left[name]) - {lang}]
    return found


def chosen(scores: Array) -> Array:
    """The probability with which each teacher is chosen: the highest score; equal ones with equal probability. Shape (t,)."""
    best = np.isclose(scores, np.nanmax(scores), rtol=1e-12, atol=1e-12) if np.isfinite(scores).any() else np.isfinite(scores)
    found: Array = best / best.sum() if best.any() else np.full(len(scores), np.nan)
    return found


def fold_table(folds: Sequence[Fold]) -> pd.DataFrame:
    """Every fold, rule and teacher: transfer, lang, benchmark, rule, teacher, score, chosen (probability), gain, regret (of this
    teacher: what the best would have gained more)."""
    rows = []
    for fold in folds:
        gain, best = fold.gains[0], np.nanmax(fold.gains[0])
        named = {"transfer": fold.transfer, "lang": fold.lang, "benchmark": fold.benchmark}
        for rule, scores in fold.scores.items():
            values = {"teacher": fold.teachers, "score": scores, "chosen": chosen(scores), "gain": gain, "regret": best - gain}
            rows.append(pd.DataFrame({**named, "rule": rule, **values}))
    columns = ["transfer", "lang", "benchmark", "rule", "teacher", "score", "chosen", "gain", "regret"]
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=columns)


def rule_table(folds: Sequence[Fold], *, confidence: float) -> pd.DataFrame:
    """How good each rule's choices are, over the folds of each transfer.

    The regret is what the best teacher of the fold would have gained more. That teacher is known only from the same noisy scores,
    so the regret is too high where teachers are close, for all rules alike. `advantage`, the gain over that of a random choice,
    has no such bias. Intervals are of the choice that was made, over the replicates of the held-out scores: of the advantage,
    percentiles. Which teacher is best is not certain, so the regret's upper end takes the best of each replicate, and its lower
    end allows for the largest error of any teacher; it is wide where teachers are close. Intervals say nothing about languages
    and benchmarks that are in no fold.

    Returns:
        transfer, rule, folds, teachers, regret, regret_low, regret_high, advantage, advantage_low, advantage_high, best (share of
        folds in which the best teacher is chosen), rho, rho_low, rho_high (Spearman correlation of score and held-out gain within
        folds, see `polyglot.scoring.statistics.spearman_matrix`), n (pairs).
    """
    rows = []
    transfers = list(dict.fromkeys(fold.transfer for fold in folds))
    for transfer in transfers:
        own = [fold for fold in folds if fold.transfer == transfer]
        for rule in dict.fromkeys(rule for fold in own for rule in fold.scores):
            judged = [fold for fold in own if np.isfinite(chosen(fold.scores[rule])).all()]
            named = {"transfer": transfer, "rule": rule, "folds": len(judged)}
            named["teachers"] = len({teacher for fold in own for teacher in fold.teachers})
            rows.append(named | _judged(judged, rule, confidence) | _correlation(judged, rule, confidence))
    columns = ["transfer", "rule", "folds", "teachers", "regret", "regret_low", "regret_high", "advantage", "advantage_low"]
    return pd.DataFrame(rows).reindex(columns=[*columns, "advantage_high", "best", "rho", "rho_low", "rho_high", "n"])


def _judged(folds: Sequence[Fold], rule: str, confidence: float) -> dict[str, float]:
    if not folds:
        return {}
    lost, most, more, reach, best = [], [], [], [], []
    for fold in folds:
        taken, first = chosen(fold.scores[rule]), int(fold.gains[0].argmax())
        gained, noise = fold.gains @ taken, fold.gains - fold.gains[0]
        lost.append(fold.gains[0, first] - gained[0])
        most.append(fold.gains.max(axis=1) - gained)
        more.append(gained - fold.gains.mean(axis=1))
        reach.append((noise - (noise @ taken)[:, None]).max(axis=1))
        best.append(taken[first])
    found = {"regret": float(np.mean(lost)), "advantage": float(np.mean(more, axis=0)[0]), "best": float(np.mean(best))}
    ends = {name: interval(np.mean(values, axis=0)[1:], confidence) for name, values in
            (("most", most), ("more", more), ("reach", reach))}  # fmt: skip
    found |= {"regret_low": max(found["regret"] - float(ends["reach"][1]), 0.0), "regret_high": float(ends["most"][1])}
    return found | dict(zip(("advantage_low", "advantage_high"), map(float, ends["more"]), strict=True))


def _correlation(folds: Sequence[Fold], rule: str, confidence: float) -> dict[str, float]:
    """Of ranks within folds, so that neither easy languages nor the scale of a rule count."""
    parts = []
    for place, fold in enumerate(folds):
        known = pd.DataFrame({"score": fold.scores[rule], "gain": fold.gains[0]}, index=list(fold.teachers)).dropna().rank()
        parts.append((known - known.mean()).assign(lang=str(place)).rename_axis("teacher").reset_index())
    if not parts:
        return {"n": 0}
    row = spearman_matrix(pd.concat(parts, ignore_index=True), ["score", "gain"], confidence=confidence).iloc[1]
    return {"rho": row["rho"], "rho_low": row["low"], "rho_high": row["high"], "n": int(row["n"])}
