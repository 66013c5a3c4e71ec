"""Seed datasets: the sources of each language."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyglot.study import paths
from polyglot.study.seed_languages import starts_from_the_source
from polyglot.synthesis.methods.base import METHODS
from polyglot.workflow.inputs.base import Inputs, Wildcards

UNREAD = {"licence", "cite", "published"}
"""Registry settings of a source that its rows do not depend on."""

CONVERSATIONS = {"turns", "thread"}
"""The same where only first turns are read."""


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

    def without_shots(self) -> list[str]:
        """One sentence for each of the user's files that has prompts alone, where a method would show pairs; files with mistakes
        are left to the job that reads them."""
        showing = [name for name in self.study.methods if METHODS[name].shots]
        if not showing or not self.study.seed_dataset.files:
            return []
        from polyglot.core.dialogues import read_dialogues
        from polyglot.core.rows import FileError

        alone, settings = [], self.study.seed_dataset
        for lang, file in settings.files.items():
            with contextlib.suppress(FileError):
                if lang not in settings.sources and not read_dialogues(Path(file), settings.turns).answered.any():
                    told = f"{', '.join(showing)} has no shots: its requests show prompts alone"
                    alone.append(f"seed_dataset.files.{lang}: {file} has no responses, so {told}")
        return alone

    def counts(self) -> list[str]:
        """Row counts by outcome for every source."""
        return [self.at(paths.SOURCE_COUNTS, source=name, lang=lang) for name, lang in self.study.seed_sources]

    def source(self, wildcards: Wildcards) -> dict[str, Any]:
        """The dependencies of a source's rows."""
        unread = UNREAD | (CONVERSATIONS if self.study.seed_dataset.turns == "first" else set())
        return self.registries.sources[wildcards["source"]].model_dump(mode="json", exclude=unread)

    def most(self, wildcards: Wildcards) -> int | None:
        """The most rows that are taken of it."""
        return self.study.seed_dataset.most(wildcards["source"], wildcards["lang"])

    def published(self, wildcards: Wildcards) -> str | None:
        """Its name in the paper's table of sources."""
        return self.registries.sources[wildcards["source"]].published
