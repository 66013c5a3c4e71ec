"""The base of all inputs: a study, its registries, and paths within it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from polyglot.registry import Registries
from polyglot.study import paths
from polyglot.study.configuration import Study

Wildcards = Mapping[str, str]
"""A job's wildcards by name, as Snakemake gives them."""
File = str | list[str]
"""A file, or an empty list."""


@dataclass(frozen=True)
class Inputs:
    """Inputs of a study's jobs."""

    study: Study
    registries: Registries

    def at(self, pattern: str, **wildcards: Any) -> str:
        """The path of a pattern (see `polyglot.study.paths`) in this study; wildcards not in the pattern are ignored."""
        return pattern.format(**{"study": self.study.study, **wildcards})

    def student_outcomes(self, *, lang: str, **names: str) -> str:
        """A student's outcomes in a language: those of its evaluation, or with a judge's verdicts where a benchmark is judged."""
        judged = self.study.evaluation.judged_in(lang)
        return self.at(paths.JUDGED_STUDENT if judged else paths.STUDENT_OUTCOMES, lang=lang, **names)

    def anchor_outcomes(self, model: str, lang: str) -> str:
        """The same of a base, a reference or a teacher."""
        judged = self.study.evaluation.judged_in(lang)
        return self.at(paths.JUDGED_ANCHOR if judged else paths.ANCHOR_OUTCOMES, model=model, lang=lang)
