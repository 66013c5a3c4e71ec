"""Which of two answers a judge prefers, asked in both orders, with ties; and how far it favours a place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from polyglot.core.hashing import content_id, stable_seed
from polyglot.core.prompts import PromptTemplates
from polyglot.core.sidefile import SideFile
from polyglot.engines.base import Engine, Request
from polyglot.intrinsic.reward import TOO_LONG, answers_that_fit

VERDICTS = {"A": 1.0, "B": -1.0, "C": 0.0}
"""A judge's verdicts after `[[`: first better, second better, tie."""


NO_VERDICT = "no verdict"
"""Problem of a duel: an answer of the judge names no verdict, or several."""


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
        Columns outcome (1, 0, -1; NaN with a problem), forward, backward (the judge's two answers; None if the request is longer
        than its context) and problem (why there is no outcome, else null).
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
    answers = answers_that_fit(engine, requests, side, batch_size=batch_size, title="duels")
    told = [[answers[content_id(text)].text if content_id(text) in answers else None for text in texts] for texts in asked]
    verdicts = [[parse_verdict(text or "") for text in texts] for texts in told]
    outcome = both_orders(*verdicts)
    problems = [
        TOO_LONG if None in texts else NO_VERDICT if np.isnan(value) else None
        for value, *texts in zip(outcome, *told, strict=True)
    ]
    return pd.DataFrame({"outcome": outcome, "forward": told[0], "backward": told[1], "problem": problems})


def duels_by_reward(
    ours: Sequence[float], theirs: Sequence[float], same: Sequence[bool]
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Outcomes by a reward model, which scores one answer at a time, so order does not matter: the higher score wins, identical
    answers tie."""
    difference = np.sign(np.asarray(ours, dtype=float) - np.asarray(theirs, dtype=float))
    return np.where(np.asarray(same, dtype=bool), 0.0, difference)
