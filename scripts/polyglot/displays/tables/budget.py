"""The budget of a study: by rule, by teacher, and resource requests of jobs."""

from __future__ import annotations

import math

import pandas as pd

from polyglot.core.power import ANEW, DISAGREEMENT, POWER
from polyglot.displays.context import Context
from polyglot.displays.numbers import UNKNOWN, count, number, significant
from polyglot.displays.table import Table
from polyglot.displays.tables.layout import Row, row_dicts

SUMS = ("gpu_hours", "requests", "tokens_read", "tokens_written", "tokens_trained", "usd", "disk_gb")
MOST = ("requests", "tokens_read", "tokens_written", "gpu_hours", "usd")
"""What is more if requests are asked again."""
PAID = {"gpu_hours": "GPU h", "usd": "USD"}
NOTE = (
    "By the throughputs assumed under `plan` in the configuration; every job runs once, none is finished; jobs share starts and "
    "engines as with `--profile slurm`, one a submission; a job that shares a start of libraries, but no engine, still loads its "
    "own model, and its time for that is counted; –: none."
)
AGAIN = (
    "At most: if every answer that is to be a pair takes all its attempts (`synthesis.retries`). Expected: of each attempt's "
    "answers, `plan.unread` are asked for again; that is an assumption, and the yield table has a teacher's own share."
)


def _summed(jobs: pd.DataFrame, by: str) -> pd.DataFrame:
    """Sums by rule or teacher, the largest first, and the total."""
    parts = {name: (name, "sum") for name in (*SUMS, *(f"{name}_most" for name in MOST))}
    table = jobs.groupby(by, sort=False).agg(jobs=("rule", "size"), engine_starts=("engine_start", "sum"), **parts)
    table = table.sort_values(["gpu_hours", "usd", "jobs"], ascending=False, kind="stable")
    return pd.concat([table, table.sum().to_frame("total").T]).rename_axis(by).reset_index()


def _shown(table: pd.DataFrame, by: str, context: Context) -> pd.DataFrame:
    """Amounts; those at most stand beside the expected ones where they differ."""

    def amount(row: Row, name: str, unit: float = 1.0) -> str:
        shown = significant(row[name] / unit) if row[name] else UNKNOWN
        more = name in MOST and row[f"{name}_most"] > row[name]
        return f"{shown} (at most {significant(row[f'{name}_most'] / unit)})" if more else shown

    return pd.DataFrame(
        [
            {
                by: context.model(row[by]),
                "jobs": count(row["jobs"]),
                "engine starts": count(row["engine_starts"]),
                "GPU hours": amount(row, "gpu_hours"),
                "requests": amount(row, "requests"),
                "tokens read (M)": amount(row, "tokens_read", 1e6),
                "written (M)": amount(row, "tokens_written", 1e6),
                "trained on (M)": amount(row, "tokens_trained", 1e6),
                "USD": amount(row, "usd"),
                "disk (GB)": amount(row, "disk_gb"),
            }
            for row in row_dicts(table)
        ]
    )


def _notes(jobs: pd.DataFrame) -> list[str]:
    again = [AGAIN] if (jobs["requests_most"] > jobs["requests"]).any() else []
    return [NOTE, *again, *_ceiling(jobs)]


def _ceiling(jobs: pd.DataFrame) -> list[str]:
    """The ceiling of spending at endpoints, beside what is expected there; none if there is no ceiling."""
    asked = jobs[jobs["ceiling_usd"].notna()]
    if asked.empty:
        return []
    ceiling, expected, most = float(asked["ceiling_usd"].iloc[0]), float(asked["usd"].sum()), float(asked["usd_most"].sum())
    stops = "the study will stop there" if expected > ceiling else "the study may stop there" if most > ceiling else ""
    at_most = f", {most:,.2f} at most" if most > expected else ""
    said = f"Ceiling (`synthesis.budget`): {ceiling:,.2f} USD; expected at endpoints: {expected:,.2f}{at_most}"
    return [f"{said}; {stops}." if stops else f"{said}."]


def plan(context: Context, jobs: pd.DataFrame) -> Table:
    """The study's cost, by rule."""
    table = _summed(jobs, "rule")
    return Table(table, _shown(table, "rule", context), context.title, [*_notes(jobs), *_further(jobs)])


def _further(jobs: pd.DataFrame) -> list[str]:
    """What training sets may lack, and what it costs to ask for it."""
    asked = jobs[jobs["rule"].str.endswith("_further") & (jobs["requests_most"] > 0)]
    if asked.empty:
        return []
    expected, most = (count(round(asked[name].sum())) for name in ("requests", "requests_most"))
    price = ""
    if asked["usd_most"].sum():
        price = f", for {significant(asked['usd'].sum())} and at most {significant(asked['usd_most'].sum())} USD"
    return [
        f"Further requests, for training sets that lack usable answers (`synthesis.shortfall`): {expected} are expected, by "
        f"`plan.usable_share`; at most {most} (`synthesis.further`){price}. The sums hold those expected."
    ]


def plan_teachers(context: Context, jobs: pd.DataFrame) -> Table:
    """The cost of each teacher."""
    table = _summed(jobs[jobs["teacher"].fillna("") != ""], "teacher")
    notes = [*_notes(jobs), "Costs shared by teachers (models, seed data, anchors, tables) are not included."]
    return Table(table, _shown(table, "teacher", context), context.title, notes)


