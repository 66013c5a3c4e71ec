"""Registries of models, languages, benchmarks, sources and licences: those of config/, and a study's own, which add to them.

Entries are checked when read; errors name file, entry and key. Imports core only, and no slow library, because the Snakefile
loads it. How a study uses an entry is defined in the rooms of the stages.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from polyglot.core.lookup import unknown
from polyglot.registry.base import Registry, RegistryError
from polyglot.registry.data import BenchmarkFacts, Language, Licence, Source
from polyglot.registry.languages import derived
from polyglot.registry.models import CHAT_TEMPLATES, ORIGINS, Model

OWN = ("models.yaml", "languages.yaml", "benchmarks.yaml", "sources.yaml")
"""Files of config/ that a study's own folder may add to."""


@dataclass(frozen=True)
class Registries:
    """All registries of a study."""

    models: Registry[Model]
    languages: Registry[Language]
    benchmarks: Registry[BenchmarkFacts]
    sources: Registry[Source]
    licences: Registry[Licence]

    @property
    def keys(self) -> list[str]:
        """The environment variables that hold the keys of endpoints."""
        endpoints = [model.endpoint for model in self.models.values() if model.endpoint]
        return sorted({name for endpoint in endpoints for name in endpoint.secrets})

    def know(self, languages: Iterable[str]) -> None:
        """Add languages that need no entry: their names, script and FLORES code are standards."""
        found = {code: derived(code) for code in languages if code not in self.languages}
        self.languages.fill({code: language for code, language in found.items() if language is not None})


def own_chat_template(models: Registry[Model], name: str) -> Path | None:
    """The file of the chat template that a model's entry names, if it is the study's own."""
    template = models[name].chat_template
    if template is None or not models.own(name):
        return None
    file = models.file_of(name).parent / CHAT_TEMPLATES / template
    return file if file.is_file() else None


def chat_template(models: Registry[Model], name: str) -> Path | None:
    """The file of the chat template that a model's entry names, the study's own or config/'s; None if it names none."""
    template = models[name].chat_template
    if template is None:
        return None
    return own_chat_template(models, name) or models.source.parent / CHAT_TEMPLATES / template


def load_registries(folder: Path, own: Path | None = None) -> Registries:
    """Read `models.yaml`, `languages.yaml`, `benchmarks.yaml`, `sources.yaml` and `licences.yaml`.

    Args:
        folder: config/.
        own: a folder in which files of the first four names add to them (see `polyglot.registry.base.Registry`).

    Raises:
        RegistryError: names file, entry and key.
    """
    if not (folder / "models.yaml").exists():
        missing = f"{folder / 'models.yaml'} is not there"
        raise RegistryError(f"{missing}; run this in the workflow's folder, which has a Snakefile and config/")

    def mine(name: str) -> Path | None:
        return None if own is None else own / name

    models = Registry(folder / "models.yaml", Model, mine("models.yaml"))
    _check_models(models)
    sources = Registry(folder / "sources.yaml", Source, mine("sources.yaml"))
    benchmarks = Registry(folder / "benchmarks.yaml", BenchmarkFacts, mine("benchmarks.yaml"))
    _check_sources(sources)
    _check_benchmarks(benchmarks, sources)
    return Registries(
        models=models,
        sources=sources,
        languages=Registry(folder / "languages.yaml", Language, mine("languages.yaml")),
        benchmarks=benchmarks,
        licences=Registry(folder / "licences.yaml", Licence),
    )


def _check_models(models: Registry[Model]) -> None:
    for name, model in models.items():
        where = f"{models.file_of(name)}: entry '{name}'"
        origins = [origin for origin in ORIGINS if getattr(model, origin) is not None]
        if len(origins) != 1:
            raise RegistryError(f"{where} needs exactly one of {', '.join(ORIGINS)}; has {origins}")
        if (model.hub is None) != (model.revision is None):
            raise RegistryError(f"{where}: a model from the hub needs a `revision`, others have none")
        template = chat_template(models, name)
        if template is not None and not template.is_file():
            known = sorted(path.name for path in template.parent.glob("*.jinja"))
            raise RegistryError(f"{where}: {unknown('chat template', template.name, known, f'{template.parent} has')}")
        if model.gold_tuning and model.gold_tuning.start not in models:
            raise RegistryError(
                f"{where} starts from {unknown('model', model.gold_tuning.start, models, f'{models.sources} has')}"
            )
    for name in models:
        _check_start(name, models)


def _check_start(name: str, models: Registry[Model]) -> None:
    """Whether the chain of models that a model starts from has an end."""
    chain = [name]
    while (tuning := models[chain[-1]].gold_tuning) is not None:
        if tuning.start in chain:
            circle = " from ".join(f"'{one}'" for one in [*chain, tuning.start])
            raise RegistryError(
                f"{models.file_of(name)}: entry '{name}': gold_tuning.start goes in a circle: {circle}; start one of them from a "
                "model with `pretraining`"
            )
        chain.append(tuning.start)


def _check_sources(sources: Registry[Source]) -> None:
    for name, source in sources.items():
        where = f"{sources.file_of(name)}: entry '{name}'"
        if (source.hub is None) == (source.folder is None) or (source.hub is None) != (source.revision is None):
            raise RegistryError(f"{where} needs a `hub` repository with its `revision`, or a `folder`")
        if (source.response is not None) and (source.prefer is not None):
            raise RegistryError(f"{where} has both `response` and `prefer`")


def _check_benchmarks(benchmarks: Registry[BenchmarkFacts], sources: Registry[Source]) -> None:
    for name, facts in benchmarks.items():
        where = f"{benchmarks.file_of(name)}: entry '{name}'"
        needed = [facts.hub is not None, facts.revision is not None, bool(facts.languages), bool(facts.test)]
        if any(needed) and not all(needed):
            raise RegistryError(f"{where}: hub, revision, languages and test belong together")
        if name in sources:
            raise RegistryError(f"{where} is also a source in {sources.file_of(name)}; rename one")
