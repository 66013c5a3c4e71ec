"""Registries of models, languages, benchmarks, sources and licences, from config/*.yaml.

Entries are checked when read; errors name file, entry and key. Imports core only, and no slow library, because the Snakefile
loads it. How a study uses an entry is defined in the rooms of the stages.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from polyglot.core.lookup import unknown
from polyglot.registry.base import Registry, RegistryError
from polyglot.registry.data import BenchmarkFacts, Language, Licence, Source
from polyglot.registry.models import CHAT_TEMPLATES, ORIGINS, Model


@dataclass(frozen=True)
class Registries:
    """All registries of a `config/` folder."""

    models: Registry[Model]
    languages: Registry[Language]
    benchmarks: Registry[BenchmarkFacts]
    sources: Registry[Source]
    licences: Registry[Licence]


def load_registries(folder: Path) -> Registries:
    """Read `models.yaml`, `languages.yaml`, `benchmarks.yaml`, `sources.yaml` and `licences.yaml`.

    Raises:
        RegistryError: names file, entry and key.
    """
    models = Registry(folder / "models.yaml", Model)
    for name, model in models.items():
        origins = [origin for origin in ORIGINS if getattr(model, origin) is not None]
        if len(origins) != 1:
            raise RegistryError(f"{models.source}: entry '{name}' needs exactly one of {', '.join(ORIGINS)}; has {origins}")
        if (model.hub is None) != (model.revision is None):
            raise RegistryError(f"{models.source}: entry '{name}': a model from the hub needs a `revision`, others have none")
        if model.chat_template is not None and not (folder / CHAT_TEMPLATES / model.chat_template).is_file():
            known = sorted(path.name for path in (folder / CHAT_TEMPLATES).glob("*.jinja"))
            wrong = unknown("chat template", model.chat_template, known, f"{folder / CHAT_TEMPLATES} has")
            raise RegistryError(f"{models.source}: entry '{name}': {wrong}")
        if model.gold_tuning and model.gold_tuning.start not in models:
            wrong = unknown("model", model.gold_tuning.start, models, f"{models.source} has")
            raise RegistryError(f"{models.source}: entry '{name}' starts from {wrong}")
    sources = Registry(folder / "sources.yaml", Source)
    for name, source in sources.items():
        if (source.hub is None) == (source.folder is None) or (source.hub is None) != (source.revision is None):
            raise RegistryError(f"{sources.source}: entry '{name}' needs a `hub` repository with its `revision`, or a `folder`")
        if (source.response is not None) and (source.prefer is not None):
            raise RegistryError(f"{sources.source}: entry '{name}' has both `response` and `prefer`")
    benchmarks = Registry(folder / "benchmarks.yaml", BenchmarkFacts)
    for name, facts in benchmarks.items():
        needed = [facts.hub is not None, facts.revision is not None, bool(facts.languages), bool(facts.test)]
        if any(needed) and not all(needed):
            raise RegistryError(f"{benchmarks.source}: entry '{name}': hub, revision, languages and test belong together")
        if name in sources:
            raise RegistryError(f"{benchmarks.source}: entry '{name}' is also a source in {sources.source}; rename one")
    return Registries(
        models=models,
        sources=sources,
        languages=Registry(folder / "languages.yaml", Language),
        benchmarks=benchmarks,
        licences=Registry(folder / "licences.yaml", Licence),
    )
