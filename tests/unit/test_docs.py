"""README.md and docs/: short, made where it can be, without a dead link, and every block in them is something that works."""

from __future__ import annotations

import argparse
import ast
import json
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from polyglot.__main__ import parser
from polyglot.cluster.site import Site
from polyglot.core.files import read_json
from polyglot.core.version import version
from polyglot.registry.data import BenchmarkFacts
from polyglot.registry.models import Model
from polyglot.replication.evidence import Told
from polyglot.study.configuration import Study
from polyglot.workflow.loading import merge
from tests.blocks import NEEDS, Block, blocks, blocks_of, lay_out, pages

REPOSITORY = Path(__file__).resolve().parents[2]
KINDS = ("bash", "yaml", "json", "python", "text", "{toctree}", "{include} ../../config/README.md", "{eval-rst}")
OTHERS = ("git", "ssh-keygen", "source", "cp", "cd", "export", "squeue", "python")
"""Commands of blocks that are no commands of this project or of Snakemake."""
SHOWN = {block: str(block) for block in blocks(REPOSITORY)}


def of(*kinds: str) -> list[Block]:
    return [block for block in SHOWN if block.kind in kinds]


def test_the_readme_is_read_in_a_few_minutes(repository: Path) -> None:
    assert len((repository / "README.md").read_text(encoding="utf-8").split()) < 900


def test_pages_with_numbers_are_made_from_their_templates_and_the_numbers_of_a_run(repository: Path) -> None:
    made = runpy.run_path(str(repository / "docs/pages.py"))["pages"](read_json(repository / "docs/numbers.json"))
    assert {path.name for path in made} >= {"README.md", "demo.md", "experiments.md", "routing-and-selection.md"}
    for path, text in made.items():
        assert path.read_text(encoding="utf-8") == text, f"python docs/pages.py makes {path.name}"


