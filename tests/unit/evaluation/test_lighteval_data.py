"""What the page of lighteval's tasks says of their data: docs/lighteval_data.csv and what is made of it."""

from __future__ import annotations

import csv
import re
import runpy
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from polyglot.evaluation.lighteval_list import Listed, listed_tasks

SPDX = re.compile(r"Apache-2\.0|MIT|CC0-1\.0|CC-BY(-NC)?(-SA)?-[234]\.0")
WORDS = {"free use, with credit to Google", "non-commercial research only", "MIT or BSD"}
"""Licences that have no identifier."""


@pytest.fixture(scope="module")
def made(repository: Path) -> dict[str, Any]:
    return runpy.run_path(str(repository / "docs/lighteval_tasks.py"))


@pytest.fixture(scope="module")
def shown(made: dict[str, Any]) -> list[Listed]:
    """The tasks of the page."""
    by_language = made["multilingual"](list(listed_tasks().values()))
    return [task for lang in made["chosen_languages"](by_language) for task in by_language[lang]]


def test_every_data_set_of_the_page_has_a_row_and_every_row_a_task(made: dict[str, Any], shown: list[Listed]) -> None:
    facts = made["facts"]()
    assert {task.repository for task in shown} == {one.data for one in facts}
    assert [one for one in facts if not any(one.of(task) for task in shown)] == []
    assert [key for key, count in Counter((one.data, one.task, one.lang) for one in facts).items() if count > 1] == []


def test_what_is_stated_has_a_source_and_a_form(repository: Path) -> None:
    with (repository / "docs/lighteval_data.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        assert not row["items"] or int(row["items"]) > 0, row
        assert row["at_most"] in ("", "yes"), row
        assert row["items"] or not row["at_most"], row
        assert not row["licence"] or row["licence"] in WORDS or SPDX.fullmatch(row["licence"]), row
        assert bool(row["items"] or row["licence"]) == bool(row["source"]), row
        assert all(re.fullmatch(r"https://\S+", address) for address in row["source"].split()), row
    assert rows == sorted(rows, key=lambda row: (row["data"].lower(), row["task"], row["lang"]))


def test_the_row_that_says_most_of_a_task_counts(made: dict[str, Any]) -> None:
    facts, known = made["facts"](), listed_tasks()
    stated = {name: made["stated"](known[name], facts) for name in ("exams_deu_mcf", "mlqa_hin", "xcodah_ara_cf", "acva")}
    assert stated == {
        "exams_deu_mcf": ("at most 577", "CC-BY-SA-4.0"),
        "mlqa_hin": ("4,918", "CC-BY-SA-3.0"),
        "xcodah_ara_cf": ("300", "MIT"),
        "acva": ("not stated", "not stated"),
    }


def test_the_page_says_at_its_top_how_much_is_stated(made: dict[str, Any], repository: Path) -> None:
    """And is made of the list and the file of facts as they are."""
    text = made["page"](list(listed_tasks().values()))
    assert text == (repository / "docs/reference/lighteval.md").read_text(encoding="utf-8")
    top, _, tables = text.partition("\n## ")
    rows = [line.split(" | ") for line in tables.partition("\n## Data sets")[0].splitlines() if line.startswith("| `")]
    counts = [sum(row[cell] != "not stated" for row in rows) for cell in (1, 2)]
    assert f"items are stated for {counts[0]} of {len(rows)} tasks, their licence for {counts[1]}" in " ".join(top.split())
