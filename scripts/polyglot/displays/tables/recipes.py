"""Tables of experiments about training data: recipes, sizes, and the steps of an additive recipe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from polyglot.analysis.additive_steps import ALL, step_holes
from polyglot.displays.context import Context
from polyglot.displays.numbers import FLAG, HOLE, UNKNOWN, count, with_interval
from polyglot.displays.table import Table
from polyglot.displays.tables.layout import (
    Estimate,
    Row,
    Students,
    average_flags,
    averaged,
    brackets,
    definition_note,
    estimate,
    estimates,
    gap_table,
    language_columns,
    ordered,
    read_estimates,
    row_dicts,
    students_in,
    unmeasured,
    wide_data,
)
from polyglot.displays.words import flag_notes, hole_notes, span
from polyglot.scoring.scores import STUDENT, gap_flags

AVERAGED = {"pg": "PG-Score", "intrinsic": "intrinsic score", "gain": "gain"}


def recipes(
    context: Context,
    replicates: pd.DataFrame,
    measurements: pd.DataFrame,
    holes: pd.DataFrame | None = None,
    gaps: pd.DataFrame | None = None,
) -> Table:
    """Score, intrinsic score and gain of every recipe and teacher, averaged over languages; means over teachers below."""
    students = Students.of(context, replicates)
    wide = {"pg": averaged(replicates, f"pg_{context.definition}"), "intrinsic": averaged(replicates, context.intrinsic)}
    if "gain" in measurements.columns:
        wide["gain"] = averaged(measurements, "gain")
    found = {name: estimates(values, context.confidence) for name, values in wide.items()}
    data, shown = [], []
    for key in in_order(students, found["pg"]):
        named = dict(zip(STUDENT, key, strict=True)) | {"examples": _examples(context, key)[0]}
        columns: Row = {}
        for name in wide:
            columns |= found[name][key].named(name)
        data.append({**named, **columns})
        shown.append({**_name(students, key), **{AVERAGED[name]: _average(found[name][key], name) for name in wide}})
    notes = [
        students.note(),
        f"Averages over {replicates['lang'].nunique()} language(s). {_scale(context, replicates)}",
        definition_note(context),
        "Gain: mean benchmark score of the student minus the untrained base's.",
        brackets(context, found["pg"].values()),
        *_measured_flags(context, measurements, gaps),
        *hole_notes(context, holes),
    ]
    return Table(pd.DataFrame(data), pd.DataFrame(shown), context.title, notes, [_over_teachers(context, students, wide)])


def in_order(students: Students, keys: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """(base, recipe, teacher) in the order of the experiment."""
    keys = list(keys)
    teachers = ordered((key[2] for key in keys), students.context.teachers)
    orders = students.bases, students.recipes, teachers
    return sorted(keys, key=lambda key: [order.index(name) for name, order in zip(key, orders, strict=True)])


def _name(students: Students, key: tuple[str, ...]) -> Row:
    """Columns that name a student of a comparison of recipes."""
    base, recipe, teacher = key
    named = {"base": students.context.model(base)} if len(students.bases) > 1 else {}
    examples = _examples(students.context, key)[1]
    return {**named, "recipe": recipe, "examples": examples, "teacher": students.context.model(teacher)}


def _examples(context: Context, key: tuple[str, ...]) -> tuple[float | None, str]:
    """A student's examples, the mean over languages, and the fewest and the most: as asked for, if the true number is unknown."""
    _, recipe, teacher = key
    found = context.sizes_of(recipe, teacher) or [size for name, size in context.recipes.items() if name == recipe]
    return (sum(found) / len(found), span(found)) if found else (None, UNKNOWN)


def _average(one: Estimate, name: str) -> str:
    return one.text(3 if name == "gain" else 2, sign=name == "gain", missing=HOLE)


def _measured_flags(context: Context, measurements: pd.DataFrame, gaps: pd.DataFrame | None) -> list[str]:
    """Flags from the measurements themselves, where the table has no gaps."""
    columns = ["base", "lang", "base_score", "reference_score", "gap", "gap_se"]
    if gaps is not None or not set(columns) <= set(measurements.columns):
        return average_flags(context, gaps)
    point = measurements.loc[(measurements["replicate"] == 0) & measurements["gap"].notna(), columns].drop_duplicates(
        ["base", "lang"]
    )
    flagged = gap_flags(point)
    flagged = flagged[flagged["flagged"]]
    names = "; ".join(
        f"{context.languages.get(row['lang'], {}).get('name', row['lang'])} ({context.model(row['base'])}): {row['reason']}"
        for row in row_dicts(flagged)
    )
    return (
        [f"{FLAG}: the averages include flagged languages, where PGR is unreliable: {names}."]
        if names
        else flag_notes(context, point)
    )


