"""Reading conda environments: what is wrong with one, and what it pins."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
PARTS = {"channels", "dependencies"}


def read(path: Path) -> dict[str, Any]:
    environment: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return environment


def conda_part(environment: dict[str, Any]) -> list[str]:
    """What conda installs in an environment."""
    return [spec for spec in environment["dependencies"] if isinstance(spec, str)]


def pip_part(environment: dict[str, Any]) -> list[str]:
    """What pip installs in it."""
    return [line for part in environment["dependencies"] if isinstance(part, dict) for line in part["pip"]]


def pins(lines: list[str]) -> dict[str, str]:
    """Name to version of pinned requirements; comments, options and hashes, on their lines or beside, are passed over."""
    found: dict[str, str] = {}
    for line in lines:
        if line.strip()[:1] not in ("#", "-", ""):
            requirement = Requirement(line.split("#")[0].split("--hash")[0].rstrip(" \\"))
            found[canonicalize_name(requirement.name)] = str(requirement.specifier).removeprefix("==")
    return found


def locked_versions(path: Path) -> dict[str, str]:
    """Name to version of everything that pip installs in a locked environment."""
    return pins(pip_part(read(path)))


def flaws(environment: dict[str, Any]) -> list[str]:
    """What is wrong with an environment, found without a channel or an index."""
    found = [f"unknown part '{key}'" for key in sorted(set(environment) - PARTS)]
    channels = environment.get("channels") or []
    if not set(channels) - {"nodefaults"}:
        found.append("no channel is named")
    if "defaults" in channels or "nodefaults" not in channels:
        found.append("the channel 'defaults' is not shut out")
    return found + _conda_flaws(conda_part(environment)) + _pip_flaws(pip_part(environment))


def _conda_flaws(specs: list[str]) -> list[str]:
    from rattler import MatchSpec
    from rattler.exceptions import InvalidMatchSpecError

    found, names = [], set()
    for spec in specs:
        try:
            match = MatchSpec(spec, strict=True)
        except InvalidMatchSpecError as error:
            found.append(f"'{spec}' is no match spec: {error}")
            continue
        package = match.name.as_package_name()
        names.add(package.normalized if package else spec)
        if match.version is None:
            found.append(f"'{spec}' is not pinned")
    return found + [f"'{name}' is not among conda's packages" for name in ("python", "pip") if name not in names]


def _pip_flaws(lines: list[str]) -> list[str]:
    found: list[str] = []
    names: list[str] = []
    for line in lines:
        if line == "--require-hashes":
            continue
        text, *hashes = re.split(r"\s+(?=--hash)", line)
        try:
            requirement = Requirement(text)
        except InvalidRequirement as error:
            found.append(f"'{text}' is no requirement: {error}")
            continue
        names.append(canonicalize_name(requirement.name))
        exact = [one for one in requirement.specifier if one.operator == "==" and not one.version.endswith("*")]
        if len(requirement.specifier) != 1 or not exact:
            found.append(f"'{text}' is not pinned")
        if not all(HASH.fullmatch(value) for value in hashes):
            found.append(f"'{text}' has a hash that is no SHA-256")
    return found + [f"duplicate '{name}'" for name in sorted({name for name in names if names.count(name) > 1})]
