"""What a race took by rung, what one more would bring, and its figure."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.figures import racing
from polyglot.displays.tables.race_cost import race_cost
from tests.simulated import values

CONTEXT = Context.of(values(["good", "fair", "poor", "none"], ["base"], ["equal"], 1, "signsafe"))


def rungs() -> pd.DataFrame:
    """Two rungs of four teachers in two languages: one is dropped after the first, one has no student."""
    every = {"languages": 2, "end": "", "reason": "", "doubt": "", "clear": False}
    first = every | {"rung": 1, "since": 1, "regret": 0.004, "more": 0.003, "trainings": 1}
    rows = [
        first | {"teacher": "good", "state": "leads", "best": 0.5},
        first | {"teacher": "fair", "state": "stays", "best": 0.48},
        first | {"teacher": "poor", "state": "dropped", "best": 0.02},
        first | {"teacher": "none", "state": "no student", "best": 0.0, "trainings": 0, "languages": 0},
    ]
    second = {"rung": 2, "regret": 0.002, "more": 0.0015, "end": "trainings"}
    later = [row | second | ({"trainings": 2, "since": 2} if row["teacher"] in ("good", "fair") else {}) for row in rows]
    return pd.DataFrame(rows + later).assign(most=3, least=0.05)


def test_every_rung_stands_with_what_it_brought_and_one_more_with_what_it_would() -> None:
    made = race_cost(CONTEXT, rungs())
    assert list(made.shown["students"]) == ["6", "10", "14"]
    assert list(made.shown["of everyone's trainings"]) == ["33%", "56%", "78%"]
    assert list(made.shown["expected regret"]) == ["0.0040", "0.0020", "0.0015"]
    assert list(made.shown["for each 10 students"]) == ["–", "0.0050", "0.0013"]
    assert "Everyone's trainings: 18 students" in made.notes[0]


def test_a_race_with_one_left_has_no_further_rung_and_keeps_its_doubt() -> None:
    table = rungs().assign(doubt="all about equal")
    table.loc[(table["rung"] == 2) & (table["teacher"] == "fair"), "state"] = "dropped"
    made = race_cost(CONTEXT, table)
    assert len(made.shown) == 2
    assert made.notes[-1] == "all about equal"


def test_the_figure_shows_each_rung_with_who_is_dropped_in_it(repository: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.colors import to_hex
    from matplotlib.patches import Rectangle

    with plt.style.context(repository / "config/figures.mplstyle"):
        figure = racing.race(CONTEXT, rungs())
    first, second = figure.axes
    names = [label.get_text() for label in first.get_yticklabels()]
    assert names == [CONTEXT.model(name) for name in ("none", "poor", "fair", "good")]
    assert [axes.get_title() for axes in (first, second)] == [
        "after rung 1\n6 of 18 students\nexpected regret 0.0040",
        "after rung 2\n10 of 18 students\nexpected regret 0.0020",
    ]
    for axes, dropped in ((first, "dropped now"), (second, "dropped before")):
        bars = [patch for patch in axes.patches if isinstance(patch, Rectangle) and patch.get_width() > 0]
        assert [patch.get_width() for patch in bars] == [0.02, 0.48, 0.5]
        assert [to_hex(patch.get_facecolor()).upper() for patch in bars] == [
            racing.STATES[state] for state in (dropped, "stays", "leads")
        ]
    plt.close(figure)


def test_a_race_by_language_has_a_panel_for_each(repository: Path) -> None:
    import matplotlib.pyplot as plt

    both = pd.concat([rungs().assign(lang=lang, languages=1) for lang in ("de", "id")]).sort_values("rung", kind="stable")
    with plt.style.context(repository / "config/figures.mplstyle"):
        figure = racing.race(CONTEXT, both)
    assert [axes.get_title().split("\n")[0] for axes in figure.axes] == [
        f"{name}, rung {rung}" for name in ("German", "Indonesian") for rung in (1, 2)
    ]
    plt.close(figure)


def test_the_figure_of_small_sets_counts_them_and_whom_they_drop(repository: Path) -> None:
    import matplotlib.pyplot as plt
    from matplotlib.colors import to_hex
    from matplotlib.patches import Rectangle

    start = {"rung": 0, "since": 0, "trainings": 0, "small_students": 2}
    zeroth = rungs().query("rung == 1").assign(**start)
    first = rungs().query("rung == 1").assign(small_students=2)
    first.loc[first["teacher"] == "poor", ["since", "trainings"]] = 0
    with plt.style.context(repository / "config/figures.mplstyle"):
        figure = racing.race(CONTEXT, pd.concat([zeroth, first]))
    assert [axes.get_title().split("\n")[:2] for axes in figure.axes] == [
        ["after rung 0", "8 of small sets"],
        ["after rung 1", "4 of 18 students"],
    ]
    for axes, state in zip(figure.axes, ("dropped now", "dropped before"), strict=True):
        poor = next(patch for patch in axes.patches if isinstance(patch, Rectangle) and patch.get_width() == 0.02)
        assert to_hex(poor.get_facecolor()).upper() == racing.STATES[state]
    plt.close(figure)
