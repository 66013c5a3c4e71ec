"""The ledger of a study: hours, GPU hours, tokens and money, by rule and teacher."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from polyglot.core.files import read_whole_lines
from polyglot.provenance.attempts import read_attempts
from polyglot.provenance.records import RECORDS
from polyglot.provenance.timings import job_seconds_by_file
from polyglot.study import paths
from polyglot.synthesis.methods.base import METHODS

KEYS = ["rule", "teacher"]
SUMS = ["jobs", "attempts", "hours", "gpu_hours", "prompt_tokens", "completion_tokens", "usd"]
HOUR = 3600


def ledger_table(results: Path, usd_per_gpu_hour: float | None = None) -> pd.DataFrame:
    """The cost of a study so far, including failed attempts.

    Hours come from jobs' records (see `polyglot.provenance.records`), or from Snakemake's timings without a record; the time of a
    killed attempt is unknown. Tokens of local teachers are counted from their answers; tokens and money of endpoints from the
    spending records (see `polyglot.engines.spending`).

    Args:
        results: the study's folder.
        usd_per_gpu_hour: price of a GPU hour; None counts endpoints only.

    Returns:
        rule, teacher (empty if the cost is shared by teachers; an endpoint judge has its own name), jobs, attempts, hours,
        gpu_hours, prompt_tokens, completion_tokens, usd; the longest first.
    """
    rows = pd.DataFrame([*_hours(results), *_tokens(results)], columns=[*KEYS, *SUMS])
    table = rows.fillna(dict.fromkeys(SUMS, 0)).groupby(KEYS, sort=True)[SUMS].sum()
    table["usd"] += table["gpu_hours"] * (usd_per_gpu_hour or 0)
    whole = ["jobs", "attempts", "prompt_tokens", "completion_tokens"]
    table = table.astype(dict.fromkeys(whole, int)).round({"hours": 4, "gpu_hours": 4, "usd": 6})
    return table.sort_values(["gpu_hours", "hours", "usd"], ascending=False, kind="stable").reset_index()


def _hours(results: Path) -> Iterator[dict[str, Any]]:
    folder = results / RECORDS / "jobs"
    recorded = set()
    for path in sorted(folder.rglob("*.jsonl")):
        attempts = read_attempts(path)
        if not attempts:
            continue
        recorded.add(path.relative_to(folder).with_suffix(""))
        yield {
            "rule": attempts[0].facts["rule"],
            "teacher": attempts[0].facts["wildcards"].get("teacher", ""),
            "jobs": 1,
            "attempts": len(attempts),
            "hours": sum(attempt.seconds for attempt in attempts) / HOUR,
            "gpu_hours": sum(attempt.seconds * attempt.gpus for attempt in attempts) / HOUR,
        }
    for name, seconds in job_seconds_by_file(results / paths.inside(paths.TIMINGS)).items():
        if name.with_suffix("") not in recorded:
            rule = name.parts[0].removesuffix(".tsv")
            yield {"rule": rule, "teacher": "", "jobs": 1, "attempts": 1, "hours": seconds / HOUR}


def _tokens(results: Path) -> Iterator[dict[str, Any]]:
    files = sorted((results / paths.inside(paths.PAID)).glob("*.jsonl"))
    paid = {path.stem: pd.DataFrame(read_whole_lines(path)) for path in files}
    answered = set()
    for rule, teacher, path in _answers(results):
        answered.add(teacher)
        if teacher not in paid:
            yield {
                "rule": rule,
                "teacher": teacher,
                **_sums(pd.read_parquet(path, columns=["prompt_tokens", "completion_tokens"])),
            }
    for model, entries in paid.items():
        rule = "ask_endpoint" if model in answered else "reward"
        yield {"rule": rule, "teacher": model, **_sums(entries.drop(columns=["id", "batch"], errors="ignore"))}


def _answers(results: Path) -> Iterator[tuple[str, str, Path]]:
    """(rule, teacher, file) of every file of requested answers, without answers gathered for routed teachers."""
    routed = {named["routed"] for _, named in paths.found(paths.ASSIGNMENT, results)}
    for path, named in paths.found(paths.ANSWERS, results):
        if named["teacher"] not in routed:
            yield writer(named["method"]), named["teacher"], path
    for path, named in paths.found(paths.FURTHER_ANSWERS, results):
        yield "synthesize_further", named["teacher"], path
    largest: dict[tuple[str, ...], tuple[int, str, Path]] = {}  # answers for a smaller build are among those for a larger one
    for path, named in paths.found(paths.BUILD_ANSWERS, results):
        cell = (named["teacher"], named["lang"], named["method"])
        largest[cell] = max(largest.get(cell, (0, "", path)), (path.stat().st_size, named["teacher"], path))
    yield from (("synthesize_build", teacher, path) for _, teacher, path in largest.values())
    for path, named in paths.found(paths.ASSIGNED_ANSWERS, results):
        yield "synthesize_assigned", named["teacher"], path


def writer(name: str) -> str:
    """The rule that writes the answers of a method."""
    method = METHODS.get(name)  # None: from a plugin that the study no longer names
    if method is None or not method.translated:
        return "synthesize"
    return "translate_seed" if method.written_by == "translator" else "synthesize_translated"


def _sums(frame: pd.DataFrame) -> dict[str, float]:
    return {str(name): float(values.sum()) for name, values in frame.items()}
