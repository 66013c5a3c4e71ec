"""Tables of experiments about teachers: with different bases, and predictors such as size or ability."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.numbers import HOLE, UNKNOWN, count, number, p_value, significant, with_interval
from polyglot.displays.table import Table
from polyglot.displays.tables.layout import (
    Estimate,
    Row,
    Students,
    average_flags,
    averaged,
    brackets,
    definition_note,
    digits,
    estimate,
    estimates,
    ordered,
    read_estimates,
    row_dicts,
    student_of,
    students_in,
    unique,
)
from polyglot.displays.words import hole_notes
from polyglot.scoring.scores import STUDENT, interval
from polyglot.scoring.sensitivity import rank_correlation

WITHIN_BASE = (
    "Scores are relative to the cells of their own base, so levels are not comparable between bases: compare ranks and "
    "differences between teachers."
)


def bases(context: Context, teachers: pd.DataFrame, holes: pd.DataFrame | None = None, gaps: pd.DataFrame | None = None) -> Table:
    """Score and rank of every teacher under every base."""
    students = Students.of(context, teachers)
    column = f"pg_{context.definition}"
    headers = unique({base: context.model(base) for base in students.bases})
    found = {student_of(row): row for row in row_dicts(teachers)}
    places = digits(teachers[f"{column}_low"])
    first = context.base if context.base in students.bases else students.bases[0]
    shown = []
    for recipe in students.recipes:
        names = list(dict.fromkeys(name for _, name_recipe, name in found if name_recipe == recipe))
        place = {name: found.get((first, recipe, name), {}).get("rank") for name in names}
        for teacher in sorted(names, key=lambda name: np.inf if pd.isna(place[name]) else float(str(place[name]))):
            row: Row = {"recipe": recipe} if len(students.recipes) > 1 else {}
            row["teacher"] = context.model(teacher)
            for base, header in headers.items():
                one = found.get((base, recipe, teacher))
                row[header] = HOLE if one is None else Estimate.of(one, column).text(places, missing=HOLE)
                row[header] = row[header] if one is None or pd.isna(one["rank"]) else f"#{int(one['rank'])}: {row[header]}"
            shown.append(row)
    kept = ["rank", column, f"{column}_low", f"{column}_high", "p_first", "p_top", "languages"]
    data = teachers[[*STUDENT, *kept]].rename(columns={column: "pg", f"{column}_low": "low", f"{column}_high": "high"})
    data.insert(3, "label", data["teacher"].map(context.model))
    notes = [students.note(), "#: rank among the teachers of that base, by the average over languages.", definition_note(context)]
    notes += [
        WITHIN_BASE,
        brackets(context, read_estimates(teachers, column)),
        *average_flags(context, gaps),
        *hole_notes(context, holes),
    ]
    return Table(data, pd.DataFrame(shown), context.title, notes)


def base_agreement(context: Context, replicates: pd.DataFrame) -> Table:
    """Rank correlation of the teachers' averages between every two bases."""
    students = Students.of(context, replicates)
    keys = [(base, recipe) for recipe in students.recipes for base in students.bases]
    wide = averaged(replicates, f"pg_{context.definition}")
    there = {key[:2] for key in students_in(wide)}
    keys = [key for key in keys if key in there]
    several = len(students.recipes) > 1
    labels = unique({"/".join(key): context.model(key[0]) + (f", {key[1]}" if several else "") for key in keys})
    rows: list[Row] = []
    shown = []
    for a in keys:
        line: Row = {"": labels["/".join(a)]}
        for b in keys:
            common = [name for name in wide[a].columns if name in wide[b].columns and _known(wide[(*a, name)], wide[(*b, name)])]
            rho = rank_correlation(*(wide[key][common].to_numpy(dtype=float) for key in (a, b)))
            low, high = interval(rho[1:], context.confidence) if a != b else (np.nan, np.nan)
            one = Estimate(float(rho[0]), float(low), float(high))
            pair = {"a": a[0], "recipe_a": a[1], "b": b[0], "recipe_b": b[1]}
            rows.append({**pair, "spearman": one.value, "low": one.low, "high": one.high, "n": len(common)})
            line[labels["/".join(b)]] = "1" if a == b else f"{one.text(2, sign=True)} (n = {len(common)})"
        shown.append(line)
    data = pd.DataFrame(rows)
    spans = [Estimate(row["spearman"], row["low"], row["high"]) for row in rows if pd.notna(row["low"])]
    least = min((row["n"] for row in rows), default=0)
    notes = [
        "Spearman's ρ of the teachers' average PG-Scores; 1 is the same order. n: teachers with an average under both bases (a "
        "teacher with a missing cell has none).",
        brackets(context, spans) + (" Resampling adds noise, so intervals are biased towards 0." if spans else ""),
    ]
    notes += [f"With {least} teachers ρ moves in large steps: it proves little."] if least < 10 else []
    notes = ["Only one base: nothing to compare."] if len(keys) < 2 else notes
    return Table(data, pd.DataFrame(shown), context.title, notes)


