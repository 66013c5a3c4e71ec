"""The experiment matrix: each experiment's comparison, and the cells (base, recipe, teacher, language) it needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, model_validator

from polyglot.core.cells import Cell
from polyglot.core.section import Name, Section, Words
from polyglot.synthesis.draws import students_of
from polyglot.synthesis.recipes import author

Comparison = Literal[
    "teachers",
    "bases",
    "recipes",
    "sizes",
    "steps",
    "abilities",
    "generalisation",
    "predictors",
    "race",
    "routing",
    "selection",
]


class Step(Section):
    """One student of an additive recipe: it differs from the previous step by one change."""

    label: Words = Field(description="The change in this step; shown in table and figure.")
    recipe: Name = Field(description="Recipe of its training set.")
    teacher: Name | None = Field(default=None, description="Its teacher; null for the recipes `public` and `nllb-both`.")
    base: Name | None = Field(default=None, description="Its base; null takes the study's.")


class Experiment(Section):
    """One comparison: students for every combination of bases, recipes, teachers, languages; or for a list of steps."""

    compare: Comparison = Field(
        description="What its table and figure compare: `teachers`, `bases` (with rank correlations and family match), "
        "`recipes`, `sizes` (recipes by training size), `steps` (of an additive recipe), `abilities` (whether a teacher's size "
        "or own benchmark score predicts its score), `generalisation` (how good a choice of teacher is in languages and on "
        "benchmarks that it was not made by), `predictors` (whether scores that train no student order the teachers), `race` "
        "(who may be the best is trained again, see `race`), `routing` (routed versus single teachers, with costs), "
        "or `selection` (selecting recipes versus the whole set)."
    )
    question: Words = Field(default="", description="Its question, in one sentence; the caption of its figure.")
    bases: list[Name] | None = Field(default=None, min_length=1, description="Student bases; null takes the study's.")
    recipes: list[Name] | None = Field(default=None, min_length=1, description="Recipes; null takes the study's.")
    teachers: list[Name] | None = Field(default=None, min_length=1, description="Teachers; null takes the study's.")
    languages: list[Name] | None = Field(default=None, min_length=1, description="Languages; null takes the study's.")
    seeds: list[Annotated[int, Field(ge=0)]] | None = Field(
        default=None, min_length=1, description="Seeds; null takes the study's."
    )
    trainings: int | None = Field(default=None, gt=0, description="Trainings on each draw of data; null takes the study's.")
    steps: list[Step] = Field(default=[], description="Steps of an additive recipe, where `compare` is `steps`.")

    @model_validator(mode="after")
    def _steps_or_matrix(self) -> Experiment:
        matrix = [key for key in ("bases", "recipes", "teachers") if getattr(self, key) is not None]
        if self.compare == "steps" and (not self.steps or matrix):
            raise ValueError("compare: 'steps' needs `steps`, each with its recipe, teacher and base, and no other list of them")
        if self.compare != "steps" and self.steps:
            raise ValueError(f"steps: only for compare: steps (here: {self.compare})")
        labels = [step.label for step in self.steps]
        twice = next((label for label in labels if labels.count(label) > 1), None)
        if twice is not None:
            raise ValueError(f"steps: two of them have the label '{twice}'; say in each what it changes")
        if self.compare in ("generalisation", "predictors", "race"):
            several = [key for key in ("bases", "recipes") if len(getattr(self, key) or []) > 1]
            if several:
                raise ValueError(f"compare: '{self.compare}' is of one base and one recipe: name one in `{several[0]}`")
        if self.compare == "race" and len(self.seeds or []) > 1:
            raise ValueError(
                "compare: 'race' is of one draw of data: name one in `seeds`; further students are `trainings` on it"
            )
        return self


@dataclass(frozen=True)
class Matrix:
    """An experiment with every default filled in."""

    name: str
    compare: Comparison
    question: str
    cells: tuple[Cell, ...]
    seeds: tuple[int, ...]
    trainings: int = 1
    steps: tuple[tuple[str, str, str, str], ...] = ()
    """(label, base, recipe, teacher) of every step, in order; empty for the other comparisons."""

    @property
    def bases(self) -> list[str]:
        return list(dict.fromkeys(cell.base for cell in self.cells))

    @property
    def recipes(self) -> list[str]:
        return list(dict.fromkeys(cell.recipe for cell in self.cells))

    @property
    def teachers(self) -> list[str]:
        return list(dict.fromkeys(cell.teacher for cell in self.cells))

    @property
    def languages(self) -> list[str]:
        return list(dict.fromkeys(cell.lang for cell in self.cells))

    @property
    def students(self) -> list[str]:
        """Names of a cell's students: of each seed, its trainings; in a race, those that every cell has."""
        return students_of(self.seeds, 1 if self.compare == "race" else self.trainings)

    @property
    def anchors(self) -> list[tuple[str, str]]:
        """(base, language) of every pair of base and reference."""
        return list(dict.fromkeys((cell.base, cell.lang) for cell in self.cells if cell.base))


@dataclass(frozen=True)
class Defaults:
    """An experiment's defaults from its study; methods and translator always come from the study."""

    base: str
    recipe: str
    teachers: Sequence[str]
    languages: Sequence[str]
    seeds: Sequence[int]
    trainings: int
    methods: Sequence[str]
    translator: str

    def author(self, recipe: str, teacher: str | None) -> str:
        """The author of a recipe's data, given its teacher."""
        return author(recipe, self.methods, teacher or "", self.translator)


def expand(name: str, experiment: Experiment, study: Defaults) -> Matrix:
    """The cells of an experiment.

    Data without a teacher are the same for every teacher, so their recipe has one cell per language.
    """
    rows: list[tuple[str, str, str]] = []
    if experiment.compare == "steps":
        for step in experiment.steps:
            rows.append((step.base or study.base, step.recipe, study.author(step.recipe, step.teacher)))
    else:
        for base in experiment.bases or [study.base]:
            for recipe in experiment.recipes or [study.recipe]:
                for teacher in experiment.teachers or study.teachers:
                    rows.append((base, recipe, study.author(recipe, teacher)))
    cells = dict.fromkeys(Cell(*row, lang) for row in rows for lang in experiment.languages or study.languages)
    seeds = tuple(experiment.seeds or study.seeds)
    return Matrix(
        name=name,
        compare=experiment.compare,
        question=experiment.question,
        cells=tuple(cells),
        seeds=seeds[:1] if experiment.compare == "race" else seeds,
        trainings=experiment.trainings or study.trainings,
        steps=tuple((step.label, *row) for step, row in zip(experiment.steps, rows, strict=False)),
    )
