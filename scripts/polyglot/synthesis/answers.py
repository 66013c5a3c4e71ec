"""Synthesis: from seed prompts to requests, from requests to a teacher's answers, each with a status."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from polyglot.core.conversations import HISTORY
from polyglot.core.sidefile import SideFile
from polyglot.engines.base import Answer, Engine, Request, answer_all
from polyglot.synthesis.detection import language_probability, languages_of
from polyglot.synthesis.filters.base import FILTERS
from polyglot.synthesis.methods.base import METHODS, Unusable, read_pair, unfenced
from polyglot.synthesis.methods.reading import holds_latex, is_echo, last_of_each, mended
from polyglot.synthesis.settings import How

STATUSES = (
    *("ok", "invalid_json", "empty", "truncated", "wrong_language", "refused", "echo", "filtered", "failed"),
    *dict.fromkeys(one.status for one in FILTERS.values()),
)
"""What an answer can be; the last ones come from filters (see `polyglot.synthesis.filters`)."""
PROBLEMS = {
    "refused": "the endpoint does not take the request",
    "filtered": "a content filter left something out",
    "failed": "no whole answer came",
}
"""Why an answer with such an end is not used."""
ENDS = (
    *("<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end|>", "<|return|>", "<|end_of_text|>", "<|endoftext|>", "<|end_of_turn|>"),
    *("<|END_OF_TURN_TOKEN|>", "<end_of_turn>", "<eos>", "<｜end▁of▁sentence｜>"),
)
"""What a server that does not take off the tokens that end an answer leaves there."""
UNREADABLE = ("invalid_json", "echo")
"""Statuses of answers that hold no pair; such a request can be asked again."""


KINDS = {
    **dict.fromkeys(("request_id", "lang", "method"), "object"),
    "seed": "int64",
    **dict.fromkeys(("status", "problem", "prompt", "response", "text", "thoughts", "finish_reason"), "object"),
    **dict.fromkeys(("prompt_tokens", "completion_tokens", "thought_tokens"), "int64"),
    **{"counted": "bool", "attempts": "int64", "first_text": "object"},
    **dict.fromkeys(("read_strictly", "read", "repaired"), "bool"),
}
"""Columns of read answers where there are none, as pandas names their types."""


class Reading(NamedTuple):
    """What an answer holds, before language detection. `prompt` and `response` are None unless the status is `ok`."""

    status: str
    problem: str | None = None
    prompt: str | None = None
    response: str | None = None
    repaired: bool = False


def ask(engine: Engine, requests: pd.DataFrame, side: SideFile, *, batch_size: int, title: str) -> dict[str, Answer]:
    """The answer to every request, by request id (see `polyglot.engines.base.answer_all`)."""
    asked = [
        Request(
            id=row["request_id"],
            messages=[dict(message) for message in row["messages"]],
            seed=int(row["request_seed"]),
            schema=METHODS[row["method"]].schema,
            kind=row["method"],
        )
        for row in requests.to_dict("records")
    ]
    return answer_all(engine, asked, side, batch_size=batch_size, title=title)


def answer_frame(answers: Iterable[Answer]) -> pd.DataFrame:
    """One row per answer; without answers, an empty table with all columns."""
    return pd.DataFrame([answer.as_dict() for answer in answers], columns=[field.name for field in fields(Answer)])


def read_answers(
    requests: pd.DataFrame,
    answers: Mapping[str, Answer],
    *,
    teacher: str,
    languages: Sequence[str],
    language_confidence: float,
    reading: How = "repair",
) -> pd.DataFrame:
    """Every answer with its status before filters and, if it could be parsed, its prompt and response.

    Args:
        answers: by id; further attempts at a request have ids of their own (see `attempts_of`). The first attempt that holds a
            pair counts, or else the first.
        languages: codes that the language detector may choose from.
        language_confidence: minimum probability of the target language; 0 turns the check off.
        reading: see `polyglot.synthesis.settings.Synthesis`.

    Returns:
        One row per request: request_id, teacher, lang, method, seed, status, problem, prompt, response, text (the raw answer),
        thoughts (what the teacher wrote before it), thoughts_lang (their most likely language; missing without thoughts, or where
        none can be told), finish_reason, prompt_tokens, completion_tokens, thought_tokens, counted
        (whether the engine counted them; tokens are of all attempts), attempts, first_text (the first attempt's answer, if
        another counts), read_strictly (the first attempt could be read as it is), read, repaired; `HISTORY` if the requests
        have it.
    """
    frame = read_pairs(requests, answers, reading)
    frame.insert(1, "teacher", teacher)
    if frame.empty:
        return frame
    if language_confidence > 0:
        good = frame["status"] == "ok"
        written = [
            METHODS[method].written(prompt, response)
            for prompt, response, method in frame.loc[good, ["prompt", "response", "method"]].itertuples(index=False)
        ]
        confidence = language_probability(written, frame["lang"].iloc[0], languages)
        wrong = frame.index[good][[value < language_confidence for value in confidence]]
        frame.loc[wrong, "status"] = "wrong_language"
        frame.loc[wrong, "problem"] = f"less than {language_confidence:g} likely to be in the target language"
    written_in = languages_of(list(frame["thoughts"]), frame["lang"].iloc[0], languages)
    frame.insert(list(frame.columns).index("thoughts") + 1, "thoughts_lang", np.array(written_in, dtype=object))
    return frame


def read_pairs(requests: pd.DataFrame, answers: Mapping[str, Answer], reading: How = "repair") -> pd.DataFrame:
    """The same before any language is detected, without `teacher` and `thoughts_lang`."""
    rows = [_row(request, answers, reading) for request in requests.to_dict("records")]
    return pd.DataFrame(rows) if rows else pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in KINDS.items()})


def _row(request: Mapping[Any, Any], answers: Mapping[str, Answer], reading: How) -> dict[str, Any]:
    answer, (status, problem, prompt, response, _), facts = _counting(request, answers, reading)
    if request.get("prompt_cut", False):
        status, problem = "truncated", "its translated prompt is cut off"
    return {
        "request_id": request["request_id"],
        "lang": request["lang"],
        "method": request["method"],
        "seed": request["seed"],
        "status": status,
        "problem": problem,
        "prompt": prompt,
        "response": response,
        "text": answer.text,
        "thoughts": answer.thoughts,
        "finish_reason": answer.finish_reason,
        **facts,
        **({HISTORY: request[HISTORY]} if HISTORY in request else {}),
    }


def request_of(answer_id: str) -> str:
    """The request of an answer's id."""
    return answer_id.partition("~")[0]


