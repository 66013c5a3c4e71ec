"""Errors of Python's own that a user can mend are told without a traceback, with the remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from polyglot.core.errors import foreseen


def test_a_file_in_place_of_a_folder_is_named_with_what_may_name_it(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("x")
    with pytest.raises(NotADirectoryError) as found:
        (tmp_path / "home/token").read_text()
    told = foreseen(found.value)
    assert told is not None
    assert f"{tmp_path}/home/token: a file on this path is where a folder is needed" in told
    assert "HF_HOME" in told


@pytest.mark.parametrize("name", ["x" * 300, "loop"])
def test_a_path_that_can_be_none_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(OSError, match=name) as found:
        (tmp_path / name).read_text()
    assert f"{tmp_path / name}: " in str(foreseen(found.value))
    assert "correct the path" in str(foreseen(found.value))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("lingua", "the package lingua is not in this Python: run `make setup` again"),
        ("lighteval.tasks.registry", "the package lighteval is not in this Python"),
        ("polyglot.nowhere", None),
        (None, None),
    ],
)
def test_a_package_that_is_missing_is_named_and_a_mistake_of_ours_is_none(name: str | None, told: str | None) -> None:
    said = foreseen(ModuleNotFoundError("No module", name=name))
    assert said is None if told is None else told in str(said)
