"""From per-example files to measurements: a point estimate and bootstrap replicates of every cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from polyglot.hashing import stable_seed
from polyglot.perplexity import summarise
from polyglot.scores import INTRINSIC, KEYS, gap_flags, performance_gap_recovered

Array = npt.NDArray[np.float64]
CHUNK = 2_000_000
"""Most resampling counts held at a time."""


def resample_means(values: Array, replicates: int, rng: np.random.Generator) -> Array:
    """Means of bootstrap resamples of rows, each column's NaN left out.

    Args:
        values: shape (n, k).

    Returns:
        Shape (replicates, k).
    """
    n, known = len(values), np.isfinite(values)
    filled = np.where(known, values, 0.0)
    found = np.empty((replicates, values.shape[1]))
    step = max(1, CHUNK // n)
    for start in range(0, replicates, step):
        counts = rng.multinomial(n, np.full(n, 1 / n), size=min(step, replicates - start)).astype(float)
        seen = counts @ known
        found[start : start + step] = np.where(seen > 0, counts @ filled / np.where(seen > 0, seen, 1), np.nan)
    return found


def resample_seeds(replicates: Array, rng: np.random.Generator) -> Array:
    """Means over resampled seeds.

    Deviations from the mean over all seeds are scaled by sqrt(S / (S - 1)), without which a bootstrap of few seeds is too sure.

    Args:
        replicates: shape (S seeds, replicates, ...), already resampled over examples.

    Returns:
        Shape (replicates, ...).
    """
    seeds, count = replicates.shape[:2]
    mean: Array = replicates.mean(axis=0)
    if seeds == 1:
        return mean
    picked = replicates[rng.integers(seeds, size=(seeds, count)), np.arange(count)].mean(axis=0)
    scaled: Array = mean + (picked - mean) * np.sqrt(seeds / (seeds - 1))
    return scaled


def intrinsic_replicates(seeds: Sequence[pd.DataFrame], replicates: int, rng: np.random.Generator) -> dict[str, Array]:
    """Point estimate (place 0) and replicates of the four intrinsic metrics of a cell.

    Seeds are resampled, then examples within each seed. Diversity is a mean over pairs: its replicate is the point estimate
    plus twice the resampled mean's deviation, the first-order (Hoeffding) term of a U-statistic of degree two.

    Args:
        seeds: one frame a seed, one row an example: prompt_distance, response_distance, reward, perplexity.

    Returns:
        Metric to an array of shape (replicates + 1,).
    """
    columns = ["prompt_distance", "response_distance", "reward", "perplexity"]
    values = [frame[columns].to_numpy(dtype=float) for frame in seeds]
    points = np.stack([np.nanmean(value, axis=0) for value in values])
    drawn = np.stack([resample_means(value, replicates, rng) for value in values])
    drawn[:, :, :2] = points[:, None, :2] + 2 * (drawn[:, :, :2] - points[:, None, :2])
    whole = np.vstack([points.mean(axis=0), resample_seeds(drawn, rng)])
    return dict(zip(INTRINSIC, whole.T, strict=True))


def align_outcomes(models: Mapping[str, pd.DataFrame]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Outcomes of several models on the same items.

    Args:
        models: model name to its outcomes on one benchmark and language (see `polyglot.evaluation`).

    Returns:
        (items: stratum, example_id, weight; correct: one column a model, one row an item).

    Raises:
        ValueError: if an item is there twice, or two models were not evaluated on the same items.
    """
    keys = ["stratum", "example_id"]
    names = list(models)
    correct = {}
    items = pd.DataFrame()
    for name in names:
        frame = models[name].sort_values(keys, ignore_index=True)
        if frame.duplicated(keys).any():
            raise ValueError(f"'{name}': the item {tuple(frame.loc[frame.duplicated(keys), keys].iloc[0])} is there twice")
        items = frame[[*keys, "weight"]] if items.empty else items
        if not frame[keys].equals(items[keys]):
            raise ValueError(f"'{name}' and '{names[0]}' were not evaluated on the same items; evaluate both again")
        correct[name] = frame["correct"].astype(float)
    return items, pd.DataFrame(correct)


def score_replicates(items: pd.DataFrame, correct: pd.DataFrame, replicates: int, rng: np.random.Generator) -> Array:
    """Scores of several models on one benchmark, and bootstrap replicates over its items.

    Items are resampled within strata, the same for every model, so that differences between models keep their pairing.

    Returns:
        Shape (replicates + 1, models); place 0 is the score itself.
    """
    weighted = items["weight"].to_numpy()[:, None] * correct.to_numpy()
    found = np.zeros((replicates + 1, correct.shape[1]))
    found[0] = weighted.sum(axis=0)
    for _, rows in items.groupby("stratum", sort=True).indices.items():
        found[1:] += resample_means(weighted[rows], replicates, rng) * len(rows)
    return found


