"""Shared parts of a study's tables: names of rows and columns, averages of replicates, base and reference by language."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.numbers import FLAG, HOLE, UNKNOWN, number, with_error, with_interval
from polyglot.displays.table import Table
from polyglot.displays.words import flag_notes, size_notes, span
from polyglot.scoring.scores import KEYS, STUDENT, interval
from polyglot.study.reserved import REPLICATION

Row = dict[str, Any]
FORMULAS = {
    "released": "α × intrinsic + (1 − α) × PGR, PGR one ratio of mean benchmark scores a language",
    "paper": "the z-score over cells of α × intrinsic + (1 − α) × PGR, PGR the mean of the benchmarks' ratios",
    "signsafe": "α × intrinsic + (1 − α) × the z-score over cells of the student's gain over its base, which (unlike PGR) cannot "
    "change sign; with equal data, a smaller gain never scores higher; every language weighs the same",
}
PERPLEXITY = (
    "The intrinsic score takes the perplexity of the median example (or as `scoring.perplexity` says).",
    "The intrinsic score takes the mean perplexity over examples, as published, which a few odd answers can decide.",
)


class Estimate(NamedTuple):
    """A value with the ends of its interval, NaN if there is none."""

    value: float = np.nan
    low: float = np.nan
    high: float = np.nan

    @classmethod
    def of(cls, row: Mapping[str, Any], column: str) -> Estimate:
        """From a row's columns {column}, {column}_low and {column}_high."""
        return cls(*(float(row[f"{column}{end}"]) for end in ENDS))

    def text(self, digits: int = 3, *, sign: bool = False, missing: str = UNKNOWN) -> str:
        return with_interval(*self, digits, sign=sign, missing=missing)

    def named(self, name: str) -> dict[str, float]:
        """Columns {name}, {name}_low and {name}_high."""
        return {f"{name}{end}": value for end, value in zip(ENDS, self, strict=True)}

    @property
    def known(self) -> bool:
        return bool(pd.notna(self.value))

    @property
    def apart(self) -> bool:
        """Whether the interval excludes zero."""
        return self.low > 0 or self.high < 0


ENDS = ("", "_low", "_high")


@dataclass(frozen=True)
class Students:
    """Row names of students: with base and recipe only if there are several."""

    context: Context
    bases: Sequence[str]
    recipes: Sequence[str]

    @classmethod
    def of(cls, context: Context, frame: pd.DataFrame) -> Students:
        """Those of a frame, in the order of the experiment."""
        bases = ordered(frame["base"], context.bases)
        return cls(context, bases, ordered(frame["recipe"], list(context.recipes)))

    def name(self, row: Mapping[str, Any]) -> Row:
        """Columns that name a row's student."""
        base = {"base": self.context.model(row["base"])} if len(self.bases) > 1 else {}
        recipe = {"recipe": row["recipe"]} if len(self.recipes) > 1 else {}
        return {**base, **recipe, "teacher": self.context.model(row["teacher"])}

    @property
    def base(self) -> str | None:
        """The only base, if there is only one."""
        return self.bases[0] if len(self.bases) == 1 else None

    def language(self, lang: str, base: str | None = None) -> str:
        """A language's name, flagged if its base (of a column: the only base) has no reference above it."""
        one = base or self.base
        return self.context.language(lang, one) if one else str(self.context.languages.get(lang, {}).get("name", lang))

    def headers(self, langs: Sequence[str]) -> dict[str, str]:
        return unique({lang: self.language(lang) for lang in langs})

    def flag(self, base: str, lang: str) -> str:
        """Flags a single value, because a column with several bases cannot be flagged."""
        return f" {FLAG}" if len(self.bases) > 1 and self.context.is_flagged(lang, base) else ""

    def note(self) -> str:
        """Which students the numbers are about."""
        bases = ", ".join(self.context.model(base) for base in self.bases)
        parts = [f"Student base: {bases}" if len(self.bases) == 1 else f"Student bases: {bases}"]
        parts.append(f"recipe{'s' if len(self.recipes) > 1 else ''}: {', '.join(self.recipes)}")
        if self.context.study != REPLICATION and any(recipe in self.context.recipes for recipe in self.recipes):
            parts.append(f"training examples per language: {self._sizes()}")
            parts.append(f"seeds: {self.context.seeds}")
            parts += [f"trainings on each seed's data: {self.context.trainings}"] if self.context.trainings > 1 else []
        return " ".join([f"{'; '.join(parts)}.", *size_notes(self.context, self.recipes)])

    def _sizes(self) -> str:
        """The sizes that were asked for and, where a set is smaller, the smallest and the largest that there are."""
        wanted = {recipe: self.context.recipes[recipe] for recipe in self.recipes if recipe in self.context.recipes}
        texts: dict[int, str] = {}
        for size in sorted(set(wanted.values())):
            found = [one for recipe in wanted if wanted[recipe] == size for one in self.context.sizes_of(recipe)]
            short = min(found, default=size) < size
            texts[size] = f"up to {size:,} ({span(found)})" if short else f"{size:,}"
        return " or ".join(texts.values())


