"""Students' outcomes: scores by benchmark with replicates over items and seeds, and their standard errors."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from polyglot.core.arrays import Array
from polyglot.core.errors import WrongInput
from polyglot.core.hashing import stable_seed
from polyglot.scoring.given_answers import Given, given
from polyglot.scoring.resampling import resample_means
from polyglot.scoring.seed_spread import Spread, deviations

Student = tuple[str, str]
"""(recipe, teacher)."""
ANCHORS = ("base", "reference")


def read_scored(path: str, unscored: Collection[str] = ()) -> pd.DataFrame:
    """A model's outcomes without the benchmarks that are measured and not scored (`evaluation.benchmarks.NAME.scored`)."""
    frame = pd.read_parquet(path)
    return frame[~frame["benchmark"].isin(list(unscored))].reset_index(drop=True) if unscored else frame


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
            raise WrongInput(f"'{name}': duplicate item {tuple(frame.loc[frame.duplicated(keys), keys].iloc[0])}")
        items = frame[[*keys, "weight"]] if items.empty else items
        if not frame[keys].equals(items[keys]):
            raise WrongInput(f"'{name}' and '{names[0]}' were not evaluated on the same items; evaluate both again")
        correct[name] = frame["correct"].astype(float)
    return items, pd.DataFrame(correct)


def score_replicates(items: pd.DataFrame, correct: pd.DataFrame, replicates: int, rng: np.random.Generator) -> Array:
    """Scores of several models on one benchmark, and bootstrap replicates over its items.

    Items are resampled within strata, the same for every model, so that differences between models keep their pairing. Resamples
    of n items have (n - 1) / n of the variance (Rao and Wu, 1988), so deviations grow by the root of n / (n - 1). An item that is
    alone in its stratum has the deviation of any item of the benchmark. Replicates can leave the range of scores a little.

    Args:
        items: see `align_outcomes`; correct: shape (items, models).

    Returns:
        Shape (replicates + 1, models); index 0 is the score itself. The variance of a difference is that of `paired_se` without
        its floor.
    """
    weights, values = items["weight"].to_numpy(), correct.to_numpy()
    weighted, count = weights[:, None] * values, len(items)
    found = np.tile(weighted.sum(axis=0), (replicates + 1, 1))
    for rows in items.groupby("stratum", sort=True).indices.values():
        n = len(rows)
        if n > 1:
            apart = (weighted[rows] - weighted[rows].mean(axis=0)) * np.sqrt(n / (n - 1))
            found[1:] += resample_means(apart, replicates, rng) * n
        elif count > 1:
            apart = (values - values.mean(axis=0)) * np.sqrt(count / (count - 1))
            found[1:] += weights[rows] * apart[rng.integers(count, size=replicates)]
    return found


def paired_se(items: pd.DataFrame, difference: Array) -> float:
    """Standard error of a difference of two models' scores on one benchmark, from their paired outcomes.

    Floored at half an item, so that models with equal outcomes on every item do not get a standard error of zero.
    """
    return float(np.hypot(np.sqrt(_paired_variance(items, difference)), unseen_se(items, difference)))


def unseen_se(items: pd.DataFrame, difference: Array) -> float:
    """What the floor of `paired_se` adds: a standard error that resamples of the items do not show, 0 above the floor."""
    floor = 0.5 * items["weight"].mean()
    return float(np.sqrt(max(floor**2 - _paired_variance(items, difference), 0.0)))


def _paired_variance(items: pd.DataFrame, difference: Array) -> float:
    """The variance over items of the weighted sum of differences, shape (items,); of an item that is alone in its stratum that of
    all items together, and 0 of a benchmark of one item."""
    if len(items) == 1:
        return 0.0
    variance = 0.0
    for _, rows in items.groupby("stratum", sort=True).indices.items():
        weights = items["weight"].to_numpy()[rows]
        spread = difference[rows if len(rows) > 1 else slice(None)].var(ddof=1)
        variance += float((weights**2).sum()) * spread
    return variance


@dataclass(frozen=True)
class Trained:
    """A student's scores by draw of data and training, shape (draws, trainings), and the variance over items of one of them given
    the items' difficulty."""

    scores: Array
    noise: float


