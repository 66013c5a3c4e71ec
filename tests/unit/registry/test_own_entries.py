"""Entries of a study's own add to config/'s: never in silence in place of one, and with paths as seen from their folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from polyglot.registry import Registries, chat_template, load_registries, own_chat_template
from polyglot.registry.base import RegistryError

Load = Callable[..., Registries]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    folder.mkdir()
    return folder


@pytest.fixture
def load(repository: Path, own: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    monkeypatch.chdir(own.parent)

    def loaded(**files: str) -> Registries:
        for name, text in files.items():
            (own / f"{name}.yaml").write_text(text, encoding="utf-8")
        return load_registries(repository / "config", own)

    return loaded


def test_each_kind_of_entry_is_added(load: Load, own: Path) -> None:
    found = load(
        models="my-teacher: {engine: openai, endpoint: {url: http://here/v1, model: m}}",
        languages="qaa: {name: Ours, endonym: Yetu, script: Latin}",
        benchmarks="my-quiz: {formulations: [letter], source: ours}",
        sources="my-prompts: {folder: data, prompt: text, languages: {sw: []}}",
    )
    assert {"my-teacher", "thorough"} <= found.models.keys()
    assert {"qaa", "de"} <= found.languages.keys()
    assert {"my-quiz", "mgsm"} <= found.benchmarks.keys()
    assert {"my-prompts", "aya"} <= found.sources.keys()
    assert found.models.file_of("my-teacher") == own / "models.yaml"
    assert found.models.file_of("thorough").parent.name == "config"


def test_a_name_that_config_has_is_an_error_with_both_files_unless_it_overrides(load: Load, own: Path, repository: Path) -> None:
    with pytest.raises(RegistryError) as error:
        load(models="minilm: {role: embedding, folder: x}")
    assert str(own / "models.yaml") in str(error.value)
    assert f"entry 'minilm' is in {repository / 'config/models.yaml'} too" in str(error.value)
    assert load(models="minilm: {override: true, role: embedding, folder: x}").models["minilm"].package is None
    with pytest.raises(RegistryError, match=r"entry 'minilmm' says `override: true`, and .*config/models\.yaml has none"):
        load(models="minilmm: {override: true, role: embedding, folder: x}")
    with pytest.raises(RegistryError, match=r"mine/models\.yaml: entry 'minilm', key 'override': true or false \(value: 'yes'\)"):
        load(models="minilm: {override: 'yes', role: embedding, folder: x}")


def test_a_broken_entry_names_the_own_file(load: Load) -> None:
    with pytest.raises(RegistryError, match=r"mine/models\.yaml: entry 'a', key 'role'.*'wizard'"):
        load(models="a: {role: wizard, folder: x}")
    with pytest.raises(RegistryError, match=r"mine/models\.yaml: entry 'a' needs exactly one of"):
        load(models="a: {}")
    with pytest.raises(RegistryError, match=r"mine/benchmarks\.yaml: entry 'aya' is also a source in .*config/sources\.yaml"):
        load(models="a: {folder: x}", benchmarks="aya: {formulations: [letter], source: ours}")


def test_relative_paths_are_seen_from_the_folder(load: Load, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = load(
        models="a: {folder: models/a}\nb: {folder: /opt/b}\nc: {folder: config/c}",
        sources="s: {folder: ../data, prompt: text, languages: {sw: []}}",
    )
    assert [found.models[name].folder for name in "abc"] == ["mine/models/a", "/opt/b", "config/c"]
    assert found.sources["s"].folder == "data"
    (own / "below").mkdir()
    monkeypatch.chdir(own / "below")
    assert load_registries(found.models.source.parent, own).models["a"].folder == str(own / "models/a")


def test_an_own_chat_template_comes_first(load: Load, own: Path, repository: Path) -> None:
    entry = "a: {folder: x, chat_template: mine.jinja}\nb: {folder: x, chat_template: chatml.jinja}"
    with pytest.raises(RegistryError, match=r"entry 'a': unknown chat template 'mine\.jinja'"):
        load(models=entry)
    (own / "chat_templates").mkdir()
    shutil.copy(repository / "config/chat_templates/chatml.jinja", own / "chat_templates/mine.jinja")
    found = load(models=entry)
    assert own_chat_template(found.models, "a") == chat_template(found.models, "a") == own / "chat_templates/mine.jinja"
    assert own_chat_template(found.models, "b") is None
    assert chat_template(found.models, "b") == repository / "config/chat_templates/chatml.jinja"


@pytest.mark.parametrize(
    "value",
    ["2024-13-45", '"\\UFFFFFFFF"', '"\\U00110000"', "!!bool maybe", '!!int ""', "!!float x", "!!timestamp foo"],
)
def test_a_value_that_yaml_cannot_read_is_named_with_its_file(load: Load, value: str) -> None:
    with pytest.raises(RegistryError, match=r"mine/models\.yaml: cannot be read: .*(stands in quotes|or delete it)"):
        load(models=f"a: {{folder: {value}}}")


def test_a_word_that_yaml_reads_as_false_is_no_name(load: Load) -> None:
    with pytest.raises(RegistryError, match=r"mine/models\.yaml: the name of an entry is no text: .* in quotes: 'no'"):
        load(models="no: {folder: x}")
