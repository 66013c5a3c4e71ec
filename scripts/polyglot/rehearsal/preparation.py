"""Everything that a rehearsal needs in its folder: the workflow's files, small models, a few rows, and the configuration."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from polyglot.core.errors import Foreseen
from polyglot.core.files import write_text, yaml_text
from polyglot.core.given_path import PROJECT, STUDY_FILE
from polyglot.evaluation.lighteval_facts import lighteval_facts
from polyglot.registry import Registries, own_chat_template
from polyglot.registry.base import Registry
from polyglot.registry.models import CHAT_TEMPLATES, Model
from polyglot.rehearsal import data
from polyglot.rehearsal.miniature import Kept, model_in_miniature, representatives, study_in_miniature
from polyglot.rehearsal.shrinking import SMALL_FILES, ShrinkingError, fingerprint, missing_files, shrink
from polyglot.seeds.sources import SourceError
from polyglot.study.configuration import Study

PARTS = (
    *("Snakefile", "rules", "scripts", "config", "envs", "plugins", "profiles", "report"),
    *("requirements*", "*.cff", "LICENSE", "pyproject.toml"),
)
"""What a run needs of the repository."""
ELSEWHERE = {"vllm": "transformers"}
"""The engine that stands for one that this machine does not have."""


class NotReady(Foreseen, RuntimeError):
    """A rehearsal that cannot start; the message lists everything that is missing."""


@dataclass(frozen=True)
class Rehearsal:
    """A study, and the folder of its rehearsal.

    `used`: the study's models. `gpus`: of this machine. `software`: Snakemake's options that choose environments; without them,
    every job runs in this Python.
    """

    study: Study
    registries: Registries
    used: Sequence[str]
    root: Path
    folder: Path
    gpus: int = 0
    software: Sequence[str] = ()
    notes: list[str] = field(default_factory=list)

    def original(self, name: str) -> Path:
        """Where the files of a model are, or are fetched to: the study's folder, else the rehearsal's."""
        model = self.registries.models[name]
        if model.folder is not None:
            return Path(model.folder)
        fetched = Path(self.study.hub, "models", name)
        return fetched if not missing_files(fetched) else self.folder / "originals" / name

    def has_files(self, name: str) -> bool:
        model = self.registries.models[name]
        return model.hub is not None or model.folder is not None

    def engine(self, model: Model) -> str:
        """The engine that runs a model here."""
        here = bool(self.software) or model.engine != "vllm" or find_spec("vllm") is not None
        return model.engine if here else ELSEWHERE[model.engine]


def prepare(rehearsal: Rehearsal, url: str) -> None:
    """Make or renew the rehearsal's folder.

    Args:
        url: of the endpoint that stands for all others.

    Raises:
        NotReady: lists every file that is missing and every model that cannot be shrunk.
    """
    study, models = rehearsal.study, rehearsal.registries.models
    problems = [problem for name in rehearsal.used if (problem := _original(rehearsal, name))]
    problems += _rows(rehearsal)
    if problems:
        raise NotReady("\n".join(["the rehearsal lacks files:", *(f"  {one}" for one in problems)]))
    kept = _kept(rehearsal)
    entries = {}
    for name, model in models.items():
        entry = model.model_dump(mode="json", exclude_none=True)
        if name in rehearsal.used and kept.instead.get(name, name) == name:
            entry = _model(rehearsal, name, url, problems)
        entries[name] = entry
    if problems:
        raise NotReady("\n".join(["models cannot be rehearsed:", *(f"  {one}" for one in problems)]))
    _copy_workflow(rehearsal)
    _write_registries(rehearsal, entries)
    settings = _absolute(study_in_miniature(study, kept), study.registries) | {"hub": "hub", "registries": None}
    write_text(yaml_text(settings), rehearsal.folder / "config" / f"{study.study}.yaml")


def _write_registries(rehearsal: Rehearsal, models: Mapping[str, Any]) -> None:
    """The registries whole, config/'s and the study's own in one, and its own chat templates."""
    config, registries = rehearsal.folder / "config", rehearsal.registries
    both: dict[str, Registry[Any]] = {"languages": registries.languages, "benchmarks": registries.benchmarks}
    entries = {
        kind: {name: entry.model_dump(mode="json", exclude_none=True) for name, entry in registry.items()}
        for kind, registry in both.items()
    }
    for name in lighteval_facts(rehearsal.study.evaluation):  # need no entry
        del entries["benchmarks"][name]
    for kind, found in (entries | {"models": models, "sources": _sources(rehearsal)}).items():
        write_text(yaml_text(found), config / f"{kind}.yaml")
    for name in models:
        if (template := own_chat_template(registries.models, name)) is not None:
            _copy(str(template), str(config / CHAT_TEMPLATES / template.name))


def _original(rehearsal: Rehearsal, name: str) -> str | None:
    """Fetch a model's small files where they are missing; what is missing for good, in words."""
    if not rehearsal.has_files(name):
        return None
    folder, model = rehearsal.original(name), rehearsal.registries.models[name]
    if model.hub is not None and missing_files(folder):
        try:
            from huggingface_hub import snapshot_download

            snapshot_download(model.hub, revision=model.revision, local_dir=folder, allow_patterns=list(SMALL_FILES))
        except Exception as error:  # whatever the hub's client raises
            here = Path(rehearsal.study.hub, "models", name)
            return (
                f"{name}: put config.json and the tokenizer's files of {model.hub} (a few MB) into {here}, or rehearse where "
                f"the hub can be reached and its licence is accepted ({type(error).__name__})"
            )
    lacking = missing_files(folder)
    return f"{name}: {folder} lacks {' and '.join(lacking)}" if lacking else None


