"""The ranking of teachers, and the score of every cell."""

from __future__ import annotations

import numpy as np
import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.numbers import HOLE, UNKNOWN, p_value, probability, with_error
from polyglot.displays.table import Table
from polyglot.displays.tables.layout import (
    FORMULAS,
    Estimate,
    Row,
    Students,
    brackets,
    definition_note,
    digits,
    gap_table,
    language_columns,
    of_main,
    read_estimates,
    resampled,
    row_dicts,
    student_of,
    unmeasured,
    wide_data,
)
from polyglot.displays.words import TWO_CELLS, flag_notes, hole_notes, two_cells
from polyglot.scoring.scores import DEFINITIONS, STUDENT


def leaderboard(
    context: Context,
    teachers: pd.DataFrame,
    cells: pd.DataFrame,
    gaps: pd.DataFrame | None = None,
    holes: pd.DataFrame | None = None,
) -> Table:
    """Teachers of the study, best first, with probabilities of ranks."""
    teachers, cells = of_main(context, teachers), of_main(context, cells)
    students = Students.of(context, cells)
    langs = sorted(cells["lang"].unique())
    flagged = [lang for lang in langs if context.is_flagged(lang, students.base)]
    data = _data(context, teachers, cells, langs, "unknown" if gaps is None else " ".join(flagged) or "none")
    shown = _shown(context, data, _mean_errors(cells), langs)
    notes = [students.note(), definition_note(context), *_notes(context, data, teachers, langs)]
    notes += [f"{TWO_CELLS[0].upper()}{TWO_CELLS[1:]}."] * two_cells(cells)
    notes += [*flag_notes(context, gaps), *hole_notes(context, unmeasured(cells, holes))]
    more = [_definitions(context, teachers, langs)]
    more += [_by_language(students, teachers, cells, f"pg_{context.definition}", langs)] * (len(langs) > 1)
    if gaps is not None:
        more.append(gap_table(context, gaps, langs, students.bases))
    else:
        notes.append("Other definitions of the score need the scores of base and reference too.")
    return Table(data, shown, context.title, notes, more, _winner(context, teachers, cells))


def _data(context: Context, teachers: pd.DataFrame, cells: pd.DataFrame, langs: list[str], flagged: str) -> pd.DataFrame:
    """The leaderboard in plain numbers."""
    column = f"pg_{context.definition}"
    by_teacher = cells.groupby("teacher")
    wide = cells.pivot(index="teacher", columns="lang", values=column)
    order = teachers["teacher"]
    columns: Row = {
        "rank": teachers["rank"].astype("Int64"),
        "teacher": order,
        "label": order.map(context.model),
        "definition": context.definition,
        "pg": teachers[column],
        "low": teachers[f"{column}_low"],
        "high": teachers[f"{column}_high"],
        "p_first": teachers["p_first"],
        "p_top": teachers["p_top"],
        **{name: teachers[f"pg_{name}"] for name in DEFINITIONS},
        "intrinsic": teachers[context.intrinsic],
    }
    if "gain" in cells.columns:
        columns["gain"] = order.map(by_teacher["gain"].mean(skipna=False))
    columns |= {f"pg_{lang}": order.map(wide[lang]) for lang in langs}
    columns |= {"languages": teachers["languages"], "flagged": flagged}
    return pd.DataFrame(columns).reset_index(drop=True)


def _certainty(data: pd.DataFrame) -> tuple[bool, int]:
    """Whether probabilities of ranks are known, and how many teachers have a rank."""
    return bool(data["p_first"].notna().any()), int(data["rank"].notna().sum())


