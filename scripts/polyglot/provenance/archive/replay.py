"""Recomputes scores and tables from the per-example outcomes in an archive, with the study's scripts."""

from __future__ import annotations

import contextlib
import os
import runpy
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from polyglot.provenance.archive.comparing import first_difference
from polyglot.provenance.archive.jobs import Named, script_path
from polyglot.provenance.records import SCRIPTS

REPLAYED = (
    "seed_sources.py",
    "measurements.py",
    "pg_score.py",
    "analysis.py",
    "steps.py",
    "abilities.py",
    "generalisation.py",
    "truth.py",
    "race_rung.py",
    "race_verdict.py",
    "table.py",
    "published_measurements.py",
    "audit.py",
)
"""Scripts that need only their inputs and the analysis environment."""


@dataclass(frozen=True)
class Scripted:
    """The `snakemake` object of a job, as its script sees it."""

    rule: str
    input: Named
    output: Named
    params: Named
    wildcards: Named
    log: Sequence[str]
    threads: int
    resources: Mapping[str, Any]


def can_be_replayed(line: Mapping[str, Any]) -> bool:
    return line["script"] in REPLAYED


def replay(
    lines: Sequence[Mapping[str, Any]], folder: Path, scratch: Path, *, reworded: bool = False
) -> Iterator[tuple[Mapping[str, Any], str | None]]:
    """Rerun jobs in parallel; each reads its inputs from the archive.

    Args:
        lines: jobs of an archive (`provenance/jobs.jsonl`).
        folder: the archive, unpacked.
        scratch: folder for their outputs.
        reworded: whether wording may differ (see `polyglot.provenance.archive.comparing`).

    Yields:
        Each job, in order, with its first difference (file and position); None if all files match.
    """
    workers = min(len(lines), os.cpu_count() or 1)
    with ProcessPoolExecutor(max_workers=max(workers, 1), mp_context=get_context("spawn")) as pool:
        runs = [pool.submit(replay_one, line, folder, scratch, number, reworded) for number, line in enumerate(lines)]
        try:
            for line, run in zip(lines, runs, strict=True):
                try:
                    yield line, run.result()
                except BrokenExecutor:
                    yield line, f"{line['id']}: cannot be recomputed: its process ended (too little memory?)"
        finally:
            pool.shutdown(cancel_futures=True)


def replay_one(line: Mapping[str, Any], folder: Path, scratch: Path, number: int, reworded: bool = False) -> str | None:
    """Rerun one job and compare its outputs with the archived ones (None: equal)."""
    log, made_in = scratch / f"logs/{number}.log", scratch / str(number)
    outputs: dict[str, Any] = {
        "unnamed": [str(made_in / path) for path in line["output"]["unnamed"]],
        "named": {name: _under(made_in, value) for name, value in line["output"]["named"].items()},
    }
    job = Scripted(
        rule=line["rule"],
        input=Named(**line["input"], flat=True),
        output=Named(**outputs, flat=True),
        params=Named(**line["params"]),
        wildcards=Named(named=line["wildcards"]),
        log=[str(log)],
        threads=1,
        resources={},
    )
    with _inside(folder):
        try:
            runpy.run_path(str(SCRIPTS.parent / script_path(line["script"])), init_globals={"snakemake": job})
        except SystemExit:
            last = log.read_text(encoding="utf-8").strip().splitlines()[-1:]
            return f"{line['id']}: cannot be recomputed: {''.join(last)}"
        except Exception as error:  # what an archive says of a job comes from others: it may be anything
            return f"{line['id']}: cannot be recomputed: {type(error).__name__}: {error}"
    for made, kept in zip(job.output, Named(**line["output"], flat=True), strict=True):
        if not Path(made).is_file():
            return f"{kept}: the job that should make it does not"
        try:
            difference = first_difference(Path(made), folder / kept, reworded=reworded)
        except Exception as error:
            return f"{kept}: it cannot be read: {error}"
        if difference:
            return f"{kept}: {difference}"
    return None


def _under(folder: Path, value: str | list[str]) -> str | list[str]:
    return [str(folder / path) for path in value] if isinstance(value, list) else str(folder / value)


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    """Work in a folder, and restore this process's output afterwards, because scripts redirect it to their logs."""
    before, standard = Path.cwd(), [os.dup(1), os.dup(2)]
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
        sys.stdout.flush()
        sys.stderr.flush()
        for number, copy in enumerate(standard, 1):
            os.dup2(copy, number)
            os.close(copy)


def evidence(lines: Iterable[Mapping[str, Any]]) -> set[str]:
    """Files needed to rerun jobs and compare their outputs."""
    return {
        path for line in lines if can_be_replayed(line) for kind in ("input", "output") for path in Named(**line[kind], flat=True)
    }
