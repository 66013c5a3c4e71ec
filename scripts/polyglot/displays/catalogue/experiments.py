"""Tables and figures of further experiments, by comparison; a configured experiment gets them automatically.

Each display names its function: `module.function` in `polyglot.displays.tables` or `polyglot.displays.figures`. Its name is the
experiment's name plus the suffix given here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyglot.core.lookup import Lookup
from polyglot.displays.catalogue.files import CELLS, EXPERIMENTS, GAPS, HOLES, REPLICATES, STUDENTS, TEACHERS
from polyglot.displays.display import Display, Kind

if TYPE_CHECKING:
    from polyglot.study.experiments import Comparison

GENERATIONS = "analysis/{experiment}_generations.csv"
COVERAGE, WIN_RATES = (f"analysis/{{experiment}}_{name}.csv" for name in ("coverage", "win_rates"))
GENERALISATION = "analysis/{experiment}_generalisation.csv"
RUNGS = "analysis/{experiment}_race.csv"
_BY_COMPARISON: dict[Comparison, dict[Kind, dict[str, Display]]] = {
    "teachers": {
        "table": {
            "": Display(
                "leaderboard.pg_score",
                "PG-Score by teacher and language",
                EXPERIMENTS,
                "PG-Score (*{definition}*) of every cell with its {confidence} bootstrap interval.",
                {"cells": CELLS, "teachers": TEACHERS, "gaps": GAPS, "holes": HOLES},
                paper="table 16",
            )
        },
        "figure": {
            "": Display(
                "study.pg_score",
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
                "comparisons.bases",
                "PG-Score by teacher and base",
                EXPERIMENTS,
                "PG-Score (*{definition}*), averaged over languages, with {confidence} bootstrap intervals, by student base.",
                {"teachers": TEACHERS, "gaps": GAPS, "holes": HOLES},
                paper="figure 2",
            ),
            "_agreement": Display(
                "comparisons.base_agreement",
                "Agreement between bases in ranking teachers",
                EXPERIMENTS,
                "Spearman correlation between the rankings of teachers by two bases, with {confidence} bootstrap intervals.",
                {"replicates": REPLICATES},
                paper="figure 2",
            ),
            "_family_match": Display(
                "comparisons.family_match",
                "Teacher and student of the same family",
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
                "comparisons.bases",
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
                "recipes.recipes",
                "PG-Score by recipe",
                EXPERIMENTS,
                "By recipe and teacher, averaged over languages: PG-Score (*{definition}*), intrinsic score and gain, with "
                "{confidence} bootstrap intervals. Scores are relative to the experiment's own cells.",
                {**STUDENTS, "gaps": GAPS, "holes": HOLES},
                paper="table 2",
            ),
            "_by_language": Display(
                "recipes.recipes_by_language",
                "PG-Score by recipe and language",
                EXPERIMENTS,
                "The same by language.",
                {"cells": CELLS, "gaps": GAPS, "holes": HOLES},
                paper="table 15",
            ),
        },
        "figure": {
            "": Display(
                "comparisons.recipes",
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
                "recipes.recipes",
                "PG-Score by training size",
                EXPERIMENTS,
                "By training size (smaller sets are subsets of larger ones) and teacher, averaged over languages, with "
                "{confidence} "
                "bootstrap intervals.",
                {**STUDENTS, "gaps": GAPS, "holes": HOLES},
                paper="figure 5",
            ),
            "_by_language": Display(
                "recipes.recipes_by_language",
                "PG-Score by training size and language",
                EXPERIMENTS,
                "The same by language.",
                {"cells": CELLS, "gaps": GAPS, "holes": HOLES},
            ),
        },
        "figure": {
            "": Display(
                "comparisons.sizes",
                "Score by training size",
                EXPERIMENTS,
                "PG-Score (*{definition}*) and gain against the number of training examples, averaged over languages; bars (and "
                "bands): {confidence} bootstrap intervals. Smaller sets are subsets of larger ones.",
                {**STUDENTS, "gaps": GAPS, "holes": HOLES},
                paper="figure 5",
                height=3.4,
            ),
            "_alignment": Display(
                "selection.alignment",
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
                "recipes.steps",
                "An additive recipe, step by step",
                EXPERIMENTS,
                "Scores of each step's student by task group, and each step's gain, with {confidence} bootstrap intervals.",
                {"outcomes": "analysis/{experiment}_steps.csv"},
                paper="table 19",
            )
        },
        "figure": {
            "": Display(
                "comparisons.steps",
                "An additive recipe, step by step",
                EXPERIMENTS,
                "Mean score of each step's student with its {confidence} bootstrap interval; small markers are task "
                "groups. Beside it: "
                "each step's gain over the previous step, with its interval, paired by item.",
                {"outcomes": "analysis/{experiment}_steps.csv"},
                paper="figure 9",
            )
        },
    },
    "abilities": {
        "table": {
            "": Display(
                "comparisons.abilities",
                "Does a teacher's size or ability predict its score?",
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
                "comparisons.abilities",
                "A teacher's ability and size, and the PG-Score of its data",
                EXPERIMENTS,
                "Each point is a teacher and language: the teacher's own mean benchmark score, and its size (natural "
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
                "routing.routing",
                "Routed and single teachers",
                EXPERIMENTS,
                "Routed and single teachers, averaged over languages, with {confidence} bootstrap intervals: PG-Score "
                "(*{definition}*), gain, the generations needed for the data, and routing quality; below, each teacher's "
                "share of the prompts.",
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
                "routing.routing",
                "Routed and single teachers",
                EXPERIMENTS,
                "PG-Score (*{definition}*) and gain, averaged over languages, with {confidence} bootstrap intervals, of routed "
                "and single teachers; right: the generations needed for their data.",
                {**STUDENTS, "generations": GENERATIONS, "gaps": GAPS, "holes": HOLES},
            )
        },
    },
}

_BY_COMPARISON["selection"] = {
    "table": {
        "": Display(
            "selection.selection",
            "Selected training sets",
            EXPERIMENTS,
            "Selecting recipes and the whole set, averaged over languages, with {confidence} bootstrap intervals: PG-Score "
            "(*{definition}*), gain, win rate against the student trained on the whole set, clusters covered, and quality.",
            {**STUDENTS, "coverage": COVERAGE, "win_rates": WIN_RATES, "gaps": GAPS, "holes": HOLES},
            paper="arXiv 2509.15549: win rates 60.2 % and 62.6 %",
        ),
        "_by_language": Display(
            "recipes.recipes_by_language",
            "Selected training sets by language",
            EXPERIMENTS,
            "PG-Score (*{definition}*) by recipe and language.",
            {"cells": CELLS, "gaps": GAPS, "holes": HOLES},
        ),
        "_win_rates": Display(
            "selection.win_rates",
            "Win rates by language and resource level",
            EXPERIMENTS,
            "Wins, ties and losses of every selecting recipe's student against the student trained on the whole set, by language "
            "and by resource level of the languages, with {confidence} bootstrap intervals over prompts.",
            {"win_rates": WIN_RATES, "by_level": "analysis/{experiment}_win_rates_by_level.csv"},
        ),
        "_quality_model": Display(
            "selection.quality_model",
            "Does the quality model separate good from worse responses?",
            EXPERIMENTS,
            "AUC on held-out instructions by kind of worse response and language, of the trained quality model and of the "
            "untrained encoder, with {confidence} bootstrap intervals.",
            {"validity": "analysis/quality_model.csv"},
        ),
    },
    "figure": {
        "": Display(
            "selection.selection",
            "Coverage and quality of selected training sets",
            EXPERIMENTS,
            "Left: share of the whole set's clusters that a recipe covers, against the samples' mean quality, one point per "
            "teacher and language; right: gain and win rate against the whole set's student, with {confidence} bootstrap "
            "intervals.",
            {**STUDENTS, "coverage": COVERAGE, "win_rates": WIN_RATES, "gaps": GAPS, "holes": HOLES},
        ),
    },
}

_BY_COMPARISON["generalisation"] = {
    "table": {
        "": Display(
            "generalisation.generalisation",
            "Is a choice of teacher good where it was not made?",
            EXPERIMENTS,
            "A teacher is chosen without one language, without one benchmark, or without both, and judged there by its students: "
            "what the best teacher would have gained more (regret), the gain over that of a random teacher, and the rank "
            "correlation of score and held-out gain, with {confidence} intervals.",
            {"rules": GENERALISATION, "folds": "analysis/{experiment}_folds.csv", "holes": HOLES},
        ),
    },
    "figure": {
        "": Display(
            "generalisation.generalisation",
            "Is a choice of teacher good where it was not made?",
            EXPERIMENTS,
            "Gain over that of a random teacher in held-out languages, on held-out benchmarks and on both, by what the teacher "
            "was chosen by, with {confidence} bootstrap intervals; the square is the best teacher there.",
            {"rules": GENERALISATION},
            height=3.2,
        ),
    },
}

_BY_COMPARISON["predictors"] = {
    "table": {
        "": Display(
            "predictors.predictors",
            "Do scores that train no student find the better teachers?",
            EXPERIMENTS,
            "Rank correlation of every score of the data with the students' gain, and with the share of right pairs where it is "
            "known, with {confidence} intervals; for teachers left out; beside corpus perplexity; and what each score costs.",
            {
                "predictors": "analysis/{experiment}_predictors.csv",
                "values": "analysis/{experiment}_values.csv",
                "costs": "analysis/{experiment}_costs.csv",
                "holes": HOLES,
            },
        ),
    },
    "figure": {
        "": Display(
            "predictors.predictors",
            "Do scores that train no student find the better teachers?",
            EXPERIMENTS,
            "Rank correlation of every score of the data with the students' gain, and with the share of right pairs where it is "
            "known, within languages, with {confidence} intervals that resample teachers; the square is corpus perplexity.",
            {"predictors": "analysis/{experiment}_predictors.csv"},
            height=4.4,
        ),
    },
}

_BY_COMPARISON["race"] = {
    "table": {
        "": Display(
            "racing.race",
            "A race of teachers",
            EXPERIMENTS,
            "Every teacher is trained once, and whoever may still be the best is trained again on the same data. P(best), the "
            "expected score below the best and the expected regret are those of a posterior over all teachers and rungs.",
            {"rungs": RUNGS},
        ),
        "_cost": Display(
            "race_cost.race_cost",
            "What a race took, and what one more rung would bring",
            EXPERIMENTS,
            "Students so far and the expected regret after every rung, and after one more, by the posterior. Regret is what the "
            "best teacher's mean benchmark score is above that of the choice.",
            {"rungs": RUNGS},
        ),
    },
    "figure": {
        "": Display(
            "racing.race",
            "Who left a race, when and why",
            EXPERIMENTS,
            "P(best) of every teacher after each rung. Who is below the dotted line is dropped, and not trained again. Above: "
            "students so far beside all trainings of everyone, and the expected regret of stopping there.",
            {"rungs": RUNGS},
            height=3.4,
        ),
    },
}

COMPARED: dict[Comparison, dict[Kind, Lookup[Display]]] = {
    compare: {kind: Lookup(f"{kind} of experiments that compare {compare}", known, kind=Display) for kind, known in kinds.items()}
    for compare, kinds in _BY_COMPARISON.items()
}
"""By comparison, kind and suffix. A project adds its own with `COMPARED["recipes"]["table"].add("_mine", Display(...))`."""
