"""The frame around every script: hubs are offline, unless the job is to fetch from one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from polyglot.workflow.job import OFFLINE
from tests.patience import STANDSTILL

CODE = """
import json, os, sys
from types import SimpleNamespace
from polyglot.workflow.job import running
job = SimpleNamespace(log=[sys.argv[1]], rule="rule", wildcards={}, resources={}, threads=1)
with running(job, online=sys.argv[2] == "online"):
    import datasets, huggingface_hub.constants as hub
    offline = {"hub": hub.HF_HUB_OFFLINE, "datasets": datasets.config.HF_HUB_OFFLINE}
    print(json.dumps({"environment": dict(os.environ), "offline": offline}))
"""
FETCHING = {"hub_dataset.py", "hub_model.py"}


@pytest.mark.parametrize("kind", ["online", "offline"])
def test_hubs_are_offline_for_rules_but_not_for_those_that_fetch(repository: Path, tmp_path: Path, kind: str) -> None:
    clean = {name: value for name, value in os.environ.items() if name not in OFFLINE}
    command = [sys.executable, "-c", CODE, str(tmp_path / "log"), kind]
    subprocess.run(command, check=True, env=clean | {"PYTHONPATH": str(repository / "scripts")}, timeout=STANDSTILL)
    found = json.loads((tmp_path / "log").read_text().splitlines()[-1])
    assert {name: found["environment"].get(name) for name in OFFLINE} == (
        OFFLINE if kind == "offline" else dict.fromkeys(OFFLINE)
    )
    assert set(found["offline"].values()) == {kind == "offline"}


def adapters(repository: Path) -> list[Path]:
    return [path for path in (repository / "scripts").glob("*/*.py") if path.parent.name != "polyglot"]


def test_only_the_scripts_that_fetch_are_online(repository: Path) -> None:
    scripts = {path.name: path.read_text(encoding="utf-8") for path in adapters(repository)}
    framed = {name for name, text in scripts.items() if "with running(snakemake" in text}
    assert {name for name in framed if "online=True" in scripts[name]} == FETCHING
    assert {name for name, text in scripts.items() if "snakemake." in text} == framed


def test_adapters_have_names_of_their_own(repository: Path) -> None:
    """Archives name an adapter without its room."""
    names = [path.name for path in adapters(repository)]
    assert len(names) > 50
    assert len(set(names)) == len(names)
