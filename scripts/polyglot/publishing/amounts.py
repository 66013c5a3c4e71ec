"""Amounts: what a teacher is still to be asked for a data set of the wanted size, and what that will cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from polyglot.synthesis.further import Answered, Want, further_needed
from polyglot.synthesis.mixing import PAIR, known_as


def still_to_ask(
    answers: Mapping[str, Sequence[pd.DataFrame]], size: int, stock: Mapping[str, int]
) -> tuple[dict[str, int], dict[str, Answered]]:
    """Requests of each method that are needed beside the answers that there are.

    Args:
        answers: method to the answers that there are (status, prompt, response), one frame a draw.
        size: wanted examples of all methods together.
        stock: method to the most requests that can be asked.

    Returns:
        (method to a number of requests; method to what there is, in which examples that repeat one are not usable).
    """
    there = {}
    for method, frames in answers.items():
        found = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=["status", *PAIR])
        usable = found.loc[found["status"] == "ok", known_as(found)].drop_duplicates()
        there[method] = Answered(len(found), len(usable))
    want = [Want(tuple(answers), size)]
    needed = further_needed(there, want, most=max(stock.values(), default=0))
    return {method: min(number, stock[method]) for method, number in needed.items()}, there


def price_of(
    requests: int, past: Mapping[str, Any] | None, *, rates: tuple[float, float] | None, usual: tuple[float, float]
) -> dict[str, float | None]:
    """What requests are expected to cost.

    Args:
        past: what the study's requests to this teacher in this language took (requests, prompt_tokens, completion_tokens,
            seconds, gpus); None where there were none.
        rates: USD per million (prompt, completion) tokens; None for a teacher without a price.
        usual: tokens of a request and an answer, where `past` is None.

    Returns:
        prompt_tokens, completion_tokens, usd (None without a price), gpu_hours (None if no GPU was recorded).
    """
    asked = float(past["requests"]) if past else 0.0
    each = (past["prompt_tokens"] / asked, past["completion_tokens"] / asked) if past and asked else usual
    tokens = [requests * tokens for tokens in each]
    usd = sum(count * rate for count, rate in zip(tokens, rates, strict=True)) / 1e6 if rates is not None else None
    hours = (
        requests * float(past["seconds"]) * float(past["gpus"]) / asked / 3600 if past and asked and past["gpus"] > 0 else None
    )
    return {"prompt_tokens": round(tokens[0]), "completion_tokens": round(tokens[1]), "usd": usd, "gpu_hours": hours}


def plan_row(
    lang: str,
    choice: Mapping[str, Any],
    requests: int,
    past: Mapping[str, Any] | None,
    *,
    rates: tuple[float, float] | None,
    usual: tuple[float, float],
    usd_per_gpu_hour: float | None,
) -> dict[str, Any]:
    """What a language's data set adds to the study, and its price: a row of plan.csv.

    Args:
        choice: the language's part of choice.json.
        requests: that are still to be asked.
        past, rates, usual: see `price_of`.
        usd_per_gpu_hour: price of a GPU hour; None counts endpoints only.
    """
    price = price_of(requests, past, rates=rates, usual=usual)
    if usd_per_gpu_hour is not None and price["gpu_hours"] is not None:
        price["usd"] = (price["usd"] or 0.0) + price["gpu_hours"] * usd_per_gpu_hour
    known = {name: choice[name] for name in ("teacher", "recipe", "size")}
    return {"lang": lang, **known, "requests": requests, **price, "tokens_from": "the study's answers" if past else "`plan`"}


def plan_text(table: pd.DataFrame, study: str) -> str:
    """The plan as Markdown, with the sum over languages."""
    lines = [
        f"# What the build of {study} adds",
        "",
        "Answers that the study has are used first and not asked again. These requests are new:",
        "",
        "| language | teacher | examples wanted | requests | tokens in | tokens out | US dollars | GPU hours |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    sums = table[["size", "requests", "prompt_tokens", "completion_tokens", "usd", "gpu_hours"]].sum(min_count=1)
    total = {"lang": "all", "teacher": "", **sums.to_dict()}
    for row in [*table.to_dict("records"), total]:
        counts = " | ".join(f"{row[name]:,.0f}" for name in ("size", "requests", "prompt_tokens", "completion_tokens"))
        prices = " | ".join("not known" if pd.isna(row[name]) else f"{row[name]:,.2f}" for name in ("usd", "gpu_hours"))
        lines.append(f"| {row['lang']} | {row['teacher']} | {counts} | {prices} |")
    lines += [
        "",
        "Tokens are those of the study's answers, scaled; where it has none, those that `plan` assumes. US dollars: of endpoints "
        "with a price, and of GPU hours if `plan.usd_per_gpu_hour` is set. Training and evaluating the students comes on top.",
        "",
    ]
    return "\n".join(lines)
