"""README.md says what docs/README.jinja and docs/numbers.json give: numbers that a run makes are not typed."""

from __future__ import annotations

import runpy
from pathlib import Path

from polyglot.core.files import read_json


def test_the_readme_is_made_from_its_template_and_the_numbers_of_a_run(repository: Path) -> None:
    page = runpy.run_path(str(repository / "docs/readme.py"))["page"]
    made = page(read_json(repository / "docs/numbers.json"))
    assert made == (repository / "README.md").read_text(encoding="utf-8"), "python docs/readme.py makes README.md"
