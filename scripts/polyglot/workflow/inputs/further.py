"""Benchmarks that are judged, or measured and not scored: files of every model of the main experiment."""

from __future__ import annotations

from dataclasses import dataclass

from polyglot.study import paths
from polyglot.study.reserved import MAIN
from polyglot.workflow.inputs.base import Inputs


@dataclass(frozen=True)
class FurtherInputs(Inputs):
    """Inputs of the table of these benchmarks."""

    @property
    def benchmarks(self) -> dict[str, str]:
        """Each with its formulation, or the name of its evaluator."""
        chosen = self.study.evaluation.benchmarks
        return {name: one.formulation or str(one.task) for name, one in chosen.items() if one.judged or not one.scored}

    def _languages(self, judged: bool) -> list[str]:
        evaluation = self.study.evaluation
        used = [
            lang for lang in self.study.matrices[MAIN].languages if set(self.benchmarks) & set(evaluation.benchmarks_in(lang))
        ]
        return [lang for lang in used if evaluation.judged_in(lang) or not judged]

    def models(self, judged: bool = False) -> list[tuple[list[str], dict[str, str]]]:
        """Base, recipe, name and language of every model, with the wildcards of its files; students by seed and training.

        Args:
            judged: only in languages with judged benchmarks.
        """
        if not self.study.base:
            return []
        found = []
        for lang in self._languages(judged):
            for base in self.study.matrices[MAIN].bases:
                for name in (base, str(self.registries.models[base].reference)):
                    found.append(([base, "", name, lang], {"model": name, "lang": lang}))
            for cell in self.study.measured[MAIN]:
                for seed in self.study.matrices[MAIN].students if cell.lang == lang else ():
                    found.append(([cell.base, cell.recipe, cell.teacher, lang], {**cell._asdict(), "seed": seed}))
        return found

    def named(self, judged: bool = False) -> list[list[str]]:
        """Base, recipe, name and language of every file."""
        return [named for named, _ in self.models(judged)]

    def outcomes(self) -> list[str]:
        """The outcomes of every model."""
        return [
            self.anchor_outcomes(one["model"], one["lang"]) if "model" in one else self.student_outcomes(**one)
            for _, one in self.models()
        ]

    def verdicts(self) -> list[str]:
        """What the judge said of every model's answers, in languages with judged benchmarks."""
        return [
            self.at(paths.ANCHOR_VERDICTS if "model" in one else paths.STUDENT_VERDICTS, **one)
            for _, one in self.models(judged=True)
        ]
