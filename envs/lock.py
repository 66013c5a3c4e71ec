"""Lock every environment: each package that it needs, direct or not, by version and by the SHA-256 of each file of its release.

Run by `make lock`, with names for some alone. Two kinds are made:

- `requirements-NAME.txt` becomes `requirements-NAME.lock`, which `envs/install.py` installs with pip: one file for all of
  `PLATFORMS` and `PYTHONS`, with one version of each package. torch is apart, since its builds are: `requirements-cpu.lock` has
  the CPU build, `requirements-cuda.lock` the build for NVIDIA's GPUs and what that pulls in.
- `envs/NAME.yaml` becomes `envs/locked/NAME.yaml`, an environment file which `conda env create` takes and which rules name, for
  Linux on x86-64 with CUDA.

What is locked is what is installed: pip refuses a file that has none of the hashes. Versions stay as they were locked where they
fit. The index is PyPI, or the one that UV_DEFAULT_INDEX names; its address is written nowhere. CPU builds of torch for Linux are
on PyTorch's own index, or the one that TORCH_INDEX names.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import unquote
from urllib.request import urlopen

import yaml
from install import TORCH_INDEX  # beside this file; it has to run before anything is installed
from packaging.markers import Marker
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PYTHONS = ("3.11", "3.12")
PLATFORMS = {
    "x86_64-manylinux_2_28": {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64"},
    "aarch64-manylinux_2_28": {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "aarch64"},
    "aarch64-apple-darwin": {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "arm64"},
}
"""uv's names of the platforms, and what markers say of them."""
MACHINES = [
    platform | {"python_version": python, "python_full_version": f"{python}.{patch}", "implementation_name": "cpython"}
    for platform in PLATFORMS.values()
    for python in PYTHONS
    for patch in (0, 99)
]
MACOS, GLIBC_OF_VLLM = "14.0", "2_31"
"""The lowest macOS that torch has wheels for; and the lowest glibc that one of vllm's packages has (llguidance)."""
LINUX_ONLY = ("vllm", "unsloth")
CONDA_PLATFORM = "x86_64-manylinux_2_28"
CPU_NEEDS = (
    "filelock",
    "typing-extensions>=4.10.0",
    "setuptools>=77.0.3",
    "sympy>=1.13.3",
    "networkx>=2.5.1",
    "jinja2",
    "fsspec>=0.8.5",
)
"""What torch's CPU build needs; PyPI knows only the needs of the build with CUDA (on Linux)."""
WITHOUT = {
    "qlora": ("torch", "numpy", "packaging"),
    "vllm": ("torchvision", "torchaudio", "torchcodec"),
    "unsloth": ("torchvision", "triton", "xformers", "diffusers"),
}
"""What an environment leaves out of what its packages ask for: builds with CUDA that a test on a CPU never imports; for qlora,
whose folder is in .venv, what is there."""
FROM_SOURCE = ("connection-pool", "langdetect", "rouge-score")
"""Packages without wheels, written in Python alone: pip builds them. All others have a wheel for each platform and Python."""
HEADER = """\
# Made by `make lock` from {source}: change that, not this. {what}
"""
PIP = "Packages: {count}, for Python {pythons}\n# on Linux (x86-64, arm64){mac}, with hashes of every file of each release."
CONDA = "It holds all that pip installs on Linux (x86-64), with hashes\n# of every file of each release; pip takes nothing else."


class CannotLock(Exception):
    """An environment cannot be locked; says why."""


@dataclass(frozen=True)
class Pin:
    """A locked package.

    `hashes`: `--hash=sha256:...` of each file. `marker`: where it is installed, "" for everywhere.
    """

    name: str
    version: str
    hashes: tuple[str, ...]
    marker: str = ""

    @property
    def text(self) -> str:
        return f"{self.name}=={self.version}" + (f" ; {self.marker}" if self.marker else "")


def read_pins(text: str) -> list[Pin]:
    """The pins of a requirements file.

    Raises:
        CannotLock: if a package has no hash.
    """
    found = []
    for line in text.replace("\\\n", " ").splitlines():
        if (match := re.match(r"([\w.-]+)(?:\[[\w,-]+\])?==([^\s;]+)\s*(?:;\s*(.*?))?((?:\s+--hash=\S+)*)\s*$", line)) is None:
            continue
        name, version, marker, hashes = match.groups()
        found.append(Pin(canonicalize_name(name), version, tuple(hashes.split()), (marker or "").strip()))
    return found


