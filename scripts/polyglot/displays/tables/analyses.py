"""Tables of analyses over cells: correlations of metrics, predictors of student results, robustness of the ranking."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from polyglot.analysis.truth import AVERAGE
from polyglot.displays.context import Context
from polyglot.displays.numbers import HOLE, UNKNOWN, count, number, p_value, with_interval
from polyglot.displays.table import Table
from polyglot.displays.tables.layout import (
    Estimate,
    Row,
    Students,
    averaged,
    brackets,
    definition_note,
    digits,
    estimates,
    of_main,
    ordered,
    resampled,
    row_dicts,
    unmeasured,
)
from polyglot.displays.words import NAMES, flag_notes, hole_notes, lower_is_better
from polyglot.scoring.scores import DEFINITIONS
from polyglot.scoring.statistics import EXACT_RANKS, spearman_matrix

FEW = 10
"""Below these numbers of languages or teachers, results prove little."""


def quantity(context: Context, name: str) -> str:
    """A metric's display name."""
    if name.startswith("pg_"):
        return f"PG-Score ({name.removeprefix('pg_')})"
    titles = {metric.name: metric.title for metric in context.metrics}
    titles |= {metric.analysed: f"log {metric.title}" for metric in context.metrics if metric.logged}
    return NAMES.get(name) or titles.get(name) or name.replace("_", " ")


def _remarks(frame: pd.DataFrame) -> list[str]:
    """The analysis's own notes, once each."""
    if "note" not in frame.columns:
        return []
    return [f"{str(note)[0].upper()}{str(note)[1:]}." for note in dict.fromkeys(frame["note"].dropna()) if str(note).strip()]


def _cells_counted(frame: pd.DataFrame) -> list[str]:
    if "n" not in frame.columns or frame.empty:
        return []
    least, most = int(frame["n"].min()), int(frame["n"].max())
    return [f"n = {least} cells." if least == most else f"n = {least} to {most} cells."]


DEPENDENT = (
    "Cells of one teacher or language are similar: intervals and p-values take them for fewer independent ones (`effective` in "
    "the CSV)."
)


def pca(context: Context, loadings: pd.DataFrame, variance: pd.DataFrame, holes: pd.DataFrame | None = None) -> Table:
    """Loadings of the metrics on the principal components, with the components' shares of variance."""
    components = list(dict.fromkeys(variance["component"]))
    names = {name: str(name) if str(name).startswith("PC") else f"PC{name}" for name in components}
    found = loadings.set_index(["metric", "component"])
    rows: list[Row] = []
    for metric in dict.fromkeys(loadings["metric"]):
        values = {}
        for name in components:
            one = (
                found.loc[(metric, name)] if (metric, name) in found.index else {"loading": np.nan, "low": np.nan, "high": np.nan}
            )
            values[names[name]] = with_interval(one["loading"], one["low"], one["high"], 2, sign=True)
        rows.append({"metric": quantity(context, str(metric)), **values})
    shares = {row["component"]: row for row in row_dicts(variance)}
    of_components = {
        "share of variance": {name: _percent(one["share"], one["low"], one["high"]) for name, one in shares.items()},
        "cumulative": {name: _percent(one["cumulative"]) for name, one in shares.items()},
        "eigenvalue": {name: number(one["eigenvalue"], 2) for name, one in shares.items()},
    }
    rows += [{"metric": title, **{names[name]: values[name] for name in components}} for title, values in of_components.items()]
    notes = [
        f"Loadings: elements of a component's unit vector, of z-scored metrics. Brackets: {context.confidence:.0%} bootstrap "
        "interval over teachers and languages, whose cells are similar. The sign of a component is "
        "arbitrary; where an interval spans 0 the metric's part in it is not known. In simulations, 95 % intervals hold the "
        "truth in 92 to 99 %: least where teachers or languages differ twice as much as their cells.",
        *_cells_counted(variance),
        *_remarks(variance),
        *hole_notes(context, holes),
    ]
    data = loadings.merge(variance[["component", "eigenvalue", "share", "cumulative"]], on="component", how="left")
    return Table(data, pd.DataFrame(rows), context.title, notes)


def _percent(value: float, low: float = np.nan, high: float = np.nan) -> str:
    shown = UNKNOWN if pd.isna(value) else f"{value:.0%}"
    return shown if pd.isna(low) or pd.isna(value) else f"{shown} [{low:.0%}, {high:.0%}]"