def _shown(context: Context, data: pd.DataFrame, errors: pd.Series, langs: list[str]) -> pd.DataFrame:
    """The leaderboard as shown."""
    sure, ranked = _certainty(data)
    rows = []
    for row in row_dicts(data):
        missing = HOLE if row["languages"] < len(langs) else UNKNOWN
        score = Estimate(row["pg"], row["low"], row["high"]).text(digits(data["low"]), missing=missing)
        shown: Row = {
            "rank": UNKNOWN if pd.isna(row["rank"]) else str(row["rank"]),
            "teacher": row["label"],
            f"PG-Score ({context.definition})": _bold(score),
            **({"P(first)": probability(row["p_first"])} if sure else {}),
            **({"P(top 3)": probability(row["p_top"])} if sure and ranked > 3 else {}),
            **(
                {"gain ± SE": with_error(row["gain"], errors[row["teacher"]], sign=True, missing=missing)}
                if "gain" in row
                else {}
            ),
            "languages": f"{row['languages']} of {len(langs)}",
        }
        rows.append(shown)
    return pd.DataFrame(rows)


def _notes(context: Context, data: pd.DataFrame, teachers: pd.DataFrame, langs: list[str]) -> list[str]:
    """How to read it."""
    sure, ranked = _certainty(data)
    notes = [f"The score of a teacher is the average over {len(langs)} language{'s' if len(langs) > 1 else ''}."]
    notes.append(brackets(context, read_estimates(teachers, f"pg_{context.definition}")))
    if sure:
        also = ", P(top 3): or is among the first three," if ranked > 3 else ""
        notes.append(
            f"P(first): share of resamples in which the teacher leads{also} of {ranked} ranked teachers. Resampling is over "
            f"{resampled(context)}. A lead is clear if its difference from every other teacher has p ≤ {context.error_rate:.2g}; "
            f"of equal teachers, one gets it in at most {context.error_rate:.0%} of studies."
        )
    if "gain" in data.columns:
        notes.append(
            "Gain: the students' mean benchmark score minus the untrained base's, averaged over languages; below 0 the data do "
            "harm."
        )
    return notes


def _bold(score: str) -> str:
    """The number in bold, without its interval."""
    value, space, bracket = score.partition(" ")
    return score if value in (HOLE, UNKNOWN) else f"**{value}**{space}{bracket}"


def _mean_errors(cells: pd.DataFrame) -> pd.Series:
    """Standard error of each teacher's mean gain over languages, whose items are not shared."""
    if "gain_se" not in cells.columns:
        return pd.Series(np.nan, index=pd.Index(cells["teacher"].unique()))
    variance = cells.assign(variance=cells["gain_se"] ** 2).groupby("teacher")["variance"]
    errors: pd.Series = np.sqrt(variance.sum(min_count=1)) / variance.size()
    return errors


def _winner(context: Context, teachers: pd.DataFrame, cells: pd.DataFrame) -> list[str]:
    """Whether there is a winner, and whether any student is better than the base, in plain words; then the numbers."""
    ranked = row_dicts(teachers[teachers["rank"].notna()])
    out = [context.model(name) for name in teachers.loc[teachers["rank"].isna(), "teacher"]]
    unranked = f" Without a rank, for a missing measurement: {', '.join(out)}." if out else ""
    if len(ranked) < 2:
        who = f"Only {context.model(ranked[0]['teacher'])}" if ranked else "No teacher"
        return [f"{who} has a score in every language: there is nothing to rank.{unranked}"]
    best, *others = ranked
    name = context.model(best["teacher"])
    if pd.isna(best["p_first"]):
        return [f"{name} has the highest score; how sure its lead is, is not known.{unranked}"]
    first = f"P(first) {probability(best['p_first'])} of {len(ranked)} ranked teachers"
    lead = f"p of its lead {p_value(best['p_lead'])}"
    if best["p_lead"] <= context.error_rate:
        if context.seeds == 1:
            unknown = "draws of data" if context.trainings > 1 else "trainings"
            doubt = f"With one seed this is not clear: how far {unknown} differ is not known."
            return [f"{name} leads: {first}, {lead}. {doubt}{unranked}"]
        return [f"{name} leads clearly: {first}, {lead}.{unranked}"]
    none_gains = "gain_low" in cells and cells["gain_low"].notna().any() and not (cells["gain_low"] > 0).any()
    gains = "; no student is shown to be better than the base" if none_gains else ""
    tied = [context.model(row["teacher"]) for row in ranked if row["rank"] == 1]
    if len(ranked) == 2 or len(tied) > 1:
        names = [context.model(row["teacher"]) for row in ranked] if len(ranked) == 2 else tied
        verdict = f"No difference shown between {', '.join(names[:-1])} and {names[-1]}{gains}."
    else:
        verdict = f"No clear winner{gains}."
    if len(tied) > 1:
        return [f"{verdict} Their scores are equal.{unranked}"]
    others.sort(key=lambda row: -float(row["p_first"]))
    rivals = ", ".join(f"{context.model(row['teacher'])} ({probability(row['p_first'])})" for row in others[:2])
    return [f"{verdict} {name} has the highest score, but only {first}; {lead}; next {rivals}.{unranked}"]


