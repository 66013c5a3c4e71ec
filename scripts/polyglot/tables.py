"""Tables for people: the leaderboard, the yield of synthesis and the benchmark of the workflow itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from polyglot.scores import DEFINITIONS, Definition

FLAG = "⚑"
"""Marks a language whose reference does not beat its base by more than the gap's standard error."""


def leaderboard(
    teachers: pd.DataFrame,
    cells: pd.DataFrame,
    gaps: pd.DataFrame | None,
    *,
    definition: Definition,
    labels: Mapping[str, str],
) -> pd.DataFrame:
    """One row a teacher, best first.

    Args:
        teachers: from `polyglot.scores.rank_teachers`.
        cells: from `polyglot.scores.score_cells`.
        gaps: columns lang and flagged; None if base and reference are not known.

    Returns:
        rank, teacher, label, pg (the ordering definition) with low and high, p_first, released, paper, signsafe, intrinsic, gain
        (mean over languages, if known), pg_{lang} for each language, languages, flagged (languages, or `unknown`).
    """
    means = cells.groupby("teacher").mean(numeric_only=True)
    wide = cells.pivot(index="teacher", columns="lang", values=f"pg_{definition}")
    order = teachers["teacher"]
    columns: dict[str, object] = {
        "rank": teachers["rank"],
        "teacher": order,
        "label": order.map(lambda name: labels.get(name, name)),
        "definition": definition,
        "pg": teachers[f"pg_{definition}"],
        "low": teachers[f"pg_{definition}_low"],
        "high": teachers[f"pg_{definition}_high"],
        "p_first": teachers["p_first"],
        **{name: teachers[f"pg_{name}"] for name in DEFINITIONS},
        "intrinsic": order.map(means["intrinsic"]),
    }
    table = pd.DataFrame(columns)
    if "gain" in means.columns:
        table["gain"] = order.map(means["gain"])
    for lang in wide.columns:
        table[f"pg_{lang}"] = order.map(wide[lang])
    table["languages"] = teachers["languages"]
    table["flagged"] = "unknown" if gaps is None else " ".join(gaps.loc[gaps["flagged"], "lang"]) or "none"
    return table


def leaderboard_markdown(table: pd.DataFrame, gaps: pd.DataFrame | None, *, confidence: float) -> str:
    """The leaderboard as a Markdown table with a note on how to read it."""
    flagged = set() if gaps is None else set(gaps.loc[gaps["flagged"], "lang"])
    langs = [column.removeprefix("pg_") for column in table.columns if column.startswith("pg_")]
    definition = table["definition"].iloc[0]
    rows = []
    for row in table.to_dict("records"):
        shown: dict[str, object] = {
            "rank": row["rank"],
            "teacher": row["label"],
            f"PG-Score ({definition})": f"**{row['pg']:.3f}**{_interval(row['low'], row['high'])}",
            **({"P(first)": _number(row["p_first"], 2)} if table["p_first"].notna().any() else {}),
            **{name: _number(row[name]) for name in DEFINITIONS if name != definition and table[name].notna().any()},
            "intrinsic": _number(row["intrinsic"]),
        }
        if "gain" in row:
            shown["gain"] = f"{row['gain']:+.3f}"
        for lang in langs:
            shown[f"{lang} {FLAG}" if lang in flagged else lang] = _number(row[f"pg_{lang}"])
        rows.append(shown)
    languages = f"{table['languages'].iloc[0]} languages; columns {', '.join(langs)}: by language"
    notes = [f"PG-Score by the definition `{definition}`, averaged over {languages}."]
    if "gain" in table.columns:
        notes.append("`gain`: the students' mean benchmark score minus the base's.")
    if table["low"].notna().any():
        notes.append(
            f"Brackets: {confidence:.0%} bootstrap interval over examples and seeds. P(first): share of resamples in which the "
            "teacher leads."
        )
    else:
        notes.append("No intervals: per-example outcomes are not available.")
    if gaps is None:
        notes.append(
            "Scores of base and reference are not available, so only this definition can be computed and no language flagged."
        )
    elif flagged:
        notes.append(f"{FLAG}: the reference does not beat the base by more than the gap's standard error; distrust PGR there.")
    else:
        notes.append("No language is flagged: every reference beats its base by more than the gap's standard error.")
    text = pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True) + "\n\n" + "\n".join(notes) + "\n"
    return text if gaps is None else text + "\n" + gaps_markdown(gaps)


def gaps_markdown(gaps: pd.DataFrame) -> str:
    """Base, reference and their gap in every language, with its standard error and the flag."""
    rows = [
        {
            "lang": f"{row['lang']} {FLAG}" if row["flagged"] else row["lang"],
            "base": _number(row["base"]),
            "reference": _number(row["reference"]),
            "gap ± standard error": f"{row['gap']:+.3f} ± {row['gap_se']:.3f}",
            "flag": row["reason"] if row["flagged"] else "–",
        }
        for row in gaps.to_dict("records")
    ]
    return pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True) + "\n"


def yield_table(answers: pd.DataFrame) -> pd.DataFrame:
    """Statuses of all answers (columns teacher, lang, method, status): count and share of each, over all seeds."""
    groups = ["teacher", "lang", "method"]
    counts = answers.groupby([*groups, "status"]).size().rename("count").reset_index()
    counts["requests"] = counts.groupby(groups)["count"].transform("sum")
    return counts.assign(share=counts["count"] / counts["requests"])


def resource_table(folder: Path) -> pd.DataFrame:
    """Seconds and memory by rule, from Snakemake's benchmark files.

    Args:
        folder: with {rule}/**/*.tsv as rules write them.

    Returns:
        rule, jobs, seconds (sum), seconds_mean, seconds_max, cpu_seconds, memory_mb (largest resident set of any job).
    """
    rows = []
    for path in sorted(folder.rglob("*.tsv")):
        frame = pd.read_csv(path, sep="\t", na_values="-")
        rows.append(frame.assign(rule=path.relative_to(folder).parts[0].removesuffix(".tsv")))
    if not rows:
        return pd.DataFrame(columns=["rule", "jobs", "seconds", "seconds_mean", "seconds_max", "cpu_seconds", "memory_mb"])
    jobs = pd.concat(rows, ignore_index=True)
    table = jobs.groupby("rule").agg(
        jobs=("s", "size"),
        seconds=("s", "sum"),
        seconds_mean=("s", "mean"),
        seconds_max=("s", "max"),
        cpu_seconds=("cpu_time", "sum"),
        memory_mb=("max_rss", "max"),
    )
    return table.sort_values("seconds", ascending=False).round(1).reset_index()


def page(markdown: str, *, title: str) -> str:
    """A self-contained HTML page of a Markdown text with tables."""
    from markdown_it import MarkdownIt

    body = MarkdownIt().enable("table").render(markdown)
    return PAGE.format(title=title, body=body)


PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; color: #222; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; display: block; overflow-x: auto; }}
th, td {{ padding: .35rem .7rem; border-bottom: 1px solid #ddd; text-align: left; white-space: nowrap; }}
th {{ border-bottom: 2px solid #444; }} tr:hover td {{ background: #f4f7fa; }}
</style></head><body><h1>{title}</h1>
{body}</body></html>
"""


def _number(value: float, digits: int = 3) -> str:
    return "–" if pd.isna(value) else f"{value:.{digits}f}"


def _interval(low: float, high: float) -> str:
    return "" if pd.isna(low) else f" [{low:.3f}, {high:.3f}]"
