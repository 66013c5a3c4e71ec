"""Synthesis: from seed prompts to requests, from requests to a teacher's answers, each with a status."""

from __future__ import annotations

import json
import random
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from polyglot.draws import Draw
from polyglot.engines import Answer, Engine, FinishReason, Request, answer_all
from polyglot.experiments import NLLB_BOTH, NLLB_RESPOND, PUBLIC
from polyglot.hashing import content_id, stable_seed
from polyglot.prompts import JSON_METHODS, PromptTemplates, pair_json
from polyglot.sidefile import SideFile

if TYPE_CHECKING:
    from polyglot.translation import Translation

STATUSES = ("ok", "invalid_json", "empty", "truncated", "wrong_language", "benchmark_item", "refused")


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


def answer_frame(answers: Iterable[Answer]) -> pd.DataFrame:
    """A row an answer; no row, but every column, where there is none."""
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
        if request.get("prompt_cut", False):
            status, problem = "truncated", "its translated prompt is cut off"
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
    if answer.finish_reason == "refused":
        return "refused", "the endpoint does not take the request", None, None
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


def mix(parts: Mapping[str, Sequence[pd.DataFrame]], *, examples: int, seed: int) -> pd.DataFrame:
    """The training set of a recipe: equal shares of its parts; only answers with status `ok`.

    Each part is put into a seeded random order, block by block, and the first ones are taken: a smaller set of the same parts is
    a subset of a larger one.

    Args:
        parts: part (a method, or `public`) to its blocks of answers, of one teacher, language and seed.
        examples: wanted size; a part that yielded less gives all it has, and the shortfall is not made up by others.

    Returns:
        Columns id, method, prompt, response, in a seeded random order; no row if no answer is usable.
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
    return mixed.loc[:, ["id", "method", "prompt", "response"]].sample(frac=1, random_state=seed, ignore_index=True)


def people_wrote(seeds: pd.DataFrame) -> pd.DataFrame:
    """The seed dataset in the form of answers, for the recipe `public`."""
    answered = seeds[seeds["response"].str.strip() != ""]
    return answered.rename(columns={"id": "request_id"}).assign(method=PUBLIC, status="ok")


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


def translated_data(
    asked: pd.DataFrame,
    prompts: Sequence[Translation],
    responses: Sequence[Translation],
    templates: PromptTemplates,
    *,
    language: str,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Data that a machine-translation model made of the seed dataset, in the forms of requests and answers.

    Args:
        asked: requests of the method `translate`; prompts and responses belong to their seed rows, in their order.
        prompts, responses: translations of the seed rows' prompts and responses.

    Returns:
        (requests of `nllb-respond`, requests of `nllb-both`, answers to the latter).
    """
    respond: list[dict[str, Any]] = []
    both: list[dict[str, Any]] = []
    answers = []
    for row, prompt, response in zip(asked.to_dict("records"), prompts, responses, strict=True):
        messages = templates.chat("respond", language=language, prompt=prompt.text)
        shared = {"lang": row["lang"], "seed": row["seed"], "sources": list(row["sources"])}
        for method, rows, text in ((NLLB_RESPOND, respond, prompt.text), (NLLB_BOTH, both, None)):
            request_id = content_id(method, row["request_id"], json.dumps(messages, ensure_ascii=False))
            rows.append(
                {
                    "request_id": request_id,
                    "method": method,
                    **shared,
                    "messages": messages,
                    "prompt": text,
                    "prompt_cut": prompt.finish_reason == "length",
                    "request_seed": stable_seed("request", request_id),
                }
            )
        cut: FinishReason = "length" if "length" in (prompt.finish_reason, response.finish_reason) else "stop"
        answer = Answer(
            id=both[-1]["request_id"],
            text=pair_json(prompt.text, response.text),
            finish_reason=cut,
            prompt_tokens=prompt.prompt_tokens + response.prompt_tokens,
            completion_tokens=prompt.completion_tokens + response.completion_tokens,
        )
        answers.append(answer.as_dict())
    return pd.DataFrame(respond), pd.DataFrame(both), pd.DataFrame(answers)