def attempts_of(request_id: str, answers: Mapping[str, Answer]) -> list[Answer]:
    """All attempts at a request, in their order: ids ID, ID~1, ID~2, ..."""
    found = [answers[request_id]]
    while (further := answers.get(f"{request_id}~{len(found)}")) is not None:
        found.append(further)
    return found


def _counting(request: Mapping[Any, Any], answers: Mapping[str, Answer], reading: How) -> tuple[Answer, Reading, dict[str, Any]]:
    """The attempt that counts, what it holds, and facts about all attempts."""
    attempts = attempts_of(request["request_id"], answers)
    readings = [parse_answer(request, attempt, reading) for attempt in attempts]
    place = next((place for place, reading in enumerate(readings) if reading.prompt is not None), 0)
    first = parse_answer(request, attempts[0], "strict" if reading == "repair" else reading)
    return (
        attempts[place],
        readings[place],
        {
            "prompt_tokens": sum(attempt.prompt_tokens for attempt in attempts),
            "completion_tokens": sum(attempt.completion_tokens for attempt in attempts),
            "thought_tokens": sum(attempt.thought_tokens for attempt in attempts),
            "counted": all(attempt.counted for attempt in attempts),
            "attempts": len(attempts),
            "first_text": attempts[0].text if place else None,
            "read_strictly": first.prompt is not None,
            "read": readings[place].prompt is not None,
            "repaired": readings[place].repaired,
        },
    )


def parse_answer(request: Mapping[Any, Any], answer: Answer, reading: How = "repair") -> Reading:
    """What one answer holds, before language detection.

    Args:
        request: its method, and the seed row's text that the method keeps.
        reading: see `polyglot.synthesis.settings.Synthesis`.
    """
    if answer.finish_reason == "length":
        return Reading("truncated", f"cut off after {answer.completion_tokens} tokens")
    if answer.finish_reason != "stop":
        return Reading(answer.finish_reason, answer.note or PROBLEMS[answer.finish_reason])
    text = _without_end(answer.text)
    if not text:
        return Reading("empty", "no text")
    method = METHODS[request["method"]]
    better = _mended(text, reading) if method.writes == "pair" else None
    try:
        prompt, response = method.pair(request, better or text)
    except Unusable as error:
        return Reading(error.status, error.problem)
    if method.writes == "pair" and is_echo(request, prompt, response):
        return Reading("echo", "it repeats the form that the request shows")
    return Reading("ok", None, prompt, response, reading == "repair" and better is not None)


def _without_end(text: str) -> str:
    """A text without space around it, and without tokens that end an answer."""
    ends = ENDS if "<s>" in text else (*ENDS, "</s>")  # </s> may also be HTML's
    text = text.strip()
    while (end := next((end for end in ends if text.endswith(end)), None)) is not None:
        text = text.removesuffix(end).rstrip()
    return text


def _mended(text: str, reading: How) -> str | None:
    """Strict JSON for an answer that needs mending; None if it is read as it is, or cannot be mended."""
    if reading != "repair":
        return last_of_each(unfenced(text)) if reading == "strict-last" else None
    try:
        read_pair(text)
    except Unusable as error:
        return mended(text) if error.status == "invalid_json" else None
    return mended(text) if holds_latex(text) else None
