"""Grades of teachers' answers, by comparison with the seed dataset's responses to the same prompts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from polyglot.core.errors import WrongInput
from polyglot.routing.calibration import measured_frames
from polyglot.routing.qualities import QUALITIES, Grade


def quality_frames(
    name: str, files: Any, measured: Sequence[Sequence[str]], answers: Sequence[pd.DataFrame], requests: pd.DataFrame
) -> list[pd.DataFrame]:
    """The quality of every usable answer: id, teacher, reward, and, if it is a grade, `graded` (how it came about).

    Args:
        name: of the quality.
        files: paths, as attributes: `quality`, files of ratings, or else `seeds`, the seed dataset's in every language.
        measured: (teacher, language) of each file of ratings.
        answers: see `polyglot.synthesis.answers.read_answers`.
        requests: that they answer.
    """
    grade = QUALITIES[name].grade
    if grade is None:
        return measured_frames(files.quality, measured)
    right = references(requests, pd.concat([pd.read_parquet(path) for path in files.seeds], ignore_index=True))
    usable = pd.concat([frame[frame["status"] == "ok"] for frame in answers], ignore_index=True)
    grades: list[Grade] = grade(list(usable["response"]), [right[one] for one in usable["request_id"]])
    found = pd.DataFrame(grades, columns=["reward", "graded"]).astype({"reward": float})
    return [found.assign(id=usable["request_id"], teacher=usable["teacher"])]


def references(requests: pd.DataFrame, seeds: pd.DataFrame) -> dict[str, str]:
    """The seed dataset's response to the prompt of each request, by the request's id.

    Args:
        requests: each made from one seed row.
        seeds: id, lang, response.

    Raises:
        WrongInput: if a row has no response (names language, row and remedy).
    """
    response = dict(zip(zip(seeds["lang"], seeds["id"], strict=True), seeds["response"].fillna(""), strict=True))
    found = {}
    for request, lang, sources in zip(requests["request_id"], requests["lang"], requests["sources"], strict=True):
        known = str(response.get((lang, sources[0]), "")).strip()
        if not known:
            raise WrongInput(
                f"seed dataset, language '{lang}': row '{sources[0]}' has no response, so an answer to it cannot be graded; give "
                "each prompt its right answer, or set routing.quality to reward"
            )
        found[request] = known
    return found
