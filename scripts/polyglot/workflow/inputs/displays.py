"""Tables and figures: their inputs, and everything else that they depend on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from polyglot.displays import catalogue
from polyglot.displays.display import Display, Kind
from polyglot.replication.settings import PUBLISHED_RECIPE, as_published
from polyglot.scoring.settings import Scoring
from polyglot.study import paths
from polyglot.study.reserved import REPLICATION
from polyglot.workflow.inputs.base import File, Inputs, Wildcards


@dataclass(frozen=True)
class DisplayInputs(Inputs):
    """Inputs of scores, tables and figures, of a study or of the replication audit, depending on the wildcard `study`."""

    @cached_property
    def tables(self) -> dict[str, Display]:
        return catalogue.tables(self.study)

    @cached_property
    def figures(self) -> dict[str, Display]:
        return catalogue.figures(self.study)

    def _of(self, kind: Kind, wildcards: Wildcards) -> Display:
        return (self.tables if kind == "table" else self.figures)[wildcards[kind]]

    def scoring(self, wildcards: Wildcards) -> Scoring:
        """A study's scoring settings; the paper's definition for its published measurements."""
        scoring = self.study.scoring
        return as_published(scoring) if wildcards["study"] == REPLICATION else scoring

    def scale(self, wildcards: Wildcards) -> File:
        """The file of a frozen scale, if there is one."""
        return self.scoring(wildcards).scale or []

    def main_recipe(self, wildcards: Wildcards) -> str:
        """The recipe whose cells define the scale of z-scores."""
        return PUBLISHED_RECIPE if wildcards["study"] == REPLICATION else self.study.recipe

    def files(self, kind: Kind) -> Callable[[Wildcards], dict[str, str]]:
        """Inputs of a table or figure: names and files, in the order of its function's arguments."""

        def files_of(wildcards: Wildcards) -> dict[str, str]:
            display, study = self._of(kind, wildcards), wildcards["study"]
            names = display.published if study == REPLICATION else display.inputs
            folder = paths.RESULTS.format(study=study)
            return {name: f"{folder}/{path}" for name, path in display.inputs.items() if name in names}

        return files_of

    def values(self, kind: Kind) -> Callable[[Wildcards], dict[str, Any]]:
        """Everything else that it depends on."""

        def values_of(wildcards: Wildcards) -> dict[str, Any]:
            scoring, name = self.scoring(wildcards), wildcards["study"]
            return self._of(kind, wildcards).values(self.study, self.registries, scoring, name=name)

        return values_of

    def caption(self, kind: Kind) -> Callable[[Wildcards], str]:
        def caption_of(wildcards: Wildcards) -> str:
            return self._of(kind, wildcards).caption_for(self.study, self.scoring(wildcards))

        return caption_of

    def category(self, kind: Kind) -> Callable[[Wildcards], str]:
        """Its category in the report."""

        def category_of(wildcards: Wildcards) -> str:
            return self._of(kind, wildcards).category

        return category_of

    def labels(self, kind: Kind, form: str) -> Callable[[Wildcards], dict[str, str]]:
        """Its labels in the report."""

        def labels_of(wildcards: Wildcards) -> dict[str, str]:
            return {"what": self._of(kind, wildcards).title, "format": form}

        return labels_of

    def look(self, wildcards: Wildcards) -> dict[str, Any]:
        """How a figure is drawn, see `polyglot.study.figures.Look`."""
        return asdict(self._of("figure", wildcards).look(self.study, wildcards["figure"]))
