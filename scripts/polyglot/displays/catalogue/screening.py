"""Tables and figures of the ranking and the screening of candidate teachers (`snakemake rank`, `snakemake screen`)."""

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

RANKED = {"order": "analysis/ranking_order.csv", "samples": "analysis/ranking.csv"}

RANK: dict[Kind, Display] = {
    "table": Display(
        "ranking.rank",
        "Teachers ranked by their data",
        SCREENING,
        "Teachers by the mean z-score of the metrics of a small sample of their data, with {confidence} intervals; no student is "
        "trained. Below: what was measured, by language.",
        RANKED,
    ),
    "figure": Display(
        "ranking.rank",
        "Teachers ranked by their data",
        SCREENING,
        "What was measured of a small sample of each teacher's data, with {confidence} intervals, one row of points a language. "
        "Teachers from best to worst by the mean z-score, which is in the first panel.",
        RANKED,
        height=3.6,
    ),
}
