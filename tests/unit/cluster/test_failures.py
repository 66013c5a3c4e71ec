"""What a run says at its end about jobs that failed."""

from __future__ import annotations

import os
from pathlib import Path

from polyglot.cluster.failures import GO_ON, SHOWN, WITHOUT, Failure, failures_in_words
from polyglot.core.errors import CAUSE

START = 1000.0


def failure(
    folder: Path,
    rule: str = "synthesize",
    attempts: int = 1,
    log: str | None = None,
    slurm: str | None = None,
    message: str = "",
) -> Failure:
    path, cluster_log = folder / f"{rule}.log", folder / rule / "7.log"
    if log is not None:
        path.write_text(log)
    if slurm is not None:
        cluster_log.parent.mkdir()
        cluster_log.write_text(slurm)
    wildcards = {"study": "demo", "teacher": "hasty", "lang": "de"}
    return Failure(rule, wildcards, path, attempts, START, message, cluster_log)


def test_a_failure_is_named_with_the_last_lines_of_its_log(tmp_path: Path) -> None:
    text = failures_in_words(
        [failure(tmp_path, log="\n".join(["first", *map(str, range(20)), "OSError: No space left on device"]))]
    )
    assert text.startswith("1 job failed; what does not depend on it is done.")
    assert f"- synthesize (teacher hasty, lang de): {tmp_path}/synthesize.log" in text
    assert "    OSError: No space left on device" in text
    assert "first" not in text
    assert text.endswith(f"{GO_ON} {WITHOUT}")


def test_a_foreseen_error_is_told_whole_and_without_its_traceback(tmp_path: Path) -> None:
    message = ["a.jsonl: row 2: not JSON.", *(f"line {n}" for n in range(20))]
    log = "\n".join(["Traceback (most recent call last):", "FileError: a.jsonl", "", CAUSE, *message]) + "\n"
    text = failures_in_words([failure(tmp_path, log=log)])
    assert [line.strip() for line in text.splitlines()[2:-1]] == message
    assert "Traceback" not in text


def test_a_cell_can_be_done_without_but_not_a_seed_file(tmp_path: Path) -> None:
    """Advice that does not fit is not given."""
    of_a_cell = failure(tmp_path, log="x")
    seeds = Failure("seed", {"study": "demo", "lang": "de"}, of_a_cell.log, 1, START)
    assert failures_in_words([seeds]).endswith(f"\n{GO_ON}")
    assert failures_in_words([seeds, of_a_cell]).endswith(WITHOUT)


def test_lines_that_have_been_shown_are_not_shown_again(tmp_path: Path) -> None:
    text = failures_in_words([failure(tmp_path, log="OSError: No space left on device")], seen=True)
    assert f"- synthesize (teacher hasty, lang de): {tmp_path}/synthesize.log" in text
    assert "OSError" not in text


def test_what_slurm_alone_knows_is_told_too(tmp_path: Path) -> None:
    said = "slurmstepd: error: *** JOB 7 ON n1 CANCELLED AT 2026-11-21T11:00:00 DUE TO TIME LIMIT ***"
    text = failures_in_words([failure(tmp_path, log="half way", slurm=f"Building DAG of jobs...\n{said}\n", attempts=3)])
    assert said in text
    assert "half way" in text
    assert "3 attempts" in text
    assert "Building DAG" not in text


def test_a_job_that_never_began_says_so(tmp_path: Path) -> None:
    assert "it ended before its script started" in failures_in_words([failure(tmp_path)])


def test_a_refused_submission_says_why_in_sbatchs_own_words(tmp_path: Path) -> None:
    """In a message of the plugin, which goes on with the whole command."""
    said = "sbatch: error: invalid partition specified: gpus\nsbatch: error: Batch job submission failed"
    message = f"SLURM sbatch failed. The error message was '{said}'.\n    sbatch call:\n        sbatch --parsable --wrap 'x'.\n"
    lines = failures_in_words([failure(tmp_path, message=message)]).splitlines()
    assert lines[2:4] == [f"    {line}" for line in said.splitlines()]
    assert len(lines) == 5


def test_the_end_that_slurm_reports_and_its_log_are_named(tmp_path: Path) -> None:
    message = "SLURM-job '7' failed, SLURM status is: 'OUT_OF_MEMORY'. "
    text = failures_in_words([failure(tmp_path, slurm="Killed\n", message=message)])
    assert f"- synthesize (teacher hasty, lang de): {tmp_path}/synthesize/7.log" in text
    assert "    SLURM-job '7' failed, SLURM status is: 'OUT_OF_MEMORY'." in text


def test_logs_of_an_earlier_run_are_not_shown(tmp_path: Path) -> None:
    old = failure(tmp_path, log="ValueError: mended since", slurm="slurmstepd: error: of another job")
    assert old.log is not None
    assert old.cluster_log is not None
    for path in (old.log, old.cluster_log):
        os.utime(path, (START - 1, START - 1))
    text = failures_in_words([old])
    assert "mended" not in text
    assert "another job" not in text
    assert str(tmp_path) not in text


def test_hundreds_of_failures_stay_readable(tmp_path: Path) -> None:
    text = failures_in_words([failure(tmp_path, rule=f"rule{n:03}", log="x") for n in range(300)])
    assert f"- and {300 - SHOWN} more" in text
    assert len(text.splitlines()) < 4 * SHOWN


def test_a_run_that_was_stopped_has_no_failures() -> None:
    assert failures_in_words([]) == f"Stopped. {GO_ON}"
