"""Assignments: which teacher answers which prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from polyglot.core.hashing import stable_seed
from polyglot.synthesis.attempts import by_request


def assignments(requests: pd.DataFrame, teachers: Sequence[str]) -> pd.DataFrame:
    """A teacher for every request: columns request_id, lang, method, seed, teacher.

    Args:
        requests: see `polyglot.synthesis.requests.build_requests`.
        teachers: the teacher of every request, in order.
    """
    return requests[["request_id", "lang", "method", "seed"]].assign(teacher=list(teachers))


def highest(scores: npt.NDArray[np.float64], teachers: Sequence[str]) -> list[str]:
    """The teacher with the highest score in every row, shape (n, m); the first of equal ones. NaN is never chosen.

    Raises:
        ValueError: if a row has no score at all (names it).
    """
    empty = ~np.isfinite(scores).any(axis=1)
    if empty.any():
        raise ValueError(f"row {int(np.argmax(empty))}: no teacher has a score")
    return [teachers[place] for place in np.nanargmax(scores, axis=1)]


def at_random(request_ids: Sequence[str], teachers: Sequence[str], seed: int) -> list[str]:
    """A random teacher for each request, which depends only on its id and the seed."""
    return [teachers[stable_seed("mix", seed, request_id) % len(teachers)] for request_id in request_ids]


def gather(requests: pd.DataFrame, assigned: pd.DataFrame, answers: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Each request's answer from its assigned teacher, in the order of the requests.

    Args:
        assigned: see `assignments`.
        answers: teacher to its answers (see `polyglot.engines.base.Answer`), covering at least its assigned requests.

    Raises:
        ValueError: if a request has no teacher, or its teacher no answer to it (names both).
    """
    teacher_of = dict(zip(assigned["request_id"], assigned["teacher"], strict=True))
    by_teacher = {name: by_request(frame) for name, frame in answers.items() if len(frame)}
    rows = []
    for request_id in requests["request_id"]:
        teacher = teacher_of.get(request_id)
        if teacher not in by_teacher or request_id not in by_teacher[teacher]:
            raise ValueError(f"request {request_id}: no answer of '{teacher}', to which it is assigned")
        rows.append(by_teacher[teacher][request_id])
    return pd.concat(rows, ignore_index=True)


def car_scores(calibration: pd.DataFrame, teachers: Sequence[str]) -> npt.NDArray[np.float64]:
    """Each teacher's mean reward on the routers' training prompts, shape (m,), ignoring unknown rewards.

    Args:
        calibration: teacher, reward, fold.
    """
    means = calibration[calibration["fold"] == "train"].groupby("teacher")["reward"].mean()
    return means.reindex(list(teachers)).to_numpy(dtype=float)


def constant_scores(strength: Sequence[str], teachers: Sequence[str]) -> npt.NDArray[np.float64]:
    """Scores that rank the teachers in the order of `strength`, strongest first, shape (m,); others come last."""
    return np.array([-strength.index(name) if name in strength else -np.inf for name in teachers], dtype=float)


def for_every_prompt(scores: npt.NDArray[np.float64], n: int) -> npt.NDArray[np.float64]:
    """The same scores of the m teachers for each of n prompts, shape (n, m)."""
    return np.tile(scores, (n, 1))


def oracle_scores(reward: npt.NDArray[np.float64], usable: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Scores by the true rewards, shape (n, m): usable answers rank above unusable ones, known rewards above unknown."""
    return np.where(usable, 1 + np.where(np.isfinite(reward), reward, 0.0), 0.0)
