"""Set up a virtual environment from its locks, or carry the files that it takes to where there is no network.

    python3.11 envs/install.py --torch cpu .venv requirements.lock
    python3.11 envs/install.py --torch cuda --wheels wheels requirements.lock

`make setup` and `make wheels` run this. pip takes the locked files and no others (`make lock`), from wherever it is configured to
look; what builds a package that has no wheel is locked as well. Only torch's CPU build for Linux may come from elsewhere: where
pip's own places lack it, from PyTorch's index, or the one that TORCH_INDEX names. This runs before anything is installed, so it
needs the standard library alone, and it starts with an older Python to say that it is too old.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHONS = ((3, 11), (3, 12))
MACHINES = (("Linux", "x86_64"), ("Linux", "aarch64"), ("Darwin", "arm64"))
TORCH_INDEX = "https://download.pytorch.org/whl/cpu"
BUILDERS = {"setuptools", "hatchling", "editables", "packaging", "pathspec", "pluggy", "trove-classifiers"}
"""What builds the packages that have no wheel, and this project: locked with all others, and installed before them."""
ABSENT = ("No matching distribution", "ResolutionImpossible")
"""How pip says that no place has a package; the second, where it is told to keep to constraints."""
REMEDIES = (
    (
        ("DO NOT MATCH THE HASHES",),
        "A file is not the one that was locked. If your index has builds of its own, lock those: UV_DEFAULT_INDEX=... make lock.",
    ),
    (("No space left",), "The disk is full: set-up takes 3 GB with TORCH=cpu, and several more with TORCH=cuda."),
    (
        ABSENT,
        "pip finds no such package where it looks (pip config list). Without a network, carry the files: make wheels, then "
        "PIP_NO_INDEX=1 PIP_FIND_LINKS=wheels make. For torch's CPU build, TORCH_INDEX names a mirror of " + TORCH_INDEX + ".",
    ),
    (("",), "Try again if the network was down; `pip config list` shows where pip looks."),
)
"""What pip's errors say, and what helps."""


class CannotSetUp(Exception):
    """The environment cannot be set up; says why, and what to do."""


def check_machine() -> None:
    """Refuse what nothing is locked for.

    Raises:
        CannotSetUp: for another Python, or another platform.
    """
    if sys.version_info[:2] not in PYTHONS:
        found = f"{sys.executable} is Python {platform.python_version()}"
        raise CannotSetUp(f"Python 3.11 or 3.12 is needed, but {found}. Name another: make PYTHON=/path/to/python3.11")
    if (here := (platform.system(), platform.machine())) not in MACHINES:
        raise CannotSetUp(f"The locks are for Linux (x86-64, arm64) and macOS (arm64); this is {' on '.join(here)}.")


def torch_build(asked: str) -> str:
    """Which build of torch to install: the one asked for, else `cuda` where there is an NVIDIA driver, else `cpu`.

    Raises:
        CannotSetUp: for another name, and for `cuda` where there is none.
    """
    if asked not in ("", "cpu", "cuda"):
        raise CannotSetUp(f"TORCH={asked} is unknown. Say TORCH=cpu or TORCH=cuda.")
    if asked == "cuda" and platform.system() != "Linux":
        raise CannotSetUp("TORCH=cuda is for Linux. Leave it out: macOS has one build.")
    return asked or ("cuda" if has_nvidia_driver() else "cpu")


def has_nvidia_driver() -> bool:
    """Whether an NVIDIA driver is loaded (Linux), or can be asked (elsewhere, as on WSL)."""
    return Path("/proc/driver/nvidia/version").exists() or shutil.which("nvidia-smi") is not None


def builders_lock(locks: list[Path]) -> str:
    """The part of locks that builds other packages, as a lock of its own."""
    text = "\n".join(lock.read_text(encoding="utf-8") for lock in locks)
    entries = re.findall(r"^[\w.-]+==.*?[^\\]$", text, re.MULTILINE | re.DOTALL)
    return "\n".join(entry for entry in entries if entry.split("==")[0] in BUILDERS)


def run_pip(python: Path, command: str, *arguments: str) -> str:
    """Run pip on locks; what it says if it fails, else nothing."""
    options = ["--quiet", "--no-deps", "--require-hashes", "--no-build-isolation"]
    options += ["--no-compile"] if command == "install" else []
    return said_by(python, command, *options, *arguments)


def said_by(python: Path, *arguments: str) -> str:
    """Run pip; what it says if it fails, else nothing."""
    done = subprocess.run([str(python), "-m", "pip", *arguments], stderr=subprocess.PIPE, text=True, check=False)
    return done.stderr if done.returncode else ""


def take_torch(python: Path, build: str, command: str, *arguments: str) -> str:
    """Install or download torch from where pip looks, or else from PyTorch's index; what pip says if both fail."""
    lock = ("--requirement", str(ROOT / f"requirements-{build}.lock"))
    said = run_pip(python, command, *arguments, *lock)
    if build == "cpu" and any(sign in said for sign in ABSENT):
        index = os.environ.get("TORCH_INDEX") or TORCH_INDEX
        said = run_pip(python, command, *arguments, "--index-url", index, *lock)
    return said


