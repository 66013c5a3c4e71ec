"""A shim of conda's command line: the calls that Snakemake 9 makes, over py-rattler's solver and installer.

`install` puts it into a folder as bin/conda and bin/activate. Bare channel names are taken below CONDA_CHANNEL_ALIAS, as conda
takes them. A call that is not listed here fails.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import rattler
import yaml

VERSION = "24.7.99"
"""Snakemake 9 asks for 24.7.1 or later."""
ACTIVATE = """\
# Sourced by Snakemake: source bin/activate PREFIX
export CONDA_PREFIX="$1" CONDA_SHLVL=1 PATH="$1/bin:$PATH"
for script in "$1"/etc/conda/activate.d/*.sh; do if [ -e "$script" ]; then . "$script"; fi; done
"""


def install(folder: Path) -> Path:
    """Put the shim into a folder, as conda's installation; returns its bin."""
    programs = folder / "bin"
    programs.mkdir(parents=True)
    (programs / "activate").write_text(ACTIVATE, encoding="utf-8")
    (programs / "conda").write_text(f'#!/bin/sh\nexec "{sys.executable}" "{__file__}" "{folder}" "$@"\n', encoding="utf-8")
    (programs / "conda").chmod(0o755)
    return programs


def channels(names: list[str]) -> list[rattler.Channel]:
    """Channels by name; `nodefaults` is none."""
    alias = os.environ["CONDA_CHANNEL_ALIAS"].rstrip("/")
    return [rattler.Channel(f"{alias}/{name}") for name in names if name != "nodefaults"]


async def create(prefix: Path, environment: dict[str, Any], root: Path) -> None:
    """Solve and install the conda part of an environment."""
    records = await rattler.solve(
        channels(environment["channels"]),
        [spec for spec in environment["dependencies"] if isinstance(spec, str)],
        gateway=rattler.Gateway(cache_dir=root / "index"),
        platforms=["linux-64", "noarch"],
        virtual_packages=rattler.VirtualPackage.detect(),
    )
    await rattler.install(records, target_prefix=prefix, cache_dir=root / "pkgs", show_progress=False)


def install_with_pip(prefix: Path, requirements: list[str], folder: Path) -> None:
    """Install the pip part as conda does: its lines as they are, in a requirements file beside the environment's."""
    with tempfile.NamedTemporaryFile("w", prefix="condaenv.", suffix=".requirements.txt", dir=folder) as file:
        file.write("\n".join(requirements))
        file.flush()
        command = [str(prefix / "bin/python"), "-m", "pip", "install", "-U", "-r", file.name, "--exists-action=b"]
        subprocess.run(command, cwd=folder, check=True)


def main(root: Path, arguments: list[str]) -> None:
    """One call of `conda`."""
    match arguments:
        case ["--version"]:
            print("conda", VERSION)
        case ["info", "--json"]:
            print(json.dumps({"conda_prefix": str(root), "platform": "linux-64"}))
        case ["config", "--get", "channel_priority", "--json"]:
            print(json.dumps({"get": {"channel_priority": "strict"}}))
        case ["clean", "-y", "--tarballs"]:
            for archive in (root / "pkgs").glob("*.tar.bz2"):
                archive.unlink()
        case ["env", "create", *options]:
            parser = argparse.ArgumentParser()
            parser.add_argument("--quiet", action="store_true")
            parser.add_argument("--no-default-packages", action="store_true")
            parser.add_argument("--file", type=Path, required=True)
            parser.add_argument("--prefix", type=Path, required=True)
            asked = parser.parse_args(options)
            environment = yaml.safe_load(asked.file.read_text(encoding="utf-8"))
            asyncio.run(create(asked.prefix, environment, root))
            for part in environment["dependencies"]:
                if isinstance(part, dict):
                    install_with_pip(asked.prefix, part["pip"], asked.file.absolute().parent)
        case _:
            sys.exit(f"conda shim: not a call that it knows: {' '.join(arguments)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