def pip_part(environment: dict[str, Any]) -> list[str]:
    """What pip installs in a conda environment."""
    return next(part["pip"] for part in environment["dependencies"] if isinstance(part, dict))


def python_version(environment: dict[str, Any]) -> str:
    """The lowest Python that a conda environment may get."""
    python = next(spec for spec in environment["dependencies"] if isinstance(spec, str) and spec.startswith("python"))
    return str(re.findall(r"\d+(?:\.\d+)+", python)[0])


def locked_before(*paths: Path) -> str:
    """The versions that locks hold, as a requirements file; where several name a package, the first counts."""
    kept: dict[str, str] = {}
    for path in paths:
        if path.exists():
            text = path.read_text(encoding="utf-8")
            text = "\n".join(pip_part(yaml.safe_load(text))) if path.suffix == ".yaml" else text
            for pin in read_pins(text):
                kept.setdefault(pin.name, f"{pin.name}=={pin.version.split('+')[0]}")
    return "\n".join(kept.values())


def resolve(
    requirements: str, preferences: str, *options: str, without: Sequence[str] = (), torch: str | None = None
) -> list[Pin]:
    """Every package that requirements need, direct or not, with hashes.

    Args:
        requirements: a requirements file's text.
        preferences: versions to keep to where they fit, likewise.
        without: packages that are left out, with all that only they need.
        torch: the version of torch whose CPU build is meant; None for PyPI's.

    Raises:
        CannotLock: if no set of versions satisfies all of them.
    """
    with tempfile.TemporaryDirectory() as folder:
        path, settings, left_out = (Path(folder) / name for name in ("lock.txt", "uv.toml", "without.txt"))
        path.write_text(preferences, encoding="utf-8")
        left_out.write_text("\n".join(without), encoding="utf-8")
        needs = (
            f'[[dependency-metadata]]\nname = "torch"\nversion = "{torch}"\nrequires-dist = {list(CPU_NEEDS)}\n' if torch else ""
        )
        settings.write_text(needs, encoding="utf-8")
        command = ["uv", "pip", "compile", "-", "--output-file", str(path), "--config-file", str(settings), "--quiet"]
        command += ["--excludes", str(left_out), "--generate-hashes", "--no-annotate", "--no-header", *options]
        if torch:  # a package for the CPU may ask for torch's build of that name, which PyPI does not have
            (Path(folder) / "override.txt").write_text(f"torch=={torch}", encoding="utf-8")
            command += ["--overrides", str(Path(folder) / "override.txt")]
        variables = os.environ | {"MACOSX_DEPLOYMENT_TARGET": MACOS}
        done = subprocess.run(command, input=requirements, text=True, stderr=subprocess.PIPE, check=False, env=variables)
        if done.returncode:
            raise CannotLock(done.stderr)
        return read_pins(path.read_text(encoding="utf-8"))


def for_machines(pins: Sequence[Pin], machines: Sequence[dict[str, str]] = MACHINES) -> list[Pin]:
    """Pins with the markers that matter on the locked platforms and Pythons, and without packages of other platforms.

    Raises:
        CannotLock: if two machines would get different versions of a package.
    """
    kept: list[Pin] = []
    for pin in pins:
        there = [not pin.marker or Marker(pin.marker).evaluate(machine.copy()) for machine in machines]
        if any(there):
            kept.append(replace(pin, marker="" if all(there) else pin.marker))
    names = [pin.name for pin in kept]
    if forked := sorted({f"{pin.name} ({pin.version}: {pin.marker})" for pin in kept if names.count(pin.name) > 1}):
        raise CannotLock(f"machines would differ; name one version that fits all: {', '.join(forked)}")
    return kept


