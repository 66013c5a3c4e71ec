"""Publishing: what the cards of a data set or a student are made from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from polyglot.core.errors import WrongInput
from polyglot.study import paths
from polyglot.synthesis.draws import BUILD, Draw
from polyglot.workflow.inputs.base import File, Inputs, Wildcards


@dataclass(frozen=True)
class PublishingInputs(Inputs):
    """Inputs of what is written for others."""

    def scored(self, pattern: str, *keys: str) -> Callable[[Wildcards], File]:
        """A file of the scores of the first experiment of this run that has a cell with these of a job's wildcards; none for what
        is built at the end of a study, which has no cell."""

        def path(wildcards: Wildcards) -> File:
            if Draw.parse(wildcards["seed"]).sample == BUILD:
                return []
            wanted = _named(wildcards, *keys)
            for name in self.study.default_experiments:
                cells = (cell._asdict() for cell in self.study.measured[name])
                if any(wanted.items() <= cell.items() for cell in cells):
                    return self.at(pattern, experiment=name)
            raise WrongInput(f"{wanted}: no experiment of this run has such a cell")

        return path

    def rewards(self, wildcards: Wildcards) -> File:
        """Rewards of a set; none in a study without a judge."""
        return self.at(paths.REWARD, **self.of_set(wildcards)) if self.study.intrinsic.judged else []

    def base_outcomes(self, wildcards: Wildcards) -> str:
        """Outcomes of a student's base."""
        return self.anchor_outcomes(wildcards["base"], wildcards["lang"])

    def reference_outcomes(self, wildcards: Wildcards) -> str:
        """Outcomes of the reference of a student's base."""
        reference = self.registries.models[wildcards["base"]].reference
        return self.anchor_outcomes(str(reference), wildcards["lang"])

    def outcomes(self, wildcards: Wildcards) -> str:
        """Outcomes of a student."""
        return self.student_outcomes(**self.of_student(wildcards))

    def of_set(self, wildcards: Wildcards) -> dict[str, str]:
        """What a synthetic set is named by."""
        return _named(wildcards, "recipe", "teacher", "lang", "seed")

    def of_student(self, wildcards: Wildcards) -> dict[str, str]:
        """What a student is named by."""
        return _named(wildcards, "base", "recipe", "teacher", "lang", "seed")


def _named(wildcards: Wildcards, *keys: str) -> dict[str, str]:
    return {key: wildcards[key] for key in keys}
