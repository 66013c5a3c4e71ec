"""Faults on a small real study: after each one and a resumed run, the final tables are the same bytes as without it.

    python -m tests.workflow.faults [--only TEXT ...] [--seed 0] [--folder FOLDER]

runs them all, a line each, and ends with 1 if a table differs; it takes about an hour on two cores. `test_faults.py` runs some of
them. The study has a nano teacher and one behind an endpoint on a real socket. Faults of disks need root, for mounts.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.endpoint import KEY, Server, cut_in_the_body, garbage, serving, status
from tests.patience import wait_until
from tests.workflow.conftest import Workplace
from tests.workflow.faulty_study import BROKEN, STAGES, Place, behave, fingerprint, finish, from_stage, make, mounted

Fault = Callable[[Place], None]


def killed(rule: str) -> Fault:
    """SIGKILL to the whole run at a random moment of a stage."""

    def fault(place: Place) -> None:
        from_stage(place.work, rule)
        later = place.rng.uniform(0, 1.5)
        with place.running() as run:
            wait_until(lambda: place.log(rule) or run.poll() is not None, place.results, job=None)
            time.sleep(later)

    return fault


def signalled(number: int, rule: str) -> Fault:
    """A signal to Snakemake, as from Ctrl-C or a shutdown."""

    def fault(place: Place) -> None:
        from_stage(place.work, rule)
        with place.running() as run:
            wait_until(lambda: place.log(rule) or run.poll() is not None, place.results)
            run.send_signal(number)
            wait_until(lambda: run.poll() is not None, place.results)

    return fault


def one_job_killed(place: Place) -> None:
    """SIGKILL to the processes of a job, not to the run."""
    from_stage(place.work, "student")
    with place.running() as run:
        wait_until(lambda: place.log("student") or run.poll() is not None, place.results)
        for child in psutil.Process(run.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                child.kill()
        wait_until(lambda: run.poll() is not None, place.results)


def endpoint(*faults: Any) -> Fault:
    """The endpoint misbehaves at a third of the questions, each in turn."""

    def fault(place: Place) -> None:
        asked = sorted(place.server.asked)
        from_stage(place.work, "synthesize")
        place.server.faults = {text: list(faults) for text in place.rng.sample(asked, len(asked) // 3)}

    return fault


def endpoint_away(place: Place) -> None:
    """Nobody listens at the endpoint's port for some seconds of its job; then it is back."""
    from_stage(place.work, "synthesize")
    place.server.delay = 0.2
    with place.running() as run:
        before = place.server.asked.total()
        wait_until(lambda: place.server.asked.total() > before or run.poll() is not None, place.results)
        address = place.server.server_address
        place.server.shutdown()
        place.server.socket.close()
        time.sleep(place.rng.uniform(1, 4))
        Server.__base__.__init__(place.server, address, place.server.RequestHandlerClass)  # type: ignore[misc, union-attr]
        start(place.server)
        wait_until(lambda: run.poll() is not None, place.results)
    place.server.delay = 0.0


def start(server: Server) -> None:
    import threading

    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()


def disk_full(rule: str, megabytes: float) -> Fault:
    """The study's folder is on a disk with little room; then there is more."""

    def fault(place: Place) -> None:
        from_stage(place.work, rule)
        used = sum(path.stat().st_size for path in place.results.rglob("*") if path.is_file()) / 1e6
        with mounted(place.results, "-t", "tmpfs", "-o", f"size={used * 1.3 + megabytes:.0f}M", "tmpfs"):
            ended = place.work.snakemake(check=False)
            said = ended.stdout + ended.stderr
            assert ended.returncode == 0 or "No space left" in said or "Errno 28" in said or "disk" in said.lower(), said[-2000:]

    return fault


def read_only(rule: str) -> Fault:
    """The study's folder cannot be written; then it can."""

    def fault(place: Place) -> None:
        from_stage(place.work, rule)
        with mounted(place.results, "-t", "tmpfs", "-o", "size=2G", "tmpfs"):
            subprocess.run(["mount", "-o", "remount,ro", str(place.results)], check=True)
            ended = place.work.snakemake(check=False)
            assert ended.returncode
            subprocess.run(["mount", "-o", "remount,rw", str(place.results)], check=True)

    return fault


def broken(pattern: str, then: str, how: Callable[[bytes, random.Random], bytes]) -> Fault:
    """A file is torn or corrupt, and the stage that reads it is to run."""

    def fault(place: Place) -> None:
        from_stage(place.work, then)
        files = sorted(place.results.glob(pattern))
        assert files, pattern
        path = place.rng.choice(files)
        BROKEN.add(path.name)
        stamp = path.stat()
        path.write_bytes(how(path.read_bytes(), place.rng))
        os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))

    return fault


def torn_in_progress(pattern: str, rule: str) -> Fault:
    """A run is killed, and the file that it was writing has lost its end."""

    def fault(place: Place) -> None:
        from_stage(place.work, rule)
        place.server.delay = 0.05
        with place.running() as run:
            wait_until(lambda: any(place.results.glob(pattern)) or run.poll() is not None, place.results)
            time.sleep(place.rng.uniform(0.1, 0.6))
        place.server.delay = 0.0
        for path in place.results.glob(pattern):
            if path.is_file():
                content = path.read_bytes()
                path.write_bytes(content[: place.rng.randrange(len(content) + 1)])

    return fault


def torn(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content))]


def flipped(content: bytes, rng: random.Random) -> bytes:
    """Some bytes near the end are others."""
    changed = bytearray(content)
    for _ in range(16):
        changed[rng.randrange(len(content) - min(len(content), 400), len(content))] ^= 0xFF
    return bytes(changed)


