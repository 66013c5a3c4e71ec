"""Locks for pip: complete for each platform and Python, hashed, of one version everywhere, and those that are installed."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest
from lock import CPU_NEEDS, MACHINES, CannotLock, Pin, cpu_hashes, for_machines, read_pins
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from .environments import HASH, locked_versions

REPOSITORY = Path(__file__).parents[2]
LOCKS = sorted(path.name for path in REPOSITORY.glob("requirements*.lock"))
HERE = {"extra": ""}
Machine = dict[str, str]


def locked(*names: str) -> list[Pin]:
    """What locks hold."""
    return [pin for name in names for pin in read_pins((REPOSITORY / name).read_text(encoding="utf-8"))]


def on(machine: Machine, pins: Iterable[Pin]) -> dict[str, str]:
    """Name to version of what a machine gets."""
    there = [pin for pin in pins if not pin.marker or Marker(pin.marker).evaluate(machine | HERE)]
    assert len({pin.name for pin in there}) == len(there), "a package is locked twice"
    return {pin.name: pin.version for pin in there}


def requirements(name: str) -> list[Requirement]:
    lines = [line.split(" #")[0].strip() for line in (REPOSITORY / name).read_text(encoding="utf-8").splitlines()]
    return [Requirement(line) for line in lines if line and line[0] != "#"]


@pytest.fixture(scope="module")
def installed() -> dict[str, Distribution]:
    return {canonicalize_name(found.name): found for found in distributions()}


def torch_lock(machine: Machine, installed: dict[str, Distribution]) -> str:
    """The lock of the build of torch that is installed here; macOS has only the CPU's."""
    cpu = "+cpu" in installed["torch"].version or machine["sys_platform"] == "darwin"
    return f"requirements-{'cpu' if cpu else 'cuda'}.lock"


def needed(direct: list[Requirement], machine: Machine, installed: dict[str, Distribution]) -> dict[str, list[Requirement]]:
    """All that requirements pull in on a machine, by what the installed packages say: name to what is asked of it."""
    found: dict[str, list[Requirement]] = {}
    seen, waiting = set(), [*direct]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        found.setdefault(name, []).append(requirement)
        for extra in ("", *requirement.extras):
            if (name, extra) not in seen:
                seen.add((name, extra))
                lines = [Requirement(line) for line in installed[name].requires or []]
                waiting += [line for line in lines if not line.marker or line.marker.evaluate(machine | {"extra": extra})]
    return found


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_of_a_lock_has_hashes_and_nothing_says_where_it_was_made(name: str) -> None:
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    pins = read_pins(text)
    assert all(pin.hashes and all(HASH.fullmatch(value) for value in pin.hashes) for pin in pins)
    assert sum(len(pin.hashes) for pin in pins) == text.count("--hash=")
    assert len(pins) == len(re.findall(r"^[^\s#]", text, re.MULTILINE)), "a line that is no pin"
    assert not re.search(r"https?:|file:|index-url|find-links", text)


@pytest.mark.parametrize("name", sorted(set(LOCKS) - {"requirements-cpu.lock"}))
def test_a_package_has_one_version_on_every_platform_and_python(name: str) -> None:
    pins = locked(name)
    assert len({pin.name for pin in pins}) == len(pins)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: "-".join(machine[key] for key in sorted(machine)[1:4]))
def test_a_lock_is_what_its_requirements_pull_in(machine: Machine, installed: dict[str, Distribution]) -> None:
    """On the other Python and the other platforms too, without a network: by the metadata of the versions that are installed."""
    have = on(machine, locked("requirements.lock", torch_lock(machine, installed)))
    want = needed(requirements("requirements.txt"), machine, installed)
    assert want.keys() == have.keys(), "make lock"
    for name, asked in want.items():
        for requirement in asked:
            assert requirement.specifier.contains(have[name]), f"{requirement}: make lock"
        python = SpecifierSet(",".join(installed[name].metadata.get_all("Requires-Python") or []))
        assert python.contains(machine["python_full_version"]), f"{name} {have[name]} is for Python {python}"


