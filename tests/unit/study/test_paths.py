"""The layout of result files stands once: what the library names is what the rules write."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from polyglot.study import paths
from polyglot.workflow.targets import FIGURE_FORMS, TABLE_FORMS

PATTERNS = {name: value for name, value in vars(paths).items() if name.isupper()}
GIVEN = {"LEXICON", "PUBLISHED_TABLE", "RELEASED_FILE"}
"""Files of the repository."""
UNDECLARED = {"RESULTS", "CONFIGURATION", "LOGS", "RECORDS", "TIMINGS", "PAID", "SCORES"}
"""Folders, and what is written beside the jobs."""


def outputs(repository: Path) -> str:
    """The outputs of all rules, with their wildcards."""
    text = "".join(path.read_text(encoding="utf-8") for path in (repository / "rules").glob("*.smk"))
    found = "".join(re.findall(r"^    output:\n(.*?)^    \w+:", text, re.MULTILINE | re.DOTALL))
    found = found.replace("{{", "{").replace("}}", "}")
    for variable, value in (("{RESULTS}", paths.RESULTS), ("{REPLICATION}", "{study}"), ("{hub.folder}", "{hub}")):
        found = found.replace(variable, value)
    return found.replace("{NANO}", f"{paths.RESULTS}/nano")


@pytest.mark.parametrize("name", sorted(set(PATTERNS) - GIVEN - UNDECLARED))
def test_every_path_is_the_output_of_a_rule(repository: Path, name: str) -> None:
    forms = {"TABLE": TABLE_FORMS, "FIGURE": FIGURE_FORMS}.get(name, ("{form}",))
    for form in forms:
        assert f'"{PATTERNS[name].replace("{form}", form)}"' in outputs(repository)


def test_no_path_stands_twice() -> None:
    assert len(set(PATTERNS.values())) == len(PATTERNS)


def test_files_are_found_by_their_pattern(tmp_path: Path) -> None:
    for name in ("answers/hasty/de/respond/0.parquet", "answers/hasty/de/respond/0.json", "answers/hasty/de/0.parquet"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    whole = tmp_path / "answers/hasty/de/respond/0.parquet"
    assert list(paths.found(paths.ANSWERS, tmp_path)) == [
        (whole, {"teacher": "hasty", "lang": "de", "method": "respond", "seed": "0"})
    ]


def test_a_path_within_the_studys_folder() -> None:
    assert paths.inside(paths.SEED) == "seed/{lang}.parquet"
