"""The checks of the replication audit, one per kind of claim; claims (config/replication.yaml) name them.

Each compares published results with those that a study's code computes from the published inputs.
"""

from __future__ import annotations

from collections.abc import Callable

from polyglot.core.lookup import Lookup
from polyglot.replication.checks import bases, predictors, scores
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
            bases.distinct_students,
            bases.family_match,
            predictors.intrinsic_extrinsic,
            scores.intrinsic_scores,
            predictors.language_resources,
            scores.large_student_averages,
            scores.large_student_ranking,
            bases.own_anchors,
            scores.pg_scores,
            scores.ranking,
            scores.recipe_steps,
            bases.reference_above_base,
            predictors.regression_outcome,
            scores.seed_deviations,
            scores.seed_totals,
            predictors.size_matters,
            predictors.size_model,
            scores.table7_sizes,
            bases.top_teacher,
            predictors.weights,
        )
    },
)
"""Every check by name."""
