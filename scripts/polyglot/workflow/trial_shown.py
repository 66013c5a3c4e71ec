"""What `polyglot try` shows in the terminal: the teachers in a table, then each request with all answers side by side."""

from __future__ import annotations

import argparse
import io
from collections import Counter
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from polyglot.core.errors import ConfigurationError, foreseen
from polyglot.core.text import printable
from polyglot.synthesis.methods.base import METHODS
from polyglot.workflow.loading import load_study
from polyglot.workflow.trial import Trial, Tried

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

CHARACTERS = 200
"""Of a text that is shown, unless all of it is asked for."""
NARROWEST = 25
"""Columns of the terminal for a teacher's answers."""
NOTHING = "–"


def run(given: argparse.Namespace) -> None:
    """The command.

    Raises:
        SystemExit: with one message, if the study cannot be read, a name is unknown, or no teacher could be asked.
    """
    from rich.console import Console

    console = Console()
    try:
        trial = Trial(*load_study(given.configfile, Path.cwd()))
        lang, teachers = given.lang or trial.study.languages[0], given.teacher or trial.teachers
        trial.check(teachers, lang)
        requests = trial.requests(lang, given.requests)
    except (ConfigurationError, ValueError, OSError) as error:
        raise SystemExit(f"try: {foreseen(error) or error}") from None
    most = [usd for teacher in teachers if (usd := trial.most(teacher, requests)) is not None]
    bound = f"; those with a price cost {sum(most):.4f} USD at most" if most else ""
    console.print(f"{len(requests)} requests in '{lang}' to each of {len(teachers)} teachers{bound}", highlight=False)
    with redirect_stdout(io.StringIO()):  # what jobs write into their logs
        found = [trial.ask(teacher, lang, requests) for teacher in teachers]
    console.print(overview(found))
    for line in problems(found):
        console.print(line, highlight=False, markup=False)
    for shown in answers(requests, found, console.width, None if given.whole else CHARACTERS):
        console.print(shown)
    for line in ending(trial, found):
        console.print(line, highlight=False, markup=False)
    if not any(len(one.answers) for one in found):
        raise SystemExit("try: no teacher could be asked")


def overview(found: Sequence[Tried]) -> Table:
    """A row for each teacher: usable answers, tokens, time, price."""
    from rich.table import Table

    table = Table()
    for name in ("teacher", "usable", "tokens read", "written", "seconds", "USD", "USD per 1,000 usable"):
        table.add_column(name, justify="left" if name == "teacher" else "right")
    for one in found:
        if one.answers.empty:
            table.add_row(one.teacher, "none", *[NOTHING] * 5)
            continue
        good = int((one.answers["status"] == "ok").sum())
        read, written = one.answers["prompt_tokens"].sum(), one.answers["completion_tokens"].sum()
        usd, each = _price(one, good)
        seconds = f"{one.seconds:.1f}" if one.new else "kept"
        table.add_row(one.teacher, f"{good} of {len(one.answers)}", f"{read:,}", f"{written:,}", seconds, usd, each)
    return table


def _price(one: Tried, good: int) -> tuple[str, str]:
    """What a teacher's answers cost, and 1,000 usable ones."""
    if one.usd is None:
        return "no price", "no price"
    if one.free:
        return "price 0", "price 0"
    return f"{one.usd:.5f}", f"{1000 * one.usd / good:.3f}" if good else NOTHING


def problems(found: Sequence[Tried]) -> list[str]:
    """A line for each teacher with answers that cannot be used, or that was not asked: why."""
    lines = []
    for one in found:
        if one.answers.empty:
            lines.append(f"{one.teacher}: not asked: {one.why}")
            continue
        bad = one.answers[one.answers["status"] != "ok"]
        said = Counter(f"{status}: {problem}" for status, problem in zip(bad["status"], bad["problem"], strict=True))
        if said:
            lines.append(f"{one.teacher}: not usable: {'; '.join(f'{count} {why}' for why, count in said.items())}")
    return [printable(line) for line in lines]


def answers(requests: pd.DataFrame, found: Sequence[Tried], width: int, characters: int | None) -> list[Table]:
    """For each request a table with a column for each teacher that answered; several tables where they do not fit.

    Args:
        width: of the terminal. characters: how many of a text are shown; None shows all.
    """
    from rich.table import Table

    there = [one for one in found if len(one.answers)]
    fit = max(1, width // NARROWEST)
    shown = []
    for place, request in enumerate(requests.to_dict("records")):
        asked = request["prompt"] or request["messages"][-1]["content"]
        for start in range(0, len(there), fit):
            together = there[start : start + fit]
            title = f"{place + 1}. {request['method']}" + ("" if start else f": {cut(asked, characters)}")
            table = Table(title=_plain(title), title_justify="left", width=width)
            for one in together:
                table.add_column(_plain(one.teacher), ratio=1)
            table.add_row(*(_answer(one.answers.iloc[place], characters) for one in together))
            shown.append(table)
    return shown


def _answer(row: pd.Series, characters: int | None) -> Text:
    """One answer: its status and tokens, then what would be trained on, or else what came."""
    head = f"{row['status']}, {row['completion_tokens']:,} tokens"
    if row["status"] != "ok":
        return _plain(f"{head}\n{row['problem']}\n{cut(row['text'], characters)}")
    written = f"{cut(row['prompt'], characters)}\n→ " if METHODS[row["method"]].writes == "pair" else ""
    return _plain(f"{head}\n{written}{cut(row['response'], characters)}")


def cut(text: str, characters: int | None) -> str:
    """The beginning of a text; where it is cut, it says of how many characters."""
    if characters is None or len(text) <= characters:
        return text
    return f"{text[:characters]}… ({len(text):,} characters)"


def _plain(text: str) -> Text:
    """A text that is not read as markup."""
    from rich.text import Text

    return Text(printable(text))


def ending(trial: Trial, found: Sequence[Tried]) -> list[str]:
    """What was asked and paid, and that it is kept."""
    new = sum(one.new for one in found)
    kept = sum(len(one.answers) - one.new for one in found)
    paid = f", {sum(one.paid for one in found):.5f} USD" if new else ""
    lines = [f"asked now: {new} answers{paid}; kept from earlier: {kept}"]
    if new or kept:
        folder = f"results/{trial.study.study}/unfinished"
        lines.append(f"The answers are kept in {folder}: the study's jobs take them, and ask for none of them again.")
    return lines
