"""Every table of a study, by the names of `polyglot.displays`: small tables of numbers in, one `polyglot.tables.Table` out."""

from polyglot.reports.analyses import language_resources, pca, regression, sensitivity, spearman, truth
from polyglot.reports.comparisons import abilities, base_agreement, bases, family_match
from polyglot.reports.leaderboard import leaderboard, pg_score
from polyglot.reports.plan import plan, plan_demands, plan_teachers
from polyglot.reports.recipes import recipes, recipes_by_language, steps
from polyglot.reports.recommendation import recommendation
from polyglot.reports.replication import claims, definition_ranks, sign_audit
from polyglot.reports.routing import routing
from polyglot.reports.screening import screen
from polyglot.reports.selection import quality_model, selection
from polyglot.reports.study import evaluation, intrinsic, ledger, pgr, resources, seed_sources, synthesis_yield

__all__ = [
    "abilities",
    "base_agreement",
    "bases",
    "claims",
    "definition_ranks",
    "evaluation",
    "family_match",
    "intrinsic",
    "language_resources",
    "leaderboard",
    "ledger",
    "pca",
    "pg_score",
    "pgr",
    "plan",
    "plan_demands",
    "plan_teachers",
    "quality_model",
    "recipes",
    "recipes_by_language",
    "recommendation",
    "regression",
    "resources",
    "routing",
    "screen",
    "seed_sources",
    "selection",
    "sensitivity",
    "sign_audit",
    "spearman",
    "steps",
    "synthesis_yield",
    "truth",
]
