"""."""

from __future__ import annotations

import json

import pandas as pd

METHODS = "methods"
"""Optional column: the methods that a row is for, joined by spaces; without it (or empty) a row is for all of them."""


def for_method(seeds: pd.DataFrame, method: str) -> pd.Series:
    """Which rows of a seed dataset are for a method."""
    if METHODS not in seeds.columns:
        return pd.Series(True, index=seeds.index)
    return seeds[METHODS].map(lambda named: not named or method in str(named).split())


def short_enough(seeds: pd.DataFrame, method: str, *, longest: int | None, shots: int) -> pd.Series:
    """Which rows of a seed dataset fit into a request of at most `longest` characters of it: by its prompt, or as one of the
    few-shot pairs of `generate`."""
    if longest is None:
        return pd.Series(True, index=seeds.index)
    characters = seeds["prompt"].str.len()
    return (characters + seeds["response"].str.len()) * shots <= longest if method == "generate" else characters <= longest


JSON_METHODS = ("generate", "translate", "nllb-both")
"""Methods whose answer is a JSON object with the keys `prompt` and `response`."""


def pair_json(prompt: str, response: str) -> str:
    """The JSON object that teachers are asked to write."""
    return json.dumps({"prompt": prompt, "response": response}, ensure_ascii=False)
