"""Studies whose truth is known, in numbers alone: what intervals, ranks and verdicts of the project should say of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import norm, spearmanr

from polyglot.analysis.components import component_regression, predict_new, principal_components
from polyglot.core.arrays import Array
from polyglot.intrinsic.metrics import METRICS
from polyglot.scoring.outcomes import BenchmarkDraws, LanguageDraws, students_spread
from polyglot.scoring.scores import interval, zscore
from polyglot.scoring.seed_spread import SetSpread
from polyglot.scoring.statistics import holm, rank_probabilities, spearman_matrix
from polyglot.scoring.training_sets import intrinsic_draws, intrinsic_replicates

ITEM_ERROR = 0.02
"""Standard error over items of a student's gain."""


@dataclass(frozen=True)
class Trained:
    """A study of students in some languages.

    `gains`: true gains of teachers; `spread`: standard deviation between seeds in units of `ITEM_ERROR`; `errors`: the standard
    error over items by language, in the same units; 1 in all if empty; `share`: the share of its variance that is one seed's own;
    `benchmarks`: of each language; a training moves each by itself.
    """

    gains: Sequence[float]
    seeds: int
    spread: float
    langs: int = 3
    replicates: int = 200
    errors: Sequence[float] = ()
    share: float = 0.25
    benchmarks: int = 1

    def draws(self, rng: np.random.Generator) -> list[LanguageDraws]:
        """What the study measured; the benchmarks are x, y, z."""
        errors = [ITEM_ERROR * one for one in self.errors or [1.0] * self.langs]
        names = "xyz"[: self.benchmarks]
        return [
            LanguageDraws("b", str(lang), {name: self._benchmark(rng, error) for name in names})
            for lang, error in enumerate(errors)
        ]

    def _benchmark(self, rng: np.random.Generator, item_error: float) -> BenchmarkDraws:
        zeros = np.zeros(self.replicates + 1)
        found = BenchmarkDraws({"base": zeros, "reference": zeros + 0.2}, {"reference": item_error}, {}, {}, 500)
        own = self.share**0.5 * item_error  # of one seed; the rest of the items' error is shared by all seeds
        shared = (1 - self.share) ** 0.5 * item_error
        for place, gain in enumerate(self.gains):
            student = ("equal", f"t{place}")
            trained = rng.normal(scale=self.spread * ITEM_ERROR, size=self.seeds)
            scores = gain + shared * rng.normal() + own * rng.normal(size=self.seeds) + trained
            error = (shared**2 + own**2 / self.seeds) ** 0.5
            drawn = scores.mean() + error * rng.normal(size=self.replicates)
            found.scores[student] = np.concatenate([[scores.mean()], drawn])
            found.errors[student], found.by_seed[student] = error, scores
            found.noise[student] = own**2 if self.seeds > 1 else 0.0
        return found

    def gains_drawn(self, rng: np.random.Generator, seed: int) -> Array:
        """Gains, shape (replicates + 1, languages, teachers), by the same code without tables."""
        draws = self.draws(rng)
        spread = students_spread(draws, self.replicates, seed)
        return np.stack(
            [np.stack([one.replicated(who, spread, seed)["x"] for who in one.students], axis=1) for one in draws], axis=1
        )


def covered(drawn: Array, truth: Array) -> npt.NDArray[np.bool_]:
    """Whether the 95 % interval over the first axis (without the measurement at 0) holds the truth."""
    low, high = interval(drawn[1:], 0.95)
    held: npt.NDArray[np.bool_] = (low <= truth) & (truth <= high)
    return held


def seed_coverage(study: Trained, studies: int, seed: int = 0) -> dict[str, float]:
    """Coverage of the intervals of gains, of their means over languages, and of scores (z-scored gains)."""
    rng = np.random.default_rng(seed)
    hits: dict[str, list[float]] = {name: [] for name in ("gain", "mean gain", "score")}
    truth = np.asarray(study.gains)
    for number in range(studies):
        drawn = study.gains_drawn(rng, 1000 * number)
        score = zscore(drawn.reshape(len(drawn), -1)).reshape(drawn.shape).mean(axis=1)
        hits["gain"].append(covered(drawn, truth).mean())
        hits["mean gain"].append(covered(drawn.mean(axis=1), truth).mean())
        hits["score"].append(covered(score * drawn[0].std(), truth - truth.mean()).mean())
    return {name: float(np.mean(held)) for name, held in hits.items()}


