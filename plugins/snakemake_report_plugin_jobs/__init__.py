"""Snakemake report plugin `jobs`: every job behind the targets as a line of JSON, in the file that --report-jobs-path names.

Each line has what the rules say about the job (files, parameters, resources, environment) and what Snakemake kept about its last
run (start and end, where there was one). These are Snakemake's inner parts: where one is gone, a warning says what is lost.
"""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

from snakemake.iocontainers import Namedlist
from snakemake_interface_common.exceptions import WorkflowError
from snakemake_interface_report_plugins.reporter import ReporterBase
from snakemake_interface_report_plugins.settings import ReportSettingsBase

from polyglot.cluster.snakemake_inside import SNAKEMAKE

ASKED = ("gpu", "gpu_model", "gres", "mem_mb", "runtime")


@dataclass
class ReportSettings(ReportSettingsBase):
    """Where the lines go."""

    path: Optional[Path] = field(  # noqa: UP045 - the command line reads the type
        default=None, metadata={"help": "The file of jobs (JSON Lines).", "required": True, "env_var": False}
    )


class Reporter(ReporterBase):  # type: ignore[misc]
    """Writes every job in an order in which each comes after those that it depends on."""

    def render(self) -> None:
        if not SNAKEMAKE.has(self.dag, "toposorted", lost="the jobs cannot be listed"):
            raise WorkflowError("no list of jobs, and so no archive: see the warning above")
        lost = "the archive does not say when each job ran"
        known = SNAKEMAKE.has(self.dag, "workflow.persistence.metadata", lost=lost)
        persistence = self.dag.workflow.persistence if known else None
        with self.settings.path.open("w", encoding="utf-8") as file:
            for level in self.dag.toposorted():
                for job in sorted(level, key=lambda job: (job.rule.name, str(job.wildcards))):
                    if not job.rule.norun:
                        file.write(json.dumps(_line(job, persistence), ensure_ascii=False, default=str) + "\n")


def _line(job: Any, persistence: Any) -> dict[str, Any]:
    rule = job.rule
    records = [record for record in map(persistence.metadata, job.output) if record] if persistence is not None else []
    resources = {name: job.resources.get(name) for name in ASKED}
    return {
        "rule": rule.name,
        "about": rule.docstring,
        "message": str(job.message or ""),
        "wildcards": dict(job.wildcards_dict),
        "input": _named(job.input),
        "output": _named(job.output),
        "params": _named(job.params),
        "log": [str(path) for path in job.log],
        "benchmark": str(job.benchmark) if job.benchmark else None,
        "threads": job.threads,
        "resources": {name: value for name, value in resources.items() if isinstance(value, int | str)},
        "script": Path(str(rule.script)).name if rule.script else None,
        "shell": job.shellcmd,
        "conda": _environment(job),
        "start": min((record["starttime"] for record in records), default=None),
        "end": max((record["endtime"] for record in records), default=None),
    }


def _environment(job: Any) -> str | None:
    """The file of the job's conda environment, from the repository's root."""
    lost = "the archive does not say in which environment each job ran"
    if not SNAKEMAKE.has(job, "conda_env_spec", "rule.workflow.basedir", lost=lost):
        return None
    spec = job.conda_env_spec
    return os.path.relpath(str(spec.file), job.rule.workflow.basedir) if spec is not None and spec.is_file else None


def _named(values: Any) -> dict[str, Any]:
    """Values without a name, which come first, and values by name: one, or a list where a name stands for several files."""
    named = {name: list(map(_plain, value)) if isinstance(value, Namedlist) else _plain(value) for name, value in values.items()}
    count = sum(len(value) if isinstance(value, Namedlist) else 1 for _, value in values.items())
    return {"unnamed": [_plain(value) for value in values[: len(values) - count]], "named": named}


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path | str) else value
