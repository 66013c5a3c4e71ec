"""What a study found in a few lines: verdicts by language, what to do next, cautions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup

from polyglot.core.text import markdown
from polyglot.displays.numbers import FLAG, probability, with_interval
from polyglot.displays.page.markup import line, sheet
from polyglot.displays.table import Table
from polyglot.displays.tables.doubts import STEPS
from polyglot.displays.tables.layout import Row, row_dicts
from polyglot.displays.tables.recommendation import VERDICTS
from polyglot.displays.texts import markdown_line
from polyglot.study.reserved import MAIN

ANSWERS = ("leaderboard", "rank", "screen")
"""The table (and figure) that answers a study's question: the first that the study has."""
CAUTIONS = " Beware: "
"""Begins the cautions in a paragraph of advice."""


@dataclass(frozen=True)
class Advice:
    """The verdict on one language."""

    lang: str
    language: str
    verdict: str
    teacher: str
    label: str
    text: Markup
    """The advice without its cautions."""
    cautions: Sequence[str]
    doubts: Sequence[str] = ()
    """Names of doubts about the test (`polyglot.displays.tables.doubts.STEPS`)."""


@dataclass(frozen=True)
class Next:
    """What is still open in a study: it decides what to do next."""

    study: str
    seeds: int
    unrun: Collection[str] = ()
    """Experiments that have no results."""
    trains: bool = True
    """Whether the study trains students."""


def advice_by_language(recommendation: pd.DataFrame) -> list[Advice]:
    """The verdicts of recommendation.csv."""
    return [
        Advice(
            row["lang"],
            f"{row['language']} {FLAG}" if row["flagged"] else str(row["language"]),
            row["verdict"],
            _text(row["teacher"]),
            _text(row["label"]),
            line(markdown_line(str(row["advice"]).partition(CAUTIONS)[0])),
            [line(markdown_line(part)) for part in _text(row["caveats"]).split("; ") if part],
            _text(row.get("doubts")).split(),
        )
        for row in row_dicts(recommendation)
    ]


def verdict_table(recommendation: pd.DataFrame) -> Markup:
    """A short table: language, verdict, teacher, certainty, gain."""
    rows: list[Row] = [
        {
            "language": row["language"],
            "verdict": VERDICTS[row["verdict"]],
            "best-scoring teacher": _text(row["label"]) or "none",
            "P(first)": probability(row["p_first"]),
            "gain of its student": with_interval(row["gain"], row["gain_low"], row["gain_high"], sign=True),
        }
        for row in row_dicts(recommendation)
    ]
    title = "Verdict by language"
    return sheet(Table(recommendation, pd.DataFrame(rows), title).markdown(), title).table


def cautions(advices: Sequence[Advice]) -> list[tuple[str, str]]:
    """Every caution once, with the languages that it is about; those about most languages first."""
    found: dict[str, list[str]] = {}
    for advice in advices:
        for caution in advice.cautions:
            found.setdefault(caution, []).append(advice.language)
    where = {text: "All languages" if len(names) == len(advices) > 1 else ", ".join(names) for text, names in found.items()}
    return sorted(((where[text], text) for text in found), key=lambda pair: -len(found[pair[1]]))


def next_steps(advices: Sequence[Advice], open_: Next, holes: int) -> list[str]:
    """What to do next, most urgent first, as lines of Markdown."""
    verdicts = {advice.verdict for advice in advices}
    taken = [f"{advice.language}: {advice.label}" for advice in advices if advice.verdict in ("clear", "tentative")]
    steps = [_doubted(name, advices) for name in STEPS if any(name in advice.doubts for advice in advices)]
    if taken:
        named = markdown("; ".join(taken))
        steps.append(f"Use the data of the teacher named: {named}. `snakemake publish` writes data sets with their cards.")
    if "worse" in verdicts:
        steps.append("Where students are worse than the base, read samples of the data before you train on more of them.")
    if verdicts & {"no_gain", "tentative", "gain_unknown"}:
        steps.append(
            "Where no gain or no lead is clear, add training examples (`training.examples`) or benchmark items; `snakemake plan` "
            "says how small a gain the benchmarks can tell from nothing."
        )
    if advices and open_.seeds == 1:
        steps.append("Add seeds (`seeds: [0, 1, 2]`): with one seed, no choice counts as clear.")
    if "distrusted" in verdicts:
        steps.append("Where a score cannot be trusted, choose a reference that beats the base, or another benchmark.")
    if holes:
        steps.append(f"Measure what is missing: {holes} cell{'s have' if holes > 1 else ' has'} no measurement.")
    further = [name for name in open_.unrun if name != MAIN]
    if not open_.trains:
        steps.append(
            "Drop teachers whose data are clearly worse: few usable answers, short or foreign responses, a high price. Then test "
            "the others with students: name a `base` and a benchmark (`evaluation.benchmarks`) in the study; then `snakemake` "
            "trains and evaluates them."
        )
    elif MAIN in open_.unrun:
        steps.append("Test the data with students: `snakemake` trains and evaluates them.")
    elif further:
        asked = markdown(", ".join(further))
        steps.append(f"Not run yet: {asked}. `snakemake experiments`, `race`, `route` and `select` run them.")
    steps.append(f"Keep the proof: `snakemake results/{open_.study}/archive.zip` packs what is behind every number.")
    return steps


def _doubted(name: str, advices: Sequence[Advice]) -> str:
    """What to do about a doubt, with its languages if it is not about all."""
    where = [advice.language for advice in advices if name in advice.doubts]
    return STEPS[name] if len(where) == len(advices) else f"{markdown(', '.join(where))}: {STEPS[name]}"


def picture_text(leaderboard: pd.DataFrame, title: str) -> str:
    """The leaderboard's picture in words, for those who do not see it."""
    rows = [f"{row['label']} {with_interval(row['pg'], row['low'], row['high'], 2)}" for row in row_dicts(leaderboard)]
    return f"{title}. Teachers from best to worst, with intervals: {'; '.join(rows)}."


def _text(value: Any) -> str:
    return "" if pd.isna(value) else str(value)
