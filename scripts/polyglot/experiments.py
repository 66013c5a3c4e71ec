"""The experiment matrix: what each experiment of a study compares, and the cells (base, recipe, teacher, language) it needs."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._+-]*$")]
Method = Literal["generate", "translate", "respond"]
METHODS: tuple[Method, ...] = ("generate", "translate", "respond")
NLLB_RESPOND, NLLB_BOTH = "nllb-respond", "nllb-both"
TRANSLATED = (NLLB_RESPOND, NLLB_BOTH)
"""Methods in which a machine-translation model translates the prompt (and the teacher responds), or prompt and response."""
PUBLIC = "public"
"""The recipe that takes what people wrote: the seed dataset's own prompts and responses."""
PEOPLE = "people"
"""Stands for the teacher of the recipe `public`."""
MAIN = "main"
"""The experiment that every study has: its teachers and languages with its base and recipe."""
SPARE = 1.05
"""Requests for each wanted training example: the published study asked 10.5k for 10k."""
SIZE = re.compile(r"^(?P<mix>.+?)-(?P<size>\d+)(?P<thousands>k?)$")

Comparison = Literal["teachers", "bases", "recipes", "sizes", "steps", "abilities", "routing", "selection"]
Rule = Literal["mdaq", "random", "quality-only", "diversity-only"]
RULES: tuple[Rule, ...] = get_args(Rule)
"""How recipes that select take samples of the whole set (see `polyglot.selection.choice`)."""
WHOLE = "equal"
"""The recipe that they select from."""


class Cell(NamedTuple):
    """What one student learns, in one language; its seeds are repetitions of it."""

    base: str
    recipe: str
    teacher: str
    lang: str


@dataclass(frozen=True)
class Recipe:
    """How a training set is mixed. `parts` are methods or `public`; `examples` None takes the study's training size, or that of
    its selections; `rule` is how samples are selected, None where they are not."""

    name: str
    parts: tuple[str, ...]
    examples: int | None
    rule: Rule | None = None

    @property
    def written_by(self) -> Literal["teacher", "translator", "people"]:
        """Who wrote the data, where no teacher did."""
        if self.parts == (PUBLIC,):
            return "people"
        return "translator" if self.parts == (NLLB_BOTH,) else "teacher"


def parse_recipe(name: str, methods: Sequence[str] = METHODS) -> Recipe:
    """The recipe of a name: `equal` (all methods of the study), one method, several joined by +, or `public`; or one of `RULES`,
    which select from `equal`. A suffix such as -500 or -25k sets the number of examples.

    Raises:
        ValueError: for an unknown part (names what is allowed).
    """
    found = SIZE.match(name)
    mix, examples = name, None
    if found:
        mix, examples = found["mix"], int(found["size"]) * (1000 if found["thousands"] else 1)
    rule = next((known for known in RULES if known == mix), None)
    parts = tuple(methods) if mix == WHOLE or rule else tuple(mix.split("+"))
    known = (*METHODS, *TRANSLATED, PUBLIC)
    wrong = [part for part in parts if part not in known]
    if wrong or examples == 0 or len(set(parts)) < len(parts):
        raise ValueError(
            f"'{name}' is no recipe: take `equal`, or one of {', '.join(known)} (several joined by +), or {', '.join(RULES)}; "
            "with a size such as -500 or -25k if you like"
        )
    absent = [part for part in parts if part in METHODS and part not in methods]
    if absent:
        raise ValueError(f"'{name}' needs the method {absent[0]}; the study's methods are: {', '.join(methods)}")
    return Recipe(name, parts, examples, rule)


def blocks_needed(recipe: Recipe, *, examples: int, requests: int) -> int:
    """Blocks of requests a method that a recipe draws from: one, unless it wants more examples than a block has."""
    wanted = (recipe.examples or examples) / len(recipe.parts)
    return 1 if recipe.examples is None or recipe.rule else max(1, math.ceil(wanted * SPARE / requests - 1e-9))


