"""Ranking and screening: small samples of every candidate, and the size of a full study."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from polyglot.core.errors import ConfigurationError
from polyglot.study import paths
from polyglot.study.experiments import MAIN
from polyglot.workflow.inputs.base import Inputs


@dataclass(frozen=True)
class ScreeningInputs(Inputs):
    """Inputs of the ranking and of the screening."""

    def files(self, pattern: str, base: str | None = None) -> list[str]:
        """A file of every candidate's sample, by its pattern (see `polyglot.study.paths`).

        Args:
            base: whose perplexity; None takes the study's base.
        """
        study = self.study
        named = {"recipe": study.recipe, "seed": study.screening_draw, "base": base or study.base}
        return [
            self.at(pattern, **named, teacher=teacher, lang=lang)
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

    def likelihoods(self) -> list[str]:
        """The ranking's perplexity files; none where no model is named for it."""
        base = self.study.likelihood_base
        return self.files(paths.PERPLEXITY, base) if base else []

    def ratings(self) -> list[str]:
        """The ranking's reward files; none without a judge."""
        return self.files(paths.REWARD) if self.study.intrinsic.judged else []

    def rates(self) -> dict[str, tuple[float, float]]:
        """USD per million (prompt, completion) tokens of the candidates that have a price."""
        return self.rates_of(self.study.screened_teachers)

    def check(self, words: Sequence[str]) -> None:
        """Check, if a screening is asked for, the scores that gain is predicted from, before anything is paid for.

        Args:
            words: of the command line.

        Raises:
            ConfigurationError: if there are none, or columns or the study's base are missing in them.
        """
        study, file = self.study, self.study.screen.learn_from
        if "screen" not in words:
            return
        if not study.base:
            raise ConfigurationError(
                "screen: gain is predicted for students of a base, and the study has none; `snakemake rank` compares data alone"
            )
        if file is None:
            return
        if not Path(file).is_file():
            raise ConfigurationError(f"screen.learn_from: there is no file {file}")
        with Path(file).open(encoding="utf-8-sig", newline="") as opened:
            rows = csv.DictReader(opened)
            columns, bases = list(rows.fieldnames or ()), {row.get("base") for row in rows}
        needed = [
            "base",
            "teacher",
            "lang",
            "gain",
            *(metric.name for metric in study.intrinsic.metrics if not metric.equal_size),
        ]
        lacking = [name for name in needed if name not in columns]
        if lacking:
            raise ConfigurationError(
                f"screen.learn_from: {file} lacks the column{'s' * (len(lacking) > 1)} {', '.join(lacking)}; take the cells.csv "
                "of a finished study (results/STUDY/scores/main/cells.csv)"
            )
        if study.base not in bases:
            raise ConfigurationError(
                f"screen.learn_from: {file} has students of {', '.join(sorted(map(str, bases)))}, and none of '{study.base}'; "
                "one base's perplexity and gain say nothing of another's"
            )

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
