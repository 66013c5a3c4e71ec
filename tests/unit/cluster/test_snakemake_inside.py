"""Snakemake's inner parts: used where they are there; where one is gone, a warning says what is lost, and the run goes on."""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from snakemake import benchmark
from snakemake.jobs import GroupJob
from snakemake.report import RuleRecord

from polyglot.cluster.slurm import Word
from polyglot.cluster.snakemake_inside import (
    SNAKEMAKE,
    command_line,
    count_served_jobs,
    drop_job_rate_limit,
    expected_jobs,
    failures,
    group_components,
    group_jobs,
    has_jobs_to_submit,
    jobs_of_a_submission,
    keep_groups_within,
    keep_texts_of_the_report,
    read_environments_once,
    slurm_executor,
    submits,
    take_threads_of_the_nodes,
)
from polyglot.core.upstream import warn


class Job:
    """As Snakemake's: a job that was given up."""

    def __init__(self, name: str) -> None:
        self.rule = SimpleNamespace(name=name)
        self.wildcards_dict = {"lang": "de"}
        self.log = [f"{name}.log"]
        self.benchmark: str | None = None
        self.attempt = 2

    def is_group(self) -> bool:
        return False


class Group(list[Job]):
    attempt = 3

    def is_group(self) -> bool:
        return True


def workflow(*given_up: Any, **others: Any) -> SimpleNamespace:
    """As Snakemake's, with the attributes that are touched, on a cluster."""
    parts = {
        "is_main_process": True,
        "local_exec": False,
        "resource_settings": SimpleNamespace(overwrite_resource_scopes={"in_group": "local"}, cores=2),
        "global_resources": {"_cores": 2},
        "executor_settings": SimpleNamespace(status_command=None),
        "scheduler": SimpleNamespace(job_rate_limiter="limit", failed=list(given_up), _executor="executor"),
        "dag": SimpleNamespace(needrun_jobs=lambda: [Job("plan"), Job("student")]),
        "is_local": lambda rule: rule.name == "plan",
    }
    return SimpleNamespace(**(parts | others))


def test_the_inner_parts_are_those_of_the_installed_snakemake() -> None:
    assert SNAKEMAKE.check_version()


def test_jobs_are_submitted_where_the_profile_gives_its_resource_a_scope() -> None:
    assert submits(workflow())
    assert not submits(workflow(resource_settings=SimpleNamespace(overwrite_resource_scopes={})))


@pytest.mark.parametrize(("main", "cores"), [(True, sys.maxsize), (False, 2)])
def test_threads_are_those_of_the_nodes_where_jobs_are_submitted(main: bool, cores: int) -> None:
    run = workflow(is_main_process=main)
    take_threads_of_the_nodes(run)
    assert run.resource_settings.cores == run.global_resources["_cores"] == cores


@pytest.mark.parametrize(("local", "limit"), [(True, None), (False, "limit")])
def test_jobs_on_one_machine_start_without_a_rate_limit(local: bool, limit: str | None) -> None:
    run = workflow(local_exec=local)
    drop_job_rate_limit(run)
    assert run.scheduler.job_rate_limiter == limit


def test_a_job_that_is_done_by_another_process_is_measured_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark.BenchmarkTimer, "_update_record", benchmark.BenchmarkTimer._update_record)
    waits = "import sys; print('ready', flush=True); sys.stdin.read()"
    holds = f"held = bytearray(200 * 2**20); {waits}"
    watched, serving = (
        subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) for code in (waits, holds)
    )
    try:
        for process in (watched, serving):
            assert process.stdout is not None
            process.stdout.readline()
        count_served_jobs({watched.pid: serving.pid}.get)
        record = benchmark.BenchmarkRecord()
        benchmark.BenchmarkTimer(watched.pid, record).work()
    finally:
        for process in (watched, serving):
            process.communicate()
    assert record.max_rss > 200
    assert {pid for pid, _ in record.processed_procs} == {watched.pid, serving.pid}


def test_a_run_of_local_rules_submits_nothing() -> None:
    assert has_jobs_to_submit(workflow())
    assert not has_jobs_to_submit(workflow(is_local=lambda rule: True))


