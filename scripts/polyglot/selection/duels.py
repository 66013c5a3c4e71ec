"""Win rates: which answer a judge prefers, asked in both orders, with ties."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pandas as pd

from polyglot.core.hashing import content_id, stable_seed
from polyglot.core.prompts import PromptTemplates
from polyglot.core.sidefile import SideFile
from polyglot.engines.base import Engine, Request, answer_all
from polyglot.scoring.resampling import resample_means
from polyglot.scoring.scores import interval

VERDICTS = {"A": 1.0, "B": -1.0, "C": 0.0}
"""A judge's verdicts after `[[`: first better, second better, tie."""


def parse_verdict(text: str) -> float:
    """1, -1 or 0 from the only verdict in double brackets (`[[A]]`, `[[B]]`, `[[C]]`); NaN if there is none, or several."""
    found = {name for name in VERDICTS if f"[[{name}]]" in text}
    return VERDICTS[found.pop()] if len(found) == 1 else float("nan")


def both_orders(forward: Sequence[float], backward: Sequence[float]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """A duel's outcome from two verdicts, the second with the answers in the other order: 1 win, 0 tie, -1 loss.

    Opposite preferences in the two orders are a tie. A preference in one order and a tie in the other count as that preference.
    NaN if a verdict could not be parsed.
    """
    outcome: np.ndarray[Any, np.dtype[np.float64]] = np.sign(np.asarray(forward, dtype=float) - np.asarray(backward, dtype=float))
    return outcome


def duels_by_judge(
    engine: Engine,
    templates: PromptTemplates,
    language: str,
    prompts: Sequence[str],
    ours: Sequence[str],
    theirs: Sequence[str],
    side: SideFile,
    *,
    batch_size: int,
) -> pd.DataFrame:
    """Outcomes by a chat model and the template `duel.jinja`, which is asked in both orders.

    Returns:
        Columns outcome (1, 0, -1; NaN if an answer of the judge could not be parsed), forward, backward (its two answers).
    """
    orders = [(ours, theirs), (theirs, ours)]
    asked = [
        [
            templates.render("duel", language=language, prompt=prompt, first=first, second=second)
            for prompt, first, second in zip(prompts, *order, strict=True)
        ]
        for order in orders
    ]
    requests = {
        content_id(text): Request(content_id(text), [{"role": "user", "content": text}], seed=stable_seed("duel", text))
        for texts in asked
        for text in texts
    }
    answers = answer_all(engine, [*requests.values()], side, batch_size=batch_size, title="duels")
    told = [[answers[content_id(text)].text for text in texts] for texts in asked]
    verdicts = [[parse_verdict(text) for text in texts] for texts in told]
    return pd.DataFrame({"outcome": both_orders(*verdicts), "forward": told[0], "backward": told[1]})


def duels_by_reward(
    ours: Sequence[float], theirs: Sequence[float], same: Sequence[bool]
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Outcomes by a reward model, which scores one answer at a time, so order does not matter: the higher score wins, identical
    answers tie."""
    difference = np.sign(np.asarray(ours, dtype=float) - np.asarray(theirs, dtype=float))
    return np.where(np.asarray(same, dtype=bool), 0.0, difference)


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
    marked = seeds[["id", "prompt"]].assign(trained=seeds["prompt"].isin(list(trained))).sort_values("id", ignore_index=True)
    mixed = marked.sample(frac=1, random_state=seed).sort_values("trained", kind="stable")
    return mixed.drop_duplicates("prompt").head(count).reset_index(drop=True)
