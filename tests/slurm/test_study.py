"""A study through `snakemake --profile slurm all`: what the controller was asked for, and what came back."""

from __future__ import annotations

import shutil

import pytest

from polyglot.planning import demands
from polyglot.planning.demands import Demand
from polyglot.planning.work import BENCHMARK_ITEMS
from polyglot.registry import load_registries
from polyglot.registry.models import Model

from ..endpoint import KEY, serving
from ..workflow.conftest import Workplace, share_the_world
from .conftest import RESULTS, STUDY, Finished, Record, records, run_of, running, site

pytestmark = pytest.mark.slow

EXAMPLES, EPOCHS = STUDY["training"]["examples"], STUDY["training"]["epochs"]
REQUESTS = 3 * STUDY["synthesis"]["requests"]
FURTHER = REQUESTS / 2
ITEMS = 3 * BENCHMARK_ITEMS


def alone(model: Model) -> Model:
    """The model as a training takes it that computes on one GPU; only students are trained on several."""
    return model.model_copy(update={"training_gpus": 1})


def declared(finished: Finished) -> dict[str, Demand]:
    """What each rule declares, by the rule (with its wildcards) or the group."""
    models = load_registries(finished.workplace.folder / "config").models
    small = demands.small(1)
    one_after_the_other = Demand(gpu=0, threads=1, mem_mb=small.mem_mb, runtime=2 * small.runtime)
    return {
        "nano_corpora": small,
        "seed_wildcards_tiny_de": small,
        "render_requests_wildcards_tiny_de_0": small,
        "nano_pretrain_wildcards_hasty": demands.training(alone(models["hasty"]), 0, 1),
        "nano_gold_tune_wildcards_nano-reference": demands.training(alone(models["nano-reference"]), 0, 1),
        "synthesize_wildcards_tiny_hasty_de_0": demands.running(models["hasty"], "write", REQUESTS, 1),
        "student_wildcards_tiny_nano-base_equal_hasty_de_0": demands.training(models["nano-base"], EXAMPLES * EPOCHS, 1),
        "diversity-hasty_diversity": demands.running(models["minilm"], "embed", 2 * EXAMPLES, 1),
        "reward-hasty_reward": demands.running(models["nano-reward"], "judge", EXAMPLES, 1),
        "perplexity-nano-base-hasty_perplexity": demands.running(models["nano-base"], "read", EXAMPLES, 1),
        "evaluation-nano-base-hasty_evaluate_student": demands.running(models["nano-base"], "evaluate", ITEMS, 1),
        "anchors-nano-reference_evaluate_anchor": demands.running(models["nano-reference"], "evaluate", ITEMS, 1),
        "check_answers_wildcards_tiny_hasty_de_0": small,
        "further_requests_wildcards_tiny_hasty_de_0": small,
        "synthesize_further_wildcards_tiny_hasty_de_0": demands.running(models["hasty"], "write", FURTHER, 1),
        "data-hasty_check_further_training_set": one_after_the_other,
        "scores-main_measurements_pg_score": one_after_the_other,
    }


def asked_for(record: Record) -> Demand:
    return Demand(record.gpus, int(record.fields["NumCPUs"]), record.mem_mb, record.minutes)


def test_the_controllers_record_shows_gpus_memory_time_cores_and_partition_as_declared(finished: Finished) -> None:
    found = {record.rules: record for record in records(run_of(finished.output))}
    for rule, demand in declared(finished).items():
        record = found[rule]
        assert asked_for(record) == demand, rule
        assert record.fields["Partition"] == ("gpu" if demand.gpu else "cpu"), rule
        assert record.fields["JobState"] == "COMPLETED", rule


def test_a_submission_starts_snakemake_once(finished: Finished) -> None:
    """Also one with several jobs, which come after one another."""
    logs = {path: path.read_text() for path in (finished.workplace.folder / ".snakemake/slurm_logs").rglob("*.log")}
    assert len(logs) == len(records(run_of(finished.output)))
    assert {text.count("Building DAG of jobs") for text in logs.values()} == {1}
    (several,) = (text for path, text in logs.items() if path.parent.name == "group_data-hasty_check_further_training_set")
    assert several.count("Execute 1 jobs") == several.count("Finished jobid") == 2