def plan_demands(context: Context, jobs: pd.DataFrame) -> Table:
    """Resource requests of each rule's jobs, smallest to largest."""
    asked = ("gpus", "threads", "mem_mb", "runtime")
    ends = {f"{name}_{end}": (name, end) for name in asked for end in ("min", "max")}
    jobs = jobs.assign(partition=jobs["partition"].fillna(""))
    table = jobs.groupby("rule", sort=False).agg(jobs=("rule", "size"), **ends, partition=("partition", _names))
    table = table.sort_values(["gpus_max", "jobs"], ascending=False, kind="stable").reset_index()

    def span(row: Row, name: str) -> str:
        low, high = row[f"{name}_min"], row[f"{name}_max"]
        return count(low) if pd.isna(low) or low == high else f"{count(low)} to {count(high)}"

    shown = [
        {
            "rule": row["rule"],
            "jobs": count(row["jobs"]),
            "GPUs": span(row, "gpus"),
            "cores": span(row, "threads"),
            "memory (MB)": span(row, "mem_mb"),
            "minutes": span(row, "runtime"),
            "partition": row["partition"] or UNKNOWN,
        }
        for row in row_dicts(table)
    ]
    return Table(table, pd.DataFrame(shown), context.title, [f"{UNKNOWN}: the profile's default."])


def plan_memory(context: Context, jobs: pd.DataFrame) -> Table:
    """The memory of fine-tuning on each GPU, by base, and what to set where it does not fit."""
    jobs = jobs[jobs["peak_gb"] > 0].assign(remedy=jobs["remedy"].fillna(""))
    columns = {name: (name, "first") for name in ("gpus", "peak_gb", "remedy")}
    table = jobs.groupby("model", sort=False).agg(students=("model", "size"), **columns).reset_index()
    shown = [
        {
            "base": context.model(row["model"]),
            "students": count(row["students"]),
            "GPUs": count(row["gpus"]),
            "peak (GB on each)": significant(row["peak_gb"]),
            "if too much": row["remedy"] or UNKNOWN,
        }
        for row in row_dicts(table)
    ]
    large = [f"{context.model(row['model'])} does not fit: {row['remedy']}." for row in row_dicts(table) if row["remedy"]]
    note = (
        "Expected when the longest examples (`training.max_length`) share a batch; a tenth of `plan.gpu_memory` is to stay free; "
        f"{UNKNOWN}: fits."
    )
    columns_shown = ["base", "students", "GPUs", "peak (GB on each)", "if too much"]
    return Table(table, pd.DataFrame(shown, columns=columns_shown), context.title, [*large, note])


def plan_power(context: Context, power: pd.DataFrame) -> Table:
    """The smallest detectable gain of each benchmark and language, before anything is measured."""
    shown = [
        {
            "language": context.language(row["lang"]),
            "benchmark": row["benchmark"],
            "items": count(row["items"]) + " (assumed)" * bool(row["assumed"]),
            "smallest gain": number(row["smallest_gain"]),
        }
        for row in row_dicts(power)
    ]
    notes = [
        f"A true gain of this size is told from nothing with probability {POWER:.0%} ({context.confidence:.0%} interval), if "
        f"student and base answer {DISAGREEMENT:.0%} of the items differently. A spread between trainings adds to it; the mean "
        "over benchmarks tells smaller gains. What the study could tell stands with its evaluation."
    ]
    return Table(power, pd.DataFrame(shown), context.title, notes)


def plan_precision(context: Context, precision: pd.DataFrame) -> Table:
    """What reaches the wanted standard error of a gain, one thing changed at a time, and which is the cheapest."""

    def reached(row: Row, lever: str) -> str:
        if not math.isfinite(row[f"{lever}_needed"]):
            return "not by this alone"
        paid = [(significant(row[f"{lever}_{unit}"]), name) for unit, name in PAID.items() if row[f"{lever}_{unit}"] > 0]
        return f"{count(row[f'{lever}_needed'])}{''.join(f', {much} {name}' for much, name in paid)}"

    levers = [name.removesuffix("_needed") for name in precision.columns if name.endswith("_needed")]
    rows = [
        {
            "language": context.language(row["lang"]),
            "benchmark": row["benchmark"],
            "items": count(row["items"]) + " (assumed)" * bool(row["assumed"]),
            "standard error": number(row["error"], 4),
            **{f"{lever} for {number(row['wanted'], 4)}": reached(row, lever) for lever in levers},
            "cheapest": row["cheapest"] or "none alone",
        }
        for row in row_dicts(precision.fillna({"cheapest": ""}))
    ]
    notes = [
        "Of a student's gain over the base. Each way is taken alone, with the others as planned; costs are those of all teachers "
        "in the language, beside the plan. More items than a benchmark has need another benchmark.",
        f"Assumed: student and base answer {DISAGREEMENT:.0%} of the items differently; {ANEW:.0%} of the items' noise is other "
        "with every student; draws and trainings spread by `plan.draw_spread` and `plan.training_spread`. The table `spread` of "
        "a study with several of both measures these.",
    ]
    return Table(precision, pd.DataFrame(rows), context.title, notes)


def _names(values: pd.Series) -> str:
    return ", ".join(sorted(set(values) - {""}))
