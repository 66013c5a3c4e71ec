"""Usable answers that filters marked, and that are trained on all the same."""

from __future__ import annotations

import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.numbers import count
from polyglot.displays.table import Table
from polyglot.displays.tables.layout import ordered, row_dicts

PREFIX = "marked_"
"""Of the yield's columns with the number of marked answers, before the filter's name."""


def marked_tables(context: Context, statuses: pd.DataFrame) -> list[Table]:
    """Marked answers by teacher, language and method; no table where nothing was marked."""
    filters = [name.removeprefix(PREFIX) for name in statuses.columns if name.startswith(PREFIX)]
    if not filters:
        return []
    keys = ["teacher", "lang", "method"]
    usable = statuses[statuses["status"] == "ok"].set_index(keys)["count"].rename("usable")
    data = statuses.drop_duplicates(keys).set_index(keys)[[f"{PREFIX}{name}" for name in filters]]
    data = data.rename(columns=lambda name: name.removeprefix(PREFIX)).join(usable).fillna({"usable": 0}).reset_index()
    data = data[(data[filters] > 0).any(axis=1)]
    order = ordered(data["teacher"], context.teachers)
    data = data.sort_values(keys, key=lambda column: column.map(order.index) if column.name == "teacher" else column)
    shown = [
        {
            "teacher": context.model(row["teacher"]),
            "language": context.language(row["lang"]),
            "method": row["method"],
            "usable": count(row["usable"]),
            **{name.replace("_", " "): f"{count(row[name])} ({row[name] / row['usable']:.1%})" for name in filters},
        }
        for row in row_dicts(data)
    ]
    note = "Counts of usable answers and their share. `filters.NAME.action: drop` leaves them out instead."
    return [Table(data, pd.DataFrame(shown), "Marked by filters, but trained on", [note])]
