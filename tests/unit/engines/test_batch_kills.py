"""A job that waits for batches is killed at every step: no request is submitted twice, no answer is lost or paid for twice."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from polyglot.core.sidefile import SideFile
from tests.batch_endpoint import serving_batches
from tests.endpoint import KEY
from tests.unit.engines.asking import ledger

JOBS = """
import os, signal, sys
from pathlib import Path
import tests.unit.engines.test_batches as tests
from polyglot.core.files import write_json
from polyglot.core.sidefile import SideFile
from polyglot.engines import batch_engine, batch_files
from polyglot.engines.batch_api import BatchApi
from polyglot.engines.spending import Spending

STEPS = {
    "before upload": (BatchApi, "upload", "before"),
    "after upload": (BatchApi, "upload", "after"),
    "before create": (BatchApi, "create", "before"),
    "after create": (BatchApi, "create", "after"),
    "submitted": (batch_files.KeptBatch, "write", "third"),
    "set aside": (Spending, "set_aside", "before"),
    "polling": (BatchApi, "look", "after"),
    "before download": (BatchApi, "fetch", "before"),
    "downloading": (BatchApi, "fetch", "within"),
    "after download": (BatchApi, "fetch", "after"),
    "before the entry": (Spending, "write", "before"),
    "after the entry": (Spending, "write", "after"),
    "after storing": (SideFile, "append", "after"),
    "removing": (Spending, "release", "after"),
}


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def plant(owner, name, when):
    right, times = getattr(owner, name), []

    def skipped(*given):
        times.append(0)
        return (name == "write" and owner is Spending and not given[0].unwritten) or (when == "third" and len(times) < 3)

    def wrapped(*given, **named):
        empty = skipped(*given)
        if when in ("before", "third") and not empty:
            die()
        found = right(*given, **named)
        if when == "after" and not empty:
            die()
        return found

    async def awaited(*given, **named):
        if when == "before":
            die()
        found = await right(*given, **named)
        die()

    def half(path):
        raise AssertionError

    if when == "within":
        from polyglot.engines import batch_api
        import contextlib

        @contextlib.contextmanager
        def dying(path):
            yield Path(path).with_name("partial")
            die()

        batch_api.atomic = dying
        return
    import inspect
    setattr(owner, name, awaited if inspect.iscoroutinefunction(right) else wrapped)


def job(url, folder, count, step=None):
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    try:
        if step:
            plant(*STEPS[step])
        sys.stderr = open(folder / "log", "a")
        tests.ask_all(tests.in_batches(url, folder), tests.questions(count), folder)
        os._exit(0)
    except BaseException as error:
        print(repr(error), file=sys.stderr, flush=True)
        os._exit(3)


url, folder = sys.argv[1], Path(sys.argv[2])
for place, step in enumerate(STEPS):
    own = folder / str(place)
    own.mkdir()
    killed, again = job(url, own, 20 + place, step), job(url, own, 20 + place)
    print(place, step, killed, again, sep=";", flush=True)
"""


@pytest.mark.slow
def test_a_kill_at_any_step_submits_no_request_twice_and_loses_none(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_KEY", KEY)
    paths = os.pathsep.join([str(repository / "scripts"), str(repository)])
    with serving_batches() as server:
        server.states = ("in_progress",)
        command = [sys.executable, "-c", JOBS, server.url, str(tmp_path)]
        done = subprocess.run(command, env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        steps = [line.split(";") for line in done.stdout.splitlines()]
        batches = [batch["metadata"]["job"] for batch in server.batches.values()]
    assert len(steps) == 14
    for place, step, killed, again in steps:
        folder = tmp_path / place
        assert (killed, again) == ("9", "0"), (step, (folder / "log").read_text())
        assert batches.count(str(folder / "side.batches")) == 1, step
        rows = SideFile(folder / "side.jsonl", "owner").read()
        count = 20 + int(place)
        assert len(rows) == len({row["id"] for row in rows}) == count, step
        assert len(ledger(folder)) == len({row["id"] for row in ledger(folder)}) == count, step
        assert [*folder.glob("side.batches/*.json*"), *folder.glob("ledger/submitted/*")] == [], step