def fail(said: str) -> None:
    """Turn what pip said into one message.

    Raises:
        CannotSetUp: if it said anything.
    """
    if said:
        errors = [line for line in said.splitlines() if "WARNING" not in line and line.strip()]
        remedy = next(remedy for signs, remedy in REMEDIES if any(sign in said for sign in signs))
        raise CannotSetUp("\n".join([*errors[-12:], remedy]))


def install(venv: Path, locks: list[Path], build: str) -> None:
    """A fresh virtual environment with what locks hold, and nothing else.

    Raises:
        CannotSetUp: if it cannot be made, or pip fails.
    """
    if subprocess.run([sys.executable, "-m", "venv", "--clear", str(venv)], check=False).returncode:
        raise CannotSetUp(f"{sys.executable} cannot make {venv}. On Debian and Ubuntu, install python3-venv.")
    python = venv / "bin" / "python"
    with tempfile.TemporaryDirectory() as folder:
        builders = Path(folder) / "builders.lock"
        builders.write_text(builders_lock(locks), encoding="utf-8")
        fail(run_pip(python, "install", "--requirement", str(builders)))
    if build:
        say(f"torch for {build} ...")
        fail(take_torch(python, build, "install"))
    count = sum(len(re.findall(r"^[\w.-]+==", lock.read_text(encoding="utf-8"), re.MULTILINE)) for lock in locks)
    say(f"{count} packages ...")
    fail(run_pip(python, "install", *(text for lock in locks for text in ("--requirement", str(lock)))))


def add(venv: Path, aside: str, project: bool) -> None:
    """Put what a lock holds into a folder of its own in an environment, and this project into the environment, as it lies here.

    Raises:
        CannotSetUp: if pip fails.
    """
    python = venv / "bin" / "python"
    if aside:
        lock = ROOT / f"requirements-{aside}.lock"
        fail(run_pip(python, "install", "--target", str(venv / aside), "--requirement", str(lock)))
    if project:
        fail(said_by(python, "install", "--quiet", "--no-deps", "--no-build-isolation", "--editable", str(ROOT)))


def compile_all(venv: Path) -> None:
    """Compile an environment's modules, on all cores (pip takes one). Files that this Python cannot read are passed over.

    Only where jobs start side by side: Python compiles what it imports, which of the other environments is the smaller part.
    """
    subprocess.run([str(venv / "bin" / "python"), "-m", "compileall", "-qq", "-j", "0", str(venv)], check=False)


def say(text: str) -> None:
    """A line on what is going on."""
    print(f"  {text}", flush=True)


def download(folder: Path, locks: list[Path], build: str) -> None:
    """The files that `install` takes on a machine like this one, in a folder.

    Raises:
        CannotSetUp: if pip fails.
    """
    with tempfile.TemporaryDirectory() as work:
        builders, venv = Path(work) / "builders.lock", Path(work) / "venv"
        builders.write_text(builders_lock(locks), encoding="utf-8")
        install(venv, [builders], "")
        python, into = venv / "bin" / "python", ("--dest", str(folder))
        fail(take_torch(python, build, "download", *into))
        fail(run_pip(python, "download", *into, *(text for lock in locks for text in ("--requirement", str(lock)))))


def main() -> int:
    """Set up, or download; 1 after an error, with one message."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="the virtual environment, or with --wheels the folder for files")
    parser.add_argument("locks", type=Path, nargs="+")
    parser.add_argument(
        "--torch", metavar="BUILD", help="cpu or cuda; empty: cuda where there is an NVIDIA driver; left out: no torch"
    )
    parser.add_argument("--aside", default="", metavar="NAME", help="put requirements-NAME.lock into FOLDER/NAME as well")
    parser.add_argument("--project", action="store_true", help="install this project as well, as it lies here")
    parser.add_argument("--wheels", action="store_true", help="download only")
    asked = parser.parse_args()
    try:
        check_machine()
        build = "" if asked.torch is None else torch_build(asked.torch)
        what = f"{', '.join(lock.name for lock in asked.locks)}{f' and torch for {build}' if build else ''}"
        print(f"{asked.folder}: {what}, with Python {platform.python_version()}", flush=True)
        if asked.wheels:
            download(asked.folder, asked.locks, build)
        else:
            install(asked.folder, asked.locks, build)
            add(asked.folder, asked.aside, asked.project)
            if asked.project:
                say("compiling them ...")
                compile_all(asked.folder)
            (asked.folder / "ready").write_text(f"{build}\n", encoding="utf-8")
            if asked.project:
                print(f"set up; in each new shell: source {asked.folder}/bin/activate", flush=True)
    except CannotSetUp as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
