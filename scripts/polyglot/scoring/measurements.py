"""From per-example files to measurements: a point estimate and bootstrap replicates of every cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from polyglot.core.cells import MIN_EXAMPLES, Cell
from polyglot.core.hashing import stable_seed
from polyglot.intrinsic.metrics import STANDARD, Metric, of_texts
from polyglot.scoring.resampling import resample_means, resample_seeds
from polyglot.scoring.scores import KEYS, gap_flags, performance_gap_recovered
from polyglot.scoring.training_sets import MODELLED, intrinsic_replicates, intrinsic_row, read_examples

Array = npt.NDArray[np.float64]
Student = tuple[str, str]
"""(recipe, teacher)."""
ANCHORS = ("base", "reference")
NO_DATA = "fewer than two usable answers"
"""Reason for an empty cell: the teacher produced no usable training data."""


def align_outcomes(models: Mapping[str, pd.DataFrame]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Outcomes of several models on the same items.

    Args:
        models: model name to its outcomes on one benchmark and language (see `polyglot.evaluation.run`).

    Returns:
        (items: stratum, example_id, weight; correct: one column per model, one row per item).

    Raises:
        ValueError: if an item is a duplicate, or two models were not evaluated on the same items.
    """
    keys = ["stratum", "example_id"]
    names = list(models)
    correct = {}
    items = pd.DataFrame()
    for name in names:
        frame = models[name].sort_values(keys, ignore_index=True)
        if frame.duplicated(keys).any():
            raise ValueError(f"'{name}': duplicate item {tuple(frame.loc[frame.duplicated(keys), keys].iloc[0])}")
        items = frame[[*keys, "weight"]] if items.empty else items
        if not frame[keys].equals(items[keys]):
            raise ValueError(f"'{name}' and '{names[0]}' were not evaluated on the same items; evaluate both again")
        correct[name] = frame["correct"].astype(float)
    return items, pd.DataFrame(correct)


def score_replicates(items: pd.DataFrame, correct: pd.DataFrame, replicates: int, rng: np.random.Generator) -> Array:
    """Scores of several models on one benchmark, and bootstrap replicates over its items.

    Items are resampled within strata, the same for every model, so that differences between models keep their pairing.

    Returns:
        Shape (replicates + 1, models); index 0 is the score itself.
    """
    weighted = items["weight"].to_numpy()[:, None] * correct.to_numpy()
    found = np.zeros((replicates + 1, correct.shape[1]))
    found[0] = weighted.sum(axis=0)
    for _, rows in items.groupby("stratum", sort=True).indices.items():
        found[1:] += resample_means(weighted[rows], replicates, rng) * len(rows)
    return found


def paired_se(items: pd.DataFrame, difference: Array) -> float:
    """Standard error of a difference of two models' scores on one benchmark, from their paired outcomes.

    Floored at half an item, so that models with equal outcomes on every item do not get a standard error of zero.
    """
    variance = 0.0
    for _, rows in items.groupby("stratum", sort=True).indices.items():
        weights = items["weight"].to_numpy()[rows]
        spread = difference[rows].var(ddof=1) if len(rows) > 1 else 0.25
        variance += float((weights**2).sum()) * spread
    return float(max(np.sqrt(variance), 0.5 * items["weight"].mean()))


