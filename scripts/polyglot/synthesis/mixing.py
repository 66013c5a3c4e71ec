"""Training sets mixed from answers and human-written data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from polyglot.core.hashing import stable_seed
from polyglot.synthesis.methods.base import METHODS
from polyglot.synthesis.recipes import PUBLIC

COLUMNS = ("id", "method", "prompt", "response", "thoughts")
"""Of a training set."""


def mix(parts: Mapping[str, Sequence[pd.DataFrame]], *, examples: int, seed: int) -> pd.DataFrame:
    """The training set of a recipe: equal shares of its parts; only answers with status `ok`.

    Each part is shuffled with a seed, block by block, and its first examples are used. So a smaller set of the same parts is a
    subset of a larger one.

    Args:
        parts: part (a method, or `public`) to its blocks of answers, of one teacher, language and seed.
        examples: target size; a part with too few examples contributes all of them, and other parts do not make up the shortfall.

    Returns:
        `COLUMNS`, in a seeded random order; no row if no answer is usable. Thoughts are those that led to the response, empty
        elsewhere (see `Method.thinks_of_the_response`).
    """
    chosen = []
    for place, (part, blocks) in enumerate(parts.items()):
        wanted = examples // len(parts) + (place < examples % len(parts))
        for number, block in enumerate(blocks):
            good = block.query("status == 'ok'").sort_values("request_id", ignore_index=True)
            order = stable_seed("mix", part, seed, *([number] if number else [])) % 2**32
            taken = good.sample(frac=1, random_state=order).head(wanted)
            wanted -= len(taken)
            chosen.append(taken)
    mixed = pd.concat(chosen, ignore_index=True).rename(columns={"request_id": "id"})
    return in_columns(mixed).sample(frac=1, random_state=seed, ignore_index=True)


def in_columns(examples: pd.DataFrame) -> pd.DataFrame:
    """A training set's columns of some examples; those of before version 0.2 have no thoughts."""
    known = examples.reindex(columns=list(COLUMNS))
    of_response = known["method"].isin([name for name, method in METHODS.items() if method.thinks_of_the_response])
    return known.assign(thoughts=known["thoughts"].where(of_response, "").fillna("").astype(object))


def people_wrote(seeds: pd.DataFrame) -> pd.DataFrame:
    """The seed dataset in the form of answers, for the recipe `public`."""
    answered = seeds[seeds["response"].str.strip() != ""]
    return answered.rename(columns={"id": "request_id"}).assign(method=PUBLIC, status="ok")
