"""Rewards of teachers' answers to the same prompts: quality and learnability, normalised within each prompt."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]
TIED = 1e-9
"""Rewards closer than this count as equal."""


def learnability(nll: pd.Series, tokens: pd.Series) -> pd.Series:
    """Mean log-likelihood of a response's tokens under the student base, given the prompt (arXiv 2510.10925)."""
    return -nll / tokens


def rewards(answers: pd.DataFrame, alpha: float) -> pd.DataFrame:
    """The reward (1 - alpha) quality + alpha learnability of every answer, both min-max normalised over the teachers of a prompt.

    An answer unusable for training (`usable` false) has the minimum reward, 0. A usable answer without quality or learnability
    has none. If all known answers of a prompt are equal in one of the two, each gets 0.5 for it.

    Args:
        answers: request_id, teacher, usable, quality, learnability; one row per prompt and teacher.
        alpha: weight of learnability, 0 to 1.

    Returns:
        The same with the columns quality_norm, learnability_norm and reward (0 to 1; NaN if unknown).
    """
    known = answers["usable"] & answers["quality"].notna() & answers["learnability"].notna()
    found = answers.copy()
    for column in ("quality", "learnability"):
        values = answers[column].astype(float).where(known)
        low, high = (values.groupby(answers["request_id"]).transform(how) for how in ("min", "max"))
        spread = high - low
        norm = ((values - low) / spread.where(spread > TIED)).where(spread > TIED, 0.5)
        found[f"{column}_norm"] = norm.where(known)
    found["reward"] = (1 - alpha) * found["quality_norm"] + alpha * found["learnability_norm"]
    found.loc[~answers["usable"], "reward"] = 0.0
    return found


def reward_matrix(rewarded: pd.DataFrame, prompts: Sequence[str], teachers: Sequence[str]) -> tuple[Array, npt.NDArray[np.bool_]]:
    """(rewards, usable), each of shape (prompts, teachers); unknown rewards are NaN."""
    wide = rewarded.pivot(index="request_id", columns="teacher", values=["reward", "usable"]).reindex(list(prompts))
    return wide["reward"][list(teachers)].to_numpy(dtype=float), wide["usable"][list(teachers)].to_numpy(dtype=bool)


def wins(reward: Array, usable: npt.NDArray[np.bool_]) -> Array:
    """Pairwise wins: entry (i, a, b) is 1 if teacher a's answer to prompt i has a higher reward than b's.

    A usable answer with a reward beats every unusable one. Ties, two unusable answers, and answers with unknown reward form no
    pair.

    Args:
        reward, usable: shape (n, m); see `reward_matrix`.

    Returns:
        Shape (n, m, m).
    """
    higher = reward[:, :, None] > reward[:, None, :] + TIED
    over_failure = (usable & np.isfinite(reward))[:, :, None] & ~usable[:, None, :]
    return (higher & usable[:, :, None] | over_failure).astype(float)


def best(reward: Array, usable: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Which teachers have the highest known reward for each prompt, shape (n, m): several if tied, none if no answer is usable
    with a known reward."""
    known = np.where(usable, reward, np.nan)
    top = np.max(np.where(np.isfinite(known), known, -np.inf), axis=1, keepdims=True)
    found: npt.NDArray[np.bool_] = np.isfinite(known) & (known >= top - TIED)
    return found
