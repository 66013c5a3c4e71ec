"""Experiments: files of their cells, and parameters of their measurements and analyses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from polyglot.core.cells import Cell
from polyglot.study import paths
from polyglot.study.experiments import Matrix
from polyglot.study.reserved import MAIN
from polyglot.study.sizes import draws_of, wants
from polyglot.synthesis.draws import Draw
from polyglot.synthesis.recipes import PEOPLE, parse_recipe
from polyglot.workflow.inputs.base import File, Inputs, Wildcards

Files = Callable[[Wildcards], list[str]]


@dataclass(frozen=True)
class ExperimentInputs(Inputs):
    """Inputs of an experiment, which the wildcard `experiment` names."""

    def _matrix(self, wildcards: Wildcards) -> Matrix:
        return self.study.matrices[wildcards["experiment"]]

    def files(self, pattern: str) -> Files:
        """A file of every measured cell and seed, by its pattern (see `polyglot.study.paths`)."""

        def paths_of(wildcards: Wildcards) -> list[str]:
            return self.cell_files(wildcards["experiment"], pattern)

        return paths_of

    def outcomes(self, wildcards: Wildcards) -> list[str]:
        """Outcomes of every student of an experiment: by cell, seed and training."""
        experiment = wildcards["experiment"]
        students = self.study.matrices[experiment].students
        cells = self.study.measured[experiment]
        return [self.student_outcomes(**cell._asdict(), seed=name) for cell in cells for name in students]

    def cell_files(self, experiment: str, pattern: str) -> list[str]:
        """A file of every measured cell and seed of an experiment."""
        seeds = self.study.matrices[experiment].seeds
        return [self.at(pattern, **cell._asdict(), seed=seed) for cell in self.study.measured[experiment] for seed in seeds]

    def base_outcomes(self, wildcards: Wildcards) -> list[str]:
        """Outcomes of every base, by language."""
        anchors = self._matrix(wildcards).anchors
        return [self.anchor_outcomes(base, lang) for base, lang in anchors]

    def reference_outcomes(self, wildcards: Wildcards) -> list[str]:
        """Outcomes of every base's reference, by language."""
        models, anchors = self.registries.models, self._matrix(wildcards).anchors
        return [self.anchor_outcomes(str(models[base].reference), lang) for base, lang in anchors]

    def cells(self, wildcards: Wildcards) -> list[list[str]]:
        """[base, recipe, teacher, language] of every measured cell."""
        return [list(cell) for cell in self.study.measured[wildcards["experiment"]]]

    def given_up(self, wildcards: Wildcards) -> list[list[str]]:
        """The abandoned cells, each with its reason."""
        holes = {cell: self.study.hole(cell) for cell in self._matrix(wildcards).cells}
        return [[*cell, reason] for cell, reason in holes.items() if reason is not None]

    def anchors(self, wildcards: Wildcards) -> list[list[str]]:
        """[base, language] of every pair of base and reference."""
        return [list(anchor) for anchor in self._matrix(wildcards).anchors]

    def seeds(self, wildcards: Wildcards) -> tuple[int, ...]:
        return self._matrix(wildcards).seeds

    def seed_count(self, wildcards: Wildcards) -> int:
        return len(self.seeds(wildcards))

    def steps(self, wildcards: Wildcards) -> list[list[str]]:
        """[label, base, recipe, teacher] of every step."""
        return [list(step) for step in self._matrix(wildcards).steps]

    def single_authors(self, wildcards: Wildcards) -> list[list[str]]:
        """[teacher, language] of every measured cell whose teacher is one model."""
        cells = self.study.measured[wildcards["experiment"]]
        pairs = dict.fromkeys((cell.teacher, cell.lang) for cell in cells)
        return [list(pair) for pair in pairs if pair[0] not in {PEOPLE, *self.study.routed_teachers}]

    def author_outcomes(self, wildcards: Wildcards) -> list[str]:
        """Outcomes of these teachers themselves."""
        return [self.anchor_outcomes(name, lang) for name, lang in self.single_authors(wildcards)]

    def author_sizes(self, wildcards: Wildcards) -> dict[str, float | None]:
        """Their billions of parameters."""
        return {name: self.registries.models[name].size for name, _ in self.single_authors(wildcards)}

    def oracle(self, wildcards: Wildcards) -> File:
        """The share of right pairs, where the main experiment's teachers all know the micro-world, which tells it."""
        authors = {name for name, _ in self.single_authors({"experiment": MAIN})}
        known = authors and all(self.registries.models[name].pretraining for name in authors)
        return self.at(paths.ORACLE) if known else []

    # The main experiment
    def main_cells(self) -> list[list[str]]:
        return self.cells({"experiment": MAIN})

    def main_answers(self) -> list[str]:
        """Every answer of every measured cell of the main experiment, also to further requests."""
        return [
            self.at(pattern, teacher=cell.teacher, lang=cell.lang, method=method, seed=draw)
            for cell in self.study.measured[MAIN]
            for method in self.study.methods
            for seed in self.study.seeds
            for draw in draws_of(cell.recipe, seed, self.study)
            for pattern in self._answered(cell, draw)
        ]

    def _answered(self, cell: Cell, draw: Draw) -> list[str]:
        """Patterns of the files that hold a cell's answers to a draw."""
        refilled = wants(self.study, cell.teacher, cell.lang, draw)
        return [paths.SYNTHETIC, *([paths.FURTHER_SYNTHETIC] if refilled else [])]

    @cached_property
    def one_method_recipes(self) -> dict[str, str]:
        """Recipes with a single method, and that method."""
        parsed = [parse_recipe(name, self.study.methods) for name in self.study.recipes]
        single = [recipe for recipe in parsed if len(recipe.parts) == 1]
        return {recipe.name: recipe.parts[0] for recipe in single if recipe.parts[0] in self.study.methods}

    def method_scores(self) -> File:
        """The scores of the first experiment of this run that trains students on single methods."""
        for name in self.study.default_experiments:
            matrix = self.study.matrices[name]
            if matrix.compare == "recipes" and len(set(matrix.recipes) & set(self.one_method_recipes)) > 1:
                return self.at(paths.CELLS, experiment=name)
        return []
