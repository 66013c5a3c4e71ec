"""Asking again for what could not be read: further attempts at a request, with seeds of their own.

The first attempt is always kept. An attempt's answer has the id of its request and a number: `ID~1` is the second. A killed job
finds its attempts in the side file, so none is asked for twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from polyglot.core.hashing import stable_seed
from polyglot.core.sidefile import SideFile, kept_folder
from polyglot.engines.base import Answer, Engine
from polyglot.registry.models import Model
from polyglot.synthesis.answers import UNREADABLE, ask, attempts_of, parse_answer, request_of
from polyglot.synthesis.settings import How

BLOCK = re.compile(r"(?P<seed>\d+)(-block\d+)?")
"""The name of a block of requests (see `polyglot.synthesis.draws.Draw`)."""


def ask_until_read(
    engine: Engine,
    model: Model,
    requests: pd.DataFrame,
    side: SideFile,
    *,
    retries: int,
    reading: How,
    batch_size: int,
    title: str,
) -> dict[str, Answer]:
    """All answers by id: of every request, and of further attempts at those whose answer could not be read.

    Args:
        retries: most further attempts at a request; none where the model would give the same answer again.
        reading: how answers are read (see `polyglot.synthesis.settings.Synthesis`).
    """
    take_from_other_blocks(requests, side)
    answers = ask(engine, requests, side, batch_size=batch_size, title=title)
    for attempt in range(1, retries + 1):
        unread = [_is_unread(request, answers, reading) for request in requests.to_dict("records")]
        if not any(unread) or not varies(engine, model):
            break
        again = requests[unread]
        ids = again["request_id"]
        again = again.assign(
            request_id=[f"{one}~{attempt}" for one in ids], request_seed=[stable_seed("again", one, attempt) for one in ids]
        )
        answers |= ask(engine, again, side, batch_size=batch_size, title=f"{title}, attempt {attempt + 1}")
    return answers


def take_from_other_blocks(requests: pd.DataFrame, side: SideFile) -> None:
    """Keep for this job what finished jobs of other blocks of its seed were answered to the same requests: blocks that are cut
    elsewhere (`synthesis.first`) have all of them, and none is asked for twice.

    Args:
        side: a job's side file, named by its draw.
    """
    own = BLOCK.fullmatch(side.path.stem)
    kept = sorted(kept_folder(side.path).parent.glob(f"*/{side.kept.name}")) if own else []
    named = (BLOCK.fullmatch(path.parent.name) for path in kept)
    others = [name[0] for name in named if own and name and name["seed"] == own["seed"] and name[0] != own[0]]
    if not others:
        return
    lacking = set(requests["request_id"]) - {row["id"] for row in side.rows()}
    found = [
        row
        for name in others
        for row in SideFile(side.path.with_name(f"{name}{side.path.suffix}"), side.owner).rows()
        if request_of(row["id"]) in lacking
    ]
    if found:
        print(f"{len(found)} answers are taken from other blocks of the draw")
        side.keep(found)


def varies(engine: Engine, model: Model) -> bool:
    """Whether a model can answer a request otherwise when asked again: not if it is greedy and its engine deterministic."""
    return model.sampling.temperature > 0 or not engine.deterministic


def in_order(ids: Iterable[str], answers: Mapping[str, Answer]) -> list[Answer]:
    """The answers to some requests, each followed by its further attempts."""
    return [attempt for one in ids for attempt in attempts_of(one, answers)]


def by_request(answers: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Rows of answers (column id), by request: all attempts at it."""
    return {str(name): rows for name, rows in answers.groupby(answers["id"].map(request_of), sort=False)}


def _is_unread(request: Mapping[Any, Any], answers: Mapping[str, Answer], reading: How) -> bool:
    found = [parse_answer(request, attempt, reading) for attempt in attempts_of(request["request_id"], answers)]
    return found[0].status in UNREADABLE and all(one.prompt is None for one in found)
