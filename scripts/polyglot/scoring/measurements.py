"""From per-example files to measurements: a point estimate and bootstrap replicates of every cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from polyglot.core.arrays import Array
from polyglot.core.cells import MIN_EXAMPLES, Cell
from polyglot.core.errors import WrongInput
from polyglot.core.hashing import stable_seed
from polyglot.intrinsic.metrics import STANDARD, Metric, of_texts
from polyglot.scoring.outcomes import ANCHORS, LanguageDraws, Student, language_draws, read_scored, students_spread
from polyglot.scoring.scores import KEYS, gap_flags, performance_gap_recovered
from polyglot.scoring.seed_spread import SetSpread, Spread, spread_of
from polyglot.scoring.spread_sources import spread_sources
from polyglot.scoring.training_sets import MODELLED, intrinsic_draws, intrinsic_row, read_examples

NO_DATA = "fewer than two usable answers"
"""Reason for an empty cell: the teacher produced no usable training data."""


def extrinsic_replicates(
    students: Mapping[Student, Sequence[pd.DataFrame]],
    base: pd.DataFrame,
    reference: pd.DataFrame,
    *,
    lang: str,
    replicates: int,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Extrinsic measurements of one base in one language, whose students alone say how far seeds spread (see `measured`).

    Args:
        students: (recipe, teacher) to its students' outcomes, one frame per seed.
        base, reference: the anchors' outcomes on the same items.
    """
    draws = language_draws(students, base, reference, name="", lang=lang, replicates=replicates, seed=seed)
    found, scores = measured(draws, students_spread([draws], replicates, seed), seed)
    return found.drop(columns="base"), scores.drop(columns="base")


