"""A damaged input is named, with what to do."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from polyglot.core.damage import advice
from polyglot.core.files import write_json, write_parquet


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    import numpy as np
    from safetensors.numpy import save_file

    (tmp_path / "student").mkdir()
    write_parquet(pd.DataFrame({"text": ["a" * 50, "b" * 50] * 500}), tmp_path / "answers.parquet")
    save_file({"weight": np.zeros(100, dtype="float32")}, tmp_path / "student/model.safetensors")
    write_json({"a": 1}, tmp_path / "student/config.json")
    return tmp_path


def test_inputs_that_can_be_read_are_no_cause(folder: Path) -> None:
    assert advice([folder / "answers.parquet", folder / "student", folder / "not there", folder]) is None


@pytest.mark.parametrize("name", ["answers.parquet", "student/model.safetensors", "student/config.json"])
@pytest.mark.parametrize("kept", [0.0, 0.5, 0.8])
def test_a_torn_file_is_named_and_what_it_is_a_part_of_is_to_be_removed(folder: Path, name: str, kept: float) -> None:
    path = folder / name
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])
    given = folder / name.partition("/")[0]
    said = advice([given])
    assert said is not None
    assert said.startswith(f"{path}: the file is damaged")
    assert f"rm -r {given})" in said
