"""Questions to Snakemake about a study: in the words of the profile at hand, by plugins that read Snakemake's inner parts."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from snakemake.iocontainers import InputFiles
from snakemake_interface_common.exceptions import WorkflowError

from polyglot.core.upstream import warn
from polyglot.workflow.ask_snakemake import profile_named, workflow_hash


@pytest.mark.parametrize(
    ("arguments", "profile"),
    [
        ([], None),
        (["plan", "--profile", "slurm"], "slurm"),
        (["--profile=slurm", "plan"], "slurm"),
        (["--profile", "local", "--profile", "slurm"], "slurm"),
    ],
)
def test_the_profile_is_the_last_that_the_command_line_names(arguments: list[str], profile: str | None) -> None:
    assert profile_named(arguments) == profile


DECIDING = (
    "rules/nano.smk",
    "scripts/polyglot/planning/demands.py",
    "scripts/polyglot/workflow/inputs/hub.py",
    "scripts/polyglot/study/sizes.py",
)


def test_the_hash_follows_the_rules_and_what_their_jobs_ask_for(tmp_path: Path) -> None:
    files = (*DECIDING, "scripts/nano/nano_pretrain.py")
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("1")
    found = [workflow_hash(tmp_path)]
    for file in files:
        (tmp_path / file).write_text("2")
        found.append(workflow_hash(tmp_path))
    assert len(set(found[:-1])) == len(DECIDING) + 1
    assert found[-1] == found[-2]


@pytest.fixture
def plugin(repository: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(repository / "plugins")
    warn.cache_clear()
    return importlib.import_module("snakemake_report_plugin_jobs")


def job() -> SimpleNamespace:
    """As Snakemake's, of a rule with one script."""
    rule = SimpleNamespace(
        name="seed", docstring="Seeds.", script="../scripts/seeds/seed.py", norun=False, workflow=SimpleNamespace(basedir="/w")
    )
    none = InputFiles()
    return SimpleNamespace(
        rule=rule,
        message="Seeds in de",
        wildcards={"lang": "de"},
        wildcards_dict={"lang": "de"},
        input=none,
        output=InputFiles(["seed.parquet"]),
        params=none,
        log=[],
        benchmark=None,
        threads=1,
        resources={"mem_mb": 4000},
        shellcmd=None,
        conda_env_spec=SimpleNamespace(is_file=True, file="/w/envs/locked/analysis.yaml"),
    )


def rendered(plugin: ModuleType, folder: Path, job: SimpleNamespace, **parts: Any) -> dict[str, Any]:
    reporter = plugin.Reporter.__new__(plugin.Reporter)
    reporter.settings = SimpleNamespace(path=folder / "jobs.jsonl")
    reporter.dag = SimpleNamespace(**parts)
    reporter.render()
    line: dict[str, Any] = json.loads((folder / "jobs.jsonl").read_text())
    return line


PERSISTENCE = SimpleNamespace(metadata=lambda file: {"starttime": 1.0, "endtime": 2.0})


def test_a_job_is_listed_with_its_environment_and_its_last_run(plugin: ModuleType, tmp_path: Path) -> None:
    one = job()
    workflow = SimpleNamespace(persistence=PERSISTENCE)
    line = rendered(plugin, tmp_path, one, toposorted=lambda: [[one]], workflow=workflow)
    assert (line["rule"], line["script"], line["start"], line["end"]) == ("seed", "seed.py", 1.0, 2.0)
    assert line["conda"] == "envs/locked/analysis.yaml"


def test_without_inner_parts_a_job_is_listed_with_what_is_known(
    plugin: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = job()
    del one.conda_env_spec
    line = rendered(plugin, tmp_path, one, toposorted=lambda: [[one]], workflow=SimpleNamespace())
    assert (line["start"], line["end"], line["conda"]) == (None, None, None)
    said = capsys.readouterr().err
    assert "does not say when each job ran" in said
    assert "in which environment" in said


def test_without_a_list_of_jobs_there_is_no_archive(plugin: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(WorkflowError, match="no archive"):
        rendered(plugin, tmp_path, job(), workflow=SimpleNamespace(persistence=PERSISTENCE))
