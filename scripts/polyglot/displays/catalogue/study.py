"""Tables and figures of a study's main experiment, each with its counterpart in arXiv 2604.11290.

Each display names its function: `module.function` in `polyglot.displays.tables` or `polyglot.displays.figures`.
"""

from __future__ import annotations

from polyglot.core.lookup import Lookup
from polyglot.displays.catalogue.files import (
    ANALYSIS,
    CELLS,
    COST,
    DATA,
    EVALUATION,
    GAPS,
    HOLES,
    REPLICATES,
    RESULT,
    SCORES,
    TEACHERS,
)
from polyglot.displays.display import Display

RESAMPLED = "examples, items and, where there are several, seeds or trainings"
"""What the intervals of scores and ranks are over, in captions."""

_TABLES: dict[str, Display] = {
    "leaderboard": Display(
        "leaderboard.leaderboard",
        "Leaderboard",
        RESULT,
        "Teachers by PG-Score (*{definition}*), averaged over languages, with {confidence} bootstrap intervals and the "
        "probabilities of rank 1 and of ranks 1 to 3; other definitions are below.",
        {"teachers": TEACHERS, "cells": CELLS, "gaps": GAPS, "holes": HOLES},
        paper="table 1",
        published=("teachers", "cells"),
    ),
    "pg_score": Display(
        "leaderboard.pg_score",
        "PG-Score by teacher and language",
        RESULT,
        "PG-Score (*{definition}*) of every cell with its {confidence} bootstrap interval.",
        {"cells": CELLS, "teachers": TEACHERS, "gaps": GAPS, "holes": HOLES},
        paper="table 13",
        published=("cells", "teachers"),
    ),
    "recommendation": Display(
        "recommendation.recommendation",
        "Recommendation",
        RESULT,
        "For every language: the recommended teacher, the certainty, the method, the price, and caveats.",
        {
            "cells": CELLS,
            "replicates": REPLICATES,
            "gaps": GAPS,
            "holes": HOLES,
            "prices": "analysis/prices.csv",
            "methods": "analysis/methods.csv",
            "evaluation": f"{SCORES}/evaluation.csv",
        },
    ),
    "evaluation": Display(
        "study.evaluation",
        "Scores of base, reference and students by benchmark",
        EVALUATION,
        "Every benchmark's score in every language, with the standard error over items.",
        {"evaluation": f"{SCORES}/evaluation.csv", "gaps": GAPS, "holes": HOLES},
    ),
    "further_benchmarks": Display(
        "further_benchmarks.further_benchmarks",
        "Judged and further benchmarks",
        EVALUATION,
        "Base, reference and students on benchmarks that a judge decides, or that are measured beside the scores, with "
        "{confidence} bootstrap intervals.",
        {"scores": "analysis/further_benchmarks.csv"},
    ),
    "spread": Display(
        "spread.spread",
        "Spread between draws of data and between trainings",
        EVALUATION,
        "How far the mean benchmark scores of a cell's students lie apart, by what differs between them, with {confidence} "
        "intervals.",
        {"spread": f"{SCORES}/spread.csv"},
    ),
    "pgr": Display(
        "study.pgr",
        "Performance gap recovered (PGR)",
        EVALUATION,
        "PGR = (student - base) / (reference - base), of mean benchmark scores, with {confidence} bootstrap intervals; the gain "
        "itself is shown too, because PGR changes sign where the reference is below the base.",
        {"cells": CELLS, "replicates": f"{SCORES}/measurements.parquet", "gaps": GAPS, "holes": HOLES},
        paper="table 12",
    ),
    "intrinsic": Display(
        "study.intrinsic",
        "Intrinsic metrics",
        DATA,
        "Diversity, reward, perplexity, length and further metrics of every training set, with bootstrap standard errors.",
        {"intrinsic": f"{SCORES}/intrinsic.csv", "holes": HOLES},
        paper="table 11",
    ),
    "seed_sources": Display(
        "study.seed_sources",
        "Sources of the seed dataset",
        DATA,
        "Rows of every source that were read, dropped (with reasons), kept and sampled, and the number in table 6.",
        {"sources": "analysis/seed_sources.csv"},
        paper="table 6",
    ),
    "synthesis_yield": Display(
        "study.synthesis_yield",
        "Yield of synthesis by status",
        DATA,
        "Usable answers of each teacher, language and method, why others are not usable, and how many were read as they are.",
        {"statuses": "analysis/synthesis_yield.csv"},
    ),
    "pca": Display(
        "analyses.pca",
        "Principal components of the intrinsic metrics",
        ANALYSIS,
        "Loadings of the intrinsic metrics on the principal components over cells, with {confidence} bootstrap intervals over "
        "teachers and languages.",
        {"loadings": "analysis/pca_loadings.csv", "variance": "analysis/pca_variance.csv", "holes": HOLES},
        paper="table 4",
    ),
    "regression": Display(
        "analyses.regression",
        "Regression of student performance on the components",
        ANALYSIS,
        "How well the principal components of the intrinsic metrics predict the students' gain: in sample, and for a held-out "
        "language or teacher.",
        {
            "validation": "analysis/regression_validation.csv",
            "coefficients": "analysis/regression_coefficients.csv",
            "holes": HOLES,
        },
        paper="section on predictors (in-sample R² 0.664, RMSE 0.440)",
    ),
    "spearman": Display(
        "analyses.spearman",
        "Rank correlations of metrics and scores",
        ANALYSIS,
        "Spearman correlations over cells, with {confidence} intervals.",
        {"correlations": "analysis/spearman.csv", "holes": HOLES},
        paper="section on the weights (intrinsic against extrinsic 0.41)",
    ),
    "sensitivity": Display(
        "analyses.sensitivity",
        "Sensitivity of the ranking",
        ANALYSIS,
        "Spearman correlation between the reported ranking of teachers and the ranking with another weight, without one "
        "metric, or by another definition, with {confidence} bootstrap intervals.",
        {"sensitivity": f"{SCORES}/sensitivity.csv", "holes": HOLES},
        paper="figure 7",
        published=("sensitivity",),
    ),
    "language_resources": Display(
        "analyses.language_resources",
        "PG-Score and the resources of a language",
        ANALYSIS,
        "Mean PG-Score (*{definition}*) of every language, with its share of CommonCrawl and its resource level.",
        {"cells": CELLS, "replicates": REPLICATES, "gaps": GAPS},
        paper="figure 8",
        published=("cells", "replicates"),
    ),
    "truth": Display(
        "analyses.truth",
        "Planted truth against scores",
        ANALYSIS,
        "Every order of teachers that is known by construction, in each definition, with {confidence} intervals.",
        {"checks": "analysis/truth.csv", "agreement": "analysis/agreement.csv", "gaps": GAPS},
    ),
    "resources": Display(
        "study.resources",
        "Seconds and memory by rule",
        COST,
        "From Snakemake's timings of all jobs so far.",
        {"cost": "analysis/resources.csv"},
    ),
    "ledger": Display(
        "study.ledger",
        "Ledger: GPU hours, tokens and money",
        COST,
        "The cost of all jobs so far, by rule and teacher, including failed attempts.",
        {"ledger": "analysis/ledger.csv"},
    ),
}

