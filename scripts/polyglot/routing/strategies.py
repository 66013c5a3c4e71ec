"""From a strategy and its files to a teacher for every request."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from polyglot.routing.assignment import at_random, car_scores, constant_scores, highest, oracle_scores
from polyglot.routing.calibration import answered, measured_frames
from polyglot.routing.rewards import reward_matrix, rewards
from polyglot.routing.router import Router, prompt_text
from polyglot.routing.teachers import Strategy


def choose(
    requests: pd.DataFrame,
    files: Any,
    *,
    strategy: Strategy,
    teachers: Sequence[str],
    strength: Sequence[str],
    alpha: float,
    batch_size: int,
    seed: int,
    measured: Sequence[Sequence[str]],
) -> list[str]:
    """The teacher of every request, by a strategy (see `polyglot.routing.teachers.EXPLAINED`).

    Args:
        requests: see `polyglot.synthesis.requests.build_requests`.
        files: paths, as attributes: `router`, a trained router's folder, for `persyn`; `calibration` for `car`; for `oracle`
            `answers`, `quality` and `learnability` of the same requests by every teacher.
        strength: teachers from the strongest down, for `strong` and `family-strong`.
        measured: (teacher, language) of every file of `quality` and of `learnability`.
    """
    if strategy == "mix":
        return at_random(list(requests["request_id"]), teachers, seed)
    if strategy == "persyn":
        router = Router(Path(files.router), batch_size=batch_size)
        return highest(router.score([prompt_text(messages) for messages in requests["messages"]]), router.teachers)
    if strategy == "oracle":
        return highest(_true_scores(requests, files, teachers, alpha, measured), teachers)
    constant = (
        car_scores(pd.read_parquet(files.calibration), teachers) if strategy == "car" else constant_scores(strength, teachers)
    )
    return highest(np.tile(constant, (len(requests), 1)), teachers)


def _true_scores(
    requests: pd.DataFrame, files: Any, teachers: Sequence[str], alpha: float, measured: Sequence[Sequence[str]]
) -> npt.NDArray[np.float64]:
    quality, read = (measured_frames(paths, measured) for paths in (files.quality, files.learnability))
    found = answered([pd.read_parquet(path) for path in files.answers], quality, read)
    return oracle_scores(*reward_matrix(rewards(found, alpha), list(requests["request_id"]), teachers))