def test_what_is_installed_is_what_is_locked(installed: dict[str, Distribution]) -> None:
    from packaging.markers import default_environment

    here: Machine = {**default_environment()}  # type: ignore[dict-item]
    for name, version in on(here, locked("requirements.lock", torch_lock(here, installed))).items():
        assert installed[name].version == version, f"{name}: make setup"


def test_torch_is_the_same_version_for_the_cpu_and_for_cuda_and_the_cpu_build_needs_what_is_said(
    installed: dict[str, Distribution],
) -> None:
    versions = {
        pin.version.split("+")[0] for pin in locked("requirements-cpu.lock", "requirements-cuda.lock") if pin.name == "torch"
    }
    assert versions == {next(str(line.specifier) for line in requirements("requirements.txt") if line.name == "torch")[2:]}
    if "+cpu" in installed["torch"].version:
        said = [Requirement(line) for line in installed["torch"].requires or []]
        assert {str(line) for line in said if not line.marker} == {str(Requirement(line)) for line in CPU_NEEDS}
    both = {pin.name for pin in locked("requirements.lock")} & {pin.name for pin in locked("requirements-cuda.lock")}
    assert both == set(), "locked with torch's CUDA build and without it"


def test_cuda_is_what_rules_run_with_on_a_cluster() -> None:
    cluster = locked_versions(REPOSITORY / "envs/locked/trl.yaml")
    for pin in locked("requirements-cuda.lock"):
        assert cluster[pin.name] == pin.version, pin.name


def test_the_cpu_build_for_linux_has_a_hash_for_each_python_and_platform() -> None:
    (linux,) = [pin for pin in locked("requirements-cpu.lock") if "linux" in pin.marker]
    assert linux.version.endswith("+cpu")
    assert len(linux.hashes) == 4


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The page of a package index that lists torch's wheels, on a server of its own."""
    (tmp_path / "torch").mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(tmp_path)))
    monkeypatch.setenv("TORCH_INDEX", f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield tmp_path / "torch/index.html"
    server.shutdown()
    thread.join()
    server.server_close()


def test_hashes_of_the_cpu_build_are_those_that_its_index_publishes(index: Path) -> None:
    tags = [f"cp{minor}-cp{minor}-manylinux_2_28_{machine}" for minor in (311, 312) for machine in ("x86_64", "aarch64")]
    wheels = [f"torch-9.9%2Bcpu-{tag}.whl" for tag in tags]
    others = ["torch-9.9%2Bcpu-cp310-cp310-manylinux_2_28_x86_64.whl", "torch-9.8%2Bcpu-cp311-cp311-manylinux_2_28_x86_64.whl"]
    links = [
        f'<a href="/whl/cpu/{name}#sha256={number:064x}" data-x="y">{name}</a>' for number, name in enumerate(wheels + others)
    ]
    index.write_text("\n".join(links))
    assert cpu_hashes("9.9+cpu") == tuple(f"--hash=sha256:{number:064x}" for number in range(4))
    index.write_text("\n".join(links[1:]))
    with pytest.raises(CannotLock, match=r"has no torch-9\.9\+cpu-cp311-cp311-manylinux_2_28_x86_64\.whl"):
        cpu_hashes("9.9+cpu")


def test_a_package_that_would_differ_between_machines_is_not_locked() -> None:
    old, new = Pin("x", "1", (), "python_full_version < '3.11.5'"), Pin("x", "2", (), "python_full_version >= '3.11.5'")
    with pytest.raises(CannotLock, match=r"name one version that fits all: x \(1"):
        for_machines([old, new])
    everywhere, elsewhere = Pin("y", "1", (), "sys_platform != 'win32'"), Pin("z", "1", (), "sys_platform == 'win32'")
    assert for_machines([everywhere, elsewhere]) == [Pin("y", "1", ())]