def test_jobs_are_named_with_what_they_need_and_what_they_took(tmp_path: Path) -> None:
    first, second = Job("seed"), Job("student")
    (tmp_path / "seed.tsv").write_text("s\th:m:s\n3.50\t0:00:03\n")
    first.benchmark, second.benchmark = str(tmp_path / "seed.tsv"), None
    dag = SimpleNamespace(
        toposorted=lambda: [[first], [second]],
        needrun=lambda job: job is second,
        jobid=[first, second].index,
        dependencies={second: {first: {"file"}}},
    )
    found = expected_jobs(workflow(dag=dag), lambda rule, wildcards: (len(rule), 2))
    assert [(job.rule, job.done, job.took, job.needs) for job in found] == [
        ("seed", True, 3.5, frozenset()),
        ("student", False, None, frozenset({0})),
    ]
    assert found[1].seconds == 7
    assert expected_jobs(workflow(dag=SimpleNamespace()), lambda rule, wildcards: (1.0, 1)) == []


def test_a_name_in_the_report_ends_no_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from snakemake.report.html_reporter import data

    for name in (name for name in dir(data) if name.startswith("render_")):
        monkeypatch.setattr(data, name, getattr(data, name))
    evil = "</script><script>x()</script><!--"
    job = SimpleNamespace(rule=SimpleNamespace(name="table"))
    about = {"name": "a", "filename": "a", "labels": {"what": evil}, "size": 1, "caption": evil, "mime": "text/csv", "job": job}
    result = SimpleNamespace(**about, path=tmp_path / "a.csv", wildcards=evil, params=evil, data_uri="data:,")
    result.path.write_text("a\n")
    asked = {"category": {"sub": [result]}}
    before = json.loads(data.render_results(asked, True))
    keep_texts_of_the_report()
    text = data.render_results(asked, True)
    assert "<" not in text
    assert json.loads(text) == before
    assert before[str(result.path)]["job_properties"]["params"] == evil


def test_the_report_reads_an_environment_once_and_keeps_what_snakemake_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    load, read = yaml.load, []

    def counted(text: str, Loader: Any) -> Any:
        read.append(text)
        return load(text, Loader)

    monkeypatch.setattr(yaml, "load", counted)
    monkeypatch.setattr(RuleRecord, "__post_init__", RuleRecord.__post_init__)
    environment = b64encode(b"dependencies: [python=3.11, pip: [numpy==2.4.6]]").decode()
    kept = SimpleNamespace(rule="table", container_img_url=None, conda_env=environment)
    job = SimpleNamespace(rule=SimpleNamespace(name="table"))
    by_snakemake = RuleRecord(job, kept)
    read_environments_once()
    records = [RuleRecord(job, kept) for _ in range(3)]
    assert len(read) == 2
    assert all(record == by_snakemake and record._conda_env_raw == by_snakemake._conda_env_raw for record in records)
    assert kept.conda_env == environment
    kept.conda_env = None
    assert RuleRecord(job, kept).conda_env is None


def test_only_the_executor_of_slurm_is_touched() -> None:
    assert slurm_executor(workflow()) == "executor"
    for other in (None, SimpleNamespace()):
        assert slurm_executor(workflow(executor_settings=other)) is None


@pytest.mark.parametrize(("summed", "asked"), [(900, 600), (500, 500)])
def test_a_group_asks_for_no_longer_than_the_cluster_takes(summed: int, asked: int) -> None:
    submitted: list[GroupJob] = []
    executor = SimpleNamespace(run_job=submitted.append)
    keep_groups_within(executor, 600)
    group = GroupJob.__new__(GroupJob)
    group._resources = {"runtime": summed, "mem_mb": 4000}
    executor.run_job(group)
    assert [dict(job.resources.items()) for job in submitted] == [{"runtime": asked, "mem_mb": 4000}]


def test_a_group_whose_resources_are_out_of_reach_is_submitted_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    warn.cache_clear()
    submitted: list[Any] = []
    executor = SimpleNamespace(run_job=submitted.append)
    keep_groups_within(executor, 600)
    group = SimpleNamespace(is_group=lambda: True, resources={"runtime": 900})
    executor.run_job(group)
    assert submitted == [group]
    assert "may ask for more than 600 minutes" in capsys.readouterr().err


