"""Tables of selected training sets, and of their quality model."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.numbers import HOLE, UNKNOWN, count, number
from polyglot.displays.table import Table
from polyglot.displays.tables.layout import (
    Estimate,
    Row,
    Students,
    average_flags,
    averaged,
    brackets,
    definition_note,
    estimates,
    row_dicts,
    students_in,
)
from polyglot.displays.tables.recipes import in_order
from polyglot.displays.words import hole_notes
from polyglot.scoring.scores import STUDENT
from polyglot.selection.rules import RULES, rule_of

KINDS = {
    "broken_fluency": "broken fluency",
    "wrong_language": "wrong language",
    "wrong_answer": "wrong answer",
    "truncated": "truncated",
    "original": "before revision",
}
DUELS = (
    "Win rate: wins plus half of the ties, as a share of duels with the whole set's student on the same prompts. A judge is "
    "asked in both orders, and opposite verdicts are a tie; a reward model scores each answer separately."
)


def selection(
    context: Context,
    replicates: pd.DataFrame,
    measurements: pd.DataFrame,
    coverage: pd.DataFrame,
    win_rates: pd.DataFrame,
    holes: pd.DataFrame | None = None,
    gaps: pd.DataFrame | None = None,
) -> Table:
    """Every recipe and teacher: score, gain, win rate against the whole set, clusters covered, mean quality."""
    students = Students.of(context, replicates)
    wide = {"pg": averaged(replicates, f"pg_{context.definition}"), "gain": averaged(measurements, "gain")}
    found = {name: estimates(values, context.confidence) for name, values in wide.items()}
    over_all = win_rates[win_rates["lang"].fillna("") == ""]
    duels = {(row["base"], row["recipe"], row["teacher"]): row for row in row_dicts(over_all)}
    means = coverage.groupby(["recipe", "teacher"], as_index=False)[["examples", "coverage", "quality"]].mean()
    samples = {(row["recipe"], row["teacher"]): row for row in row_dicts(means)}
    data, shown = [], []
    for key in in_order(students, students_in(wide["pg"])):
        named = dict(zip(STUDENT, key, strict=True))
        duel = duels.get((key[0], key[1], key[2]))
        rate = Estimate.of(duel, "win_rate") if duel else Estimate()
        found_samples = samples.get((key[1], key[2]), {})
        looked = {name: found_samples.get(name) for name in ("examples", "coverage", "quality")}
        line: Row = {column: value for name in wide for column, value in found[name][key].named(name).items()}
        counts = {name: duel[name] if duel else None for name in ("wins", "ties", "losses", "unread")}
        data.append({**named, **line, **rate.named("win_rate"), **counts, **looked})
        base = {"base": context.model(key[0])} if len(students.bases) > 1 else {}
        shown.append(
            {
                **base,
                "recipe": key[1],
                "teacher": context.model(key[2]),
                "examples": UNKNOWN if looked["examples"] is None else count(looked["examples"]),
                "PG-Score": found["pg"][key].text(2, missing=HOLE),
                "gain": found["gain"][key].text(3, sign=True, missing=HOLE),
                "win rate": rate.text(2),
                "wins / ties / losses": f"{duel['wins']} / {duel['ties']} / {duel['losses']}" if duel else UNKNOWN,
                "clusters covered": UNKNOWN if looked["coverage"] is None else f"{looked['coverage']:.0%}",
                "quality": UNKNOWN if looked["quality"] is None else number(looked["quality"]),
            }
        )
    shown_rules = [rule_of(str(recipe)) for recipe in replicates["recipe"].unique()]
    unread, trained = (int(over_all[name].sum()) for name in ("unread", "trained"))
    notes = [
        students.note(),
        f"Averages over {replicates['lang'].nunique()} language(s).",
        definition_note(context),
        f"{DUELS} Brackets: {context.confidence:.0%} bootstrap interval over prompts. Above 0.5 the selection wins.",
        "Clusters covered: share of the whole set's clusters. Quality: mean score of the quality model, 0 to 1.",
        *(f"`{name}`: {rule.explained}." for name, rule in RULES.items() if rule in shown_rules),
        *([f"Duels whose verdict could not be read: {unread}."] if unread else []),
        *([f"Duels about a prompt in a training set: {trained}; the seed dataset has too few others."] if trained else []),
        brackets(context, found["pg"].values()),
        *average_flags(context, gaps),
        *hole_notes(context, holes),
    ]
    return Table(pd.DataFrame(data), pd.DataFrame(shown), context.title, notes)


def win_rates(context: Context, win_rates: pd.DataFrame, by_level: pd.DataFrame) -> Table:
    """Duels with the whole set's student in each language, and over the languages of each resource level."""
    own = win_rates[win_rates["lang"].fillna("") != ""]
    known = set(own["lang"]) == {code for codes in by_level["langs"] for code in codes.split()}
    notes = [
        DUELS,
        f"Brackets: {context.confidence:.0%} bootstrap interval over prompts. Bold: the interval excludes 0.5.",
        "Resource level: 0 (left behind) to 5 (winners) of Joshi et al. (2020); the duels in all its languages together.",
        *([] if known else ["Languages whose level is not known are in the first table alone."]),
    ]
    languages = _duels(context, own, lambda row: {"language": context.language(row["lang"])})
    levels = _duels(
        context,
        by_level,
        lambda row: {
            "resource level": str(row["resource_level"]),
            "languages": ", ".join(context.language(code) for code in row["langs"].split()),
        },
    )
    further = [Table(by_level, levels, "By resource level")] if len(by_level) else []
    return Table(own, languages, context.title, notes, further)


