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
        "Candidates by the student gain predicted from the intrinsic metrics of a small sample, with {confidence} prediction "
        "intervals; validation of such predictions on the finished study; and the cost compared with a full study.",
        SCREENED,
    ),
    "figure": Display(
        "screening.screen",
        "Screening of candidate teachers",
        SCREENING,
        "The student gain predicted from the intrinsic metrics of a small sample, by language, with {confidence} prediction "
        "intervals; a diamond is the measured gain in the full study, if known.",
        SCREENED,
        height=3.4,
    ),
}
