"""Synthesis: from seed prompts to requests, from requests to a teacher's answers, each with a status."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

import pandas as pd

from polyglot.core.sidefile import SideFile
from polyglot.core.text import normalise
from polyglot.engines.base import Answer, Engine, Request, answer_all
from polyglot.synthesis.methods.base import METHODS, Unusable

STATUSES = ("ok", "invalid_json", "empty", "truncated", "wrong_language", "benchmark_item", "refused", "filtered", "failed")

PROBLEMS = {
    "refused": "the endpoint does not take the request",
    "filtered": "a content filter left something out",
    "failed": "no whole answer came",
}
"""Why an answer with such an end is not used."""


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
    benchmark_questions: Collection[str] = (),
) -> pd.DataFrame:
    """Every answer with its status and, if it could be parsed, its prompt and response.

    Args:
        languages: codes that the language detector may choose from.
        language_confidence: minimum probability of the target language; 0 turns the check off.
        benchmark_questions: normalised (see `normalise`) questions that no student may be trained on.

    Returns:
        One row per request: request_id, teacher, lang, method, seed, status, problem, prompt, response, text (the raw answer),
        thoughts (what the teacher wrote before it), finish_reason, prompt_tokens, completion_tokens, thought_tokens, counted
        (whether the engine counted the tokens).
    """
    frame = pd.DataFrame([_row(request, answers[request["request_id"]]) for request in requests.to_dict("records")])
    frame.insert(1, "teacher", teacher)
    known = frozenset(benchmark_questions)
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
    usable = frame.loc[frame["status"] == "ok", "prompt"]
    leaked = usable.index[[normalise(prompt) in known for prompt in usable]]
    frame.loc[leaked, ["status", "problem"]] = ["benchmark_item", "its prompt is a question of a benchmark"]
    return frame


def _row(request: Mapping[Any, Any], answer: Answer) -> dict[str, Any]:
    status, problem, prompt, response = parse_answer(request, answer)
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
        **{name: value for name, value in answer.as_dict().items() if name not in ("id", "note")},
    }


def parse_answer(request: Mapping[Any, Any], answer: Answer) -> tuple[str, str | None, str | None, str | None]:
    """(status, problem, prompt, response) of one answer, before language detection.

    Args:
        request: its method, and the seed row's text that the method keeps.
    """
    if answer.finish_reason == "length":
        return "truncated", f"cut off after {answer.completion_tokens} tokens", None, None
    if answer.finish_reason != "stop":
        return answer.finish_reason, answer.note or PROBLEMS[answer.finish_reason], None, None
    text = answer.text.strip()
    if not text:
        return "empty", "no text", None, None
    try:
        return ("ok", None, *METHODS[request["method"]].pair(request, text))
    except Unusable as error:
        return error.status, error.problem, None, None


def language_probability(texts: Sequence[str], lang: str, languages: Sequence[str]) -> list[float]:
    """Probability that each text is in `lang`, among the given languages (lingua).

    It is 1 if undecidable: for a text without letters, or a language that the detector does not support.
    """
    from lingua import IsoCode639_1, LanguageDetectorBuilder

    names = sorted({code.upper() for code in (*languages, lang)})
    codes = [getattr(IsoCode639_1, name) for name in names if hasattr(IsoCode639_1, name)]
    if len(codes) < 2 or not hasattr(IsoCode639_1, lang.upper()):
        return [1.0] * len(texts)
    detector = LanguageDetectorBuilder.from_iso_codes_639_1(*codes).build()
    found = []
    for text in texts:
        values = {item.language.iso_code_639_1.name: item.value for item in detector.compute_language_confidence_values(text)}
        found.append(values[lang.upper()] if any(values.values()) else 1.0)
    return found