def twice(rule: str) -> Fault:
    """A second run in the same folder, while the first is at work."""

    def fault(place: Place) -> None:
        from_stage(place.work, rule)
        with place.running() as run:
            wait_until(lambda: place.log(rule) or run.poll() is not None, place.results)
            second = place.work.snakemake(check=False)
            assert run.poll() is not None or second.returncode, "two runs at once"
            wait_until(lambda: run.poll() is not None, place.results)

    return fault


def clock(days: float, *parts: str) -> Fault:
    """Time stamps from another day: a clock that was set, or a copy that did not keep them."""

    def fault(place: Place) -> None:
        when = time.time() + days * 86400
        files = [path for part in parts for path in (place.results / part).rglob("*") if path.is_file()]
        for path in place.rng.sample(files, max(1, len(files) // 2)):
            os.utime(path, (when, when))

    return fault


FAULTS: dict[str, Fault] = {
    **{f"kill -9 in {rule}": killed(rule) for rule in STAGES},
    "kill -9 in synthesize, again": killed("synthesize"),
    "kill -9 in student, again": killed("student"),
    "Ctrl-C in synthesize": signalled(signal.SIGINT, "synthesize"),
    "SIGTERM in student": signalled(signal.SIGTERM, "student"),
    "Ctrl-C in evaluation": signalled(signal.SIGINT, "evaluate_student"),
    "kill -9 of a job's processes": one_job_killed,
    "endpoint: 429 and 503": endpoint(status(429, {"Retry-After": "0.1"}), status(503)),
    "endpoint: bodies cut and garbled": endpoint(cut_in_the_body, garbage),
    "endpoint: 500 twice": endpoint(status(500), status(500)),
    "endpoint: away and back": endpoint_away,
    "disk full in synthesis": disk_full("synthesize", 0.2),
    "disk full in training": disk_full("student", 0.5),
    "disk full in tables": disk_full("table", 0.1),
    "read-only before synthesis": read_only("synthesize"),
    "read-only before tables": read_only("table"),
    "torn side file": torn_in_progress("unfinished/answers/*/de/0.jsonl", "synthesize"),
    "torn ledger": torn_in_progress("ledger/*.jsonl", "synthesize"),
    "torn checkpoint": torn_in_progress("unfinished/students/**/*.safetensors", "student"),
    "torn state of a checkpoint": torn_in_progress("unfinished/students/**/*.pt", "student"),
    "torn kept answers": broken("unfinished/superseded/**/*.jsonl.gz", "table", torn),
    "torn answers": broken("answers/*/de/*/0.parquet", "check_answers", torn),
    "corrupt answers": broken("answers/*/de/*/0.parquet", "check_answers", flipped),
    "torn training set": broken("sft/equal/*/de/0.parquet", "diversity", torn),
    "torn rewards": broken("intrinsic/equal/*/de/0/reward.parquet", "measurements", torn),
    "torn student": broken("students/nano-base/equal/*/de/0/model.safetensors", "evaluate_student", torn),
    "torn outcomes": broken("evaluation/students/nano-base/equal/*/de/0.parquet", "measurements", torn),
    "torn requests": broken("requests/de/*/0.parquet", "synthesize", torn),
    "two runs, synthesis": twice("synthesize"),
    "two runs, training": twice("student"),
    "clock a day ahead": clock(1, "requests", "answers"),
    "clock a day behind": clock(-1, "synthetic", "sft"),
    "clock: models of tomorrow": clock(1, "models", "students"),
    "clock: tables of last year": clock(-365, "tables", "scores"),
}


def try_out(name: str, original: Workplace, expected: dict[str, str], server: Server, seed: int, folder: Path) -> str:
    """One fault in a copy of the study; what was done to finish it.

    Raises:
        AssertionError: if it cannot be finished, or a final table differs.
    """
    shutil.copytree(original.folder, folder, symlinks=True, copy_function=shutil.copy2)
    place = Place(Workplace(folder), server, random.Random(f"{name} {seed}"))
    BROKEN.clear()
    server.faults, server.delay = {}, 0.0
    FAULTS[name](place)
    how = finish(place.work)
    server.faults = {}
    found = fingerprint(place.work)
    different = sorted(table for table in expected.keys() | found.keys() if expected.get(table) != found.get(table))
    assert not different, f"these differ: {', '.join(different)}"
    return how


def main() -> None:
    """Run the faults and print a line each."""
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--only", nargs="+", default=[""], help="faults whose names hold one of these")
    given.add_argument("--seed", type=int, default=0, help="of the random moments")
    given.add_argument("--folder", type=Path, help="where the studies go (default: a temporary folder)")
    options = given.parse_args()
    os.environ["TEST_KEY"] = KEY
    failed = 0
    with serving() as server, tempfile.TemporaryDirectory() as temporary:
        server.behave = behave
        top = (options.folder or Path(temporary)).resolve()
        original = make(Path(__file__).resolve().parents[2], top / "original", server.url)
        expected = fingerprint(original)
        print(f"{len(expected)} final tables", flush=True)
        for name in (name for name in FAULTS if any(part in name for part in options.only)):
            began = time.monotonic()
            try:
                said = try_out(name, original, expected, server, options.seed, top / "copy")
            except Exception as error:
                failed, said = failed + 1, f"FAILED: {error}"
            print(f"{name:36} {time.monotonic() - began:5.0f} s  {said}", flush=True)
            shutil.rmtree(top / "copy", ignore_errors=True)
    raise SystemExit(bool(failed))


if __name__ == "__main__":
    main()
