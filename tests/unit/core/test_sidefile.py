"""What a job had done is found again: after a kill, and when settings change and change back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from polyglot.core.sidefile import GROWTH, OWNERS, SideFile, kept_folder
from polyglot.core.submission import VARIABLE, Submission


def rows(*names: str) -> list[dict[str, str]]:
    return [{"id": name, "text": f"{name} é\u2028"} for name in names]


def side(folder: Path, owner: str = "cold") -> SideFile:
    return SideFile(folder / "unfinished/answers/t/de/0.jsonl", owner)


def done(folder: Path, owner: str, *names: str) -> None:
    one = side(folder, owner)
    one.append(rows(*names))
    one.finish()


def test_a_finished_jobs_rows_are_found_again_by_their_owner_only(tmp_path: Path) -> None:
    done(tmp_path, "cold", "a", "b")
    assert not side(tmp_path).path.exists()
    assert side(tmp_path).kept == tmp_path / "unfinished/superseded/answers/t/de/0/cold.jsonl.gz"
    done(tmp_path, "warm", "a")
    assert side(tmp_path, "cold").read() == rows("a", "b")
    assert side(tmp_path, "warm").read() == rows("a")
    assert side(tmp_path, "hot").read() == []


def test_requests_that_changed_and_changed_back_are_found_too(tmp_path: Path) -> None:
    done(tmp_path, "cold", "a", "b")
    done(tmp_path, "cold", "c")
    assert [row["id"] for row in side(tmp_path).read()] == ["a", "b", "c"]
    side(tmp_path).finish()  # a run that asked for nothing
    assert [row["id"] for row in side(tmp_path).read()] == ["a", "b", "c"]


def test_what_is_kept_has_bounds_and_the_oldest_goes_first(tmp_path: Path) -> None:
    for number in range(OWNERS + 2):
        done(tmp_path, f"owner{number}", "a")
        os.utime(side(tmp_path, f"owner{number}").kept, (number, number))
    found = sorted(path.name for path in kept_folder(side(tmp_path).path).iterdir())
    assert found == [f"owner{number}.jsonl.gz" for number in range(2, OWNERS + 2)]
    for number in range(GROWTH + 3):
        done(tmp_path, "cold", f"{number}x", f"{number}y")
    assert [row["id"] for row in side(tmp_path).read()] == [f"{n}{k}" for n in range(3, GROWTH + 3) for k in "xy"]


def test_in_a_submission_of_several_jobs_the_file_stays_and_is_counted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "")
    Submission(os.getpid(), str(tmp_path), str(tmp_path), False).announce()
    done(tmp_path, "cold", "a")
    assert side(tmp_path).path.exists()
    side(tmp_path).finish()
    monkeypatch.delenv(VARIABLE)
    side(tmp_path).finish()
    assert side(tmp_path).read() == rows("a")


@pytest.mark.parametrize("keep", [0, 1, 30])
def test_a_torn_kept_file_costs_what_it_lacks_and_no_more(tmp_path: Path, keep: int, capsys: pytest.CaptureFixture[str]) -> None:
    done(tmp_path, "cold", "a", "b")
    kept = side(tmp_path).kept
    kept.write_bytes(kept.read_bytes()[:keep])
    assert side(tmp_path).read() == []
    assert keep == 0 or str(kept) in capsys.readouterr().out
    done(tmp_path, "cold", "a", "b")
    assert side(tmp_path).read() == rows("a", "b")
