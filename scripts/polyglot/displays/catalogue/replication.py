"""Tables and figures of the replication audit: what the paper's published numbers imply."""

from __future__ import annotations

from polyglot.displays.catalogue.files import REPLICATED
from polyglot.displays.display import Display, Kind

SIGNS, RANKS = "analysis/sign_audit.csv", "analysis/definition_ranks.csv"

REPLICATION: dict[Kind, dict[str, Display]] = {
    "table": {
        "sign_audit": Display(
            "replication.sign_audit",
            "Sign audit: is the reference above the base?",
            REPLICATED,
            "By language: what the published PGRs imply about base and reference, both scores if the released student scores "
            "give them, and how many students are above their base.",
            {"audit": SIGNS},
            paper="table 12",
            published=("audit",),
        ),
        "definition_ranks": Display(
            "replication.definition_ranks",
            "Teachers under each way of scoring",
            REPLICATED,
            "Rank and mean score of every teacher as published, without the languages whose reference is below the base, by "
            "*signsafe*, by the students' gain alone and by the intrinsic score alone.",
            {"ranks": RANKS},
            paper="table 1",
            published=("ranks",),
        ),
    },
    "figure": {
        "published_recomputed": Display(
            "replication.published_recomputed",
            "Published and recomputed scores",
            REPLICATED,
            "PG-Scores recomputed from tables 11 and 12 against table 13, with differences; scores by base model from "
            "the released cells against figure 2.",
            {"values": "analysis/claim_values.csv"},
            paper="table 13 and figure 2",
            published=("values",),
            height=3.3,
        ),
        "anchors": Display(
            "replication.anchors",
            "Students, base and reference",
            REPLICATED,
            "Mean benchmark scores of the published students with base and reference, which follow from released scores and "
            "PGRs.",
            {"audit": SIGNS, "students": "analysis/students.csv"},
            paper="table 12",
            published=("audit", "students"),
            height=3.6,
        ),
        "definition_ranks": Display(
            "replication.definition_ranks",
            "Teachers under each way of scoring",
            REPLICATED,
            "Rank of every teacher as published, without the languages whose reference is below the base, by *signsafe*, by the "
            "students' gain alone and by the intrinsic score alone; in brackets the languages.",
            {"ranks": RANKS},
            paper="table 1",
            published=("ranks",),
        ),
    },
}
