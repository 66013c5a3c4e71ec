"""A tiny study on a real Slurm (tests/slurm/cluster.sh), whose nano models ask for the fake GPUs."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from ..patience import wait_for_the_end, wait_until
from ..workflow.conftest import TINY, Workplace, copy_workflow, shrink, starts

__all__ = ["starts"]  # what runs on this machine shares its starts

CLUSTER = Path(__file__).with_name("cluster.sh")
STATE = Path("/var/tmp/polyglot-slurm/spool/ctld/job_state")
"""What slurmctld knows of its jobs when it starts again."""
RESULTS = Path("results/tiny")
STUDENT = "results/tiny/students/nano-base/equal/hasty/de/0"
TABLE = "results/tiny/tables/leaderboard.csv"
PROFILE = ("--profile", "slurm")
STUDY: dict[str, Any] = TINY | {
    "study": "tiny",
    "synthesis": {"requests": 64, "batch_size": 12},
    "training": {"examples": 48, "epochs": 8, "batch_size": 4, "checkpoint_steps": 8},
}
"""Answers and training take several batches and checkpoints, between which they are disturbed."""
SITE: dict[str, Any] = {"partitions": {"gpu": "gpu", "cpu": "cpu"}}
RUN = re.compile(r"SLURM run ID: (\S+)")


@pytest.fixture(scope="session", autouse=True)
def cluster() -> None:
    """The Slurm that cluster.sh has brought up."""
    if not Path("/var/tmp/polyglot-slurm/etc/slurm.conf").exists() or shutil.which("sinfo") is None:
        pytest.skip("no Slurm for tests here; make test-slurm brings one up")


def cluster_script(*arguments: str) -> None:
    subprocess.run([CLUSTER, *arguments], check=True)


@dataclass(frozen=True)
class Record:
    """What the controller knows of a job, by its own field names."""

    fields: dict[str, str]

    @property
    def rules(self) -> str:
        """The job's rule with its wildcards; of a group its rules."""
        return self.fields["Comment"].removeprefix("rule_")

    def is_of(self, name: str) -> bool:
        """Whether it is a job of this rule by itself, or a submission of a group whose name begins so."""
        return self.rules.startswith(name if "-" in name else (f"{name}_wildcards_", f"{name}-"))

    @property
    def gpus(self) -> int:
        found = re.search(r"gres:gpu(?::\w+)?:(\d+)", self.fields.get("TresPerJob", "") + self.fields.get("TresPerNode", ""))
        return int(found[1]) if found else 0

    @property
    def mem_mb(self) -> int:
        number, unit = re.fullmatch(r"(\d+(?:\.\d+)?)([MG])", self.fields["MinMemoryNode"]).groups()  # type: ignore[union-attr]
        return round(float(number) * (1024 if unit == "G" else 1))

    @property
    def minutes(self) -> int:
        days, _, clock = self.fields["TimeLimit"].rpartition("-")
        hours, minutes, _ = (int(part) for part in clock.split(":"))
        return int(days or 0) * 1440 + hours * 60 + minutes


def records(run: str) -> list[Record]:
    """The controller's records of a run's jobs, in the order of submission."""
    shown = subprocess.run(["scontrol", "show", "jobs", "--oneliner"], check=True, capture_output=True, text=True).stdout
    jobs = [dict(pair.split("=", 1) for pair in line.split() if "=" in pair) for line in shown.splitlines()]
    found = [Record(job) for job in jobs if job.get("JobName") == run]
    return sorted(found, key=lambda record: int(record.fields["JobId"]))


def run_of(output: str) -> str:
    found = RUN.search(output)
    assert found, output
    return found[1]


