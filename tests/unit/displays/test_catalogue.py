"""The catalogue: what a study has, and what a project of its own adds to it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import yaml

from polyglot.core.errors import ConfigurationError
from polyglot.core.lookup import PluginError
from polyglot.displays import catalogue
from polyglot.displays.catalogue import COMPARED, FIGURES, TABLES, NameClash
from polyglot.displays.catalogue.files import CELLS, DATA
from polyglot.displays.display import Display
from polyglot.displays.makers import functions, maker
from polyglot.study.configuration import Study
from polyglot.workflow.loading import load_study
from tests.simulated import simulate

WORDS = Display("words_plugin:words", "Words", DATA, "Cells by *{definition}*.", {"cells": CELLS})
PLUGIN = """
from polyglot.displays.table import Table

def words(context, cells):
    return Table(cells, cells, context.title)
"""


@pytest.fixture
def study(repository: Path) -> Study:
    return load_study(repository / "config/demo.yaml", repository)[0]


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A module of a project's own, whose table is of the main experiment and of every one that compares recipes."""
    (tmp_path / "words_plugin.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(tmp_path)
    TABLES.add("words", WORDS)
    COMPARED["recipes"]["table"].add("_words", WORDS)
    yield
    TABLES._known.pop("words")
    COMPARED["recipes"]["table"]._known.pop("_words")


def test_a_table_of_ones_own_is_among_the_studys(plugin: None, study: Study) -> None:
    found = catalogue.tables(study)
    compared = [name for name, matrix in study.matrices.items() if matrix.compare == "recipes"]
    assert compared
    assert found["words"].inputs == {"cells": "scores/main/cells.csv"}
    for name in compared:
        assert found[f"{name}_words"].inputs == {"cells": f"scores/{name}/cells.csv"}
        assert found[f"{name}_words"].caption.endswith("Cells by *{definition}*.")
    assert catalogue.of(found, ["main"])[-1] == "words"
    assert "words" not in catalogue.figures(study)


def test_its_function_makes_it(plugin: None) -> None:
    frames = simulate()
    table = maker("table", WORDS.function)(frames.context, cells=frames.cells)
    pd.testing.assert_frame_equal(table.data, frames.cells)
    assert WORDS.function in functions("table")


def test_an_unknown_function_is_named_with_the_nearest(plugin: None) -> None:
    with pytest.raises(ValueError, match="unknown function of a table 'words_plugin:word'; did you mean 'words_plugin:words'"):
        maker("table", "words_plugin:word")
    with pytest.raises(ValueError, match=r"unknown function of a table 'study\.pgrs'; did you mean 'study\.pgr'"):
        maker("table", "study.pgrs")
    with pytest.raises(ValueError, match="there is no module 'absent_plugin'; it is looked for in the folder that you run in"):
        maker("figure", "absent_plugin:words")


@pytest.mark.parametrize("name", ["leaderboard", "plan", "plan_teachers", "plan_demands", "plan_memory"])
def test_a_bare_name_in_an_old_archive_still_finds_its_function(name: str) -> None:
    assert maker("table", name) is maker("table", next(full for full in functions("table") if full.endswith(f".{name}")))


def test_a_name_is_given_once(study: Study) -> None:
    with pytest.raises(PluginError, match="the table 'leaderboard' already exists"):
        TABLES.add("leaderboard", WORDS)
    with pytest.raises(PluginError, match="the figure of experiments that compare sizes '_alignment' already exists"):
        COMPARED["sizes"]["figure"].add("_alignment", WORDS)
    FIGURES.add("screen", WORDS)
    try:
        with pytest.raises(NameClash, match="plugins: the figure 'screen' has the same name as another figure"):
            catalogue.figures(study)
    finally:
        FIGURES._known.pop("screen")


def test_an_experiment_cannot_take_the_name_of_a_table(repository: Path, tmp_path: Path) -> None:
    raw = yaml.safe_load((repository / "config/demo.yaml").read_text())
    raw["experiments"] = {"leaderboard": {"compare": "recipes", "recipes": ["equal", "generate"]}}
    path = tmp_path / "demo.yaml"
    path.write_text(yaml.safe_dump(raw | {"run": None}))
    with pytest.raises(
        ConfigurationError, match=r"experiments\.leaderboard: the table 'leaderboard' has the same name as another"
    ):
        load_study(path, repository)


def test_an_unknown_figure_is_named_with_the_nearest(repository: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"figures: unknown figure 'gains'; did you mean 'gain'"):
        load_study(repository / "config/demo.yaml", repository, {"figures": {"gains": {"width": 5}}})


def test_the_catalogue_is_read_without_pandas(repository: Path) -> None:
    code = "import sys, polyglot.displays.catalogue; print({'pandas', 'numpy', 'matplotlib'} & {*sys.modules})"
    environment = {"PYTHONPATH": str(repository / "scripts")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
