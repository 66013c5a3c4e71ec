"""Checks of printed scores, ranks and totals."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd

from polyglot.core.errors import WrongInput
from polyglot.replication.checks.compare import CELL, items, series
from polyglot.replication.evidence import Claim, Evidence, Finding
from polyglot.replication.published import AVERAGE, RELEASED, RELEASED_SIZES, SCORES_TABLE, TEACHERS, sizes
from polyglot.replication.settings import PUBLISHED_BASE


def intrinsic_scores(evidence: Evidence, claim: Claim) -> Finding:
    """Intrinsic z-scores from table 11 against those that the authors released."""
    released = evidence.tables[RELEASED]
    own = released[released["base"] == PUBLISHED_BASE]
    return Finding(items(series(own, CELL, "intrinsic"), series(evidence.cells, CELL, "intrinsic")))


def pg_scores(evidence: Evidence, claim: Claim) -> Finding:
    """PG-Scores of all cells from tables 11 and 12 against a printed table."""
    printed = evidence.tables[claim.arguments["table"]]
    printed = printed[printed["lang"] != AVERAGE]
    return Finding(items(series(printed, CELL, "pg_score"), series(evidence.cells, CELL, "pg_released")))


def averages(evidence: Evidence, claim: Claim) -> Finding:
    """Averages over languages against table 1's."""
    printed = evidence.tables["table01_pg_score"]
    printed = printed[printed["lang"] == AVERAGE]
    return Finding(items(series(printed, ["teacher"], "pg_score"), series(evidence.teachers, ["teacher"], "pg_released")))


def ranking(evidence: Evidence, claim: Claim) -> Finding:
    """Ranks of teachers against those of table 1's averages."""
    printed = evidence.tables["table01_pg_score"]
    printed = printed[printed["lang"] == AVERAGE]
    ranks = printed.assign(rank=printed["pg_score"].rank(ascending=False))
    return Finding(items(series(ranks, ["teacher"], "rank"), series(evidence.teachers, ["teacher"], "rank")))


def _table16(evidence: Evidence) -> tuple[pd.Series, pd.Series]:
    table = evidence.tables["table16_student_32b"].pivot(index="teacher", columns="lang", values="pg_score")
    return table[AVERAGE], table.drop(columns=AVERAGE).mean(axis=1)


def large_student_averages(evidence: Evidence, claim: Claim) -> Finding:
    """Averages of table 16."""
    printed, found = _table16(evidence)
    return Finding(items(printed.to_dict(), found.to_dict()))


def large_student_ranking(evidence: Evidence, claim: Claim) -> Finding:
    """Ranking of the 32B student's teachers, and as that of table 1 among the same teachers."""
    printed, found = _table16(evidence)
    main = evidence.teachers.set_index("teacher")["pg_released"].reindex(found.index)
    same = list(main.sort_values().index) == list(found.sort_values().index)
    note = f"{'the same' if same else 'another'} order as with the 7B student; {len(found)} teachers"
    return Finding(items(printed.rank(ascending=False).to_dict(), found.rank(ascending=False).to_dict()), note)


def recipe_steps(evidence: Evidence, claim: Claim) -> Finding:
    """Whether each model of table 19 scores above the one before it."""
    scores = evidence.tables["table19_tagalog_filbench"].set_index("model")["filbench_score"]
    steps = claim.arguments["steps"]
    absent = [model for model in steps if model not in scores.index]
    if absent:
        raise WrongInput(f"claim '{claim.id}': table 19 has no model {', '.join(absent)}")
    gains = {f"{b} over {a}": float(scores[b] - scores[a]) for a, b in pairwise(steps)}
    note = "; ".join(f"{step}: {gain:+.2f}" for step, gain in gains.items()) + "; no standard error or count is printed"
    return Finding(items(dict.fromkeys(gains, True), {step: gain > 0 for step, gain in gains.items()}), note)


def seed_totals(evidence: Evidence, claim: Claim) -> Finding:
    """Totals of table 6's columns."""
    sums = evidence.tables["table06_seed_sizes"].groupby("lang")["instances"].sum()
    rows = evidence.tables["table06_seed_sizes"].groupby("lang").size()
    note = "; ".join(f"{lang}: sum of {rows[lang]} rows" for lang in claim.published)
    return Finding(items(claim.published, {lang: float(sums[lang]) for lang in claim.published}), note)


def seed_deviations(evidence: Evidence, claim: Claim) -> Finding:
    """Table 13's standard deviations."""
    std = evidence.tables[SCORES_TABLE].groupby("lang")["std"]
    ends = "; ".join(
        f"{lang} {low:.4f} to {high:.4f}" for lang, low, high in zip(std.min().index, std.min(), std.max(), strict=True)
    )
    note = f"within a language all teachers have nearly the same one ({ends}), as standard errors of a benchmark would"
    return Finding(items(series(evidence.tables[SCORES_TABLE], CELL, "std"), {}), note, missing="scores of each seed")


def table7_sizes(evidence: Evidence, claim: Claim) -> Finding:
    """Table 7's sizes against those in the authors' code."""
    return Finding(items(sizes(evidence.tables, TEACHERS), sizes(evidence.tables, RELEASED_SIZES)))