def _rows(rehearsal: Rehearsal) -> list[str]:
    """Write a few rows of every source; what could not be had, in words."""
    problems, sources = [], rehearsal.registries.sources
    for name in sorted({name for name, _ in rehearsal.study.seed_sources}):
        source = sources[name]
        langs = [lang for one, lang in rehearsal.study.seed_sources if one == name]
        same = {"hub", "revision", "files"}
        first = next(other for other in sources if sources[other].model_dump(include=same) == source.model_dump(include=same))
        folder = Path(source.folder) if source.folder else Path(rehearsal.study.hub, "datasets", first)
        try:
            data.sample(name, source, langs, folder, rehearsal.folder / "data" / name)
        except (data.Unreachable, SourceError) as error:
            problems.append(str(error))
    return problems


def _sources(rehearsal: Rehearsal) -> dict[str, Any]:
    """The registry of sources, with the few rows for those of the study."""
    used = {name for name, _ in rehearsal.study.seed_sources}
    entries = {}
    for name, source in rehearsal.registries.sources.items():
        entry = source.model_dump(mode="json", exclude_none=True)
        if name in used:
            entry = {key: value for key, value in entry.items() if key not in ("hub", "revision")}
            entry |= {"folder": f"data/{name}", "files": [data.ROWS]}
        entries[name] = entry
    return entries


def _kept(rehearsal: Rehearsal) -> Kept:
    """Models that differ in nothing that a rehearsal sees are rehearsed once."""
    models = rehearsal.registries.models

    def alike(name: str) -> str:
        if name not in models or not rehearsal.has_files(name):
            return name
        model = models[name]
        return f"{model.engine} {fingerprint(rehearsal.original(name), model.chat_template)}"

    study = rehearsal.study
    teachers = dict.fromkeys(name for matrix in study.matrices.values() for name in (*study.teachers, *matrix.teachers))
    instead = representatives([*teachers], alike)
    instead |= representatives(study.bases, lambda name: f"base {alike(name)}")
    for name, other in instead.items():
        if name != other:
            rehearsal.notes.append(f"{other} stands for {name}: the same tokenizer, template and architecture")
    return Kept(instead)


def _model(rehearsal: Rehearsal, name: str, url: str, problems: list[str]) -> dict[str, Any]:
    """A used model's entry; its folder is made."""
    model = rehearsal.registries.models[name]
    engine, folder = rehearsal.engine(model), None
    if engine != model.engine:
        rehearsal.notes.append(f"{name} runs with {engine}: this Python has no {model.engine}")
    if model.endpoint is not None:
        rehearsal.notes.append(f"{name} is an endpoint on this machine: nothing is sent to {model.endpoint.url}")
    if rehearsal.has_files(name):
        folder = f"models/{name}"
        try:
            shrink(rehearsal.original(name), rehearsal.folder / folder, role=model.role)
        except ShrinkingError as error:
            problems.append(f"{name}: {error}")
    entry = model.model_dump(mode="json", exclude_none=True)
    defaults = {"role": model.role, "engine": model.engine, "engine_options": model.engine_options}
    return model_in_miniature(entry | defaults, folder=folder, url=url, gpus=rehearsal.gpus, engine=engine)


def _copy_workflow(rehearsal: Rehearsal) -> None:
    """The workflow's files as they are now; unchanged ones keep their times, so that no job is done again for them."""
    for part in PARTS:
        for source in rehearsal.root.glob(part):
            target = rehearsal.folder / source.name
            if source.is_dir():
                shutil.copytree(source, target, ignore=_left_out, dirs_exist_ok=True, copy_function=_copy)
            else:
                _copy(str(source), str(target))


def _left_out(folder: str, names: Sequence[str]) -> set[str]:
    """What a rehearsal does not copy: caches, and other studies' folders in config/."""
    return {name for name in names if name == "__pycache__" or Path(folder, name, STUDY_FILE).is_file()}


def _copy(source: str, target: str) -> None:
    """Copy a file, unless the copy has the same content already."""
    if not os.path.exists(target) or Path(source).read_bytes() != Path(target).read_bytes():
        shutil.copy2(source, target)


def _absolute(settings: Mapping[str, Any], own: str | None) -> dict[str, Any]:
    """Settings whose relative paths are seen from here; those of config/ are copied, and stay, but for the study's own folder."""

    def copied(path: str) -> bool:
        return path.startswith(PROJECT) and not (own and Path(path).is_relative_to(own))

    def seen(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: seen(one) for key, one in value.items()}
        if isinstance(value, list):
            return [seen(one) for one in value]
        known = isinstance(value, str) and "/" in value and not copied(value) and Path(value).exists()
        return str(Path(value).absolute()) if known else value

    return {key: seen(value) for key, value in settings.items()}
