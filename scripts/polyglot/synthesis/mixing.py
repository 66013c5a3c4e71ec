"""Training sets mixed from answers and human-written data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from polyglot.core.conversations import HISTORY
from polyglot.core.hashing import stable_seed
from polyglot.synthesis.methods.base import METHODS
from polyglot.synthesis.recipes import PUBLIC
from polyglot.synthesis.settings import Shortfall

PAIR = ["prompt", "response"]

COLUMNS = ("id", "method", "prompt", "response", "thoughts")
"""Of a training set; also `HISTORY`, where a part has it."""


def known_as(examples: pd.DataFrame) -> list[str]:
    """Columns by which an example is another one: its prompt and response, and the turns before them if there are any."""
    return [*PAIR, *([HISTORY] if HISTORY in examples else [])]


def mix(
    parts: Mapping[str, Sequence[pd.DataFrame]],
    *,
    examples: int,
    seed: int,
    shortfall: Shortfall = "refill",
    further: Mapping[str, Sequence[pd.DataFrame]] | None = None,
) -> pd.DataFrame:
    """The training set of a recipe: equal shares of its parts; only answers with status `ok`.

    Each part is shuffled with a seed, block by block, and its first examples are used. So a smaller set of the same parts is a
    subset of a larger one.

    Args:
        parts: part (a method, or `public`) to its blocks of answers, of one teacher, language and seed.
        examples: target size.
        shortfall: where a part has too few examples, `keep` takes all of them and no more of the others; `refill` makes up what
            is lacking from the others, in equal shares.
        further: part to its answers to further requests, which come after its blocks, without those that repeat an example.

    Returns:
        `COLUMNS`, in a seeded random order; no row if no answer is usable. Thoughts are those that led to the response, empty
        elsewhere (see `Method.thinks_of_the_response`).
    """
    queues = {part: _shuffled_blocks(part, blocks, seed) for part, blocks in parts.items()}
    known = {pair for blocks in queues.values() for block in blocks for pair in _pairs(block)}
    for part, blocks in (further or {}).items():
        for number, block in enumerate(blocks):
            queues[part].append(_unknown(_shuffled(block, "refill", part, seed, number), known))
    available = [sum(map(len, blocks)) for blocks in queues.values()]
    counts = shares(available, examples) if shortfall == "refill" else shares([examples] * len(available), examples)
    chosen = [pd.concat(blocks).head(count) for blocks, count in zip(queues.values(), counts, strict=True)]
    mixed = pd.concat(chosen, ignore_index=True).rename(columns={"request_id": "id"})
    return in_columns(mixed).sample(frac=1, random_state=seed, ignore_index=True)


def in_columns(examples: pd.DataFrame) -> pd.DataFrame:
    """A training set's columns of some examples; those of before version 0.2 have no thoughts."""
    known = examples.reindex(columns=[*COLUMNS, *([HISTORY] if HISTORY in examples else [])])
    of_response = known["method"].isin([name for name, method in METHODS.items() if method.thinks_of_the_response])
    known = known.assign(thoughts=known["thoughts"].where(of_response, "").fillna("").astype(object))
    return known.assign(**{HISTORY: known[HISTORY].fillna("").astype(object)}) if HISTORY in known else known


def shares(available: Sequence[int], examples: int) -> list[int]:
    """How many examples each part gives: equal numbers, the first parts one more; what a part lacks comes from the others in
    equal numbers. A part's number never falls when more examples are wanted.
    """
    counts, left = [0] * len(available), min(examples, sum(available))
    while left:
        open_ones = [place for place, room in enumerate(available) if counts[place] < room]
        each = max(1, left // len(open_ones))
        for place in open_ones[:left]:
            given = min(each, available[place] - counts[place])
            counts[place] += given
            left -= given
    return counts


def _shuffled_blocks(part: str, blocks: Sequence[pd.DataFrame], seed: int) -> list[pd.DataFrame]:
    return [_shuffled(block, "mix", part, seed, *([place] if place else [])) for place, block in enumerate(blocks)]


def _shuffled(answers: pd.DataFrame, *names: object) -> pd.DataFrame:
    """Usable answers in a seeded random order."""
    good = answers.query("status == 'ok'").sort_values("request_id", ignore_index=True)
    return good.sample(frac=1, random_state=stable_seed(*names) % 2**32)


def _unknown(answers: pd.DataFrame, known: set[tuple[str, ...]]) -> pd.DataFrame:
    """Answers whose prompt and response are not known together; they are known then."""
    new = []
    for pair in _pairs(answers):
        new.append(pair not in known)
        known.add(pair)
    return answers[new]


def _pairs(answers: pd.DataFrame) -> list[tuple[str, ...]]:
    rows = answers[known_as(answers)].itertuples(index=False, name=None)
    return [(prompt, response, *(text for text in before if text)) for prompt, response, *before in rows]


def people_wrote(seeds: pd.DataFrame) -> pd.DataFrame:
    """The seed dataset in the form of answers, for the recipe `public`."""
    answered = seeds[seeds["response"].str.strip() != ""]
    return answered.rename(columns={"id": "request_id"}).assign(method=PUBLIC, status="ok")
