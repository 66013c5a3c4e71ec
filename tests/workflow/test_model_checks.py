"""A model that comes from elsewhere is checked on the CPU before a job holds a GPU for it; nano models are not."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from .conftest import Workplace, copy_workflow, share_the_world

METHODS = ("generate", "translate", "respond")


@pytest.fixture
def given(repository: Path, tmp_path: Path) -> Workplace:
    """A workflow with a teacher and a base in local folders."""
    fresh = copy_workflow(repository, tmp_path)
    (fresh.folder / "given").mkdir()
    (fresh.folder / "given/config.json").write_text("{}", encoding="utf-8")

    def add(models: dict[str, Any]) -> dict[str, Any]:
        teacher = {"folder": "given", "engine": "vllm", "gpus": 1, "sampling": {"max_new_tokens": 16}}
        base = {"folder": "given", "reference": "nano-reference", "chat_template": "chatml.jinja"}
        return models | {"given": teacher, "given-base": base}

    fresh.configure("models.yaml", add)
    fresh.configure("demo.yaml", share_the_world)
    return fresh


def test_given_models_are_checked_and_nano_models_are_not(given: Workplace) -> None:
    planned = given.planned("--config", "teachers=[thorough, given]", "base=given-base", "truth={}")
    assert (planned["check_requests"], planned["check_base"]) == (3, 1)
    assert planned["synthesize"] == planned["student"] == 2 * 3
    translated = "results/demo/answers/given/de/nllb-respond/0.parquet"
    assert given.planned(translated, "--config", "teachers=[thorough, given]", "truth={}")["check_translated_requests"] == 1
    checks = {"check_requests", "check_base", "check_translated_requests", "check_judge", "check_anchor"}
    assert not {*checks, "reward_scale"} & set(given.planned())


def test_given_judges_and_references_are_checked(given: Workplace) -> None:
    judge = {"folder": "given", "chat_template": "chatml.jinja"}
    given.configure("models.yaml", lambda models: models | {"judge": judge, "given-reference": {"folder": "given"}})
    given.configure("models.yaml", lambda models: models | {"own-base": {"folder": "given", "reference": "given-reference"}})
    planned = given.planned(
        *("--config", "base=own-base", "truth={}", "intrinsic={reward: {kind: rubric_judge, model: judge}}"),
    )
    assert (planned["check_judge"], planned["check_anchor"], planned["check_base"]) == (1, 2, 1)
    assert planned["evaluate_anchor"] == 2 * 3
    assert planned["reward"] == 4 * 3


@pytest.mark.slow
def test_a_judge_and_an_anchor_are_checked_by_what_they_will_be_shown(given: Workplace, nano_model: Path) -> None:
    for file in nano_model.iterdir():
        shutil.copy2(file, given.folder / "given" / file.name)
    given.configure("models.yaml", lambda models: models | {"judge": {"folder": "given"}})
    judged = ["--config", "truth={}", "intrinsic={reward: {kind: rubric_judge, model: judge}}"]
    checks = ["results/demo/checks/judge.json", "results/demo/checks/anchors/given-base.json"]
    given.snakemake(*checks, *judged)
    found = [json.loads((given.folder / check).read_text()) for check in checks]
    assert found[0]["chats"]["the rubric"] > 50
    assert set(found[0]["chats"]) == {"the rubric", "the template rate.jinja", "the template duel.jinja"}
    assert set(found[1]["chats"]) == set(), "a pre-trained base is asked without a chat template"

    (given.folder / "given/chat_template.jinja").unlink()
    failed = given.snakemake(checks[0], *judged, "--forcerun", "check_judge", check=False)
    assert "check_judge" in failed.stderr
    assert "the tokenizer has no chat template" in failed.stderr


def test_a_base_whose_template_is_not_its_own_is_evaluated_without(given: Workplace) -> None:
    output = given.snakemake(
        *("-n", "-p", "results/demo/evaluation/anchors/given-base/de.parquet", "--config", "base=given-base", "truth={}")
    ).stdout
    assert "chat_templates" not in output


def test_a_reward_model_without_a_scale_is_measured_first(given: Workplace) -> None:
    given.configure("models.yaml", lambda models: models | {"judge": {"role": "reward", "folder": "given"}})
    chosen = ["--config", "intrinsic={reward: {model: judge}}"]
    assert given.planned(*chosen)["reward_scale"] == 1
    given.configure("models.yaml", lambda models: models | {"judge": {"role": "reward", "folder": "given", "scale": [-5, 20]}})
    assert "reward_scale" not in given.planned(*chosen)


@pytest.mark.slow
def test_a_folder_that_cannot_be_asked_stops_before_its_engine_starts(given: Workplace, nano_model: Path) -> None:
    for file in nano_model.iterdir():
        shutil.copy2(file, given.folder / "given" / file.name)
    given.configure("models.yaml", lambda models: models | {"given": models["given"] | {"engine": "transformers"}})
    template = (given.folder / "given/chat_template.jinja").rename(given.folder / "kept.jinja")
    answers = [f"results/demo/answers/given/de/{method}/0.parquet" for method in METHODS]
    small = ["--config", "teachers=[given]", "truth={}", "nano={corpus_size: 200, seed_items: 4}", "synthesis={requests: 6}"]
    failed = given.snakemake(*answers, *small, check=False)
    assert failed.returncode != 0
    assert "given: the tokenizer has no chat template; name one of config/chat_templates" in failed.stderr
    assert not (given.folder / "results/demo/logs/synthesize").exists()

    template.rename(given.folder / "given/chat_template.jinja")
    check = "results/demo/checks/requests/given/de/0.json"
    given.snakemake(check, *small)
    for path in answers:
        (given.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (given.folder / path).touch()
    assert given.planned(*answers, *small) == {}
    later = time.time() + 5
    os.utime(given.folder / check, (later, later))
    assert given.planned(*answers, *small) == {}, "a check that is made again asks no teacher again"
    (given.folder / check).unlink()
    assert given.planned(*answers, *small).get("synthesize", 0) == 0
