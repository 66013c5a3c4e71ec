"""What `make` shows of a run: what is going on, and what has failed, once."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from .conftest import Workplace, copy_workflow

pytestmark = pytest.mark.slow

SEED = "results/demo/seed/de.parquet"


@pytest.fixture
def fresh(repository: Path, tmp_path: Path) -> Workplace:
    return copy_workflow(repository, tmp_path)


def followed(workplace: Workplace, *arguments: str) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join(str(workplace.folder / part) for part in ("plugins", "scripts"))
    return subprocess.run(
        ["snakemake", *arguments, "--logger", "progress"],
        cwd=workplace.folder,
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def test_a_failure_is_told_once_with_what_to_do_and_the_next_run_goes_on(fresh: Workplace) -> None:
    adapter = fresh.folder / "scripts/seeds/seed.py"
    sound = adapter.read_text(encoding="utf-8")
    frame = 'with running(snakemake, environment="analysis"):\n'
    assert frame in sound
    adapter.write_text(sound.replace(frame, f"{frame}    raise ValueError('prompts are empty')\n"), encoding="utf-8")
    failed = followed(fresh, SEED)
    assert failed.returncode == 1
    assert failed.stderr.count("prompts are empty") == 1
    lines = failed.stderr.splitlines()
    log = "results/demo/logs/seed/de.log"
    said = lines.index("seed: ValueError: prompts are empty")
    assert lines[said + 1 : said + 3] == [
        f"(the full traceback is in {log})",
        "failed: seed (lang de); what does not depend on it goes on",
    ]
    assert f"- seed (lang de): {log}" in lines
    assert any(line.startswith("Run the same command again to resume.") for line in lines)
    assert lines[-2].endswith("1 of 2 jobs done, 1 failed")
    own = lines[-1].removeprefix("Snakemake's own log: ")
    assert "Error in rule seed" in Path(own).read_text(encoding="utf-8")

    adapter.write_text(sound, encoding="utf-8")
    resumed = followed(fresh, SEED)
    assert resumed.returncode == 0, resumed.stderr
    assert "goes on: 1 of 2 jobs were done before" in resumed.stderr
    assert "all 2 jobs done after" in resumed.stderr
    assert "nothing to do" in followed(fresh, SEED).stderr


def test_a_broken_configuration_is_told_as_ever(fresh: Workplace) -> None:
    done = followed(fresh, "--config", "techers=[thorough]")
    assert done.returncode == 1
    assert "techers" in done.stderr
    assert "no such key" in done.stderr
