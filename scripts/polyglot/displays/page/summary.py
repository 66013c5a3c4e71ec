"""A study's result in a few lines: for the end of a run in the terminal, and for the first page of Snakemake's report."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import yaml

from polyglot.core.files import read_frame
from polyglot.core.text import printable
from polyglot.displays.numbers import number, with_interval
from polyglot.displays.page.answer import ANSWERS, Next, advice_by_language, next_steps
from polyglot.displays.tables.layout import row_dicts
from polyglot.study.reserved import MAIN

TOP = 3
"""Teachers that are named."""


@dataclass(frozen=True)
class Summary:
    """The result in plain text, without line breaks and control characters; empty where a study has none."""

    lead: str
    top: tuple[str, ...]
    """The first teachers with their scores, one line each."""
    verdict: str
    next: str


def summary(results: Path) -> Summary:
    """The result of a study's folder, from its tables.

    Args:
        results: such as results/demo; tables that are not there leave their part empty.
    """
    tables = results / "tables"
    answer = next((name for name in ANSWERS if (tables / f"{name}.md").exists()), "")
    board, ranking = _frame(tables / "leaderboard.csv"), _frame(tables / "rank.csv")
    advised = _frame(tables / "recommendation.csv")
    settings = results / "config.yaml"
    study = yaml.safe_load(settings.read_text(encoding="utf-8")) if settings.exists() else {}
    unrun = [name for name in study.get("experiments", {}) if not (tables / f"{name}.md").exists()]
    trains = bool(study.get("base", True))
    open_ = Next(results.name, len(study.get("seeds", ())), unrun + [MAIN] * board.empty, trains)
    top = _ranked(ranking) if answer == "rank" else _scored(board)
    steps = next_steps(advice_by_language(advised) if len(advised) else [], open_, 0)
    lead, verdict, step = map(_plain, (_lead(tables / f"{answer}.md"), _lead(tables / "recommendation.md"), steps[0]))
    return Summary(lead, tuple(printable(" ".join(line.split())) for line in top), verdict, step)


def _scored(board: pd.DataFrame) -> list[str]:
    """The leaderboard's first teachers."""
    return [
        f"{number(row['rank'], 0)}. {row['label']}: {with_interval(row['pg'], row['low'], row['high'], 2)}"
        for row in row_dicts(board.head(TOP))
    ]


def _ranked(ranking: pd.DataFrame) -> list[str]:
    """The first teachers of a ranking by the data alone."""
    return [
        f"{number(row['rank'], 0)}. {row['label']}: {with_interval(row['score'], row['score_low'], row['score_high'], 2)}, "
        f"usable {row['usable']} of {row['requests']}"
        for row in row_dicts(ranking.dropna(subset=["rank"]).head(TOP))
    ]


def ending(results: Path) -> list[str]:
    """What a run ends with in the terminal: at most ten lines."""
    found = summary(results)
    files = {
        "page": results / "index.html",
        "report": results / "report.html",
        "figures": results / "figures",
        "tables": results / "tables",
    }
    there = [f"{name + ':':9}{path}{'/' if path.is_dir() else ''}" for name, path in files.items() if path.exists()]
    lines = [found.lead, *found.top, found.verdict, *there, f"{'next:':9}{found.next}"]
    return [line for line in lines if line]


def _frame(path: Path) -> pd.DataFrame:
    return read_frame(path) if path.exists() else pd.DataFrame()


def _lead(path: Path) -> str:
    """What stands above a table in its Markdown."""
    if not path.is_file():
        return ""
    text = path.read_text(encoding="utf-8")
    return text.partition("\n|")[0].strip() if not text.startswith("|") else ""


def _plain(markdown: str) -> str:
    """Markdown as one line of plain text."""
    text = re.sub(r"\\([!-/:-@\[-`{-~])|\*\*|`", r"\1", markdown)
    return printable(" ".join(text.split()))
