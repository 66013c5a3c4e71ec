"""The page itself: tables, figures and profiles in the order in which they are read, in the template of report/page."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from polyglot.core.files import read_frame
from polyglot.core.templates import render
from polyglot.displays.catalogue.files import COST
from polyglot.displays.context import Context
from polyglot.displays.numbers import UNKNOWN, count, millions, money, significant
from polyglot.displays.page.answer import ANSWERS, Next, advice_by_language, cautions, next_steps, picture_text, verdict_table
from polyglot.displays.page.left_out import left_out
from polyglot.displays.page.markup import Sheet, line, sheet
from polyglot.displays.page.profiles import Results, language_profile, teacher_profile

VERDICTS = "recommendation"


@dataclass(frozen=True)
class Shown:
    """A table or figure on the page."""

    name: str
    title: str
    category: str
    caption: Markup
    sheet: Sheet | None = None
    picture: str = ""
    """A data URL."""
    size: tuple[int, int] = (0, 0)
    """Width and height of the picture in pixels, if its text had the usual size: it is shown so that it can be read."""


@dataclass(frozen=True)
class Files:
    """What the page is made from: paths by name; what a study lacks is left out.

    `frames`: names of `Results` and `ledger`, `recommendation`, `holes`, `gaps`. `samples`: (teacher, language, path).
    """

    shown: Sequence[Mapping[str, str]]
    """Of every table and figure: kind, name, title, category, caption and path (of a table without its suffix);
    of a figure also scale, by which its text is larger than usual."""
    frames: Mapping[str, str]
    samples: Sequence[tuple[str, str, str]]


def page(template: Path, files: Files, values: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    """The study's page.

    Args:
        template: report/page/page.html.jinja, with style and scripts beside it.
        values: of the context (see `Display.values`).
        facts: what was asked and how it was done: `name`, `description`, `how` (pairs of texts), `seeds`, `unrun`, `trains`,
            `earlier`.
    """
    frames = {name: read_frame(Path(path)) for name, path in files.frames.items()}
    context = Context.of(values, frames.get("gaps"))
    tables, figures = (shown_of(files.shown, kind) for kind in ("table", "figure"))
    answer = next((name for name in ANSWERS if name in tables), "")
    board, advised = frames.get("leaderboard", pd.DataFrame()), frames.get("recommendation")
    advices = [] if advised is None else advice_by_language(advised)
    results = _results(context, frames, files.samples)
    holes = len(frames.get("holes", ()))
    cost = {name: shown for name, shown in tables.items() if shown.category == COST}
    apart = {answer, VERDICTS, *cost}
    silent = left_out(context, results.cells)
    both = (*tables.items(), *figures.items())  # of one name, under titles of their own
    reasons = {shown.title: silent[name] for name, shown in both if name in silent}
    return render(
        template,
        facts=facts,
        answer=tables.get(answer),
        picture=figures.get(answer),
        picture_text=picture_text(board, figures[answer].title) if len(board) and answer in figures else "",
        verdicts=tables.get(VERDICTS),
        verdict_table="" if advised is None else verdict_table(advised),
        next_steps=[
            line(step)
            for step in next_steps(advices, Next(facts["name"], facts["seeds"], facts["unrun"], facts["trains"]), holes)
        ],
        cautions=cautions(advices),
        advices={advice.lang: advice for advice in advices},
        teachers=[teacher_profile(context, results, name) for name in results.teachers],
        languages=[language_profile(context, results, lang) for lang in results.languages],
        figures=_by_category([shown for name, shown in figures.items() if name not in (answer, *silent)]),
        tables=_by_category([shown for name, shown in tables.items() if name not in (*apart, *silent)]),
        left_out=list(reasons.items()),
        named=set(tables) - set(silent),
        totals=_totals(frames.get("ledger", pd.DataFrame())),
        costs=list(cost.values()),
        **dress(template),
    )


def _results(context: Context, frames: Mapping[str, pd.DataFrame], samples: Sequence[tuple[str, str, str]]) -> Results:
    """Measurements of the main base and recipe."""
    cells = frames.get("cells", pd.DataFrame())
    if len(cells):
        cells = cells[(cells["base"] == context.base) & (cells["recipe"] == context.recipe)]
    board, yields, prices = (frames.get(name, pd.DataFrame()) for name in ("leaderboard", "yields", "prices"))
    pairs = {(teacher, lang): read_frame(Path(path)) for teacher, lang, path in samples}
    return Results(cells, board, yields, prices, pairs)


def shown_of(files: Sequence[Mapping[str, str]], kind: str) -> dict[str, Shown]:
    """The tables or figures among files (see `Files.shown`), by name."""
    read = _table if kind == "table" else _figure
    return {one["name"]: read(one) for one in files if one["kind"] == kind}


def dress(template: Path) -> dict[str, Any]:
    """Style and scripts of a page, which lie beside its template, and their hashes for its content security policy."""
    style, scripts = beside(template, "page.css"), beside(template, "sortable.min.js") + beside(template, "page.js")
    hashes = {"style": hash_of(style), "scripts": hash_of(scripts)}
    return {"style": Markup(style), "scripts": Markup(scripts), "hashes": hashes}


def _table(one: Mapping[str, str]) -> Shown:
    markdown = Path(f"{one['path']}.md").read_text(encoding="utf-8")
    return Shown(one["name"], one["title"], one["category"], line(one["caption"]), sheet(markdown, one["title"]))


def _figure(one: Mapping[str, str]) -> Shown:
    data = Path(one["path"]).read_bytes()
    url = f"data:image/png;base64,{base64.b64encode(data).decode()}"
    width, height = int.from_bytes(data[16:20]), int.from_bytes(data[20:24])  # the header of a PNG
    scale = float(one.get("scale", 1))
    size = (round(width / scale), round(height / scale))
    return Shown(one["name"], one["title"], one["category"], line(one["caption"]), None, url, size)


def _by_category(shown: Sequence[Shown]) -> dict[str, list[Shown]]:
    """Tables or figures by category, in the order of the categories, whose number is left out."""
    found: dict[str, list[Shown]] = {}
    for one in sorted(shown, key=lambda one: one.category):
        found.setdefault(one.category.lstrip("0123456789 "), []).append(one)
    return found


def _totals(ledger: pd.DataFrame) -> list[tuple[str, str]]:
    """What the study cost in all."""
    if ledger.empty:
        return []
    total = ledger[["jobs", "hours", "gpu_hours", "prompt_tokens", "completion_tokens"]].sum()
    paid = ledger["usd"].sum(min_count=1)
    return [
        ("jobs", count(total["jobs"])),
        ("hours of jobs", significant(total["hours"])),
        ("GPU hours", significant(total["gpu_hours"]) if total["gpu_hours"] else "none"),
        ("prompt tokens", millions(total["prompt_tokens"]) if total["prompt_tokens"] else UNKNOWN),
        ("completion tokens", millions(total["completion_tokens"]) if total["completion_tokens"] else UNKNOWN),
        ("money", money(paid) if paid else "none recorded"),
    ]


def beside(template: Path, name: str) -> str:
    """A file beside a template."""
    return template.with_name(name).read_text(encoding="utf-8").strip() + "\n"


def hash_of(text: str) -> str:
    """A text's hash for the page's content security policy."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