def measured(draws: LanguageDraws, spread: Spread, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Extrinsic measurements of one base in one language: every student compared with base and reference.

    Args:
        spread: the spread between seeds of all students of the study.

    Returns:
        (measurements, scores). `measurements`: replicate, base, recipe, teacher, lang, student_score, base_score,
        reference_score, gain, gain_se, gap, gap_se, pgr_released, pgr_paper. `scores`: benchmark, lang, base, recipe, model,
        gain_se, score, se, n, and the columns of `polyglot.scoring.given_answers.Given`, one row each.
    """
    base, reference = (draws.anchor(name) for name in ANCHORS)
    rows, by_benchmark = [], {name: dict(found.scores) for name, found in draws.benchmarks.items()}
    for student in draws.students:
        scores = draws.replicated(student, spread, seed)
        for name, values in scores.items():
            by_benchmark[name][student] = values
        mean = np.mean(list(scores.values()), axis=0)
        anchors = [[found.scores[name] for name in ANCHORS] for found in draws.benchmarks.values()]
        ratios = [performance_gap_recovered(own, *pair) for own, pair in zip(scores.values(), anchors, strict=True)]
        columns = {
            "replicate": np.arange(len(mean)),
            **{"base": draws.base, "recipe": student[0], "teacher": student[1], "lang": draws.lang},
            **{"student_score": mean, "base_score": base, "reference_score": reference},
            **{"gain": mean - base, "gain_se": draws.gain_error(student, spread)},
            **{"gap": reference - base, "gap_se": draws.gap_error()},
            "pgr_released": performance_gap_recovered(mean, base, reference),
            "pgr_paper": np.mean(ratios, axis=0),
        }
        rows.append(pd.DataFrame(columns))
    return pd.concat(rows, ignore_index=True), _score_rows(draws, by_benchmark)


def _score_rows(draws: LanguageDraws, scores: Mapping[str, Mapping[Student | str, Array]]) -> pd.DataFrame:
    """The score of every model on every benchmark."""
    rows = []
    for benchmark, found in scores.items():
        for model, values in found.items():
            named = {"recipe": model[0], "model": model[1]} if isinstance(model, tuple) else {"recipe": "", "model": model}
            gain = draws.benchmark_error(model, benchmark) if isinstance(model, tuple) else np.nan
            error = {"gain_se": gain, "score": values[0], "se": spread_of(values[1:]), "n": draws.benchmarks[benchmark].items}
            answers = draws.benchmarks[benchmark].answers[model].columns
            left = {"too_long": draws.too_long[model]} if isinstance(model, tuple) and model in draws.too_long else {}
            rows.append({"benchmark": benchmark, "lang": draws.lang, "base": draws.base, **named, **error, **answers, **left})
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class CellFiles:
    """Paths of an experiment's per-example files, one path per seed, and of students' one per training; anchors by (base, lang).

    `trainings`: on each seed's data. `sets`: the diversity, reward and perplexity files of every training set, and those of
    metrics of texts alone, by name.
    """

    sets: dict[Cell, list[dict[str, str]]]
    students: dict[Cell, list[str]]
    base: dict[tuple[str, str], str]
    reference: dict[tuple[str, str], str]
    trainings: int = 1
    unscored: frozenset[str] = frozenset()
    """Benchmarks of these files that are measured and not scored."""

    @classmethod
    def arrange(
        cls,
        paths: Any,
        cells: Sequence[Sequence[str]],
        anchors: Sequence[Sequence[str]],
        *,
        seeds: int,
        metrics: Sequence[Metric] = STANDARD,
        unscored: Sequence[str] = (),
    ) -> CellFiles:
        """From flat lists in the order of cells, then seeds, then trainings (attributes of `paths`, named as here; `metrics` for
        the metrics of texts alone, one after another)."""
        own, size = [metric.name for metric in of_texts(metrics)], len(cells) * seeds
        flat = {kind: list(getattr(paths, kind)) for kind in (*MODELLED, "students")}
        flat |= {name: list(paths.metrics[place * size : (place + 1) * size]) for place, name in enumerate(own)}

        trainings = len(flat["students"]) // size if size else 1

        def of_cell(kind: str, place: int, each: int = seeds) -> list[str]:
            return flat[kind][place * each : (place + 1) * each]

        def by_anchor(flat: Sequence[str]) -> dict[tuple[str, str], str]:
            return {(base, lang): path for (base, lang), path in zip(anchors, flat, strict=True)}

        kinds = (*MODELLED, *own)
        places = {Cell(*cell): place for place, cell in enumerate(cells)}
        return cls(
            sets={
                cell: [
                    dict(zip(kinds, by_seed, strict=True))
                    for by_seed in zip(*(of_cell(kind, place) for kind in kinds), strict=True)
                ]
                for cell, place in places.items()
            },
            students={cell: of_cell("students", place, seeds * trainings) for cell, place in places.items()},
            base=by_anchor(paths.base),
            reference=by_anchor(paths.reference),
            trainings=trainings,
            unscored=frozenset(unscored),
        )


@dataclass(frozen=True)
class Collected:
    """The result of `collect`: see `polyglot.scoring.scores` for `measurements`; the others are tables for readers."""

    measurements: pd.DataFrame
    intrinsic: pd.DataFrame
    evaluation: pd.DataFrame
    gaps: pd.DataFrame
    holes: pd.DataFrame
    spread: pd.DataFrame


def collect(
    files: CellFiles,
    *,
    replicates: int,
    seed: int,
    given_up: Mapping[Cell, str] | None = None,
    metrics: Sequence[Metric] = STANDARD,
) -> Collected:
    """Read per-example files and measure every cell, with bootstrap replicates.

    An abandoned cell, or one without usable answers, is empty: its rows exist, with NaN.

    Args:
        given_up: abandoned cells without files, with the reason.
        metrics: the intrinsic metrics.
    """
    holes = dict(given_up or {})
    intrinsic, rows = _measured_sets(files, holes, replicates=replicates, seed=seed, metrics=metrics)
    draws = _students_draws(files, holes, replicates=replicates, seed=seed)
    common = students_spread(draws, replicates, seed)
    found = [measured(one, common, seed) for one in draws]
    if not found:
        raise WrongInput(f"no cell has a measurement: {', '.join(sorted(set(holes.values())))}")
    measurements = pd.concat(intrinsic).merge(
        pd.concat([each for each, _ in found]), on=["replicate", *KEYS], validate="one_to_one"
    )
    gaps = measurements[measurements["replicate"] == 0].drop_duplicates(["base", "lang"])
    gaps = gaps[["base", "lang", "base_score", "reference_score", "gap", "gap_se"]].sort_values(["base", "lang"])
    empty = [pd.DataFrame({"replicate": np.arange(replicates + 1), **cell._asdict()}) for cell in holes]
    return Collected(
        measurements=pd.concat([measurements, *empty], ignore_index=True),
        intrinsic=pd.DataFrame(rows),
        evaluation=pd.concat([scores for _, scores in found], ignore_index=True),
        gaps=gap_flags(gaps.reset_index(drop=True)),
        holes=pd.DataFrame([{**cell._asdict(), "reason": reason} for cell, reason in holes.items()], columns=[*KEYS, "reason"]),
        spread=spread_sources(draws),
    )


def _measured_sets(
    files: CellFiles, holes: dict[Cell, str], *, replicates: int, seed: int, metrics: Sequence[Metric]
) -> tuple[list[pd.DataFrame], list[dict[str, Any]]]:
    """Replicates and rows of the intrinsic table of every cell with usable answers; the others become holes.

    Bases share their training sets, so they share the resamples; recipes do not, even where their sets overlap or are nested.
    """
    draws, examples, sizes, streams = {}, {}, {}, {}
    for cell, paths in files.sets.items():
        seeds = [read_examples(by_kind, metrics) for by_kind in paths]
        if any(len(frame) < MIN_EXAMPLES for frame in seeds):
            holes[cell] = NO_DATA
            continue
        streams[cell] = np.random.default_rng(stable_seed("intrinsic", *cell[1:], seed))
        draws[cell] = intrinsic_draws(seeds, replicates, streams[cell], metrics)
        examples[cell], sizes[cell] = pd.concat(seeds, ignore_index=True), float(np.mean([len(frame) for frame in seeds]))
    if not draws:
        return [], []
    sets = {cell[1:]: found for cell, found in reversed(draws.items())}  # bases share their training sets
    spread = SetSpread.pooled(list(sets.values()), seed)
    intrinsic, rows = [], []
    for cell, drawn in draws.items():
        found = spread.replicates(drawn, streams[cell])
        row = intrinsic_row(examples[cell], found, metrics)
        own = {metric.name: found.get(metric.name, row[metric.name]) for metric in metrics} | found
        columns = {"replicate": np.arange(replicates + 1), **cell._asdict(), **own, "examples": sizes[cell]}
        intrinsic.append(pd.DataFrame(columns))
        rows.append({**cell._asdict(), **row})
    return intrinsic, rows


def _students_draws(files: CellFiles, holes: Mapping[Cell, str], *, replicates: int, seed: int) -> list[LanguageDraws]:
    """The outcomes of the students of every base and language that has any."""
    draws = []
    for (base, lang), path in files.base.items():
        cells = [cell for cell in files.students if (cell.base, cell.lang) == (base, lang) and cell not in holes]
        if not cells:
            continue
        read = partial(read_scored, unscored=files.unscored)
        students = {(cell.recipe, cell.teacher): [read(path) for path in files.students[cell]] for cell in cells}
        anchors = read(path), read(files.reference[base, lang])
        draws.append(
            language_draws(students, *anchors, name=base, lang=lang, replicates=replicates, seed=seed, trainings=files.trainings)
        )
    return draws
