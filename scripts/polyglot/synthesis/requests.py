"""Requests: which seed rows a method can use, which of them are drawn, and the resulting prompts."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from polyglot.core.conversations import HISTORY, histories
from polyglot.core.errors import WrongInput
from polyglot.core.hashing import content_id, stable_seed
from polyglot.core.prompts import PromptTemplates
from polyglot.synthesis.draws import Draw
from polyglot.synthesis.methods.base import METHODS

FOR_METHODS = "methods"
"""Optional column of a seed dataset: the methods that may use a row, separated by spaces; missing or empty means all."""


def for_method(seeds: pd.DataFrame, method: str) -> pd.Series:
    """Which rows of a seed dataset a method may use: rows with its name, or with that of its `rows_of`."""
    if FOR_METHODS not in seeds.columns:
        return pd.Series(True, index=seeds.index)
    names = {method, METHODS[method].rows_of}
    return seeds[FOR_METHODS].map(lambda named: not named or not names.isdisjoint(str(named).split())).astype(bool)


def in_context(seeds: pd.DataFrame, method: str) -> pd.Series:
    """Which rows of a seed dataset a method can show with all that they continue: those without earlier turns, or all."""
    if METHODS[method].continues or HISTORY not in seeds.columns:
        return pd.Series(True, index=seeds.index)
    return seeds[HISTORY] == ""


def short_enough(seeds: pd.DataFrame, method: str, *, longest: int | None, shots: int) -> pd.Series:
    """Which rows of a seed dataset fit into a request with at most `longest` seed characters: by the texts that the method shows,
    alone or as one of its few-shot pairs."""
    if longest is None:
        return pd.Series(True, index=seeds.index)
    known = METHODS[method]
    characters = sum((seeds[name].str.len() for name in known.shows), pd.Series(0, index=seeds.index))
    if known.continues and HISTORY in seeds:
        characters += [sum(len(turn["content"]) for turn in turns) for turns in histories(seeds)]
    return characters * (shots if known.shots else 1) <= longest


def usable_rows(seeds: pd.DataFrame, method: str, *, longest: int | None, shots: int) -> pd.DataFrame:
    """Rows of a seed dataset that a method can use: assigned to it, with the texts that it shows, without earlier turns (unless
    it continues conversations), and short enough. A method with shots uses prompts alone where no row has a response (see
    `without_shots`)."""
    usable = for_method(seeds, method) & in_context(seeds, method) & short_enough(seeds, method, longest=longest, shots=shots)
    for name in ("prompt",) if without_shots(seeds, method) else METHODS[method].shows:
        usable &= seeds[name].str.strip() != ""
    return seeds[usable]


def without_shots(seeds: pd.DataFrame, method: str) -> bool:
    """Whether a method that shows pairs has prompts only: its requests then have no shots, and show prompts alone."""
    rows = seeds[for_method(seeds, method) & in_context(seeds, method)]
    return METHODS[method].shots and len(rows) > 0 and not rows["response"].str.strip().astype(bool).any()


def build_requests(
    draw: Draw,
    method: str,
    lang: str,
    language: str,
    seeds: pd.DataFrame,
    templates: PromptTemplates,
    *,
    count: int,
    shots: int,
) -> pd.DataFrame:
    """The requests of one method, language and seed, which are the same for every teacher.

    Args:
        draw: name of the random draw: calibration prompts are drawn separately, all others by the seed. Further requests take
            the seed rows that the blocks would take last.
        method: a name in `METHODS`.
        seeds: rows that it can use (see `usable_rows`), in its seed language.
        count: number of requests. Prompts are drawn without replacement; when they are used up, a new round begins. shots:
        few-shot pairs per request, for methods that show several rows.

    Returns:
        Columns request_id, lang, method, seed, messages (list of role/content), prompt (the seed prompt; null if the teacher
        writes the prompt), response (the seed row's, only for methods that keep it), sources (ids of seed rows), request_seed;
        of a method that continues conversations also `HISTORY`, if the seed rows have it.

    Raises:
        ValueError: if there is no seed row, or fewer rows than few-shot pairs; for an unknown method.
    """
    known = METHODS[method]
    stream = str(draw) if draw.sample == "calibration" else str(replace(draw, block=0, sample=None))
    rng = random.Random(stable_seed("requests", method, lang, stream))
    rows: list[dict[str, Any]] = [{str(key): value for key, value in row.items()} for row in seeds.to_dict("records")]
    needed = shots if known.shots else 1
    if len(rows) < needed:
        alone = "" if known.continues or HISTORY not in seeds else " and continue no conversation (seed_dataset.turns: all)"
        problem = f"{method} in '{lang}' needs {needed} seed rows; the seed dataset has {len(rows)} that are short enough{alone}"
        raise WrongInput(
            f"{problem}. Lower synthesis.shots, raise synthesis.longest, or name a larger file in seed_dataset.files"
        )
    requests = []
    last = _first_round(rows, method, lang, draw)[::-1] if draw.further else []
    for index, chosen in enumerate(_draws(rows, rng, count, shots if known.shots else None, last)):
        messages = known.messages(templates, language, chosen)
        kept = {str(known.kept): chosen[0][known.kept]} if known.kept else {}
        kept |= {HISTORY: chosen[0][HISTORY]} if known.continues and HISTORY in chosen[0] else {}
        request_id = content_id(method, lang, stream, str(index), json.dumps(messages, ensure_ascii=False))
        requests.append(
            {
                "request_id": request_id,
                "lang": lang,
                "method": method,
                "seed": draw.seed,
                "messages": messages,
                **{"prompt": None, **kept},
                "sources": [str(row["id"]) for row in chosen],
                "request_seed": stable_seed("request", request_id),
            }
        )
    return pd.DataFrame(requests)


def _first_round(rows: list[dict[str, Any]], method: str, lang: str, draw: Draw) -> list[dict[str, Any]]:
    """Seed rows as the blocks of a seed take them in their first round, the last of the list first."""
    rng = random.Random(stable_seed("requests", method, lang, str(draw.seed)))
    return rng.sample(rows, len(rows))


def _draws(
    rows: list[dict[str, Any]], rng: random.Random, count: int, shots: int | None, order: list[dict[str, Any]]
) -> Iterator[list[dict[str, Any]]]:
    """The seed rows of every request: few-shot pairs drawn for each, or (None) one row, without replacement within a round.

    Args:
        order: the first round, the last of the list first; if it is empty, it is drawn.
    """
    for _ in range(count):
        if shots is not None:
            yield rng.sample(rows, shots)
        else:
            order = order or rng.sample(rows, len(rows))
            yield [order.pop()]


def draw_requests(
    draw: Draw,
    method: str,
    lang: str,
    language: str,
    seeds: pd.DataFrame,
    templates: PromptTemplates,
    *,
    requests: int | Sequence[int],
    shots: int,
) -> pd.DataFrame:
    """The requests of one draw (see `build_requests`): blocks do not overlap, and the screening sample is the start of the first.
    Calibration prompts are drawn separately, and so are further requests, which do not overlap either.

    Args:
        requests: requests in a block or sample (see `requests_in`); where blocks differ, in each of them up to the draw's.
    """
    sizes = [requests] * (draw.block + 1) if isinstance(requests, int) else requests
    built = build_requests(draw, method, lang, language, seeds, templates, count=sum(sizes), shots=shots)
    return built.iloc[sum(sizes[:-1]) :].reset_index(drop=True)