def _known(*columns: pd.Series) -> bool:
    return all(bool(column.notna().all()) for column in columns)


def family_match(context: Context, replicates: pd.DataFrame, gaps: pd.DataFrame | None = None) -> Table:
    """How teachers' scores change from the main base to each other base, by whether they are of the other base's family."""
    students = Students.of(context, replicates)
    main = context.base if context.base in students.bases else students.bases[0]
    wide = averaged(replicates, f"pg_{context.definition}")
    scores = estimates(wide, context.confidence)
    data: list[Row] = []
    shown: list[Row] = []
    contrasts: list[Row] = []
    for base, recipe in [(base, recipe) for base in students.bases if base != main for recipe in students.recipes]:
        changes = {}
        for name in ordered(replicates["teacher"], context.teachers):
            old, new = (main, recipe, name), (base, recipe, name)
            if old in scores and new in scores:
                changes[name] = wide[new] - wide[old]
                pair = scores[old], scores[new], estimate(changes[name], context.confidence)
                data.append(_change(context, base, recipe, name, *pair) | {"main_base": main})
                shown.append(({"recipe": recipe} if len(students.recipes) > 1 else {}) | _shown(context, main, data[-1], *pair))
        if changes:
            contrasts.append(_contrast(context, base, recipe, changes))
    if not data:
        note = "No other base shares a teacher with the main one: nothing to compare."
        return Table(pd.DataFrame(columns=["base", "teacher", "difference"]), pd.DataFrame(), context.title, [note])
    notes = [
        definition_note(context),
        f"Averages over languages. Difference: under the other base minus under {context.model(main)}, by resample. "
        f"{WITHIN_BASE} Whether a family helps is therefore the last column of the table below, not a single difference.",
        f"Change in percent, as in the paper: only where the score under {context.model(main)} is clearly above 0; elsewhere a "
        "ratio means nothing.",
        brackets(context, scores.values()),
        *average_flags(context, gaps),
    ]
    if wide.loc[0].isna().any():
        notes.append(f"{HOLE}: the teacher lacks a measurement in a language under one of the bases, hence no average.")
    below = [
        "Mean differences over teachers with an average under both bases. The teachers are few, and their number is not part "
        "of the interval: it is about these teachers, not about families at large."
    ]
    frame = pd.DataFrame(contrasts)
    more = [Table(frame, frame, "Teachers of the base's family against the others", below)]
    return Table(pd.DataFrame(data), pd.DataFrame(shown), context.title, notes, more)


def _family(context: Context, name: str) -> str | None:
    family = context.models.get(name, {}).get("family")
    return str(family) if family else None


def _same(context: Context, base: str, teacher: str) -> bool | None:
    """Whether base and teacher are of the same family; None if a family is unknown."""
    families = _family(context, base), _family(context, teacher)
    return None if None in families else families[0] == families[1]


def _change(context: Context, base: str, recipe: str, teacher: str, old: Estimate, new: Estimate, difference: Estimate) -> Row:
    """One row of the CSV."""
    return {
        "base": base,
        "recipe": recipe,
        "teacher": teacher,
        "family": _family(context, teacher),
        "same_family": _same(context, base, teacher),
        "main_pg": old.value,
        "pg": new.value,
        "difference": difference.value,
        "low": difference.low,
        "high": difference.high,
        "percent": 100 * difference.value / old.value if old.low > 0 else np.nan,
    }


