"""Grades synthetic data with the micro-world's known questions and answers."""

from __future__ import annotations

import pandas as pd

from polyglot.nano.world import World


def grade(world: World, answers: pd.DataFrame) -> pd.DataFrame:
    """Share of usable pairs whose prompt is a question of the world, and whose response is correct.

    Args:
        answers: columns teacher, lang, method, status, prompt, response.

    Returns:
        One row by teacher, language and method: usable (number of `ok` pairs), known (share of them whose prompt is a question
        of the world, letter for letter), right (share of them with exactly the right response to it).
    """
    usable = answers[answers["status"] == "ok"]
    rows = []
    for lang, part in usable.groupby("lang"):
        solutions = world.solutions(str(lang))
        asked = part["prompt"].map(solutions.get)
        known = asked.notna()
        right = [pair is not None and pair.response == response for pair, response in zip(asked, part["response"], strict=True)]
        rows.append(part[["teacher", "lang", "method"]].assign(known=known, right=right))
    graded = pd.concat(rows, ignore_index=True)
    found = graded.groupby(["teacher", "lang", "method"]).agg(
        usable=("right", "size"), known=("known", "mean"), right=("right", "mean")
    )
    return found.reset_index()
