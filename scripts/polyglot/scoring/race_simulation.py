"""Many races at once, from students' scores that are known beforehand: how long races last, and what they choose."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from polyglot.core.arrays import Array
from polyglot.scoring.race_columns import Known, Noise, Small
from polyglot.scoring.race_posterior import equal_weights, learned_noise
from polyglot.scoring.racing import Terms, standing, survivors


@dataclass(frozen=True)
class Raced:
    """Per study and choice: the chosen teacher, stated regret, whether it is called clear, (studies, choices); and trainings of
    every teacher in every language. There is one choice on average over languages, or one in each."""

    chosen: npt.NDArray[np.intp]
    stated: Array
    clear: Array
    trainings: Array


def race(
    scores: Array,
    believed: Noise,
    terms: Terms,
    rng: np.random.Generator,
    *,
    df_of_belief: float,
    number: int = 500,
    small: Small | None = None,
    within: float = np.inf,
) -> Raced:
    """Race every study to its end.

    Args:
        scores: of single students, (studies, teachers, languages, trainings): at least as many trainings as `terms` has.
        believed: by language, (languages): before a second training.
        df_of_belief: as in `learned_noise`.
        number: draws from the posterior.
        small: of races that start with small sets; `scores` of shape (studies, teachers, languages).
        within: most trainings of a teacher in a language, on average over all of them, that the budget allows.
    """
    studies, teachers, languages, _ = scores.shape
    weights = np.eye(languages) if terms.by == "language" else equal_weights(languages)[None]
    shape = (studies, len(weights))
    alive, going = np.ones((studies, teachers, len(weights)), bool), np.ones(shape, bool)
    found = Raced(np.zeros(shape, np.intp), np.zeros(shape), np.zeros(shape, bool), np.zeros((studies, teachers, languages), int))
    for rung in range(1 if small is None else 0, terms.trainings + 1):
        at = np.flatnonzero(going.any(axis=1))
        if not len(at):
            break
        if rung:
            found.trainings[at] += (alive[at] & going[at][:, None]).astype(int) @ (weights > 0)
        known = _known(scores[at], found.trainings[at], believed, df_of_belief, small and replace(small, scores=small.scores[at]))
        for choice, weight in enumerate(weights):
            here, was = alive[at, :, choice], going[at, choice]
            now = standing(known, here, rng, number=number, weights=weight)
            found.chosen[at, choice], found.stated[at, choice], found.clear[at, choice] = now.leader, now.regret, now.clear
            alive[at, :, choice] = np.where(was[:, None], survivors(now, here, terms), here)
            left = alive[at, :, choice].sum(axis=-1) > 1
            going[at, choice] = was & left & ~((terms.regret > 0) & (now.regret <= terms.regret))
        next_ones = (alive & going[:, None]).astype(int) @ (weights > 0)
        going &= ((found.trainings + next_ones).mean(axis=(1, 2)) <= within)[:, None]
    return found


def _known(scores: Array, counts: Array, believed: Noise, df_of_belief: float, small: Small | None) -> Known:
    """What is known of studies after so many trainings, (studies, teachers, languages)."""
    single = np.where(np.arange(scores.shape[-1]) < counts[..., None], scores, np.nan)
    of_all = Noise(*(np.broadcast_to(part, (len(scores), scores.shape[2])) for part in (believed.kept, believed.anew)))
    means = np.nansum(single, axis=-1) / np.maximum(counts, 1)
    return Known(means, counts, learned_noise(of_all, single, df_of_belief), small=small)
