"""The stages of a study in plain words, and the rules that belong to each."""

from __future__ import annotations

STAGES: dict[str, tuple[str, ...]] = {
    "planning": ("plan_jobs",),
    "rehearsing": ("rehearsed", "rehearse"),
    "fetching models and data": ("hub_model", "hub_dataset", "hub_lock", "source", "benchmark", "lighteval_task"),
    "building the micro-world": ("nano_corpora", "nano_datasets", "seed", "seed_sources"),
    "training the first models": ("nano_pretrain", "nano_gold_tune", "nano_translator"),
    "checking models and requests": ("check_requests", "check_translated_requests", "check_anchor", "check_base", "check_judge"),
    "choosing teachers for prompts": ("calibration", "router", "assign", "assigned_requests", "gather", "routing"),
    "writing synthetic data": (
        *("render_requests", "synthesize", "synthesize_translated", "synthesize_assigned", "translate_seed"),
        *("ask_endpoint", "ask_endpoint_translated", "ask_endpoint_assigned"),
        *("further_requests", "synthesize_further", "ask_endpoint_further"),
        *("build_requests", "build_plan", "synthesize_build", "ask_endpoint_build", "check_build"),
        *("question_embeddings", "nearest_to_seeds", "nearest_questions"),
        *("nearest_to_further", "nearest_to_translated", "nearest_to_build"),
        *("check_answers", "check_further", "check_translated", "training_set"),
    ),
    "selecting data": (
        *("triplets", "quality_model", "quality_validity", "sample_quality", "sample_embeddings", "sample_clusters"),
        *("select_samples", "own_quality", "select_own", "selection"),
    ),
    "measuring the data": ("diversity", "reward", "reward_scale", "perplexity", "gradients", "metric"),
    "training students": ("student",),
    "evaluating models": (
        *("evaluate_student", "evaluate_anchor", "judge_student", "judge_anchor"),
        *("judged_prompts", "student_answers", "duels"),
    ),
    "analysing": (
        *("build_choice", "build_comparison"),
        *("measurements", "pg_score", "analysis", "data_yield", "data_tables", "nano_oracle", "truth", "steps"),
        *("abilities", "generalisation", "predictors", "further_benchmarks", "race_earlier", "race_rung", "race_verdict"),
        *("ranking", "screening", "published_measurements", "audit", "resources", "ledger"),
    ),
    "drawing tables and figures": ("table", "figure", "page", "audit_page", "explore"),
    "writing cards and archives": ("data_set", "model_card", "build_folder", "archive"),
}
"""Stages, about in the order in which studies come to them."""
STAGE_OF = {rule: stage for stage, rules in STAGES.items() for rule in rules}
DISPLAYS = "drawing tables and figures"
TARGETS = frozenset(
    {
        *("all", "experiments", "race", "route", "select", "rank", "screen"),
        *("fetch", "plan", "publish", "build", "replication"),
    }
)
"""Rules that only name files."""


def stage_of(rule: str) -> str:
    """The stage of a rule; of any other rule its name, in words."""
    return STAGE_OF.get(rule, rule.replace("_", " "))
