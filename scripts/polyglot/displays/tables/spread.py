"""The spread of students' scores between draws of data and between trainings."""

from __future__ import annotations

import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.numbers import UNKNOWN, number, with_interval
from polyglot.displays.table import Table
from polyglot.displays.tables.layout import Row, row_dicts
from polyglot.scoring.spread_sources import DRAWS, TOGETHER, TRAININGS, deviation

SOURCES = {
    DRAWS: "another draw of the teacher's data",
    TRAININGS: "another training on the same data",
    TOGETHER: "another draw of data and another training",
}


def spread(context: Context, spread: pd.DataFrame) -> Table:
    """What each source adds to a student's mean benchmark score, as a standard deviation with its interval."""
    found = spread.copy()
    ends = [deviation(row, context.confidence) for _, row in spread.iterrows()]
    found[["sd", "low", "high"]] = pd.DataFrame(ends, columns=["sd", "low", "high"], index=spread.index)
    rows: list[Row] = []
    for row in row_dicts(found):
        rows.append(
            {
                "what differs": SOURCES[row["source"]],
                "standard deviation": with_interval(row["sd"], row["low"], row["high"], 3),
                "of it seen": number(row["variance"] ** 0.5, 3),
                "degrees of freedom": f"{int(row['df']):,}",
                "students compared": f"{int(row['students']):,}",
            }
        )
    known = {row["source"] for row in row_dicts(found)}
    rows += [_unknown(source) for source in (DRAWS, TRAININGS) if source not in known and TOGETHER not in known]
    notes = [
        "Of the mean over benchmarks, pooled over all teachers and languages. Seen: the standard deviation of the scores "
        "themselves, which holds the noise of the items too (and, between draws, that of trainings); it is taken off.",
    ]
    if TOGETHER in known:
        notes.append("Each seed draws other data and trains another student. To tell the two apart, set `trainings: 2`.")
    elif DRAWS not in known:
        notes.append("One draw of data: what another draw would change is not in the intervals of this study.")
    return Table(found, pd.DataFrame(rows), context.title, notes)


def _unknown(source: str) -> Row:
    blank = dict.fromkeys(("of it seen", "degrees of freedom", "students compared"), UNKNOWN)
    return {"what differs": SOURCES[source], "standard deviation": "not measured", **blank}
