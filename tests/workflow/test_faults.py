"""Some of the faults of `faults.py`: what a disturbed study ends with is what an undisturbed one does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from polyglot.workflow.shared_starts import VARIABLE

from ..endpoint import serving
from .conftest import Workplace
from .faults import FAULTS, try_out
from .faulty_study import fingerprint

pytestmark = pytest.mark.slow
BOUNDED = ("kill -9 in evaluate_student", "torn student", "read-only before tables", "clock: tables of last year")
NEEDS_ROOT = ("read-only", "disk full")


@pytest.mark.parametrize("name", BOUNDED)
def test_the_final_tables_are_the_same_after(name: str, tiny: Workplace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if name.startswith(NEEDS_ROOT) and os.geteuid():
        pytest.skip("mounts need root")
    if name.startswith("kill"):
        monkeypatch.delenv(VARIABLE)  # servers of its own, which end with it
    with serving() as server:
        try_out(name, tiny, fingerprint(tiny), server, 0, tmp_path / "copy")


def test_there_are_forty() -> None:
    assert len(FAULTS) >= 40