def _shown(context: Context, main: str, row: Row, old: Estimate, new: Estimate, difference: Estimate) -> Row:
    base, teacher = row["base"], row["teacher"]
    return {
        "to base (family)": f"{context.model(base)} ({_family(context, base) or 'not known'})",
        "teacher (family)": f"{context.model(teacher)} ({_family(context, teacher) or 'not known'})",
        "same family": {True: "**yes**", False: "no", None: UNKNOWN}[row["same_family"]],
        f"score under {context.model(main)}": old.text(2, missing=HOLE),
        "score under the other": new.text(2, missing=HOLE),
        "difference": difference.text(2, sign=True, missing=HOLE),
        "change": UNKNOWN if pd.isna(row["percent"]) else f"{row['percent']:+.0f}%",
    }


def _contrast(context: Context, base: str, recipe: str, changes: Mapping[str, pd.Series]) -> Row:
    """Mean change of the teachers of the base's family, of the others, and the difference of the two."""
    kin: dict[bool | None, list[pd.Series]] = {True: [], False: [], None: []}
    for name, change in changes.items():
        if _known(change):
            kin[_same(context, base, name)].append(change)
    means = {own: pd.concat(group, axis=1).mean(axis=1) for own, group in kin.items() if group}

    def text(own: bool) -> str:
        shown = estimate(means[own], context.confidence).text(2, sign=True) if own in means else UNKNOWN
        return f"{shown} (n = {len(kin[own])})"

    both = True in means and False in means
    between = estimate(means[True] - means[False], context.confidence).text(2, sign=True) if both else UNKNOWN
    named = {"to base": context.model(base), "recipe": recipe}
    return {**named, "same family": text(True), "others": text(False), "same family minus others": between}


TERMS = {"intercept": "intercept", "log_size": "log size", "ability": "own mean benchmark score"}


def abilities(context: Context, models: pd.DataFrame, abilities: pd.DataFrame) -> Table:
    """Mixed-effects models of the score on a teacher's size and on its own benchmark score; the data below."""
    rows = []
    for row in row_dicts(models):
        failed = not row["converged"] and pd.notna(row["coefficient"])
        coefficient = with_interval(row["coefficient"], row["low"], row["high"], sign=True)
        rows.append(
            {
                "predictor": TERMS.get(row["predictor"], row["predictor"]),
                "term": "intercept" if row["term"] == "intercept" else "**slope**",
                "coefficient": f"{coefficient} (not converged)" if failed else coefficient,
                "SE": number(row["se"]),
                "p": p_value(row["p"]),
                "df": number(row["df"], 1),
                "SD of teachers": number(row["group_sd"]),
                "residual SD": number(row["residual_sd"]),
                "cells (teachers)": f"{count(row['n'])} ({count(row['groups'])})",
            }
        )
    teachers = ordered(abilities["teacher"], context.teachers)
    detail = [
        {
            "teacher": context.model(row["teacher"]),
            "language": context.language(row["lang"]),
            "size (billions)": significant(row["size"]),
            "own mean benchmark score": number(row["ability"]),
            f"PG-Score ({context.definition})": number(row["pg"], 2, missing=HOLE),
        }
        for row in row_dicts(abilities.assign(place=abilities["teacher"].map(teachers.index)).sort_values(["place", "lang"]))
    ]
    notes = [
        definition_note(context),
        f"Brackets: {context.confidence:.0%} interval (Student's t with `df` degrees of freedom). Slope of log size: PG-Score "
        "for a teacher e = 2.7 times as large; of the own score: for a whole unit, from 0 to 1. SD of teachers: of the random "
        "intercepts.",
        f"Number of teachers: {len(teachers)}. They are all there is to learn from, however many languages: an interval that "
        "includes 0 is no proof of no effect.",
    ]
    remarks = dict.fromkeys(zip(models["predictor"], models["note"].fillna(""), strict=True))
    notes += [f"Model of {TERMS.get(predictor, predictor)}: {note}." for predictor, note in remarks if note]
    sized = set(abilities.loc[abilities["size"].notna(), "teacher"])
    absent = ", ".join(context.model(name) for name in teachers if name not in sized)
    notes += [f"Without a known size, hence not in the model of size: {absent}."] if absent else []
    empty = row_dicts(abilities[abilities["pg"].isna()])
    cells = ", ".join(f"{context.model(row['teacher'])} in {context.language(row['lang'])}" for row in empty)
    notes += [f"{HOLE}: no measurement, hence in no model: {cells}."] if empty else []
    more = Table(abilities, pd.DataFrame(detail), "Size, ability and score of every teacher and language")
    return Table(models, pd.DataFrame(rows), context.title, notes, [more])