def _over_teachers(context: Context, students: Students, wide: Mapping[str, pd.DataFrame]) -> Table:
    """Means over the teachers measured with every recipe, and differences from the main recipe."""
    rows: list[Row] = []
    notes = []
    keys = students_in(wide["pg"])
    for base in students.bases:
        authors = {recipe: [key[2] for key in keys if key[:2] == (base, recipe)] for recipe in students.recipes}
        main = set(authors.get(context.recipe, ()))
        taught = [recipe for recipe, names in authors.items() if len(names) > 1 or main & set(names)]
        shared = set.intersection(*(set(authors[recipe]) for recipe in taught)) if taught else set()
        complete = {name for name in shared if all(wide["pg"][base, recipe, name].notna().all() for recipe in taught)}
        if shared - complete:
            named = ", ".join(context.model(name) for name in ordered(shared - complete, context.teachers))
            notes.append(f"Left out ({context.model(base)}), because a measurement is missing in some recipe: {named}.")
        chosen = {recipe: sorted(complete) if recipe in taught else names for recipe, names in authors.items() if names}
        means = {
            recipe: {
                name: values[[(base, recipe, teacher) for teacher in names]].mean(axis=1, skipna=False)
                for name, values in wide.items()
            }
            for recipe, names in chosen.items()
            if names
        }
        baseline = context.recipe if context.recipe in means else next(iter(context.recipes), context.recipe)
        for recipe, names in chosen.items():
            row: Row = {"base": context.model(base)} if len(students.bases) > 1 else {}
            row |= {"recipe": recipe, "teachers": str(len(names))}
            for name in wide:
                row[AVERAGED[name]] = _average(estimate(means[recipe][name], context.confidence), name) if names else HOLE
            other = recipe != baseline and recipe in means and baseline in means
            difference = means[recipe]["pg"] - means[baseline]["pg"] if other else None
            row[f"PG-Score minus that of {baseline}"] = (
                UNKNOWN if difference is None else estimate(difference, context.confidence).text(2, sign=True, missing=HOLE)
            )
            rows.append(row)
    notes += [
        "Means over the same teachers for every recipe; a recipe without a teacher has one value (1). Differences are taken "
        "by resample. Intervals apply to these teachers, not to others. The average of all z-scores of the main recipe is 0 by "
        "construction."
    ]
    frame = pd.DataFrame(rows)
    return Table(frame, frame, "Mean over teachers", notes)


def recipes_by_language(
    context: Context, cells: pd.DataFrame, gaps: pd.DataFrame | None = None, holes: pd.DataFrame | None = None
) -> Table:
    """Score of every recipe and teacher, by language."""
    students = Students.of(context, cells)
    langs, column = sorted(cells["lang"].unique()), f"pg_{context.definition}"
    by, plain = language_columns(students, cells, column, langs), wide_data(cells, column, langs)
    data, shown = [], []
    for key in in_order(students, by):
        named = dict(zip(STUDENT, key, strict=True)) | {"examples": _examples(context, key)[0]}
        data.append({**named, "definition": context.definition, **plain[key]})
        shown.append({**_name(students, key), **by[key]})
    notes = [students.note(), _scale(context, cells), definition_note(context)]
    notes += [
        brackets(context, read_estimates(cells, column)),
        *flag_notes(context, gaps),
        *hole_notes(context, unmeasured(cells, holes)),
    ]
    more = [] if gaps is None else [gap_table(context, gaps, langs, students.bases)]
    return Table(pd.DataFrame(data), pd.DataFrame(shown), context.title, notes, more)


def steps(context: Context, outcomes: pd.DataFrame) -> Table:
    """Score of every step's student, the step's gain, and the scores by task group."""
    langs = sorted(outcomes["lang"].dropna().unique())
    groups = [str(name) for name in dict.fromkeys(outcomes["group"]) if name != ALL]
    students = Students.of(context, outcomes)
    found = {(row["lang"], row["step"], row["group"]): row for row in row_dicts(outcomes)}
    labels = dict(zip(outcomes["step"], outcomes["label"], strict=True)) | dict(enumerate(context.steps, start=1))
    shown: list[Row] = []
    for lang in langs:
        for step, label in sorted(labels.items()):
            language = {"language": students.language(lang)} if len(langs) > 1 else {}
            row: Row = {**language, "step": str(step), "what changes": "untrained base" if step == 0 else label}
            whole = found.get((lang, step, ALL), {})
            row["student"] = _learner(students, whole) if whole else UNKNOWN
            row["examples"] = count(whole["examples"]) if step and whole.get("examples") else UNKNOWN
            row["mean score"] = _group(whole)
            row["added by the step"] = UNKNOWN if step == 0 else _added(whole)
            shown.append(row | {group: _group(found.get((lang, step, group), {})) for group in groups})
    known = [Estimate(row["score"], row["low"], row["high"]) for row in found.values()]
    where = f" in {students.language(langs[0])}" if len(langs) == 1 else ""
    notes = [
        f"Mean score{where}: mean over the task groups ({', '.join(groups) or 'none'}), which are also shown.",
        "Added by the step: its score minus that of the last measured step before it (of the untrained base, for the first), "
        "paired by item; bold where the interval excludes 0. Other steps may have added nothing; among many steps "
        "one may be bold by chance.",
        brackets(context, known),
        "A step's gain depends on the previous steps: another order would divide the total differently.",
        *hole_notes(context, step_holes(outcomes)),
    ]
    return Table(outcomes, pd.DataFrame(shown), context.title, notes)


def _learner(students: Students, row: Row) -> str:
    """Base, recipe and teacher of a step; of step 0 the base alone."""
    base = [students.context.model(row["base"])] if len(students.bases) > 1 or row["step"] == 0 else []
    learned = [] if row["step"] == 0 else [str(row["recipe"]), students.context.model(str(row["teacher"]))]
    return ", ".join([*base, *learned])


def _group(row: Row) -> str:
    return with_interval(row["score"], row["low"], row["high"], missing=HOLE) if row else HOLE


def _added(row: Row) -> str:
    if not row or pd.isna(row["score"]):
        return HOLE
    added = Estimate(row["gain_over_previous"], row["gain_low"], row["gain_high"])
    return f"**{added.text(sign=True)}**" if added.apart else added.text(sign=True)


def _scale(context: Context, frame: pd.DataFrame) -> str:
    """The cells that define the z-score scale."""
    if context.recipe in set(frame["recipe"]):
        return f"Scores are on the scale of the recipe `{context.recipe}` in this table."
    return "Scores are on the scale of all cells of this table."
