"""Synthesis: from seed prompts to requests, from requests to a teacher's answers, each with a status."""

from __future__ import annotations

import json
import random
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from polyglot.engines import Answer, Engine, Request, answer_all
from polyglot.hashing import content_id, stable_seed
from polyglot.prompts import JSON_METHODS, PromptTemplates
from polyglot.sidefile import SideFile

STATUSES = ("ok", "invalid_json", "empty", "truncated", "wrong_language", "benchmark_item")


class TrainingPair(BaseModel):
    """What `generate` and `translate` ask a teacher to write."""

    model_config = ConfigDict(strict=True)
    prompt: str
    response: str


PAIR_SCHEMA: dict[str, Any] = TrainingPair.model_json_schema()


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
) -> pd.DataFrame:
    """The requests of one method, language and seed: the same for every teacher.

    Args:
        seeds: seed dataset; of the source language for `translate`, else of `lang`.
        count: number of requests. Prompts are drawn without replacement; when they run out, a new round begins.
        shots: few-shot pairs of a `generate` request, drawn without replacement within the request.

    Returns:
        Columns request_id, lang, method, seed, messages (list of role/content), prompt (the seed prompt; null for `generate`
        and `translate`, whose prompt the teacher writes), sources (ids of seed rows), request_seed.

    Raises:
        ValueError: if there are fewer seed rows than few-shot pairs.
    """
    rng = random.Random(stable_seed("requests", method, lang, seed))
    rows: list[dict[str, Any]] = [{str(key): value for key, value in row.items()} for row in seeds.to_dict("records")]
    if method == "generate" and len(rows) < shots:
        problem = f"generate in '{lang}' needs {shots} seed rows for its few-shot pairs; the seed dataset has {len(rows)}"
        raise ValueError(f"{problem}. Lower synthesis.shots, or name a larger file in seed_dataset.files")
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
        request_id = content_id(method, lang, str(seed), str(index), json.dumps(messages, ensure_ascii=False))
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


def ask(engine: Engine, requests: pd.DataFrame, side: SideFile, *, batch_size: int, title: str) -> dict[str, Answer]:
    """Every request's answer by its id (see `polyglot.engines.answer_all`)."""
    asked = [
        Request(
            id=row["request_id"],
            messages=[dict(message) for message in row["messages"]],
            seed=int(row["request_seed"]),
            schema=PAIR_SCHEMA if row["method"] in JSON_METHODS else None,
        )
        for row in requests.to_dict("records")
    ]
    return answer_all(engine, asked, side, batch_size=batch_size, title=title)


def read_answers(
    requests: pd.DataFrame,
    answers: Mapping[str, Answer],
    *,
    teacher: str,
    languages: Sequence[str],
    language_confidence: float,
    benchmark_questions: Collection[str] = (),
) -> pd.DataFrame:
    """Every answer with its status and, if it could be read, its prompt and response.

    Args:
        languages: codes that the language detector may choose from.
        language_confidence: least probability of the target language; 0 turns the check off.
        benchmark_questions: normalised (see `normalise`) questions that no student may be trained on.

    Returns:
        One row a request: request_id, teacher, lang, method, seed, status, problem, prompt, response, text (the raw answer),
        finish_reason, prompt_tokens, completion_tokens.
    """
    rows = []
    for request in requests.to_dict("records"):
        answer = answers[request["request_id"]]
        status, problem, prompt, response = parse_answer(request["method"], request["prompt"], answer)
        rows.append(
            {
                "request_id": request["request_id"],
                "teacher": teacher,
                "lang": request["lang"],
                "method": request["method"],
                "seed": request["seed"],
                "status": status,
                "problem": problem,
                "prompt": prompt,
                "response": response,
                "text": answer.text,
                "finish_reason": answer.finish_reason,
                "prompt_tokens": answer.prompt_tokens,
                "completion_tokens": answer.completion_tokens,
            }
        )
    frame = pd.DataFrame(rows)
    known = frozenset(benchmark_questions)
    if language_confidence > 0:
        good = frame["status"] == "ok"
        written = [
            f"{prompt} {response}" if method in JSON_METHODS else response
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


def normalise(text: str) -> str:
    """Text for comparison: Unicode compatibility form, case folded, white space and punctuation left out."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum())


def parse_answer(method: str, prompt: str | None, answer: Answer) -> tuple[str, str | None, str | None, str | None]:
    """(status, problem, prompt, response) of one answer, before its language is looked at."""
    if answer.finish_reason == "length":
        return "truncated", f"cut off after {answer.completion_tokens} tokens", None, None
    text = answer.text.strip()
    if not text:
        return "empty", "no text", None, None
    if method not in JSON_METHODS:
        return "ok", None, prompt, text
    fenced = re.fullmatch(r"```(?:json)?\s*(.*?)\s*```", text, re.DOTALL)
    try:
        pair = TrainingPair.model_validate_json(fenced.group(1) if fenced else text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        return "invalid_json", f"{place}: {first['msg']}" if place else first["msg"], None, None
    if not pair.prompt.strip() or not pair.response.strip():
        return "empty", "prompt or response is empty", None, None
    return "ok", None, pair.prompt.strip(), pair.response.strip()


def language_probability(texts: Sequence[str], lang: str, languages: Sequence[str]) -> list[float]:
    """Probability that each text is in `lang`, among the given languages (lingua).

    It is 1 where nothing can be said: for a text without letters, or a language that the detector does not know.
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


def mix(answers: Mapping[str, pd.DataFrame], recipe: str, *, examples: int, seed: int) -> pd.DataFrame:
    """The training set of a recipe: `equal` parts of each method, or one method; only answers with status `ok`.

    Args:
        answers: answers by method, of one teacher, language and seed.
        examples: wanted size; a method that yielded less gives all it has, and the shortfall is not made up by others.

    Returns:
        Columns id, method, prompt, response, in a seeded random order.

    Raises:
        ValueError: if no answer is usable.
    """
    methods = list(answers) if recipe == "equal" else [recipe]
    parts = []
    for place, method in enumerate(methods):
        wanted = examples // len(methods) + (place < examples % len(methods))
        good = answers[method].query("status == 'ok'").sort_values("request_id", ignore_index=True)
        parts.append(good.sample(min(wanted, len(good)), random_state=stable_seed("mix", method, seed) % 2**32))
    mixed = pd.concat(parts, ignore_index=True).rename(columns={"request_id": "id"})
    if mixed.empty:
        raise ValueError(f"recipe '{recipe}': none of the answers is usable; see the statuses in the synthetic data files")
    return mixed.loc[:, ["id", "method", "prompt", "response"]].sample(frac=1, random_state=seed, ignore_index=True)
