"""Snakemake logger plugin `outcomes`: a line of JSON for every job that ends, in the file that POLYGLOT_OUTCOMES names.

Each line has rule, wildcards, log and whether it passed. Lines are added to those of earlier runs. Snakemake's own log is in
.snakemake/log all the same.
"""

from __future__ import annotations

import json
import os
from logging import LogRecord
from pathlib import Path
from typing import Any

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

FILE = "POLYGLOT_OUTCOMES"


class LogHandler(LogHandlerBase):
    """Remembers what each job is, and writes how it ended."""

    def __post_init__(self) -> None:
        self.jobs: dict[int, dict[str, Any]] = {}
        self.lines = Path(os.environ[FILE]).open("a", encoding="utf-8", buffering=1)  # noqa: SIM115 - closed by close()

    def emit(self, record: LogRecord) -> None:
        event, told = getattr(record, "event", None), vars(record)
        if event == LogEvent.JOB_INFO:
            log = [str(path) for path in told.get("log") or []]
            wildcards = {name: str(value) for name, value in dict(told.get("wildcards") or {}).items()}
            self.jobs[told["jobid"]] = {"rule": told["rule_name"], "wildcards": wildcards, "log": log[0] if log else ""}
        elif event in (LogEvent.JOB_FINISHED, LogEvent.JOB_ERROR):
            job = self.jobs.get(told["job_id"] if "job_id" in told else told.get("jobid", -1))
            if job is not None:
                self.lines.write(json.dumps({**job, "passed": event == LogEvent.JOB_FINISHED}) + "\n")

    def close(self) -> None:
        self.lines.close()
        super().close()

    @property
    def writes_to_stream(self) -> bool:
        return False

    @property
    def writes_to_file(self) -> bool:
        return False

    @property
    def has_filter(self) -> bool:
        return True

    @property
    def has_formatter(self) -> bool:
        return True

    @property
    def needs_rulegraph(self) -> bool:
        return False
