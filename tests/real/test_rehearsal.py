"""A study of real families rehearsed: what fails is named with its log, what is mended passes at the next run."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from polyglot.core.files import read_jsonl
from tests.workflow.conftest import Workplace, copy_workflow, starts

pytestmark = pytest.mark.slow
__all__ = ["starts"]  # both runs share them
Find = Callable[[str], Path]
LONG = {"temperature": 0.8, "max_new_tokens": 4096}
STUDY: dict[str, Any] = {
    "study": "real",
    "nano": {"with_real_models": True},
    "languages": ["de", "id"],
    "teachers": ["gemma", "gemma-large", "closed"],
    "base": "olmo",
    "seeds": [0, 1],
    "synthesis": {"requests": 3500, "prompts": "config/prompts/chat", "shots": 3, "budget": 50},
    "intrinsic": {"reward": {"kind": "rubric_judge", "model": "judge"}, "perplexity": {"batch_size": 2}},
    "training": {"precision": "mixed", "examples": 12, "batch_size": 2, "gradient_accumulation": 64, "max_length": 16384},
    "evaluation": {
        "benchmarks": {
            "global-mmlu-lite": {"formulation": "cloze"},
            "m-rewardbench": {"formulation": "letter"},
            "mgsm": {"formulation": "generative", "shots": 2, "max_new_tokens": 512},
        }
    },
}


def models(find: Find, teacher: Path) -> dict[str, Any]:
    """Registry entries as of large models on a cluster."""
    endpoint = {"url": "https://endpoint.invalid/v1", "model": "m", "api_key": "POLYGLOT_ABSENT_KEY"}
    large = {"folder": str(teacher), "engine": "vllm", "context": 8192, "sampling": LONG}
    return {
        "gemma": large | {"gpus": 1, "size": 12},
        "gemma-large": large | {"gpus": 2, "size": 27},
        "closed": {"engine": "openai", "endpoint": endpoint, "price": {"prompt": 0.15, "completion": 0.6}, "sampling": LONG},
        "olmo": {
            "folder": str(find("olmo-base")),
            "chat_template": "chatml.jinja",
            "reference": "olmo-it",
            "gpus": 1,
            "training_gpus": 2,
            "size": 7,
        },
        "olmo-it": {"folder": str(find("olmo-it")), "gpus": 1, "size": 7},
        "judge": {"folder": str(find("qwen-it")), "engine": "vllm", "gpus": 1, "context": 8192, "sampling": LONG},
    }


@pytest.fixture
def place(real_model: Find, repository: Path, tmp_path: Path) -> Workplace:
    """The workflow with the study; its teacher's template refuses a system's turn."""
    (tmp_path / "place").mkdir()
    workplace = copy_workflow(repository, tmp_path / "place")
    teacher = tmp_path / "gemma"
    shutil.copytree(real_model("gemma-it"), teacher)
    refusing = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}"
    template = (teacher / "chat_template.jinja").read_text(encoding="utf-8")
    (teacher / "chat_template.jinja").write_text(refusing + template, encoding="utf-8")
    workplace.configure("models.yaml", lambda known: known | models(real_model, teacher))
    (workplace.folder / "config/real.yaml").write_text(yaml.safe_dump(STUDY), encoding="utf-8")
    return workplace


def test_what_fails_is_named_and_what_is_mended_passes(place: Workplace, real_model: Find, tmp_path: Path) -> None:
    asked = ("rehearse", "--configfile", "config/real.yaml")
    done = place.snakemake(*asked, check=False)
    said, folder = done.stdout + done.stderr, place.folder / "results/real/rehearsal"
    assert done.returncode
    log = "results/real/logs/check_requests/gemma/de/0.log"
    further_too = "| check_requests | gemma | failed | 0 | 2 | 0 | results/real/rehearsal/" + log.removesuffix(".log")
    assert further_too in said
    assert "| synthesize | gemma | not reached | 0 | 0 | 1 |" in said
    assert "| student | closed | passed | 1 | 0 | 0 |" in said
    assert "- gemma stands for gemma-large: the same tokenizer, template and architecture" in said
    assert "- closed is an endpoint on this machine: nothing is sent to https://endpoint.invalid/v1" in said
    assert "no system" in (folder / log).read_text(encoding="utf-8")
    finished = read_jsonl(folder / "outcomes.jsonl")

    shutil.copy(real_model("gemma-it") / "chat_template.jinja", tmp_path / "gemma/chat_template.jinja")
    done = place.snakemake(*asked)
    assert "0 failed, 0 not reached" in done.stdout
    assert "| student | gemma | passed | 1 | 0 | 0 |" in done.stdout
    again = read_jsonl(folder / "outcomes.jsonl")[len(finished) :]
    repeated = [job["rule"] for job in again if "closed" in job["wildcards"].values()]
    assert not {"ask_endpoint", "student", "evaluate_student", "reward"} & set(repeated)
    kept = {path.name for path in (place.folder / "results/real").iterdir()}
    assert kept <= {"rehearsal", "logs", "provenance", "benchmarks", "config.yaml"}
