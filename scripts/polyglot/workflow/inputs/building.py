"""The data set at the end of a study: the answers that it is mixed from, and what its choice depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from polyglot.core.files import read_json
from polyglot.study import paths
from polyglot.study.reserved import MAIN
from polyglot.study.sizes import draws_of, requests_in, wants
from polyglot.synthesis.blocks import NEARLY
from polyglot.synthesis.draws import BUILD, Draw
from polyglot.synthesis.recipes import SPARE, WHOLE, parse_recipe, without_size
from polyglot.workflow.inputs.base import File, Inputs, Wildcards
from polyglot.workflow.inputs.models import ModelInputs

SINGLE, ROUTED = "single", "routed"


@dataclass(frozen=True)
class BuildInputs(Inputs):
    """Inputs of a build's jobs."""

    @property
    def size(self) -> int:
        """Wanted examples of a language."""
        study = self.study
        return study.build.size or study.training.examples * len(study.seeds)

    @property
    def languages(self) -> list[str]:
        return self.study.build.languages or self.study.languages

    @property
    def draw(self) -> str:
        """The draw of its training sets and students."""
        return str(Draw(self.study.seeds[0], sample=BUILD))

    # What can be built
    @cached_property
    def mixes(self) -> dict[str, str]:
        """Every recipe of the study to its mix, without a size."""
        return {recipe: without_size(recipe) for recipe in dict.fromkeys([self.study.recipe, *self.study.recipes])}

    @property
    def recipes(self) -> list[str]:
        """The recipes that a choice can come to: mixes of the study's methods at the wanted size."""
        own = "+".join(self.study.build.methods or [])
        mixes = dict.fromkeys([*(mix for recipe, mix in self.mixes.items() if not self.problem_of(recipe)), own])
        return [f"{mix}-{self.size}" for mix in mixes if mix]

    def problem_of(self, recipe: str) -> str:
        """Why no larger set can be made by a recipe; empty if one can."""
        parsed = parse_recipe(recipe, self.study.methods)
        if parsed.rule:
            return "it selects from a set; a build has all of it"
        return "" if set(parsed.parts) <= set(self.study.methods) else "people or a translation model wrote a part of it"

    @cached_property
    def barred(self) -> list[list[str]]:
        """[teacher, recipe, why] of the study's cells that cannot be built, in any language."""
        found: dict[tuple[str, str], str] = {}
        for matrix in self.study.matrices.values():
            for cell in matrix.cells:
                routed = self.study.routed(cell.teacher)
                asks_all = "it needs an answer of every teacher to every prompt" if routed and routed.needs("answers") else ""
                if problem := self.problem_of(cell.recipe) or asks_all:
                    found[cell.teacher, cell.recipe] = problem
        return [[*cell, why] for cell, why in found.items()]

    # The choice
    def compared(self) -> list[str]:
        """Experiments with other recipes or routed teachers, whose students are compared with the leader's: those of this run,
        and others that are finished."""
        study, run = self.study, self.study.default_experiments if self.needs_a_verdict else []
        if not study.base:
            return []
        several = [name for name, matrix in study.matrices.items() if self._tries_more(name) and study.base in matrix.bases]
        return [name for name in several if name in run or Path(self._measurements(name)).exists()]

    @property
    def needs_a_verdict(self) -> bool:
        """Whether the study chooses in any language. Where teachers are set for all of them, it need not be finished."""
        return any(self.study.build.overruled(lang) is None for lang in self.languages)

    def _tries_more(self, experiment: str) -> bool:
        matrix = self.study.matrices[experiment]
        mixes = {self.mixes[recipe] for recipe in matrix.recipes}
        return matrix.compare != "steps" and (
            len(mixes) > 1 or any(name in self.study.routed_teachers for name in matrix.teachers)
        )

    def _measurements(self, experiment: str) -> str:
        return f"{self.at(paths.SCORES, experiment=experiment)}/measurements.parquet"

    def measurements(self) -> list[str]:
        return [self._measurements(name) for name in self.compared()]

    def verdicts(self) -> File:
        """The file with the verdicts."""
        file = (
            paths.TABLE.format(study=self.study.study, table="recommendation", form="csv")
            if self.study.base
            else f"{self.at(paths.RESULTS)}/analysis/ranking_order.csv"
        )
        return file if self.needs_a_verdict or Path(file).exists() else []

    def prices(self) -> File:
        """What the study's answers took, if that is known."""
        file = f"{self.at(paths.RESULTS)}/analysis/prices.csv"
        return file if (self.study.base and self.verdicts()) or Path(file).exists() else []

    def facts(self) -> dict[str, Any]:
        """What the choice depends on besides measurements."""
        study = self.study
        named = dict.fromkeys([study.recipe, *self.mixes])
        sizes = {recipe: parse_recipe(recipe, study.methods).examples or study.training.examples for recipe in named}
        return {
            "study": study.study,
            "base": study.base,
            "recipe": study.recipe,
            "size": self.size,
            "languages": {lang: study.build.overruled(lang) for lang in self.languages},
            "methods": study.build.methods,
            "mixes": self.mixes,
            "sizes": sizes,
            "routed": list(study.routed_teachers),
            "barred": self.barred,
            "experiments": self.compared(),
            "students": {name: list(study.matrices[name].students) for name in self.compared()},
            "definition": study.scoring.definition,
            "confidence": study.scoring.confidence,
        }

    # Answers
    def draws(self, teacher: str, lang: str) -> list[Draw]:
        """The draws of the study that a teacher answers or has answered in a language: those of the main experiment, and others
        whose answers are there."""
        study = self.study
        found: dict[Draw, None] = {}
        for name, cells in study.measured.items():
            for cell in cells:
                if (cell.teacher, cell.lang) != (teacher, lang):
                    continue
                recipe = WHOLE if cell.recipe in study.selecting else cell.recipe
                drawn = [draw for seed in study.matrices[name].seeds for draw in draws_of(recipe, seed, study)]
                found |= {draw: None for draw in drawn if name == MAIN or self._answered(teacher, lang, draw)}
        return sorted(found, key=lambda draw: (draw.block, draw.seed))

    def _answered(self, teacher: str, lang: str, draw: Draw) -> bool:
        files = [self.at(paths.SYNTHETIC, teacher=teacher, lang=lang, method=method, seed=draw) for method in self.study.methods]
        return all(Path(file).exists() for file in files)

    def stock(self, teacher: str, lang: str, recipe: str) -> list[Draw]:
        """Blocks of the first seed that a teacher has not been asked, with as many requests as a build may need; for a routed
        teacher, those that it is asked."""
        study, asked = self.study, self.draws(teacher, lang)
        each = self.size / len(parse_recipe(recipe, study.methods).parts)
        needed = each * study.build.largest_requests
        if study.routed(teacher):
            needed = each * SPARE - sum(requests_in(draw, study) for draw in asked)
        found: list[Draw] = []
        draw = Draw(study.seeds[0])
        while needed > NEARLY:
            if draw not in asked:
                found.append(draw)
                needed -= requests_in(draw, study)
            draw = replace(draw, block=draw.block + 1)
        return found

    def answers_that_are_there(self, wildcards: Wildcards) -> list[str]:
        """The answers of the study's draws, method by method."""
        return [file for method in self.study.methods for file in self._there(wildcards, method)]

    def _there(self, wildcards: Mapping[str, str], method: str) -> list[str]:
        teacher, lang = wildcards["teacher"], wildcards["lang"]
        named = {"teacher": teacher, "lang": lang, "method": method}
        draws = self.draws(teacher, lang)
        refilled = [draw for draw in draws if wants(self.study, teacher, lang, draw)]
        files = [self.at(paths.SYNTHETIC, **named, seed=draw) for draw in draws]
        return [*files, *(self.at(paths.FURTHER_SYNTHETIC, **named, seed=draw) for draw in refilled)]

    def requests_in_stock(self, wildcards: Wildcards) -> list[str]:
        """Rendered requests that a teacher can be asked, method by method."""
        lang, draws = wildcards["lang"], self.stock(wildcards["teacher"], wildcards["lang"], wildcards["recipe"])
        return [self.at(paths.REQUESTS, lang=lang, method=method, seed=draw) for method in self.study.methods for draw in draws]

    def wanted(self, wildcards: Wildcards) -> list[str]:
        """The methods of a recipe."""
        return list(parse_recipe(wildcards["recipe"], self.study.methods).parts)

    def parts(self, wildcards: Wildcards) -> list[list[Any]]:
        """What a training set is mixed from, as in `TrainingSetInputs.parts`: [method, 1, further files, filters whose finds are
        left out]. Of all files but the first, examples that are there already are left out."""
        marked = self.study.build.leave_out
        return [[method, 1, len(self._of(wildcards, method)) - 1, marked] for method in self.wanted(wildcards)]

    def files(self, wildcards: Wildcards) -> list[str]:
        """The answers that a training set is mixed from, method by method."""
        return [file for method in self.wanted(wildcards) for file in self._of(wildcards, method)]

    def _of(self, wildcards: Wildcards, method: str) -> list[str]:
        named = {name: wildcards[name] for name in ("teacher", "lang", "recipe")} | {"method": method}
        files = self._there(wildcards, method)
        if self.study.routed(named["teacher"]):
            blocks = self.stock(named["teacher"], named["lang"], named["recipe"])
            return [*files, *(self.at(paths.SYNTHETIC, **named, seed=draw) for draw in blocks)]
        return [*files, self.at(paths.BUILD_SYNTHETIC, **named)]

    def requests_check(self, wildcards: Wildcards) -> list[str]:
        """The checks of all requests that a teacher can be asked."""
        named = dict(wildcards.items())
        draws = self.stock(named["teacher"], named["lang"], named["recipe"])
        found = [ModelInputs(self.study, self.registries).requests_check({**named, "seed": str(draw)}) for draw in draws]
        return [str(file) for file in found if file]

    # What a choice leads to
    def of_choices(self, pattern: str, choice: str, *, single: bool = False) -> list[str]:
        """A file of every choice; of every method if the pattern has one.

        Args:
            choice: choice.json.
            single: only where one teacher is asked; routed teachers are asked whole blocks.
        """
        methods = self.study.methods if "{method}" in pattern else [""]
        named = {"seed": self.draw, "base": self.study.base}
        return [
            self.at(pattern, recipe=one["recipe"], teacher=one["teacher"], lang=lang, method=method, **named)
            for lang, one in read_json(Path(choice))["languages"].items()
            if not (single and self.study.routed(one["teacher"]))
            for method in methods
        ]

    def outcomes_of_choices(self, choice: str) -> list[str]:
        """The outcomes of the students of all choices, language by language.

        Args:
            choice: choice.json.
        """
        named = {"seed": self.draw, "base": self.study.base}
        return [
            self.student_outcomes(recipe=one["recipe"], teacher=one["teacher"], lang=lang, **named)
            for lang, one in read_json(Path(choice))["languages"].items()
        ]

    def finished(self) -> list[str]:
        """The card of a build that is finished."""
        card = self.at(paths.BUILD_CARD)
        return [card] if Path(card).exists() else []

    def routed_requests(self) -> dict[str, dict[str, dict[str, int]]]:
        """Routed teacher, language and recipe to the requests that are asked, of all methods."""

        def asked(*cell: str) -> int:
            return len(self.study.methods) * sum(requests_in(draw, self.study) for draw in self.stock(*cell))

        return {
            name: {lang: {recipe: asked(name, lang, recipe) for recipe in self.recipes} for lang in self.languages}
            for name in self.study.routed_teachers
        }

    def students_of(self, lang: str) -> list[list[str]]:
        """[recipe, teacher] and the files with outcomes of every student of the main experiment in a language."""
        cells = [cell for cell in self.study.measured[MAIN] if cell.lang == lang] if self.study.base else []
        students = self.study.matrices[MAIN].students
        return [
            [cell.recipe, cell.teacher, *(self.student_outcomes(**cell._asdict(), seed=name) for name in students)]
            for cell in cells
        ]

    def compared_students(self) -> dict[str, list[list[str]]]:
        """The same by language."""
        return {lang: self.students_of(lang) for lang in self.languages}

    def files_of_students(self) -> list[str]:
        """All of these files."""
        return [file for cells in self.compared_students().values() for cell in cells for file in cell[2:]]

    def files_of_anchors(self, role: str) -> list[str]:
        """Outcomes of `base` or `reference`, by language; none in a study without a base."""
        base = self.study.base
        if not base:
            return []
        model = base if role == "base" else self.registries.models[base].reference
        return [self.anchor_outcomes(str(model), lang) for lang in self.languages]
