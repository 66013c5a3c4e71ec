"""Lock every environment: envs/NAME.yaml with all that its pip part pulls in, and hashes, becomes envs/locked/NAME.yaml.

Run by `make lock`. A locked file is an environment file itself, which `conda env create` takes and which rules name: what is
locked is what is installed. pip refuses a file that has none of the hashes and a package that is not there. Versions are those of
requirements-NAME.lock or requirements.lock where that is possible, then those of the lock before. The index is PyPI, or the one
that UV_DEFAULT_INDEX names; its address is written nowhere.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
PLATFORM = "x86_64-manylinux_2_28"
HEADER = """\
# Made by `make lock` from envs/{name}.yaml: change that, not this. It holds all that pip installs on Linux (x86-64), with hashes
# of every file of each release; pip takes nothing else.
"""


def pip_part(environment: dict[str, Any]) -> list[str]:
    """What pip installs in an environment."""
    return next(part["pip"] for part in environment["dependencies"] if isinstance(part, dict))


def python_version(environment: dict[str, Any]) -> str:
    """The lowest Python that an environment may get."""
    python = next(spec for spec in environment["dependencies"] if isinstance(spec, str) and spec.startswith("python"))
    return str(re.findall(r"\d+(?:\.\d+)+", python)[0])


def preferred(name: str, locked: Path) -> str:
    """The versions to keep to where they fit, as a requirements file."""
    house = ROOT / f"requirements-{name}.lock"
    lines = (house if house.exists() else ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pins = {line.split("==")[0].lower().replace("_", "-"): line for line in lines if "==" in line and line[:1] != "#"}
    if locked.exists():
        before = [line.split()[0] for line in pip_part(yaml.safe_load(locked.read_text(encoding="utf-8"))) if "==" in line]
        pins = {line.split("==")[0]: line for line in before} | pins
    return "\n".join(pins.values())


def resolve(environment: dict[str, Any], preferences: str) -> list[str]:
    """Every requirement of an environment's pip part, direct or not, with hashes.

    Raises:
        subprocess.CalledProcessError: if no set of versions satisfies all of them; its `stderr` says why.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lock.txt"
        path.write_text(preferences, encoding="utf-8")
        command = ["uv", "pip", "compile", "-", "--output-file", str(path), "--generate-hashes", "--no-annotate", "--no-header"]
        command += ["--python-version", python_version(environment), "--python-platform", PLATFORM, "--quiet"]
        subprocess.run(command, input="\n".join(pip_part(environment)), text=True, stderr=subprocess.PIPE, check=True)
        return path.read_text(encoding="utf-8").replace("\\\n", "").splitlines()


def environment_file(name: str, environment: dict[str, Any], requirements: list[str]) -> str:
    """The text of a locked environment: one line a hash, so that a change can be read."""
    lines = ["channels:", *(f"  - {channel}" for channel in environment["channels"]), "dependencies:"]
    lines += [f"  - {spec}" for spec in environment["dependencies"] if isinstance(spec, str)]
    lines += ["  - pip:", "      - --require-hashes"]
    for requirement in requirements:
        pin, *hashes = requirement.split()
        lines += [f"      - {pin}", *(f"        {value}" for value in hashes)]
    return HEADER.format(name=name) + "\n".join(lines) + "\n"


def main() -> int:
    """Lock all environments, or those named; the number that cannot be locked."""
    failed = 0
    names = sys.argv[1:] or sorted(path.stem for path in (ROOT / "envs").glob("*.yaml"))
    for name in names:
        environment = yaml.safe_load((ROOT / f"envs/{name}.yaml").read_text(encoding="utf-8"))
        locked = ROOT / f"envs/locked/{name}.yaml"
        try:
            requirements = resolve(environment, preferred(name, locked))
        except subprocess.CalledProcessError as error:
            print(f"envs/{name}.yaml cannot be locked:\n{error.stderr}", file=sys.stderr)
            failed += 1
            continue
        locked.write_text(environment_file(name, environment, requirements), encoding="utf-8")
        print(f"envs/locked/{name}.yaml: {len(requirements)} packages")
    return failed


if __name__ == "__main__":
    sys.exit(main())