def row_dicts(frame: pd.DataFrame) -> list[Row]:
    """Rows as mappings from column to value."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def ordered(found: Iterable[Any], order: Sequence[str]) -> list[str]:
    """Distinct values in a given order; values not in it come last."""
    values = dict.fromkeys(str(value) for value in found if pd.notna(value))
    return [*(value for value in order if value in values), *(value for value in values if value not in order)]


def unique(labels: Mapping[str, str]) -> dict[str, str]:
    """Labels as column names; equal labels are distinguished by their keys."""
    names = list(labels.values())
    return {key: f"{label} ({key})" if names.count(label) > 1 else label for key, label in labels.items()}


def of_main(context: Context, frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of the study's own base and recipe; of the first ones in the frame if it has no such rows."""
    if frame.empty:
        return frame
    pairs = list(dict.fromkeys(zip(frame["base"], frame["recipe"], strict=True)))
    base, recipe = (context.base, context.recipe) if (context.base, context.recipe) in pairs else pairs[0]
    return frame[(frame["base"] == base) & (frame["recipe"] == recipe)]


def unmeasured(cells: pd.DataFrame, holes: pd.DataFrame | None, reason: str = "reason not recorded") -> pd.DataFrame:
    """All missing cells: recorded ones with a reason, and cells without a measurement or a recorded reason."""
    empty = cells.loc[cells["intrinsic"].isna(), list(KEYS)].assign(reason=reason)
    known = [empty] if holes is None or holes.empty else [holes, empty]
    return pd.concat(known, ignore_index=True).drop_duplicates(list(KEYS), ignore_index=True)


def averaged(replicates: pd.DataFrame, column: str, by: Sequence[str] = STUDENT, over: str = "lang") -> pd.DataFrame:
    """Mean over languages (or another key) in every replicate, NaN if one of the experiment's values is missing.

    Returns:
        One row per replicate (0, the point estimate, first), one column per combination of `by`.
    """
    groups = replicates.groupby(["replicate", *by], sort=False)[column]
    mean = groups.mean(skipna=False).where(groups.size() == replicates[over].nunique())
    wide: pd.DataFrame = mean.unstack(list(by)).sort_index().sort_index(axis=1)
    return wide