@dataclass(frozen=True)
class BenchmarkDraws:
    """One benchmark in one language, for base, reference and every student.

    `scores`: score (index 0) and replicates over items, of students the mean over seeds, with what the floor of `errors` adds, so
    that the interval of a gain agrees with its standard error; `errors`: standard error over items of
    the difference from the base; `by_seed`: each student's score by seed; `noise`: the variance over items of one seed's score
    given the items' difficulty, which is a part of the variance between seeds; `trained`: the scores of single trainings;
    `answers`: what every model answered.

    A seed's score is the mean of the trainings on its draw of data. Where there is one draw only, its trainings take the place of
    seeds: what another draw would change is then in none of these numbers.
    """

    scores: dict[Student | str, Array]
    errors: dict[Student | str, float]
    by_seed: dict[Student, Array]
    noise: dict[Student, float]
    items: int
    trained: dict[Student, Trained] = field(default_factory=dict)
    answers: dict[Student | str, Given] = field(default_factory=dict)

    @property
    def between(self) -> float:
        """The variance between seeds of a student's score, pooled over students, less that of items; 0 or more on average."""
        values, df = deviations(self.by_seed.values())
        return float(values @ values) / df - float(np.mean(list(self.noise.values()))) if df else 0.0


def benchmark_draws(
    benchmark: str,
    students: Mapping[Student, Sequence[pd.DataFrame]],
    base: pd.DataFrame,
    reference: pd.DataFrame,
    lang: str,
    replicates: int,
    seed: int,
    trainings: int = 1,
) -> BenchmarkDraws:
    """Scores on one benchmark in one language, with replicates over items, the same for every model.

    Args:
        students: (recipe, teacher) to its students' outcomes: of each draw of data, its trainings.
        trainings: on each draw.
    """
    frames = {"base": base, "reference": reference}
    for student, by_seed in students.items():
        frames |= {f"{student}/{number}": frame for number, frame in enumerate(by_seed)}
    frames = {name: frame[frame["benchmark"] == benchmark] for name, frame in frames.items()}
    items, correct = align_outcomes(frames)
    rng = np.random.default_rng(stable_seed("items", benchmark, lang, seed))
    by_model = dict(zip(correct.columns, score_replicates(items, correct, replicates, rng).T, strict=True))
    found = BenchmarkDraws({name: by_model[name] for name in ANCHORS}, {}, {}, {}, len(items))
    weights = items["weight"].to_numpy()
    found.answers.update((name, given([frames[name]], frames["base"])) for name in ANCHORS)
    found.errors["reference"] = paired_se(items, (correct["reference"] - correct["base"]).to_numpy())
    for student, by_seed in students.items():
        names = [f"{student}/{number}" for number in range(len(by_seed))]
        own = correct[names]
        found.answers[student] = given([frames[name] for name in names], frames["base"])
        difference = own.mean(axis=1).to_numpy() - correct["base"].to_numpy()
        found.scores[student] = np.mean([by_model[name] for name in names], axis=0)
        found.errors[student] = paired_se(items, difference)
        if unseen := unseen_se(items, difference):
            own_rng = np.random.default_rng(stable_seed("unseen", benchmark, lang, *student, seed))
            found.scores[student][1:] += own_rng.normal(scale=unseen, size=replicates)
        single = own.to_numpy().reshape(len(items), -1, trainings)
        units = single.mean(axis=2) if single.shape[1] > 1 else single[:, 0]
        scores = np.array([by_model[name][0] for name in names]).reshape(-1, trainings)
        found.by_seed[student] = scores.mean(axis=1) if len(scores) > 1 else scores[0]
        found.noise[student] = float(weights**2 @ _variance(units, axis=1))
        noise = float(weights**2 @ _variance(single, axis=2).mean(axis=1))
        found.trained[student] = Trained(scores, noise)
    return found


def _variance(values: Array, axis: int) -> Array:
    """Variance along an axis; 0 for a single value."""
    shape = tuple(size for place, size in enumerate(values.shape) if place != axis)
    found: Array = values.var(axis=axis, ddof=1) if values.shape[axis] > 1 else np.zeros(shape)
    return found


