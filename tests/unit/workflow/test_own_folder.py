"""A study in a folder of its own: its registries, its paths, and what its jobs depend on and its archive holds."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from polyglot.core.errors import ConfigurationError
from polyglot.provenance.archive.facts import Used
from polyglot.provenance.archive.packing import Study as Finished
from polyglot.workflow.inputs.models import ModelInputs
from polyglot.workflow.inputs.seeds import SeedInputs
from polyglot.workflow.loading import choose_study_file, load_study

MINE: dict[str, Any] = {
    "study": "mine",
    "languages": ["sw"],
    "teachers": ["local"],
    "methods": ["generate", "respond"],
    "base": "our-base",
    "seed_dataset": {"files": {"en": "prompts/en.jsonl", "sw": "prompts/sw.jsonl"}},
    "synthesis": {"prompts": "config/prompts/chat"},
    "intrinsic": {"embedding": "minilm", "reward": {"kind": "rubric_judge", "model": "local"}},
    "training": {"learning_rate": 2e-5, "max_length": 2048},
    "evaluation": {"benchmarks": {"quiz": {"formulation": "letter", "folder": "quiz"}}},
}
MODELS: dict[str, Any] = {
    "local": {"folder": "models/local", "chat_template": "ours.jinja", "sampling": {"max_new_tokens": 512}},
    "our-base": {"folder": "models/base", "reference": "local"},
}


@pytest.fixture
def place(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with config/, and the study in config/mine."""
    for name in ("models", "languages", "benchmarks", "sources", "licences", "demo"):
        (tmp_path / "config").mkdir(exist_ok=True)
        shutil.copy(repository / f"config/{name}.yaml", tmp_path / "config")
    shutil.copytree(repository / "config/chat_templates", tmp_path / "config/chat_templates")
    folder = tmp_path / "config/mine"
    (folder / "chat_templates").mkdir(parents=True)
    shutil.copy(repository / "config/chat_templates/chatml.jinja", folder / "chat_templates/ours.jinja")
    files = {"study": MINE, "models": MODELS, "benchmarks": {"quiz": {"formulations": ["letter"], "source": "ours"}}}
    for name, content in files.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_brings_its_registries_and_its_paths_are_seen_from_it(place: Path) -> None:
    study, registries = load_study(Path("config/mine/study.yaml"), place)
    assert study.registries == "config/mine"
    assert study.seed_dataset.files["sw"] == "config/mine/prompts/sw.jsonl"
    assert study.evaluation.benchmarks["quiz"].folder == "config/mine/quiz"
    assert study.synthesis.prompts == "config/prompts/chat"
    assert registries.languages["sw"].name == "Swahili"
    models, seeds = ModelInputs(study, registries), SeedInputs(study, registries)
    assert models.folder("local") == "config/mine/models/local"
    assert models.chat_template("local") == "config/mine/chat_templates/ours.jinja"
    assert models.settings("local")["folder"] == "config/mine/models/local"
    assert seeds.files({"lang": "sw"}) == ["config/mine/prompts/sw.jsonl"]


def test_the_same_study_follows_from_the_configuration_that_jobs_get(place: Path, tmp_path: Path) -> None:
    """Jobs ask Snakemake anew, with the configuration in a file elsewhere."""
    study, registries = load_study((place / "config/mine/study.yaml").absolute(), place)
    file = tmp_path / "scratch/mine.yaml"
    file.parent.mkdir()
    file.write_text(yaml.safe_dump(study.model_dump(mode="json")), encoding="utf-8")
    again, others = load_study(file, place)
    assert again == study
    assert dict(others.models) == dict(registries.models)
    assert dict(others.languages) == dict(registries.languages)


def test_a_folder_may_be_anywhere_and_its_targets_find_it_in_config(place: Path, tmp_path: Path) -> None:
    assert choose_study_file(place, [], ["results/mine/tables/leaderboard.md"]) == place / "config/mine/study.yaml"
    elsewhere = tmp_path.parent / f"{tmp_path.name}-elsewhere/mine"
    shutil.copytree(place / "config/mine", elsewhere)
    study, registries = load_study(elsewhere / "study.yaml", place)
    assert study.seed_dataset.files["sw"] == str(elsewhere / "prompts/sw.jsonl")
    assert registries.models["local"].folder == str(elsewhere / "models/local")


def test_the_folder_has_the_name_of_the_study(place: Path) -> None:
    (place / "config/mine").rename(place / "config/ours")
    with pytest.raises(ConfigurationError, match="study: 'mine' must be the name of the folder that holds it, 'ours'"):
        load_study(Path("config/ours/study.yaml"), place)