def gain_coverage(study: Trained, studies: int, seed: int = 0) -> Array:
    """Coverage of the intervals of gains by language, shape (languages,)."""
    rng = np.random.default_rng(seed)
    drawn = (study.gains_drawn(rng, 1000 * number) for number in range(studies))
    held: Array = np.mean([covered(one, np.asarray(study.gains)).mean(axis=1) for one in drawn], axis=0)
    return held


def part_coverage(study: Trained, studies: int, seed: int = 0) -> dict[str, float]:
    """Coverage of the intervals of gains on one benchmark, on two and on all three, and of 1.96 standard errors (`x se`, ...)."""
    rng = np.random.default_rng(seed)
    hits: dict[str, list[float]] = {}
    for number in range(studies):
        draws = study.draws(rng)
        spread = students_spread(draws, study.replicates, number)
        for one, part in ((one, part) for one in draws for part in ("x", "xy", "xyz")):
            own = one.of(part)
            for truth, student in zip(study.gains, own.students, strict=True):
                drawn = np.mean(list(own.replicated(student, spread, number).values()), axis=0)
                hits.setdefault(part, []).append(float(covered(drawn, np.array(truth))))
                hits.setdefault(f"{part} se", []).append(abs(drawn[0] - truth) <= 1.96 * own.gain_error(student, spread))
    return {name: float(np.mean(held)) for name, held in hits.items()}


def rank_coverage(study: Trained, studies: int, seed: int = 0) -> dict[str, float]:
    """Coverage of the intervals of ranks, where teachers with equal gains share several; and of P(first) of one of two equal
    teachers, which must lie between 0.025 and 0.975 in 95 % of studies."""
    rng = np.random.default_rng(seed)
    truth = np.asarray(study.gains)
    better, equal = (np.sum(relation(truth[None, :], truth[:, None]), axis=1) for relation in (np.greater, np.equal))
    names = [f"t{place}" for place in range(len(truth))]
    hits: dict[str, list[float]] = {"rank": [], "P(first)": []}
    for number in range(studies):
        mean = study.gains_drawn(rng, 1000 * number).mean(axis=1)
        point, drawn = pd.Series(mean[0], index=names), pd.DataFrame(mean[1:], columns=names)
        table = rank_probabilities(drawn, point=point, confidence=0.95).set_index("teacher").loc[names]
        hits["rank"].append(((table["rank_low"] <= 1 + better) & (table["rank_high"] >= better + equal)).mean())
        hits["P(first)"].append(0.025 <= float(np.mean(mean[1:, 0] > mean[1:, 1])) <= 0.975)
    return {name: float(np.mean(held)) for name, held in hits.items()}


def set_coverage(seeds: int, spread: float, studies: int, *, cells: int = 12, examples: int = 80) -> float:
    """Coverage of the interval of an intrinsic metric; `spread` between seeds is in standard errors of one seed's mean."""
    rng = np.random.default_rng(0)
    hits = []
    for number in range(studies):
        apart = rng.normal(scale=spread / examples**0.5, size=(cells, seeds, 1))
        values = 3 + apart + rng.normal(size=(cells, seeds, examples))
        frames = [[pd.DataFrame({"reward": one}) for one in cell] for cell in values]
        draws = [intrinsic_draws(frame, 200, rng, [METRICS["reward"]]) for frame in frames]
        pooled = SetSpread.pooled(draws, number)
        hits += [bool(covered(pooled.replicates(one, rng)["reward"], np.array(3.0))) for one in draws]
    return float(np.mean(hits))


def clear_choices(study: Trained, studies: int, seed: int = 0) -> dict[str, float]:
    """Share of studies in which any language has a clear choice at 5 %: by the p-values of leads over all languages, and by a
    P(first) of 0.95 or more, which has no such bound; `mean`: in which the mean over languages has a clear lead."""
    rng = np.random.default_rng(seed)
    names = [f"t{place}" for place in range(len(study.gains))]
    hits: dict[str, list[bool]] = {"any language": [], "mean": [], "P(first) >= 0.95": []}

    def ranked(drawn: Array) -> pd.DataFrame:
        frame, point = pd.DataFrame(drawn[1:], columns=names), pd.Series(drawn[0], index=names)
        return rank_probabilities(frame, point=point, confidence=0.95)

    for number in range(studies):
        drawn = study.gains_drawn(rng, 1000 * number)
        tables = [ranked(drawn[:, lang]) for lang in range(study.langs)]
        leads = holm(np.array([table["p_lead"].max() for table in tables]))
        hits["any language"].append(bool((leads <= 0.05).any()))
        hits["P(first) >= 0.95"].append(any(table["p_first"].max() >= 0.95 for table in tables))
        hits["mean"].append(bool(ranked(drawn.mean(axis=1))["p_lead"].max() <= 0.05))
    return {name: float(np.mean(held)) for name, held in hits.items()}


