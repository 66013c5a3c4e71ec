"""What a run says at its end about jobs that failed."""

from __future__ import annotations

from pathlib import Path

from polyglot.failures import GO_ON, SHOWN, Failure, report_of


def failure(
    folder: Path, rule: str = "synthesize", attempts: int = 1, log: str | None = None, slurm: str | None = None
) -> Failure:
    path, cluster_logs = folder / f"{rule}.log", folder / rule
    if log is not None:
        path.write_text(log)
    if slurm is not None:
        cluster_logs.mkdir()
        (cluster_logs / "7.log").write_text(slurm)
    return Failure(rule, {"study": "demo", "teacher": "hasty", "lang": "de"}, path, cluster_logs, attempts)


def test_a_failure_is_named_with_the_last_lines_of_its_log(tmp_path: Path) -> None:
    text = report_of([failure(tmp_path, log="\n".join(["first", *map(str, range(20)), "OSError: No space left on device"]))])
    assert text.startswith("1 job failed; what does not depend on it is done.")
    assert f"- synthesize (teacher hasty, lang de): {tmp_path}/synthesize.log" in text
    assert "    OSError: No space left on device" in text
    assert "first" not in text
    assert text.endswith(GO_ON)


def test_what_slurm_alone_knows_is_told_too(tmp_path: Path) -> None:
    said = "slurmstepd: error: *** JOB 7 ON n1 CANCELLED AT 2026-11-21T11:00:00 DUE TO TIME LIMIT ***"
    text = report_of([failure(tmp_path, log="half way", slurm=f"Building DAG of jobs...\n{said}\n", attempts=3)])
    assert said in text
    assert "half way" in text
    assert "3 attempts" in text
    assert "Building DAG" not in text


def test_a_job_that_never_began_says_so(tmp_path: Path) -> None:
    assert "it was refused, or ended before it began" in report_of([failure(tmp_path)])


def test_hundreds_of_failures_stay_readable(tmp_path: Path) -> None:
    text = report_of([failure(tmp_path, rule=f"rule{n:03}", log="x") for n in range(300)])
    assert f"- and {300 - SHOWN} more" in text
    assert len(text.splitlines()) < 4 * SHOWN


def test_a_run_that_was_stopped_has_no_failures() -> None:
    assert report_of([]) == f"Stopped. {GO_ON}"
