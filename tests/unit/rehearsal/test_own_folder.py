"""A study in a folder of its own is rehearsed with its own registries, and no other study is copied."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from polyglot.rehearsal.preparation import Rehearsal, prepare
from polyglot.rehearsal.run import targets
from polyglot.workflow.inputs.models import ModelInputs
from polyglot.workflow.loading import load_study

STUDY = {
    "study": "mine",
    "languages": ["sw"],
    "teachers": ["api"],
    "methods": ["generate", "respond"],
    "base": "ours",
    "seed_dataset": {"files": {"sw": "sw.jsonl"}},
    "synthesis": {"prompts": "config/prompts/chat"},
    "intrinsic": {"embedding": "minilm", "reward": {"kind": "rubric_judge", "model": "api"}},
    "training": {"learning_rate": 2e-5, "max_length": 512},
    "evaluation": {"benchmarks": {"quiz": {"formulation": "letter", "folder": "quiz"}}},
}


def test_a_rehearsal_has_the_own_registries_in_its_config(
    nano_model: Path, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, place = tmp_path / "config/mine", tmp_path / "results/mine/rehearsal"
    shutil.copytree(repository / "config", tmp_path / "config")
    for name in ("chat_templates", "other"):
        (own.parent if name == "other" else own).joinpath(name).mkdir(parents=True)
    shutil.copy(repository / "config/chat_templates/chatml.jinja", own / "chat_templates/ours.jinja")
    (tmp_path / "config/other/study.yaml").write_text("study: other", encoding="utf-8")
    (own / "sw.jsonl").write_text('{"prompt": "Swali?", "response": "Jibu."}\n', encoding="utf-8")
    (own / "quiz/sw").mkdir(parents=True)
    endpoint = {"url": "https://endpoint.invalid/v1", "model": "m"}
    models = {
        "api": {"engine": "openai", "endpoint": endpoint, "sampling": {"max_new_tokens": 512}},
        "ours": {"folder": str(nano_model), "chat_template": "ours.jinja", "reference": "ours-it"},
        "ours-it": {"folder": str(nano_model)},
    }
    benchmarks = {"quiz": {"formulations": ["letter"], "source": "ours"}}
    for name, content in {"study": STUDY, "models": models, "benchmarks": benchmarks}.items():
        (own / f"{name}.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    study, registries = load_study(Path("config/mine/study.yaml"), tmp_path)
    rehearsal = Rehearsal(study, registries, ModelInputs(study, registries).used, tmp_path, place)
    prepare(rehearsal, "http://here")
    assert "results/mine/seed/sw.parquet" in targets(rehearsal)
    assert "results/mine/seed/en.parquet" not in targets(rehearsal)  # nothing is translated
    monkeypatch.chdir(place)
    small, known = load_study(Path("config/mine.yaml"), place)
    assert small.registries is None
    assert small.seed_dataset.files == {"sw": str(own / "sw.jsonl")}
    assert small.evaluation.benchmarks["quiz"].folder == str(own / "quiz")
    assert known.models["api"].endpoint.url == "http://here"  # type: ignore[union-attr]
    assert known.languages["sw"].name == "Swahili"
    assert (place / "config/chat_templates/ours.jinja").is_file()
    assert not (place / "config/other").exists()
