"""Snakemake's events as lines for a person: what has begun, what is done, what has failed."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from polyglot.core.errors import last_words
from polyglot.core.progress import EXPECTED
from polyglot.planning.expectation import ExpectedJob
from polyglot.workflow.progress.estimate import Estimate
from polyglot.workflow.progress.stages import DISPLAYS, stage_of
from polyglot.workflow.progress.words import about, clock, counted, named

LAST_LINES = 8
"""Lines of a failed job's log that are shown where the job itself has said nothing."""
TRACEBACK_IN = re.compile(r"^\(the full traceback is in (.+)\)$")
INTERRUPTED = re.compile(r"^\w+: (KeyboardInterrupt|SystemExit): ?\d*$")
"""What `polyglot.workflow.job` prints of a job that was stopped with the run."""
OF_A_JOB = re.compile(r"returned non-zero exit status (\d+)|died with <Signals\.(\w+)")
ENDINGS = ("Exiting because a job execution failed", "At least one job did not complete", "WorkflowError:\nAt least one job")
"""Errors of Snakemake that say no more than that a job has failed."""


@dataclass
class Run:
    """What is known of the jobs of a run: counts by stage, jobs by id."""

    before: int = 0
    total: int = 0
    done: int = 0
    of_stage: Counter[str] = field(default_factory=Counter)
    done_of_stage: Counter[str] = field(default_factory=Counter)
    jobs: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    running: dict[int, str] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)