def _duels(context: Context, rates: pd.DataFrame, place: Callable[[Row], Row]) -> pd.DataFrame:
    """A row for each student and place: the win rate, and the numbers behind it."""
    several = rates["base"].nunique() > 1
    shown = []
    for row in row_dicts(rates):
        rate = Estimate.of(row, "win_rate")
        apart = not row["win_rate_low"] <= 0.5 <= row["win_rate_high"] and rate.known
        shown.append(
            {
                **({"base": context.model(row["base"])} if several else {}),
                "recipe": row["recipe"],
                "teacher": context.model(row["teacher"]),
                **place(row),
                "win rate": f"**{rate.text(2)}**" if apart else rate.text(2),
                "wins / ties / losses": f"{row['wins']} / {row['ties']} / {row['losses']}",
                "not read": count(row["unread"]),
            }
        )
    return pd.DataFrame(shown)


def quality_model(context: Context, validity: pd.DataFrame) -> Table:
    """AUC of the trained quality model and of the untrained encoder, by kind of worse response and language.

    The data also have every kind by category of question; only wrong answers are shown by category.
    """
    validity = validity.fillna({"lang": "", "category": ""})
    categories = validity["category"].any()
    shown = []
    for row in row_dicts(validity[(validity["category"] == "") | (validity["kind"] == "wrong_answer")]):
        trained, untrained, difference = (Estimate.of(row, name) for name in ("trained", "untrained", "difference"))
        apart = difference.text(3, sign=True)
        shown.append(
            {
                "worse response": KINDS.get(row["kind"], row["kind"]),
                "language": context.language(row["lang"]) if row["lang"] else "all",
                **({"question": row["category"] or "all"} if categories else {}),
                "instructions": count(row["n"]),
                "AUC, trained": trained.text(3),
                "AUC, untrained": untrained.text(3),
                "difference": f"**{apart}**" if difference.apart else apart,
            }
        )
    notes = [
        "AUC: probability that a good response scores above a worse one, of held-out instructions; 0.5 is chance. The "
        "embedded study trains on none of their good responses but those of count and last, which have few at all.",
        f"Brackets: {context.confidence:.0%} bootstrap interval over instructions; bold: the interval excludes 0.",
    ]
    return Table(validity, pd.DataFrame(shown), context.title, notes)