def test_the_version_stands_in_one_place(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["--version"])
    assert capsys.readouterr().out == f"polyglot-score {version()}\n"
    assert "version:" not in (repository / "CITATION.cff").read_text(encoding="utf-8").replace("cff-version:", "")
    newest = re.search(r"^## \[(.+?)\]", (repository / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest is not None
    assert newest[1] in ("Unreleased", version())


def anchors(path: Path) -> set[str]:
    """What headings of a page are linked by, as GitHub and Sphinx name them."""
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", [*map(str, pages(REPOSITORY)), "CHANGELOG.md"])
def test_no_link_leads_nowhere(page: str, repository: Path) -> None:
    text = re.sub(r"^```.*?^```$|`[^`\n]*`", "", (repository / page).read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        place, _, anchor = target.partition("#")
        if place.startswith(("http:", "https:")):
            continue
        path = (repository / page).parent / place if place else repository / page
        assert path.exists(), f"{page}: {target}"
        assert not anchor or anchor in anchors(path), f"{page}: {target}"


def test_every_page_is_in_the_navigation(repository: Path) -> None:
    listed = set()
    for block in blocks(repository, "{toctree}"):
        listed |= {block.page.parent / f"{line}.md" for line in block.text.splitlines() if line and line[0] != ":"}
    assert listed | {Path("docs/index.md")} == {page for page in pages(repository) if page.parts[0] == "docs"}


@pytest.mark.parametrize("block", SHOWN, ids=SHOWN.values())
def test_a_block_says_what_it_is(block: Block) -> None:
    assert block.kind in KINDS, f"{block}: what kind of block is this?"
    assert not block.needs or block.needs in NEEDS, f"{block}: {block.mark}"


@pytest.mark.parametrize("block", of("json", "python"), ids=str)
def test_data_and_code_can_be_read(block: Block) -> None:
    if block.kind == "python":
        ast.parse(block.text)
    else:
        assert all(isinstance(json.loads(line), dict) for line in block.text.splitlines())


@pytest.mark.parametrize("block", [block for block in of("yaml") if "plugins:" not in block.text], ids=str)
def test_a_piece_of_a_study_or_a_registry_has_keys_and_values_that_are_known(block: Block, repository: Path) -> None:
    given = yaml.safe_load(block.text)
    if block.mark == "site.yaml":
        Site.model_validate(given)
    elif block.mark == "models.yaml" or block.registry == "config/models.yaml":
        for name, entry in given.items():
            Model.model_validate({key: value for key, value in entry.items() if key != "override"} | {"label": name})
    elif block.mark == "replication.yaml":
        for finding in given["findings"]:
            Told.model_validate(finding)
    elif block.registry == "config/benchmarks.yaml":
        for entry in given.values():
            BenchmarkFacts.model_validate(entry)
    else:
        study = yaml.safe_load((repository / "config/demo.yaml").read_text(encoding="utf-8"))
        Study.model_validate(merge(study | {"experiments": {}, "run": None}, given))


WITH_PLUGINS = [block for block in of("yaml") if "plugins:" in block.text and block.page.name != "extending.md"]
"""Those of extending.md are tried in test_extending.py."""


@pytest.mark.parametrize("block", WITH_PLUGINS, ids=str)
def test_a_piece_of_a_study_with_plugins_is_read_with_those_of_its_page(block: Block, repository: Path, tmp_path: Path) -> None:
    shutil.copytree(repository / "config", tmp_path / "config")
    lay_out(blocks_of(repository, block.page), tmp_path)
    given = {"experiments": {}, "run": None, "truth": {}, "routing": {}} | yaml.safe_load(block.text)
    code = f"from pathlib import Path; from polyglot.workflow.loading import load_study; root = Path({str(tmp_path)!r}); "
    code += f"load_study(root / 'config/demo.yaml', root, {given!r})"
    environment = os.environ | {"PYTHONPATH": str(repository / "scripts")}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True)


@pytest.fixture(scope="module")
def snakemake_knows(repository: Path) -> Iterator[argparse.ArgumentParser]:
    """Snakemake's parser, with this project's plugins."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(repository / "plugins")
        from snakemake.cli import get_argument_parser

        yield get_argument_parser()


@pytest.mark.parametrize("block", of("bash"), ids=str)
def test_a_shell_block_has_commands_and_options_that_there_are(
    block: Block, repository: Path, snakemake_knows: argparse.ArgumentParser
) -> None:
    """That they run is tested in tests/workflow/test_docs.py."""
    rules = "\n".join(
        path.read_text(encoding="utf-8") for path in [repository / "Snakefile", *(repository / "rules").glob("*.smk")]
    )
    made = re.findall(r"^([a-z-]+):", (repository / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    for command in [part for line in block.commands for part in line.split("&&")]:
        words = shlex.split(command)
        while re.match(r"[A-Z_]+=", words[0]):
            words.pop(0)
        name, arguments = words[0], words[1:]
        if name == "polyglot":
            parser().parse_args(arguments)
        elif name == "make":
            assert {word for word in arguments if "=" not in word} <= {*made}, f"{block}: {command}"
        elif name == "snakemake":
            given = snakemake_knows.parse_args(arguments)
            asked = [target for target in given.targets if not target.startswith("results/")]
            assert all(re.search(rf"^rule {target}:", rules, re.MULTILINE) for target in asked), f"{block}: {command}"
        else:
            assert name in OTHERS, f"{block}: {command}"


def said(folder: Path) -> Iterator[str]:
    """Every text in code, what is put into it as `…`."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
            elif isinstance(node, ast.JoinedStr):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)


def test_every_message_that_is_explained_is_one_of_the_code(repository: Path) -> None:
    text = (repository / "docs/troubleshooting.md").read_text(encoding="utf-8")
    messages = re.findall(r"^### `(.+)`$", text, re.MULTILINE)
    assert len(messages) >= 40
    known = "\n".join(line for folder in ("scripts", "plugins", "envs") for line in said(repository / folder))
    for message in messages:
        pattern = "…".join(re.escape(part) for part in message.split("…")).replace("…", "[^\n]*?")
        assert re.search(pattern, known), f"no such message any more: {message}"
