"""The checks of the replication audit, one per kind of claim; claims (config/replication.yaml) name them.

Each compares published results with those that a study's code computes from the published inputs.
"""

from __future__ import annotations

from collections.abc import Callable

from polyglot.core.lookup import Lookup
from polyglot.replication.checks import bases, benchmarks, experiments, held_out, predictors, regression, scores
from polyglot.replication.evidence import Claim, Evidence, Finding

CHECKS: Lookup[Callable[[Evidence, Claim], Finding]] = Lookup(
    "check",
    {
        check.__name__: check
        for check in (
            predictors.ability_model,
            scores.averages,
            bases.base_pairs,
            bases.base_range,
            bases.base_scores,
            predictors.component_shares,
            predictors.component_sums,
            benchmarks.constant_answers,
            bases.distinct_students,
            bases.family_match,
            benchmarks.files_differ,
            held_out.held_out_language,
            predictors.intrinsic_extrinsic,
            scores.intrinsic_scores,
            predictors.language_resources,
            scores.large_student_averages,
            scores.large_student_ranking,
            predictors.observations,
            bases.own_anchors,
            benchmarks.own_perplexity,
            benchmarks.part_errors,
            scores.pg_scores,
            scores.ranking,
            scores.recipe_steps,
            bases.reference_above_base,
            regression.regression_in_sample,
            regression.regression_intercept,
            predictors.regression_outcome,
            regression.regression_points,
            experiments.scale_cell,
            experiments.scale_order,
            scores.seed_deviations,
            scores.seed_totals,
            benchmarks.shared_parts,
            predictors.size_matters,
            predictors.size_model,
            benchmarks.students_agree,
            scores.table7_sizes,
            bases.top_teacher,
            experiments.translation_best,
            experiments.translation_intrinsic,
            experiments.unreleased,
            predictors.weights,
        )
    },
)
"""Every check by name."""
