"""The study that faults happen to: how it is made, disturbed, finished and compared (see `faults.py`)."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import psutil

from polyglot.synthesis.methods.base import pair_json
from tests.endpoint import Server, completion
from tests.workflow.conftest import TINY, Workplace, copy_workflow, share_the_world, shrink

RESULTS = "results/demo"
STAGES: dict[str, tuple[str, ...]] = {
    "nano_pretrain": ("models",),
    "render_requests": ("requests",),
    "synthesize": ("answers", "further", "unfinished"),
    "check_answers": ("synthetic",),
    "training_set": ("sft",),
    "diversity": ("intrinsic",),
    "perplexity": ("intrinsic",),
    "reward": ("intrinsic",),
    "student": ("students",),
    "evaluate_student": ("evaluation/students",),
    "measurements": ("scores",),
    "analysis": ("analysis",),
    "table": ("tables",),
    "page": ("index.html",),
}
"""A rule of every stage, in their order, and what its jobs write below the study's folder."""
SAME = ("tables", "scores", "analysis")
TIMED = ("resources", "ledger", "prices")
"""Tables with run times in them."""


def fingerprint(workplace: Workplace) -> dict[str, str]:
    """The hash of every final table."""
    results = workplace.folder / RESULTS
    files = [path for place in SAME for path in (results / place).rglob("*.csv") if path.stem not in TIMED]
    return {str(path.relative_to(results)): hashlib.sha256(_without_times(path)).hexdigest() for path in sorted(files)}


def _without_times(path: Path) -> bytes:
    """A table's bytes; of the recommendation without the hours that its data took."""
    if path.stem != "recommendation":
        return path.read_bytes()
    frame = pd.read_csv(path).drop(columns=["hours_per_10k", "gpu_hours_per_10k"])
    frame["advice"] = frame["advice"].str.replace(r"[\d.]+ h of synthesis", "", regex=True)
    return frame.to_csv().encode()


def behave(body: dict[str, Any]) -> tuple[int, Any]:
    """The same answer to the same question, in German; a pair where one is asked for."""
    said = int(hashlib.sha256(body["messages"][-1]["content"].encode()).hexdigest()[:6], 16)
    question, answer = f"Wie viel ist {said % 97} plus {said % 89}?", f"Die Summe ist {said % 97 + said % 89}."
    return 200, completion(pair_json(question, answer) if body.get("response_format") else answer)


def make(repository: Path, folder: Path, url: str) -> Workplace:
    """The study, run without a fault."""
    folder.mkdir(parents=True)
    workplace = copy_workflow(repository, folder)
    workplace.configure("models.yaml", shrink)
    api = {"engine": "openai", "endpoint": {"url": url, "model": "m", "api_key": "TEST_KEY", "timeout": 5, "patience": 120}}
    workplace.configure("models.yaml", lambda models: models.update(api=api))
    study = share_the_world(TINY | {"teachers": ["hasty", "api"]})
    workplace.configure("demo.yaml", lambda _: study)
    workplace.snakemake()
    return workplace


def from_stage(workplace: Workplace, rule: str) -> None:
    """Remove what a stage and all later ones have made."""
    results = workplace.folder / RESULTS
    names = list(STAGES)
    for name in names[names.index(rule) :]:
        for part in STAGES[name]:
            path = results / part
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    shutil.rmtree(results / "logs", ignore_errors=True)


def finish(workplace: Workplace, most: int = 4) -> str:
    """Run to the end, as a user would: unlock, run again, and remove a file that a message calls unreadable.

    Returns:
        What had to be done, for the report.
    """
    done: list[str] = []
    for _ in range(most):
        workplace.unlock()
        ended = workplace.snakemake(check=False)
        if ended.returncode == 0:
            return ", ".join(done) or "resumed"
        said = ended.stdout + ended.stderr
        files = [path for path in (workplace.folder / RESULTS).rglob("*") if path.is_file()]
        named = [path for path in files if str(path.relative_to(workplace.folder)) in said]
        broken = [path for path in named if path.name in BROKEN]
        for path in broken:
            whole = path.parent if path.suffix == ".safetensors" else path  # a student is its folder
            shutil.rmtree(whole) if whole.is_dir() else whole.unlink()
        done.append(f"removed {', '.join(path.name for path in broken)}" if broken else "run again")
    raise AssertionError(f"the study does not come to its end:\n{said[-3000:]}")


BROKEN: set[str] = set()
"""Names of the files that a fault has broken, and that a user may be told to remove."""


@dataclass
class Place:
    """Where a fault happens."""

    work: Workplace
    server: Server
    rng: random.Random

    @property
    def results(self) -> Path:
        return self.work.folder / RESULTS

    def log(self, rule: str) -> bool:
        return (self.results / "logs" / rule).exists() or (self.results / f"logs/{rule}.log").exists()

    @contextlib.contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        """A run in a process group of its own."""
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen(["snakemake"], cwd=self.work.folder, start_new_session=True, **quiet)  # type: ignore[call-overload]
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            left = [one for one in psutil.process_iter(["cwd"]) if one.info["cwd"] == str(self.work.folder)]
            psutil.wait_procs(left, timeout=120)


@contextlib.contextmanager
def mounted(folder: Path, *options: str) -> Iterator[None]:
    """A file system in place of a folder, with the folder's files; they are put back when the block ends."""
    beside = folder.with_name(f"{folder.name}.kept")
    folder.rename(beside)
    folder.mkdir()
    subprocess.run(["mount", *options, str(folder)], check=True)
    try:
        shutil.copytree(beside, folder, dirs_exist_ok=True, copy_function=shutil.copy2, symlinks=True)
        yield
        shutil.rmtree(beside)
        shutil.copytree(folder, beside, copy_function=shutil.copy2, symlinks=True)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
        folder.rmdir()
        beside.rename(folder)
