"""Registries: a broken entry is named with its file and key; a model inside a package is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from polyglot.registry import load_registries
from polyglot.registry.base import RegistryError
from polyglot.registry.models import local_folder


def test_a_packaged_model_is_found_and_a_missing_one_named(repository: Path) -> None:
    model = load_registries(repository / "config").models["minilm"]
    assert (local_folder(model, []) / "config.json").exists()
    for package, message in (
        ("no_such_package/model", "'no_such_package' is not installed"),
        ("yaml/model", "no folder 'model'"),
    ):
        with pytest.raises(RegistryError, match=message):
            local_folder(model.model_copy(update={"package": package}), [])


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("a: {role: wizard, folder: x}", r"models\.yaml: entry 'a', key 'role'.*'wizard'"),
        ("a: {}", "entry 'a' needs exactly one of pretraining, gold_tuning, translator_training, package, folder"),
        ("a: {folder: x, package: y}", "entry 'a' needs exactly one of"),
        ("a: {gold_tuning: {start: b, examples: 5}}", "entry 'a' starts from unknown model 'b'"),
        ("- a", "a registry is a mapping"),
    ],
)
def test_a_broken_registry_names_file_entry_and_key(tmp_path: Path, entry: str, message: str) -> None:
    (tmp_path / "models.yaml").write_text(entry)
    with pytest.raises(RegistryError, match=message):
        load_registries(tmp_path)


def test_elsewhere_than_in_the_workflows_folder_the_remedy_is_named(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match=r"config/models.yaml is not there; run this in the workflow's folder"):
        load_registries(tmp_path / "config")