_FIGURES: dict[str, Display] = {
    "leaderboard": Display(
        "leaderboard.leaderboard",
        "Leaderboard",
        RESULT,
        "Teachers by PG-Score (*{definition}*), averaged over languages, best on top. Bars and brackets: {confidence} bootstrap "
        f"intervals over {RESAMPLED}.",
        {"teachers": TEACHERS, "gaps": GAPS, "holes": HOLES},
        paper="table 1",
        width=3.8,
        height=1.6,
    ),
    "pg_score": Display(
        "study.pg_score",
        "PG-Score by teacher and language",
        RESULT,
        "PG-Score (*{definition}*, α = {alpha}) by teacher and language; the diamond is the average. Bars: {confidence} "
        f"bootstrap intervals over {RESAMPLED}. Hollow markers and ⚑: flagged languages, whose reference does not beat the "
        "base by more than the gap's standard error. A cross: a cell without a measurement.",
        {"cells": CELLS, "teachers": TEACHERS, "gaps": GAPS, "holes": HOLES},
        paper="table 1",
        published=("cells", "teachers"),
    ),
    "ranks": Display(
        "study.ranks",
        "Probabilities of ranks",
        RESULT,
        "Probability that a teacher comes first, or among the first three, by PG-Score (*{definition}*): share of bootstrap "
        f"resamples over {RESAMPLED}. "
        "Whiskers: {confidence} interval of the rank.",
        {"teachers": TEACHERS, "gaps": GAPS},
    ),
    "intrinsic_extrinsic": Display(
        "study.intrinsic_extrinsic",
        "Intrinsic against extrinsic",
        RESULT,
        "Intrinsic score against the students' gain over the base (or PGR, where the gain is not known), one point a teacher "
        "and language. Bars: {confidence} bootstrap intervals.",
        {"cells": CELLS, "gaps": GAPS},
        published=("cells",),
    ),
    "gain": Display(
        "study.gain",
        "Students with base and reference",
        EVALUATION,
        "Mean benchmark score of the students by language, between base (dashed) and reference (solid, with its interval). Bars: "
        "{confidence} interval of the gain over the base, paired by item.",
        {"cells": CELLS, "teachers": TEACHERS, "gaps": GAPS, "holes": HOLES},
    ),
    "synthesis_yield": Display(
        "study.synthesis_yield",
        "Yield by teacher and method",
        DATA,
        "Share of answers by status; only `ok` is trained on, also where it was repaired.",
        {"statuses": "analysis/synthesis_yield.csv"},
    ),
    "pca": Display(
        "analyses.pca",
        "Principal components of the intrinsic metrics",
        ANALYSIS,
        "Left: explained variance, and loadings with {confidence} bootstrap intervals over teachers and languages. "
        "Right: cells on the first two components, with the loadings as arrows.",
        {
            "loadings": "analysis/pca_loadings.csv",
            "variance": "analysis/pca_variance.csv",
            "scores": "analysis/pca_scores.csv",
            "gaps": GAPS,
            "holes": HOLES,
        },
        paper="figure 3",
    ),
    "regression": Display(
        "analyses.regression",
        "Predicted and actual gain",
        ANALYSIS,
        "Students' gain predicted from components of the intrinsic metrics: in sample, for a language left out, for a teacher "
        "left out.",
        {
            "predictions": "analysis/regression_predictions.csv",
            "validation": "analysis/regression_validation.csv",
            "gaps": GAPS,
            "holes": HOLES,
        },
        paper="figure 4",
        height=3.2,
    ),
    "spearman": Display(
        "analyses.spearman",
        "Rank correlations of metrics and scores",
        ANALYSIS,
        "Spearman correlations over cells; small print: the {confidence} interval.",
        {"correlations": "analysis/spearman.csv", "holes": HOLES},
        height=5.6,
    ),
    "weights": Display(
        "analyses.weights",
        "Weight of the intrinsic score",
        ANALYSIS,
        "Spearman correlation between the ranking at α = {alpha} and at every other weight, by definition; bars and bands: "
        "{confidence} bootstrap intervals.",
        {"sensitivity": f"{SCORES}/sensitivity.csv", "holes": HOLES},
        paper="figure 7",
        published=("sensitivity",),
    ),
    "language_resources": Display(
        "analyses.language_resources",
        "PG-Score and the resources of a language",
        ANALYSIS,
        "Mean PG-Score (*{definition}*) over teachers against a language's share of CommonCrawl and its resource level; bars: "
        "{confidence} bootstrap intervals. A language in which a teacher has no measurement has no mean.",
        {"cells": CELLS, "replicates": REPLICATES, "gaps": GAPS},
        paper="figure 8",
        published=("cells", "replicates"),
        height=3.4,
    ),
}

TABLES: Lookup[Display] = Lookup("table", _TABLES, kind=Display)
"""Tables of the main experiment by name; a project adds its own with `TABLES.add`."""

FIGURES: Lookup[Display] = Lookup("figure", _FIGURES, kind=Display)
"""Figures of the main experiment by name; a project adds its own with `FIGURES.add`."""
