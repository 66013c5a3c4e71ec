"""."""

from __future__ import annotations

import json
import random
from typing import Any

import pandas as pd

from polyglot.core.hashing import content_id, stable_seed
from polyglot.core.prompts import PromptTemplates
from polyglot.synthesis.draws import Draw


def build_requests(
    method: str,
    lang: str,
    language: str,
    seeds: pd.DataFrame,
    templates: PromptTemplates,
    *,
    count: int,
    shots: int,
    seed: int,
    stream: str = "",
) -> pd.DataFrame:
    """The requests of one method, language and seed: the same for every teacher.

    Args:
        seeds: seed dataset; of the source language for `translate`, else of `lang`.
        count: number of requests. Prompts are drawn without replacement; when they run out, a new round begins.
        shots: few-shot pairs of a `generate` request, drawn without replacement within the request.
        stream: names the random draw; empty takes the seed.

    Returns:
        Columns request_id, lang, method, seed, messages (list of role/content), prompt (the seed prompt; null for `generate`
        and `translate`, whose prompt the teacher writes), sources (ids of seed rows), request_seed.

    Raises:
        ValueError: if there is no seed row, or fewer than few-shot pairs.
    """
    stream = stream or str(seed)
    rng = random.Random(stable_seed("requests", method, lang, stream))
    rows: list[dict[str, Any]] = [{str(key): value for key, value in row.items()} for row in seeds.to_dict("records")]
    needed = shots if method == "generate" else 1
    if len(rows) < needed:
        problem = f"{method} in '{lang}' needs {needed} seed rows; the seed dataset has {len(rows)} that are short enough"
        raise ValueError(
            f"{problem}. Lower synthesis.shots, raise synthesis.longest, or name a larger file in seed_dataset.files"
        )
    order: list[dict[str, Any]] = []
    requests = []
    for index in range(count):
        if method == "generate":
            chosen = rng.sample(rows, shots)
            messages = templates.chat(method, language=language, shots=chosen)
            prompt = None
        else:
            order = order or rng.sample(rows, len(rows))
            chosen = [order.pop()]
            messages = templates.chat(method, language=language, prompt=chosen[0]["prompt"])
            prompt = chosen[0]["prompt"] if method == "respond" else None
        request_id = content_id(method, lang, stream, str(index), json.dumps(messages, ensure_ascii=False))
        requests.append(
            {
                "request_id": request_id,
                "lang": lang,
                "method": method,
                "seed": seed,
                "messages": messages,
                "prompt": prompt,
                "sources": [str(row["id"]) for row in chosen],
                "request_seed": stable_seed("request", request_id),
            }
        )
    return pd.DataFrame(requests)


def draw_requests(
    draw: Draw,
    method: str,
    lang: str,
    language: str,
    seeds: pd.DataFrame,
    templates: PromptTemplates,
    *,
    requests: int,
    shots: int,
) -> pd.DataFrame:
    """The requests of one draw (see `build_requests`): blocks follow one another without repetition, and the screening sample is
    the beginning of the first. Calibration prompts are drawn apart from them.

    Args:
        requests: requests in a block or sample (see `requests_in`).
    """
    count = requests * (draw.block + 1)
    stream = str(draw) if draw.sample == "calibration" else str(draw.seed)
    built = build_requests(method, lang, language, seeds, templates, count=count, shots=shots, seed=draw.seed, stream=stream)
    return built.iloc[requests * draw.block :].reset_index(drop=True)
