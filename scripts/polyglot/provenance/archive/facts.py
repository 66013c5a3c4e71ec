"""Facts about models, data sets, prompts and code, with revision, hash and licence."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml

from polyglot.core.files import read_json
from polyglot.core.hashing import text_hash
from polyglot.engines import ENGINES
from polyglot.evaluation.lighteval_facts import downloaded_as
from polyglot.models.tokenization import TOKENIZER_FILES
from polyglot.provenance.archive.contents import Hashes, Item, files_in
from polyglot.provenance.archive.jobs import Job
from polyglot.provenance.archive.lines import FORMAT
from polyglot.registry import Registries
from polyglot.registry import chat_template as chat_template_of
from polyglot.registry.models import ORIGINS, Model, local_folder
from polyglot.study.configuration import Study

HUB = "https://huggingface.co"
TOKENIZER = (*TOKENIZER_FILES, "merges.txt", "tokenizer_config.json", "special_tokens_map.json")
CHAT_TEMPLATE = "chat_template.jinja"
NOT_STATED = "not stated"
MADE_HERE = "made by this workflow; see the licence of the workflow"


@dataclass(frozen=True)
class Used:
    """What a study uses: names in the registries, and the locations of their files (None: an endpoint or a package)."""

    study: Study
    registries: Registries
    models: Mapping[str, str | None]
    sources: Sequence[str]


def hub_lock(hub: Path, kind: str, name: str) -> dict[str, Any] | None:
    """The lock of a model or data set from the hub (see `polyglot.models.hub.lock`); None if there is none."""
    path = hub / "locks" / kind / f"{name}.json"
    return dict(read_json(path)) if path.exists() else None


def hub_page(repository: str, kind: str, commit: str | None = None) -> str:
    place = f"{HUB}/{'datasets/' if kind == 'datasets' else ''}{repository}"
    return f"{place}/tree/{commit}" if commit else place


def hub_urls(hub: str, used: Used) -> dict[str, str]:
    """Archive path of each locked file from the hub to its address at the locked commit."""
    found = {}
    benchmarks = [name for name, chosen in used.study.evaluation.benchmarks.items() if chosen.downloaded]
    for kind, names in (("models", list(used.models)), ("datasets", [*used.sources, *benchmarks])):
        for name in names:
            lock = hub_lock(Path(hub), kind, name)
            if lock and lock["source"]:
                page = hub_page(lock["source"]["repository"], kind)
                for file in lock["files"]:
                    found[f"{hub}/{kind}/{name}/{file}"] = f"{page}/resolve/{lock['source']['commit']}/{file}"
    return found


def learn_locked(hashes: Hashes, hub: Path) -> None:
    """Reuse the hashes in the hub's lock files, so that huge models are read only once."""
    for path in sorted((hub / "locks").glob("*/*.json")):
        folder = hub / path.parent.name / path.stem
        for name, facts in read_json(path)["files"].items():
            hashes.learn(folder / name, facts["sha256"], facts["bytes"], path.stat().st_mtime)


def model_facts(used: Used, hashes: Hashes, jobs: Iterable[Job]) -> dict[str, Any]:
    """Every model of the study: origin, revision, licence, sampling, hashes of tokenizer and chat template."""
    on_gpu = {job.wildcards.get("teacher") for job in jobs if job.facts.get("numerics", {}).get("gpus")}
    return {
        name: _model(name, used, folder, hashes) | {"answers_independent_of_their_batch": _independent(used, name, on_gpu)}
        for name, folder in sorted(used.models.items())
    }


def _independent(used: Used, name: str, on_gpu: set[str | None]) -> bool:
    """Whether a request always gets the same answer: only on a CPU, and if the engine declares it."""
    return ENGINES[used.registries.models[name].engine].reproducible and name not in on_gpu


def _model(name: str, used: Used, folder: str | None, hashes: Hashes) -> dict[str, Any]:
    model = used.registries.models[name]
    facts: dict[str, Any] = {
        "label": model.label or name,
        "about": model.description,
        "role": model.role,
        "family": model.family,
        "billions_of_parameters": model.size,
        "origin": next(origin for origin in ORIGINS if getattr(model, origin) is not None),
        "licence": model.licence or NOT_STATED,
        "cite": model.cite,
        "engine": model.engine,
        "engine_options": model.engine_options,
        "sampling": model.sampling.model_dump(mode="json") if model.role == "chat" else None,
    }
    if model.hub:
        lock = hub_lock(Path(used.study.hub), "models", name)
        source = (lock or {}).get("source") or {}
        facts |= {"repository": model.hub, "revision": model.revision, "commit": source.get("commit")}
        facts["page"] = hub_page(model.hub, "models", source.get("commit"))
    elif model.endpoint:
        facts |= {"endpoint": model.endpoint.url, "served_as": model.endpoint.model, "options": model.endpoint.options}
        facts["price"] = model.price.model_dump() if model.price else None
    elif model.package:
        facts |= _package(model)
    elif model.folder:
        facts["folder"] = model.folder
    else:
        training = getattr(model, facts["origin"])
        facts |= {"training": training.model_dump(mode="json"), "licence": model.licence or MADE_HERE}
    place = _place(model, folder)
    return facts | (_text_hashes(place, hashes, chat_template_of(used.registries.models, name)) if place else {})


