"""A run: what its rules ask for, on this machine and on a cluster, and what is done before its first job."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from polyglot.cluster import run as running
from polyglot.cluster.leftovers import RunElsewhereError
from polyglot.cluster.run import Run, RunError
from polyglot.core.errors import ConfigurationError
from polyglot.core.submission import VARIABLE, current_submission
from polyglot.core.upstream import warn
from polyglot.planning.demands import Demand, Demands
from polyglot.planning.submissions import GROUPS
from polyglot.workflow.loading import load_study

from .test_snakemake_inside import Job, workflow

SITE = "profiles/slurm/site.yaml"


class Large:
    """Demands of a study of one rule, whose jobs are large."""

    def of(self, rule: str | None, wildcards: Any, attempt: int) -> Demand:
        return Demand(gpu=1, threads=8, mem_mb=9000 * attempt, runtime=90 * attempt)

    def by(self, rule: str | None) -> Any:
        return lambda wildcards, attempt: self.of(rule, wildcards, attempt)


DEMANDS: Any = Large()


def here() -> Any:
    scopes = workflow().resource_settings
    scopes.overwrite_resource_scopes = {}
    return workflow(resource_settings=scopes, local_exec=True, executor_settings=None)


@pytest.fixture
def cluster(tmp_path: Path) -> Path:
    """A repository whose cluster takes jobs of up to 100 minutes."""
    (tmp_path / SITE).parent.mkdir(parents=True)
    (tmp_path / SITE).write_text("partitions: {gpu: fast}\nlimits: {minutes: 100}\n")
    return tmp_path


def test_a_job_on_this_machine_asks_in_snakemakes_own_words(tmp_path: Path) -> None:
    run = Run(here(), tmp_path, DEMANDS)
    assert run.site is None
    assert {name: value(None, 2) for name, value in run.asked("large").items()} == {"gpu": 1, "mem_mb": 18000, "runtime": 180}
    assert run.threads("large")(None, 2) == 8


def test_a_job_on_a_cluster_asks_in_the_words_of_its_site(cluster: Path) -> None:
    asked = {name: value(None, 2) for name, value in Run(workflow(), cluster, DEMANDS).asked("large").items()}
    assert asked["runtime"] == 100
    assert asked["slurm_partition"] == "fast"
    assert asked["in_group"] == 1


def test_a_cluster_without_a_site_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"site\.yaml: no such file"):
        Run(workflow(), tmp_path, DEMANDS)


def test_a_run_on_this_machine_only_loses_its_rate_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "cancel_leftovers", lambda folder: pytest.fail("nothing is in a queue"))
    parts = here()
    Run(parts, tmp_path, DEMANDS).prepare()
    assert parts.scheduler.job_rate_limiter is None


def test_jobs_of_an_earlier_run_are_cancelled_before_the_first_job(
    cluster: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(running, "cancel_leftovers", lambda folder: {"first": 2})
    Run(workflow(executor_settings=None), cluster, DEMANDS).prepare()
    assert "Cancelled 2 jobs that an earlier run left in the queue (first)" in capsys.readouterr().err


def test_a_run_of_local_rules_leaves_the_queue_alone(cluster: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "cancel_leftovers", lambda folder: pytest.fail("no job is submitted"))
    Run(workflow(is_local=lambda rule: True), cluster, DEMANDS).prepare()


def test_jobs_of_a_run_on_another_machine_stop_this_one(cluster: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def elsewhere(folder: Path) -> dict[str, int]:
        raise RunElsewhereError("2 jobs are of a run on login2")

    monkeypatch.setattr(running, "cancel_leftovers", elsewhere)
    with pytest.raises(RunError, match="login2"):
        Run(workflow(executor_settings=None), cluster, DEMANDS).prepare()


def test_an_executor_of_slurm_without_its_inner_parts_is_used_as_it_is(
    cluster: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    warn.cache_clear()
    monkeypatch.setattr(running, "cancel_leftovers", lambda folder: {})
    Run(workflow(), cluster, DEMANDS).prepare()  # its executor is a text
    said = capsys.readouterr().err
    for lost in ("for leftovers", "is not waited for", "seen late", "missing from the list", "may ask for more than 100 minutes"):
        assert lost in said
    assert "each job of a submission starts Snakemake once more" in said


def test_jobs_of_a_submission_see_it_if_it_has_several(cluster: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")
    monkeypatch.chdir(cluster)
    demands: Any = SimpleNamespace(study=SimpleNamespace(study="mine"))
    begun: list[Any] = []
    monkeypatch.setattr(running, "begin", begun.append)
    for jobs, sharing in ((["reward:x=1"], None), (["metric:x=1", "metric:x=2"], True)):
        monkeypatch.setattr(sys, "argv", ["snakemake", "--target-jobs", *jobs])
        Run(workflow(is_main_process=False), cluster, demands)
        found = current_submission()
        assert (found and found.sharing) is sharing
    assert found is not None
    assert begun[-1] == found
    assert found.pid == os.getpid()
    assert found.logs == str(cluster / "results/mine/logs/servers")


def test_a_site_can_say_that_a_submission_shares_nothing(cluster: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")
    monkeypatch.setattr(running, "begin", lambda submission: pytest.fail("nothing is to be started"))
    monkeypatch.setattr(sys, "argv", ["snakemake", "--target-jobs", "reward:x=1", "reward:x=2"])
    (cluster / SITE).write_text("share_engines: false\n")
    demands: Any = SimpleNamespace(study=SimpleNamespace(study="mine"))
    Run(workflow(is_main_process=False), cluster, demands)
    found = current_submission()
    assert found is not None
    assert not found.sharing


def test_a_node_without_a_place_for_servers_shares_none(
    cluster: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(submission: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setenv(VARIABLE, "")
    monkeypatch.setattr(running, "begin", full)
    monkeypatch.setattr(sys, "argv", ["snakemake", "--target-jobs", "reward:x=1", "reward:x=2"])
    demands: Any = SimpleNamespace(study=SimpleNamespace(study="mine"))
    Run(workflow(is_main_process=False), cluster, demands)
    found = current_submission()
    assert found is not None
    assert not found.sharing
    assert "share no start and no engine: no space left" in capsys.readouterr().err


def test_the_workflow_names_groups_and_their_sizes(cluster: Path, repository: Path) -> None:
    """A submission of 100 minutes takes two jobs of half an hour and a bit; a rule whose jobs run here is left alone."""
    study, registries = load_study(repository / "config/paper.yaml", repository)
    rules = {rule: SimpleNamespace(group=None) for rule in GROUPS}
    settings = SimpleNamespace(group_components={"diversity-{teacher}": 16})
    run = Run(workflow(get_rule=rules.get, group_settings=settings), cluster, Demands(study, registries))
    run.group_jobs(apart=["reward"])
    assert rules["reward"].group is None
    wildcards = {"teacher": "command-a", "recipe": "equal", "lang": "de", "seed": "0"}
    group = rules["diversity"].group(wildcards)
    runtime = run._demands.of("diversity", wildcards, 1).runtime
    assert settings.group_components[group] == 100 // runtime == 2
    assert rules["synthesize"].group(wildcards | {"teacher": "gpt-4o-mini"}) is None
    here_ = Run(here(), cluster, Demands(study, registries))
    here_.group_jobs()


def test_the_report_names_what_failed(tmp_path: Path) -> None:
    parts = here()
    parts.scheduler.failed = [Job("student")]
    assert "student (lang de), 2 attempts" in Run(parts, tmp_path, DEMANDS).failures()