def estimates(wide: pd.DataFrame, confidence: float) -> dict[Any, Estimate]:
    """Point estimate and percentile interval of every column of replicates."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a column of NaN has no interval, and none is shown
        low, high = interval(wide.drop(index=0).to_numpy(dtype=float), confidence)
    values = wide.loc[0].to_numpy(dtype=float)
    return {name: Estimate(*(float(part[place]) for part in (values, low, high))) for place, name in enumerate(wide.columns)}


def estimate(replicates: pd.Series, confidence: float) -> Estimate:
    """The same of one column."""
    return estimates(replicates.to_frame("one"), confidence)["one"]


def digits(low: pd.Series) -> int:
    """Decimals of a PG-Score: two beside an interval, three (as printed in the paper) without."""
    return 2 if low.notna().any() else 3


def resampled(context: Context) -> str:
    """What is resampled for intervals and probabilities."""
    if context.seeds == 1 and context.trainings > 1:
        return "examples, items and trainings (one draw of data: without what another draw would change)"
    return "examples, items and seeds" if context.seeds > 1 else "examples and items (one seed: without training randomness)"


def brackets(context: Context, found: Iterable[Estimate]) -> str:
    """The meaning of brackets in a column of scores, or why there are none."""
    spans = [one for one in found if pd.notna(one.low)]
    if not spans:
        return "No intervals: per-example outcomes are not available, so the uncertainty of differences is unknown."
    text = f"Brackets: {context.confidence:.0%} bootstrap interval over {resampled(context)}."
    if any(not one.low <= one.value <= one.high for one in spans):
        text += (
            " Resamples are noisier than the data, and z-scores shrink with noise: intervals are biased to 0, and some do not "
            "contain the score itself."
        )
    return text


def read_estimates(frame: pd.DataFrame, column: str) -> list[Estimate]:
    """From columns {column}, {column}_low and {column}_high."""
    return [Estimate.of(row, column) for row in row_dicts(frame)]


def definition_note(context: Context) -> str:
    perplexity = PERPLEXITY[context.definition != "signsafe"] if "perplexity" in context.scored else ""
    return (
        f"PG-Score by the definition `{context.definition}`: {FORMULAS[context.definition]}; α = {context.alpha:g}. "
        f"{perplexity} It is relative to the cells scored together: another teacher or language changes every score."
    )


def language_columns(students: Students, cells: pd.DataFrame, column: str, langs: Sequence[str]) -> dict[tuple[str, ...], Row]:
    """(base, recipe, teacher) to one shown column per language: the value with its interval, or a mark if missing."""
    headers, places = students.headers(langs), digits(cells[f"{column}_low"])
    rows: dict[tuple[str, ...], Row] = {}
    for row in row_dicts(cells):
        shown = rows.setdefault(student_of(row), dict.fromkeys(headers.values(), HOLE))
        missing: str = HOLE if pd.isna(row["intrinsic"]) else UNKNOWN
        flag = students.flag(row["base"], row["lang"])
        shown[headers[row["lang"]]] = Estimate.of(row, column).text(places, missing=missing) + flag
    return rows


def wide_data(cells: pd.DataFrame, column: str, langs: Sequence[str]) -> dict[tuple[str, ...], Row]:
    """(base, recipe, teacher) to {lang}, {lang}_low and {lang}_high for the CSV."""
    rows: dict[tuple[str, ...], Row] = {}
    for row in row_dicts(cells):
        values = rows.setdefault(student_of(row), {name: np.nan for lang in langs for name in Estimate().named(lang)})
        values |= Estimate.of(row, column).named(row["lang"])
    return rows


def student_of(row: Row) -> tuple[str, ...]:
    return tuple(str(row[key]) for key in STUDENT)


def students_in(wide: pd.DataFrame) -> list[tuple[str, ...]]:
    """(base, recipe, teacher) of every column."""
    return [tuple(str(part) for part in key) for key in list(wide.columns)]


def gap_table(context: Context, gaps: pd.DataFrame, langs: Sequence[str], bases: Sequence[str]) -> Table:
    """Base, reference and their gap in every language, with its standard error and the flag."""
    known = {(row["base"], row["lang"]): row for row in row_dicts(gaps)}
    rows = []
    for base in bases:
        for lang in langs:
            named = {"base": context.model(base)} if len(bases) > 1 else {}
            row = known.get((base, lang))
            found: Row = {
                "base score": HOLE if row is None else number(row["base_score"]),
                "reference score": HOLE if row is None else number(row["reference_score"]),
                "gap ± standard error": HOLE if row is None else with_error(row["gap"], row["gap_se"], sign=True),
                "flag": "no student measured: not known"
                if row is None
                else f"{FLAG} {row['reason']}"
                if row["flagged"]
                else UNKNOWN,
            }
            rows.append({**named, "language": context.language(lang, base), **found})
    notes = ["Mean benchmark scores. Gap: reference minus base, with its standard error over items."]
    return Table(gaps, pd.DataFrame(rows), "Base, reference and the gap between them", notes)


def average_flags(context: Context, gaps: pd.DataFrame | None) -> list[str]:
    """Flags if the table has the data for them; else a pointer to them."""
    if gaps is None:
        return ["Averages include flagged languages, if there are any: see gaps.csv of the experiment."]
    return flag_notes(context, gaps)
