"""A job's work is said once: every rule that asks for more than a small job has an entry, and demands and budget both read it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from polyglot.planning.budget import budget
from polyglot.planning.demands import Demand, Demands, running, small, training
from polyglot.planning.work import BENCHMARK_ITEMS, COPIES, EMBEDDING_BYTES, RULES, USUAL_MEMORY, USUAL_TRIPLETS, Work, work
from polyglot.registry import Registries
from polyglot.registry.base import Registry
from polyglot.registry.models import Model
from polyglot.study.configuration import Study
from polyglot.workflow.loading import load_study

RULE = re.compile(r"^(?:use rule (?P<parent>\w+) as (?P<child>\w+) with|rule (?P<name>\w+)):$")
ASKED = re.compile(r"(?:threads_of|asked)\((?P<by>[^)]*)\)")
NOT_SUBMITTED = {"hub_model"}
"""Its jobs run on the machine that the study is started on; they are planned for what they store."""


def asked_by(repository: Path) -> dict[str, set[str]]:
    """Rule to what it names when it asks for threads and resources; what a rule does not say it has from its parent."""
    found: dict[str, set[str]] = {}
    parents: dict[str, str] = {}
    rule = ""
    for path in sorted((repository / "rules").glob("*.smk")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if match := RULE.match(line.strip()) if not line.startswith("    ") else None:
                rule = match["name"] or match["child"]
                found[rule] = set()
                if match["parent"]:
                    parents[rule] = match["parent"]
            elif rule and line.startswith("    ") and (match := ASKED.search(line)):
                found[rule].add(match["by"].strip('"'))
    for child in parents:
        ancestor = child
        while not found[ancestor]:
            ancestor = parents[ancestor]
        found[child] = found[ancestor]
    return {rule: names for rule, names in found.items() if names}


def test_every_rule_that_asks_for_more_than_a_small_job_does_it_by_its_own_entry(repository: Path) -> None:
    for rule, names in asked_by(repository).items():
        assert len(names) == 1, rule
        (name,) = names
        if name != "small":
            assert name in RULES
            assert RULES[rule] is RULES[name], f"{rule} asks for the work of {name} and is planned for other work"


def test_every_entry_is_a_rule_that_asks_by_it(repository: Path) -> None:
    asking = {rule for rule, names in asked_by(repository).items() if names != {"small"}}
    assert set(RULES) == asking | NOT_SUBMITTED


def test_no_rule_names_gpus_memory_or_time_of_its_own(repository: Path) -> None:
    for path in (repository / "rules").glob("*.smk"):
        assert not re.search(r"^        (gpu|mem_mb|runtime)=", path.read_text(encoding="utf-8"), re.MULTILINE), path.name


@pytest.fixture(scope="module")
def demo(repository: Path) -> tuple[Study, Registries]:
    return load_study(repository / "config/demo.yaml", repository)


@pytest.fixture(scope="module")
def persyn(repository: Path) -> tuple[Study, Registries]:
    return load_study(repository / "config/persyn.yaml", repository)


SET = {"recipe": "equal", "teacher": "gemma-3-27b-it", "lang": "de", "seed": "0"}
ROUTED = {"lang": "de", "seed": "0"}


@pytest.mark.parametrize(
    ("rule", "wildcards"),
    [
        ("synthesize", {"teacher": "gemma-3-27b-it", "lang": "de", "seed": "0"}),
        ("synthesize_translated", {"teacher": "gemma-3-27b-it", "lang": "de", "seed": "0"}),
        ("synthesize_assigned", {"teacher": "gemma-3-27b-it", "routed": "mix", "lang": "de", "seed": "0"}),
        ("diversity", SET),
        ("reward", SET),
        ("perplexity", {**SET, "base": "gemma-3-4b"}),
        ("student", {**SET, "base": "gemma-3-4b"}),
        ("evaluate_student", {**SET, "base": "gemma-3-4b"}),
        ("evaluate_anchor", {"model": "gemma-3-4b-it", "lang": "de"}),
        ("judge_student", {**SET, "base": "gemma-3-4b"}),
        ("judge_anchor", {"model": "gemma-3-4b-it", "lang": "de"}),
        ("router", {"base": "gemma-3-4b"}),
        ("assign", {"routed": "persyn", **ROUTED}),
        ("sample_embeddings", {"teacher": "gemma-3-27b-it", "lang": "de", "seed": "0"}),
        ("sample_clusters", {"teacher": "gemma-3-27b-it", "pool": "de", "seed": "0"}),
        ("question_embeddings", {"lang": "de"}),
        ("nearest_to_seeds", {"lang": "de"}),
        ("nearest_questions", {"teacher": "gemma-3-27b-it", "lang": "de", "seed": "0"}),
        ("nearest_questions", {"teacher": "persyn", "lang": "de", "seed": "0"}),
        ("nearest_to_further", {"teacher": "gemma-3-27b-it", "lang": "de", "seed": "0"}),
        ("nearest_to_translated", {"teacher": "gemma-3-27b-it", "lang": "de", "method": "nllb-respond", "seed": "0"}),
        ("nearest_to_build", {"teacher": "gemma-3-27b-it", "lang": "de", "recipe": "equal-25k"}),
        ("own_quality", {"dataset": "mine"}),
        ("select_own", {"dataset": "mine"}),
        ("student_answers", {**SET, "base": "gemma-3-4b"}),
        ("duels", {**SET, "base": "gemma-3-4b"}),
    ],
)
def test_a_job_that_holds_a_gpu_has_gpu_hours_in_the_plan(
    persyn: tuple[Study, Registries], rule: str, wildcards: dict[str, str]
) -> None:
    demand = Demands(*persyn).of(rule, wildcards, 1)
    row = planned(persyn, rule, wildcards, demand)
    assert (demand.gpu > 0) == (row["gpu_hours"] > 0)
    assert row["gpu_hours"] <= demand.gpu * demand.runtime / 60, "it is planned to take longer than it may"


def planned(study: tuple[Study, Registries], rule: str, wildcards: dict[str, str], demand: Demand) -> dict[str, Any]:
    asked = {"threads": demand.threads, "mem_mb": demand.mem_mb, "runtime": demand.runtime, "gres": None, "slurm_partition": None}
    table = budget([{"rule": rule, "wildcards": wildcards, "gpu": demand.gpu, **asked}], *study)
    return {str(key): value for key, value in table.iloc[0].items()}


def test_every_prompt_is_compared_with_the_benchmarks_once(persyn: tuple[Study, Registries]) -> None:
    study, registries = persyn
    named = {"teacher": "gemma-3-27b-it", "lang": "de", "seed": "0"}
    found = work("nearest_questions", named, study, registries)
    assert (found.model, found.kind) == (study.intrinsic.embedding, "embed")
    assert found.examples == 3 * study.synthesis.requests
    further = work("nearest_to_further", named, study, registries)
    most = work("synthesize_further", named, study, registries).most
    assert most is not None
    assert 0 < further.read / study.plan.example_tokens < further.examples == most.requests
    asked = work("question_embeddings", {"lang": "de"}, study, registries)
    assert asked.examples == BENCHMARK_ITEMS * len(study.evaluation.benchmarks_in("de"))
    assert asked.stored == asked.examples * EMBEDDING_BYTES


def test_a_router_reads_every_prompt_and_other_ways_to_choose_need_no_model(persyn: tuple[Study, Registries]) -> None:
    study, registries = persyn
    prompts = 3 * study.synthesis.requests
    reads = work("assign", {"routed": "persyn", **ROUTED}, study, registries)
    assert (reads.model, reads.examples) == (study.routing.model, prompts)
    assert reads.read == prompts * study.plan.request_tokens
    assert work("assign", {"routed": "mix", **ROUTED}, study, registries) == Work()
    assert Demands(study, registries).of("assign", {"routed": "mix", **ROUTED}, 1) == small(1)


def test_a_teacher_is_given_time_for_its_own_requests(persyn: tuple[Study, Registries]) -> None:
    """Of a calibration sample and of translated prompts there are fewer than of a seed."""
    study, registries = persyn
    named = {"teacher": "gemma-3-27b-it", "lang": "de", "seed": "0"}
    whole = work("synthesize", named, study, registries)
    assert whole.examples == 3 * study.synthesis.requests
    assert work("synthesize", {**named, "seed": "0-calibration"}, study, registries).examples == study.routing.calibration
    assert work("synthesize", {**named, "seed": "0-screen"}, study, registries).examples == study.screen.requests
    assert work("synthesize", {**named, "seed": "0-block2"}, study, registries) == whole
    assert work("synthesize_translated", named, study, registries).examples == study.synthesis.requests


def test_a_teacher_may_be_given_all_prompts_and_is_expected_to_get_its_share(persyn: tuple[Study, Registries]) -> None:
    study, registries = persyn
    named = {"teacher": "gemma-3-27b-it", "lang": "de", "seed": "0"}
    whole, own = (work(rule, named, study, registries) for rule in ("synthesize", "synthesize_assigned"))
    assert own.examples == whole.examples
    assert own.written == pytest.approx(whole.written / len(study.routed_among))


def test_a_quality_model_learns_from_the_worlds_triplets_or_from_a_users(demo: tuple[Study, Registries]) -> None:
    study, registries = demo
    triplets = (3 + study.selection.wrong_answers) * study.selection.triplets * len(study.nano.languages)
    assert work("quality_model", {}, study, registries).examples == 3 * triplets * study.selection.epochs
    pairs = study.model_copy(update={"selection": study.selection.model_copy(update={"pairs": "mine.jsonl"})})
    assert work("quality_model", {}, pairs, registries).examples == 3 * USUAL_TRIPLETS * study.selection.epochs
    held_out = work("quality_validity", {}, study, registries)
    assert (held_out.model, held_out.kind) == (study.encoder, "embed")
    assert held_out.read > 0


def test_a_pool_is_as_large_as_its_languages(demo: tuple[Study, Registries]) -> None:
    study, registries = demo
    one, both = (
        work("sample_clusters", {"teacher": "thorough", "pool": pool, "seed": "0"}, study, registries) for pool in ("de", "all")
    )
    data = 600 * EMBEDDING_BYTES * COPIES / 1e6
    assert [one.mem_mb, both.mem_mb] == [USUAL_MEMORY + round(data), USUAL_MEMORY + round(2 * data)]  # in two languages
    named = {"teacher": "thorough", "lang": "de", "seed": "0"}
    assert work("sample_embeddings", named, study, registries).examples == study.training.examples
    assert work("select_samples", {**named, "recipe": "mmr-150"}, study, registries).mem_mb == one.mem_mb
    assert work("select_samples", {**named, "recipe": "mdaq-150"}, study, registries).mem_mb is None


def test_a_nano_model_is_trained_for_its_steps_and_takes_no_room(demo: tuple[Study, Registries]) -> None:
    study, registries = demo
    pretraining = registries.models["thorough"].pretraining
    assert pretraining is not None
    found = work("nano_pretrain", {"model": "thorough"}, study, registries)
    assert found.examples == pretraining.steps * pretraining.batch_size
    assert found.stored < 1e7
    assert work("nano_gold_tune", {"model": "nano-reference"}, study, registries).examples == 4 * 800 * 2
    assert work("nano_translator", {"model": "nano-nllb"}, study, registries).kind == "train"


def test_demands_follow_from_the_work(demo: tuple[Study, Registries], persyn: tuple[Study, Registries]) -> None:
    study, registries = persyn
    demands, models = Demands(study, registries), registries.models
    named = {**SET, "base": "gemma-3-4b"}
    examples = study.training.examples
    assert demands.of("student", named, 2) == training(models["gemma-3-4b"], examples * study.training.epochs, 2)
    assert demands.of("diversity", named, 1) == running(models[study.intrinsic.embedding], "embed", 2 * examples, 1)
    items = sum(chosen.max_items or BENCHMARK_ITEMS for chosen in study.evaluation.benchmarks_in("de").values())
    assert demands.of("evaluate_student", named, 1) == running(models["gemma-3-4b"], "evaluate", items, 1)
    assert demands.of("source", {"source": "aya", "lang": "de"}, 1).mem_mb == 16_000
    for rule in (None, "table", "training_set"):
        assert demands.of(rule, named, 1) == small(1)


def test_a_job_asks_for_the_gpus_that_it_computes_on(persyn: tuple[Study, Registries], repository: Path, tmp_path: Path) -> None:
    """Students and models that answer, read and rate take all that the registry gives; trained or embedding alone, one."""
    study, registries = persyn
    entries = (repository / "config/models.yaml").read_text(encoding="utf-8")
    entries = re.sub(r"^  gpus: .*", "  gpus: 4", entries, flags=re.MULTILINE)
    entries = re.sub(r"^  training_gpus: .*", "  training_gpus: 8", entries, flags=re.MULTILINE)
    (tmp_path / "models.yaml").write_text(entries, encoding="utf-8")
    encoder = study.selection.model_copy(update={"encoder": "xlm-roberta-large"})
    study = study.model_copy(update={"selection": encoder})
    demands = Demands(study, replace(registries, models=Registry(tmp_path / "models.yaml", Model)))
    wildcards = {**SET, "base": "gemma-3-4b", "model": "gemma-3-4b-it", "routed": "persyn", "pool": "de", "dataset": "mine"}
    asked = {rule: demands.of(rule, wildcards, 1).gpu for rule in RULES if demands.of(rule, wildcards, 1).gpu}
    alone = {"router", "quality_model", "quality_validity", "sample_quality", "own_quality", "rehearsed"}
    assert {rule for rule, gpus in asked.items() if gpus == 1} == alone
    assert {rule for rule, gpus in asked.items() if gpus == 8} == {"student"}
    assert {rule for rule, gpus in asked.items() if gpus == 4} >= {"synthesize", "perplexity", "reward", "assign", "diversity"}
