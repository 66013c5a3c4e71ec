"""Bad inputs through every entry: Snakemake's command line, the Snakefile and a job tell one message, without a traceback.

tests/unit/workflow/test_bad_inputs.py has the inputs one by one.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import TINY, Workplace, copy_workflow

pytestmark = pytest.mark.slow
SEED = "results/demo/seed/de.parquet"


@pytest.fixture(scope="module")
def place(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    found = copy_workflow(repository, tmp_path_factory.mktemp("bad"))
    (found.folder / "config/demo.yaml").write_text(json.dumps(TINY), encoding="utf-8")
    return found


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-n", "--configfile", "config/none.yaml"], "config/none.yaml: there is no such study file"),
        (["-n", "--configfile", "config"], "config: this is a folder"),
        (["-n", "--configfile", "broken.yaml"], 'in "broken.yaml", line 2'),
        (["-n", "--configfile", "config/demo.yaml", SEED], f"{SEED}: there is no such study file"),
        (["-n", "--config", "techers=[hasty]"], "techers: no such key"),
        (["-n", "--config", "seeds=abc"], "seeds: Input should be a valid list"),
        (["-n", "results/demo/tables/leaderbord.csv"], "did you mean results/demo/tables/leaderboard.csv"),
        (["-n", "results/nostudy/tables/leaderboard.csv"], "there is no file of a study 'nostudy'"),
        (["plann", "-n"], "plann: no rule makes this; did you mean plan?"),
        (["-n", SEED, "--config", "seed_dataset={files: {de: none.jsonl}}"], "none.jsonl: file not found"),
    ],
)
def test_a_run_that_cannot_begin_says_so_once(place: Workplace, arguments: list[str], said: str) -> None:
    (place.folder / "broken.yaml").write_text("study: x\nlanguages: [de\n", encoding="utf-8")
    done = place.snakemake(*arguments, check=False, variables={"PYTHONPATH": str(place.folder / "scripts")})
    output = done.stdout + done.stderr
    assert done.returncode
    assert output.count(said) == 1, output
    assert "Traceback" not in output
    assert 'File "' not in output
    assert not (place.folder / "results").exists()


def test_words_that_are_targets_are_taken(repository: Path, tmp_path: Path) -> None:
    """Of the embedded study, which has experiments of every kind."""
    demo = copy_workflow(repository, tmp_path)
    for word in ("experiments", "route", "select"):
        assert demo.planned(word)["synthesize"]


def test_a_job_that_finds_a_wrong_input_says_so_once_and_keeps_the_traceback_in_its_log(place: Workplace) -> None:
    """What only the job can see: the prompts are there, but too few of them are short enough."""
    row = {"prompt": "Wer?", "response": "Ich."}
    (place.folder / "few.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    target = "results/demo/requests/de/generate/0.parquet"
    done = place.snakemake(target, "--config", "seed_dataset={files: {de: few.jsonl}}", check=False)
    output = done.stdout + done.stderr
    assert done.returncode
    assert output.count("generate in 'de' needs") == 1, output
    assert "Traceback" not in output
    assert "`missing`" not in output  # a cell cannot be left out for that
    log = (place.folder / "results/demo/logs/render_requests/de/0.log").read_text(encoding="utf-8")
    assert "Traceback" in log
    assert (place.folder / SEED).exists()
