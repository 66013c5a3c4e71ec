"""Jobs of a submission share a start outside their steps; nothing of it outlives the submission."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from polyglot.core import submission as submissions
from polyglot.core.starter import begin, order
from polyglot.core.submission import Submission
from polyglot.workflow.shared_starts import OFF, STARTS, VARIABLE, share_starts_of_the_submission
from tests.patience import STANDSTILL, wait_until

from .test_shared_starts import FACTS, Place, gone

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="jobs share their starts on Linux only")


class Node(Place):
    """A node with a submission that is under way: a job of it is a process of its own, and the server is started by none."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.submission = Submission(self.run.pid, str(folder / "node"), str(folder / "logs"), sharing=True)
        self.variable = f"{self.run.pid}:{folder / 'node' / STARTS}"
        begin(self.submission)

    def start(self, body: str, *arguments: str, **more: Any) -> subprocess.Popen[str]:
        known = {submissions.VARIABLE: json.dumps(vars(self.submission))}
        return super().start(body, *arguments, **(known | more))

    @property
    def log(self) -> str:
        return self.submission.log("light").read_text()


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Node]:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    node = Node(tmp_path)
    yield node
    for process in [*node.jobs, node.run]:
        process.kill()
        process.communicate()


def test_jobs_of_a_submission_share_a_start_outside_their_steps(node: Node) -> None:
    """On the submission's GPUs, however Slurm numbers those of a step; all else is the job's."""
    body = "print(json.dumps(facts() | {'seen': {n: os.environ.get(n) for n in ('CUDA_VISIBLE_DEVICES', 'SLURM_STEP_ID', 'X')}}))"
    found = [node.do(body, X="of the job", CUDA_VISIBLE_DEVICES=step, SLURM_STEP_ID=step) for step in ("0", "1")]
    assert {job["reason"] for job in found} == {""}
    assert len({job["parent"] for job in found}) == 1
    assert [job["seen"] for job in found] == [{"CUDA_VISIBLE_DEVICES": "0,1", "SLURM_STEP_ID": None, "X": "of the job"}] * 2
    server = psutil.Process(found[0]["parent"])
    assert not {job.pid for job in node.jobs} & {parent.pid for parent in server.parents()}
    assert node.log.count("has imported its libraries") == 1
    assert not [*Path(node.submission.folder).rglob("*.json")], "an order holds the job's environment, keys included"
    assert [f"process {job['pid']} does the job of process" in node.log for job in found] == [True, True]


def test_what_a_submission_has_started_ends_with_it(node: Node) -> None:
    job, facts = node.waiting()
    node.run.kill()
    node.run.wait()
    assert gone(facts["pid"])
    assert gone(facts["parent"])
    assert job.wait(timeout=STANDSTILL) == 1


def test_what_a_killed_submission_has_left_is_not_taken_over(tmp_path: Path) -> None:
    """Its process had the same number, by which its folder is named; its servers had crashed."""
    with subprocess.Popen(["sleep", "600"]) as process:
        submission = Submission(process.pid, str(tmp_path / "node"), str(tmp_path / "logs"), sharing=True)
        left = submission.place("a server") / "crashes"
        left.write_text("ready\n" * 4, encoding="utf-8")
        try:
            begin(submission)
            assert [path.name for path in (tmp_path / "node").iterdir()] == ["orders"]
        finally:
            process.kill()


def test_a_submission_that_ends_leaves_no_folder(tmp_path: Path) -> None:
    """Also where Slurm then kills all else at once."""
    code = "import os, sys; from polyglot.core.starter import begin; from polyglot.core.submission import Submission; "
    code += (
        "begin(Submission(os.getpid(), sys.argv[1], sys.argv[1], sharing=True)); assert os.path.exists(sys.argv[1] + '/orders')"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "node")], check=True)
    assert not (tmp_path / "node").exists()


def test_a_killed_job_of_a_submission_takes_its_process_with_it(node: Node) -> None:
    job, facts = node.waiting()
    job.kill()
    assert gone(facts["pid"])
    assert node.do(FACTS)["parent"] == facts["parent"]


def test_where_nothing_takes_orders_a_job_of_a_submission_runs_by_itself(node: Node) -> None:
    def starters() -> list[psutil.Process]:  # for a moment after its start a process has no command line
        alive = [one for one in psutil.Process().children() if one.status() != psutil.STATUS_ZOMBIE]
        return [one for one in alive if node.submission.folder in one.cmdline()]

    wait_until(lambda: bool(starters()))
    (starter,) = starters()
    starter.kill()
    starter.wait()
    found = node.do(FACTS)
    assert found["pid"] == node.jobs[-1].pid
    assert "takes orders" in found["reason"]


@pytest.mark.parametrize("logged", [True, False])
def test_an_order_that_cannot_be_carried_out_ends_no_other(node: Node, logged: bool) -> None:
    """Its interpreter is gone, or its log cannot be written."""
    job, facts = node.waiting()
    log = node.folder / "logs/order.log"
    if not logged:
        log.symlink_to(node.folder / "no such folder/order.log")
    command = ["/no/such/python"] if logged else [sys.executable, "-c", ""]
    ended = order(Path(node.submission.folder), "wrong", command, os.environ, log)
    wait_until(ended.exists)
    assert (
        not logged
        or log.read_text() == "/no/such/python cannot be started: [Errno 2] No such file or directory: '/no/such/python'\n"
    )
    assert node.do(FACTS, X="of a server of its own")["parent"] not in {facts["parent"], node.jobs[-1].pid, os.getpid()}
    assert job.communicate("", timeout=STANDSTILL)[0] == "done\n"


def test_a_job_whose_server_cannot_be_started_runs_by_itself(node: Node) -> None:
    Path(node.submission.logs).mkdir()
    node.submission.log("light").symlink_to(node.folder / "no such folder/light.log")
    found = node.do(FACTS)
    assert found["pid"] == node.jobs[-1].pid
    assert found["reason"].startswith("this job does not share its start: its server has not come up; the log is ")


def test_a_process_of_a_cluster_shares_the_starts_of_its_submission_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def said(submission: Submission | None, before: str) -> str | None:
        monkeypatch.setenv(VARIABLE, before)
        monkeypatch.setenv(submissions.VARIABLE, "")
        if submission is not None:
            submission.announce()
        share_starts_of_the_submission()
        return os.environ.get(VARIABLE)

    one = Submission(7, "/node/folder", "/logs", sharing=True)
    assert said(one, "1:/of/the/login/node") == f"7:/node/folder/{STARTS}"
    assert said(None, "1:/of/the/login/node") is None
    assert said(Submission(7, "/node/folder", "/logs", sharing=False), "") is None
    assert said(one, OFF) == OFF