def lock_pip(name: str) -> list[Pin]:
    """All of an environment that make sets up, for every platform, but torch."""
    suffix = f"-{name}" if name else ""
    text = (ROOT / f"requirements{suffix}.txt").read_text(encoding="utf-8")
    preferences = locked_before(ROOT / f"requirements{suffix}.lock", ROOT / "requirements.lock")
    torch = torch_version()
    options = ("--universal", "--fork-strategy", "fewest", "--python-version", f"{PYTHONS[0]}.0")
    pins = resolve(text, preferences, *options, without=WITHOUT.get(name, ()), torch=torch)
    platforms = [key for key, platform in PLATFORMS.items() if name not in LINUX_ONLY or platform["sys_platform"] == "linux"]
    machines = [machine for machine in MACHINES if any(PLATFORMS[key].items() <= machine.items() for key in platforms)]
    pins = [pin for pin in for_machines(pins, machines) if pin.name != "torch"]
    check_wheels(pins, [key.replace("2_28", GLIBC_OF_VLLM) if name == "vllm" else key for key in platforms])
    return pins


def check_wheels(pins: Sequence[Pin], platforms: Sequence[str]) -> None:
    """See that no platform and no Python has to compile a package.

    Raises:
        CannotLock: if there is a package without a wheel that is not known for it.
    """
    text = "\n".join(pin.text for pin in pins)
    options = ["--no-deps", "--only-binary", ":all:", *(part for name in FROM_SOURCE for part in ("--no-binary", name))]
    for platform in platforms:
        for python in PYTHONS:
            resolve(text, "", *options, "--python-platform", platform, "--python-version", python)


def torch_version() -> str:
    """The version of torch in requirements.txt."""
    (version,) = re.findall(r"^torch==([\d.]+)", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)
    return str(version)


def lock_cuda() -> list[Pin]:
    """torch as PyPI has it, for Linux with CUDA, and what it pulls in beyond the CPU build's needs."""
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    locks = ("requirements.lock", "envs/locked/trl.yaml", "requirements-cuda.lock")
    preferences = locked_before(*(ROOT / lock for lock in locks))
    options = ("--universal", "--fork-strategy", "fewest", "--python-version", f"{PYTHONS[0]}.0")
    common = {pin.name: pin.version for pin in read_pins((ROOT / "requirements.lock").read_text(encoding="utf-8"))}
    pins = for_machines(resolve(text, preferences, *options))
    if other := [pin.text for pin in pins if common.get(pin.name, pin.version) != pin.version]:
        raise CannotLock(f"with CUDA, other versions are needed than without: {', '.join(other)}")
    return [replace(pin, marker=pin.marker or "sys_platform == 'linux'") for pin in pins if pin.name not in common]


def lock_cpu() -> list[Pin]:
    """torch's CPU build: from PyTorch's index for Linux, where it is called +cpu, and from PyPI for macOS.

    Where PyTorch's index cannot be reached, hashes of the same version stay as they are, and a line says so.
    """
    version, path = torch_version(), ROOT / "requirements-cpu.lock"
    (pypi,) = [pin for pin in resolve(f"torch=={version}", "", "--universal", torch=version) if pin.name == "torch"]
    mac = Pin("torch", version, pypi.hashes, "sys_platform == 'darwin'")
    build = f"{version}+cpu"
    try:
        hashes = cpu_hashes(build)
    except URLError as error:
        before = [pin for pin in read_pins(path.read_text(encoding="utf-8")) if pin.version == build] if path.exists() else []
        if not before:
            raise CannotLock(
                f"{torch_index()} cannot be reached ({error.reason}), and no hash of torch {build} is known"
            ) from error
        print(f"{torch_index()} cannot be reached ({error.reason}): the hashes of torch {build} stay", file=sys.stderr)
        hashes = before[0].hashes
    return [mac, Pin("torch", build, hashes, "sys_platform == 'linux'")]


def torch_index() -> str:
    return os.environ.get("TORCH_INDEX") or TORCH_INDEX


