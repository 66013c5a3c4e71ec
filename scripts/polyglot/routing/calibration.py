"""Calibration: the same prompts answered by every teacher, with the reward of each answer for a student base."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from polyglot.hashing import stable_share
from polyglot.routing.rewards import learnability, rewards
from polyglot.routing.router import prompt_text


def answered(answers: Sequence[pd.DataFrame], quality: Sequence[pd.DataFrame], read: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Every answer with what is known of it: request_id, teacher, lang, method, seed, usable, quality, learnability.

    Args:
        answers: see `polyglot.synthesis.read_answers`.
        quality: id and reward of answers that can be used; those of the same teachers and prompts.
        read: id, nll and tokens under the student base.
    """
    keys = ["request_id", "teacher"]
    found = pd.concat(answers, ignore_index=True)[[*keys, "lang", "method", "seed", "status"]]
    judged = pd.concat(quality, ignore_index=True).rename(columns={"id": "request_id", "reward": "quality"})
    measured = pd.concat(read, ignore_index=True).rename(columns={"id": "request_id"})
    measured["learnability"] = learnability(measured["nll"], measured["tokens"])
    for frame, column in ((judged, "quality"), (measured, "learnability")):
        found = found.merge(frame[[*keys, column]], on=keys, how="left", validate="one_to_one")
    return found.assign(usable=found["status"] == "ok").drop(columns="status")


def calibrate(found: pd.DataFrame, requests: pd.DataFrame, *, alpha: float, held_out: float, seed: int) -> pd.DataFrame:
    """Rewards of all answers, beside the prompt and whether it is held out of training.

    Equal prompts are on the same side: a router is never judged by a prompt that it has seen.

    Args:
        found: see `answered`.
        requests: of all calibration prompts.
        held_out: share of prompts.
    """
    text = pd.Series([prompt_text(messages) for messages in requests["messages"]], index=requests["request_id"])
    folds = {prompt: stable_share(seed, prompt) < held_out for prompt in text.unique()}
    rewarded = rewards(found, alpha)
    prompts = rewarded["request_id"].map(text)
    return rewarded.assign(prompt=prompts, held_out=prompts.map(folds).astype(bool))


def measured_frames(paths: Sequence[str], cells: Sequence[Sequence[str]]) -> list[pd.DataFrame]:
    """Files of measurements with their teacher: one of every (teacher, language)."""
    return [pd.read_parquet(path).assign(teacher=cell[0]) for path, cell in zip(paths, cells, strict=True)]
