"""What a further rung of a race would bring, and whether a race is worth going on with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from polyglot.core.arrays import Array, symmetric_root
from polyglot.scoring.race_columns import Known
from polyglot.scoring.race_posterior import draws, equal_weights
from polyglot.scoring.racing import DRAWS, Teachers


def regret_after_one_more(
    known: Known, alive: Teachers, rng: np.random.Generator, *, number: int = DRAWS, weights: Array | None = None
) -> float:
    """The expected regret after one more training of every teacher that is still in the race, in one study.

    The posterior is nearly normal, so what a training will take from its covariance does not depend on the scores to come: it is
    the difference of two posteriors, with the trainings so far and with one more. The means that will be found scatter with that
    covariance about those of today (the value of sample information, Raiffa & Schlaifer, 1961; by several alternatives, Frazier,
    Powell & Dayanik, 2009).

    Args:
        alive: (teachers). number, weights: as in `polyglot.scoring.racing.standing`.
    """
    chosen = equal_weights(known.scores.shape[-1]) if weights is None else weights
    more = replace(known, trainings=known.trainings + (alive[:, None] & (known.trainings > 0)))
    now, then = (_centred(draws(each, chosen, number, rng)) for each in (known, more))
    learned = np.cov(now.T) - np.cov(then.T)
    means = now.mean(axis=0) + rng.normal(size=now.shape) @ symmetric_root(learned)
    best: float = now.max(axis=-1).mean() - np.where(alive, means, -np.inf).max(axis=-1).mean()
    leader = np.where(alive, now.mean(axis=0), -np.inf).max()
    return float(np.clip(best, 0.0, now.max(axis=-1).mean() - leader))


def _centred(drawn: Array) -> Array:
    """Draws of teachers' values less their mean: what all teachers share is not known, and does not matter."""
    centred: Array = drawn - drawn.mean(axis=-1, keepdims=True)
    return centred


EQUAL = 0.75
"""Share of the teachers, still in the race after the first rung, from which they are called about equal."""


def doubt(rung: pd.DataFrame) -> str:
    """Why it is doubtful to go on after the first rung of full sets; empty where it is not, and after other rungs.

    Of all teachers that had a student, also those that a small set dropped: otherwise its survivors would seem to be everyone.

    Args:
        rung: the table of a rung (`polyglot.scoring.race_rungs.rung_table`).
    """
    if "lang" in rung and rung["lang"].nunique() > 1:
        told = ((str(lang), doubt(found.drop(columns="lang"))) for lang, found in rung.groupby("lang", sort=False))
        return " ".join(f"{lang}: {said}" for lang, said in told if said)
    there = rung[rung["state"] != "no student"]
    left = there["state"].isin(["leads", "stays"])
    if int(rung["rung"].iloc[0]) != 1 or str(rung["end"].fillna("").iloc[0]) or len(there) < 3 or left.mean() < EQUAL:
        return ""
    regret = float(rung["regret"].iloc[0])
    return (
        f"{int(left.sum())} of {len(there)} teachers may still be the best: they are about equal so far. A further rung costs "
        f"about as much as training everyone again. To stop here has an expected regret of {regret:.4f}: set "
        "`race.regret` above it to stop, or take more items."
    )
