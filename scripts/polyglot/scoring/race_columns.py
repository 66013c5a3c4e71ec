"""What was seen of teachers in a race, as columns of a table that the posterior reads: scores, and how they vary together.

Columns are students of full training sets by language, then those of small ones by language, then what earlier studies say. The
covariance of a teacher's columns is

    teacher^2 main + language^2 own + noise,

with the spreads of teachers and of teachers in a language. The parts of a small set are `effect` times those of a full one, and
correlated with them by `correlation`. A small set is the beginning of a full one, so both share what every training on one draw
of data shares.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from polyglot.core.arrays import Array


@dataclass(frozen=True)
class Noise:
    """Variances of one student's score beside what all students of a language share, by language: shape (..., languages)."""

    kept: Array
    anew: Array

    def of(self, trainings: Array) -> Array:
        """The variance of a mean over trainings, (..., teachers, languages)."""
        variance: Array = self.kept[..., None, :] + self.anew[..., None, :] / np.maximum(trainings, 1)
        return variance


@dataclass(frozen=True)
class Earlier:
    """What earlier studies say of the teachers' values, up to a constant, given how far a teacher differs between studies.

    `spreads`: possible standard deviations between studies; `logs`: log weight of each before the race; both of shape (spreads,).
    `means` and `variances` of a teacher's value in this study: shape (..., spreads, teachers), missing where no study has it.
    """

    spreads: Array
    logs: Array
    means: Array
    variances: Array


@dataclass(frozen=True)
class Small:
    """Students of small training sets, and how far they are believed to tell of those of full ones.

    `scores`: shape (..., teachers, languages), missing where there is no student. `correlation`: of what teachers are in small
    and in full sets. `effect`: how far they differ in small sets, as a share of how far they do in full ones.
    """

    scores: Array
    correlation: float
    effect: float


@dataclass(frozen=True)
class Known:
    """The scores so far: mean over trainings, and their number (0: no student), both of shape (..., teachers, languages); and
    what earlier studies and students of small sets say."""

    scores: Array
    trainings: Array
    noise: Noise
    earlier: Earlier | None = None
    small: Small | None = None


@dataclass(frozen=True)
class Columns:
    """What was seen. `scores`: (..., teachers, columns), missing where nothing was; `noise`: (..., teachers, columns, columns);
    `main`, `own`: see above, (columns, columns)."""

    scores: Array
    noise: Array
    main: Array
    own: Array

    def covariance(self, teacher: float, language: float) -> Array:
        """Of a teacher's columns, (..., teachers, columns, columns)."""
        found: Array = teacher**2 * self.main + language**2 * self.own + self.noise
        return found

    def with_value(self, weights: Array, teacher: float, language: float) -> Array:
        """Covariance of the columns with a teacher's value, (columns).

        Args:
            weights: of languages in a value, (languages).
        """
        full = slice(len(weights))
        found: Array = teacher**2 * self.main[:, full] @ weights + language**2 * self.own[:, full] @ weights
        return found


def columns(known: Known, between: int = 0) -> Columns:
    """What was seen, as columns.

    Args:
        between: the place of the spread between studies, where there are earlier ones.
    """
    shape, languages = known.trainings.shape, known.trainings.shape[-1]
    scores, variances = [np.where(known.trainings > 0, known.scores, np.nan)], [known.noise.of(known.trainings)]
    place, small = list(range(languages)), [False] * languages
    if known.small is not None:
        scores.append(known.small.scores)
        variances.append(known.noise.of(np.ones(shape)))
        place, small = place * 2, small + [True] * languages
    if known.earlier is not None:
        means, of_means = (
            np.broadcast_to(of[..., between, :], shape[:-1]) for of in (known.earlier.means, known.earlier.variances)
        )
        scores.append(means[..., None])
        variances.append(of_means[..., None])
        place, small = [*place, -1], [*small, False]
    every, is_small = np.concatenate(variances, axis=-1), np.array(small)
    alike = np.ones((len(place), len(place)))
    noise = every[..., None] * np.eye(len(place))
    if known.small is not None:
        sizes = np.where(is_small, known.small.effect, 1.0)
        alike = np.outer(sizes, sizes) * np.where(is_small[:, None] != is_small, known.small.correlation, 1.0)
        both = np.arange(languages)
        for one, other in ((both, both + languages), (both + languages, both)):
            noise[..., one, other] = known.noise.kept[..., None, :]
    same = (np.array(place)[:, None] == np.array(place)) & (np.array(place) >= 0)
    return Columns(np.concatenate(scores, axis=-1), noise, alike, alike * same)
