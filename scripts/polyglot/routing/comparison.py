"""Summary of an experiment's routed teachers: their choices, quality and cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from polyglot.routing.hit_rates import by_chance, by_ranking, shares, with_intervals
from polyglot.routing.rewards import best, reward_matrix
from polyglot.routing.strategies import STRATEGIES, Known
from polyglot.synthesis.recipes import PEOPLE


@dataclass(frozen=True)
class Routings:
    """The routed teachers of an experiment, with their choices and the inputs of these.

    Args:
        routed: name, strategy, base and strength of each routed teacher.
        single: the experiment's other teachers.
        teachers: those that routed ones choose from.
        calibrations: base to its calibration (see `polyglot.routing.calibration.calibrate`).
        scores: base to its router's scores of the test prompts: request_id and one column per teacher.
        assigned: (routed teacher, language, draw) to its assignments, one for each request.
    """

    routed: Sequence[Mapping[str, Any]]
    single: Sequence[str]
    teachers: Sequence[str]
    calibrations: Mapping[str, pd.DataFrame]
    scores: Mapping[str, pd.DataFrame]
    assigned: Mapping[tuple[str, ...], pd.DataFrame]

    def assignments(self, name: str) -> pd.DataFrame:
        """All assignments of a routed teacher."""
        files = [frame for cell, frame in self.assigned.items() if cell[0] == name]
        return pd.concat(files, ignore_index=True) if files else pd.DataFrame(columns=["lang", "teacher"])


def compare(found: Routings, *, replicates: int, confidence: float, seed: int) -> dict[str, pd.DataFrame]:
    """Tables `quality` (Hit@1, Hit@3, regret on held-out calibration prompts), `shares` and `generations`.

    Args:
        found: the experiment's routed teachers.
        replicates: bootstrap replicates over prompts.
        confidence: of intervals.
        seed: of the bootstrap.

    Raises:
        ValueError: if a strategy needs a router's scores and there are none for its base (names both).
    """
    rates, share = [], []
    for one in found.routed:
        labels = {"routed": one["name"], "strategy": one["strategy"], "base": one["base"]}
        share.append(shares(found.assignments(one["name"]), found.teachers, labels))
        measured = _measured(one, found)
        rates.append({**labels, **with_intervals(measured, replicates=replicates, confidence=confidence, seed=seed)})
    return {
        "quality": pd.DataFrame(rates),
        "shares": pd.concat(share, ignore_index=True),
        "generations": _generations(found),
    }


def _generations(found: Routings) -> pd.DataFrame:
    """Requested answers: for calibration, for the data, and in total."""
    cost: list[dict[str, Any]] = []
    for one in found.routed:
        name, strategy = one["name"], STRATEGIES[one["strategy"]]
        calibration = len(found.calibrations[one["base"]]) if strategy.calibrated else 0
        answering = 1 if strategy.asks else len(strategy.candidates(one["strength"]))
        data = len(found.assignments(name)) * answering
        cost.append({"teacher": name, "strategy": strategy.name, "calibration": calibration, "data": data})
    draws = {cell[1:]: len(frame) for cell, frame in found.assigned.items()}
    for name in found.single:
        data = sum(draws.values()) if name != PEOPLE else 0
        cost.append({"teacher": name, "strategy": "", "calibration": 0, "data": data})
    generations = pd.DataFrame(cost)
    return generations.assign(total=generations["calibration"] + generations["data"])


def _measured(routed: Mapping[str, Any], found: Routings) -> pd.DataFrame:
    """Hits and regret on every prompt of the fold `judge` that has a best teacher."""
    strategy, base, teachers = STRATEGIES[routed["strategy"]], routed["base"], found.teachers
    calibration = found.calibrations[base]
    judging = calibration[calibration["fold"] == "judge"]
    prompts = judging.drop_duplicates("request_id")[["request_id", "lang", "method", "prompt"]]
    reward, usable = reward_matrix(judging, list(prompts["request_id"]), teachers)
    top = best(reward, usable)
    counted = top.any(axis=1)
    reward, usable, top, prompts = reward[counted], usable[counted], top[counted], prompts.iloc[np.flatnonzero(counted)]
    if strategy.scores is None:
        return by_chance(reward, top)
    router = None
    if "router" in strategy.needs:
        if base not in found.scores:
            raise ValueError(f"{routed['name']}: no router scores for the base '{base}'")
        scores = found.scores[base].set_index("request_id").reindex(list(prompts["request_id"]))
        router = scores[list(teachers)].to_numpy(dtype=float)
    known = Known(prompts, teachers, routed["strength"], 0, router, calibration, reward, usable)
    return by_ranking(strategy.scores(known), reward, top)
