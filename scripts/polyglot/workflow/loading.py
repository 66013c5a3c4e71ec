"""Reads a study file: chosen by the command line, merged with overrides, and checked; all problems are reported at once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from polyglot.core.errors import ConfigurationError, explain
from polyglot.core.given_path import STUDY_FILE, placed, seen_from
from polyglot.core.lookup import PluginError, load_plugins
from polyglot.core.yaml_file import read_yaml
from polyglot.evaluation.lighteval_facts import lighteval_facts
from polyglot.registry import OWN, Registries, load_registries
from polyglot.registry.base import RegistryError
from polyglot.study.configuration import Study
from polyglot.study.reserved import REPLICATION
from polyglot.workflow.study_checks import problems

EXTENDS, READ_FROM = "extends", "read_from"
"""The key that names the study that another one inherits from, and that of the files that a configuration was made of."""


def load_study(path: Path, root: Path, overrides: Mapping[str, Any] | None = None) -> tuple[Study, Registries]:
    """Read and check a study file and its registries: those of config/ and its own.

    Args:
        path: the study's YAML file. If it `extends` another, its keys are merged over that one's (see `merge`).
        root: folder that holds `config/`.
        overrides: values set on the command line, merged over the file's.

    Raises:
        ConfigurationError: one message with all problems: file, key, value, what is allowed.
    """
    raw = read_mapping(path)
    if EXTENDS in (overrides or {}):
        raise ConfigurationError(f"{EXTENDS}: say it in {path}, not on the command line")
    folder = path.parent if in_own_folder(path, raw.get("study")) else None
    if not raw.get(READ_FROM):
        raw = _with_inherited(path, raw, folder)
    raw = merge(raw, overrides or {})
    study = _study(path, raw, seen_from(folder))
    registries = registries_of(study, root)
    found = list(dict.fromkeys(problems(study, registries)))
    name = path.stem if folder is None else path.resolve().parent.name
    if name != study.study:
        own = "file's own name" if folder is None else f"name of the folder that holds it, '{name}'"
        found.append(f"study: '{study.study}' must be the {own}, so that no study writes into another's results")
    if found:
        raise ConfigurationError("\n".join([f"{path}: the study cannot be run:", *(f"  {p}" for p in found)]))
    return study, registries


def _with_inherited(path: Path, raw: dict[str, Any], folder: Path | None) -> dict[str, Any]:
    """A study's keys, merged over those of the study that it extends, if it does.

    The other study is checked by itself, so that its mistakes are reported with its name. Registries come from the folder of the
    study, or else from the other's.

    Args:
        folder: the study's own folder, if it has one.

    Raises:
        ConfigurationError: if the other is missing, is the study itself, extends a third, or cannot be used.
    """
    here = {} if folder is None else {"registries": "."}
    if raw.get(EXTENDS) is None:
        return here | raw | {READ_FROM: [_from_here(path)]}
    parent = _extended(path, raw[EXTENDS])
    found = read_mapping(parent)
    if found.get(EXTENDS) is not None:
        raise ConfigurationError(
            f"{path}: {EXTENDS}: {parent} extends {found[EXTENDS]} itself, and a study can inherit from one only; extend "
            f"{found[EXTENDS]}, and copy here what {parent.name} changes"
        )
    own = parent.parent if in_own_folder(parent, found.get("study")) else None
    found = ({} if own is None else {"registries": "."}) | found
    checked = _study(parent, found, seen_from(own, heir=folder))
    kept = checked.model_dump(mode="json", exclude_unset=True)
    if kept.get("registries") is not None and not any((path.parent / name).is_file() for name in OWN):
        here = {}
    return merge(kept, here | raw | {READ_FROM: [_from_here(path), _from_here(parent)]})


def _extended(path: Path, named: Any) -> Path:
    """The file that a study extends, as seen from where one runs.

    Raises:
        ConfigurationError: if it is missing, or the study itself.
    """
    if not isinstance(named, str):
        raise ConfigurationError(f"{path}: {EXTENDS}: the file of one other study, such as paper.yaml (value: {named!r})")
    parent = Path(placed(named, path.parent))
    if not parent.is_file():
        raise ConfigurationError(f"{path}: {EXTENDS}: there is no file {parent}; a path is seen from the study's own file")
    if parent.resolve() == path.resolve():
        raise ConfigurationError(f"{path}: {EXTENDS}: a study cannot extend itself; name another, or leave the key out")
    return parent


def _from_here(path: Path) -> str:
    """A file as seen from where one runs: relative inside of it, else absolute."""
    return placed(os.path.relpath(path), Path())


def _study(path: Path, raw: Mapping[str, Any], context: Mapping[str, Any]) -> Study:
    """The study of a file's keys, after its plugins are loaded."""
    plugins = raw.get("plugins")
    try:
        load_plugins([one for one in plugins if isinstance(one, str)] if isinstance(plugins, list) else [])
        return Study.model_validate(raw, context=dict(context))
    except PluginError as error:
        raise ConfigurationError(f"{path}: {error}") from error
    except UnicodeEncodeError as error:  # of the command line: no file holds such a text
        raise ConfigurationError(
            f"{path}: half a character (an unpaired surrogate) on the command line; correct or delete it: {error.object!a}"
        ) from None
    except ValidationError as error:
        raise ConfigurationError(explain(path, error, Study)) from error


