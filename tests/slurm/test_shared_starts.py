"""Several cells of a base in one submission: they share the start of their libraries, the submission is killed, and what was done
in it is not done again."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import psutil
import pytest
from snakemake.benchmark import BENCHMARK_INTERVAL_SHORT

from ..workflow.conftest import Workplace
from .conftest import RESULTS, Finished, Record, Running, copy_without, eventually, records, run_of, running

pytestmark = pytest.mark.slow

RECIPES = ("equal", "equal-16")
CELLS = [f"{RESULTS}/intrinsic/{recipe}/hasty/de/0/perplexity/nano-base.parquet" for recipe in RECIPES]


def servers(workplace: Workplace) -> set[int]:
    """Processes that have imported libraries, and their forks, which do the jobs."""
    found = [one for one in psutil.process_iter(["cmdline", "cwd"]) if one.info["cwd"] == str(workplace.folder)]
    return {one.pid for one in found if any(word.endswith("start_server.py") for word in one.info["cmdline"] or [])}


def log_of(workplace: Workplace, submission: str) -> Path:
    """What the process says that has imported a submission's libraries."""
    return workplace.folder / RESULTS / f"logs/servers/transformers-{submission}.log"


def suspend(run: Running, submission: str, number: int) -> psutil.Process:
    """The first, second... job of a submission, as soon as it is forked: the log names it at once. To look for it among all
    processes takes as long as a cell."""
    log = log_of(run.workplace, submission)

    def forked() -> list[str]:
        return re.findall(r"process (\d+) does the job of", log.read_text() if log.exists() else "")

    run.when(lambda: len(forked()) >= number, every=0.01, within=f"{RESULTS}/logs")
    process = psutil.Process(int(forked()[number - 1]))
    process.suspend()
    return process


def kept(workplace: Workplace) -> set[str]:
    """Recipes whose perplexities are safe."""
    return {path.parts[-4] for path in (workplace.folder / RESULTS / "unfinished/perplexity").rglob("*.parquet")}


@dataclass(frozen=True)
class Disturbed:
    workplace: Workplace
    output: str
    kept: set[str]

    @property
    def submissions(self) -> list[Record]:
        return [record for record in records(run_of(self.output)) if record.rules.startswith("perplexity-nano-base")]

    def log(self, submission: Record) -> str:
        return log_of(self.workplace, submission.fields["JobId"]).read_text()


@pytest.fixture(scope="module")
def disturbed(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> Disturbed:
    """The submission is cancelled in its second cell. Both have the same texts, so that what to expect is known."""
    workplace = copy_without(finished, tmp_path_factory.mktemp("starts") / "copy", "intrinsic")
    sizes = {"compare": "sizes", "recipes": list(RECIPES)}
    workplace.configure("tiny.yaml", lambda study: study.update(experiments={"sizes": sizes}))
    for recipe in RECIPES[1:]:
        shutil.copytree(workplace.folder / RESULTS / "sft/equal", workplace.folder / RESULTS / "sft" / recipe)
    with running(workplace, target=CELLS) as run:
        run.when(lambda: len(run.jobs("perplexity")) == 1)
        first = run.job("perplexity")
        suspend(run, first, 2)
        before, safe = servers(workplace), kept(workplace)
        subprocess.run(["scancel", first], check=True)
        run.when(lambda: not before & servers(workplace) and len(run.jobs("perplexity")) == 2)
        process = suspend(run, run.job("perplexity"), 1)
        time.sleep(2 * BENCHMARK_INTERVAL_SHORT)  # so that Snakemake measures this one, however fast the machine is
        process.resume()
        assert run.end() == 0, run.output[-6000:]
    eventually(lambda: not servers(workplace))
    return Disturbed(workplace, run.output, safe)


def test_cells_share_a_submission_and_the_start_of_their_libraries(disturbed: Disturbed) -> None:
    first, second = disturbed.submissions
    assert (first.fields["JobState"], second.fields["JobState"]) == ("CANCELLED", "COMPLETED")
    assert [disturbed.log(one).count("has imported its libraries") for one in (first, second)] == [1, 1]
    assert disturbed.log(first).count("does the job of") == len(disturbed.kept) + 1
    assert disturbed.log(second).count("does the job of") == len(RECIPES)


def test_what_a_killed_submission_had_done_is_not_done_again(disturbed: Disturbed) -> None:
    assert 0 < len(disturbed.kept) < len(RECIPES)
    logs = {
        path.parts[-4]: path.read_text() for path in (disturbed.workplace.folder / RESULTS / "logs/perplexity").rglob("*.log")
    }
    assert {recipe for recipe, text in logs.items() if "an earlier attempt at this submission" in text} == disturbed.kept
    assert kept(disturbed.workplace) == set()


def test_results_are_those_of_the_undisturbed_run(finished: Finished, disturbed: Disturbed) -> None:
    expected = (finished.workplace.folder / CELLS[0]).read_bytes()
    assert [(disturbed.workplace.folder / path).read_bytes() == expected for path in CELLS] == [True] * len(CELLS)


def test_timings_are_those_of_the_process_that_did_the_job(disturbed: Disturbed) -> None:
    """Who waits for it has no torch in its memory."""
    timings = (disturbed.workplace.folder / RESULTS / "benchmarks/perplexity").rglob("*.tsv")
    assert max(pd.read_csv(path, sep="\t")["max_rss"].item() for path in timings) > 300
