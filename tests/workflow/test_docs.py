"""Every shell block of README.md and docs/ is run as a reader would, page by page, where the embedded study is finished.

`tests/blocks.py` says what a comment before a block changes. What readers bring (prompts, a benchmark, a study) is there.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import patience
from tests.blocks import blocks, blocks_of, lay_out

from .conftest import SNAKEMAKE, Workplace, copy_workflow

pytestmark = pytest.mark.slow
REPOSITORY = Path(__file__).resolve().parents[2]
RUN = [block for block in blocks(REPOSITORY, "bash") if not block.needs]
COMMANDS = {
    "snakemake": f'PYTHONPATH="$PYTHONPATH:$PWD/scripts" exec "{sys.executable}" "{SNAKEMAKE}" ${{DRY_RUN:+-n}} "$@"',
    "polyglot": f"""
        if [ "$1" = init ]; then set -- "$@" --no-plan; fi
        if [ -n "$DRY_RUN" ]; then set -- "$1" --help; fi
        exec "{sys.executable}" -m polyglot "$@"
    """,
    "make": 'exec /usr/bin/env -i PATH="$USUAL_PATH" make -n "$@"',
}
"""What stands in a reader's path: Snakemake forked from a process that has imported it; polyglot without the plan at the end of
`init`, which test_init.py has; a make that says what it would do."""


@pytest.fixture(scope="module")
def place(repository: Path, demo: Workplace, tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """A copy of the workflow with the finished embedded study, and what readers bring."""
    copied = copy_workflow(repository, tmp_path_factory.mktemp("docs"))
    for part in ("results", ".snakemake"):
        shutil.copytree(demo.folder / part, copied.folder / part, symlinks=True)
    for path in (copied.folder / "scripts").rglob("*.py"):
        os.utime(path, (0, 0))  # the study is finished, whichever clone has run it
    for path in [repository / "Makefile", *repository.glob("requirements*")]:
        shutil.copy2(path, copied.folder)
    for name, text in COMMANDS.items():
        path = copied.folder / "programs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
    (copied.folder / ".venv/bin").mkdir(parents=True)
    (copied.folder / ".venv/bin/activate").write_text("")
    item = {"question": "Mji mkuu wa Kenya?", "choices": ["Nairobi", "Mombasa"], "answer": 0}
    (copied.folder / "my_benchmark/sw").mkdir(parents=True)
    (copied.folder / "my_benchmark/sw/test.jsonl").write_text(json.dumps(item) + "\n", encoding="utf-8")
    prompts = "".join(json.dumps({"prompt": f"Andika sentensi {number}."}) + "\n" for number in range(200))
    (copied.folder / "my_prompts.jsonl").write_text(prompts, encoding="utf-8")
    run(copied, "polyglot init mine --languages sw --prompts my_prompts.jsonl --teacher gpt-4o-mini --judge gpt-4o-mini "
        "--embedding minilm --base none --no-plan")  # fmt: skip
    another_clone(copied)
    return copied


def another_clone(place: Workplace) -> None:
    """The folders `old` and `new` of the page about files: results of one clone for another, which git knows."""
    (place.folder / "old/results").mkdir(parents=True)
    (place.folder / "old/.snakemake").mkdir()
    (place.folder / "new").mkdir()
    copy_workflow(REPOSITORY, place.folder / "new")
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-C", str(place.folder / "new")]
    for command in (("init", "--quiet"), ("add", "."), ("commit", "--quiet", "--message", "All")):
        subprocess.run([*git, *command], check=True)


def run(place: Workplace, text: str, *, dry: bool = False) -> str:
    """What a block prints; a command that fails ends it, and the test."""
    usual = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    variables = {"PATH": f"{place.folder / 'programs'}{os.pathsep}{usual}", "USUAL_PATH": usual, "DRY_RUN": "yes" if dry else ""}
    variables |= {"PYTHONPATH": str(place.folder / "scripts")}
    done = patience.run(["bash", "-euo", "pipefail", "-c", text], place.folder, **variables)
    assert done.returncode == 0, f"{text}\n{(done.stdout + done.stderr)[-4000:]}"
    return done.stdout + done.stderr


@pytest.mark.parametrize("page", sorted({str(block.page) for block in RUN}))
def test_the_shell_blocks_of_a_page_run(page: str, place: Workplace) -> None:
    shown = list(blocks_of(REPOSITORY, Path(page)))
    kept = {name: (place.folder / name).read_bytes() for name in ("config/models.yaml", "config/benchmarks.yaml")}
    lay_out(shown, place.folder)
    for made in place.folder.glob("config/swahili*"):
        shutil.rmtree(made)
    try:
        for block in shown:
            if block.kind == "bash" and not block.needs:
                run(place, block.text, dry=block.mark == "dry run")
    finally:
        for name, content in kept.items():
            (place.folder / name).write_bytes(content)


def test_a_block_that_fails_is_found(place: Workplace) -> None:
    with pytest.raises(AssertionError, match="no such file or folder"):
        run(place, "polyglot check nowhere.jsonl\npolyglot --version")


def test_make_in_the_documentation_says_what_it_would_do(place: Workplace) -> None:
    assert "envs/install.py" in run(place, "make setup PYTHON=python3.11")
