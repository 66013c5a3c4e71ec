"""Checks across student bases: their agreement, and the scores of base and reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from polyglot.replication.checks.compare import items, series
from polyglot.replication.evidence import Claim, Evidence, Finding
from polyglot.replication.published import RELEASED
from polyglot.replication.settings import PUBLISHED_BASE
from polyglot.replication.signs import recovered_anchors, sign_audit


def _by_base(evidence: Evidence, source: str) -> pd.DataFrame:
    """PG-Scores of teachers (rows) by base (columns), averaged over figure 2's languages."""
    if source == "figure02_base_models":
        return evidence.tables[source].pivot(index="teacher", columns="base", values="pg_score")
    bases = evidence.tables["figure02_base_models"]["base"].unique()
    langs = evidence.tables[RELEASED].groupby("base")["lang"].unique()
    shared = set.intersection(*(set(langs[base]) for base in bases))
    scores = {base: evidence.scores(base) for base in bases}
    return pd.DataFrame(
        {base: frame[frame["lang"].isin(shared)].groupby("teacher")["pg"].mean() for base, frame in scores.items()}
    )


def base_pairs(evidence: Evidence, claim: Claim) -> Finding:
    """Spearman correlations between bases' rankings of teachers."""
    wide = _by_base(evidence, claim.arguments["source"])
    printed = evidence.tables["figure02_spearman"]
    rho = wide.corr(method="spearman")
    found = {f"{a} {b}": float(rho.loc[a, b]) for a, b in zip(printed["a"], printed["b"], strict=True)}
    return Finding(items(series(printed, ["a", "b"], "rho"), found), f"n = {len(wide)} teachers a pair")


def base_range(evidence: Evidence, claim: Claim) -> Finding:
    """Least and largest correlation between two bases."""
    rho = _by_base(evidence, claim.arguments["source"]).corr(method="spearman")
    values = rho.to_numpy()[np.triu_indices(len(rho), 1)]
    return Finding(items(claim.published, {"least": float(values.min()), "largest": float(values.max())}))


def base_scores(evidence: Evidence, claim: Claim) -> Finding:
    """Figure 2's scores against the averages of the released cells."""
    wide = _by_base(evidence, RELEASED)
    printed = evidence.tables["figure02_base_models"]
    long = wide.melt(var_name="base", value_name="pg", ignore_index=False).rename_axis("teacher").reset_index()
    return Finding(items(series(printed, ["teacher", "base"], "pg_score"), series(long, ["teacher", "base"], "pg")))


def family_match(evidence: Evidence, claim: Claim) -> Finding:
    """Table 14's increases (percent of the absolute score with the main base)."""
    wide = _by_base(evidence, claim.arguments["source"])
    printed = evidence.tables["table14_family_match"]
    main = wide[PUBLISHED_BASE]
    found = {
        f"{teacher} {base}": 100 * (wide.loc[teacher, base] - main[teacher]) / abs(main[teacher])
        for teacher, base in zip(printed["teacher"], printed["base"], strict=True)
    }
    return Finding(items(series(printed, ["teacher", "base"], "percent_increase"), found))


def top_teacher(evidence: Evidence, claim: Claim) -> Finding:
    """Whether a teacher is among the first few for every base."""
    ranks = _by_base(evidence, claim.arguments["source"]).rank(ascending=False).loc[claim.arguments["teacher"]]
    found = {base: bool(rank <= claim.arguments["top"]) for base, rank in ranks.items()}
    note = "ranks " + ", ".join(f"{rank:.0f} ({base})" for base, rank in ranks.items())
    return Finding(items(dict.fromkeys(found, True), found), note)


def reference_above_base(evidence: Evidence, claim: Claim) -> Finding:
    """Whether the reference is above the base, where released scores determine it."""
    audit = sign_audit(evidence.tables).set_index("lang")
    found = {str(lang): np.nan if np.isnan(gap) else bool(gap > 0) for lang, gap in audit["gap"].items()}
    above = int(audit["above_base"].sum())
    students = int(audit.loc[audit["gap"].notna(), "students"].sum())
    unknown = ", ".join(str(lang) for lang, gap in audit["gap"].items() if np.isnan(gap))
    note = (
        "gaps "
        + ", ".join(f"{lang} {gap:+.3f}" for lang, gap in audit["gap"].items() if not np.isnan(gap))
        + f"; {above} of {students} students are above their base"
        + (f"; not known: {unknown}, whose released scores and PGRs do not lie on one line" if unknown else "")
    )
    return Finding(items(dict.fromkeys(found, True), found), note)


def own_anchors(evidence: Evidence, claim: Claim) -> Finding:
    """Whether the other bases' PGRs use their own base and reference, not the main base's."""
    anchors = recovered_anchors(evidence.tables[RELEASED])
    main = anchors[anchors["base"] == PUBLISHED_BASE].set_index("lang")
    found: dict[str, Any] = {}
    for row in anchors[(anchors["base"] != PUBLISHED_BASE)].to_dict("records"):
        same = abs(row["base_score"] - main.loc[row["lang"], "base_score"])
        found[f"{row['base']} {row['lang']}"] = bool(same > claim.arguments["same"]) if row["recovered"] else np.nan
    limit = claim.arguments["same"]
    note = f"the base score that PGRs and student scores imply is that of {PUBLISHED_BASE} if they differ by less than {limit}"
    return Finding(items(dict.fromkeys(found, True), found), note)


def distinct_students(evidence: Evidence, claim: Claim) -> Finding:
    """Whether students of different teachers have different scores, by base and language."""
    anchors = recovered_anchors(evidence.tables[RELEASED])
    names = anchors["base"] + " " + anchors["lang"]
    found = dict(zip(names, (anchors["distinct"] == anchors["students"]).map(bool), strict=True))
    few = anchors[anchors["distinct"] < anchors["students"]]
    shown = "; ".join(f"{row['base']} {row['lang']}: {row['distinct']} of {row['students']}" for row in few.to_dict("records"))
    return Finding(items(dict.fromkeys(found, True), found), f"different scores, to ten digits: {shown}" if shown else "")
