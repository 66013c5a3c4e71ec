"""Reads a study file: chosen by the command line, merged with overrides, and checked; all problems are reported at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from polyglot.core.errors import ConfigurationError, explain
from polyglot.core.lookup import PluginError, load_plugins
from polyglot.core.yaml_file import read_yaml
from polyglot.registry import Registries, load_registries
from polyglot.registry.base import RegistryError
from polyglot.study.configuration import REPLICATION, Study
from polyglot.workflow.study_checks import problems


def load_study(path: Path, root: Path, overrides: Mapping[str, Any] | None = None) -> tuple[Study, Registries]:
    """Read and check a study file and the registries beside it.

    Args:
        path: the study's YAML file.
        root: folder that holds `config/`.
        overrides: values set on the command line, merged over the file's.

    Raises:
        ConfigurationError: one message with all problems: file, key, value, what is allowed.
    """
    try:
        raw = read_yaml(path)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path}: cannot be read as a study: {error}") from error
    if not isinstance(raw, dict):
        raise ConfigurationError(f"{path}: a study is a mapping of keys; found {type(raw).__name__}")
    raw = merge(raw, overrides or {})
    plugins = raw.get("plugins")
    try:
        load_plugins(plugins if isinstance(plugins, list) else [])
    except PluginError as error:
        raise ConfigurationError(f"{path}: {error}") from error
    try:
        registries = load_registries(root / "config")
    except RegistryError as error:
        raise ConfigurationError(str(error)) from error
    try:
        study = Study.model_validate(raw)
    except ValidationError as error:
        raise ConfigurationError(explain(path, error, Study)) from error
    found = list(problems(study, registries))
    if Path(path).stem != study.study:
        found.append(f"study: '{study.study}' must be the file's own name, so that no study writes into another's results")
    if found:
        raise ConfigurationError("\n".join([f"{path}: the study cannot be run:", *(f"  {p}" for p in found)]))
    return study, registries


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Merge `over` into `base`, recursively for mappings; lists, values and anything paired with an empty mapping are
    replaced."""
    merged = dict(base)
    for key, value in over.items():
        known = merged.get(key)
        if isinstance(known, dict) and isinstance(value, Mapping) and value:
            merged[key] = merge(known, value)
        else:
            merged[key] = value
    return merged


def choose_study_file(root: Path, configfiles: Sequence[Path], targets: Iterable[str]) -> Path:
    """The study of a command line: its --configfile, else the study its targets lie in, else the demo.

    Raises:
        ConfigurationError: if two studies are named; they are never merged.
    """
    if len(configfiles) > 1:
        names = ", ".join(str(file) for file in configfiles)
        raise ConfigurationError(f"--configfile: one study at a time, found {names}; run Snakemake once for each")
    if configfiles:
        return Path(configfiles[0])
    named = {Path(target).parts[1] for target in targets if Path(target).parts[:1] == ("results",) and "/" in target}
    studies = sorted(name for name in named - {REPLICATION} if (root / "config" / f"{name}.yaml").exists())
    if len(studies) > 1:
        raise ConfigurationError(f"targets of several studies: {', '.join(studies)}; run Snakemake once for each")
    return root / "config" / f"{studies[0] if studies else 'demo'}.yaml"