def test_a_rules_jobs_are_grouped_by_a_function(capsys: pytest.CaptureFixture[str]) -> None:
    warn.cache_clear()
    rules = {"reward": SimpleNamespace(group=None), "other": SimpleNamespace()}
    group_jobs(workflow(get_rule=rules.get), "reward", lambda wildcards: "it")
    assert rules["reward"].group({}) == "it"
    group_jobs(workflow(get_rule=rules.get), "other", lambda wildcards: "it")
    group_jobs(workflow(), "reward", lambda wildcards: "it")
    said = capsys.readouterr().err
    assert "jobs of the rule other are submitted one by one" in said
    assert "jobs of the rule reward are submitted one by one" in said


def test_sizes_of_groups_are_those_of_the_profile_and_can_be_changed() -> None:
    run = workflow(group_settings=SimpleNamespace(group_components={"a": 4}))
    group_components(run)["b"] = 2
    assert run.group_settings.group_components == {"a": 4, "b": 2}
    assert group_components(workflow(group_settings=SimpleNamespace(group_components=()))) == {}
    assert group_components(workflow()) == {}


@pytest.mark.parametrize(
    ("arguments", "main", "jobs"),
    [
        (["--target-jobs", "a:x=1", "b:x=2", "--cores", "2"], False, ["a", "b"]),
        (["--cores", "2", "--target-jobs", "a:x=1"], False, ["a"]),
        (["--cores", "2"], False, []),
        (["--target-jobs", "a:x=1", "a:x=2"], True, []),
    ],
)
def test_a_submissions_jobs_are_known_where_they_run(arguments: list[str], main: bool, jobs: list[str]) -> None:
    assert jobs_of_a_submission(workflow(is_main_process=main), arguments) == jobs


def test_of_a_group_only_the_jobs_that_were_not_done_have_failed() -> None:
    done, missing, alone = Job("done"), Job("missing"), Job("alone")
    group = Group([done, missing])
    words = {id(group): Word("refused", Path("7.log"), frozenset([id(done)]))}
    found = failures(workflow(group, alone), words, since=5.0)
    assert [(failure.rule, failure.attempts, failure.message, failure.since) for failure in found] == [
        ("missing", 3, "refused", 5.0),
        ("alone", 2, "", 5.0),
    ]
    assert [failure.log for failure in found] == [Path("missing.log"), Path("alone.log")]


Touch = Callable[[Any], Any]
WITHOUT: list[tuple[str, Touch, Any]] = [
    ("resource_settings", submits, False),
    ("is_main_process", take_threads_of_the_nodes, None),
    ("global_resources", take_threads_of_the_nodes, None),
    ("local_exec", drop_job_rate_limit, None),
    ("scheduler", drop_job_rate_limit, None),
    ("dag", has_jobs_to_submit, True),
    ("is_local", has_jobs_to_submit, True),
    ("scheduler", slurm_executor, None),
    ("scheduler", lambda run: failures(run, {}, 0.0), []),
]


@pytest.mark.parametrize(("lacking", "touch", "found"), WITHOUT)
def test_a_snakemake_without_an_inner_part_warns_and_goes_on(
    lacking: str, touch: Touch, found: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    warn.cache_clear()
    run = workflow()
    delattr(run, lacking)
    assert touch(run) == found
    said = capsys.readouterr().err
    assert f"SimpleNamespace.{lacking}" in said
    assert "Tested with snakemake >=9.27,<9.28" in said


def test_a_failed_job_without_an_inner_part_is_left_out_with_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    warn.cache_clear()
    found = failures(workflow(SimpleNamespace(rule="x"), Job("alone")), {}, 0.0)
    assert [failure.rule for failure in found] == ["alone"]
    assert "SimpleNamespace.is_group, SimpleNamespace.attempt" in capsys.readouterr().err


def test_the_command_line_is_read_where_snakemake_keeps_it(capsys: pytest.CaptureFixture[str]) -> None:
    warn.cache_clear()
    kept = SimpleNamespace(configfiles=[Path("mine.yaml")], config={"seeds": [0, 1]})
    assert command_line(workflow(config_settings=kept)) == ([Path("mine.yaml")], {"seeds": [0, 1]})
    assert command_line(workflow()) == ([], {})
    assert "--configfile and --config are not seen" in capsys.readouterr().err
