"""`polyglot reference` writes its pages into the repository, and nothing anywhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from polyglot.__main__ import main


def test_in_another_folder_nothing_is_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/README.md").write_text("mine")
    monkeypatch.chdir(tmp_path)
    for name in ("Snakefile", "Makefile"):
        with pytest.raises(SystemExit, match=f"reference: .*{name} is not there; run this in the workflow's folder"):
            main(["reference"])
        (tmp_path / name).write_text("")
    assert (tmp_path / "config/README.md").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["Makefile", "README.md", "Snakefile", "config"]
    main(["reference", "--to", "keys.md"])
    assert (tmp_path / "keys.md").read_text().startswith("# Configuration")


def test_all_pages_are_written_in_the_repository(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = ["config/README.md", *(f"docs/reference/{name}.md" for name in ("files", "commands", "deviations"))]
    read = [path for path in (repository / "config").rglob("*") if path.is_file() and path.name != "README.md"]
    for name in ("Snakefile", "Makefile", "docs/budgets.json", *(str(path.relative_to(repository)) for path in read)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).symlink_to(repository / name)
    monkeypatch.chdir(tmp_path)
    main(["reference"])
    assert [(tmp_path / page).read_text() for page in pages] == [(repository / page).read_text() for page in pages]