class Follower:
    """Follows a run by its events.

    Args:
        say: shows a line that stays.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._run = Run()
        self._started: float | None = None
        self._cores: int | None = None
        self._estimate: Estimate | None = None
        self._explained: set[str] = set()
        self._cause = ""
        self._stopped_jobs = 0
        self._stopping = False
        self._displays = 0
        self._log: str | None = None
        self._ended = ""

    # Events
    def event(self, record: logging.LogRecord) -> None:
        """Take an event of Snakemake's log."""
        told = vars(record)
        if EXPECTED in told:
            self._expect(told[EXPECTED], record.created)
            return
        events: dict[str, Callable[[Mapping[str, Any]], None]] = {
            "run_info": self._planned,
            "resources_info": self._resources,
            "job_info": self._job_started,
            "job_finished": self._job_finished,
            "job_error": self._job_failed,
            "group_error": self._group_failed,
        }
        take = events.get(str(told.get("event") or ""))
        if take is not None:
            take(told)
        elif told.get("event") in (None, "error"):
            self._message(record)

    def _planned(self, told: Mapping[str, Any]) -> None:
        """Jobs to run, by rule."""
        if self._started is not None:
            return
        self._started = told["created"]
        for rule, count in told["stats"].items():
            if rule == "total":
                self._run.total = count
            else:
                self._run.of_stage[stage_of(rule)] += count

    def _resources(self, told: Mapping[str, Any]) -> None:
        if isinstance(told.get("cores"), int):
            self._cores = told["cores"]

    def _expect(self, jobs: list[ExpectedJob], now: float) -> None:
        """All jobs behind the targets, those too that are done already."""
        run = self._run
        for job in jobs:
            if job.done:
                run.of_stage[stage_of(job.rule)] += 1
                run.done_of_stage[stage_of(job.rule)] += 1
        run.before = run.done = sum(job.done for job in jobs)
        run.total = len(jobs)
        if self._cores is not None:
            self._estimate = Estimate(jobs, self._cores)
        if run.before:
            self._say(f"goes on: {run.before} of {counted(run.total, 'job')} were done before")
        if self._estimate is not None and self._cores is not None:
            left = about(self._estimate.left(now))
            self._say(f"{counted(run.total - run.before, 'job')} to run, {left} on {counted(self._cores, 'core')}")

    def _job_started(self, told: Mapping[str, Any]) -> None:
        job = told["jobid"]
        self._run.jobs[job] = told
        self._run.running[job] = told["rule_name"]
        if self._estimate is not None:
            self._estimate.start(job, told["created"])

    def _job_finished(self, told: Mapping[str, Any]) -> None:
        job, now = told["job_id"], told["created"]
        known = self._run.jobs.get(job, {})
        rule = self._run.running.pop(job, known.get("rule_name", ""))
        stage = stage_of(rule)
        self._run.done += 1
        self._run.done_of_stage[stage] += 1
        if self._estimate is not None:
            self._estimate.finish(job, now)
        if rule == "table" and not self._all_but_displays_done():
            self._displays += 1
            files = [str(path) for path in known.get("output", [])]
            shown = next((path for path in files if path.endswith(".md")), "".join(files[:1]))
            self._say(f"{'first table' if self._displays == 1 else 'table'}: {shown} (after {self._passed(now)})")
        if self._run.of_stage[stage] > 1 and self._run.done_of_stage[stage] == self._run.of_stage[stage]:
            self._say(f"finished {stage}: {counted(self._run.of_stage[stage], 'job')} (after {self._passed(now)})")

    def _all_but_displays_done(self) -> bool:
        """Whether what is left is tables and figures and what they show."""
        late = (DISPLAYS, stage_of("truth"), stage_of("all"))
        return all(self._run.done_of_stage[stage] >= count for stage, count in self._run.of_stage.items() if stage not in late)

    # Failures
    def _job_failed(self, told: Mapping[str, Any]) -> None:
        job = told["jobid"]
        name = named(told["rule_name"], self._run.jobs.get(job, {}).get("wildcards") or {})
        self._run.running.pop(job, None)
        if self._stopping:
            return
        if self._estimate is not None:
            self._estimate.fail(job)
        self._run.failed.append(name)
        self._say(f"failed: {name}; what does not depend on it goes on")
        self._explain([str(path) for path in told.get("log") or []], told.get("rule_msg"))

    def _group_failed(self, told: Mapping[str, Any]) -> None:
        for job in told.get("job_error_info") or []:
            self._job_failed(job)

    def _explain(self, logs: list[str], message: str | None) -> None:
        """Why a job failed, if it has not said so itself."""
        cause, self._cause = self._cause, ""
        if self._explained.intersection(logs):
            return
        for line in filter(None, (cause, message)):
            self._say(f"    {line}")
        for log in logs:
            written = _last_lines(Path(log))
            self._say(f"    the last lines of {log}:" if written else f"    it has written nothing to {log}")
            for line in written:
                self._say(f"    {line}")

    def error_line(self, line: str) -> None:
        """Take a line that a job, or anything else, has written to standard error."""
        if INTERRUPTED.match(line):
            self._stopped_jobs += 1
            return
        found = TRACEBACK_IN.match(line)
        if found and self._stopped_jobs:
            self._stopped_jobs -= 1
            return
        if found:
            self._explained.add(found[1])
        self._say(line)

    def _message(self, record: logging.LogRecord) -> None:
        """Words of Snakemake's: errors and warnings are shown, and what matters of the rest."""
        text = record.getMessage() if record.msg else ""
        if text.startswith("Nothing to be done"):
            self._ended = "nothing to do: every file is there and up to date"
        elif text.startswith("Complete log(s): "):
            self._log = text.removeprefix("Complete log(s): ")
        elif text.startswith(("Terminating processes on user request", "Will exit after finishing")):
            self._stopping = True
            self._say("stopping ...")
        elif text.startswith("Trying to restart job"):
            self._say(text)
        elif record.levelno >= logging.WARNING and not text.startswith(ENDINGS):
            status = OF_A_JOB.search(text)
            if status is None:
                self._say(text)
            elif not self._stopping:
                self._cause = f"its command {status[0]}" if status[1] != "1" else ""

    # State
    def status(self, now: float) -> str | None:
        """What is going on, in a line; None before the first job and after the last."""
        run = self._run
        if self._started is None or not run.jobs or run.done >= run.total:
            return None
        parts = [f"{run.done} of {counted(run.total, 'job')}", f"{self._passed(now)} passed"]
        if self._estimate is not None and not self._stopping:
            parts.append(f"{about(self._estimate.left(now))} left")
        if run.failed:
            parts.append(f"{len(run.failed)} failed")
        stages = [stage_of(rule) for rule in run.running.values()]
        for stage, _ in Counter(stages).most_common(2):
            count = f" ({run.done_of_stage[stage]} of {run.of_stage[stage]})" if run.of_stage[stage] > 1 else ""
            parts.append(f"{stage}{count}")
        return " · ".join(parts)

    def end(self, now: float) -> None:
        """The last line."""
        run = self._run
        if self._ended or self._started is None:
            if self._ended:
                self._say(self._ended)
            return
        if run.done >= run.total and not run.failed:
            self._say(f"all {counted(run.total, 'job')} done after {self._passed(now)}")
            return
        failed = f", {len(run.failed)} failed" if run.failed else ""
        self._say(f"stopped after {self._passed(now)}: {run.done} of {counted(run.total, 'job')} done{failed}")
        if self._log:
            self._say(f"Snakemake's own log: {self._log}")

    def _passed(self, now: float) -> str:
        return clock(now - (now if self._started is None else self._started))


def _last_lines(log: Path) -> list[str]:
    try:
        return last_words(log.read_text(encoding="utf-8", errors="replace"), LAST_LINES)
    except OSError:
        return []
