"""What is known of the thoughts that teachers write before their answers."""

from __future__ import annotations

import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.numbers import count, number
from polyglot.displays.table import Table
from polyglot.displays.tables.layout import ordered, row_dicts


def thoughts_tables(context: Context, statuses: pd.DataFrame) -> list[Table]:
    """Answers with thoughts, by teacher and language; no table without thoughts."""
    if "thoughts" not in statuses:
        return []
    keys = ["teacher", "lang"]
    cells = statuses.drop_duplicates([*keys, "method"])
    cells = cells.assign(thought_tokens=cells["thought_tokens"] * cells["thoughts"])
    names = {"in_target": "in the language", "in_english": "in English", "in_other": "in another"}
    data = cells.groupby(keys)[["requests", "thoughts", "thought_tokens", *names]].sum().reset_index()
    data = data[data["thoughts"] > 0].assign(thought_tokens=lambda rows: rows["thought_tokens"] / rows["thoughts"])
    order = ordered(data["teacher"], context.teachers)
    data = data.sort_values(keys, key=lambda column: column.map(order.index) if column.name == "teacher" else column)
    shown = [
        {
            "teacher": context.model(row["teacher"]),
            "language": context.language(row["lang"]),
            "answers": count(row["requests"]),
            "with thoughts": f"{count(row['thoughts'])} ({row['thoughts'] / row['requests']:.1%})",
            "tokens of thoughts, mean": number(row["thought_tokens"], 0),
            **{title: f"{count(row[name])} ({row[name] / row['thoughts']:.1%})" for name, title in names.items()},
        }
        for row in row_dicts(data)
    ]
    note = (
        "Of all methods and seeds. The language is the detector's, by the first 2,000 characters; thoughts without letters are "
        "in none. The language check of answers does not look at thoughts. Tokens are of all attempts at a request."
    )
    return [Table(data, pd.DataFrame(shown), "Thoughts before the answers", [note])]