def _definitions(context: Context, teachers: pd.DataFrame, langs: list[str]) -> Table:
    """The other definitions of the score, and the intrinsic score."""
    others = [name for name in DEFINITIONS if name != context.definition and teachers[f"pg_{name}"].notna().any()]
    columns = {f"PG-Score ({name})": f"pg_{name}" for name in others} | {"intrinsic score": context.intrinsic}
    rows = []
    for row in row_dicts(teachers):
        missing = HOLE if row["languages"] < len(langs) else UNKNOWN
        values = {
            title: Estimate.of(row, name).text(digits(teachers[f"{name}_low"]), missing=missing)
            for title, name in columns.items()
        }
        rows.append({"teacher": context.model(row["teacher"]), **values})
    data = teachers[["teacher", *columns.values()]]
    title = "Other definitions and the intrinsic score" if others else "Intrinsic score"
    return Table(data, pd.DataFrame(rows), title, [f"{name}: {FORMULAS[name]}." for name in others])


def _by_language(students: Students, teachers: pd.DataFrame, cells: pd.DataFrame, column: str, langs: list[str]) -> Table:
    by = language_columns(students, cells, column, langs)
    rows = [{**students.name(row), **by[student_of(row)]} for row in row_dicts(teachers)]
    return Table(teachers[["teacher"]], pd.DataFrame(rows), "PG-Score by language")


def pg_score(
    context: Context,
    cells: pd.DataFrame,
    teachers: pd.DataFrame,
    gaps: pd.DataFrame | None = None,
    holes: pd.DataFrame | None = None,
) -> Table:
    """PG-Score of every cell and its average, one row per base, recipe and teacher, best first."""
    students = Students.of(context, cells)
    langs, column = sorted(cells["lang"].unique()), f"pg_{context.definition}"
    by, plain = language_columns(students, cells, column, langs), wide_data(cells, column, langs)
    places = digits(cells[f"{column}_low"])
    data, shown = [], []
    for row in row_dicts(teachers):
        average = Estimate.of(row, column)
        missing = HOLE if row["languages"] < len(langs) else UNKNOWN
        named = {key: row[key] for key in STUDENT} | {"label": context.model(row["teacher"]), "definition": context.definition}
        ends = dict(zip(("pg", "low", "high"), average, strict=True))
        data.append({**named, **ends, **plain[student_of(row)]})
        mean = {"average": average.text(places, missing=missing)} if len(langs) > 1 else {}
        shown.append({**students.name(row), **mean, **by[student_of(row)]})
    notes = [
        students.note(),
        definition_note(context),
        brackets(context, [*read_estimates(cells, column), *read_estimates(teachers, column)]),
    ]
    if len(students.bases) > 1:
        notes.append("Scores are relative to the cells of their own base: compare ranks between bases, not levels.")
    notes += [*flag_notes(context, gaps), *hole_notes(context, unmeasured(cells, holes))]
    more = [] if gaps is None else [gap_table(context, gaps, langs, students.bases)]
    return Table(pd.DataFrame(data), pd.DataFrame(shown), context.title, notes, more)
