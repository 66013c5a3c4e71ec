"""Figure of a race of teachers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.figures.style import DARK, bottom, cross, cross_handle, legend, panels
from polyglot.displays.numbers import number, share

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STATES = {"leads": "#0072B2", "stays": "#56B4E9", "dropped now": "#D55E00", "dropped before": "#BDBDBD"}
"""Colours of bars, by what becomes of a teacher after a rung."""


def race(context: Context, rungs: pd.DataFrame) -> Figure:
    """P(best) of every teacher, one panel per rung (in a race by language, per language and rung), the last rung's best above."""
    rungs = rungs.assign(lang=rungs["lang"].fillna("") if "lang" in rungs else "")
    groups = [group for _, own in rungs.groupby("lang", sort=False) for group in own.groupby(["lang", "rung"])]
    last = rungs[rungs["rung"] == rungs["rung"].max()].groupby("teacher", sort=False)["best"].mean()
    teachers = list(last.sort_values(kind="stable").index)
    figure, shown = panels(len(groups), least=1.75, sharex=True, sharey=True)
    for axes, ((lang, rung), found) in zip(shown, groups, strict=True):
        _rung(axes, found.set_index("teacher").reindex(teachers), int(str(rung)))
        named = f"{context.language(str(lang))}, rung {rung}" if lang else f"after rung {rung}"
        axes.set_title(f"{named}\n{_told(rungs, found)}", fontsize=8)
        axes.set_yticks(np.arange(len(teachers)), [context.model(name) for name in teachers])
        axes.set(xlim=(0, 1.18), ylim=(-0.6, len(teachers) - 0.4))
        axes.set_xticks([0, 0.5, 1], ["0", "50%", "100%"])
        axes.grid(axis="y", visible=False)
    _key(figure, rungs)
    bottom(figure, "probability of being the best teacher")
    return figure


def _rung(axes: Axes, found: pd.DataFrame, rung: int) -> None:
    """One bar per teacher; who is dropped after this rung stands out."""
    least = float(found["least"].max())
    axes.axvline(least, color=DARK, linestyle=":", linewidth=1, zorder=1)
    for place, (_, row) in enumerate(found.iterrows()):
        if row["state"] == "no student":
            cross(axes, place)
            continue
        colour = STATES[_state(str(row["state"]), int(row["since"]), rung)]
        axes.barh(place, row["best"], height=0.62, color=colour, zorder=2)
        axes.text(max(row["best"], least) + 0.025, place, share(row["best"]), va="center", fontsize=7, color=DARK)


def _state(state: str, since: int, rung: int) -> str:
    """What a bar says of its teacher: whoever was last trained in this rung is dropped now."""
    return state if state != "dropped" else "dropped now" if since == rung else "dropped before"


def _told(rungs: pd.DataFrame, found: pd.DataFrame) -> str:
    """Students so far, and the expected regret."""
    most = int(rungs["most"].iloc[0]) * int(found["languages"].sum())
    students = int((found["trainings"] * found["languages"]).sum())
    if int(found["rung"].iloc[0]) == 0:
        return f"{found['small_students'].sum():.0f} of small sets\nexpected regret {number(found['regret'].iloc[0], 4)}"
    return f"{students} of {most} students\nexpected regret {number(found['regret'].iloc[0], 4)}"


def _key(figure: Figure, rungs: pd.DataFrame) -> None:
    """A legend of the states that there are."""
    from matplotlib.patches import Patch

    rows = rungs[rungs["state"] != "no student"]
    seen = {_state(str(state), int(since), int(rung)) for state, since, rung in rows[["state", "since", "rung"]].to_numpy()}
    entries = [Patch(color=colour, label=state) for state, colour in STATES.items() if state in seen]
    absent = (rungs["state"] == "no student").any()
    legend(figure, [*entries, *([cross_handle("no student")] if absent else [])])
