"""A benchmark's part of students' scores, recovered from their mean over benchmarks.

A released student score is the unweighted mean over a language's benchmarks. All but one of them count right answers: their
scores are multiples of one over the number of items. So the number of benchmarks times a student's score, less the remaining
benchmark's part, is a multiple of 1/L, where L is the least common multiple of those numbers of items. Two students have the
same part if their sums differ by a multiple of 1/L: scores are released with ten digits, so two different parts look the same in
less than one of 100,000 pairs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import lcm

import numpy as np
import pandas as pd

ROUNDING = 1e-9
"""Largest difference of two sums that rounding of released scores to ten digits explains, with a margin."""


@dataclass(frozen=True)
class Counted:
    """A benchmark that counts right answers."""

    items: int
    langs: tuple[str, ...]


def counted(settings: Mapping[str, Mapping[str, object]]) -> list[Counted]:
    """The benchmarks of a claim's arguments: name to `items` (their number a language) and `langs`."""
    return [Counted(int(str(one["items"])), tuple(one["langs"])) for one in settings.values()]  # type: ignore[arg-type]


def reward_bench_parts(students: pd.DataFrame, others: Iterable[Counted], constants: Iterable[float]) -> pd.DataFrame:
    """Which students have the same part, or one of the given constant values, in the benchmark that is not in `others`.

    Args:
        students: base, teacher, lang, student_score, student_se (the standard error of the mean; may be missing).
        constants: values of the part that are looked for.

    Returns:
        base, teacher, lang, benchmarks (of the language), alike (students of the language with the same part, itself included),
        constant (the value, or NaN), remainder (sum of the other benchmarks' scores where the part is known).
    """
    found = []
    benchmarks, values = list(others), list(constants)
    for lang, group in students.groupby("lang", sort=True):
        own = [one.items for one in benchmarks if lang in one.langs]
        sums = (1 + len(own)) * group["student_score"].to_numpy(dtype=float)
        step = 1 / lcm(*own) if own else 0.0
        row = group[["base", "teacher", "lang", "student_se"]].assign(benchmarks=1 + len(own))
        row["alike"] = _same(sums[:, None] - sums[None, :], step).sum(axis=1)
        row["constant"] = np.nan
        for value in values:
            row.loc[_same(sums - value, step) & (sums >= value - ROUNDING), "constant"] = value
        found.append(row.assign(remainder=sums - row["constant"]))
    return pd.concat(found, ignore_index=True)


def _same(difference: np.ndarray, step: float) -> np.ndarray:
    """Whether differences are multiples of a step, but for rounding."""
    apart = np.abs(difference if not step else difference - step * np.round(difference / step))
    result: np.ndarray = apart <= 2 * ROUNDING
    return result


def part_error(parts: pd.DataFrame, items: int) -> pd.Series:
    """Standard error of the part of students with a constant part whose language has one other benchmark.

    The released standard error of a mean over benchmarks is the mean of theirs: twice it, less that of the other benchmark
    (a share of `items` right answers), is the part's.

    Args:
        parts: from `reward_bench_parts`.
        items: number of items of the other benchmark.
    """
    known = parts[(parts["benchmarks"] == 2) & parts["constant"].notna() & parts["student_se"].notna()]
    share = known["remainder"]
    error: pd.Series = 2 * known["student_se"] - np.sqrt(share * (1 - share) / (items - 1))
    return error


def weighted_error(share: float, categories: Iterable[Iterable[int]]) -> float:
    """Standard error of a share of right answers, averaged over categories, each the mean of its subsets.

    Args:
        categories: numbers of items of the subsets of each category.
    """
    sizes = [list(subsets) for subsets in categories]
    variance = sum(share * (1 - share) / items / len(subsets) ** 2 for subsets in sizes for items in subsets)
    return float(np.sqrt(variance) / len(sizes))
