"""Seed datasets: the sources of each language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from polyglot.study import paths
from polyglot.study.seed_languages import starts_from_the_source
from polyglot.workflow.inputs.base import Inputs, Wildcards

UNREAD = {"licence", "cite", "published"}
"""Registry settings of a source that its rows do not depend on."""


@dataclass(frozen=True)
class SeedInputs(Inputs):
    """Inputs of the seed datasets."""

    def files(self, wildcards: Wildcards) -> list[str]:
        """Inputs of a language's seed dataset: sources and a file, or else the micro-world."""
        settings, lang = self.study.seed_dataset, wildcards["lang"]
        files = [self.at(paths.SOURCE, source=name, lang=lang) for name in settings.sources.get(lang, [])]
        if lang in settings.files:
            files.append(settings.files[lang])
        return files or [self.at(paths.WORLD_SEED, lang=lang)]

    def of_the_source(self, wildcards: Wildcards) -> str:
        """The seed dataset that translation starts from; the language's own where nothing is translated."""
        lang = self.study.source_language if starts_from_the_source(self.study) else wildcards["lang"]
        return self.at(paths.SEED, lang=lang)

    def counts(self) -> list[str]:
        """Row counts by outcome for every source."""
        return [self.at(paths.SOURCE_COUNTS, source=name, lang=lang) for name, lang in self.study.seed_sources]

    def source(self, wildcards: Wildcards) -> dict[str, Any]:
        """The dependencies of a source's rows."""
        return self.registries.sources[wildcards["source"]].model_dump(mode="json", exclude=UNREAD)

    def published(self, wildcards: Wildcards) -> str | None:
        """Its name in the paper's table of sources."""
        return self.registries.sources[wildcards["source"]].published