def regression(
    context: Context, validation: pd.DataFrame, coefficients: pd.DataFrame, holes: pd.DataFrame | None = None
) -> Table:
    """How well the components predict the gain, in sample and out of sample; coefficients below."""
    titles = {
        "in_sample": "in sample",
        "leave_one_lang_out": "a language left out",
        "leave_one_teacher_out": "a teacher left out",
    }
    rows = [
        {
            "validation": titles.get(row["validation"], row["validation"]),
            "R²": number(row["r2"], 2, sign=True),
            "RMSE": number(row["rmse"]),
            "p (permutation)": p_value(row["p_permutation"]),
            "cells": count(row["n"]),
            "groups left out in turn": count(row["groups"]) if row["groups"] else UNKNOWN,
        }
        for row in row_dicts(validation)
    ]
    terms = [
        {
            "term": row["term"],
            "coefficient": with_interval(row["coefficient"], row["low"], row["high"], sign=True),
            "p": p_value(row["p"]),
        }
        for row in row_dicts(coefficients)
    ]
    notes = [
        "Outcome: the student's gain over the base (mean benchmark score). Out-of-sample R² is 0 for predicting the training "
        "mean and below 0 for worse. In-sample R² is too optimistic; for a new language or teacher only the rows with one left "
        "out count.",
        "p: share of permutations of languages and teachers with an R² at least as high.",
        *_remarks(validation),
        *hole_notes(context, holes),
    ]
    more = Table(
        coefficients,
        pd.DataFrame(terms),
        "Coefficients in sample",
        [
            f"Brackets: {context.confidence:.0%} interval, like p from permutations of whole languages and teachers, whose cells "
            "are similar. The intercept is the mean outcome.",
            *_remarks(coefficients),
        ],
    )
    return Table(validation, pd.DataFrame(rows), context.title, notes, [more])


def spearman(context: Context, correlations: pd.DataFrame, holes: pd.DataFrame | None = None) -> Table:
    """Rank correlations of all pairs of metrics and scores: the lower triangle."""
    names = list(dict.fromkeys(correlations["a"]))
    short = {name: str(place + 1) for place, name in enumerate(names)}
    found = correlations.set_index(["a", "b"])
    rows = []
    for place, a in enumerate(names[1:], start=1):
        row: Row = {"": f"{short[a]} {quantity(context, a)}"}
        for b in names[:-1]:
            one = found.loc[(a, b)]
            text = with_interval(one["rho"], one["low"], one["high"], 2, sign=True)
            apart = pd.notna(one["low"]) and (one["low"] > 0 or one["high"] < 0)
            row[f"{short[b]} {quantity(context, b)}"] = "" if b in names[place:] else f"**{text}**" if apart else text
        rows.append(row)
    pairs = len(names) * (len(names) - 1) // 2
    notes = [
        f"Spearman's ρ over cells with its {context.confidence:.0%} interval; bold where the interval excludes 0. {pairs} pairs "
        f"are tested: about {pairs * (1 - context.confidence):.0f} would be bold by chance alone. p-values are in the CSV.",
        "A score correlates with its own metrics by construction. "
        f"{lower_is_better(context.metrics).capitalize()}: lower is better.",
        *_cells_counted(correlations),
        f"{DEPENDENT} In simulations, 95 % intervals hold the truth in 95 to 100 % of studies: with few cells they are rather "
        "too wide.",
        *_remarks(correlations),
        *hole_notes(context, holes),
    ]
    return Table(correlations, pd.DataFrame(rows), context.title, notes)


def sensitivity(context: Context, sensitivity: pd.DataFrame, holes: pd.DataFrame | None = None) -> Table:
    """How the ranking changes with the weight, the metrics, the definition."""
    own = sensitivity[sensitivity["choice"] != "definition"]
    known = [name for name in DEFINITIONS if own.loc[own["definition"] == name, "n"].max() > 0]
    known.sort(key=lambda name: name != context.definition)
    rows: list[Row] = []
    for (varied, value), group in own.groupby(["choice", "value"], sort=False):
        row: Row = {"choice": _choice(context, str(varied), str(value))}
        itself = varied == "alpha" and abs(float(str(value)) - context.alpha) < 1e-9
        if itself:
            row["choice"] = f"**{row['choice']}** (as reported)"
        for name in known:
            one = group[group["definition"] == name].iloc[0]
            row[f"ρ {name}"], row[f"leader, {name}"] = "1" if itself and one["n"] else _rho(one), _leader(context, one)
        rows.append(row)
    others = sensitivity[sensitivity["choice"] == "definition"]
    definitions = [
        {
            "definition": f"**{one['value']}** (as reported)" if one["value"] == context.definition else one["value"],
            "ρ": "1" if one["value"] == context.definition else _rho(one),
            "leader": _leader(context, one),
        }
        for one in row_dicts(others)
        if one["n"]
    ]
    sizes = sensitivity.loc[sensitivity["n"] > 0, "n"]
    spans = sensitivity["low"].notna().any()
    notes = [
        "ρ: Spearman correlation between the teachers' averages as reported and under the choice; 1: same order. Leader: "
        "the top teacher under the choice.",
        _ranked(sizes),
        f"Brackets: {context.confidence:.0%} bootstrap interval over {resampled(context)}."
        if spans
        else "No intervals: no resamples.",
        "α = 1 is the intrinsic score alone, α = 0 the students' alone. Perplexity: what `signsafe` takes of a training set; the "
        "other definitions always take the mean.",
        *hole_notes(context, holes),
    ]
    absent = [name for name in DEFINITIONS if name not in known]
    notes += [f"Not computable here: the definition{'s' if len(absent) > 1 else ''} {', '.join(absent)}."] if absent else []
    more = (
        [Table(others, pd.DataFrame(definitions), "Other definitions against the one reported")] if len(definitions) > 1 else []
    )
    return Table(sensitivity, pd.DataFrame(rows), context.title, notes, more)


