"""`snakemake --sdm conda`: a rule's job runs inside the locked environment, and pip takes no file but those locked.

No channel is needed: see tests/conda. The pip part comes from the package index, as for everyone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ..conda import shim
from ..conda.channel import SITE, Package, from_wheel, host_python, write_channel
from ..unit.environments import locked_versions
from .conftest import Workplace, copy_workflow

pytestmark = pytest.mark.slow

WITNESS = """\
import atexit, json, os, sys

def leave():
    files = {name: getattr(module, "__file__", None) for name, module in list(sys.modules.items()) if "." not in name}
    said = {"argv": sys.argv, "prefix": sys.prefix, "activated": os.environ.get("WITNESS_PREFIX"), "files": files}
    with open(os.environ["WITNESS"], "a") as file:
        file.write(json.dumps(said) + "\\n")

if "WITNESS" in os.environ:
    atexit.register(leave)
"""
"""What each Python of an environment leaves behind: where it is, what activated it, and where its modules come from."""


@pytest.fixture(scope="module")
def channel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """conda-forge in miniature: Python, the pip that environments ask for, and a witness that comes with Python."""
    folder = tmp_path_factory.mktemp("channels")
    environment = yaml.safe_load((repository / "envs/analysis.yaml").read_text(encoding="utf-8"))
    (pip,) = (spec for spec in environment["dependencies"] if isinstance(spec, str) and spec.startswith("pip="))
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), pip.replace("=", "==")]
    subprocess.run(download, check=True)
    hook = b'export WITNESS_PREFIX="$CONDA_PREFIX"\n'
    files = {f"{SITE}/witness.py": WITNESS.encode(), "etc/conda/activate.d/witness.sh": hook}
    files[f"{SITE}/witness.pth"] = b"import witness\n"  # no sitecustomize: that of a system's Python comes first
    witness = Package("witness", "1.0", files, noarch="generic")
    wheel = next(folder.glob("pip-*.whl"))
    write_channel(folder / "conda-forge", [host_python(depends=("witness",)), witness, from_wheel(wheel)])
    return folder


@pytest.fixture
def workplace(repository: Path, tmp_path: Path, channel: Path, monkeypatch: pytest.MonkeyPatch) -> Workplace:
    """A copy of the workflow, with the shim before everything else on the path."""
    programs = shim.install(tmp_path / "conda")
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("CONDA_CHANNEL_ALIAS", channel.as_uri())
    monkeypatch.setenv("WITNESS", str(tmp_path / "witness.jsonl"))
    monkeypatch.delenv("PYTHONPATH", raising=False)
    (tmp_path / "copy").mkdir()
    return copy_workflow(repository, tmp_path / "copy")


def test_a_rule_runs_inside_its_locked_environment(repository: Path, workplace: Workplace, tmp_path: Path) -> None:
    """A job in an environment that Snakemake has made from the lock file and activated."""
    rows = [{"prompt": f"Was ist {number} und 1?", "response": str(number + 1)} for number in range(30)]
    (workplace.folder / "mine.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    target = "results/demo/seed/de.parquet"
    workplace.snakemake(target, "--sdm", "conda", "--config", "seed_dataset={files: {de: mine.jsonl}}")

    (prefix,) = (path.parent for path in (workplace.folder / ".snakemake/conda").glob("*/pyvenv.cfg"))
    witnessed = [json.loads(line) for line in (tmp_path / "witness.jsonl").read_text().splitlines()]
    client, job = sorted(
        (said for said in witnessed if said["argv"][0].endswith(".seed.py")), key=lambda said: len(said["files"])
    )
    for said in (client, job):  # the script, and the fork that did its work
        assert Path(said["prefix"]) == prefix == Path(said["activated"])

    listing = "import json, importlib.metadata as m; print(json.dumps([{d.name: d.version for d in m.distributions()}, "
    listing += "m.packages_distributions()]))"
    found = subprocess.run([prefix / "bin/python", "-c", listing], capture_output=True, text=True, check=True)
    installed, providers = json.loads(found.stdout.splitlines()[-1])
    locked = locked_versions(repository / "envs/locked/analysis.yaml")
    installed = {name.lower().replace("_", "-"): version for name, version in installed.items()}
    assert installed.pop("pip") == "25.3"
    assert installed == locked

    files = {name: Path(file) for name, file in job["files"].items() if file is not None}
    assert files["polyglot"].is_relative_to(workplace.folder / "scripts")
    ours = {name: file for name, file in files.items() if name in providers and providers[name] != ["pip"]}
    assert {"pandas", "pyarrow"} <= set(ours)
    for name, file in ours.items():
        assert file.is_relative_to(prefix), f"{name} comes from {file}"


def test_a_file_that_is_not_the_locked_one_is_refused(workplace: Workplace) -> None:
    path = workplace.folder / "envs/locked/analysis.yaml"
    environment = yaml.safe_load(path.read_text(encoding="utf-8"))
    requirements = environment["dependencies"][-1]["pip"]
    (pin,) = (line.split()[0] for line in requirements if line.startswith("tabulate=="))
    for lines, message in (
        (["--require-hashes", f"{pin} --hash=sha256:{'0' * 64}"], "DO NOT MATCH THE HASHES"),
        (["--require-hashes", pin], "Hashes are required"),
    ):
        environment["dependencies"][-1]["pip"] = lines
        path.write_text(yaml.safe_dump(environment), encoding="utf-8")
        (workplace.folder / "own.txt").write_text("Was ist ein Buch?\n", encoding="utf-8")
        target = ["results/demo/seed/de.parquet", "--config", "seed_dataset={files: {de: own.txt}}"]
        done = workplace.snakemake(*target, "--sdm", "conda", "--conda-create-envs-only", check=False)
        assert done.returncode
        assert message in done.stdout + done.stderr