def regression_coverage(teachers: int, languages: int, alike: float, slope: float, studies: int) -> float:
    """Coverage of the intervals of two coefficients of six metrics' components.

    Args:
        alike: standard deviation of what a teacher's cells share, and a language's, in each metric and in the outcome; the rest
            has 1.
        slope: both true coefficients.
    """
    rng = np.random.default_rng(3)
    places = pd.DataFrame([(f"t{teacher}", f"l{lang}") for teacher in range(teachers) for lang in range(languages)])
    frame = places.set_axis(["teacher", "lang"], axis=1)
    by_teacher, by_lang = np.repeat(np.arange(teachers), languages), np.tile(np.arange(languages), teachers)
    metrics, hits = list("abcdef"), []
    for number in range(studies):
        shared = alike * (rng.normal(size=(teachers, 7))[by_teacher] + rng.normal(size=(languages, 7))[by_lang])
        values = shared + rng.normal(size=shared.shape)
        given = frame.assign(**dict(zip(metrics, values.T, strict=False)))
        scores = principal_components(given, metrics, components=2, resamples=0, confidence=0.95, seed=0)[2].to_numpy()
        outcome = values[:, 6] + slope * scores.sum(axis=1)
        options: dict[str, Any] = {"components": 2, "confidence": 0.95, "permutations": 199, "seed": number, "within": ()}
        table = component_regression(given.assign(y=outcome), metrics, "y", **options)[1].iloc[1:]
        hits.append(((table["low"] <= slope) & (slope <= table["high"])).mean())
    return float(np.mean(hits))


def crossed(
    rng: np.random.Generator, teachers: int, languages: int, alike: float, correlation: Array
) -> tuple[pd.DataFrame, Array]:
    """Teachers by languages, and columns with this correlation: what each cell, teacher (times `alike`) and language adds."""
    frame = pd.DataFrame(
        [(f"t{t}", f"l{lang}") for t in range(teachers) for lang in range(languages)], columns=["teacher", "lang"]
    )
    root = np.linalg.cholesky(correlation).T
    by_teacher, by_lang, own = (rng.normal(size=(n, len(root))) @ root for n in (teachers, languages, len(frame)))
    shared = by_teacher[np.repeat(np.arange(teachers), languages)] + by_lang[np.tile(np.arange(languages), teachers)]
    return frame, alike * shared + own


def spearman_coverage(teachers: int, languages: int, alike: float, correlation: float, studies: int) -> float:
    """Coverage of the interval of a rank correlation over cells."""
    rng, hits = np.random.default_rng(1), []
    truth = 6 / np.pi * np.arcsin(correlation / 2)
    for _ in range(studies):
        frame, values = crossed(rng, teachers, languages, alike, np.array([[1, correlation], [correlation, 1]]))
        row = spearman_matrix(frame.assign(x=values[:, 0], y=values[:, 1]), ["x", "y"], confidence=0.95).iloc[1]
        hits.append(row["low"] <= truth <= row["high"])
    return float(np.mean(hits))


def loading_coverage(teachers: int, languages: int, alike: float, studies: int) -> float:
    """Coverage of the intervals of the loadings of four metrics' first two components."""
    rng, hits, metrics = np.random.default_rng(2), [], list("abcd")
    correlation = np.array([[1, 0.8, 0.2, 0.1], [0.8, 1, 0.2, 0.1], [0.2, 0.2, 1, 0.5], [0.1, 0.1, 0.5, 1]])
    vectors = np.linalg.eigh(correlation)[1].T[::-1][:2]
    for number in range(studies):
        frame, values = crossed(rng, teachers, languages, alike, correlation)
        given = frame.assign(**dict(zip(metrics, values.T, strict=True)))
        found = principal_components(given, metrics, components=2, resamples=200, confidence=0.95, seed=number)[0]
        estimate, low, high = found[["loading", "low", "high"]].to_numpy().T.reshape(3, 2, 4)
        truth = np.sign(np.sum(estimate * vectors, axis=1))[:, None] * vectors
        hits.append(np.mean((low <= truth) & (truth <= high)))
    return float(np.mean(hits))