def _place(model: Model, folder: str | None) -> Path | None:
    try:
        place = local_folder(model, folder or []) if folder or model.package else None
    except ValueError:
        return None  # the package is not installed where the archive is made
    return place if place and place.is_dir() else None


def _package(model: Model) -> dict[str, Any]:
    """The installed package that contains a model, if it is installed here."""
    module = str(model.package).partition("/")[0]
    names = metadata.packages_distributions().get(module, [])
    if not names:
        return {"package": module}
    found: Any = metadata.metadata(names[0])
    licence = found.get("License-Expression") or found.get("License")
    facts = {"package": names[0], "version": found["Version"]}
    return facts | ({"licence": licence} if licence and not model.licence else {})


def _text_hashes(folder: Path, hashes: Hashes, given: Path | None) -> dict[str, Any]:
    """Tokenizer hashes: one of the `sha256sum` of the tokenizer's files, one of the chat template's text.

    Args:
        given: the registry's chat template that replaces the model's own.
    """
    there = [folder / name for name in TOKENIZER if (folder / name).is_file()]
    found = hashes.of(there)
    tokenizer = "".join(f"{found[path]}  {path.name}\n" for path in there)
    template = given.read_text(encoding="utf-8") if given else chat_template(folder)
    return {
        "tokenizer_sha256": text_hash(tokenizer) if tokenizer else None,
        "chat_template": given.name if given else None,
        "chat_template_sha256": text_hash(template) if template else None,
    }


def chat_template(folder: Path) -> str | None:
    """A model's own chat template, from a file or the tokenizer's settings."""
    file, settings = folder / CHAT_TEMPLATE, folder / "tokenizer_config.json"
    if file.is_file():
        return file.read_text(encoding="utf-8")
    found = read_json(settings).get("chat_template") if settings.is_file() else None
    return None if found is None else found if isinstance(found, str) else json.dumps(found, sort_keys=True)


def data_facts(used: Used) -> dict[str, Any]:
    """Every seed source and benchmark: origin, revision, licence."""
    found: dict[str, Any] = {}
    for name in used.sources:
        source = used.registries.sources[name]
        found[name] = _origin(used, name, source.hub, source.revision, source.folder)
        found[name] |= {"kind": "seed source", "licence": source.licence or NOT_STATED, "cite": source.cite}
    for lang, path in used.study.seed_dataset.files.items():
        found[f"seed file: {lang}"] = {"kind": "seed source", "folder": path, "licence": NOT_STATED}
    for name, chosen in used.study.evaluation.benchmarks.items():
        facts = used.registries.benchmarks[name]
        if chosen.of_the_world:
            found[name] = {"kind": "benchmark", "origin": "micro-world", "modelled_on": facts.source, "licence": MADE_HERE}
        else:
            hub = facts.hub if chosen.downloaded else None
            fetched = downloaded_as(name, used.study.evaluation, used.registries.benchmarks)
            found[name] = _origin(used, fetched, hub, facts.revision, chosen.folder) | {"kind": "benchmark", "cite": facts.source}
            found[name]["licence"] = facts.licence or NOT_STATED
    return found


def _origin(used: Used, name: str, repository: str | None, revision: str | None, folder: str | None) -> dict[str, Any]:
    if repository is None:
        return {"folder": folder}
    lock = hub_lock(Path(used.study.hub), "datasets", name)
    commit = ((lock or {}).get("source") or {}).get("commit")
    page = hub_page(repository, "datasets", commit)
    return {"repository": repository, "revision": revision, "commit": commit, "page": page}


def prompt_facts(folder: Path, hashes: Hashes) -> dict[str, str]:
    """Every prompt template of the study to the SHA-256 of its file."""
    files = files_in(folder)
    found = hashes.of(files)
    return {str(file): found[file] for file in files}


def citation(root: Path) -> dict[str, Any]:
    """CITATION.cff: the workflow's authors, licence and references."""
    return dict(yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8")))


TEXTS = ("diff", "plugin_texts")
"""Parts of a code record not repeated here, because the record itself is in the archive."""


def code_facts(folder: Path, jobs: Iterable[Job], now: str) -> dict[str, Any]:
    """The code versions that jobs ran.

    Args:
        folder: the study's `provenance`.
        now: the id of the code in the archive (see `polyglot.provenance.records.code_id`).

    Returns:
        archived: the id of the code in the archive; versions: id to commit, dirty, changed, number of jobs, and plugins with the
        hashes of their files, without texts; unrecorded: jobs without a record.
    """
    ran = [job.facts.get("code") for job in jobs]
    versions = {}
    for name in sorted({now, *filter(None, ran)}):
        path = folder / "code" / f"{name}.json"
        known = read_json(path) if path.exists() else {"commit": None, "dirty": None, "changed": []}
        versions[name] = {key: value for key, value in known.items() if key not in TEXTS} | {"jobs": ran.count(name)}
    return {"format": FORMAT, "archived": now, "versions": versions, "unrecorded": ran.count(None)}


def totals(items: Iterable[Item]) -> dict[str, int]:
    """Files and bytes inside and outside."""
    listed = list(items)
    inside = [item for item in listed if not item.outside]
    return {
        "files_inside": len(inside),
        "bytes_inside": sum(item.size for item in inside),
        "files_outside": len(listed) - len(inside),
        "bytes_outside": sum(item.size for item in listed if item.outside),
    }
