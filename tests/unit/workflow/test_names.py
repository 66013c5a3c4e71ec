"""`polyglot list` shows every name that a study can use."""

from __future__ import annotations

from pathlib import Path

import pytest

from polyglot.__main__ import main
from polyglot.intrinsic.metrics import METRICS
from polyglot.workflow.names import kinds

PLUGIN = 'from polyglot.intrinsic.metrics import METRICS, Metric\nMETRICS.add("mine", Metric("mine", "my metric", measure=len))\n'


def test_every_name_has_a_phrase() -> None:
    found = {kind.title: kind.names for kind in kinds()}
    assert set(found["methods"]) >= {"generate", "translate", "respond", "back-translation"}
    assert set(found["rules"]) >= {"mdaq", "random"}
    assert all(about for names in found.values() for about in names.values())


def test_a_plugins_names_are_listed_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(METRICS, "_known", dict(METRICS._known))
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "named_here.py").write_text(PLUGIN, encoding="utf-8")
    main(["list", "metrics", "--plugins", "named_here"])
    said = capsys.readouterr().out
    assert "mine" in said
    assert "my metric (higher is better; needs texts)" in said
    assert "persyn" not in said


def test_a_kind_or_a_plugin_that_does_not_exist_is_one_clear_error() -> None:
    with pytest.raises(SystemExit, match="unknown kind of name 'metric'; did you mean 'metrics'"):
        main(["list", "metric"])
    with pytest.raises(SystemExit, match="'no_such_plugin' cannot be imported"):
        main(["list", "--plugins", "no_such_plugin"])
