"""Snakemake's events as lines for a person."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import pytest

from polyglot.core.progress import EXPECTED
from polyglot.planning.expectation import ExpectedJob
from polyglot.workflow.progress.follower import Follower
from polyglot.workflow.progress.stages import STAGE_OF, STAGES
from polyglot.workflow.progress.words import about, clock

RULE = re.compile(r"^(?:use rule \w+ as (\w+) with|(?:rule|checkpoint) (\w+)):$", re.MULTILINE)
ONLY_NAMES = {
    *("all", "experiments", "route", "select", "race", "rank", "screen"),
    *("fetch", "plan", "publish", "build", "replication"),
}


class Told:
    """A follower that is told of a run, and what it has said."""

    def __init__(self, jobs: list[ExpectedJob] | None = None, cores: int = 2) -> None:
        self.said: list[str] = []
        self.follower = Follower(self.said.append)
        if jobs:
            to_run = [job.rule for job in jobs if not job.done]
            self.event(0.0, event="resources_info", cores=cores)
            self.event(0.0, event="run_info", stats={rule: to_run.count(rule) for rule in to_run} | {"total": len(to_run)})
            self.event(0.0, None, logging.INFO, **{EXPECTED: jobs})

    def event(self, now: float, message: str | None = None, level: int = logging.INFO, **told: Any) -> None:
        record = logging.LogRecord("snakemake.logging", level, "", 0, message, None, None)
        record.created = now
        vars(record).update(told)
        self.follower.event(record)

    def start(self, now: float, job: int, rule: str, **told: Any) -> None:
        self.event(now, event="job_info", jobid=job, rule_name=rule, **({"wildcards": {}, "output": [], "log": []} | told))

    def finish(self, now: float, job: int) -> None:
        self.event(now, event="job_finished", job_id=job)

    def fail(self, now: float, job: int, rule: str, log: Path) -> None:
        self.event(now, level=logging.ERROR, event="job_error", jobid=job, rule_name=rule, log=[str(log)], rule_msg=None)


def jobs(students: int = 3, done: int = 0) -> list[ExpectedJob]:
    whole = [ExpectedJob(number, "student", 60.0, done=number < done) for number in range(students)]
    return [*whole, ExpectedJob(99, "table", 1.0), ExpectedJob(100, "all", 0.0)]


def test_the_status_says_what_is_done_how_long_is_left_and_what_is_going_on() -> None:
    run = Told(jobs(students=12))
    assert run.said == ["14 jobs to run, about 6 min on 2 cores"]
    assert run.follower.status(0.0) is None
    for number in range(2):
        run.start(0.0, number, "student")
    assert run.follower.status(10.0) == "0 of 14 jobs · 0:10 passed · about 6 min left · training students (0 of 12)"
    run.finish(60.0, 0)
    assert run.follower.status(60.0) == "1 of 14 jobs · 1:00 passed · about 5 min left · training students (1 of 12)"


def test_a_resumed_run_says_what_was_done_before() -> None:
    run = Told(jobs(students=12, done=5))
    assert run.said[0] == "goes on: 5 of 14 jobs were done before"
    run.start(0.0, 5, "student")
    assert str(run.follower.status(0.0)).startswith("5 of 14 jobs")


def test_a_stage_and_the_first_table_are_told_once() -> None:
    run = Told(jobs())
    run.start(0.0, 99, "table", output=["t/x.csv", "t/x.md"])
    run.finish(30.0, 99)
    for number in range(3):
        run.start(30.0, number, "student")
        run.finish(90.0 + number, number)
    assert run.said[1:] == ["first table: t/x.md (after 0:30)", "finished training students: 3 jobs (after 1:32)"]


def test_a_table_at_the_end_is_no_first_table() -> None:
    run = Told(jobs(students=1))
    run.start(0.0, 0, "student")
    run.finish(60.0, 0)
    run.start(60.0, 99, "table", output=["t/x.md"])
    run.finish(61.0, 99)
    run.start(61.0, 100, "all")
    run.finish(61.0, 100)
    run.follower.end(61.0)
    assert run.said[1:] == ["all 3 jobs done after 1:01"]
    assert run.follower.status(61.0) is None


def test_what_a_failed_job_has_said_is_shown_once(tmp_path: Path) -> None:
    log = tmp_path / "student.log"
    log.write_text("Traceback ...\nValueError: no rows\n")
    run = Told(jobs())
    run.start(0.0, 0, "student", wildcards={"study": "demo", "lang": "de"})
    for line in ("student: ValueError: no rows", f"(the full traceback is in {log})"):
        run.follower.error_line(line)
    command = "RuleException:\nCommand 'python x' returned non-zero exit status 1."
    run.event(1.0, command, logging.ERROR, event="error")
    run.fail(1.0, 0, "student", log)
    run.event(1.0, "Exiting because a job execution failed. Look above for error messages", logging.ERROR)
    run.event(1.0, "Complete log(s): /x/y.log")
    run.follower.end(10.0)
    assert run.said[1:] == [
        "student: ValueError: no rows",
        f"(the full traceback is in {log})",
        "failed: student (lang de); what does not depend on it goes on",
        "stopped after 0:10: 0 of 5 jobs done, 1 failed",
        "Snakemake's own log: /x/y.log",
    ]


def test_a_job_that_could_say_nothing_is_explained_by_its_log(tmp_path: Path) -> None:
    log = tmp_path / "student.log"
    log.write_text("\n".join([*map(str, range(20)), "step 7 of 30"]))
    run = Told(jobs())
    run.start(0.0, 0, "student")
    run.event(1.0, "CalledProcessError: Command 'python x' died with <Signals.SIGKILL: 9>.", logging.ERROR, event="error")
    run.fail(1.0, 0, "student", log)
    assert "    its command died with <Signals.SIGKILL" in run.said
    assert "    step 7 of 30" in run.said
    assert "    0" not in run.said


def test_errors_and_warnings_of_snakemake_are_shown_whole() -> None:
    run = Told()
    run.event(0.0, "MissingInputException in rule x:\nMissing input files", logging.ERROR, event="error")
    run.event(0.0, "Select jobs to execute...")
    run.event(0.0, "The code has changed", logging.WARNING)
    run.follower.end(1.0)
    assert run.said == ["MissingInputException in rule x:\nMissing input files", "The code has changed"]


def test_stopping_is_no_failure(tmp_path: Path) -> None:
    run = Told(jobs())
    run.start(0.0, 0, "student")
    for line in ("student: KeyboardInterrupt: ", "(the full traceback is in x.log)"):
        run.follower.error_line(line)
    run.event(1.0, "Terminating processes on user request, this might take some time.")
    run.fail(1.0, 0, "student", tmp_path / "none.log")
    run.follower.end(2.0)
    assert run.said[1:] == ["stopping ...", "stopped after 0:02: 0 of 5 jobs done"]


def test_nothing_to_do_is_said() -> None:
    run = Told()
    run.event(0.0, "Nothing to be done (all requested files are present and up to date).")
    run.follower.end(1.0)
    assert run.said == ["nothing to do: every file is there and up to date"]


def test_without_expectations_there_is_no_time_left() -> None:
    run = Told()
    run.event(0.0, event="run_info", stats={"student": 2, "total": 2})
    run.start(0.0, 0, "student")
    assert run.follower.status(5.0) == "0 of 2 jobs · 0:05 passed · training students (0 of 2)"


def test_every_rule_has_its_stage(repository: Path) -> None:
    rules = {
        name
        for path in (repository / "rules").glob("*.smk")
        for groups in RULE.findall(path.read_text(encoding="utf-8"))
        for name in groups
        if name
    }
    assert rules - ONLY_NAMES == set(STAGE_OF)
    assert sum(map(len, STAGES.values())) == len(STAGE_OF)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "about 10 s"), (44, "about 40 s"), (100, "about 2 min"), (7900, "about 2 h 10 min"), (7200, "about 2 h")],
)
def test_an_estimate_is_told_as_exactly_as_it_is_known(seconds: float, words: str) -> None:
    assert about(seconds) == words


def test_times_are_told_as_on_a_clock() -> None:
    assert [clock(seconds) for seconds in (0, 250, 3850)] == ["0:00", "4:10", "1:04:10"]
