"""Reads the inputs of a routed teacher's choice from files."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from polyglot.routing.calibration import answered, measured_frames
from polyglot.routing.rewards import reward_matrix, rewards
from polyglot.routing.router import Router, prompt_text
from polyglot.routing.strategies import Known, Need

Array = npt.NDArray[np.float64]


def prompts_of(requests: pd.DataFrame) -> pd.DataFrame:
    """The prompts of requests: request_id, lang, method, prompt.

    Args:
        requests: see `polyglot.synthesis.requests.build_requests`.
    """
    texts = [prompt_text(messages) for messages in requests["messages"]]
    return requests[["request_id", "lang", "method"]].assign(prompt=texts)


def informed(
    known: Known,
    needs: Collection[Need],
    files: Any,
    *,
    alpha: float,
    batch_size: int,
    measured: Sequence[Sequence[str]],
    quality: Callable[[Sequence[pd.DataFrame]], list[pd.DataFrame]] | None = None,
    gpus: int = 1,
) -> Known:
    """Add the inputs that a strategy needs.

    Args:
        known: prompts and teachers.
        files: paths, as attributes: `router`, a trained router's folder; `calibration`; for the need `answers`: `answers`,
            `quality` and `learnability` of the same requests by every teacher.
        alpha: weight of learnability in the reward.
        batch_size: prompts per batch of the router.
        measured: (teacher, language) of every file of `quality` and of `learnability`.
        quality: answers to their quality (see `polyglot.routing.grading.quality_frames`); None reads the files of `quality`.
        gpus: how many GPUs the router is spread over.
    """
    if "router" in needs:
        known = replace(known, router=_router_scores(known, Router(Path(files.router), batch_size=batch_size, gpus=gpus)))
    if "calibration" in needs:
        known = replace(known, calibration=pd.read_parquet(files.calibration))
    if "answers" in needs:
        reward, usable = _true_rewards(known, files, alpha, measured, quality)
        known = replace(known, reward=reward, usable=usable)
    return known


def _router_scores(known: Known, router: Router) -> Array:
    scores = pd.DataFrame(router.score(list(known.prompts["prompt"])), columns=router.teachers)
    return scores[list(known.teachers)].to_numpy(dtype=float)


def _true_rewards(
    known: Known,
    files: Any,
    alpha: float,
    measured: Sequence[Sequence[str]],
    quality: Callable[[Sequence[pd.DataFrame]], list[pd.DataFrame]] | None,
) -> tuple[Array, npt.NDArray[np.bool_]]:
    answers = [pd.read_parquet(path) for path in files.answers]
    judged = quality(answers) if quality else measured_frames(files.quality, measured)
    found = answered(answers, judged, measured_frames(files.learnability, measured))
    return reward_matrix(rewards(found, alpha), list(known.prompts["request_id"]), known.teachers)
