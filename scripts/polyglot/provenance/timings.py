"""Timings: seconds and memory of every job, from the files of Snakemake's `benchmark:` directive."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from polyglot.provenance.attempts import read_attempts
from polyglot.provenance.records import RECORDS

OF_A_BASE = ("perplexity", "gradients", "student", "evaluate_student")
"""Rules whose jobs are of one base."""


def resource_table(folder: Path) -> pd.DataFrame:
    """Seconds and memory by rule.

    Args:
        folder: with {rule}/**/*.tsv as rules write them.

    Returns:
        rule, jobs, seconds (sum), seconds_mean, seconds_max, cpu_seconds, memory_mb (largest resident set of any job).
    """
    rows = []
    for path in sorted(folder.rglob("*.tsv")):
        rows.append(_read(path).assign(rule=path.relative_to(folder).parts[0].removesuffix(".tsv")))
    if not rows:
        return pd.DataFrame(columns=["rule", "jobs", "seconds", "seconds_mean", "seconds_max", "cpu_seconds", "memory_mb"])
    table = (
        pd.concat(rows, ignore_index=True)
        .groupby("rule")
        .agg(
            jobs=("s", "size"),
            seconds=("s", "sum"),
            seconds_mean=("s", "mean"),
            seconds_max=("s", "max"),
            cpu_seconds=("cpu_time", "sum"),
            memory_mb=("max_rss", "max"),
        )
    )
    return table.sort_values("seconds", ascending=False).round(1).reset_index()


def synthesis_seconds(*folders: Path, screened: bool = False) -> dict[tuple[str, str], float]:
    """(teacher, lang) to the seconds of its synthesis jobs, over seeds.

    Args:
        folders: the rules' timings, {teacher}/{lang}/{seed}.tsv.
        screened: the screening sample's jobs instead of the study's.
    """
    found: dict[tuple[str, str], float] = {}
    for path in sorted(path for folder in folders for path in Path(folder).glob("*/*/*.tsv")):
        if path.stem.endswith("-screen") == screened:
            key = (path.parent.parent.name, path.parent.name)
            found[key] = found.get(key, 0.0) + float(_read(path)["s"].sum())
    return found


def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, sep="\t", na_values="-")


def mean_costs(results: Path, rules: Sequence[str], recipe: str, base: str) -> pd.DataFrame:
    """The mean cost of a rule's job on training sets of a recipe, those of the screening and of a router's calibration left out.

    Args:
        results: a study's folder.
        base: of the jobs that have one.

    Returns:
        rule, jobs, cpu_seconds (from Snakemake's timings; without what jobs that share a start do before they begin), gpu_hours
        (of the last attempt, from the jobs' records; 0 without a record).
    """
    rows = []
    timings, records = results / "benchmarks", results / RECORDS / "jobs"
    for rule in rules:
        for path in sorted((timings / rule).rglob("*.tsv")):
            inside = path.relative_to(timings).with_suffix("")
            parts = inside.parts
            if recipe not in parts or not parts[-1].isdigit() or (rule in OF_A_BASE and base not in parts):
                continue
            attempts = read_attempts(records / f"{inside}.jsonl")
            gpu = attempts[-1].seconds * attempts[-1].gpus / 3600 if attempts else 0.0
            rows.append({"rule": rule, "cpu_seconds": float(_read(path)["cpu_time"].sum()), "gpu_hours": gpu})
    jobs = pd.DataFrame(rows, columns=["rule", "cpu_seconds", "gpu_hours"])
    found = jobs.groupby("rule").agg(jobs=("cpu_seconds", "size"), **{name: (name, "mean") for name in jobs.columns[1:]})
    return found.reindex([rule for rule in rules if rule in found.index]).reset_index()


def job_seconds_by_file(folder: Path) -> dict[Path, float]:
    """Each file of timings, as {rule}/... within the folder, to the seconds of its job."""
    return {path.relative_to(folder): float(_read(path)["s"].sum()) for path in sorted(folder.rglob("*.tsv"))}


def job_seconds(folder: Path) -> pd.DataFrame:
    """Seconds by rule, screening samples apart from the study's own jobs: rule, screened, jobs, seconds."""
    rows = [
        {"rule": name.parts[0].removesuffix(".tsv"), "screened": "-screen" in str(name), "seconds": seconds}
        for name, seconds in job_seconds_by_file(folder).items()
    ]
    jobs = pd.DataFrame(rows, columns=["rule", "screened", "seconds"])
    return jobs.groupby(["rule", "screened"])["seconds"].agg(jobs="size", seconds="sum").reset_index()
