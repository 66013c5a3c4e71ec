"""A nano model that has learned enough to write JSON, and what it is asked."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from polyglot.engines.base import Request
from polyglot.registry.models import Model, Sampling
from polyglot.synthesis.methods.base import METHODS as KNOWN
from polyglot.synthesis.methods.base import default_methods

METHODS = default_methods()
ASKED = 40
"""Requests of each method."""


def main_environment(repository: Path) -> tuple[Path, dict[str, str]]:
    """The Python of the main environment (of POLYGLOT_BIN, if it is elsewhere), and the variables to run it with."""
    folder = Path(os.environ.get("POLYGLOT_BIN", repository / ".venv/bin"))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VIRTUAL_ENV")}
    return folder / "python", environment | {
        "PATH": f"{folder}:{environment['PATH']}",
        "PYTHONPATH": str(repository / "scripts"),
    }


@pytest.fixture(scope="session")
def study(repository: Path) -> Path:
    """Results of the embedded study with the requests in German and the teacher of POLYGLOT_NANO, made by the workflow."""
    requests = [f"results/demo/requests/de/{method}/0.parquet" for method in METHODS]
    python, environment = main_environment(repository)
    command = [str(python), "-m", "snakemake", *requests, "results/demo/models/hasty", "--quiet", "all", "--cores", "2"]
    subprocess.run(command, cwd=repository, env=environment, check=True)
    return repository / "results/demo"


@pytest.fixture(scope="session")
def nano(study: Path) -> Path:
    return study / "models/hasty"


@pytest.fixture(scope="session")
def entry() -> Model:
    """The registry's entry: greedy decoding."""
    sampling = Sampling(temperature=0, max_new_tokens=96)
    return Model(folder="nano", engine="vllm", context=512, sampling=sampling)


@pytest.fixture(scope="session")
def requests(study: Path) -> dict[str, list[Request]]:
    """By method, as the workflow asks them."""
    found = {}
    for method in METHODS:
        rows = pd.read_parquet(study / f"requests/de/{method}/0.parquet").head(ASKED)
        schema = KNOWN[method].schema
        found[method] = [
            Request(row["request_id"], [dict(message) for message in row["messages"]], int(row["request_seed"]), schema)
            for row in rows.to_dict("records")
        ]
    return found
