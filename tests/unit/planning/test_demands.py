"""What jobs ask of a cluster, and how a cluster is asked."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake.iocontainers import ResourceList
from snakemake_executor_plugin_slurm.submit_string import get_submit_command

from polyglot.cluster.site import Site, read_site
from polyglot.core.errors import ConfigurationError
from polyglot.planning import demands
from polyglot.planning.demands import Demand, Demands
from polyglot.planning.work import USUAL_MEMORY
from polyglot.registry import Registries, load_registries
from polyglot.registry.models import Batching, Endpoint, Limits, Model, Sampling
from polyglot.workflow.loading import load_study

EXAMPLES = 30_000


@pytest.fixture(scope="module")
def registries(repository: Path) -> Registries:
    return load_registries(repository / "config")


def test_a_teacher_asks_for_its_tensor_parallel_gpus(registries: Registries) -> None:
    large, small = (
        demands.running(registries.models[name], "write", EXAMPLES, 1)
        for name in ("llama-3.1-70b-instruct", "llama-3.1-8b-instruct")
    )
    assert (large.gpu, small.gpu) == (4, 1)
    assert large.mem_mb > 2 * 70_000 > small.mem_mb > 2 * 8_000
    assert large.threads == 4 * small.threads


def test_a_base_asks_for_more_to_train_than_to_run(registries: Registries) -> None:
    base = registries.models["olmo-3-32b"]
    training, running = demands.training(base, EXAMPLES, 1), demands.running(base, "read", EXAMPLES, 1)
    assert (training.gpu, running.gpu) == (8, 2)
    assert training.mem_mb > running.mem_mb


def test_every_model_of_the_registry_gets_a_day_at_most(registries: Registries) -> None:
    for name, model in registries.models.items():
        asked = demands.running(model, "write", EXAMPLES, 1)
        assert asked.gpu == model.gpus, name
        assert 400 <= asked.mem_mb <= 400_000, name
        assert demands.START <= asked.runtime <= 24 * 60, name


def test_nano_models_need_no_gpu_unless_the_registry_says_so(registries: Registries) -> None:
    model = registries.models["nano-reference"]
    assert demands.running(model, "evaluate", 6000, 1) == Demand(gpu=0, threads=1, mem_mb=USUAL_MEMORY, runtime=demands.START)
    on_gpu = demands.running(model.model_copy(update={"gpus": 1}), "evaluate", 6000, 1)
    assert on_gpu == Demand(gpu=1, threads=1, mem_mb=USUAL_MEMORY, runtime=demands.START)


def test_memory_and_time_grow_with_the_attempt_and_gpus_do_not(registries: Registries) -> None:
    first, second, third = (demands.running(registries.models["gemma-3-27b-it"], "write", EXAMPLES, n) for n in (1, 2, 3))
    assert first.mem_mb < second.mem_mb < third.mem_mb
    assert first.runtime < second.runtime < third.runtime
    assert first.gpu == second.gpu == third.gpu == 2


def test_more_work_takes_longer_more_gpus_less_long_and_no_gpu_longest(registries: Registries) -> None:
    model = registries.models["gemma-3-27b-it"]
    minutes = {gpus: demands.running(model.model_copy(update={"gpus": gpus}), "write", EXAMPLES, 1).runtime for gpus in (0, 2, 8)}
    assert minutes[0] > minutes[2] > minutes[8]
    assert demands.running(model, "write", 2 * EXAMPLES, 1).runtime > minutes[2]


def test_a_model_of_unknown_size_asks_for_what_its_gpus_hold() -> None:
    unknown = demands.running(Model(folder="x", engine="vllm", gpus=2), "write", EXAMPLES, 1)
    named = demands.running(Model(folder="x", engine="vllm", gpus=2, size=2 * demands.UNKNOWN), "write", EXAMPLES, 1)
    assert unknown == named


def test_an_endpoint_asks_for_no_gpu_and_for_as_long_as_its_requests_take(registries: Registries) -> None:
    model = registries.models["gpt-4o-mini"]
    asked = demands.running(model, "write", EXAMPLES, 1)
    assert (asked.gpu, asked.threads, asked.mem_mb) == (0, 1, USUAL_MEMORY)
    assert model.endpoint is not None
    slower = model.model_copy(update={"endpoint": model.endpoint.model_copy(update={"concurrency": 1})})
    assert demands.running(slower, "write", EXAMPLES, 1).runtime > 10 * asked.runtime
    waiting = model.model_copy(update={"endpoint": model.endpoint.model_copy(update={"batch": Batching(window="7d")})})
    found = demands.running(waiting, "write", EXAMPLES, 1)
    assert (found.gpu, found.threads, found.runtime) == (0, 0, 7 * 24 * 60 + demands.START)


@pytest.mark.parametrize(
    ("limits", "minutes"),
    [({"requests": 10}, 900), ({"tokens": 10_000}, (9000 * 500 + 500_000) / 10_000), ({"requests": 10**6, "tokens": 10**9}, 100)],
)
def test_an_endpoints_limits_lengthen_its_jobs(limits: dict[str, int], minutes: float) -> None:
    endpoint = Endpoint(url="http://here/v1", model="m", concurrency=30, limits=Limits(**limits))
    model = Model(engine="openai", endpoint=endpoint, sampling=Sampling(max_new_tokens=500))
    assert demands.running(model, "write", 9000, 1, read=500_000).runtime == demands.START + minutes
    shared = demands.running(model, "write", 9000, 1, read=500_000, beside=3)
    assert shared.runtime == demands.START + (3 * minutes if minutes > 100 else minutes)


GPU_JOB, CPU_JOB = Demand(gpu=2, threads=8, mem_mb=90_000, runtime=900), Demand(gpu=0, threads=1, mem_mb=4000, runtime=30)


@pytest.mark.parametrize(
    ("gpus", "asked"),
    [
        ({}, {"gpu": 2}),
        ({"ask": "gpu_model", "model": "h200"}, {"gpu": 2, "gpu_model": "h200"}),
        ({"ask": "gres"}, {"gres": "gpu:2"}),
        ({"ask": "gres", "model": "a100"}, {"gres": "gpu:a100:2"}),
    ],
)
def test_one_setting_says_how_gpus_are_asked_for(gpus: dict[str, str], asked: dict[str, int | str]) -> None:
    site = Site.model_validate({"gpus": gpus})
    words = site.resources(GPU_JOB)
    assert {name: words[name] for name in ("gpu", "gpu_model", "gres") if words[name] is not None} == asked
    assert not any(site.resources(CPU_JOB)[name] for name in ("gpu", "gpu_model", "gres"))


def test_gpu_jobs_go_to_the_gpu_partition_within_the_limits() -> None:
    site = Site.model_validate(
        {"partitions": {"gpu": "accel", "cpu": "batch"}, "account": "lab", "limits": {"minutes": 600, "mem_mb": 64_000}}
    )
    gpu, cpu = site.resources(GPU_JOB), site.resources(CPU_JOB)
    assert (gpu["slurm_partition"], cpu["slurm_partition"]) == ("accel", "batch")
    assert (gpu["runtime"], gpu["mem_mb"], gpu["slurm_account"]) == (600, 64_000, "lab")
    assert (cpu["runtime"], cpu["mem_mb"]) == (30, 4000)


@pytest.mark.parametrize("gpus", [{}, {"ask": "gpu_model", "model": "h200"}, {"ask": "gres"}])
def test_a_job_is_never_spread_over_nodes(gpus: dict[str, str]) -> None:
    """In the words of the plugin: what it would give to sbatch."""
    words = {name: value for name, value in Site.model_validate({"gpus": gpus}).resources(GPU_JOB).items() if value is not None}
    params = dict.fromkeys(("run_uuid", "slurm_logfile", "comment_str", "account", "partition", "workdir"), "")
    job = SimpleNamespace(resources=ResourceList(fromdict=words), threads=GPU_JOB.threads)
    command = get_submit_command(job, params)
    assert re.findall(r"--nodes\S*", command) == ["--nodes=1"]


def test_scratch_is_a_folder_of_a_job_on_its_node(monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site.model_validate({"scratch": "/scratch/$SLURM_JOB_ID"})
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    assert site.resources(CPU_JOB)["tmpdir"] is None
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    assert site.resources(CPU_JOB)["tmpdir"] == "/scratch/7"
    with pytest.raises(ConfigurationError, match=r"scratch: /scratch/\$NOWHERE: jobs have no such variable"):
        Site.model_validate({"scratch": "/scratch/$NOWHERE"}).resources(CPU_JOB)


def test_every_example_of_a_site_can_be_read(repository: Path) -> None:
    files = [repository / "profiles/slurm/site.yaml", *(repository / "profiles/slurm/sites").glob("*.yaml")]
    assert len(files) >= 4
    for file in files:
        read_site(file)


@pytest.mark.parametrize(
    ("text", "fragments"),
    [
        (None, ["no such file"]),
        ("partition: gpu", ["partition: no such key", "'gpu'", "partitions"]),
        ("partitions: {gpus: a100}", ["partitions.gpus", "no such key", "gpu, cpu"]),
        ("gpus: {ask: gpus}", ["gpus.ask", "'gpus'", "'gres'"]),
        ("gpus: {ask: gpu_model}", ["gpus.model", "gpu_model"]),
        ("gpus: {model: h200}", ["gpus.model", "without"]),
        ("limits: {minutes: -1}", ["limits.minutes", "-1", "greater than 0"]),
        ("- gpu", ["a site is a mapping"]),
        ("gpus: {", ["cannot be read"]),
    ],
)
def test_a_broken_site_file_names_file_key_and_remedy(tmp_path: Path, text: str | None, fragments: list[str]) -> None:
    file = tmp_path / "site.yaml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ConfigurationError) as error:
        read_site(file)
    for fragment in (str(file), "profiles/slurm/sites", *fragments):
        assert fragment in str(error.value)


def test_a_rehearsal_asks_for_one_gpu_where_the_study_has_models_on_gpus(repository: Path) -> None:
    for name, gpus in (("paper", 1), ("demo", 0)):
        study, registries = load_study(repository / f"config/{name}.yaml", repository)
        assert Demands(study, registries).of("rehearsed", {}, 1).gpu == gpus
