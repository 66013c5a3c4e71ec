"""Benchmarks that are judged, or measured and not scored: each model's score, its win rate at equal length, the judge's bias."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from polyglot.core.arrays import Array
from polyglot.core.hashing import stable_seed
from polyglot.judging.pairs import parse_verdict
from polyglot.scoring.outcomes import align_outcomes, score_replicates
from polyglot.scoring.scores import interval

MODEL = ("base", "recipe", "model", "lang")
RIDGE = 0.01
"""Penalty of the regression, 1/C with the C = 100 of AlpacaEval's code: it keeps a model that always wins finite."""
STEPS = 30
"""Newton's; it converges in fewer than ten."""
SHOWN = ("score", "controlled", "first_place", "first_turn", "later_turns")

Key = tuple[str, str, str, str]
"""Base, recipe, model and language; the recipe of a base or reference is empty."""


def further_table(
    outcomes: Mapping[Key, Sequence[pd.DataFrame]],
    verdicts: Mapping[Key, Sequence[pd.DataFrame]],
    benchmarks: Mapping[str, str],
    *,
    replicates: int,
    confidence: float,
    seed: int,
) -> pd.DataFrame:
    """Scores on these benchmarks with bootstrap intervals over items; a model's seeds and trainings are pooled by item.

    Args:
        outcomes: a model to its outcomes (see `polyglot.evaluation.run`), a frame for each of its trainings.
        verdicts: the same of what the judge said (`polyglot.judging.outcomes.VERDICTS`); without models that nobody judged.
        benchmarks: name to formulation.

    Returns:
        Columns benchmark, form, base, recipe, model, lang, n (items), unread (verdicts that are missing), score, controlled (the
        length-controlled win rate), first_place (how often the judge prefers the answer shown first, ties counted by half),
        first_turn and later_turns (the mean over verdicts on these, if items have several turns), the last five with _low and
        _high; consistent (share of pairs with the same verdict in both orders).
    """
    rows: list[dict[str, Any]] = []
    for name, form in benchmarks.items():
        for key, frames in outcomes.items():
            own = {str(place): frame[frame["benchmark"] == name] for place, frame in enumerate(frames)}
            own = {place: frame for place, frame in own.items() if len(frame)}
            if not own:
                continue
            rng = np.random.default_rng(stable_seed("further", name, key[3], seed))
            items, correct = align_outcomes(own)
            drawn = score_replicates(items, correct, replicates, rng).mean(axis=1)
            said = [frame[frame["benchmark"] == name].assign(training=place) for place, frame in enumerate(verdicts.get(key, ()))]
            judged = pd.concat(said, ignore_index=True) if said else pd.DataFrame()
            found = {"score": drawn}
            row = {"benchmark": name, "form": form, **dict(zip(MODEL, key, strict=True)), "n": len(items)}
            row["unread"] = int(judged["value"].isna().sum()) if len(judged) else 0
            if form == "compared" and len(judged):
                found |= _comparisons(judged, replicates, rng)
                row["consistent"] = _consistent(judged)
            found |= _turns(judged, replicates, rng) if len(judged) else {}
            for column in SHOWN:
                values = found.get(column, np.full(replicates + 1, np.nan))
                ends = interval(values[1:], confidence) if np.isfinite(values).all() else (np.nan, np.nan)
                low, high = np.clip(ends, 0, 1)  # all are shares; linearised parts of a mean can leave their range
                row |= {column: float(values[0]), f"{column}_low": float(low), f"{column}_high": float(high)}
            rows.append(row)
    shown = [f"{name}{end}" for name in SHOWN for end in ("", "_low", "_high")]
    return pd.DataFrame(rows).reindex(columns=["benchmark", "form", *MODEL, "n", "unread", *shown, "consistent"])


def length_controlled(points: Array, difference: Array, weights: Array) -> Array:
    """The win rate that a judge would give if answers were as long as the reference's (Dubois et al., 2024, arXiv 2404.04475).

    A logistic regression of the points on an intercept and tanh(difference / its standard deviation); the win rate is its value
    at difference 0. The paper's third term, how hard each question is, is fitted once over all models of its leaderboard; a study
    has too few models for it, so it is left out.

    Args:
        points: 1 win, 0.5 tie, 0 loss; shape (n,). difference: length of the answer minus the reference's. weights: shape
        (fits, n): how often each comparison counts in a fit.

    Returns:
        Shape (fits,).
    """
    spread = float(difference.std(ddof=1)) if len(difference) > 1 else 0.0
    lengths = np.tanh(difference / spread) if spread > 0 else np.zeros(len(difference))
    design = np.stack([np.ones(len(points)), lengths], axis=1)  # [n, 2]
    found = np.zeros((len(weights), 2))
    for _ in range(STEPS):
        expected = 1 / (1 + np.exp(-found @ design.T))  # [fits, n]
        slope = (weights * (points - expected)) @ design - RIDGE * found
        curvature = np.einsum("fn,ni,nj->fij", weights * expected * (1 - expected), design, design) + RIDGE * np.eye(2)
        step = np.linalg.solve(curvature, slope[..., None])[..., 0]
        found += np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-8:
            break
    controlled: Array = 1 / (1 + np.exp(-found[:, 0]))
    return controlled


def _comparisons(judged: pd.DataFrame, replicates: int, rng: np.random.Generator) -> dict[str, Array]:
    """The length-controlled win rate and the judge's preference for the first place, with replicates over items."""
    read = judged[judged["value"].notna()]
    weights = _weights(read, replicates, rng)
    difference = (read["length"] - read["reference_length"]).to_numpy(np.float64)
    found = {"controlled": length_controlled(read["value"].to_numpy(np.float64), difference, weights)}
    if read["forward"].notna().all() and len(read):
        preferred = np.mean([(_verdicts(read[order]) + 1) / 2 for order in ("forward", "backward")], axis=0)
        found["first_place"] = (weights @ preferred) / weights.sum(axis=1)
    return found


def _turns(judged: pd.DataFrame, replicates: int, rng: np.random.Generator) -> dict[str, Array]:
    """The mean verdict on first turns and on later ones, with replicates over items; nothing if every item has one turn."""
    found = {}
    if (judged["turn"] > 1).any():
        read = judged[judged["value"].notna()]
        for name, rows in (("first_turn", read[read["turn"] == 1]), ("later_turns", read[read["turn"] > 1])):
            if len(rows):
                weights = _weights(rows, replicates, rng)
                found[name] = (weights @ rows["value"].to_numpy(np.float64)) / weights.sum(axis=1)
    return found


def _weights(verdicts: pd.DataFrame, replicates: int, rng: np.random.Generator) -> Array:
    """How often each verdict counts: once, then in every replicate as often as its item is drawn; shape (1 + replicates, n)."""
    place, items = pd.factorize(verdicts["example_id"])
    count = len(items)
    drawn = np.vstack([np.ones(count), rng.multinomial(count, np.full(count, 1 / count), size=replicates)])
    weights: Array = drawn[:, place].astype(float)
    return weights


def _consistent(judged: pd.DataFrame) -> float:
    """The share of pairs with the same verdict in both orders; NaN of a judge that looks at one answer at a time."""
    read = judged[judged["value"].notna() & judged["forward"].notna()]
    return float(np.mean(_verdicts(read["forward"]) == -_verdicts(read["backward"]))) if len(read) else float("nan")


def _verdicts(told: pd.Series) -> Array:
    """1 for the answer shown first, -1 for the second, 0 for a tie."""
    return np.array([parse_verdict(str(text)) for text in told], dtype=float)
