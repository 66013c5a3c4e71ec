"""Inner parts of other packages: a version that was not tested and a part that is gone are said, and nothing fails."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from polyglot.core import upstream
from polyglot.core.upstream import MISSING, Upstream, inner, warn

THING = SimpleNamespace(a=SimpleNamespace(b=None))


@pytest.fixture(autouse=True)
def _nothing_said() -> None:
    warn.cache_clear()


def test_a_part_behind_dots_is_found() -> None:
    assert inner(THING, "a.b") is None
    assert inner(THING, "a.c") is MISSING
    assert inner(THING, "a.b.c") is MISSING


def test_nothing_is_said_where_all_parts_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert Upstream("pydantic", first="2", before="3").has(THING, "a", "a.b", lost="x")
    assert capsys.readouterr().err == ""


def test_a_part_that_is_gone_is_named_once_with_what_is_lost_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        assert not Upstream("pydantic", first="2", before="3").has(THING, "a", "b", "a.c", lost="jobs wait")
    assert capsys.readouterr().err == (
        "Warning: pydantic has no SimpleNamespace.b, SimpleNamespace.a.c any more: jobs wait. Tested with pydantic >=2,<3; to "
        "have it back, install the versions of requirements.lock (make setup).\n"
    )


@pytest.mark.parametrize(
    ("installed", "known"), [("9.26.9", False), ("9.27", True), ("9.27.1", True), ("9.28.0", False), ("10.0", False)]
)
def test_a_version_outside_the_tested_range_is_said(
    installed: str, known: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(upstream, "version", lambda package: installed)
    assert Upstream("snakemake", first="9.27", before="9.28").check_version() == known
    assert (f"snakemake {installed} is untested here" in capsys.readouterr().err) == (not known)


def test_a_package_that_is_not_installed_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert not Upstream("no-such-package", first="1", before="2").check_version()
    assert "no-such-package is not installed" in capsys.readouterr().err