def interruptible() -> None:
    """Ctrl-C counts also where these tests run in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def eventually(true: Callable[[], bool], every: float = 0.2) -> None:
    """Wait for what Slurm does by itself."""
    wait_until(true, Path("/var/tmp/polyglot-slurm/log"), every=every)


class Running:
    """A run of Snakemake that is under way."""

    def __init__(self, workplace: Workplace, *arguments: str, target: Sequence[str] = (TABLE,), **variables: str) -> None:
        self.workplace = workplace
        self.log = workplace.folder / "run.log"
        with self.log.open("w") as file:
            command = ["snakemake", *PROFILE, *target, *arguments]
            self.process = subprocess.Popen(
                command,
                cwd=workplace.folder,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=os.environ | variables,
                preexec_fn=interruptible,
            )

    @property
    def output(self) -> str:
        return self.log.read_text()

    def when(self, ready: Callable[[], bool], every: float = 0.25, within: str = ".") -> None:
        """Wait for a moment of the run, which may be short: then look at it more often, and at fewer files for what moves."""
        wait_until(ready, self.workplace.folder / within, job=self.process, said=lambda: self.output[-6000:], every=every)

    def jobs(self, rule: str) -> list[str]:
        """The jobs of a rule that Slurm has taken, in the order of submission."""
        run = RUN.search(self.output)
        return [record.fields["JobId"] for record in records(run[1]) if record.is_of(rule)] if run else []

    def job(self, rule: str) -> str:
        """The newest job of a rule."""
        return self.jobs(rule)[-1]

    def end(self) -> int:
        return wait_for_the_end(self.process, self.workplace.folder, said=lambda: self.output[-6000:])


@contextmanager
def running(workplace: Workplace, *arguments: str, target: Sequence[str] = (TABLE,), **variables: str) -> Iterator[Running]:
    """A run that is stopped, if it must be, when the block ends."""
    run = Running(workplace, *arguments, target=target, **variables)
    try:
        yield run
    finally:
        if run.process.poll() is None:
            run.process.send_signal(signal.SIGINT)
            run.end()


def site(workplace: Workplace, **settings: Any) -> None:
    (workplace.folder / "profiles/slurm/site.yaml").write_text(yaml.safe_dump(SITE | settings))


def on_gpus(models: dict[str, Any]) -> None:
    """Tiny models, one GPU to run and two to train; the judge is trained from the base, so that no other model is needed."""
    shrink(models)
    models["nano-reward"]["gold_tuning"]["start"] = "nano-base"
    for model in models.values():
        if {"pretraining", "gold_tuning", "translator_training"} & set(model):
            model |= {"gpus": 1, "training_gpus": 2}


@dataclass(frozen=True)
class Finished:
    workplace: Workplace
    output: str

    @property
    def table(self) -> bytes:
        return (self.workplace.folder / TABLE).read_bytes()


@pytest.fixture(scope="session")
def finished(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """The study, run to its end without a disturbance."""
    workplace = copy_workflow(repository, tmp_path_factory.mktemp("slurm"))
    workplace.configure("models.yaml", on_gpus)
    (workplace.folder / "config/tiny.yaml").write_text(yaml.safe_dump(STUDY))
    site(workplace)
    done = workplace.snakemake("--profile", "slurm", "all", "--configfile", "config/tiny.yaml")
    return Finished(workplace, done.stdout + done.stderr)


def copy_without(finished: Finished, folder: Path, *made: str) -> Workplace:
    shutil.copytree(finished.workplace.folder, folder, symlinks=True, copy_function=shutil.copy2)
    for part in (*made, "evaluation/students", "scores", "tables", "figures", "analysis", "unfinished", "logs", "benchmarks"):
        shutil.rmtree(folder / RESULTS / part, ignore_errors=True)
    return Workplace(folder)


def unanswered_copy(finished: Finished, folder: Path) -> Workplace:
    """A copy in which everything after the requests is still to be made."""
    return copy_without(finished, folder, "answers", "synthetic", "sft", "intrinsic", "students")


def untrained_copy(finished: Finished, folder: Path) -> Workplace:
    """A copy in which everything from the student on is still to be made."""
    return copy_without(finished, folder, "students")


@pytest.fixture
def unanswered(finished: Finished, tmp_path: Path) -> Workplace:
    return unanswered_copy(finished, tmp_path / "copy")
