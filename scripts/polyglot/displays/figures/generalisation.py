"""Figure of held-out languages and benchmarks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.figures.comparisons import rows_named
from polyglot.displays.figures.style import GREY, Look, bottom, cross, cross_handle, handle, legend, nothing, panels, points
from polyglot.displays.words import CHOOSING, HELD_OUT, NOTHING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LOOK, PLAIN = Look("#0072B2", "o"), Look("#555555", "s")


def generalisation(context: Context, rules: pd.DataFrame) -> Figure:
    """Gain over that of a random teacher, by what the teacher was chosen by; one panel for each kind of held-out data. The square
    is the best choice that could have been made."""
    if rules.empty:
        figure, (axes,) = panels(1)
        nothing(axes, NOTHING)
        return figure
    transfers = list(dict.fromkeys(rules["transfer"]))
    chosen_by = [name for name in dict.fromkeys(rules["rule"]) if name != "random"]
    figure, shown = panels(len(transfers), least=2.3, sharex=True, sharey=True)
    absent = False
    for axes, transfer in zip(shown, transfers, strict=True):
        own = rules[rules["transfer"] == transfer].set_index("rule")
        rows_named(axes, [CHOOSING[name] for name in chosen_by] + ["the best there"])
        axes.axvline(0, color=GREY, linewidth=0.8, zorder=1)
        axes.set_title(f"held out: {HELD_OUT[transfer]}\n{int(own['folds'].max())} choices", fontsize=8)
        axes.locator_params(axis="x", nbins=4)
        for place, name in enumerate(chosen_by):
            row = own.loc[name]
            if pd.isna(row["advantage"]):
                cross(axes, place)
                absent = True
                continue
            points(axes, row["advantage"], place, (row["advantage_low"], row["advantage_high"]), look=LOOK, size=5.5)
        points(axes, own.loc["random", "regret"], len(chosen_by), (float("nan"), float("nan")), look=PLAIN, size=5.5)
    entries = [handle(LOOK, "teacher chosen elsewhere"), handle(PLAIN, "best teacher")]
    legend(figure, entries + [cross_handle("not known")] * absent)
    bottom(figure, "gain over that of a random teacher")
    return figure
