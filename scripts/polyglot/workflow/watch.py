"""A study's synthesis while it runs, in the terminal: what is done, how fast, at what price, and the last answers."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyglot.core.text import printable
from polyglot.study import paths
from polyglot.workflow.watched import LAST, Cell, Paid, Watch

if TYPE_CHECKING:
    from rich.console import Group

REQUESTS = paths.inside(paths.REQUESTS).partition("/")[0]
FRAME = 6
"""Lines of a table round its rows, and one to spare."""


def lines(watch: Watch) -> list[str]:
    """What a look shows, as plain lines."""
    cells, money = watch.look(), watch.money()
    shown = []
    for (teacher, lang), cell in cells.items():
        speed = watch.speed((teacher, lang))
        rate = f", {speed:,.0f} tokens/s" if speed and cell.done < cell.of else ""
        rate += f", {share}" if (share := of_thoughts(cell)) else ""
        notes = "; ".join(filter(None, [", ".join(by_status(cell)), *cell.batches]))
        statuses = f" ({notes})" if notes else ""
        shown.append(f"{teacher} {lang}: {cell.done:,} of {cell.of:,}{rate}{statuses}")
    shown += [*spending(money, cells, watch.ceiling), *watch.stillness(cells)]
    return [printable(line) for line in shown] or ["no answers yet"]


def of_thoughts(cell: Cell) -> str:
    """The share of thoughts in a cell's tokens; empty if there are none."""
    return f"{cell.thoughts / cell.tokens:.0%} of the tokens are thoughts" if cell.thoughts and cell.tokens else ""


def by_status(cell: Cell) -> list[str]:
    """How many answers there are by status, and how many requests were asked again."""
    again = [f"{cell.again:,} asked again"] if cell.again else []
    return [f"{count:,} {status}" for status, count in cell.counts.most_common()] + again


def spending(money: dict[str, Paid], cells: dict[tuple[str, str], Cell], ceiling: float | None) -> list[str]:
    """Money by model, and of all together where there are several or there is a ceiling."""
    of_each = {model: expected(paid, model, cells) for model, paid in money.items()}
    shown = [f"{model}: {_spent(money[model].usd, all_of)}" for model, all_of in of_each.items()]
    if money and (len(money) > 1 or ceiling is not None):
        limit = f"; ceiling {ceiling:.2f} USD (synthesis.budget)" if ceiling is not None else ""
        shown.append(f"together: {_spent(sum(paid.usd for paid in money.values()), sum(of_each.values()))}{limit}")
    return shown


def expected(paid: Paid, model: str, cells: dict[tuple[str, str], Cell]) -> float:
    """USD for all answers of a model, if each request that is left costs as much as those that were paid for."""
    left = sum(cell.of - cell.done for (teacher, _), cell in cells.items() if teacher == model)
    return paid.usd * (1 + left / len(paid.requests)) if paid.requests else paid.usd


def _spent(usd: float, all_of: float) -> str:
    return f"{usd:.2f} USD so far" + (f", {all_of:.2f} USD expected for all" if all_of > usd else "")


def table(watch: Watch, height: int = 50) -> Group:
    """The same as a table for a terminal, with the last answers.

    Args:
        height: lines of the terminal; where the languages do not fit, there is a row a teacher.
    """
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    cells, money = watch.look(), watch.money()
    below = [*spending(money, cells, watch.ceiling), *watch.stillness(cells), *watch.last_answers(cells)]
    shown = Table(title=f"{watch.results}: answers")
    for name in ("teacher", "language", "done", "of", "tokens/s"):
        shown.add_column(name, justify="left" if name in ("teacher", "language") else "right")
    shown.add_column("by status", no_wrap=len(cells) > LAST)
    fits = len(cells) + len(below) + FRAME <= height
    teachers = {teacher: [lang for name, lang in cells if name == teacher] for teacher, _ in cells}
    for teacher, langs in ((teacher, [lang]) for teacher, lang in cells) if fits else teachers.items():
        together = Cell()
        for lang in langs:
            together.add(cells[teacher, lang])
            together.of += cells[teacher, lang].of
        speed = sum(watch.speed((teacher, lang)) for lang in langs)
        rate = f"{speed:,.0f}" if speed and together.done < together.of else ""
        where = langs[0] if fits else f"all {len(langs)}"
        notes = [*by_status(together), *together.batches, *filter(None, [of_thoughts(together)])]
        shown.add_row(teacher, where, f"{together.done:,}", f"{together.of:,}", rate, Text(printable("  ".join(notes))))
    return Group(shown, Text("\n".join(below) or "no answers yet", no_wrap=True, overflow="ellipsis"))


def show(results: Path, *, every: float, once: bool) -> None:
    """Look again and again, until Ctrl-C; plain lines where standard output is no terminal."""
    watch = Watch(results)
    if once or not sys.stdout.isatty():
        _print_lines(watch, every, once)
        return
    from rich.live import Live

    with Live(auto_refresh=False) as live:
        while True:
            live.update(table(watch, live.console.height), refresh=True)
            time.sleep(every)


def _print_lines(watch: Watch, every: float, once: bool) -> None:
    """Print what has changed since the last look."""
    before: list[str] = []
    while True:
        now = lines(watch)
        new = [line for line in now if line not in before]
        if new:
            print(*new, sep="\n", flush=True)
        if once:
            return
        before = now
        time.sleep(every)


def _is_study(place: Path) -> bool:
    """Whether a folder holds a study's results: a run saves its settings before any job."""
    return (place / paths.inside(paths.CONFIGURATION)).is_file() or (place / REQUESTS).is_dir()


def read(given: Any) -> None:
    """Run the command `polyglot watch`."""
    places = [Path(given.study), Path("results") / given.study] if given.study else []
    results = next((place for place in places if _is_study(place)), None)
    if results is None:
        raise SystemExit(f"watch: there is no study '{given.study}' in results; run it, or name its folder")
    try:
        show(results, every=given.every, once=given.once)
    except KeyboardInterrupt:
        print()
