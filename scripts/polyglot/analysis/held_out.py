"""The folds of a study: every teacher's scores without a language or benchmark, and its student's gain there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from polyglot.analysis.generalisation import RANDOM, Fold, Transfer, splits
from polyglot.core.arrays import Array
from polyglot.core.cells import Cell
from polyglot.intrinsic.metrics import PAPER, Metric
from polyglot.scoring.measurements import measured
from polyglot.scoring.outcomes import LanguageDraws, Student, language_draws, students_spread
from polyglot.scoring.scores import KEYS, Definition, Perplexity, score_cells
from polyglot.scoring.seed_spread import Spread


@dataclass(frozen=True)
class Scoring:
    """How the teachers of a fold are scored: see `polyglot.scoring.scores.score_cells`."""

    definition: Definition
    alpha: float
    confidence: float
    seed: int
    scored: Sequence[Metric] = PAPER
    perplexity: Perplexity = "median"


def draws_by_language(
    students: Mapping[Cell, Sequence[pd.DataFrame]],
    anchors: Mapping[str, tuple[pd.DataFrame, pd.DataFrame]],
    *,
    replicates: int,
    seed: int,
    trainings: int = 1,
) -> dict[str, LanguageDraws]:
    """Scores of students of one base and recipe on every benchmark, by language, with replicates.

    Args:
        students: outcomes of each cell, one frame per seed and training; cells without any are left out.
        anchors: language to the outcomes of base and reference.
        trainings: on each seed's data.
    """
    found = {}
    for lang, (base, reference) in anchors.items():
        own = {cell: frames for cell, frames in students.items() if cell.lang == lang and all(len(frame) for frame in frames)}
        if own:
            by_student: dict[Student, Sequence[pd.DataFrame]] = {(one.recipe, one.teacher): own[one] for one in own}
            settings = {"replicates": replicates, "seed": seed, "trainings": trainings}
            found[lang] = language_draws(by_student, base, reference, name=next(iter(own)).base, lang=lang, **settings)
    return found


@dataclass(frozen=True)
class Known:
    """What is known of teachers: for the rules that choose one.

    Attributes:
        draws: language to the students' scores.
        measurements: see `polyglot.scoring.scores`; only the intrinsic columns of replicate 0 are used.
        abilities: (teacher, language) to the teacher's own outcomes.
        sizes: teacher to billions of parameters, None if not known.
    """

    draws: Mapping[str, LanguageDraws]
    measurements: pd.DataFrame
    abilities: Mapping[tuple[str, str], pd.DataFrame]
    sizes: Mapping[str, float | None]
    scoring: Scoring

    def folds(self) -> list[Fold]:
        """Every fold in which at least two teachers can be judged."""
        langs = list(self.draws)
        if not langs:
            return []
        spread = students_spread(self.draws.values(), self._replicates, self.scoring.seed)
        named = {lang: list(self.draws[lang].benchmarks) for lang in langs}
        found = [self._fold(split, spread) for split in splits(langs, named)]
        return [fold for fold in found if len(fold.teachers) > 1]

    @property
    def _replicates(self) -> int:
        return len(next(iter(self.draws.values())).anchor("base")) - 1

    def _fold(self, split: tuple[Transfer, str, str], spread: Spread) -> Fold:
        transfer, lang, benchmark = split
        judging = [self.draws[one] for one in ([lang] if lang else self.draws)]
        judging = [one.of([benchmark]) for one in judging] if benchmark else judging
        judging = [one for one in judging if one.benchmarks]
        left = [name for name in self.draws if name != lang]
        choosing = [self.draws[one].of(set(self.draws[one].benchmarks) - {benchmark}) for one in left]
        choosing = [one for one in choosing if one.benchmarks]
        gained = self._gains(judging, spread)
        teachers = list(gained)
        scores = self._scores(choosing, spread, teachers)
        return Fold(transfer, lang, benchmark, teachers, np.stack([*gained.values()], axis=1), scores)

    def _gains(self, judging: Sequence[LanguageDraws], spread: Spread) -> dict[str, Array]:
        """Mean gain over languages and benchmarks of every teacher that has a student in all of them, with replicates."""
        shared = [student for student in judging[0].students if all(student in one.students for one in judging)]
        found = {}
        for student in shared:
            own = [one.replicated(student, spread, self.scoring.seed).values() for one in judging]
            means = [np.mean(list(values), axis=0) - one.anchor("base") for values, one in zip(own, judging, strict=True)]
            found[student[1]] = np.mean(means, axis=0)
        return found

    def _scores(self, choosing: Sequence[LanguageDraws], spread: Spread, teachers: Sequence[str]) -> dict[str, Array]:
        scoring, langs = self.scoring, [one.lang for one in choosing]
        outcomes = pd.concat([measured(one, spread, scoring.seed)[0] for one in choosing])
        point = self.measurements[self.measurements["replicate"] == 0]
        intrinsic = point.drop(columns=[name for name in outcomes.columns if name in point and name not in ("replicate", *KEYS)])
        cells = intrinsic.merge(outcomes[outcomes["replicate"] == 0], on=["replicate", *KEYS])
        settings = {"scored": scoring.scored, "perplexity": scoring.perplexity}
        scored, _ = score_cells(cells, alpha=scoring.alpha, confidence=scoring.confidence, **settings)  # type: ignore[arg-type]
        complete = scored.groupby("teacher").filter(lambda rows: len(rows) == len(langs))
        means = complete.groupby("teacher")[[f"pg_{scoring.definition}", "gain", "intrinsic"]].mean().reindex(list(teachers))
        names = {"pg": f"pg_{scoring.definition}", "gain": "gain", "intrinsic": "intrinsic"}
        found = {rule: means[column].to_numpy(dtype=float) for rule, column in names.items()}
        found["size"] = np.array([self.sizes.get(name) or np.nan for name in teachers], dtype=float)
        found["ability"] = np.array([self._ability(name, choosing) for name in teachers])
        return found | {RANDOM: np.zeros(len(teachers))}

    def _ability(self, teacher: str, choosing: Sequence[LanguageDraws]) -> float:
        """A teacher's own mean score on the benchmarks and in the languages of the choice; NaN if one is not known."""
        means = []
        for one in choosing:
            outcomes = self.abilities.get((teacher, one.lang))
            if outcomes is None:
                return float("nan")
            by_benchmark = (outcomes["weight"] * outcomes["correct"]).groupby(outcomes["benchmark"]).sum()
            means.append(by_benchmark.reindex(list(one.benchmarks)).mean(skipna=False))
        return float(np.mean(means))