def test_a_name_of_both_is_an_error_that_names_both_files(place: Path) -> None:
    (place / "config/mine/models.yaml").write_text(yaml.safe_dump(MODELS | {"gpt-4o-mini": {"folder": "x"}}), encoding="utf-8")
    with pytest.raises(
        ConfigurationError, match=r"config/mine/models\.yaml: entry 'gpt-4o-mini' is in .*config/models\.yaml too"
    ):
        load_study(Path("config/mine/study.yaml"), place)


def test_the_archive_holds_the_own_files_without_secrets_and_no_other_study(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUR_TOKEN", "a-very-secret-value")
    models = MODELS | {"api": {"engine": "openai", "endpoint": {"url": "http://a-very-secret-value.org/v1", "model": "m"}}}
    (place / "config/mine/models.yaml").write_text(yaml.safe_dump(models), encoding="utf-8")
    (place / "config/other").mkdir()
    (place / "config/other/study.yaml").write_text("study: other", encoding="utf-8")
    used = Used(*load_study(Path("config/mine/study.yaml"), place), {}, [])
    finished = Finished(used=used, lines=[], root=place, largest_mb=1, folder=place)
    items = {item.path: item for item in finished.code()}
    own = [path for path in items if path.startswith("config/mine/")]
    assert own == [
        f"config/mine/{name}" for name in ("benchmarks.yaml", "chat_templates/ours.jinja", "models.yaml", "study.yaml")
    ]
    assert "config/other/study.yaml" not in items
    content = items["config/mine/models.yaml"].content or b""
    assert b"[secret]" in content
    assert b"a-very-secret-value" not in content


def heir(place: Path, file: str, **changes: Any) -> Path:
    """A study that extends `mine`."""
    path = place / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump({"languages": ["yo"], **changes}), encoding="utf-8")
    return path.relative_to(place)


@pytest.mark.parametrize(
    ("file", "extends"), [("config/ours/study.yaml", "../mine/study.yaml"), ("config/ours.yaml", "mine/study.yaml")]
)
def test_what_a_study_inherits_stays_where_it_is(place: Path, file: str, extends: str) -> None:
    """Paths of the other study are seen from its folder, its registries are used, and the archive holds the files of both."""
    changes = {"study": "ours", "extends": extends, "seed_dataset": {"files": {"yo": "config/yo.jsonl"}}}
    path = heir(place, file, **changes)
    (place / "config/yo.jsonl").touch()
    study, registries = load_study(path, place)
    assert study.seed_dataset.files == {
        "sw": "config/mine/prompts/sw.jsonl",
        "en": "config/mine/prompts/en.jsonl",
        "yo": "config/yo.jsonl",
    }
    assert study.evaluation.benchmarks["quiz"].folder == "config/mine/quiz"
    assert registries.models["local"].folder == "config/mine/models/local"
    assert study.read_from == [file, "config/mine/study.yaml"]
    finished = Finished(used=Used(study, registries, {}, []), lines=[], root=place, largest_mb=1, folder=place)
    held = [item.path for item in finished.code()]
    assert {file, "config/mine/study.yaml", "config/mine/models.yaml"} <= set(held)
    assert len(held) == len(set(held))


def test_a_folder_with_registries_of_its_own_does_not_use_the_others(place: Path) -> None:
    path = heir(place, "config/ours/study.yaml", study="ours", extends="../mine/study.yaml")
    (place / "config/ours/models.yaml").write_text("", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"teachers: .*'local'"):
        load_study(path, place)
    both = heir(place, "config/ours/study.yaml", study="ours", extends="../mine/study.yaml", registries="../mine")
    with pytest.raises(ConfigurationError, match=r"takes nothing of the embedded study by default.*\n.*seed_dataset.files.yo"):
        load_study(both, place)


def test_a_folder_elsewhere_inherits_from_the_project(place: Path, tmp_path: Path) -> None:
    path = tmp_path.parent / f"{tmp_path.name}-elsewhere/theirs/study.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(yaml.safe_dump({"study": "theirs", "extends": str(place / "config/mine/study.yaml")}), encoding="utf-8")
    study, _ = load_study(path, place)
    assert study.seed_dataset.files["sw"] == "config/mine/prompts/sw.jsonl"
    path.write_text(yaml.safe_dump({"study": "theirs", "extends": "config/demo.yaml"}), encoding="utf-8")
    assert load_study(path, place)[0].base == "nano-base"
