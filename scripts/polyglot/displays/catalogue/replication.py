"""Tables and figures of the replication audit: what the paper's published numbers imply."""

from __future__ import annotations

from polyglot.displays.catalogue.files import REPLICATED
from polyglot.displays.display import Display, Kind

SIGNS, RANKS = "analysis/sign_audit.csv", "analysis/definition_ranks.csv"
SMALL = 4.4
"""Width in inches of figures that stand two in a row on the audit's page."""

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
        "released_teachers": Display(
            "released.teachers",
            "PG-Score and the students' scores",
            REPLICATED,
            "Each teacher's mean PG-Score against the mean benchmark score of its students, over six languages.",
            {"teachers": "analysis/released_teachers.csv"},
            paper="table 1",
            published=("teachers",),
            width=SMALL,
            height=3.0,
        ),
        "released_parts": Display(
            "released.parts",
            "Students whose M-RewardBench parts are the same",
            REPLICATED,
            "Students of all released bases: those whose M-RewardBench part is one of two constant values, those that share a "
            "part with another student of the language to ten digits, and the others.",
            {"parts": "analysis/released_parts.csv"},
            paper="table 12",
            published=("parts",),
            width=SMALL,
            height=2.6,
        ),
        "released_scale": Display(
            "released.scale",
            "Size of the data: student score and PG-Score",
            REPLICATED,
            "Mean benchmark scores of the students of figure 5 and their PG-Scores, by the number of training examples.",
            {"scale": "analysis/released_scale.csv"},
            paper="figure 5",
            published=("scale",),
            width=SMALL,
            height=2.6,
        ),
        "released_translation": Display(
            "released.translation",
            "Translation: PG-Score and student score",
            REPLICATED,
            "PG-Scores of figure 6's three methods of translation and the mean benchmark scores of their students.",
            {"translation": "analysis/released_translation.csv"},
            paper="figure 6",
            published=("translation",),
            width=SMALL,
            height=2.8,
        ),
    },
}
