"""Figures of the analyses: components of the metrics, predictions, correlations, weights, resources of languages."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.figures.notes import averages, interval_text, main_rows, minus
from polyglot.displays.figures.style import (
    COLOURS,
    CROSS,
    DARK,
    GREY,
    Look,
    bottom,
    cross_handle,
    flag_handle,
    handle,
    heat_map,
    language_label,
    legend,
    log_axis,
    looks,
    narrow,
    nothing,
    panels,
    points,
    spread,
)
from polyglot.displays.numbers import HOLE, number
from polyglot.displays.words import hole_line, quantity
from polyglot.scoring.scores import DEFINITIONS
from polyglot.scoring.statistics import spearman_matrix

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def _component(value: Any) -> str:
    """PC1 for 1 and for PC1."""
    return f"PC{str(value).removeprefix('PC').removesuffix('.0')}"


def _halo() -> list[Any]:
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=2.2, foreground="white")]


def _language_handles(context: Context, by_language: Mapping[str, Look]) -> list[Artist]:
    return [handle(look, language_label(context, lang)) for lang, look in by_language.items()]


def pca(
    context: Context,
    loadings: pd.DataFrame,
    variance: pd.DataFrame,
    scores: pd.DataFrame,
    holes: pd.DataFrame | None = None,
    gaps: pd.DataFrame | None = None,
) -> Figure:
    """Left: explained variance, and loadings. Right: cells on the first two components, with the loadings as arrows."""
    import matplotlib.pyplot as plt

    figure = plt.figure()
    if narrow(2, 2.4) > 1:
        placed = figure.subplot_mosaic("vc;lc", width_ratios=[1, 1.45], height_ratios=[1, 1.35])
    else:
        placed = figure.subplot_mosaic("v;l;c", height_ratios=[1, 1.35, 2])
        figure.set_figheight(1.6 * figure.get_figheight())
    left, below, right = placed["v"], placed["l"], placed["c"]
    place = np.arange(1, len(variance) + 1)
    left.bar(place, variance["share"], color="#CFE3F1", edgecolor=COLOURS[0], width=0.66, linewidth=0.8)
    left.plot(place, variance["cumulative"], "s--", color=COLOURS[1], markersize=3.5, linewidth=1)
    left.vlines(place, variance["low"], variance["high"], color=DARK, linewidth=1.1)
    left.set(ylim=(0, 1.05), ylabel="variance")
    left.set_xticks(place, [_component(name) for name in variance["component"]])
    left.yaxis.set_major_formatter("{x:.0%}")
    left.grid(axis="x", visible=False)
    _loadings(context, below, loadings)
    labels = [_component(name) for name in variance["component"]]
    names = [name for name in ("PC1", "PC2") if name in labels and name in scores]
    known = scores.dropna(subset=names) if names else scores.iloc[:0]
    langs = sorted(scores["lang"].unique())
    by_language = looks(langs, context.colours)
    hollow = False
    if len(names) < 2 or known.empty:
        nothing(right, str(variance["note"].iloc[0]) if "note" in variance and len(variance) else "no two components")
    else:
        for lang, look in by_language.items():
            rows = known[known["lang"] == lang]
            flagged = bool(len(rows)) and context.is_flagged(lang, str(rows["base"].iloc[0]))
            hollow |= flagged
            points(right, rows["PC1"], rows["PC2"], look=look, hollow=flagged, size=4.5)
        _arrows(context, right, loadings, float(np.abs(known[names].to_numpy()).max()))
        shares = dict(zip(labels, variance["share"], strict=True))
        right.set(xlabel=f"PC1 ({shares['PC1']:.0%} of the variance)", ylabel=f"PC2 ({shares['PC2']:.0%} of the variance)")
    legend(figure, _language_handles(context, by_language) + [flag_handle()] * hollow)
    how = f"Bars: share of each component; dashed: cumulative. Arrows: loadings, not to scale. {len(known)} cells."
    bottom(figure, "", hole_line(context, holes=holes), how)
    return figure


def _loadings(context: Context, axes: Axes, loadings: pd.DataFrame) -> None:
    """Loadings on the first three components with their intervals, metrics as rows."""
    metrics = list(dict.fromkeys(loadings["metric"]))
    components = list(dict.fromkeys(loadings["component"]))[:3]
    shifts = np.linspace(-0.22, 0.22, len(components)) if len(components) > 1 else [0.0]
    for component, shift, look in zip(components, shifts, looks(components).values(), strict=True):
        rows = loadings[loadings["component"] == component].set_index("metric").reindex(metrics)
        points(axes, rows["loading"], np.arange(len(metrics)) + shift, (rows["low"], rows["high"]), look=look, size=4)
        axes.plot([], [], look.marker, color=look.colour, markersize=4, label=_component(component))
    axes.axvline(0, color=GREY, linewidth=0.8, zorder=1)
    axes.set_yticks(range(len(metrics)), [quantity(name, context.metrics) for name in metrics], fontsize=7.5)
    axes.set(ylim=(len(metrics) - 0.5, -0.5), xlim=(-1.05, 1.05), xlabel="loading")
    axes.grid(axis="y", visible=False)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, borderaxespad=0.2, columnspacing=1, handletextpad=0.1)


def _arrows(context: Context, axes: Axes, loadings: pd.DataFrame, reach: float) -> None:
    """Loadings on the first two components as arrows, their names beside the tips, moved apart to avoid overlap."""
    named = loadings.assign(component=[_component(name) for name in loadings["component"]])
    wide = named.pivot(index="metric", columns="component", values="loading")[["PC1", "PC2"]].dropna()
    if wide.empty:
        return
    small = narrow(2, 2.4) < 2
    scale = 0.85 * reach / np.abs(wide.to_numpy()).max()
    limit = reach * 1.12
    axes.set(xlim=(-limit * 1.4, limit * 1.4), ylim=(-limit, limit))
    axes.axhline(0, color=GREY, linewidth=0.6, zorder=1)
    axes.axvline(0, color=GREY, linewidth=0.6, zorder=1)
    for right in (True, False):
        side = wide[(wide["PC1"] >= 0) == right] * scale
        for (metric, tip), y in zip(side.iterrows(), spread(list(side["PC2"]), limit * (0.32 if small else 0.1)), strict=True):
            arrow = {"arrowstyle": "-|>", "color": DARK, "linewidth": 1.1, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 8}
            axes.annotate("", xy=(tip["PC1"], tip["PC2"]), xytext=(0, 0), arrowprops=arrow, zorder=4)
            axes.annotate(
                textwrap.fill(quantity(str(metric), context.metrics), 12 if small else 99),
                xy=(tip["PC1"], y), xytext=(4 if right else -4, 0), textcoords="offset points",
                ha="left" if right else "right", va="center", fontsize=7.5, linespacing=1, path_effects=_halo(), zorder=5,
            )  # fmt: skip


VALIDATIONS = {"in_sample": "in sample", "leave_one_lang_out": "language left out", "leave_one_teacher_out": "teacher left out"}


def regression(
    context: Context,
    predictions: pd.DataFrame,
    validation: pd.DataFrame,
    holes: pd.DataFrame | None = None,
    gaps: pd.DataFrame | None = None,
) -> Figure:
    """Predicted against actual gain, one panel per validation."""
    names = list(validation["validation"])
    figure, shown = panels(max(1, len(names)), least=1.7, sharex=True, sharey=True)
    if shown[0].get_subplotspec().get_gridspec().nrows > 1:  # type: ignore[union-attr]
        figure.set_figheight(1.4 * figure.get_figheight())  # square panels, each below its title
    by_language = looks(sorted(predictions["lang"].unique()), context.colours)
    columns = [name for name in ("actual", *names) if name in predictions]
    values = predictions[columns].to_numpy(dtype=float)
    known = values[np.isfinite(values)]
    ends = (known.min(), known.max()) if len(known) else (0.0, 1.0)
    pad = 0.06 * ((ends[1] - ends[0]) or 1)
    for axes, row in zip(shown, validation.to_dict("records"), strict=False):
        name = str(row["validation"])
        title = VALIDATIONS.get(name, name.replace("_", " "))
        if pd.isna(row["r2"]):
            axes.set_title(f"{title}\nn {row['n']}", fontsize=8)
            nothing(axes, str(row["note"]))
            continue
        numbers = f"R² {number(row['r2'], 2)}, RMSE {number(row['rmse'], 3)}\np {number(row['p_permutation'])}, n {row['n']}"
        axes.set_title(f"{title}\n{minus(numbers)}", fontsize=8)
        axes.axline((0, 0), slope=1, color=GREY, linewidth=0.9, linestyle="--", zorder=1)
        axes.set(xlim=(ends[0] - pad, ends[1] + pad), ylim=(ends[0] - pad, ends[1] + pad), aspect="equal")
        axes.locator_params(nbins=5)
        for lang, look in by_language.items():
            rows = predictions[predictions["lang"] == lang]
            hollow = context.is_flagged(lang)
            points(axes, rows.get(name, np.nan), rows["actual"], look=look, hollow=hollow, size=4.5)
    shown[0].set_ylabel("actual gain")
    flagged = any(context.is_flagged(lang) for lang in by_language)
    legend(figure, _language_handles(context, by_language) + [flag_handle()] * flagged)
    bottom(figure, "predicted gain; dashed: prediction equals outcome", hole_line(context, holes=holes))
    return figure


def spearman(context: Context, correlations: pd.DataFrame, holes: pd.DataFrame | None = None) -> Figure:
    """Rank correlations of every pair of quantities, with intervals in small print."""
    import matplotlib.pyplot as plt

    names = list(dict.fromkeys(correlations["a"]))
    figure, axes = plt.subplots()
    if correlations.loc[correlations["a"] != correlations["b"], "rho"].isna().all():
        nothing(axes, "no correlation is defined: too few cells are measured")
        return figure
    tables = {
        name: correlations.pivot(index="a", columns="b", values=name).reindex(index=names, columns=names).astype(float)
        for name in ("rho", "low", "high")
    }
    above = np.triu(np.ones((len(names), len(names)), dtype=bool))
    shown = {name: table.mask(above).iloc[1:, :-1] for name, table in tables.items()}
    for table in shown.values():
        table.index = [quantity(name, context.metrics) for name in table.index]
        table.columns = [quantity(name, context.metrics) for name in table.columns]
    inches = (figure.get_figwidth() - 1.2) / (len(names) - 1)
    intervals = heat_map(axes, shown["rho"], shown["low"], shown["high"], inches=inches)
    axes.set_xticks(
        axes.get_xticks(), [str(name) for name in shown["rho"].columns], rotation=35, ha="right", rotation_mode="anchor"
    )
    counts = correlations.loc[correlations["a"] != correlations["b"], "n"]
    cells = f"{counts.min()}" if counts.min() == counts.max() else f"{counts.min()} to {counts.max()}"
    axes.text(0.98, 0.98, f"Spearman's ρ\n{cells} cells", transform=axes.transAxes, ha="right", va="top", fontsize=9)
    absent = int(shown["rho"].isna().to_numpy()[np.tril_indices(len(names) - 1)].sum())
    white = f"White: not defined ({absent} pairs), because a quantity is constant or not measured." if absent else ""
    bottom(figure, "", white, "" if intervals else "Intervals: in the table.", hole_line(context, holes=holes))
    return figure


def weights(context: Context, sensitivity: pd.DataFrame, holes: pd.DataFrame | None = None) -> Figure:
    """Agreement of the ranking at every weight of the intrinsic score with that at the chosen weight, one panel per
    definition."""
    rows = sensitivity[sensitivity["choice"] == "alpha"].assign(value=lambda frame: frame["value"].astype(float))
    names = [name for name in DEFINITIONS if rows.loc[rows["definition"] == name, "spearman"].notna().any()]
    figure, shown = panels(max(1, len(names)), least=1.9, sharex=True, sharey=True)
    if not names:
        nothing(shown[0], "fewer than two teachers with a score in every language: no ranking to compare")
    for axes, name, look in zip(shown, names, looks(DEFINITIONS).values(), strict=False):
        part = rows[rows["definition"] == name].sort_values("value")
        axes.fill_between(part["value"], part["low"], part["high"], color=look.colour, alpha=0.18, linewidth=0)
        axes.plot(part["value"], part["spearman"], color=look.colour, zorder=2)
        points(axes, part["value"], part["spearman"], (part["low"], part["high"]), look=look, vertical=True, size=4.5)
        axes.axvline(context.alpha, color=DARK, linestyle=":", linewidth=1.1, zorder=1)
        axes.set_title(f"{name}, {int(part['n'].max())} teachers")
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.5", "0.75", "1"])
    if names:
        shown[0].set_ylabel("Spearman's ρ of the two rankings")
        low = np.nanmin(rows[["spearman", "low"]].to_numpy(dtype=float))
        shown[0].set_ylim(low - 0.08, 1.03)
        label = f"weight of the intrinsic score; dotted: the chosen one, α = {context.alpha}"
        bottom(figure, label, hole_line(context, holes=holes))
    return figure


FACTS = {"commoncrawl_percent": "share of CommonCrawl (%)", "resource_level": "resource level (1 to 5)"}


def language_resources(
    context: Context, cells: pd.DataFrame, replicates: pd.DataFrame, gaps: pd.DataFrame | None = None
) -> Figure:
    """Mean PG-Score of every language against its share of CommonCrawl and its resource level."""
    main = main_rows(context, replicates)
    means = averages(main, f"pg_{context.definition}", ["lang"], context.confidence)
    base = str(main["base"].iloc[0]) if len(main) else context.base
    by_language = looks(sorted(means.index), context.colours)
    flagged = {lang: context.is_flagged(lang, base) for lang in by_language}
    figure, shown = panels(2, least=2.0, sharey=True)
    absent = [context.language(lang, base) for lang in means.index[means["value"].isna()]]
    notes = [f"{HOLE} no mean, because a teacher's measurement is missing: {', '.join(absent)}."] if absent else []
    for axes, (fact, label) in zip(shown, FACTS.items(), strict=True):
        x = pd.Series({lang: context.languages.get(lang, {}).get(fact) for lang in means.index}, dtype=float)
        unknown = [context.language(str(lang), base) for lang in means.index[x.isna()]]
        notes += [f"Not known, {label}: {', '.join(unknown)}."] if unknown else []
        place = x + _apart(x) if fact == "resource_level" else x
        rows = means.assign(x=x, place=place).dropna(subset=["x", "value"])
        axes.set_xlabel(label)
        if rows.empty:
            nothing(axes, f"no language with a score and a known {label}")
            continue
        for row in rows.reset_index().to_dict("records"):
            points(axes, row["place"], row["value"], (row["low"], row["high"]), look=by_language[row["lang"]],
                   hollow=flagged[row["lang"]], vertical=True, size=6.5)  # fmt: skip
        gone = place[means["value"].isna()].dropna()
        axes.plot(gone, np.full(len(gone), 0.04), transform=axes.get_xaxis_transform(), **CROSS)
        (_levels if fact == "resource_level" else log_axis)(axes, x.dropna())
        rho = spearman_matrix(rows, ["x", "value"], confidence=context.confidence).iloc[1]
        text = f"ρ {interval_text(rho['rho'], rho['low'], rho['high'])}, " if pd.notna(rho["rho"]) else ""
        axes.set_title(f"{text}n {len(rows)}", fontsize=8)
    shown[0].set_ylabel(f"mean PG-Score ({context.definition})")
    entries = [handle(look, language_label(context, lang, base), hollow=flagged[lang]) for lang, look in by_language.items()]
    legend(figure, entries + [flag_handle()] * any(flagged.values()) + [cross_handle("no mean")] * bool(absent))
    bottom(figure, "", *notes)
    return figure


def _apart(values: pd.Series) -> pd.Series:
    """Shifts that separate points with the same value."""
    groups = values.groupby(values)
    return (groups.cumcount() - (groups.transform("size") - 1) / 2) * 0.14


def _levels(axes: Axes, values: pd.Series) -> None:
    axes.set(xlim=(0.5, max(5.5, values.max() + 0.5)), xticks=range(1, int(max(5, values.max())) + 1))
