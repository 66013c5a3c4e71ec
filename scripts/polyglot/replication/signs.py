"""The sign audit: what published PGRs imply about base and reference, and how teachers rank without them.

PGR = (student - base) / (reference - base) is linear in the student's score: it is zero at the base, and its slope is one over
the gap. So published student scores and PGRs of a language determine base and reference exactly. The points' distance from the
line shows whether a single base and reference can explain them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from polyglot.intrinsic.metrics import INTRINSIC
from polyglot.replication.published import INTRINSIC_TABLE, PGR_TABLE, RELEASED
from polyglot.replication.settings import PUBLISHED_BASE, PUBLISHED_RECIPE
from polyglot.scoring.scores import DEFINITIONS, KEYS, Definition, rank_teachers, score_cells

EXACT = 1e-6
"""Largest distance (in PGR) from the line at which one base and one reference explain a language's students."""
WAYS_OF_SCORING = {
    "released": "as published",
    "trusted": "without languages whose reference is below the base",
    "signsafe": "signsafe",
    "gain": "students' gain alone",
    "intrinsic": "intrinsic score alone",
}


def recovered_anchors(students: pd.DataFrame) -> pd.DataFrame:
    """Base and reference that students' scores and PGRs imply, by base and language.

    Args:
        students: base, teacher, lang, student_score, student_se (may be missing), pgr.

    Returns:
        base, lang, base_score, reference_score, gap (NaN unless `recovered`), recovered, residual (largest distance from the
        line, in PGR), students, distinct (different student scores), above_base (students above the base), student_se (median).
    """
    found: list[dict[str, Any]] = []
    for (base, lang), group in students.groupby(["base", "lang"], sort=True):
        x, y = group["student_score"].to_numpy(dtype=float), group["pgr"].to_numpy(dtype=float)
        distinct = len(np.unique(x))
        row: dict[str, Any] = {"base": base, "lang": lang, "base_score": np.nan, "reference_score": np.nan, "gap": np.nan}
        row |= {"recovered": False, "residual": np.nan, "students": len(x), "distinct": distinct, "above_base": np.nan}
        row["student_se"] = group["student_se"].median()
        if distinct > 2:
            slope, level = np.polyfit(x, y, 1)
            row["residual"] = float(np.abs(slope * x + level - y).max())
            if row["residual"] <= EXACT:
                row |= {"recovered": True, "base_score": -level / slope, "gap": 1 / slope, "reference_score": (1 - level) / slope}
                row["above_base"] = int((x > row["base_score"] + 1e-9).sum())
        found.append(row)
    return pd.DataFrame(found)


def sign_audit(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """By language: what table 12 implies, and base and reference where the released student scores give them.

    Returns:
        lang, students, pgr_above_one, pgr_below_zero, below_base_if_positive (students below the base if the reference is above
        it), below_base_if_negative (if it is below it), base_score, reference_score, gap, gap_se (sqrt(2) times the median
        standard error of released student scores in that language, because the anchors' own are not published; NaN if none is
        released), above_base, distinct, residual, suspect, reason.
    """
    pgr = tables[PGR_TABLE].groupby("lang")["pgr"]
    counts = pd.DataFrame(
        {
            "students": pgr.size(),
            "pgr_above_one": pgr.agg(lambda values: int((values > 1).sum())),
            "pgr_below_zero": pgr.agg(lambda values: int((values < 0).sum())),
            "below_base_if_positive": pgr.agg(lambda values: int((values < 0).sum())),
            "below_base_if_negative": pgr.agg(lambda values: int((values > 0).sum())),
        }
    )
    anchors = recovered_anchors(tables[RELEASED])
    error = anchors.groupby("lang")["student_se"].median() * np.sqrt(2)
    own = anchors[anchors["base"] == PUBLISHED_BASE].set_index("lang")
    columns = ["base_score", "reference_score", "gap", "above_base", "distinct", "residual"]
    found = counts.join(own[columns]).assign(gap_se=error.reindex(counts.index))
    reason = np.select(
        [found["gap"].isna(), found["gap"] < 0, found["gap"] <= found["gap_se"]],
        [
            "scores and PGRs do not lie on one line: base and reference are not known",
            "reference below base",
            "gap within its standard error",
        ],
        "",
    )
    return found.assign(suspect=found["gap"] < 0, reason=reason).reset_index()


def ranking_measurements(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Measurements of the published cells with the gains that the released student scores and recovered bases give."""
    cells = tables[INTRINSIC_TABLE].merge(tables[PGR_TABLE], on=["teacher", "lang"]).rename(columns={"pgr": "pgr_released"})
    released = tables[RELEASED][tables[RELEASED]["base"] == PUBLISHED_BASE]
    anchors = recovered_anchors(released).set_index("lang")["base_score"]
    gain = released.assign(gain=released["student_score"] - released["lang"].map(anchors))[["teacher", "lang", "gain"]]
    found = cells.merge(gain, on=["teacher", "lang"], how="left").assign(
        base=PUBLISHED_BASE, recipe=PUBLISHED_RECIPE, replicate=0
    )
    return found[["replicate", *KEYS, *INTRINSIC, "pgr_released", "gain"]]


def definition_ranks(tables: Mapping[str, pd.DataFrame], *, alpha: float, confidence: float) -> pd.DataFrame:
    """The ranking of teachers under each way of scoring that the published numbers allow (`WAYS_OF_SCORING`).

    Intrinsic z-scores are always those over all published cells. The definition `paper` needs PGRs by benchmark, which are not
    published; with one PGR per language it gives the same ranking as `released`.

    Returns:
        choice, meaning, definition, langs (joined by spaces), teacher, score (mean over langs), rank.
    """
    measured = ranking_measurements(tables)
    audit = sign_audit(tables).set_index("lang")
    every = sorted(measured["lang"].unique())
    trusted = [lang for lang in every if not audit.loc[lang, "suspect"]]
    known = sorted(measured.loc[measured["gain"].notna(), "lang"].unique())

    def scored(way: str, langs: Sequence[str], definition: Definition, weight: float) -> pd.DataFrame:
        chosen = measured[measured["lang"].isin(langs)]
        _, replicates = score_cells(chosen, alpha=weight, confidence=confidence, frozen=measured)
        ranked = rank_teachers(replicates, definition=definition, confidence=confidence)
        row = {"choice": way, "meaning": WAYS_OF_SCORING[way], "definition": definition, "langs": " ".join(langs)}
        return ranked.assign(**row, score=ranked[f"pg_{definition}"])[[*row, "teacher", "score", "rank"]]

    released, signsafe = DEFINITIONS[0], DEFINITIONS[2]
    return pd.concat(
        [
            scored("released", every, released, alpha),
            scored("trusted", trusted, released, alpha),
            scored("signsafe", known, signsafe, alpha),
            scored("gain", known, signsafe, 0),
            scored("intrinsic", every, released, 1),
        ],
        ignore_index=True,
    )
