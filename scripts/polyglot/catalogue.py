"""The catalogue of tables and figures, each with its counterpart in arXiv 2604.11290.

A display is made by the function of its name in `polyglot.reports` or `polyglot.figures`. Those of `COMPARED` belong to an
experiment's kind: a new experiment has them by being configured.
"""

from __future__ import annotations

from polyglot.display import Display, Kind
from polyglot.experiments import Comparison

RESULT, EVALUATION, DATA, ANALYSIS, EXPERIMENTS, SCREENING, COST, REPLICATED = (
    "1 Result",
    "2 Evaluation",
    "3 Data",
    "4 Analysis and validity",
    "5 Experiments",
    "6 Screening",
    "7 Provenance",
    "8 Replication audit",
)
SCORES = "scores/{experiment}"
CELLS, TEACHERS, GAPS, HOLES = (f"{SCORES}/{name}.csv" for name in ("cells", "teachers", "gaps", "holes"))
REPLICATES = f"{SCORES}/replicates.parquet"
STUDENTS = {"replicates": REPLICATES, "measurements": f"{SCORES}/measurements.parquet"}

TABLES: dict[str, Display] = {
    "leaderboard": Display(
        "leaderboard",
        "Leaderboard",
        RESULT,
        "Teachers by PG-Score (*{definition}*), averaged over languages, with {confidence} bootstrap intervals and the "
        "probabilities of the first and of one of the three first ranks; the other definitions beside it.",
        {"teachers": TEACHERS, "cells": CELLS, "gaps": GAPS, "holes": HOLES},
        paper="table 1",
        published=("teachers", "cells"),
    ),
    "pg_score": Display(
        "pg_score",
        "PG-Score by teacher and language",
        RESULT,
        "PG-Score (*{definition}*) of every cell with its {confidence} bootstrap interval.",
        {"cells": CELLS, "teachers": TEACHERS, "gaps": GAPS, "holes": HOLES},
        paper="table 13",
        published=("cells", "teachers"),
    ),
    "recommendation": Display(
        "recommendation",
        "Recommendation",
        RESULT,
        "For every language: which teacher, how sure, which method, at what price, and what to beware of.",
        {
            "cells": CELLS,
            "replicates": REPLICATES,
            "gaps": GAPS,
            "holes": HOLES,
            "prices": "analysis/prices.csv",
            "methods": "analysis/methods.csv",
        },
    ),
    "evaluation": Display(
        "evaluation",
        "Scores of base, reference and students by benchmark",
        EVALUATION,
        "Every benchmark's score in every language, with the standard error over items.",
        {"evaluation": f"{SCORES}/evaluation.csv", "gaps": GAPS, "holes": HOLES},
    ),
    "pgr": Display(
        "pgr",
        "Performance gap recovered (PGR)",
        EVALUATION,
        "PGR = (student - base) / (reference - base), of mean benchmark scores, with {confidence} bootstrap intervals; the gain "
        "itself beside it, because PGR turns round where the reference is below the base.",
        {"cells": CELLS, "replicates": f"{SCORES}/measurements.parquet", "gaps": GAPS, "holes": HOLES},
        paper="table 12",
    ),
    "intrinsic": Display(
        "intrinsic",
        "Intrinsic metrics",
        DATA,
        "Diversity, reward, perplexity and length of every training set, with bootstrap standard errors.",
        {"intrinsic": f"{SCORES}/intrinsic.csv", "holes": HOLES},
        paper="table 11",
    ),
    "seed_sources": Display(
        "seed_sources",
        "Sources of the seed dataset",
        DATA,
        "How many rows of every source were read, left out (and why), kept and sampled, beside the number in table 6.",
        {"sources": "analysis/seed_sources.csv"},
        paper="table 6",
    ),
    "synthesis_yield": Display(
        "synthesis_yield",
        "Yield of synthesis by status",
        DATA,
        "How many answers of each teacher, language and method can be used, and why the others cannot.",
        {"statuses": "analysis/synthesis_yield.csv"},
    ),
    "pca": Display(
        "pca",
        "Principal components of the intrinsic metrics",
        ANALYSIS,
        "Loadings of six intrinsic metrics on the principal components over cells, with {confidence} bootstrap intervals over "
        "cells.",
        {"loadings": "analysis/pca_loadings.csv", "variance": "analysis/pca_variance.csv", "holes": HOLES},
        paper="table 4",
    ),
    "regression": Display(
        "regression",
        "Regression of student performance on the components",
        ANALYSIS,
        "How well the principal components of the intrinsic metrics predict the students' gain: in sample, and for a language or "
        "a teacher that was left out.",
        {
            "validation": "analysis/regression_validation.csv",
            "coefficients": "analysis/regression_coefficients.csv",
            "holes": HOLES,
        },
        paper="section on predictors (in-sample R² 0.664, RMSE 0.440)",
    ),
    "spearman": Display(
        "spearman",
        "Rank correlations of metrics and scores",
        ANALYSIS,
        "Spearman correlations over cells, with {confidence} intervals.",
        {"correlations": "analysis/spearman.csv", "holes": HOLES},
        paper="section on the weights (intrinsic against extrinsic 0.41)",
    ),
    "sensitivity": Display(
        "sensitivity",
        "Sensitivity of the ranking",
        ANALYSIS,
        "Spearman correlation between the ranking of teachers as reported and the ranking under another weight, without one "
        "metric, or by another definition, with {confidence} bootstrap intervals.",
        {"sensitivity": f"{SCORES}/sensitivity.csv", "holes": HOLES},
        paper="figure 7",
        published=("sensitivity",),
    ),
    "language_resources": Display(
        "language_resources",
        "PG-Score and the resources of a language",
        ANALYSIS,
        "Mean PG-Score (*{definition}*) of every language beside its share of CommonCrawl and its resource level.",
        {"cells": CELLS, "replicates": REPLICATES, "gaps": GAPS},
        paper="figure 8",
        published=("cells", "replicates"),
    ),
    "truth": Display(
        "truth",
        "Planted truth against scores",
        ANALYSIS,
        "Every order of teachers that the study knows by construction, in each definition, with {confidence} intervals.",
        {"checks": "analysis/truth.csv", "agreement": "analysis/agreement.csv", "gaps": GAPS},
    ),
    "resources": Display(
        "resources",
        "Seconds and memory by rule",
        COST,
        "From Snakemake's benchmark files of all jobs so far.",
        {"cost": "analysis/resources.csv"},
    ),
    "ledger": Display(
        "ledger",
        "Ledger: GPU hours, tokens and money",
        COST,
        "What all jobs so far have cost, by rule and teacher, attempts in vain included.",
        {"ledger": "analysis/ledger.csv"},
    ),
}

