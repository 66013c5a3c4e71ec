"""The plan for a cluster: one profile, one site file. Nothing is submitted here; tests/slurm does that on a real Slurm."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from polyglot.planning.submissions import GROUPS

from .conftest import Workplace, copy_workflow, share_the_world

SITE = "profiles/slurm/site.yaml"


@pytest.fixture
def fresh(repository: Path, tmp_path: Path) -> Workplace:
    return copy_workflow(repository, tmp_path)


def test_short_jobs_of_one_teacher_share_a_submission(fresh: Workplace) -> None:
    """And no job of another teacher's, which would then wait for it."""
    output = fresh.snakemake("-n", "--profile", "slurm", "all").stdout
    groups = re.findall(r"Group job ([\w-]+)", output)
    for teacher in ("thorough", "hasty", "germanist", "careless"):
        for group in ("diversity", "reward", "perplexity-nano-base", "evaluation-nano-base"):
            assert groups.count(f"{group}-{teacher}") == 1
        assert groups.count(f"data-{teacher}") == 3
    alone = fresh.snakemake("-n", "--profile", "slurm", "all", "--group-components", "reward-{teacher}=1").stdout
    assert re.findall(r"Group job ([\w-]+)", alone).count("reward-hasty") == 3


@pytest.mark.parametrize("share", [True, False])
def test_cells_of_a_teacher_with_vllm_share_a_submission_where_they_share_its_engine(fresh: Workplace, share: bool) -> None:
    """A teacher with another engine has a submission a cell."""
    fresh.configure("models.yaml", lambda models: models["hasty"].update(engine="vllm"))
    (fresh.folder / SITE).write_text(yaml.safe_dump({"share_engines": share}))
    output = fresh.snakemake("-n", "--profile", "slurm", "all").stdout
    grouped = re.findall(r"Group job ([\w-]+)", output)
    assert grouped.count("answers-hasty") == (1 if share else 0)
    assert not [group for group in grouped if group.startswith("answers-") and group != "answers-hasty"]
    assert output.count("hasty writes") == 3


@pytest.mark.parametrize("network", [True, False])
def test_a_judge_behind_an_endpoint_is_asked_where_there_is_a_network(fresh: Workplace, network: bool) -> None:
    entry = {"engine": "openai", "endpoint": {"url": "http://localhost:1", "model": "m", "api_key": "TEST_KEY"}}
    fresh.configure("models.yaml", lambda models: models.update(api=entry))
    judged = {"intrinsic": {"reward": {"kind": "rubric_judge", "model": "api"}}}
    fresh.configure("demo.yaml", lambda study: share_the_world(study | judged))
    (fresh.folder / SITE).write_text(yaml.safe_dump({"network": network}))
    with (fresh.folder / "Snakefile").open("a") as file:
        file.write('print("local:", *workflow._localrules, file=sys.stderr)\n')
    done = fresh.snakemake("-n", "--profile", "slurm", "results/demo/intrinsic/equal/hasty/de/0/reward.parquet")
    (local,) = re.findall(r"^local: .*", done.stderr, re.MULTILINE)
    assert ("reward" in local.split()) == (not network)
    assert ("Group job reward-hasty" in done.stdout) == network


def test_jobs_that_wait_for_batches_run_where_snakemake_does(fresh: Workplace) -> None:
    """No site lets a job wait for a day."""
    endpoint = {"url": "http://localhost:1", "model": "m", "api_key": "TEST_KEY", "batch": {}}
    fresh.configure("models.yaml", lambda models: models.update(api={"engine": "openai", "endpoint": endpoint}))
    judged = {"intrinsic": {"reward": {"kind": "rubric_judge", "model": "api"}}}
    fresh.configure("demo.yaml", lambda study: share_the_world(study | judged | {"teachers": [*study["teachers"], "api"]}))
    with (fresh.folder / "Snakefile").open("a") as file:
        file.write('print("local:", *workflow._localrules, file=sys.stderr)\n')
    done = fresh.snakemake("-n", "--profile", "slurm", "results/demo/answers/api/de/respond/0.parquet")
    (local,) = re.findall(r"^local: .*", done.stderr, re.MULTILINE)
    assert {"ask_endpoint", "ask_endpoint_translated", "ask_endpoint_assigned", "reward", "duels"} <= set(local.split())


def test_every_group_and_its_rules_exist(fresh: Workplace) -> None:
    profile = yaml.safe_load((fresh.folder / "profiles/slurm/config.yaml").read_text())
    rules = set(fresh.snakemake("--list-rules").stdout.split())
    groups = dict(entry.split("=") for entry in profile["groups"]) | GROUPS
    assert set(groups) <= rules
    assert {entry.split("=")[0] for entry in profile["group-components"]} == set(groups.values())


def test_every_rule_says_what_its_jobs_ask_for_or_runs_where_snakemake_does(repository: Path) -> None:
    text = "\n".join(path.read_text() for path in sorted((repository / "rules").glob("*.smk")))
    rules = {part.split(":")[0]: part for part in re.split(r"^(?:rule|checkpoint) ", text, flags=re.MULTILINE)[1:]}
    working = {name: part for name, part in rules.items() if re.search(r"^    (script|shell):$", part, re.MULTILINE)}
    silent = [name for name, part in working.items() if "**asked(" not in part and "    localrule: True\n" not in part]
    assert len(working) > 30
    assert set(rules) - set(working) == {
        "fetch",
        "screen",
        "route",
        "replication",
        "publish",
        "build",
        "race",
    }  # targets: they run nothing
    assert silent == []


@pytest.mark.parametrize(
    ("content", "fragments"),
    [
        (None, ["no such file"]),
        ("partition: gpu\n", ["partition: no such key", "partitions"]),
        ("gpus: {ask: gpus}\n", ["gpus.ask", "'gpu_model'"]),
    ],
)
def test_a_missing_or_broken_site_file_stops_before_any_job(fresh: Workplace, content: str | None, fragments: list[str]) -> None:
    (fresh.folder / SITE).unlink() if content is None else (fresh.folder / SITE).write_text(content)
    done = fresh.snakemake("--profile", "slurm", "all", check=False)
    output = done.stdout + done.stderr
    assert done.returncode
    for fragment in (SITE, "profiles/slurm/sites", *fragments):
        assert fragment in output
    assert "Traceback" not in output
    assert not (fresh.folder / "results").exists()
    assert fresh.planned("-j", "4")["student"] == 12  # on one machine there is no site