class Section(BaseModel):
    """A part of the configuration: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Step(Section):
    """One student of an additive recipe: what it learns from, after one more change than the step before."""

    label: str = Field(description="What this step changes; shown in table and figure.")
    recipe: Name = Field(description="Recipe of its training set.")
    teacher: Name | None = Field(default=None, description="Its teacher; null for the recipes `public` and `nllb-both`.")
    base: Name | None = Field(default=None, description="Its base; null takes the study's.")


class Experiment(Section):
    """One comparison: students for every combination of bases, recipes, teachers, languages; or for a list of steps."""

    compare: Comparison = Field(
        description="What its table and figure put side by side: `teachers`, `bases` (with rank correlations and family match), "
        "`recipes`, `sizes` (recipes by training size), `steps` (of an additive recipe), `abilities` (whether a teacher's size "
        "or own benchmark score foretells its score), `routing` (routed teachers beside single ones, with what each costs), "
        "or `selection` (recipes that select, beside the whole set)."
    )
    question: str = Field(default="", description="What it asks, in a sentence; the caption of its figure.")
    bases: list[Name] | None = Field(default=None, min_length=1, description="Student bases; null takes the study's.")
    recipes: list[Name] | None = Field(default=None, min_length=1, description="Recipes; null takes the study's.")
    teachers: list[Name] | None = Field(default=None, min_length=1, description="Teachers; null takes the study's.")
    languages: list[Name] | None = Field(default=None, min_length=1, description="Languages; null takes the study's.")
    seeds: list[Annotated[int, Field(ge=0)]] | None = Field(
        default=None, min_length=1, description="Seeds; null takes the study's."
    )
    steps: list[Step] = Field(default=[], description="Steps of an additive recipe, where `compare` is `steps`.")

    @model_validator(mode="after")
    def _steps_or_matrix(self) -> Experiment:
        matrix = [key for key in ("bases", "recipes", "teachers") if getattr(self, key) is not None]
        if self.compare == "steps" and (not self.steps or matrix):
            raise ValueError("compare: 'steps' needs `steps`, each with its recipe, teacher and base, and no other list of them")
        if self.compare != "steps" and self.steps:
            raise ValueError(f"steps: only for compare: steps (here: {self.compare})")
        return self


@dataclass(frozen=True)
class Matrix:
    """An experiment with every default filled in."""

    name: str
    compare: Comparison
    question: str
    cells: tuple[Cell, ...]
    seeds: tuple[int, ...]
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
    def anchors(self) -> list[tuple[str, str]]:
        """(base, language) of every pair of base and reference."""
        return list(dict.fromkeys((cell.base, cell.lang) for cell in self.cells))


def expand(
    name: str,
    experiment: Experiment,
    *,
    base: str,
    recipe: str,
    teachers: Sequence[str],
    languages: Sequence[str],
    seeds: Sequence[int],
    methods: Sequence[str],
    translator: str,
) -> Matrix:
    """The cells of an experiment; the keywords are the study's defaults.

    Data that no teacher wrote are the same for every teacher, so their recipe has one cell a language.
    """
    langs = experiment.languages or languages
    rows: list[tuple[str, str, str]] = []
    if experiment.compare == "steps":
        for step in experiment.steps:
            rows.append((step.base or base, step.recipe, author(step.recipe, methods, step.teacher or "", translator)))
    else:
        for one_base in experiment.bases or [base]:
            for one_recipe in experiment.recipes or [recipe]:
                for teacher in experiment.teachers or teachers:
                    rows.append((one_base, one_recipe, author(one_recipe, methods, teacher, translator)))
    cells = dict.fromkeys(Cell(*row, lang) for row in rows for lang in langs)
    return Matrix(
        name=name,
        compare=experiment.compare,
        question=experiment.question,
        cells=tuple(cells),
        seeds=tuple(experiment.seeds or seeds),
        steps=tuple((step.label, *row) for step, row in zip(experiment.steps, rows, strict=False)),
    )


def author(recipe: str, methods: Sequence[str], teacher: str, translator: str) -> str:
    """Who wrote a recipe's data: the teacher, the translator or people."""
    written_by = parse_recipe(recipe, methods).written_by
    return {"teacher": teacher, "translator": translator, "people": PEOPLE}[written_by]