def _choice(context: Context, varied: str, value: str) -> str:
    if varied == "alpha":
        return f"α = {float(value):g}"
    return f"without {quantity(context, value)}" if varied == "without" else f"{value} perplexity"


def _ranked(sizes: pd.Series) -> str:
    """The number of teachers behind a rank correlation, and its consequence."""
    if sizes.empty:
        return "No teacher has an average."
    few = "; with so few teachers ρ moves in large steps" if sizes.min() < FEW else ""
    return f"n = {int(sizes.min())} teachers{few}."


def _rho(one: pd.Series | Row) -> str:
    return with_interval(one["spearman"], one["low"], one["high"], 2)


def _leader(context: Context, one: pd.Series | Row) -> str:
    if pd.notna(one["first"]) and one["first"]:
        return context.model(str(one["first"]))
    return "none: equal scores" if one["n"] else UNKNOWN


RESOURCES = {"commoncrawl_percent": "share of CommonCrawl", "resource_level": "resource level"}


def language_resources(
    context: Context, cells: pd.DataFrame, replicates: pd.DataFrame, gaps: pd.DataFrame | None = None
) -> Table:
    """Mean score of every language with its resources, and their correlation over languages.

    Languages are compared over the same teachers: those measured in every language that has a measurement.
    """
    cells, replicates = of_main(context, cells), of_main(context, replicates)
    students = Students.of(context, cells)
    langs, column = sorted(cells["lang"].unique()), f"pg_{context.definition}"
    measured = cells[cells[column].notna()].groupby("teacher")["lang"].nunique()
    seen = cells.loc[cells[column].notna(), "lang"].nunique()
    complete = set(measured.index[measured == seen])
    left_out = ordered(set(cells["teacher"]) - complete, context.teachers)
    means = averaged(replicates[replicates["teacher"].isin(complete)], column, ["lang"], over="teacher")
    found = estimates(means, context.confidence) if complete else {}
    scores = {lang: found.get(lang, Estimate()) for lang in langs}
    facts = {name: [context.languages.get(lang, {}).get(name) for lang in langs] for name in RESOURCES}
    data = pd.DataFrame(
        {
            "lang": langs,
            "label": [context.language(lang, students.base) for lang in langs],
            "pg": [scores[lang].value for lang in langs],
            "low": [scores[lang].low for lang in langs],
            "high": [scores[lang].high for lang in langs],
            "teachers": [len(complete) if scores[lang].known else 0 for lang in langs],
            **{name: pd.to_numeric(pd.Series(values), errors="coerce") for name, values in facts.items()},
            "flagged": [context.is_flagged(lang, students.base) for lang in langs],
        }
    ).sort_values("pg", ascending=False, ignore_index=True)
    shown = [
        {
            "language": row["label"],
            f"mean PG-Score ({context.definition})": with_interval(
                row["pg"], row["low"], row["high"], digits(data["low"]), missing=HOLE
            ),
            "teachers": count(row["teachers"]),
            "CommonCrawl": UNKNOWN if pd.isna(row["commoncrawl_percent"]) else f"{row['commoncrawl_percent']:.2f}%",
            "resource level": UNKNOWN if pd.isna(row["resource_level"]) else f"{row['resource_level']:g}",
        }
        for row in row_dicts(data)
    ]
    notes = [students.note(), definition_note(context), brackets(context, list(scores.values()))]
    notes.append("Resource level: 0 (left behind) to 5 (winners) of Joshi et al. (2020); CommonCrawl: share of its pages.")
    if left_out:
        names = ", ".join(context.model(name) for name in left_out)
        notes.append(
            f"Left out, so that all languages are compared over the same teachers: {names} (without a measurement somewhere)."
        )
    notes += [*flag_notes(context, gaps), *hole_notes(context, unmeasured(cells, None, "see the leaderboard"))]
    return Table(data, pd.DataFrame(shown), context.title, notes, [_resources(context, data)])


