"""The intrinsic metrics of a cell's training sets: from per-example numbers to measurements with bootstrap replicates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from polyglot.core.arrays import Array
from polyglot.core.errors import WrongInput
from polyglot.intrinsic.metrics import INTRINSIC, LENGTHS, PAPER, PERPLEXITIES, STANDARD, Metric, of_texts
from polyglot.scoring.resampling import resample_blocks
from polyglot.scoring.seed_spread import SetDraws, SetSpread, spread_of

KNOWN = (*INTRINSIC, *LENGTHS)
_, CORPUS, MEDIAN = PERPLEXITIES
MODELLED = ("diversity", "reward", "perplexity")
"""Per-example files of a training set that need a model."""


def read_examples(paths: Mapping[str, str], metrics: Sequence[Metric]) -> pd.DataFrame:
    """A training set's per-example numbers, one row per example.

    Args:
        paths: files, each with a column id: diversity, reward, perplexity, and each metric of texts alone by its name.

    Raises:
        ValueError: if a file lacks the column of a metric (names both).
    """
    frames = {kind: pd.read_parquet(path) for kind, path in paths.items()}
    for metric in metrics:
        kind = metric.name if metric.needs == "texts" else metric.file.partition("/")[0].removesuffix(".parquet")
        if metric.values not in frames[kind].columns:
            has = ", ".join(frames[kind].columns)
            raise WrongInput(f"{paths[kind]}: no column '{metric.values}', which the metric '{metric.name}' needs; it has: {has}")
    first, *others = [kind for kind in (*MODELLED, *(metric.name for metric in of_texts(metrics))) if kind in frames]
    found = frames[first]
    for kind in others:
        found = found.merge(frames[kind], on="id", validate="one_to_one")
    return found


def intrinsic_draws(
    seeds: Sequence[pd.DataFrame], replicates: int, rng: np.random.Generator, metrics: Sequence[Metric] = PAPER
) -> SetDraws:
    """A cell's intrinsic metrics by seed, with replicates over examples, except those without replicates.

    All metrics use the same resamples, and none depends on which others are measured. Diversity is a mean over pairs: its
    replicate is the point estimate plus twice the resampled mean's deviation, the first-order (Hoeffding) term of a U-statistic
    of degree two. With perplexity come the two measures that a few odd answers cannot decide: of the median example, and of all
    tokens together (where the examples have their nll and tokens).

    Args:
        seeds: one frame per seed, one row per example (see `read_examples`).
    """
    drawn = [metric for metric in metrics if metric.replicate != "none"]
    together = [metric for metric in drawn if metric.name in KNOWN]
    blocks = [together, *([metric] for metric in drawn if metric.name not in KNOWN)] if together else [[one] for one in drawn]
    ordered = [metric for block in blocks for metric in block]
    robust = _robust_perplexities(seeds[0], ordered)
    points, resampled = [], []
    for frame in seeds:
        values = [frame[[metric.values for metric in block]].to_numpy(dtype=float) for block in blocks]
        further, drawn_further = _resampled(frame, values, robust, replicates, rng)
        points.append(np.concatenate([*(np.nanmean(value, axis=0) for value in values), further]))
        resampled.append(drawn_further)
    point, found = np.stack(points), np.stack(resampled)
    pairs = np.array([metric.replicate == "pairs" for metric in ordered] + [False] * len(robust))
    found[:, :, pairs] = point[:, None, pairs] + 2 * (found[:, :, pairs] - point[:, None, pairs])
    noise = found.var(axis=1, ddof=1).mean(axis=0)
    return SetDraws((*(metric.name for metric in ordered), *robust), point, found.mean(axis=0), noise)


def _resampled(
    frame: pd.DataFrame, values: Sequence[Array], robust: Sequence[str], replicates: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """One seed's robust perplexities, shape (robust,), and replicates of its blocks of values and of them, by column."""
    each = [frame["perplexity"].to_numpy(dtype=float)] if MEDIAN in robust else []
    pooled = [frame[["nll", "tokens"]].to_numpy(dtype=float)] if CORPUS in robust else []
    drawn = resample_blocks([*values, *pooled], replicates, rng, each)
    means = drawn[len(values)] if pooled else np.ones((replicates, 2))
    corpus = [(float(np.exp(np.nansum(one[:, 0]) / np.nansum(one[:, 1]))), np.exp(means[:, 0] / means[:, 1])) for one in pooled]
    further = [*corpus, *((float(np.nanmedian(one)), drawn[-1]) for one in each)]
    columns = [*drawn[: len(values)], *(replicated[:, None] for _, replicated in further)]
    return np.array([value for value, _ in further]), np.concatenate(columns, axis=1)


def _robust_perplexities(examples: pd.DataFrame, metrics: Sequence[Metric]) -> list[str]:
    """The further measures of perplexity that these examples allow."""
    if all(metric.name != "perplexity" for metric in metrics):
        return []
    return [CORPUS, MEDIAN] if {"nll", "tokens"} <= set(examples.columns) else [MEDIAN]


def robust_perplexities(examples: pd.DataFrame) -> dict[str, float]:
    """The perplexity of one set's median example, and of all tokens together (where the examples have their nll and tokens)."""
    found = {MEDIAN: float(examples["perplexity"].median())}
    if {"nll", "tokens"} <= set(examples.columns):
        found[CORPUS] = float(np.exp(examples["nll"].sum() / examples["tokens"].sum()))
    return found


def intrinsic_replicates(
    seeds: Sequence[pd.DataFrame], replicates: int, rng: np.random.Generator, metrics: Sequence[Metric] = PAPER
) -> dict[str, Array]:
    """Measurement (index 0) and replicates of a cell's intrinsic metrics (see `intrinsic_draws`), over examples and seeds.

    The spread between seeds is that of this cell alone; `polyglot.scoring.measurements.collect` pools it over the study.

    Returns:
        Metric to an array of shape (replicates + 1,).
    """
    draws = intrinsic_draws(seeds, replicates, rng, metrics)
    return SetSpread.pooled([draws], 0).replicates(draws, rng)


def intrinsic_row(examples: pd.DataFrame, found: Mapping[str, Array], metrics: Sequence[Metric] = STANDARD) -> dict[str, float]:
    """One row of the intrinsic table: metrics with standard errors, other perplexities, lengths, counts.

    Args:
        examples: all seeds together.
        found: see `intrinsic_replicates`; a metric without replicates is the mean over all examples.
    """

    def mean(metric: Metric) -> float:
        return float(found[metric.name][0] if metric.name in found else examples[metric.values].mean())

    def error(name: str) -> dict[str, float]:
        return {f"{name}_se": spread_of(found[name][1:])} if name in found else {}

    row = {metric.name: mean(metric) for metric in PAPER}
    for metric in PAPER:
        row |= error(metric.name)
    for name in (CORPUS, MEDIAN):
        row |= {name: float(found[name][0]) if name in found else np.nan} | error(name)
    row |= {name: float(examples[name].mean()) for name in LENGTHS}
    row |= {"examples": len(examples), "rated": int(examples["reward"].notna().sum())}
    for metric in metrics:
        if metric.name not in KNOWN:
            row |= {metric.name: mean(metric)} | error(metric.name)
    return row