def prediction_coverage(teachers: int, languages: int, alike: float, studies: int) -> float:
    """Coverage of prediction intervals of a new teacher's outcomes, in the languages of the others."""
    rng, hits, metrics = np.random.default_rng(4), [], list("abcdef")
    for _ in range(studies):
        frame, values = crossed(rng, teachers + 1, languages, alike, np.eye(7))
        outcome = values[:, 6] + 0.5 * values[:, :2].sum(axis=1)
        given = frame.assign(y=outcome, **dict(zip(metrics, values.T, strict=False)))
        new = (given["teacher"] == f"t{teachers}").to_numpy()
        predicted = predict_new(given[~new], metrics, "y", given[new], components=2, confidence=0.95)
        hits.append(np.mean((predicted["low"] <= outcome[new]) & (outcome[new] <= predicted["high"])))
    return float(np.mean(hits))


def odd_perplexities(rng: np.random.Generator, n: int, kind: str) -> tuple[Array, dict[str, float]]:
    """Perplexities of n answers with heavy tails, and the truth of their mean and median.

    `wide`: log-normal with a standard deviation of 2; `odd`: a thousandth of the answers at exp(12), the rest log-normal.
    """
    if kind == "wide":
        return np.exp(1.6 + 2 * rng.normal(size=n)), {"perplexity": np.exp(3.6), "perplexity_median": np.exp(1.6)}
    usual, odd = np.exp(1.6 + 0.5 * rng.normal(size=n)), np.exp(12 + rng.normal(size=n))
    median = np.exp(1.6 + 0.5 * norm.ppf(0.5 / 0.999))
    truth = {"perplexity": 0.999 * np.exp(1.725) + 0.001 * np.exp(12.5), "perplexity_median": median}
    return np.where(rng.random(n) < 0.001, odd, usual), truth


def perplexity_coverage(kind: str, n: int, studies: int) -> dict[str, float]:
    """Coverage of the intervals of mean and median perplexity, as they enter the score (-log1p)."""
    rng = np.random.default_rng(0)
    hits: dict[str, list[bool]] = {"perplexity": [], "perplexity_median": []}
    for _ in range(studies):
        values, truth = odd_perplexities(rng, n, kind)
        found = intrinsic_replicates([pd.DataFrame({"perplexity": values})], 300, rng, [METRICS["perplexity"]])
        for name, held in hits.items():
            held.append(bool(covered(np.log1p(found[name]), np.log1p(np.array(truth[name])))))
    return {name: float(np.mean(held)) for name, held in hits.items()}


def perplexity_agreement(studies: int, *, odd: float, examples: int = 600, cells: int = 12) -> dict[str, float]:
    """Mean Spearman correlation of each measure of perplexity with the share of right answers, in studies of some cells.

    Wrong answers cost 0.7 nats a token more, of 0.4 among answers; a share `odd` of answers, unrelated to quality, costs 8 to 16
    nats. A cell's length of answers varies.
    """
    rng = np.random.default_rng(0)
    found: dict[str, list[float]] = {"mean": [], "corpus": [], "median": []}
    for _ in range(studies):
        right = rng.uniform(0.6, 0.95, size=cells)
        wrong = rng.random((cells, examples)) > right[:, None]
        nll = np.maximum(0.6 + 0.7 * wrong + 0.4 * rng.normal(size=wrong.shape), 0.01)
        share = odd * rng.gamma(1.0, size=(cells, 1))
        nll = np.where(rng.random(wrong.shape) < share, rng.uniform(8, 16, size=wrong.shape), nll)
        tokens = rng.poisson(12, size=wrong.shape) + 1
        measures = {
            "mean": np.exp(nll).mean(axis=1),
            "corpus": np.exp((nll * tokens).sum(axis=1) / tokens.sum(axis=1)),
            "median": np.median(np.exp(nll), axis=1),
        }
        for name, values in measures.items():
            found[name].append(float(spearmanr(-values, right).statistic))
    return {name: float(np.mean(values)) for name, values in found.items()}
