"""Routing: calibration, routers and routed teachers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from polyglot.core.errors import ConfigurationError
from polyglot.routing.qualities import QUALITIES
from polyglot.routing.teachers import Routed, by_strength
from polyglot.study import paths
from polyglot.study.sizes import draws_of, every_answer
from polyglot.synthesis.draws import Draw
from polyglot.synthesis.recipes import WHOLE
from polyglot.workflow.inputs.base import Inputs, Wildcards
from polyglot.workflow.routing_checks import kin, without_kin


@dataclass(frozen=True)
class RoutingInputs(Inputs):
    """Inputs of routed teachers."""

    @property
    def routed(self) -> dict[str, Routed]:
        return self.study.routed_teachers

    @property
    def asking(self) -> list[str]:
        """Routed teachers for whom answers are generated."""
        return [name for name, routed in self.routed.items() if routed.asks]

    # Calibration
    def calibration_requests(self) -> list[str]:
        """Every calibration prompt."""
        study = self.study
        return [
            self.at(paths.REQUESTS, lang=lang, method=method, seed=study.calibration_draw)
            for lang in study.routed_languages
            for method in study.methods
        ]

    def calibration_pairs(self) -> list[list[str]]:
        """[teacher, language] of every file of calibration answers, in their order."""
        return [[name, lang] for name in self.study.routed_among for lang in self.study.routed_languages]

    def calibration_files(self, pattern: str, **values: str) -> Callable[[Wildcards], list[str]]:
        """A file of every teacher's calibration answers in every language, and method if the pattern has one."""
        methods = self.study.methods if "{method}" in pattern else [""]
        draw = self.study.calibration_draw

        def files(wildcards: Wildcards) -> list[str]:
            fixed = {"seed": draw, "base": wildcards["base"], **values}
            return [
                self.at(pattern, teacher=teacher, lang=lang, method=method, **fixed)
                for teacher, lang in self.calibration_pairs()
                for method in methods
            ]

        return files

    @property
    def _graded(self) -> bool:
        """Whether answers are compared with the seed dataset's responses, and need no ratings."""
        return QUALITIES[self.study.routing.quality].grade is not None

    def calibration_quality(self, wildcards: Wildcards) -> list[str]:
        """A file of ratings of every teacher's calibration answers in every language, if the quality is the judge's."""
        return [] if self._graded else self.calibration_files(paths.REWARD, recipe=WHOLE)(wildcards)

    def references(self) -> list[str]:
        """The seed dataset in every language, if answers are compared with its responses."""
        return [self.at(paths.SEED, lang=lang) for lang in self.study.routed_languages] if self._graded else []

    def model(self, base: str) -> str:
        """The model that the router of a base starts from."""
        return self.study.routing.model or base

    # A routed teacher
    def strategy(self, wildcards: Wildcards) -> str:
        return self.routed[wildcards["routed"]].strategy

    def strength(self, wildcards: Wildcards) -> list[str]:
        """Teachers in order of strength, strongest first."""
        return self.strongest_first(wildcards["routed"])

    def strongest_first(self, name: str) -> list[str]:
        """The same for a routed teacher, by its name.

        Raises:
            ConfigurationError: if it needs a teacher of its base's family, and there is none.
        """
        study, routed = self.study, self.routed[name]
        sizes = {name: self.registries.models[name].size for name in study.routed_among}
        order = by_strength(study.routed_among, sizes, study.routing.strength)
        if not routed.way.family:
            return order
        related = kin(study, self.registries, routed.base or study.base)
        if not related:
            raise ConfigurationError(without_kin(study, self.registries, routed))
        return by_strength(related, sizes, order)

    def gathered_from(self, wildcards: Wildcards) -> list[list[str]]:
        """[teacher, method] of every file that may hold a routed teacher's answers, in their order."""
        candidates = self.routed[wildcards["routed"]].way.candidates(self.strength(wildcards))
        teachers = [name for name in self.study.routed_among if name in candidates]
        return [[teacher, method] for teacher in teachers for method in self.study.methods]

    def gathered_answers(self, wildcards: Wildcards) -> list[str]:
        """Files that may hold a routed teacher's answers: generated for it, or for single teachers."""
        named = {key: wildcards[key] for key in ("routed", "lang", "seed")}
        pattern = paths.ASSIGNED_ANSWERS if self.routed[named["routed"]].asks else paths.ANSWERS
        return [self.at(pattern, teacher=teacher, method=method, **named) for teacher, method in self.gathered_from(wildcards)]

    def measured(self, wildcards: Wildcards) -> list[list[str]]:
        """[teacher, language] of every file of measured answers that a choice is made from."""
        return [[name, wildcards["lang"]] for name in self.study.routed_among]

    def assignment_files(self, wildcards: Wildcards) -> dict[str, str | list[str]]:
        """The inputs of a routed teacher's choice."""
        study, routed = self.study, self.routed[wildcards["routed"]]
        named = {"lang": wildcards["lang"], "seed": wildcards["seed"]}
        files: dict[str, str | list[str]] = {
            "requests": [self.at(paths.REQUESTS, method=method, **named) for method in study.methods]
        }
        if routed.needs("router"):
            files["router"] = self.at(paths.ROUTER, base=routed.base)
        if routed.needs("calibration"):
            files["calibration"] = self.at(paths.CALIBRATION, base=routed.base)
        if routed.needs("answers"):
            whole = str(Draw.parse(wildcards["seed"]).seed)  # of whose blocks the draw is one
            measured = {"recipe": every_answer(study), "base": routed.base, **named, "seed": whole}
            teachers = study.routed_among
            files["answers"] = [
                self.at(paths.SYNTHETIC, teacher=teacher, method=method, **named)
                for teacher in teachers
                for method in study.methods
            ]
            if self._graded:
                files["seeds"] = [self.at(paths.SEED, lang=wildcards["lang"])]
            else:
                files["quality"] = [self.at(paths.REWARD, teacher=teacher, **measured) for teacher in teachers]
            files["learnability"] = [self.at(paths.PERPLEXITY, teacher=teacher, **measured) for teacher in teachers]
        return files

    # An experiment that compares routed teachers
    def _routed_in(self, experiment: str) -> list[str]:
        return [name for name in self.study.matrices[experiment].teachers if name in self.routed]

    def single(self, wildcards: Wildcards) -> list[str]:
        """The other teachers of an experiment."""
        teachers = self.study.matrices[wildcards["experiment"]].teachers
        return [name for name in teachers if name not in self.routed]

    def bases(self, wildcards: Wildcards) -> list[str]:
        """Bases that routed teachers of an experiment choose for."""
        chosen = [self.routed[name] for name in self._routed_in(wildcards["experiment"])]
        return list(dict.fromkeys(routed.base or self.study.base for routed in chosen))

    def bases_with_router(self, wildcards: Wildcards) -> list[str]:
        """Those that a router chooses for."""
        chosen = [self.routed[name] for name in self._routed_in(wildcards["experiment"])]
        return list(dict.fromkeys(routed.base or self.study.base for routed in chosen if routed.needs("router")))

    def calibrations(self, wildcards: Wildcards) -> list[str]:
        return [self.at(paths.CALIBRATION, base=base) for base in self.bases(wildcards)]

    def judged(self, wildcards: Wildcards) -> list[str]:
        """The routers' scores of their test prompts."""
        return [self.at(paths.JUDGED, base=base) for base in self.bases_with_router(wildcards)]

    def facts(self, wildcards: Wildcards) -> list[dict[str, Any]]:
        """An experiment's routed teachers: name, strategy, base and order of strength."""
        return [
            {
                "name": name,
                "strategy": self.routed[name].strategy,
                "base": self.routed[name].base or self.study.base,
                "strength": self.strongest_first(name),
            }
            for name in self._routed_in(wildcards["experiment"])
        ]

    def assigned_cells(self, wildcards: Wildcards) -> list[list[str]]:
        """[routed teacher, language, draw] of all data of an experiment's measured cells."""
        experiment = wildcards["experiment"]
        seeds = self.study.matrices[experiment].seeds
        found = dict.fromkeys(
            (cell.teacher, cell.lang, str(draw))
            for cell in self.study.measured[experiment]
            if cell.teacher in self.routed
            for seed in seeds
            for draw in draws_of(cell.recipe, seed, self.study)
        )
        return [list(cell) for cell in found]

    def assignments(self, wildcards: Wildcards) -> list[str]:
        """The assignments of these cells."""
        cells = self.assigned_cells(wildcards)
        return [self.at(paths.ASSIGNMENT, routed=routed, lang=lang, seed=seed) for routed, lang, seed in cells]