def extrinsic_replicates(
    students: Mapping[Student, Sequence[pd.DataFrame]],
    base: pd.DataFrame,
    reference: pd.DataFrame,
    *,
    lang: str,
    replicates: int,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Extrinsic measurements of one base in one language: every student compared with base and reference.

    Args:
        students: (recipe, teacher) to its students' outcomes, one frame per seed.
        base, reference: the anchors' outcomes on the same items.

    Returns:
        (measurements, scores). `measurements`: replicate, recipe, teacher, lang, student_score, base_score, reference_score,
        gain, gain_se, gap, gap_se, pgr_released, pgr_paper. `scores`: benchmark, lang, recipe, model, score,
        se, n, one row each.
    """
    benchmarks = sorted(base["benchmark"].unique())
    draws = {name: benchmark_draws(name, students, base, reference, lang, replicates, seed) for name in benchmarks}
    gain_ses, gap_se = _standard_errors(list(draws.values()), students)
    anchors = {name: np.mean([found.scores[name] for found in draws.values()], axis=0) for name in ANCHORS}
    rows = []
    for student in students:
        score = np.mean([found.scores[student] for found in draws.values()], axis=0)
        ratios = [
            performance_gap_recovered(found.scores[student], found.scores["base"], found.scores["reference"])
            for found in draws.values()
        ]
        rows.append(
            pd.DataFrame(
                {
                    "replicate": np.arange(replicates + 1),
                    "recipe": student[0],
                    "teacher": student[1],
                    "lang": lang,
                    "student_score": score,
                    "base_score": anchors["base"],
                    "reference_score": anchors["reference"],
                    "gain": score - anchors["base"],
                    "gain_se": gain_ses[student],
                    "gap": anchors["reference"] - anchors["base"],
                    "gap_se": gap_se,
                    "pgr_released": performance_gap_recovered(score, anchors["base"], anchors["reference"]),
                    "pgr_paper": np.mean(ratios, axis=0),
                }
            )
        )
    return pd.concat(rows, ignore_index=True), _score_rows(draws, lang)


def _standard_errors(
    draws: Sequence[BenchmarkDraws], students: Mapping[Student, Sequence[pd.DataFrame]]
) -> tuple[dict[Student, float], float]:
    """Standard errors of the mean over benchmarks: of every student's gain over the base, and of the reference's."""
    gain_variance = dict.fromkeys(students, 0.0)
    by_seed = {student: np.zeros(len(frames)) for student, frames in students.items()}
    gap_variance = 0.0
    for found in draws:
        gap_variance += found.errors["reference"] ** 2
        for student in students:
            gain_variance[student] += found.errors[student] ** 2
            by_seed[student] = by_seed[student] + found.by_seed[student]
    for student, totals in by_seed.items():  # a seed's random effect is shared by all benchmarks of its student
        gain_variance[student] += float(totals.var(ddof=1)) / len(totals) if len(totals) > 1 else 0.0
    gain_ses = {student: float(np.sqrt(variance)) / len(draws) for student, variance in gain_variance.items()}
    return gain_ses, np.sqrt(gap_variance) / len(draws)


def _score_rows(draws: Mapping[str, BenchmarkDraws], lang: str) -> pd.DataFrame:
    """The score of every model on every benchmark."""
    rows = []
    for benchmark, found in draws.items():
        for model, values in found.scores.items():
            named = {"recipe": model[0], "model": model[1]} if isinstance(model, tuple) else {"recipe": "", "model": model}
            se = float(values[1:].std(ddof=1))
            rows.append({"benchmark": benchmark, "lang": lang, **named, "score": values[0], "se": se, "n": found.items})
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class BenchmarkDraws:
    """One benchmark in one language: for base, reference and every student, the score (index 0) and its replicates, the standard
    error of the difference from the base, and each student's score by seed."""

    scores: dict[Student | str, Array]
    errors: dict[Student | str, float]
    by_seed: dict[Student, Array]
    items: int


def benchmark_draws(
    benchmark: str,
    students: Mapping[Student, Sequence[pd.DataFrame]],
    base: pd.DataFrame,
    reference: pd.DataFrame,
    lang: str,
    replicates: int,
    seed: int,
) -> BenchmarkDraws:
    """Scores on one benchmark in one language, with replicates over items (the same for every model) and seeds."""
    frames: dict[Student | str, pd.DataFrame] = {"base": base, "reference": reference}
    for student, by_seed in students.items():
        frames |= {f"{student}/{number}": frame for number, frame in enumerate(by_seed)}
    items, correct = align_outcomes({str(name): frame[frame["benchmark"] == benchmark] for name, frame in frames.items()})
    rng = np.random.default_rng(stable_seed("items", benchmark, lang, seed))
    by_model = dict(zip(correct.columns, score_replicates(items, correct, replicates, rng).T, strict=True))
    one: dict[Student | str, Array] = {name: by_model[name] for name in ANCHORS}
    errors: dict[Student | str, float] = {
        "reference": paired_se(items, (correct["reference"] - correct["base"]).to_numpy()),
    }
    totals: dict[Student, Array] = {}
    for student, by_seed in students.items():
        names = [f"{student}/{number}" for number in range(len(by_seed))]
        stacked = np.stack([by_model[name] for name in names])
        rng_seeds = np.random.default_rng(stable_seed("seeds", student[1], lang, seed))  # the same draw for every benchmark
        one[student] = np.concatenate([stacked[:, 0].mean(axis=0, keepdims=True), resample_seeds(stacked[:, 1:], rng_seeds)])
        errors[student] = paired_se(items, correct[names].mean(axis=1).to_numpy() - correct["base"].to_numpy())
        totals[student] = stacked[:, 0]
    return BenchmarkDraws(one, errors, totals, len(items))


@dataclass(frozen=True)
class CellFiles:
    """Paths of an experiment's per-example files, one path per seed; anchors by (base, lang).

    `sets`: the diversity, reward and perplexity files of every training set, and those of metrics of texts alone, by name.
    """

    sets: dict[Cell, list[dict[str, str]]]
    students: dict[Cell, list[str]]
    base: dict[tuple[str, str], str]
    reference: dict[tuple[str, str], str]

    @classmethod
    def arrange(
        cls,
        paths: Any,
        cells: Sequence[Sequence[str]],
        anchors: Sequence[Sequence[str]],
        *,
        seeds: int,
        metrics: Sequence[Metric] = STANDARD,
    ) -> CellFiles:
        """From flat lists in the order of the cells, then seeds (attributes of `paths`, named as here; `metrics` for the metrics
        of texts alone, one after another)."""
        own, size = [metric.name for metric in of_texts(metrics)], len(cells) * seeds
        flat = {kind: list(getattr(paths, kind)) for kind in (*MODELLED, "students")}
        flat |= {name: list(paths.metrics[place * size : (place + 1) * size]) for place, name in enumerate(own)}

        def of_cell(kind: str, place: int) -> list[str]:
            return flat[kind][place * seeds : (place + 1) * seeds]

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
            students={cell: of_cell("students", place) for cell, place in places.items()},
            base=by_anchor(paths.base),
            reference=by_anchor(paths.reference),
        )