def _resources(context: Context, data: pd.DataFrame) -> Table:
    """Rank correlations over languages."""
    columns = ["pg", *RESOURCES]
    matrix = spearman_matrix(data, columns, confidence=context.confidence)
    found = matrix[(matrix["a"] == "pg") & (matrix["b"] != "pg")].reset_index(drop=True)
    rows = [
        {
            "PG-Score against": RESOURCES[row["b"]],
            "ρ": with_interval(row["rho"], row["low"], row["high"], 2, sign=True),
            "p": p_value(row["p"]),
            "languages": count(row["n"]),
        }
        for row in row_dicts(found)
    ]
    most = int(found["n"].max())
    notes = [
        f"Spearman's ρ over languages with its {context.confidence:.0%} interval (from 4 languages on). p: over all orders of "
        f"the languages (exact) up to {EXACT_RANKS} of them.",
        *_remarks(found),
    ]
    if most < FEW:
        few = f"{most} language{'s prove' if most != 1 else ' proves'} little"
        notes.append(f"{few}: languages also differ in other ways, and one more could reverse the correlation.")
    return Table(found, pd.DataFrame(rows), "Correlation over languages", notes)


def truth(context: Context, checks: pd.DataFrame, agreement: pd.DataFrame, gaps: pd.DataFrame | None = None) -> Table:
    """Every planted order of two teachers, checked with every definition of the score."""
    rows, verdicts = [], []
    for row in row_dicts(checks):
        verdict = _verdict(row)
        average = row["lang"] == AVERAGE
        rows.append(
            {
                "language": "average over languages" if average else context.language(row["lang"]),
                "planted order": f"{context.model(row['better'])} above {context.model(row['worse'])}",
                "right pairs (better / worse)": f"{_percent(row['right_better'])} / {_percent(row['right_worse'])}",
                "definition": row["definition"],
                "difference of PG-Scores": with_interval(row["difference"], row["low"], row["high"], 2, sign=True, missing=HOLE),
                "verdict": verdict,
            }
        )
        verdicts.append(verdict)
    frame = checks.assign(verdict=verdicts)
    lead = "; ".join(_held(name, frame[frame["definition"] == name]) for name in DEFINITIONS)
    agreed = [
        {
            "quantity": quantity(context, row["quantity"]),
            "ρ": number(row["spearman"], 2, sign=True),
            "ρ within languages": number(row["within"], 2, sign=True),
            "cells": count(row["n"]),
        }
        for row in row_dicts(agreement)
    ]
    notes = [
        f"Difference: PG-Score of the teacher that should be better minus that of the other, with its {context.confidence:.0%} "
        "bootstrap interval. `within noise`: the interval includes 0, so the outcome could be chance. Right pairs: share of a "
        "teacher's usable pairs that are correct in the micro-world.",
        *flag_notes(context, gaps),
    ]
    if checks["difference"].isna().any():
        notes.append(f"{HOLE}: a teacher of the pair has no measurement, so the order is not tested.")
    more = Table(
        agreement,
        pd.DataFrame(agreed),
        "Agreement with the share of right pairs",
        [
            "Spearman's ρ over all cells, and the mean of those within each language, where a teacher is chosen; "
            f"{lower_is_better(context.metrics)} with its sign flipped, so that higher is better throughout."
        ],
    )
    return Table(frame, pd.DataFrame(rows), context.title, notes, [more], [f"Planted orders that hold, by definition: {lead}."])


def _verdict(row: Row) -> str:
    if pd.isna(row["difference"]):
        return f"{HOLE} not measured"
    outcome = "holds" if row["holds"] else "fails"
    if pd.isna(row["low"]):
        return f"{outcome}, no interval"
    return outcome if row["certain"] else f"{outcome}, within noise"


def _held(name: str, checks: pd.DataFrame) -> str:
    outcome: Sequence[str] = list(checks["verdict"])
    held = [verdict for verdict in outcome if verdict.startswith("holds")]
    open_ = sum(verdict.endswith("within noise") for verdict in held)
    absent = sum(HOLE in verdict for verdict in outcome)
    remarks = [f"{open_} of them within noise"] * bool(open_) + [f"{absent} not measured"] * bool(absent)
    return f"{name} {len(held)} of {len(outcome)}" + (f" ({', '.join(remarks)})" if remarks else "")
