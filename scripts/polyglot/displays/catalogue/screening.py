"""Table and figure of the screening of candidate teachers (`snakemake screen`)."""

from __future__ import annotations

from polyglot.displays.catalogue.files import SCREENING
from polyglot.displays.display import Display, Kind

SCREENED = {
    "candidates": "analysis/screening.csv",
    "validation": "analysis/screening_validation.csv",
    "cost": "analysis/screening_cost.csv",
}

SCREEN: dict[Kind, Display] = {
    "table": Display(
        "screening.screen",
        "Screening of candidate teachers",
        SCREENING,
        "Candidates by the students' gain that the intrinsic metrics of a small sample predict, with {confidence} prediction "
        "intervals; how well such predictions did on the finished study; and what this cost beside a full study.",
        SCREENED,
    ),
    "figure": Display(
        "screening.screen",
        "Screening of candidate teachers",
        SCREENING,
        "The students' gain that the intrinsic metrics of a small sample predict, by language, with {confidence} prediction "
        "intervals; a diamond is the gain that students of the full study had, where it is known.",
        SCREENED,
        height=3.4,
    ),
}
