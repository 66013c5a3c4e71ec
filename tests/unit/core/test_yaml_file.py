"""YAML files of the user: characters that JSON writes in two halves are read, and half a character is told with its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from polyglot.core.yaml_file import read_yaml


def test_both_halves_of_a_character_are_joined(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(json.dumps({"description": "gut \U0001f600", "\U0001f600": [1]}))
    assert read_yaml(tmp_path / "a.yaml") == {"description": "gut \U0001f600", "\U0001f600": [1]}


@pytest.mark.parametrize("text", ['width: "a\\ud800"', '"a\\ud800": 1', 'a: ["\\ude00\\ud83d"]'])
def test_half_a_character_is_told_with_its_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.yaml").write_text(f"study: x\n{text}\n")
    with pytest.raises(yaml.YAMLError, match=r"half a character \(an unpaired surrogate\); correct or delete it\n.*line 2"):
        read_yaml(tmp_path / "a.yaml")
