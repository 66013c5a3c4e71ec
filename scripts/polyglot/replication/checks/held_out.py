"""Checks of choices of a teacher in a language that they were not made by."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from polyglot.analysis.generalisation import RANDOM, Fold, rule_table
from polyglot.core.hashing import stable_seed
from polyglot.replication.checks.compare import items
from polyglot.replication.evidence import Claim, Evidence, Finding
from polyglot.replication.published import RELEASED, RELEASED_SIZES, sizes
from polyglot.replication.settings import PUBLISHED_BASE

ABILITIES = "released_teacher_benchmarks"
NAMES = {
    "pg": "PG-Score",
    "gain": "the students' score",
    "intrinsic": "intrinsic score",
    "size": "size",
    "ability": "own benchmark score",
}


def held_out_rules(evidence: Evidence, by: str) -> pd.DataFrame:
    """How good choices of a teacher are, made in five languages and judged in the sixth.

    Replicates of a held-out student score are drawn with its released standard error (the language's median where none is
    released), as if students' errors were independent; they share their items, so intervals are rather too wide. A held-out
    PG-Score has none.

    Args:
        by: what the choice is judged by: `student_score` or `pg`.

    Returns:
        See `polyglot.analysis.generalisation.rule_table`; rules as in `NAMES`, and `random`.
    """
    cells = evidence.scores(PUBLISHED_BASE)
    teachers, known = sorted(cells["teacher"].unique()), sizes(evidence.tables, RELEASED_SIZES)
    own, released = evidence.tables[ABILITIES], evidence.tables[RELEASED]
    usual = released.groupby("lang")["student_se"].median().fillna(released["student_se"].median())
    rng = np.random.default_rng(stable_seed("held-out", evidence.audit.seed))
    folds = []
    for lang in sorted(cells["lang"].unique()):
        here = cells[cells["lang"] == lang].set_index("teacher").loc[teachers]
        means = cells[cells["lang"] != lang].groupby("teacher")[["pg", "student_score", "intrinsic"]].mean().loc[teachers]
        ability = own[own["lang"] != lang].groupby(["teacher", "lang"])["score"].mean().groupby("teacher").mean()
        errors = here["student_se"].fillna(usual[lang]).to_numpy(dtype=float) * (by == "student_score")
        noise = rng.normal(size=(evidence.audit.resamples, len(teachers))) * errors
        scores = {
            "pg": means["pg"],
            "gain": means["student_score"],
            "intrinsic": means["intrinsic"],
            "size": pd.Series(known).reindex(teachers),
            "ability": ability.reindex(teachers),
            RANDOM: pd.Series(0.0, index=teachers),
        }
        gains = here[by].to_numpy(dtype=float) + np.vstack([np.zeros(len(teachers)), noise])
        folds.append(
            Fold("languages", lang, "", teachers, gains, {name: column.to_numpy(dtype=float) for name, column in scores.items()})
        )
    return rule_table(folds, confidence=evidence.confidence)


def held_out_language(evidence: Evidence, claim: Claim) -> Finding:
    """Whether the teacher with the highest PG-Score in the other languages is better in a language than a random teacher."""
    found = held_out_rules(evidence, claim.arguments["by"])
    rules: dict[str, Any] = {row["rule"]: row for row in found.to_dict("records")}
    told = [
        f"{name} {rules[rule]['advantage']:+.3f} (Spearman {rules[rule]['rho']:.2f}, the best in {rules[rule]['best']:.0%})"
        for rule, name in NAMES.items()
    ]
    own = rules["pg"]
    interval = f" [{own['advantage_low']:+.3f}, {own['advantage_high']:+.3f}]" if own["advantage_low"] < own["advantage"] else ""
    note = (
        f"{own['folds']} languages, {own['teachers']} teachers; by PG-Score {own['advantage']:+.3f}{interval} over a random "
        f"teacher; the best of each language would have {rules[RANDOM]['regret']:+.3f}. By what the teacher is chosen in the "
        f"other languages: {'; '.join(told)}"
    )
    numbers = {f"{name} {rule}": row[name] for rule, row in rules.items() for name in ("advantage", "regret", "rho")}
    numbers |= {"low": own["advantage_low"], "high": own["advantage_high"]}
    item = "better than a random teacher"
    known = {name: float(value) for name, value in numbers.items() if np.isfinite(value)}
    return Finding(items({item: True}, {item: bool(own["advantage"] > 0)}), note, numbers=known)
