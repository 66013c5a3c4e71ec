"""Selection: pools of samples, and the students compared in duels."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from polyglot.core.errors import ConfigurationError
from polyglot.selection.rules import RULES, Need, rule_of
from polyglot.study import paths
from polyglot.study.sizes import POOLED, languages_in
from polyglot.synthesis.recipes import WHOLE, parse_recipe
from polyglot.workflow.inputs.base import File, Inputs, Wildcards
from polyglot.workflow.inputs.models import ModelInputs


@dataclass(frozen=True)
class SelectionInputs(Inputs):
    """Inputs of recipes that select."""

    def lexicons(self) -> list[str]:
        """The micro-world, if the user gives no pairs for the quality model."""
        langs = [] if self.study.selection.pairs else self.study.nano.languages
        return [paths.LEXICON.format(lang=lang) for lang in langs]

    def pairs(self) -> File:
        """A user's pairs for the quality model."""
        return self.study.selection.pairs or []

    def pool(self, lang: str) -> str:
        """The pool that a language's samples are selected from: its own, or that of all languages."""
        return POOLED if self.study.selection.pooled else lang

    def languages(self, wildcards: Wildcards) -> list[str]:
        """Languages of the pool that a job names, or that its language selects from."""
        pool = wildcards.get("pool") or self.pool(wildcards["lang"])
        return languages_in(pool, wildcards["teacher"], self.study)

    def pool_files(self, pattern: str) -> Callable[[Wildcards], list[str]]:
        """A file of the whole set of every language in this pool."""

        def files(wildcards: Wildcards) -> list[str]:
            whole = {"recipe": WHOLE, "teacher": wildcards["teacher"], "seed": wildcards["seed"]}
            return [self.at(pattern, lang=lang, **whole) for lang in self.languages(wildcards)]

        return files

    def clusters(self, wildcards: Wildcards) -> str:
        """The clusters of the pool that a language selects from."""
        named = {"teacher": wildcards["teacher"], "seed": wildcards["seed"]}
        return self.at(paths.CLUSTERS, pool=self.pool(wildcards["lang"]), **named)

    def quality(self, wildcards: Wildcards) -> list[str]:
        """The quality of every sample of the pool, or the judge's reward, where the rule of a recipe needs it."""
        if self._needs(wildcards, "rewards"):
            return self.pool_files(paths.REWARD)(wildcards)
        return self.pool_files(paths.QUALITY)(wildcards) if self._needs(wildcards, "quality") else []

    def grouped(self, wildcards: Wildcards) -> File:
        """The clusters of the pool, where the rule of a recipe needs them."""
        return self.clusters(wildcards) if self._needs(wildcards, "clusters") else []

    def embedded(self, wildcards: Wildcards) -> list[str]:
        """The embeddings of every sample of the pool, where the rule of a recipe needs them."""
        return self.pool_files(paths.EMBEDDINGS)(wildcards) if self._needs(wildcards, "embeddings") else []

    @staticmethod
    def _needs(wildcards: Wildcards, need: Need) -> bool:
        chosen = rule_of(wildcards["recipe"])
        return chosen is not None and need in chosen.needs

    def rule(self, wildcards: Wildcards) -> str | None:
        """How a recipe selects."""
        return parse_recipe(wildcards["recipe"], self.study.methods).rule

    def clusters_of_cells(self, wildcards: Wildcards) -> list[str]:
        """The clusters used for every cell of an experiment."""
        experiment = wildcards["experiment"]
        seeds = self.study.matrices[experiment].seeds
        return [
            self.at(paths.CLUSTERS, teacher=cell.teacher, pool=self.pool(cell.lang), seed=seed)
            for cell in self.study.measured[experiment]
            for seed in seeds
        ]

    # A user's own data
    own_formats = ("jsonl", "ndjson", "json", "csv", "tsv", "parquet")
    """Endings of the files that what is selected may be written to."""

    def own_files(self) -> list[str]:
        """What is selected from each of the user's files, in the format of the file."""
        return [self._selected(paths.SELECTED, name, file) for name, file in self.study.selection.datasets.items()]

    def _selected(self, pattern: str, name: str, file: str) -> str:
        return self.at(pattern, dataset=name, form=Path(file).suffix.lower().removeprefix("."))

    def own_quality(self, wildcards: Wildcards) -> File:
        """The quality of a user's samples, where the rule needs it."""
        needed = "quality" in RULES[self.study.selection.rule].needs
        return self.at(paths.OWN_QUALITY, dataset=wildcards["dataset"]) if needed else []

    def own_embedder(self, wildcards: Wildcards) -> File | list[str]:
        """The folder of the model that embeds a user's samples, where the rule needs embeddings or clusters."""
        models = ModelInputs(self.study, self.registries)
        return models.folder(models.embedder) if RULES[self.study.selection.rule].embeds else []

    def own_asked(self, targets: Iterable[str]) -> dict[str, str]:
        """The user's files that a command line selects from, by name.

        Args:
            targets: those of the command line.
        """
        asked = set(targets)
        start = self.at(paths.SELECTED, dataset="", form="").removesuffix(".")
        named = [target.removeprefix(start) for target in asked if target.startswith(start)]
        known = self.study.selection.datasets
        return {
            name: file for name, file in known.items() if "select" in asked or any(one.startswith(f"{name}.") for one in named)
        }

    def check_own(self, targets: Iterable[str]) -> None:
        """Read the user's files that are selected from, and the pairs of the quality model, before any job.

        Raises:
            ConfigurationError: names file, row and remedy.
        """
        files, settings = self.own_asked(targets), self.study.selection
        if not files:
            return
        from polyglot.core.rows import FileError
        from polyglot.selection.own import read_samples
        from polyglot.selection.pairs import read_pairs

        try:
            for file in files.values():
                read_samples(Path(file))
            if settings.pairs is not None and "quality" in RULES[settings.rule].needs:
                read_pairs(Path(settings.pairs), held_out=settings.held_out, seed=settings.seed)
        except FileError as error:
            raise ConfigurationError(f"selection: {error}") from None

    def own_summaries(self, targets: Iterable[str]) -> str:
        """What was selected from the user's files, in words."""
        asked = self.own_asked(targets).items()
        found = [Path(self._selected(paths.SELECTED_SUMMARY, name, file)) for name, file in asked]
        return "".join(path.read_text(encoding="utf-8") for path in found if path.is_file())

    # Duels
    def _duelling(self, experiment: str) -> list[list[str]]:
        measured, seeds = self.study.measured[experiment], self.study.matrices[experiment].seeds
        return [[*cell, str(seed)] for cell in measured for seed in seeds if cell.recipe in self.study.selecting]

    def duelling_cells(self, wildcards: Wildcards) -> list[list[str]]:
        """[base, recipe, teacher, language, seed] of every student of an experiment whose data were selected."""
        return self._duelling(wildcards["experiment"])

    def duels(self, wildcards: Wildcards) -> list[str]:
        """The duels of these students."""
        return [
            self.at(paths.DUELS, base=base, recipe=recipe, teacher=teacher, lang=lang, seed=seed)
            for base, recipe, teacher, lang, seed in self.duelling_cells(wildcards)
        ]

    def duelling_sets(self, wildcards: Wildcards) -> list[str]:
        """The whole training sets of a language whose students, or those of their subsets, are compared in duels."""
        lang = wildcards["lang"]
        cells = [cell for name in self.study.matrices for cell in self._duelling(name) if cell[3] == lang]
        sets = dict.fromkeys((teacher, seed) for _, _, teacher, _, seed in cells)
        return [self.at(paths.TRAINING_SET, recipe=WHOLE, teacher=teacher, lang=lang, seed=seed) for teacher, seed in sets]