def read_mapping(path: Path) -> dict[str, Any]:
    """The keys and values of a study's file.

    Raises:
        ConfigurationError: names file, line and remedy.
    """
    if path.is_dir():
        own = path / STUDY_FILE
        raise ConfigurationError(f"{path}: this is a folder; name {own if own.is_file() else 'the study file in it'}")
    if not path.exists():
        where = "; targets stand before --configfile" if path.parts[:1] == ("results",) or not path.suffix else ""
        raise ConfigurationError(f"{path}: there is no such study file; correct the path after --configfile{where}")
    try:
        raw = read_yaml(path)
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from error
    except RecursionError:
        raise ConfigurationError(f"{path}: nested too deep to be read; a study is a mapping of keys") from None
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path}: cannot be read as a study: {error}. Correct the YAML in that line") from error
    if not isinstance(raw, dict):
        found = "nothing" if raw is None else f"a {type(raw).__name__}"
        raise ConfigurationError(f"{path}: a study is a mapping of keys (`study: name`, ...); found {found}")
    strange = next((key for key in raw if not isinstance(key, str)), None)
    if strange is not None:
        raise ConfigurationError(f"{path}: {strange!r} is no key of a study; keys are words, as in config/README.md")
    return raw


def in_own_folder(path: Path, study: Any) -> bool:
    """Whether a study's file has a folder of its own, whose registries add to config/'s, and from which its paths are seen."""
    return path.name == STUDY_FILE and study != path.stem


def registries_of(study: Study, root: Path) -> Registries:
    """The registries of a study: config/'s, its own, and its languages that need no entry.

    Raises:
        ConfigurationError: names file, entry and key.
    """
    own = None if study.registries is None else Path(study.registries)
    if own is not None and not own.is_dir():
        raise ConfigurationError(f"registries: there is no folder {own}")
    try:
        registries = load_registries(root / "config", own)
    except RegistryError as error:
        raise ConfigurationError(str(error)) from error
    registries.know(study.named_languages)
    registries.benchmarks.fill(lighteval_facts(study.evaluation))
    return registries


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
    studies = {name: file for name in sorted(named - {REPLICATION}) if (file := _file_of(name, root)) is not None}
    if len(studies) > 1:
        raise ConfigurationError(f"targets of several studies: {', '.join(studies)}; run Snakemake once for each")
    return next(iter(studies.values()), root / "config/demo.yaml")


def _file_of(study: str, root: Path) -> Path | None:
    """The file in config/ of a study by its name: its own, or the one in a folder of its own."""
    places = (root / "config" / f"{study}.yaml", root / "config" / study / STUDY_FILE)
    return next((place for place in places if place.exists()), None)
