"""What a study's benchmarks could have told from nothing, from the errors that it measured."""

from __future__ import annotations

import numpy as np
import pandas as pd

from polyglot.core.power import DISAGREEMENT, POWER, expected_error, hardly_differ, smallest_gain
from polyglot.displays.context import Context
from polyglot.displays.numbers import number
from polyglot.displays.table import Table
from polyglot.displays.tables.layout import Row


def power(context: Context, evaluation: pd.DataFrame) -> Table:
    """The smallest gain that each benchmark, and their mean, could have told from nothing, by language."""
    students = evaluation[evaluation["gain_se"].notna()]
    errors = students.groupby(["base", "lang", "benchmark"])["gain_se"].median()
    rows: list[Row] = []
    for (base, lang), own in errors.groupby(["base", "lang"]):
        by_name = {str(name): float(error) for name, error in own.droplevel(["base", "lang"]).items()}
        sizes = {name: float(students.loc[students["benchmark"] == name, "n"].max()) for name in by_name}
        alike = [name for name in by_name if hardly_differ(by_name[name], sizes[name])]
        used = {name: max(error, expected_error(int(sizes[name])) if name in alike else 0.0) for name, error in by_name.items()}
        found = {name: (used[name], sizes[name], name in alike) for name in used}
        mean = float(np.sqrt(np.sum(np.square(list(used.values()))))) / len(used)
        together = len(used) ** 2 / sum(1 / size for size in sizes.values())
        found |= {"mean of benchmarks": (mean, together, bool(alike))} if len(used) > 1 else {}
        for name, (error, size, planned) in found.items():
            gain = smallest_gain(error, context.confidence, size)
            rows.append({"base": base, "lang": lang, "benchmark": name, "smallest_gain": gain, "planned": planned})
    shown = [
        {
            "language": context.language(row["lang"], row["base"]),
            "student base": context.model(row["base"]),
            "benchmark": row["benchmark"],
            "smallest gain": number(row["smallest_gain"]) + " (as planned)" * row["planned"],
        }
        for row in rows
    ]
    as_planned = (
        "As planned: the students answer nearly as the base, so that their errors say nothing of a student that has learned; the "
        f"number is what the plan expects of a student that answers {DISAGREEMENT:.0%} of the items otherwise."
    )
    note = (
        f"The true gain over the base that the {context.confidence:.0%} interval of a median student would tell from nothing "
        f"with probability {POWER:.0%}. A smaller gain may be there and not be seen."
    )
    return Table(
        pd.DataFrame(rows),
        pd.DataFrame(shown),
        "Smallest gain that could have been told from nothing",
        [note, *[as_planned] * any(row["planned"] for row in rows)],
    )
