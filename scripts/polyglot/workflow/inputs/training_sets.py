"""Requests, answers and the training sets that recipes mix from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import cycle
from typing import Any

from polyglot.study import paths
from polyglot.study.sizes import every_answer, examples_in, requests_in, wants
from polyglot.synthesis.draws import BUILD, Draw
from polyglot.synthesis.filters.settings import by_meaning, in_use
from polyglot.synthesis.methods.base import METHODS, own_templates, template_files
from polyglot.synthesis.recipes import PUBLIC, WHOLE, blocks_needed, parse_recipe
from polyglot.workflow.inputs.base import Inputs, Wildcards
from polyglot.workflow.inputs.building import BuildInputs


@dataclass(frozen=True)
class TrainingSetInputs(Inputs):
    """Inputs of requests, answers and training sets."""

    @cached_property
    def recipes(self) -> list[str]:
        """Every recipe that a job may need: those of the experiments, of routing and selection, and of a build."""
        routed = self.study.routed_teachers.values()
        whole = [WHOLE] if routed or self.study.selecting else []
        every = [every_answer(self.study) for teacher in routed if teacher.needs("answers")]
        return [*dict.fromkeys([*self.study.recipes, *whole, *every, *self.built.recipes])]

    @property
    def built(self) -> BuildInputs:
        """The data set at the end of the study."""
        return BuildInputs(self.study, self.registries)

    @property
    def mixed(self) -> list[str]:
        """Those that are mixed, not selected from another."""
        return [name for name in self.recipes if name not in self.study.selecting]

    def templates(self, *methods: str) -> list[str]:
        """Templates of the requests of some methods (none named: the study's); the system turn's first."""
        return template_files(self.study.synthesis.prompts, methods or self.study.methods)

    def own_templates(self) -> dict[str, str]:
        """Texts of the methods' own templates."""
        return own_templates(self.study.methods)

    def requests(self, wildcards: Wildcards) -> int | list[int]:
        """Requests of a method and language in a draw; where its blocks differ, in each of them up to the draw's."""
        draw = Draw.parse(wildcards["seed"])
        sizes = [requests_in(replace(draw, block=block), self.study) for block in range(draw.block + 1)]
        return sizes[0] if len(set(sizes)) == 1 else sizes

    def detected_languages(self, wildcards: Wildcards) -> list[str]:
        """Languages for detecting an answer's language, without those of other cells, so that adding a language to a study reruns
        nothing."""
        study = self.study
        return sorted({*study.synthesis.detected_languages, wildcards["lang"], study.source_language})

    def filters(self) -> list[list[str | dict[str, Any]]]:
        """[name, settings] of every filter that runs, in order."""
        return [[name, settings] for name, settings in in_use(self.study.filters)]

    def nearest(self, pattern: str) -> Callable[[Wildcards], list[str]]:
        """The file with the nearest benchmark questions of answers, or of seed prompts, if a filter asks for it."""
        asked = by_meaning(self.study.filters)
        return lambda wildcards: [self.at(pattern, **dict(wildcards.items()))] if asked else []

    def questions(self) -> list[str]:
        """Embeddings of the questions of all languages of the study."""
        used = {lang for matrix in self.study.matrices.values() for lang in matrix.languages}
        return [self.at(paths.QUESTIONS, lang=lang) for lang in sorted(used)]

    def earlier(self, wildcards: Wildcards) -> list[str]:
        """Answers that a set has before a draw's: those of its earlier blocks, block by block."""
        draw = Draw.parse(wildcards["seed"])
        blocks = [replace(draw, block=block) for block in range(draw.block)]
        return self._answers_of(wildcards, blocks, paths.SYNTHETIC)

    def earlier_than_further(self, wildcards: Wildcards) -> list[str]:
        """The same before the answers to a draw's further requests: also the draw's own, and further ones of earlier blocks."""
        draw = Draw.parse(wildcards["seed"])
        blocks = [replace(draw, block=block) for block in range(draw.block + 1)]
        return [
            *self._answers_of(wildcards, blocks, paths.SYNTHETIC),
            *self._answers_of(wildcards, blocks[:-1], paths.FURTHER_SYNTHETIC),
        ]

    def _answers_of(self, wildcards: Wildcards, draws: list[Draw], pattern: str) -> list[str]:
        named = {"teacher": wildcards["teacher"], "lang": wildcards["lang"]}
        return [self.at(pattern, **named, method=method, seed=str(draw)) for draw in draws for method in self.study.methods]

    def wants(self, wildcards: Wildcards) -> list[list[list[str] | int]]:
        """What training sets take from a draw's answers: [methods, usable answers] of every recipe."""
        found = wants(self.study, wildcards["teacher"], wildcards["lang"], Draw.parse(wildcards["seed"]))
        return [[list(want.methods), want.examples] for want in found]

    def most_further(self, wildcards: Wildcards) -> int:
        """The most further requests of a method for a draw."""
        return requests_in(replace(Draw.parse(wildcards["seed"]), further=True), self.study)

    def _is_refilled(self, wildcards: Wildcards) -> bool:
        """Whether further requests are asked for a training set, if it lacks answers."""
        return wildcards["recipe"] in {*self.study.recipes, WHOLE} and bool(self.wants(wildcards))

    def parts(self, wildcards: Wildcards) -> list[list[Any]]:
        """What a recipe mixes: [part, how many blocks of it, how many blocks of answers to further requests]."""
        if _is_build(wildcards):
            return self.built.parts(wildcards)
        study, more = self.study, self._is_refilled(wildcards)
        recipe = parse_recipe(wildcards["recipe"], study.methods)
        blocks = blocks_needed(recipe, study.synthesis.blocks)
        asked = {part: blocks if more and part in study.methods else 0 for part in recipe.parts}
        return [[part, 1 if part == PUBLIC else blocks, asked[part]] for part in recipe.parts]

    def files(self, wildcards: Wildcards) -> list[str]:
        """The answers that a recipe mixes, part by part: its blocks, then the answers to further requests for each."""
        if _is_build(wildcards):
            return self.built.files(wildcards)
        lang, draw = wildcards["lang"], wildcards["seed"]
        files = []
        for part, blocks, further in self.parts(wildcards):
            if part == PUBLIC:
                files.append(self.at(paths.SEED, lang=lang))
                continue
            translated = METHODS[str(part)].written_by == "translator"
            teacher = self.study.translation.model if translated else wildcards["teacher"]
            draws = [draw, *(f"{draw}-block{block}" for block in range(2, int(blocks) + 1))]
            patterns = [paths.SYNTHETIC] * int(blocks) + [paths.FURTHER_SYNTHETIC] * int(further)
            named = {"teacher": teacher, "lang": lang, "method": part}
            files += [self.at(pattern, **named, seed=seed) for pattern, seed in zip(patterns, cycle(draws), strict=False)]
        return files

    def of_student(self, wildcards: Wildcards) -> str:
        """The training set of a student."""
        named = {key: wildcards[key] for key in ("recipe", "teacher", "lang")}
        return self.at(paths.TRAINING_SET, **named, seed=Draw.parse(wildcards["seed"]).data)

    def size(self, wildcards: Wildcards) -> int:
        """Target number of examples of a training set."""
        return examples_in(wildcards["recipe"], wildcards["seed"], self.study)


def _is_build(wildcards: Wildcards) -> bool:
    return Draw.parse(wildcards["seed"]).sample == BUILD