@dataclass(frozen=True)
class Collected:
    """The result of `collect`: see `polyglot.scoring.scores` for `measurements`; the others are tables for readers."""

    measurements: pd.DataFrame
    intrinsic: pd.DataFrame
    evaluation: pd.DataFrame
    gaps: pd.DataFrame
    holes: pd.DataFrame


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
    intrinsic, rows = [], []
    for cell, paths in files.sets.items():
        seeds = [read_examples(by_kind, metrics) for by_kind in paths]
        if any(len(frame) < MIN_EXAMPLES for frame in seeds):
            holes[cell] = NO_DATA
            continue
        rng = np.random.default_rng(stable_seed("intrinsic", cell.teacher, cell.lang, seed))
        found = intrinsic_replicates(seeds, replicates, rng, metrics)
        row = intrinsic_row(pd.concat(seeds, ignore_index=True), found, metrics)
        measured = {metric.name: found.get(metric.name, row[metric.name]) for metric in metrics}
        intrinsic.append(pd.DataFrame({"replicate": np.arange(replicates + 1), **cell._asdict(), **measured}))
        rows.append({**cell._asdict(), **row})
    extrinsic, evaluation = _measured_students(files, holes, replicates=replicates, seed=seed)
    if not extrinsic:
        raise ValueError(f"no cell has a measurement: {', '.join(sorted(set(holes.values())))}")
    measurements = pd.concat(intrinsic).merge(pd.concat(extrinsic), on=["replicate", *KEYS], validate="one_to_one")
    gaps = measurements[measurements["replicate"] == 0].drop_duplicates(["base", "lang"])
    gaps = gaps[["base", "lang", "base_score", "reference_score", "gap", "gap_se"]].sort_values(["base", "lang"])
    empty = [pd.DataFrame({"replicate": np.arange(replicates + 1), **cell._asdict()}) for cell in holes]
    return Collected(
        measurements=pd.concat([measurements, *empty], ignore_index=True),
        intrinsic=pd.DataFrame(rows),
        evaluation=pd.concat(evaluation, ignore_index=True),
        gaps=gap_flags(gaps.reset_index(drop=True)),
        holes=pd.DataFrame([{**cell._asdict(), "reason": reason} for cell, reason in holes.items()], columns=[*KEYS, "reason"]),
    )


def _measured_students(
    files: CellFiles, holes: Mapping[Cell, str], *, replicates: int, seed: int
) -> tuple[list[pd.DataFrame], list[pd.DataFrame]]:
    """Measurements and scores of the students of every base and language that has any (see `extrinsic_replicates`)."""
    extrinsic, evaluation = [], []
    for (base, lang), path in files.base.items():
        cells = [cell for cell in files.students if (cell.base, cell.lang) == (base, lang) and cell not in holes]
        if not cells:
            continue
        students = {(cell.recipe, cell.teacher): [pd.read_parquet(path) for path in files.students[cell]] for cell in cells}
        anchors = pd.read_parquet(path), pd.read_parquet(files.reference[base, lang])
        measured, scores = extrinsic_replicates(students, *anchors, lang=lang, replicates=replicates, seed=seed)
        extrinsic.append(measured.assign(base=base))
        evaluation.append(scores.assign(base=base))
    return extrinsic, evaluation
