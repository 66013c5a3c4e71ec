"""The hub: what a study uses from it, and what remains to be fetched."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from polyglot.evaluation.lighteval_facts import downloaded_as
from polyglot.models.hub import is_there
from polyglot.registry.data import BenchmarkFacts, Source
from polyglot.study import paths
from polyglot.workflow.inputs.base import Inputs
from polyglot.workflow.inputs.models import ModelInputs


@dataclass(frozen=True)
class HubInputs(Inputs):
    """Models and data sets from the hub."""

    @property
    def folder(self) -> str:
        return self.study.hub.rstrip("/")

    @cached_property
    def models(self) -> list[str]:
        """Models of the registry that come from the hub."""
        return [name for name, model in self.registries.models.items() if model.hub is not None]

    @cached_property
    def data(self) -> list[str]:
        """Sources of the registry, and the study's benchmarks, that come from the hub."""
        return [*(name for name, source in self.registries.sources.items() if source.hub is not None), *self._benchmarks]

    @property
    def _benchmarks(self) -> list[str]:
        """Of tasks of lighteval with the same data, the first."""
        chosen = [name for name, one in self.study.evaluation.benchmarks.items() if one.downloaded]
        return [name for name in chosen if self.downloaded_as(name) == name]

    @cached_property
    def sources(self) -> list[str]:
        """Every seed source of the study's languages, sorted."""
        return sorted({name for name, _ in self.study.seed_sources})

    def locks(self) -> list[str]:
        """A lock file of everything in the study that comes from the hub."""
        used = [name for name in ModelInputs(self.study, self.registries).used if name in self.models]
        fetched = dict.fromkeys(self.downloaded_as(name) for name in self.sources if self.registries.sources[name].hub)
        named = [("models", used), ("datasets", [*fetched, *self._benchmarks])]
        return [paths.HUB_LOCK.format(hub=self.folder, kind=kind, name=name) for kind, names in named for name in names]

    def source_folder(self, name: str) -> str:
        """The folder of a source's files: from the hub, or local."""
        folder = self.registries.sources[name].folder
        return folder or paths.HUB_DATA.format(hub=self.folder, source=self.downloaded_as(name))

    def downloaded_as(self, name: str) -> str:
        """The first source with the same files of the same repository and revision: they are fetched once, for all of them; and
        the first task of lighteval with the same data."""
        if name not in self.registries.sources:
            return downloaded_as(name, self.study.evaluation, self.registries.benchmarks)
        origin = {"hub", "revision", "files"}
        wanted = self.registries.sources[name].model_dump(include=origin)
        others = self.registries.sources.items()
        return next(other for other, entry in others if entry.model_dump(include=origin) == wanted)

    def entry(self, name: str) -> Source | BenchmarkFacts:
        """The registry's entry of a data set from the hub."""
        sources = self.registries.sources
        return sources[name] if name in sources else self.registries.benchmarks[name]

    def wanted(self, name: str) -> list[str] | None:
        """The files that are wanted of a data set; None wants all."""
        entry = self.entry(name)
        if isinstance(entry, Source):
            return entry.files
        if self.study.evaluation.benchmarks[name].task:
            return None
        patterns = [pattern.format(name=known) for pattern in entry.test + entry.shots for known in entry.languages.values()]
        return list(dict.fromkeys(patterns))

    def models_to_fetch(self) -> list[str]:
        """Models without a folder. Existing folders are no job's output, so that Snakemake does not delete them.

        Raises:
            HubError: if a folder holds different content.
        """
        found = self.registries.models
        folder = Path(self.folder, "models")
        return [name for name in self.models if not is_there(folder / name, found[name].hub, found[name].revision, None)]

    def data_to_fetch(self) -> list[str]:
        """Data sets without a folder; as `models_to_fetch`."""
        folder = Path(self.folder, "datasets")
        return [
            name
            for name in self.data
            if not is_there(folder / name, self.entry(name).hub, self.entry(name).revision, self.wanted(name))
        ]