def paired_se(items: pd.DataFrame, difference: Array) -> float:
    """Standard error of a difference of two models' scores on one benchmark, from their paired outcomes.

    Floored at half an item, so that two models with equal outcomes on every item are not told apart with certainty.
    """
    variance = 0.0
    for _, rows in items.groupby("stratum", sort=True).indices.items():
        weights = items["weight"].to_numpy()[rows]
        spread = difference[rows].var(ddof=1) if len(rows) > 1 else 0.25
        variance += float((weights**2).sum()) * spread
    return float(max(np.sqrt(variance), 0.5 * items["weight"].mean()))


def extrinsic_replicates(
    students: Mapping[str, Sequence[pd.DataFrame]],
    base: pd.DataFrame,
    reference: pd.DataFrame,
    *,
    lang: str,
    replicates: int,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Extrinsic measurements of one language: every teacher's students against base and reference.

    Args:
        students: teacher to its students' outcomes, one frame a seed.
        base, reference: the anchors' outcomes on the same items.

    Returns:
        (measurements, scores). `measurements`: replicate, teacher, lang, student, base, reference, gain, gain_se, gap,
        gap_se, pgr_released, pgr_paper, standardised_gain. `scores`: benchmark, lang, model, score, se, n, one row each.

    The standardised gain divides by one standard error a language, the root mean square over teachers: within a language a
    smaller gain then never scores higher, which a standard error of each student's own would not promise.
    """
    benchmarks = sorted(base["benchmark"].unique())
    draws: dict[str, dict[str, Array]] = {}
    score_rows = []
    gain_variance = dict.fromkeys(students, 0.0)
    by_seed = {teacher: np.zeros(len(frames)) for teacher, frames in students.items()}
    gap_variance = 0.0
    for benchmark in benchmarks:
        models = {"base": base, "reference": reference}
        for teacher, frames in students.items():
            models |= {f"{teacher}\x1f{number}": frame for number, frame in enumerate(frames)}
        items, correct = align_outcomes({name: frame[frame["benchmark"] == benchmark] for name, frame in models.items()})
        rng = np.random.default_rng(stable_seed("items", benchmark, lang, seed))
        found = score_replicates(items, correct, replicates, rng)
        by_model = dict(zip(correct.columns, found.T, strict=True))
        one = {"base": by_model["base"], "reference": by_model["reference"]}
        outcome = {"base": correct["base"].to_numpy(), "reference": correct["reference"].to_numpy()}
        for teacher, frames in students.items():
            names = [f"{teacher}\x1f{number}" for number in range(len(frames))]
            stacked = np.stack([by_model[name] for name in names])
            rng_seeds = np.random.default_rng(stable_seed("seeds", teacher, lang, seed))  # the same draw for every benchmark
            one[teacher] = np.concatenate([stacked[:, 0].mean(axis=0, keepdims=True), resample_seeds(stacked[:, 1:], rng_seeds)])
            outcome[teacher] = correct[names].mean(axis=1).to_numpy()
            gain_variance[teacher] += paired_se(items, outcome[teacher] - outcome["base"]) ** 2
            by_seed[teacher] = by_seed[teacher] + stacked[:, 0]
        gap_variance += paired_se(items, outcome["reference"] - outcome["base"]) ** 2
        draws[benchmark] = one
        for model, values in one.items():
            se = float(values[1:].std(ddof=1))
            score_rows.append(
                {"benchmark": benchmark, "lang": lang, "model": model, "score": values[0], "se": se, "n": len(items)}
            )
    rows = []
    anchors = {name: np.mean([draws[benchmark][name] for benchmark in benchmarks], axis=0) for name in ("base", "reference")}
    gap_se = np.sqrt(gap_variance) / len(benchmarks)
    for teacher, totals in by_seed.items():  # a seed's luck is shared by all benchmarks of its student
        gain_variance[teacher] += float(totals.var(ddof=1)) / len(totals) if len(totals) > 1 else 0.0
    gain_ses = {teacher: float(np.sqrt(variance)) / len(benchmarks) for teacher, variance in gain_variance.items()}
    common_se = float(np.sqrt(np.mean([se**2 for se in gain_ses.values()])))
    for teacher in students:
        student = np.mean([draws[benchmark][teacher] for benchmark in benchmarks], axis=0)
        ratios = [
            performance_gap_recovered(draws[name][teacher], draws[name]["base"], draws[name]["reference"]) for name in benchmarks
        ]
        rows.append(
            pd.DataFrame(
                {
                    "replicate": np.arange(replicates + 1),
                    "teacher": teacher,
                    "lang": lang,
                    "student": student,
                    "base": anchors["base"],
                    "reference": anchors["reference"],
                    "gain": student - anchors["base"],
                    "gain_se": gain_ses[teacher],
                    "gap": anchors["reference"] - anchors["base"],
                    "gap_se": gap_se,
                    "pgr_released": performance_gap_recovered(student, anchors["base"], anchors["reference"]),
                    "pgr_paper": np.mean(ratios, axis=0),
                    "standardised_gain": (student - anchors["base"]) / common_se,
                }
            )
        )
    return pd.concat(rows, ignore_index=True), pd.DataFrame(score_rows)


@dataclass(frozen=True)
class CellFiles:
    """Paths of a base's and a recipe's per-example files; the keys are (teacher, lang) and lang, one path a seed."""

    diversity: dict[tuple[str, str], list[str]]
    reward: dict[tuple[str, str], list[str]]
    perplexity: dict[tuple[str, str], list[str]]
    students: dict[tuple[str, str], list[str]]
    base: dict[str, str]
    reference: dict[str, str]

    @classmethod
    def arrange(cls, paths: Any, teachers: Sequence[str], languages: Sequence[str], seeds: Sequence[int]) -> CellFiles:
        """From flat lists in the order teacher, language, seed (attributes of `paths`, named as here)."""
        cells = [(teacher, lang) for teacher in teachers for lang in languages]

        def by_cell(flat: Sequence[str]) -> dict[tuple[str, str], list[str]]:
            return {cell: list(flat[place * len(seeds) : (place + 1) * len(seeds)]) for place, cell in enumerate(cells)}

        def by_lang(flat: Sequence[str]) -> dict[str, str]:
            return dict(zip(languages, flat, strict=True))

        return cls(
            diversity=by_cell(paths.diversity),
            reward=by_cell(paths.reward),
            perplexity=by_cell(paths.perplexity),
            students=by_cell(paths.students),
            base=by_lang(paths.base),
            reference=by_lang(paths.reference),
        )


@dataclass(frozen=True)
class Collected:
    """What `collect` finds: see `polyglot.scores` for `measurements`; the others are tables for people."""

    measurements: pd.DataFrame
    intrinsic: pd.DataFrame
    evaluation: pd.DataFrame
    gaps: pd.DataFrame


def collect(files: CellFiles, *, replicates: int, seed: int) -> Collected:
    """Read per-example files and measure every cell, with bootstrap replicates."""
    intrinsic, summaries = [], []
    for (teacher, lang), paths in files.diversity.items():
        seeds = []
        for place, path in enumerate(paths):
            reward, perplexity = (pd.read_parquet(kind[teacher, lang][place]) for kind in (files.reward, files.perplexity))
            seeds.append(
                pd.read_parquet(path)
                .merge(reward, on="id", validate="one_to_one")
                .merge(perplexity, on="id", validate="one_to_one")
            )
        rng = np.random.default_rng(stable_seed("intrinsic", teacher, lang, seed))
        found = intrinsic_replicates(seeds, replicates, rng)
        cell = {"replicate": np.arange(replicates + 1), "teacher": teacher, "lang": lang}
        intrinsic.append(pd.DataFrame({**cell, **found}))
        summaries.append({"teacher": teacher, "lang": lang, **_summary(pd.concat(seeds, ignore_index=True), found)})
    extrinsic, evaluation = [], []
    teachers = list(dict.fromkeys(teacher for teacher, _ in files.students))
    for lang, base in files.base.items():
        students = {teacher: [pd.read_parquet(path) for path in files.students[teacher, lang]] for teacher in teachers}
        anchors = pd.read_parquet(base), pd.read_parquet(files.reference[lang])
        measured, scores = extrinsic_replicates(students, *anchors, lang=lang, replicates=replicates, seed=seed)
        extrinsic.append(measured)
        evaluation.append(scores)
    measurements = pd.concat(intrinsic).merge(pd.concat(extrinsic), on=["replicate", *KEYS], validate="one_to_one")
    point = measurements[measurements["replicate"] == 0]
    gaps = point.drop_duplicates("lang")[["lang", "base", "reference", "gap", "gap_se"]].sort_values("lang")
    return Collected(
        measurements=measurements,
        intrinsic=pd.DataFrame(summaries),
        evaluation=pd.concat(evaluation, ignore_index=True),
        gaps=gap_flags(gaps.reset_index(drop=True)),
    )


def _summary(examples: pd.DataFrame, found: Mapping[str, Array]) -> dict[str, float]:
    """One row of the intrinsic table: metrics with standard errors, other perplexities, lengths, counts."""
    metrics = {name: float(found[name][0]) for name in INTRINSIC}
    errors = {f"{name}_se": float(found[name][1:].std(ddof=1)) for name in INTRINSIC}
    perplexity = summarise(examples["nll"], examples["tokens"])
    return {
        **metrics,
        **errors,
        "perplexity_corpus": perplexity["corpus"],
        "perplexity_median": perplexity["median"],
        "prompt_tokens": float(examples["prompt_tokens"].mean()),
        "response_tokens": float(examples["response_tokens"].mean()),
        "examples": len(examples),
        "rated": int(examples["reward"].notna().sum()),
    }
