"""The table of routed and single teachers: score, gain, cost, and routing quality."""

from __future__ import annotations

import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.numbers import HOLE, UNKNOWN, count
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
    ordered,
    row_dicts,
    students_in,
)
from polyglot.displays.words import hole_notes
from polyglot.routing.hit_rates import MEASURES
from polyglot.routing.strategies import STRATEGIES
from polyglot.scoring.scores import STUDENT

NAMED = {"hit_1": "Hit@1", "hit_3": "Hit@3", "regret": "regret"}


def routing(
    context: Context,
    replicates: pd.DataFrame,
    measurements: pd.DataFrame,
    quality: pd.DataFrame,
    shares: pd.DataFrame,
    generations: pd.DataFrame,
    holes: pd.DataFrame | None = None,
    gaps: pd.DataFrame | None = None,
) -> Table:
    """Every teacher, the highest PG-Score first; below: the share of prompts that each single teacher answers."""
    students = Students.of(context, replicates)
    wide = {"pg": averaged(replicates, f"pg_{context.definition}"), "gain": averaged(measurements, "gain")}
    found = {name: estimates(values, context.confidence) for name, values in wide.items()}
    cost = {row["teacher"]: row for row in row_dicts(generations)}
    chosen = {row["routed"]: row for row in row_dicts(quality)}
    data, shown = [], []
    keys = sorted(students_in(wide["pg"]), key=lambda key: (key[:2], -_last_if_unknown(found["pg"][key].value)))
    for key in keys:
        named = dict(zip(STUDENT, key, strict=True))
        teacher = named["teacher"]
        measures = {name: Estimate.of(chosen[teacher], name) if teacher in chosen else Estimate() for name in MEASURES}
        estimated = {name: found[name][key] for name in wide} | measures
        line: Row = {column: value for name, one in estimated.items() for column, value in one.named(name).items()}
        counts = {name: cost.get(teacher, {}).get(name) for name in ("calibration", "data", "total")}
        data.append({**named, "strategy": cost.get(teacher, {}).get("strategy"), **line, **counts})
        shown.append(
            {
                **students.name(named),
                "PG-Score": found["pg"][key].text(2, missing=HOLE),
                "gain": found["gain"][key].text(3, sign=True, missing=HOLE),
                "generations": UNKNOWN if counts["total"] is None else count(counts["total"]),
                **{NAMED[name]: one.text(2) for name, one in measures.items()},
            }
        )
    calibrated = " and ".join(f"`{name}`" for name, way in STRATEGIES.items() if way.calibrated)
    prompts = sorted({int(row["prompts"]) for row in row_dicts(quality)})
    notes = [
        students.note(),
        f"Averages over {replicates['lang'].nunique()} language(s).",
        definition_note(context),
        f"Generations: answers requested in the languages and seeds of this table; {calibrated} with those to the "
        "calibration prompts, on which one router for all languages is trained.",
        "Hit@k: whether a prompt's best teacher is among the strategy's first k choices; regret: "
        "the reward of the best teacher's answer minus that of the chosen one's (0 to 1). On "
        f"{' or '.join(map(str, prompts))} held-out calibration prompts, which every teacher has answered; "
        f"brackets: {context.confidence:.0%} bootstrap interval over prompts. Calibration prompts are made "
        "from the seed dataset like the routed ones; some are the same.",
        *(f"`{name}`: {way.explained}." for name, way in STRATEGIES.items() if name in set(quality["strategy"])),
        brackets(context, found["pg"].values()),
        *average_flags(context, gaps),
        *hole_notes(context, holes),
    ]
    return Table(pd.DataFrame(data), pd.DataFrame(shown), context.title, notes, [_shares(context, shares)])


def _last_if_unknown(value: float) -> float:
    return float("-inf") if pd.isna(value) else value


def _shares(context: Context, shares: pd.DataFrame) -> Table:
    """The share of prompts that each teacher answers, by routed teacher and language."""
    teachers = ordered(shares["teacher"], context.teachers)
    rows = []
    for (routed, lang), group in shares.fillna({"lang": ""}).groupby(["routed", "lang"], sort=False):
        share = {row["teacher"]: f"{row['share']:.0%}" for row in row_dicts(group)}
        where = context.language(str(lang)) if lang else "all"
        prompts = count(group["prompts"].iloc[0])
        rows.append(
            {
                "routed by": routed,
                "language": where,
                "prompts": prompts,
                **{context.model(name): share.get(name, UNKNOWN) for name in teachers},
            }
        )
    return Table(shares, pd.DataFrame(rows), "Share of the prompts that each teacher answers")