def cpu_hashes(build: str) -> tuple[str, ...]:
    """Hashes of torch's wheels for Linux and our Pythons, as PyTorch's index publishes them (PEP 503: in the fragments of links).

    Raises:
        URLError: if the index cannot be reached.
        CannotLock: if it lacks a wheel.
    """
    with urlopen(f"{torch_index()}/torch/", timeout=30) as answer:
        links = dict(re.findall(r'href="[^"]*?([^"/]+\.whl)#sha256=([0-9a-f]{64})"', answer.read().decode()))
    found = {unquote(name): digest for name, digest in links.items()}
    tags = [f"cp{python.replace('.', '')}" for python in PYTHONS]
    wheels = [f"torch-{build}-{tag}-{tag}-manylinux_2_28_{machine}.whl" for tag in tags for machine in ("x86_64", "aarch64")]
    if lacking := [wheel for wheel in wheels if wheel not in found]:
        raise CannotLock(f"{torch_index()} has no {', '.join(lacking)}")
    return tuple(f"--hash=sha256:{digest}" for digest in sorted(found[wheel] for wheel in wheels))


def lock_conda(name: str) -> list[Pin]:
    """All that pip installs in a conda environment."""
    environment = yaml.safe_load((ROOT / f"envs/{name}.yaml").read_text(encoding="utf-8"))
    house = ROOT / f"requirements-{name}.lock"
    tested = [house if house.exists() else ROOT / "requirements.lock", ROOT / "requirements-qlora.lock"]
    preferences = locked_before(*tested, ROOT / f"envs/locked/{name}.yaml", ROOT / "requirements-cuda.lock")
    options = ("--python-version", python_version(environment), "--python-platform", CONDA_PLATFORM)
    return resolve("\n".join(pip_part(environment)), preferences, *options)


def requirements_file(source: str, pins: Sequence[Pin]) -> str:
    """The text of a lock for pip: one line a hash, so that a change can be read."""
    mac = "" if any(name in source for name in (*LINUX_ONLY, "CUDA")) else " and macOS (arm64)"
    what = PIP.format(count=len(pins), pythons=" and ".join(PYTHONS), mac=mac)
    lines = [line for pin in pins for line in " \\\n    ".join((pin.text, *pin.hashes)).splitlines()]
    return HEADER.format(source=source, what=what) + "\n".join(lines) + "\n"


def environment_file(name: str, pins: Sequence[Pin]) -> str:
    """The text of a locked conda environment."""
    environment = yaml.safe_load((ROOT / f"envs/{name}.yaml").read_text(encoding="utf-8"))
    lines = ["channels:", *(f"  - {channel}" for channel in environment["channels"]), "dependencies:"]
    lines += [f"  - {spec}" for spec in environment["dependencies"] if isinstance(spec, str)]
    lines += ["  - pip:", "      - --require-hashes"]
    for pin in pins:
        lines += [f"      - {pin.text}", *(f"        {value}" for value in pin.hashes)]
    return HEADER.format(source=f"envs/{name}.yaml", what=CONDA) + "\n".join(lines) + "\n"


def locks() -> dict[str, tuple[str, Any]]:
    """What can be locked, in the order in which one lock keeps to another: path, source and how."""
    made: dict[str, tuple[str, Any]] = {}
    for path in sorted(ROOT.glob("requirements*.txt"), key=lambda path: path.stem):
        name = path.stem.removeprefix("requirements").removeprefix("-")
        made[f"{path.stem}.lock"] = (path.name, lambda name=name: lock_pip(name))
    made["requirements-cpu.lock"] = ("requirements.txt (torch for the CPU)", lock_cpu)
    made["requirements-cuda.lock"] = ("requirements.txt (torch for CUDA)", lock_cuda)
    for path in sorted((ROOT / "envs").glob("*.yaml")):
        made[f"envs/locked/{path.name}"] = (path.stem, lambda name=path.stem: lock_conda(name))
    return made


def main() -> int:
    """Lock all environments, or those whose locks are named (`vllm` names both of its own); the number that cannot be locked."""
    failed = 0
    for target, (source, pins_of) in locks().items():
        if sys.argv[1:] and not {target, Path(target).stem, Path(target).stem.removeprefix("requirements-")} & {*sys.argv[1:]}:
            continue
        try:
            pins = pins_of()
            text = environment_file(source, pins) if target.endswith(".yaml") else requirements_file(source, pins)
        except CannotLock as error:
            print(f"{target} cannot be made:\n{error}", file=sys.stderr)
            failed += 1
            continue
        (ROOT / target).write_text(text, encoding="utf-8")
        print(f"{target}: {len(pins)} packages")
    return failed


if __name__ == "__main__":
    sys.exit(main())