def test_tables_figures_and_downloads_never_go_to_the_cluster(finished: Finished) -> None:
    submitted = [record.rules for record in records(run_of(finished.output))]
    assert not [rules for rules in submitted if rules.startswith(("table", "figure", "hub_", "resources", "ledger"))]
    assert (finished.workplace.folder / RESULTS / "figures/gain.pdf").exists()


def test_a_second_run_submits_nothing(finished: Finished) -> None:
    assert finished.workplace.planned("--profile", "slurm", "all", "--configfile", "config/tiny.yaml") == {}


def test_where_jobs_run_is_no_reason_to_run_them_again(finished: Finished) -> None:
    assert finished.workplace.planned("all", "--configfile", "config/tiny.yaml") == {}


def test_a_70b_teacher_asks_for_its_tensor_parallel_gpus(unanswered: Workplace) -> None:
    unanswered.configure("models.yaml", lambda models: models["hasty"].update(size=70, gpus=4))
    hasty = load_registries(unanswered.folder / "config").models["hasty"]
    with running(unanswered) as run:
        run.when(lambda: "has been submitted" in run.output)
        (record,) = records(run_of(run.output))
    assert asked_for(record) == demands.running(hasty, "write", REQUESTS, 1)
    assert record.gpus == 4


@pytest.mark.parametrize(
    ("gpus", "field", "asked"),
    [
        ({"ask": "gpu_model", "model": "h200"}, "TresPerJob", "gres:gpu:h200:1"),
        ({"ask": "gres", "model": "h200"}, "TresPerNode", "gres:gpu:h200:1"),
    ],
)
def test_other_sites_give_gpus_that_are_asked_for_in_their_own_way(
    unanswered: Workplace, gpus: dict[str, str], field: str, asked: str
) -> None:
    site(unanswered, gpus=gpus)
    with running(unanswered, target=["results/tiny/answers/hasty/de/respond/0.parquet"]) as run:
        run.when(lambda: "has been submitted" in run.output)
        run.when(lambda: [record.fields["JobState"] for record in records(run_of(run.output))] == ["RUNNING"])
        (record,) = records(run_of(run.output))
    assert record.gpus == 1
    assert record.fields[field] == asked
    assert record.fields["Partition"] == "gpu"


def test_endpoints_are_asked_where_there_is_a_network(unanswered: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", KEY)
    with serving() as server:
        entry = {"engine": "openai", "endpoint": {"url": server.url, "model": "m", "api_key": "TEST_KEY"}}
        unanswered.configure("models.yaml", lambda models: models.update(api=entry))
        unanswered.configure("tiny.yaml", lambda study: share_the_world(study | {"teachers": ["hasty", "api"]}))
        site(unanswered, network=False)
        done = unanswered.snakemake("--profile", "slurm", "results/tiny/answers/api/de/respond/0.parquet")
    assert "ask_endpoint" in done.stdout + done.stderr
    assert records(run_of(done.stdout + done.stderr)) == []


def test_a_failed_teacher_does_not_stop_the_others(unanswered: Workplace) -> None:
    """A job that fails on its node, beside one that does not: the run goes on and says which."""
    broken = unanswered.folder / "broken"
    shutil.copytree(unanswered.folder / RESULTS / "models/hasty", broken)
    (broken / "model.safetensors").write_bytes(b"")
    unanswered.configure("models.yaml", lambda models: models.update(broken={"folder": "broken"}))
    unanswered.configure("tiny.yaml", lambda study: share_the_world(study | {"teachers": ["broken", "hasty"]}))
    answers = [f"{RESULTS}/answers/{teacher}/de/respond/0.parquet" for teacher in ("broken", "hasty")]
    done = unanswered.snakemake("--profile", "slurm", "--retries", "0", *answers, check=False)
    assert done.returncode
    assert [(unanswered.folder / path).exists() for path in answers] == [False, True]
    failed = done.stderr[done.stderr.index("1 job failed") :]
    assert "synthesize (teacher broken, lang de, seed 0)" in failed
    assert "model.safetensors: the file is damaged" in failed
