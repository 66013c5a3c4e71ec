"""What routed teachers of an experiment choose, how good their choices are, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from polyglot.routing.assignment import car_scores, constant_scores, oracle_scores
from polyglot.routing.hit_rates import by_chance, by_ranking, shares, summary
from polyglot.routing.rewards import best, reward_matrix
from polyglot.synthesis.recipes import PEOPLE

CALIBRATED = ("persyn", "car")
"""Strategies that need the calibration prompts answered."""


def summarise(
    routed: Sequence[Mapping[str, Any]],
    single: Sequence[str],
    teachers: Sequence[str],
    *,
    calibrations: Mapping[str, pd.DataFrame],
    scores: Mapping[str, pd.DataFrame],
    assigned: Mapping[tuple[str, ...], pd.DataFrame],
    requests: int,
    replicates: int,
    confidence: float,
    seed: int,
) -> dict[str, pd.DataFrame]:
    """Tables `quality` (Hit@1, Hit@3, regret on calibration prompts kept for it), `shares` and `generations`.

    Args:
        routed: name, strategy, base and strength of each routed teacher.
        single: the experiment's other teachers.
        teachers: those that routed ones choose from.
        calibrations: base to its calibration (see `polyglot.routing.calibration.calibrate`).
        scores: base to its router's scores of the prompts that judge: request_id and a column a teacher.
        assigned: (routed teacher, language, seed) to its assignments.
        requests: of a single teacher, a language and seed.
    """
    quality, share, cost = [], [], []
    files = {one["name"]: [frame for cell, frame in assigned.items() if cell[0] == one["name"]] for one in routed}
    draws = {cell[1:] for cell in assigned}
    for one in routed:
        name, strategy, base = one["name"], one["strategy"], one["base"]
        labels = {"routed": name, "strategy": strategy, "base": base}
        whole = pd.concat(files[name], ignore_index=True) if files[name] else pd.DataFrame(columns=["lang", "teacher"])
        share.append(shares(whole, teachers, labels))
        calibration = len(calibrations[base]) if strategy in CALIBRATED else 0
        data = len(whole) * (len(teachers) if strategy == "oracle" else 1)
        cost.append({"teacher": name, "strategy": strategy, "calibration": calibration, "data": data})
        measured = _measured(one, teachers, calibrations[base], scores.get(base))
        quality.append({**labels, **summary(measured, replicates=replicates, confidence=confidence, seed=seed)})
    for name in single:
        cost.append({"teacher": name, "strategy": "", "calibration": 0, "data": requests * len(draws) if name != PEOPLE else 0})
    generations = pd.DataFrame(cost)
    return {
        "quality": pd.DataFrame(quality),
        "shares": pd.concat(share, ignore_index=True),
        "generations": generations.assign(total=generations["calibration"] + generations["data"]),
    }


def _measured(
    routed: Mapping[str, Any], teachers: Sequence[str], calibration: pd.DataFrame, scores: pd.DataFrame | None
) -> pd.DataFrame:
    """Hits and regret on every prompt of the fold `judge` that has a best teacher."""
    judging = calibration[calibration["fold"] == "judge"]
    prompts = list(dict.fromkeys(judging["request_id"]))
    reward, usable = reward_matrix(judging, prompts, teachers)
    top = best(reward, usable)
    counted = top.any(axis=1)
    reward, usable, top = reward[counted], usable[counted], top[counted]
    if routed["strategy"] == "mix":
        return by_chance(reward, top)
    if routed["strategy"] == "oracle":
        return by_ranking(oracle_scores(reward, usable), reward, top)
    if routed["strategy"] == "persyn":
        if scores is None:
            raise ValueError(f"{routed['name']}: no scores of a router for the base '{routed['base']}'")
        found = scores.set_index("request_id").reindex(prompts)[list(teachers)].to_numpy(dtype=float)
        return by_ranking(found[counted], reward, top)
    car = routed["strategy"] == "car"
    constant = car_scores(calibration, teachers) if car else constant_scores(routed["strength"], teachers)
    return by_ranking(np.tile(constant, (len(reward), 1)), reward, top)
