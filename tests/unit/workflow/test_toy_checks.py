"""A study with real models takes nothing of the embedded study by default; one message names all that it lacks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from polyglot.core.errors import ConfigurationError
from polyglot.study.configuration import Study
from polyglot.workflow.loading import load_study, merge, registries_of
from polyglot.workflow.study_checks import problems

BARE: dict[str, Any] = {
    "study": "mine",
    "languages": ["sw"],
    "teachers": ["api"],
    "base": "our-base",
    "evaluation": {"benchmarks": {"mgsm": {"formulation": "generative"}}},
}
MODELS: dict[str, Any] = {
    "api": {"engine": "openai", "endpoint": {"url": "http://here/v1", "model": "m"}},
    "our-base": {"folder": "base", "reference": "our-reference"},
    "our-reference": {"folder": "reference"},
}
NAMED: dict[str, Any] = {
    "seed_dataset": {"files": {"sw": "sw.jsonl", "en": "en.jsonl"}},
    "synthesis": {"prompts": "config/prompts/chat"},
    "intrinsic": {"embedding": "minilm", "reward": {"kind": "rubric_judge", "model": "api"}},
    "training": {"learning_rate": 2e-5, "max_length": 2048},
    "evaluation": {"benchmarks": {"mgsm": {"folder": "mgsm", "max_new_tokens": 512}}},
}
LACKING = [
    "seed_dataset.files.sw: a file of prompts in 'sw'",
    "seed_dataset.files.en: a file of prompts in 'en'",
    "evaluation.benchmarks.mgsm: its items, by `folder` or `hub: true`",
    "evaluation.benchmarks.mgsm.max_new_tokens: the longest answer",
    "synthesis.prompts: a folder of templates",
    "mine/models.yaml: entry 'api', sampling.max_new_tokens: its longest answer in tokens (nano models': 128)",
    "intrinsic.reward.model: a judge",
    "intrinsic.embedding: an embedding model",
    "training.learning_rate: for real weights",
    "training.max_length: the longest example",
]


def refusal(repository: Path, folder: Path, study: dict[str, Any], models: dict[str, Any] = MODELS) -> str:
    """What is said of a study; empty if it can run."""
    own = folder / "mine"
    own.mkdir(exist_ok=True)
    for name, content in {"study": study, "models": models}.items():
        (own / f"{name}.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    try:
        load_study(own / "study.yaml", repository)
    except ConfigurationError as error:
        return str(error)
    return ""


def test_all_that_is_missing_is_named_at_once(repository: Path, tmp_path: Path) -> None:
    said = refusal(repository, tmp_path, BARE)
    assert [line for line in LACKING if line not in said] == []
    assert len(said.splitlines()) == 1 + 1 + len(LACKING) + 1
    assert "models that are not nano (api, our-base, our-reference)" in said


def test_what_is_named_is_not_asked_for(repository: Path, tmp_path: Path) -> None:
    answering = MODELS | {"api": MODELS["api"] | {"sampling": {"max_new_tokens": 1024}}}
    assert refusal(repository, tmp_path, merge(BARE, NAMED), answering) == ""
    without = {**NAMED, "intrinsic": {"embedding": "minilm"}}
    said = refusal(repository, tmp_path, merge(BARE, without), answering)
    assert "intrinsic.reward.model: a judge" in said
    assert len(said.splitlines()) == 4


def test_prompts_of_the_source_language_are_asked_for_only_where_something_is_made_of_them(
    repository: Path, tmp_path: Path
) -> None:
    english = "seed_dataset.files.en"
    direct = BARE | {"methods": ["generate", "respond"]}
    assert english in refusal(repository, tmp_path, BARE)
    assert english not in refusal(repository, tmp_path, direct)
    unscaled = MODELS | {"rm": {"role": "reward", "folder": "rm"}}
    assert english in refusal(repository, tmp_path, direct | {"intrinsic": {"reward": {"model": "rm"}}}, unscaled)


def test_a_translator_is_named_where_one_is_used(repository: Path, tmp_path: Path) -> None:
    translating = {"experiments": {"translated": {"compare": "recipes", "recipes": ["translate-100", "nllb-respond-100"]}}}
    assert "translation.model: a model with the role `translation`" in refusal(repository, tmp_path, BARE | translating)
    assert "translation.model" not in refusal(repository, tmp_path, BARE)


@pytest.mark.parametrize("change", [{"teachers": ["thorough", "gemma-3-4b-it"]}, {"intrinsic": {"embedding": "qwen-3-8b"}}])
def test_one_real_model_is_enough(repository: Path, change: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=r"seed_dataset\.files\.de: a file of prompts"):
        load_study(repository / "config/demo.yaml", repository, change)


def test_nano_studies_and_those_that_say_so_share_the_micro_world(repository: Path) -> None:
    shared = {
        "teachers": ["thorough", "gemma-3-4b-it"],
        "nano": {"with_real_models": True},
        "truth": {"above": [], "above_in": {}},
    }
    load_study(repository / "config/demo.yaml", repository, shared | {"run": ["main"], "experiments": {}, "routing": {}})
    load_study(repository / "config/demo.yaml", repository)


def test_a_configuration_with_every_default_written_down_stays_valid(repository: Path, tmp_path: Path) -> None:
    """Jobs get the configuration whole."""
    study, _ = load_study(repository / "config/paper.yaml", repository)
    again = Study.model_validate(study.model_dump(mode="json"))
    assert list(problems(again, registries_of(again, repository))) == []
