"""Lookups: things by name, loaded when asked for; an unknown name says what there is; plugins are imported or named."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from polyglot.core.lookup import Lookup, PluginError, UnknownName, load_plugins, unknown


def test_a_place_is_imported_when_it_is_first_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "loaded_late.py").write_text("THING = 7", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    things: Lookup[int] = Lookup("thing", {"late": "loaded_late:THING", "early": 3})
    assert list(things) == ["late", "early"]
    assert "late" in things
    assert "loaded_late" not in sys.modules
    assert (things["late"], things["early"], things["late"]) == (7, 3, 7)


def test_an_unknown_name_lists_what_there_is_and_the_nearest() -> None:
    things: Lookup[int] = Lookup("thing", {"generate": 1, "translate": 2})
    with pytest.raises(
        UnknownName, match=r"^unknown thing 'genrate'; did you mean 'generate'[?] there are: generate, translate$"
    ):
        things["genrate"]
    with pytest.raises(ValueError, match=r"^unknown thing 'xyz'; there are: generate, translate$"):
        things["xyz"]
    assert things.get("xyz") is None
    assert unknown("thing", "x", []) == "unknown thing 'x'; there are: none"


def test_of_many_names_only_the_nearest_are_said() -> None:
    many = [f"model-{n}" for n in range(38)]
    assert unknown("model", "modl-7", many, "models.yaml has").startswith("unknown model 'modl-7'; did you mean 'model-7'?")
    assert len(unknown("model", "modl-7", many, "models.yaml has")) < 250
    assert unknown("model", "xyz", many, "models.yaml has") == "unknown model 'xyz'; models.yaml has 38, none with a like name"


def test_a_name_is_given_once() -> None:
    things: Lookup[int] = Lookup("thing", {"one": 1})
    things.add("two", 2)
    things.add("two", 2)  # a module that is imported twice
    with pytest.raises(PluginError, match="the thing 'one' already exists; give yours another name"):
        things.add("one", 11)


def test_a_thing_of_another_kind_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "of_a_kind.py").write_text("THING = print", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    things: Lookup[int] = Lookup("thing", {"late": "of_a_kind:THING"}, kind=int)
    things.add("two", 2)
    for wrong in (lambda: things.add("three", print), lambda: things["late"]):  # type: ignore[arg-type]
        with pytest.raises(PluginError, match="is a builtin_function_or_method, not a int; wrap it in one"):
            wrong()
    assert list(things) == ["late", "two"]


def test_a_plugin_is_looked_for_in_the_working_directory_and_named_if_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "found_here.py").write_text("", encoding="utf-8")
    (tmp_path / "broken_here.py").write_text("1 / 0", encoding="utf-8")
    load_plugins(["found_here"])
    assert "found_here" in sys.modules
    with pytest.raises(PluginError, match=r"plugins: 'broken_here' cannot be imported \(ZeroDivisionError"):
        load_plugins(["broken_here"])
    (tmp_path / "ends_here.py").write_text("import sys; sys.exit(0)", encoding="utf-8")
    with pytest.raises(PluginError, match=r"plugins: 'ends_here' cannot be imported \(SystemExit"):
        load_plugins(["ends_here"])
    with pytest.raises(PluginError, match=r"plugins: 'nowhere' cannot be imported .* PYTHONPATH"):
        load_plugins(["nowhere"])
    with pytest.raises(PluginError, match=r"plugins: 'found_here\.py' is the name of a file; name the module, without \.py"):
        load_plugins(["found_here.py"])
    with pytest.raises(PluginError, match=r"plugins: 'statistics' is a module of Python's own, which hides yours"):
        load_plugins(["statistics"])
