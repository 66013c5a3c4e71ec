"""Ranking: teachers side by side by a small sample of their data; no student is trained, and no finished study is needed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from polyglot.core.arrays import Array
from polyglot.core.cells import MIN_EXAMPLES
from polyglot.core.hashing import stable_seed
from polyglot.intrinsic.metrics import LENGTHS, Metric
from polyglot.scoring.scores import interval, intrinsic_components, intrinsic_score
from polyglot.scoring.statistics import rank_probabilities
from polyglot.scoring.training_sets import intrinsic_replicates

LENGTH = "response_characters"
SHARE, PRICE, SCORE = "usable_share", "usd_per_usable", "score"


@dataclass(frozen=True)
class Sample:
    """A teacher's sample in a language.

    `answers`: one row per request, with status, prompt_tokens and completion_tokens. `examples`: the metrics of the usable ones,
    one row each, with `response_characters`. `rates`: USD per million (prompt, completion) tokens; None for a teacher without a
    price.
    """

    answers: pd.DataFrame
    examples: pd.DataFrame
    rates: tuple[float, float] | None


def rank_samples(
    samples: Mapping[tuple[str, str], Sample],
    metrics: Sequence[Metric],
    scored: Sequence[Metric],
    *,
    replicates: int,
    confidence: float,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every teacher's sample in every language, and an order of the teachers by the mean z-score of the metrics.

    The score is the intrinsic half of the PG-Score as far as it is measured here: z-scores over all samples, with the perplexity
    of the median example. Intervals are percentiles over resampled examples or requests, and Wilson's for the usable share; they
    hold for these prompts, and say nothing of another draw.

    Args:
        samples: by (teacher, language).
        metrics: all that are measured. scored: those of the score, in the names of `metrics_of`.
        replicates: resamples.

    Returns:
        (one row per teacher and language: teacher, lang, requests, usable, usd (paid for all requests), and with _low and _high
        usable_share, each metric, response_characters, usd_per_usable, score; missing where there are too few usable examples, or
        no price),
        (one row per teacher, best first: teacher, languages, score with _low and _high, and the columns of
        `polyglot.scoring.statistics.rank_probabilities`).
    """
    names = [*(metric.name for metric in metrics), LENGTH]
    names += [one.name for one in scored if one.name not in names]
    drawn = {
        cell: _drawn(sample, metrics, names, replicates, stable_seed("rank", *cell, seed)) for cell, sample in samples.items()
    }
    arrays = {name: np.stack([found[name] for found in drawn.values()], axis=1) for name in (*names, PRICE)}
    arrays[SCORE] = intrinsic_score(intrinsic_components({one.name: arrays[one.name] for one in scored}, scored=scored))
    rows = pd.DataFrame([_counts(*cell, sample, confidence) for cell, sample in samples.items()])
    for name, values in arrays.items():
        low, high = interval(values[1:], confidence)
        rows[name], rows[f"{name}_low"], rows[f"{name}_high"] = values[0], low, high
    return rows, _order(rows, arrays[SCORE], confidence)


def pairs_in_order(cells: pd.DataFrame, score: str, outcome: str) -> tuple[int, int]:
    """How often a score of the data puts two teachers of a language in the order of their students; ties are left out.

    Args:
        cells: lang and the two columns, a row a teacher and language.

    Returns:
        (pairs in the same order, all pairs).
    """
    same = every = 0
    for _, rows in cells.groupby("lang"):
        ours, theirs = (np.sign(np.subtract.outer(rows[name].to_numpy(), rows[name].to_numpy())) for name in (score, outcome))
        both = np.triu(ours * theirs, 1)
        same, every = same + int((both > 0).sum()), every + int((both != 0).sum())
    return same, every


def _counts(teacher: str, lang: str, sample: Sample, confidence: float) -> dict[str, Any]:
    """Requests, usable answers, what they cost together, and the usable share with Wilson's interval."""
    from statsmodels.stats.proportion import proportion_confint

    asked, usable = len(sample.answers), int((sample.answers["status"] == "ok").sum())
    low, high = proportion_confint(usable, asked, alpha=1 - confidence, method="wilson") if asked else (math.nan, math.nan)
    paid = math.nan if sample.rates is None else float(_usd(sample).sum())
    counts = {"teacher": teacher, "lang": lang, "requests": asked, "usable": usable, "usd": paid}
    return counts | {SHARE: usable / asked if asked else math.nan, f"{SHARE}_low": low, f"{SHARE}_high": high}


def _drawn(sample: Sample, metrics: Sequence[Metric], names: Sequence[str], replicates: int, seed: int) -> dict[str, Array]:
    """Measurement (first) and replicates of a sample's metrics and of its price a usable example."""
    rng = np.random.default_rng(seed)
    found = {name: np.full(replicates + 1, np.nan) for name in names}
    if len(sample.examples) >= MIN_EXAMPLES:
        length = Metric(LENGTH, LENGTH, better="neither")
        drawn = [*(metric for metric in metrics if metric.name not in LENGTHS), length]
        found |= intrinsic_replicates([sample.examples], replicates, rng, drawn)
        for name in names:
            if name in LENGTHS:
                found[name][0] = sample.examples[name].mean()
    return found | {PRICE: _price(sample, replicates, rng)}


def _price(sample: Sample, replicates: int, rng: np.random.Generator) -> Array:
    """USD for a usable example, over resampled requests; infinite where none is usable."""
    if sample.rates is None or sample.answers.empty:
        return np.full(replicates + 1, np.nan)
    each = np.column_stack([_usd(sample), (sample.answers["status"] == "ok").to_numpy(dtype=float)])
    counts = rng.multinomial(len(each), np.full(len(each), 1 / len(each)), size=replicates)
    paid, usable = np.vstack([each.sum(axis=0), counts @ each]).T
    with np.errstate(divide="ignore"):
        price: Array = paid / usable
    return price


def _usd(sample: Sample) -> Array:
    """USD of every request's answers."""
    tokens: Array = sample.answers[["prompt_tokens", "completion_tokens"]].to_numpy(dtype=float)
    paid: Array = tokens @ np.array(sample.rates) / 1e6
    return paid


def _order(rows: pd.DataFrame, scores: Array, confidence: float) -> pd.DataFrame:
    """The teachers by the mean of their scores over languages; none for one without a score in some language."""
    teachers = list(dict.fromkeys(rows["teacher"]))
    places = [np.flatnonzero(rows["teacher"] == teacher) for teacher in teachers]
    means = np.stack([scores[:, place].mean(axis=1) for place in places], axis=1)
    point = pd.Series(means[0], index=pd.Index(teachers, name="teacher"))
    ranks = rank_probabilities(pd.DataFrame(means[1:], columns=teachers), point=point, confidence=confidence)
    low, high = interval(means[1:], confidence)
    found = pd.DataFrame({"teacher": teachers, "languages": [len(place) for place in places], SCORE: means[0]})
    found[f"{SCORE}_low"], found[f"{SCORE}_high"] = low, high
    return found.merge(ranks, on="teacher").sort_values(["rank", "teacher"], na_position="last", ignore_index=True)
