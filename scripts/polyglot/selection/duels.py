"""Win rates of duels (see `polyglot.judging.pairs`), and the prompts that they are about."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from polyglot.core.conversations import HISTORY
from polyglot.core.hashing import stable_seed
from polyglot.scoring.resampling import resample_means
from polyglot.scoring.scores import interval


def win_rate(
    outcomes: Sequence[float], prompts: Sequence[str], *, replicates: int, confidence: float, seed: int
) -> dict[str, float]:
    """Wins plus half of the ties, as a share of all duels with an outcome; its bootstrap interval over prompts; counts.

    Args:
        outcomes: of n duels.
        prompts: the prompt of each. Duels on one prompt are resampled together, because those of several seeds are not
            independent.

    Returns:
        win_rate, win_rate_low, win_rate_high, wins, ties, losses, unread.
    """
    values = np.asarray(outcomes, dtype=float)
    read = values[np.isfinite(values)]
    counts = {"wins": int((read > 0).sum()), "ties": int((read == 0).sum()), "losses": int((read < 0).sum())}
    found: dict[str, float] = {**counts, "unread": len(values) - len(read)}
    if not len(read):
        return found | dict.fromkeys(("win_rate", "win_rate_low", "win_rate_high"), float("nan"))
    about, _ = pd.factorize(np.asarray(prompts, dtype=object)[np.isfinite(values)])
    duels = np.bincount(about).astype(float)
    points = np.bincount(about, weights=(read + 1) / 2)
    drawn = resample_means(np.stack([points, duels], axis=1), replicates, np.random.default_rng(stable_seed("duels", seed)))
    low, high = interval(drawn[:, 0] / drawn[:, 1], confidence)
    return found | {"win_rate": float(points.sum() / duels.sum()), "win_rate_low": float(low), "win_rate_high": float(high)}


def unseen_prompts(seeds: pd.DataFrame, trained: Collection[str], *, count: int, seed: int) -> pd.DataFrame:
    """Prompts for students to answer: a seeded sample of those that no student was trained on; if too few, also of the others.

    Args:
        seeds: seed dataset: id, prompt.
        trained: prompts of training sets.

    Returns:
        Columns id, prompt, trained.
    """
    seeds = seeds[seeds[HISTORY] == ""] if HISTORY in seeds else seeds  # students are asked the prompt alone
    marked = seeds[["id", "prompt"]].assign(trained=seeds["prompt"].isin(list(trained))).sort_values("id", ignore_index=True)
    mixed = marked.sample(frac=1, random_state=seed).sort_values("trained", kind="stable")
    return mixed.drop_duplicates("prompt").head(count).reset_index(drop=True)
