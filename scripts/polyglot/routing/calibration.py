"""Calibration: the same prompts answered by every teacher, with the reward of each answer for a student base."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from polyglot.core.hashing import stable_share
from polyglot.routing.rewards import learnability, rewards
from polyglot.routing.router import prompt_text


def answered(answers: Sequence[pd.DataFrame], quality: Sequence[pd.DataFrame], read: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Every answer with its usability, quality and learnability: request_id, teacher, lang, method, seed, usable, quality,
    learnability; `graded` too, if the quality is a grade.

    Args:
        answers: see `polyglot.synthesis.answers.read_answers`.
        quality: id and reward (and graded) of usable answers of the same teachers and prompts.
        read: id, nll and tokens under the student base.
    """
    keys = ["request_id", "teacher"]
    found = pd.concat(answers, ignore_index=True)[[*keys, "lang", "method", "seed", "status"]]
    judged = pd.concat(quality, ignore_index=True).rename(columns={"id": "request_id", "reward": "quality"})
    measured = pd.concat(read, ignore_index=True).rename(columns={"id": "request_id"})
    measured["learnability"] = learnability(measured["nll"], measured["tokens"])
    judgement = ["quality", "graded"] if "graded" in judged else ["quality"]
    for frame, columns in ((judged, judgement), (measured, ["learnability"])):
        found = found.merge(frame[[*keys, *columns]], on=keys, how="left", validate="one_to_one")
    return found.assign(usable=found["status"] == "ok").drop(columns="status")


def calibrate(found: pd.DataFrame, requests: pd.DataFrame, *, alpha: float, held_out: float, seed: int) -> pd.DataFrame:
    """Rewards of all answers, with the prompt and its fold: `train`, `stop` (early stopping) or `judge` (test).

    Equal prompts are in the same fold, and so are all requests from one English prompt, so a router is never tested on a prompt
    that it was trained on.

    Args:
        found: see `answered`.
        requests: of all calibration prompts.
        held_out: share of prompts held out, half for early stopping and half for testing.
    """
    text = pd.Series([prompt_text(messages) for messages in requests["messages"]], index=requests["request_id"])
    places = np.array([stable_share(seed, key) for key in same_prompts(list(text), list(requests["sources"]))], dtype=float)
    folds = pd.Series(np.select([places < held_out / 2, places < held_out], ["stop", "judge"], "train"), index=text.index)
    rewarded = rewards(found, alpha)
    return rewarded.assign(prompt=rewarded["request_id"].map(text), fold=rewarded["request_id"].map(folds))


def same_prompts(text: Sequence[str], sources: Sequence[Sequence[str]]) -> list[str]:
    """A key shared by requests with the same text or made from the same single prompt.

    Args:
        text: of n requests.
        sources: ids of the prompts that each is made from; several mean few-shot examples, which are not compared.
    """
    names = [f"text {value}" for value in text]
    links = [f"source {found[0]}" if len(found) == 1 else name for found, name in zip(sources, names, strict=True)]
    codes, known = pd.factorize(np.array([*names, *links], dtype=object))
    ends = codes.reshape(2, -1)
    graph = coo_array((np.ones(len(names)), (ends[0], ends[1])), shape=(len(known), len(known)))
    _, parts = connected_components(graph, directed=False)
    keys: dict[int, str] = {}
    for part, name in zip(parts, known, strict=True):
        keys[part] = min(keys.get(part, name), name)
    return [keys[parts[code]] for code in ends[0]]


def measured_frames(paths: Sequence[str], cells: Sequence[Sequence[str]]) -> list[pd.DataFrame]:
    """Measurement files with their teacher: one per (teacher, language)."""
    return [pd.read_parquet(path).assign(teacher=cell[0]) for path, cell in zip(paths, cells, strict=True)]