FIGURES: dict[str, Display] = {
    "pg_score": Display(
        "pg_score",
        "PG-Score by teacher and language",
        RESULT,
        "PG-Score (*{definition}*, α = {alpha}) by teacher and language; the diamond is the average. Bars: "
        "{confidence} bootstrap "
        "intervals over examples and seeds. Hollow markers and ⚑: flagged languages, whose reference does not beat the base by "
        "more than the gap's standard error. A cross: a cell without a measurement.",
        {"cells": CELLS, "teachers": TEACHERS, "gaps": GAPS, "holes": HOLES},
        paper="table 1",
        published=("cells", "teachers"),
    ),
    "ranks": Display(
        "ranks",
        "Probabilities of ranks",
        RESULT,
        "Probability that a teacher comes first, or among the first three, by PG-Score (*{definition}*): share of bootstrap "
        "resamples over examples and seeds. Whiskers: {confidence} interval of the rank.",
        {"teachers": TEACHERS, "gaps": GAPS},
    ),
    "intrinsic_extrinsic": Display(
        "intrinsic_extrinsic",
        "Intrinsic against extrinsic",
        RESULT,
        "Intrinsic score against the students' gain in standard errors (or PGR, where the gain is not known), one "
        "point a teacher "
        "and language. Bars: {confidence} bootstrap interval (intrinsic), one standard error (gain).",
        {"cells": CELLS, "gaps": GAPS},
        published=("cells",),
    ),
    "gain": Display(
        "gain",
        "Students with base and reference",
        EVALUATION,
        "Mean benchmark score of the students by language, between base (dashed) and reference (solid, with its interval). Bars: "
        "{confidence} interval of the gain over the base, paired by item.",
        {"cells": CELLS, "teachers": TEACHERS, "gaps": GAPS, "holes": HOLES},
    ),
    "synthesis_yield": Display(
        "synthesis_yield",
        "Yield by teacher and method",
        DATA,
        "Share of answers by status; only `ok` is trained on.",
        {"statuses": "analysis/synthesis_yield.csv"},
    ),
    "pca": Display(
        "pca",
        "Principal components of the intrinsic metrics",
        ANALYSIS,
        "Left: explained variance, and loadings with {confidence} bootstrap intervals over cells. Right: cells on the first two "
        "components, with the loadings as arrows.",
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
        "regression",
        "Predicted and actual gain",
        ANALYSIS,
        "Students' gain as the components of the intrinsic metrics predict it: in sample, for a language left out, for a teacher "
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
        "spearman",
        "Rank correlations of metrics and scores",
        ANALYSIS,
        "Spearman correlations over cells; in small print the {confidence} interval.",
        {"correlations": "analysis/spearman.csv", "holes": HOLES},
        height=5.6,
    ),
    "weights": Display(
        "weights",
        "Weight of the intrinsic score",
        ANALYSIS,
        "Spearman correlation between the ranking at α = {alpha} and at every other weight, by definition; bars and bands: "
        "{confidence} bootstrap intervals.",
        {"sensitivity": f"{SCORES}/sensitivity.csv", "holes": HOLES},
        paper="figure 7",
        published=("sensitivity",),
    ),
    "language_resources": Display(
        "language_resources",
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

SCREENED = {
    "candidates": "analysis/screening.csv",
    "validation": "analysis/screening_validation.csv",
    "cost": "analysis/screening_cost.csv",
}
SCREEN: dict[Kind, Display] = {
    "table": Display(
        "screen",
        "Screening of candidate teachers",
        SCREENING,
        "Candidates by the students' gain that the intrinsic metrics of a small sample foretell, with {confidence} prediction "
        "intervals; how well such predictions did on the finished study; and what this cost beside a full study.",
        SCREENED,
    ),
    "figure": Display(
        "screen",
        "Screening of candidate teachers",
        SCREENING,
        "The students' gain that the intrinsic metrics of a small sample foretell, by language, with {confidence} prediction "
        "intervals; a diamond is the gain that students of the full study had, where it is known.",
        SCREENED,
        height=3.4,
    ),
}

PLANNED = {"jobs": "plan/jobs.csv"}
PLAN: dict[str, Display] = {
    "plan": Display(
        "plan",
        "Budget of the study",
        COST,
        "Jobs, engine starts, GPU hours, tokens, money and disk by rule, before anything is submitted; the assumed throughputs "
        "stand under `plan` in the configuration.",
        PLANNED,
    ),
    "plan_teachers": Display(
        "plan_teachers",
        "Budget by teacher",
        COST,
        "What each teacher adds to the budget: its answers, the training sets and students made from them, and their evaluation.",
        PLANNED,
    ),
    "plan_demands": Display(
        "plan_demands",
        "What jobs ask of a cluster",
        COST,
        "GPUs, cores, memory and run time that the jobs of each rule ask for at their first attempt.",
        PLANNED,
    ),
}

GENERATIONS = "analysis/{experiment}_generations.csv"
COVERAGE, WIN_RATES = (f"analysis/{{experiment}}_{name}.csv" for name in ("coverage", "win_rates"))
COMPARED: dict[Comparison, dict[Kind, dict[str, Display]]] = {
    "teachers": {
        "table": {
            "": Display(
                "pg_score",
                "PG-Score by teacher and language",
                EXPERIMENTS,
                "PG-Score (*{definition}*) of every cell with its {confidence} bootstrap interval.",
                {"cells": CELLS, "teachers": TEACHERS, "gaps": GAPS, "holes": HOLES},
                paper="table 16",
            )
        },
        "figure": {
            "": Display(
                "pg_score",
                "PG-Score by teacher and language",
                EXPERIMENTS,
                "PG-Score (*{definition}*) by teacher and language; the diamond is the average. Bars: {confidence} bootstrap "
                "intervals.",
                {"cells": CELLS, "teachers": TEACHERS, "gaps": GAPS, "holes": HOLES},
                paper="table 16",
            )
        },
    },
    "bases": {
        "table": {
            "": Display(
                "bases",
                "PG-Score by teacher and base",
                EXPERIMENTS,
                "PG-Score (*{definition}*), averaged over languages, with {confidence} bootstrap intervals, by student base.",
                {"teachers": TEACHERS, "gaps": GAPS, "holes": HOLES},
                paper="figure 2",
            ),
            "_agreement": Display(
                "base_agreement",
                "Agreement of bases about teachers",
                EXPERIMENTS,
                "Spearman correlation between the rankings of teachers by two bases, with {confidence} bootstrap intervals.",
                {"replicates": REPLICATES},
                paper="figure 2",
            ),
            "_family_match": Display(
                "family_match",
                "Teacher and student of one family",
                EXPERIMENTS,
                "How a teacher's PG-Score (*{definition}*) changes from the main base to another, for teachers of the "
                "other base's "
                "family and for the others, with {confidence} bootstrap intervals of the difference.",
                {"replicates": REPLICATES, "gaps": GAPS},
                paper="table 14",
            ),
        },
        "figure": {
            "": Display(
                "bases",
                "PG-Score by teacher and base",
                EXPERIMENTS,
                "Left: PG-Score (*{definition}*) by teacher and base, averaged over languages, with {confidence} "
                "bootstrap intervals. "
                "Right: Spearman correlation between the rankings of teachers by two bases.",
                {"teachers": TEACHERS, "replicates": REPLICATES, "gaps": GAPS, "holes": HOLES},
                paper="figure 2",
            )
        },
    },
    "recipes": {
        "table": {
            "": Display(
                "recipes",
                "PG-Score by recipe",
                EXPERIMENTS,
                "By recipe and teacher, averaged over languages: PG-Score (*{definition}*), intrinsic score and gain, with "
                "{confidence} bootstrap intervals. Scores are relative to the experiment's own cells.",
                {**STUDENTS, "gaps": GAPS, "holes": HOLES},
                paper="table 2",
            ),
            "_by_language": Display(
                "recipes_by_language",
                "PG-Score by recipe and language",
                EXPERIMENTS,
                "The same by language.",
                {"cells": CELLS, "gaps": GAPS, "holes": HOLES},
                paper="table 15",
            ),
        },
        "figure": {
            "": Display(
                "recipes",
                "PG-Score by recipe",
                EXPERIMENTS,
                "PG-Score (*{definition}*) and gain by recipe, averaged over languages, with {confidence} bootstrap intervals.",
                {**STUDENTS, "gaps": GAPS, "holes": HOLES},
                paper="figure 6",
            )
        },
    },
    "sizes": {
        "table": {
            "": Display(
                "recipes",
                "PG-Score by training size",
                EXPERIMENTS,
                "By training size (smaller sets are subsets of larger ones) and teacher, averaged over languages, with "
                "{confidence} "
                "bootstrap intervals.",
                {**STUDENTS, "gaps": GAPS, "holes": HOLES},
                paper="figure 5",
            ),
            "_by_language": Display(
                "recipes_by_language",
                "PG-Score by training size and language",
                EXPERIMENTS,
                "The same by language.",
                {"cells": CELLS, "gaps": GAPS, "holes": HOLES},
            ),
        },
        "figure": {
            "": Display(
                "sizes",
                "Score by training size",
                EXPERIMENTS,
                "PG-Score (*{definition}*) and gain against the number of training examples, averaged over languages; bars (and "
                "bands): {confidence} bootstrap intervals. Smaller sets are subsets of larger ones.",
                {**STUDENTS, "gaps": GAPS, "holes": HOLES},
                paper="figure 5",
                height=3.4,
            ),
            "_alignment": Display(
                "alignment",
                "Is a little data enough? Score by training size and language",
                EXPERIMENTS,
                "Mean benchmark score of the students against the number of training examples, by language; dashed: the "
                "untrained base; bars: {confidence} interval of the gain. If alignment is superficial, a few examples do.",
                {"cells": CELLS, "gaps": GAPS, "holes": HOLES},
                height=3.4,
            ),
        },
    },
    "steps": {
        "table": {
            "": Display(
                "steps",
                "An additive recipe, step by step",
                EXPERIMENTS,
                "Scores of each step's student by task group, and what the step adds, with {confidence} bootstrap intervals.",
                {"outcomes": "analysis/{experiment}_steps.csv"},
                paper="table 19",
            )
        },
        "figure": {
            "": Display(
                "steps",
                "An additive recipe, step by step",
                EXPERIMENTS,
                "Mean score of each step's student with its {confidence} bootstrap interval; small markers are task "
                "groups. Beside it: "
                "what the step adds to the one before, with its interval, items paired.",
                {"outcomes": "analysis/{experiment}_steps.csv"},
                paper="figure 9",
            )
        },
    },
    "abilities": {
        "table": {
            "": Display(
                "abilities",
                "Does a teacher's size or ability foretell its score?",
                EXPERIMENTS,
                "Mixed-effects models of the PG-Score (*{definition}*) with a random intercept for each teacher: on "
                "the logarithm of "
                "the teacher's size, and on its own mean benchmark score; {confidence} intervals.",
                {"models": "analysis/{experiment}_models.csv", "abilities": "analysis/{experiment}_abilities.csv"},
                paper="table 3",
            )
        },
        "figure": {
            "": Display(
                "abilities",
                "A teacher's ability and size, and the PG-Score of its data",
                EXPERIMENTS,
                "Each point a teacher and language: the teacher's own mean benchmark score, and its size (natural "
                "logarithm), against "
                "the PG-Score (*{definition}*) of its data, with the fitted lines of the mixed-effects models.",
                {
                    "models": "analysis/{experiment}_models.csv",
                    "abilities": "analysis/{experiment}_abilities.csv",
                    "gaps": GAPS,
                },
                paper="table 3",
            )
        },
    },
    "routing": {
        "table": {
            "": Display(
                "routing",
                "Routed and single teachers",
                EXPERIMENTS,
                "Routed teachers beside single ones, averaged over languages, with {confidence} bootstrap intervals: PG-Score "
                "(*{definition}*), gain, the generations that the data took, and how well prompts are routed; below, who answers "
                "which share of the prompts.",
                {
                    **STUDENTS,
                    "quality": "analysis/{experiment}_quality.csv",
                    "shares": "analysis/{experiment}_shares.csv",
                    "generations": GENERATIONS,
                    "gaps": GAPS,
                    "holes": HOLES,
                },
            )
        },
        "figure": {
            "": Display(
                "routing",
                "Routed and single teachers",
                EXPERIMENTS,
                "PG-Score (*{definition}*) and gain, averaged over languages, with {confidence} bootstrap intervals, of routed "
                "teachers beside single ones; right: the generations that their data took.",
                {**STUDENTS, "generations": GENERATIONS, "gaps": GAPS, "holes": HOLES},
            )
        },
    },
}

COMPARED["selection"] = {
    "table": {
        "": Display(
            "selection",
            "Selected training sets",
            EXPERIMENTS,
            "Recipes that select beside the whole set, averaged over languages, with {confidence} bootstrap intervals: PG-Score "
            "(*{definition}*), gain, win rate against the student of the whole set, clusters covered, and quality.",
            {**STUDENTS, "coverage": COVERAGE, "win_rates": WIN_RATES, "gaps": GAPS, "holes": HOLES},
            paper="arXiv 2509.15549: win rates 60.2 % and 62.6 %",
        ),
        "_by_language": Display(
            "recipes_by_language",
            "Selected training sets by language",
            EXPERIMENTS,
            "PG-Score (*{definition}*) by recipe and language.",
            {"cells": CELLS, "gaps": GAPS, "holes": HOLES},
        ),
        "_quality_model": Display(
            "quality_model",
            "Does the quality model tell good responses from worse ones?",
            EXPERIMENTS,
            "AUC on held-out instructions by kind of worse response and language, of the trained quality model and of the "
            "encoder that it started from, with {confidence} bootstrap intervals.",
            {"validity": "analysis/quality_model.csv"},
        ),
    },
    "figure": {
        "": Display(
            "selection",
            "Coverage and quality of selected training sets",
            EXPERIMENTS,
            "Left: share of the whole set's clusters that a recipe covers, against the mean quality of its samples, a point a "
            "teacher and language; right: gain and win rate against the student of the whole set, with {confidence} bootstrap "
            "intervals.",
            {**STUDENTS, "coverage": COVERAGE, "win_rates": WIN_RATES, "gaps": GAPS, "holes": HOLES},
        ),
    },
}

SIGNS, RANKS = "analysis/sign_audit.csv", "analysis/definition_ranks.csv"
REPLICATION: dict[Kind, dict[str, Display]] = {
    "table": {
        "sign_audit": Display(
            "sign_audit",
            "Sign audit: is the reference above the base?",
            REPLICATED,
            "By language: what the published PGRs imply about base and reference, both scores where the released student scores "
            "give them, and how many students are above their base.",
            {"audit": SIGNS},
            paper="table 12",
            published=("audit",),
        ),
        "definition_ranks": Display(
            "definition_ranks",
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
            "published_recomputed",
            "Published and recomputed scores",
            REPLICATED,
            "PG-Scores recomputed from tables 11 and 12 against table 13, and how far they are apart; scores by base model from "
            "the released cells against figure 2.",
            {"values": "analysis/claim_values.csv"},
            paper="table 13 and figure 2",
            published=("values",),
            height=3.3,
        ),
        "anchors": Display(
            "anchors",
            "Students, base and reference",
            REPLICATED,
            "Mean benchmark scores of the published students beside base and reference, which follow from released scores and "
            "PGRs.",
            {"audit": SIGNS, "students": "analysis/students.csv"},
            paper="table 12",
            published=("audit", "students"),
            height=3.6,
        ),
        "definition_ranks": Display(
            "definition_ranks",
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
