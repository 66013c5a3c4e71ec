"""Screening: small samples of every candidate, and the size of a full study."""

from __future__ import annotations

from dataclasses import dataclass

from polyglot.study import paths
from polyglot.study.experiments import MAIN
from polyglot.workflow.inputs.base import Inputs


@dataclass(frozen=True)
class ScreeningInputs(Inputs):
    """Inputs of the screening."""

    def files(self, pattern: str) -> list[str]:
        """A file of every candidate's sample, by its pattern (see `polyglot.study.paths`)."""
        study = self.study
        return [
            self.at(pattern, recipe=study.recipe, teacher=teacher, lang=lang, seed=study.screening_draw, base=study.base)
            for teacher in study.screened_teachers
            for lang in study.screened_languages
        ]

    def answers(self) -> list[str]:
        """Every candidate's answers."""
        study = self.study
        return [
            self.at(paths.SYNTHETIC, teacher=teacher, lang=lang, method=method, seed=study.screening_draw)
            for teacher in study.screened_teachers
            for lang in study.screened_languages
            for method in study.methods
        ]

    def known_scores(self) -> str:
        """The scores that gain is predicted from."""
        return self.study.screen.learn_from or self.at(paths.CELLS, experiment=MAIN)

    def full_students(self) -> int:
        """Students of a full study of the candidates."""
        study = self.study
        return len(study.screened_teachers) * len(study.screened_languages) * len(study.seeds)

    def full_requests(self) -> int:
        """Requests of a full study of the candidates."""
        return self.full_students() * len(self.study.methods) * self.study.synthesis.requests
