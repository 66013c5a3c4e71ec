"""Tables of the budget (`snakemake plan`)."""

from __future__ import annotations

from polyglot.displays.catalogue.files import COST
from polyglot.displays.display import Display

PLANNED = {"jobs": "plan/jobs.csv"}

BUDGET: dict[str, Display] = {
    "plan": Display(
        "budget.plan",
        "Budget of the study",
        COST,
        "Jobs, engine starts, GPU hours, tokens, money and disk by rule, before anything is submitted; the assumed throughputs "
        "are under `plan` in the configuration.",
        PLANNED,
    ),
    "plan_teachers": Display(
        "budget.plan_teachers",
        "Budget by teacher",
        COST,
        "Each teacher's part of the budget: its answers, the training sets and students made from them, and their evaluation.",
        PLANNED,
    ),
    "plan_demands": Display(
        "budget.plan_demands",
        "Resource requests of jobs",
        COST,
        "GPUs, cores, memory and run time that the jobs of each rule request at their first attempt.",
        PLANNED,
    ),
    "plan_memory": Display(
        "budget.plan_memory",
        "Memory of fine-tuning",
        COST,
        "Memory that each base's fine-tuning takes at its peak on each GPU, and what to set where it does not fit.",
        PLANNED,
    ),
    "plan_power": Display(
        "budget.plan_power",
        "Smallest gain that each benchmark can tell from nothing",
        COST,
        "The smallest true gain of a student over its base that would be shown in 80 % of studies, by benchmark and language.",
        {"power": "plan/power.csv"},
    ),
    "plan_precision": Display(
        "budget.plan_precision",
        "What makes a gain more certain, and at what cost",
        COST,
        "The expected standard error of a student's gain, and what reaches `plan.standard_error`: more items, more trainings on "
        "the same data, or more draws of data.",
        {"precision": "plan/precision.csv"},
    ),
    "plan_race": Display(
        "race_cost.plan_race",
        "What a race of teachers takes",
        COST,
        "Students, engine starts, GPU hours and money of every race (`compare: race`) at first, as expected and at most, beside "
        "the full study with as many students.",
        {"races": "plan/races.csv"},
    ),
}
OF_STUDENTS = ("plan_memory", "plan_power", "plan_precision")
"""Tables about students; a study that trains none has none of them."""
