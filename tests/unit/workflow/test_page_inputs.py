"""What a page is made from: what the run makes, and what earlier runs left."""

from __future__ import annotations

from pathlib import Path

import pytest

from polyglot.displays.catalogue import TABLES
from polyglot.displays.catalogue.files import CELLS, RESULT
from polyglot.displays.display import Display
from polyglot.workflow.inputs.page import PageInputs
from polyglot.workflow.targets import Targets

from .conftest import Read


def leave(*paths: str) -> None:
    """Files that an earlier run left."""
    for path in paths:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text("x")


def names(page: PageInputs) -> set[str]:
    return {one["name"] for one in page.shown()["shown"]}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_page_waits_for_all_that_its_run_makes(read: Read) -> None:
    page = PageInputs(*read())
    files = page.files()
    for path in ("tables/leaderboard.md", "figures/leaderboard.png", "analysis/prices.csv", "sft/equal/hasty/de/0.parquet"):
        assert f"results/demo/{path}" in files
    assert {path.split("/")[1] for path in files} == {"demo"}
    assert not any("large_student" in path for path in files)
    assert "large_student" in page.facts()["unrun"]
    assert page.earlier() == {}


def test_what_the_command_line_asks_for_is_made(read: Read) -> None:
    made = PageInputs(*read(), ("-c2", "experiments", "screen"))
    assert {"results/demo/tables/large_student.md", "results/demo/tables/screen.md"} <= set(made.files())
    assert {"large_student", "screen", "leaderboard"} <= names(made)
    routed = PageInputs(*read(), ("route",))
    assert {"results/demo/tables/routing.md", "results/demo/tables/leaderboard.md"} <= set(routed.files())
    alone = PageInputs(*read(), ("screen",))
    assert {Path(path).stem for path in alone.files()} == {"screen"}
    assert alone.shown()["samples"] == []


def test_what_a_run_makes_and_a_page_shows_is_no_file_from_earlier(read: Read) -> None:
    """It would be read while another job writes it."""
    study, registries = read(run=["race"], experiments={"race": {"compare": "race", "languages": ["de"]}})
    for asked in ("race", "all"):
        made = Targets(study, registries).asked_by(asked)
        leave(*made)
        page = PageInputs(study, registries, (asked,))
        assert "results/demo/tables/resources.md" in page.files()
        assert not page.earlier().keys() & {*made}
        assert "main" in page.facts()["unrun"]


def test_an_experiment_that_is_there_is_shown_and_no_reason_to_run_it(read: Read) -> None:
    leave(*(f"results/demo/tables/large_student.{form}" for form in ("md", "csv")), "results/demo/tables/data_scale.md")
    page = PageInputs(*read())
    assert "large_student" in names(page)
    assert "data_scale" not in names(page), "half of its files are missing"
    assert not any("large_student" in path for path in page.files())
    assert page.facts()["earlier"] == ["large_student"]
    assert "large_student" not in page.facts()["unrun"]
    before = page.earlier()
    leave("results/demo/figures/large_student.png")
    assert set(PageInputs(*read()).earlier()) - set(before) == {"results/demo/figures/large_student.png"}


def test_a_plugins_table_is_on_the_page(read: Read) -> None:
    TABLES.add("mine", Display("m:f", "Mine", RESULT, "A caption.", {"cells": CELLS}))
    try:
        assert "mine" in names(PageInputs(*read()))
    finally:
        TABLES._known.pop("mine")


def test_the_report_names_what_was_run_and_no_more(read: Read) -> None:
    leave("results/demo/tables/methods.md", "results/demo/tables/methods.csv")
    found = PageInputs(*read()).in_report()
    assert [*found["experiments"]] == ["methods"]