@dataclass(frozen=True)
class LanguageDraws:
    """The benchmarks of one base in one language, by name.

    `too_long`: examples that a student was not trained on because they are longer than `training.max_length`, over all of its
    seeds and trainings; students without any are not named. `whole`: of some of the benchmarks (see `of`) all of them, because
    the spread between seeds is estimated, and drawn, from all.
    """

    base: str
    lang: str
    benchmarks: Mapping[str, BenchmarkDraws]
    too_long: Mapping[Student, int] = field(default_factory=dict)
    whole: LanguageDraws | None = None

    def of(self, benchmarks: Collection[str]) -> LanguageDraws:
        """The same with some of its benchmarks."""
        kept = {name: found for name, found in self.benchmarks.items() if name in benchmarks}
        return replace(self, benchmarks=kept, whole=self.whole or self)

    @property
    def students(self) -> list[Student]:
        return list(next(iter(self.benchmarks.values())).by_seed)

    def anchor(self, name: str) -> Array:
        """Mean over benchmarks of base or reference, with replicates."""
        mean: Array = np.mean([found.scores[name] for found in self.benchmarks.values()], axis=0)
        return mean

    def by_seed(self, student: Student) -> Array:
        """Mean over benchmarks by seed, shape (seeds,)."""
        mean: Array = np.mean([found.by_seed[student] for found in self.benchmarks.values()], axis=0)
        return mean

    def trained(self, student: Student) -> Trained:
        """Mean over benchmarks by draw of data and training."""
        own = [found.trained[student] for found in self.benchmarks.values()]
        return Trained(np.mean([one.scores for one in own], axis=0), sum(one.noise for one in own) / len(own) ** 2)

    def noise(self, student: Student) -> float:
        """The part of items in the variance of that mean between seeds."""
        return sum(found.noise[student] for found in self.benchmarks.values()) / len(self.benchmarks) ** 2

    def apart(self, spread: Spread) -> float:
        """Variance between seeds of a student's score on one benchmark beyond that of its mean over benchmarks."""
        beyond = [found.between for found in self.benchmarks.values()]
        return max(0.0, float(np.mean(beyond)) - spread.excess)

    def replicated(self, student: Student, spread: Spread, seed: int) -> dict[str, Array]:
        """Benchmark to the student's score (index 0) and replicates over items and seeds.

        The deviation of a training has a part that all benchmarks share, and one by benchmark whose mean is zero over all
        benchmarks of the study in this language.
        """
        if self.whole:
            return {
                name: drawn for name, drawn in self.whole.replicated(student, spread, seed).items() if name in self.benchmarks
            }
        rng = np.random.default_rng(stable_seed("seeds", self.base, *student, self.lang, seed))
        seeds, count = len(self.by_seed(student)), len(self.benchmarks)
        common = spread.shift(seeds, rng)
        own = rng.normal(size=(count, len(common)))
        own = (own - own.mean(axis=0)) * np.sqrt(self.apart(spread) * count / max(count - 1, 1) / seeds)
        return {
            name: found.scores[student] + np.concatenate([[0.0], common + deviation])
            for (name, found), deviation in zip(self.benchmarks.items(), own, strict=True)
        }

    def gain_error(self, student: Student, spread: Spread) -> float:
        """Standard error of the student's mean gain over the base, over items and seeds."""
        items = sum(found.errors[student] ** 2 for found in self.benchmarks.values()) / len(self.benchmarks) ** 2
        return float(np.sqrt(items + self._between(spread) / len(self.by_seed(student))))

    def _between(self, spread: Spread) -> float:
        """The variance between seeds of a student's mean over these benchmarks, beyond that of items.

        The mean over all benchmarks is what `spread` was pooled from. In a mean over some of them, the deviations that each
        benchmark has by itself are averaged less.
        """
        if not self.whole:
            return spread.excess
        count = len(self.whole.benchmarks)
        return spread.excess + self.whole.apart(spread) * (count / len(self.benchmarks) - 1) / max(count - 1, 1)

    def benchmark_error(self, student: Student, name: str) -> float:
        """Standard error of the student's gain on one benchmark, over items and seeds."""
        found = self.benchmarks[name]
        return float(np.sqrt(found.errors[student] ** 2 + max(0.0, found.between) / len(found.by_seed[student])))

    def gap_error(self) -> float:
        """Standard error over items of the reference's mean gain over the base."""
        return float(np.sqrt(sum(found.errors["reference"] ** 2 for found in self.benchmarks.values()))) / len(self.benchmarks)


def language_draws(
    students: Mapping[Student, Sequence[pd.DataFrame]],
    base: pd.DataFrame,
    reference: pd.DataFrame,
    *,
    name: str,
    lang: str,
    replicates: int,
    seed: int,
    trainings: int = 1,
) -> LanguageDraws:
    """All benchmarks of one base (`name`) in one language."""
    benchmarks = sorted(base["benchmark"].unique())
    draws = {each: benchmark_draws(each, students, base, reference, lang, replicates, seed, trainings) for each in benchmarks}
    left = {
        student: sum(int(frame["too_long"].iloc[0]) for frame in frames if "too_long" in frame and len(frame))
        for student, frames in students.items()
    }
    return LanguageDraws(name, lang, draws, {student: count for student, count in left.items() if count})


def students_spread(draws: Iterable[LanguageDraws], replicates: int, seed: int) -> Spread:
    """The spread of a student's mean score between seeds, pooled over all students."""
    known = [(one.by_seed(student), one.noise(student)) for one in draws for student in one.students]
    return Spread.pooled(known, replicates, seed)
