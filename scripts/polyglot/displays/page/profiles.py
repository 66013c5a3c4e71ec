"""Teachers and languages one by one: scores, yield, price, and samples of the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from polyglot.core.key_finder import KeyFinder
from polyglot.displays.context import Context
from polyglot.displays.numbers import HOLE, UNKNOWN, millions, money, number, probability, share, significant, with_interval
from polyglot.displays.page.markup import sheet
from polyglot.displays.table import Table
from polyglot.displays.tables.layout import Row, row_dicts
from polyglot.displays.tables.verdicts import UNIT, Price

SAMPLES, LONGEST = 2, 600
"""Examples shown of each teacher and language, and the most characters of a text."""


@dataclass(frozen=True)
class Results:
    """The measurements that profiles are made from; an empty frame where a study has none.

    `cells` and `board` (leaderboard.csv) are of the main base and recipe, `samples` are training sets by (teacher, language).
    """

    cells: pd.DataFrame
    board: pd.DataFrame
    yields: pd.DataFrame
    prices: pd.DataFrame
    samples: Mapping[tuple[str, str], pd.DataFrame]

    @property
    def teachers(self) -> list[str]:
        """Every teacher of the study's result, best first."""
        frames = (self.board, self.cells, self.yields)
        named = [str(name) for frame in frames if "teacher" in frame for name in frame["teacher"]]
        return list(dict.fromkeys([*named, *(teacher for teacher, _ in self.samples)]))

    @property
    def languages(self) -> list[str]:
        return sorted({*self.cells.get("lang", ()), *(lang for _, lang in self.samples)})


@dataclass(frozen=True)
class Sample:
    """One example of a teacher's data."""

    lang: str
    language: str
    method: str
    prompt: str
    response: str


@dataclass(frozen=True)
class Profile:
    """A teacher, or a language: facts, a table, and samples."""

    key: str
    name: str
    facts: Sequence[tuple[str, str]]
    table: Markup
    samples: Sequence[Sample] = ()


def teacher_profile(context: Context, results: Results, teacher: str) -> Profile:
    """A teacher's scores, yield, price and samples."""
    name = context.model(teacher)
    facts = [
        *_standing(context, results.board, teacher),
        *_strengths(context, results.cells, teacher),
        *_yield(results.yields, teacher),
        *_about(context, teacher),
    ]
    rows: list[Row] = []
    for lang in results.languages:
        cell = _only(results.cells, teacher=teacher, lang=lang)
        price = _price(results.prices, teacher, lang)
        rows.append(
            {
                "language": context.language(lang),
                **_scores(context, results.cells, cell),
                **_usable(results.yields, teacher, lang),
            }
            | {
                f"tokens per {UNIT:,}": millions(price.prompt_tokens + price.completion_tokens),
                f"price per {UNIT:,}": money(price.usd),
            }
        )
    return Profile(teacher, name, facts, _table(rows, f"{name} by language"), _samples(context, results, teacher))


def language_profile(context: Context, results: Results, lang: str) -> Profile:
    """A language's anchors and every teacher's score in it."""
    cells = results.cells[results.cells["lang"] == lang] if len(results.cells) else results.cells
    facts = []
    if "base_score" in cells and cells["base_score"].notna().any():
        row = cells[cells["base_score"].notna()].iloc[0]
        facts = [("score of the base", number(row["base_score"])), ("of the reference", number(row["reference_score"]))]
        facts.append(("gap between them", number(row["gap"], sign=True)))
    column = f"pg_{context.definition}"
    rows = [
        {"teacher": context.model(row["teacher"]), **_scores(context, results.cells, row)}
        for row in row_dicts(cells.sort_values(column, ascending=False) if column in cells else cells)
    ]
    name = context.language(lang)
    return Profile(lang, name, facts, _table(rows, f"Teachers in {name}"))


def _standing(context: Context, board: pd.DataFrame, teacher: str) -> list[tuple[str, str]]:
    """Its place on the leaderboard."""
    row = _only(board, teacher=teacher)
    if not row:
        return []
    ranked = int(board["rank"].notna().sum())
    place = row["rank"]
    rank: str = f"{HOLE} no rank, for a missing measurement" if pd.isna(place) else f"{number(place, 0)} of {ranked}"
    score = with_interval(row["pg"], row["low"], row["high"], 2, missing=HOLE)
    facts = [("rank", rank), (f"PG-Score ({context.definition})", score), ("P(first)", probability(row["p_first"]))]
    return [*facts, ("gain of its students", number(row["gain"], sign=True))] if "gain" in row else facts


def _strengths(context: Context, cells: pd.DataFrame, teacher: str) -> list[tuple[str, str]]:
    """The languages of its highest and lowest score."""
    column = f"pg_{context.definition}"
    if column not in cells:
        return []
    known = cells[(cells["teacher"] == teacher) & cells[column].notna()].sort_values(column, ascending=False)
    if len(known) < 2:
        return []
    ends = [f"{context.language(str(row['lang']))} ({number(row[column], 2)})" for row in row_dicts(known.iloc[[0, -1]])]
    return [("strongest in", ends[0]), ("weakest in", ends[1])]


def _yield(yields: pd.DataFrame, teacher: str) -> list[tuple[str, str]]:
    """Usable answers by method, and why most others are not usable."""
    if yields.empty:
        return []
    rows = yields[yields["teacher"] == teacher]
    if rows.empty:
        return []
    parts = [f"{share(_usable_share(part))} ({method})" for method, part in rows.groupby("method")]
    lost = rows[rows["status"] != "ok"].groupby("status")["count"].sum().sort_values(ascending=False, kind="stable")
    asked = _requests(rows)
    why = [f"{str(status).replace('_', ' ')} {share(count / asked)}" for status, count in lost.items() if count][:3]
    return [
        ("usable answers", f"{share(_usable_share(rows))} of {asked:,}: {', '.join(parts)}"),
        ("not usable", ", ".join(why) or "none"),
    ]


def _requests(rows: pd.DataFrame) -> int:
    """Requests behind rows of the yield, which repeat them for every status."""
    return int(rows.drop_duplicates(["lang", "method"])["requests"].sum())


def _usable_share(rows: pd.DataFrame) -> float:
    asked = _requests(rows)
    return float(rows.loc[rows["status"] == "ok", "count"].sum() / asked) if asked else float("nan")


def _about(context: Context, teacher: str) -> list[tuple[str, str]]:
    known = context.models.get(teacher, {})
    size = known.get("size")
    facts = [("model family", str(known["family"]))] if known.get("family") else []
    return [*facts, ("size", f"{significant(float(size))} B parameters")] if size else facts


def _scores(context: Context, cells: pd.DataFrame, cell: Row) -> Row:
    """The score, its rank in the language and the gain, as far as they were measured."""
    column = f"pg_{context.definition}"
    if column not in cells:
        return {}
    if not cell:
        return {"rank": UNKNOWN, "PG-Score": HOLE, **({"gain of its student": HOLE} if "gain" in cells else {})}
    ranks = cells[cells["lang"] == cell["lang"]].set_index("teacher")[column].rank(ascending=False, method="min")
    ends = (cell[column], cell[f"{column}_low"], cell[f"{column}_high"])
    shown: Row = {"rank": number(ranks[cell["teacher"]], 0), "PG-Score": with_interval(*ends, 2, missing=HOLE)}
    if "gain" in cells:
        ends = tuple(cell.get(f"gain{end}", float("nan")) for end in ("", "_low", "_high"))
        shown["gain of its student"] = with_interval(*ends, sign=True, missing=HOLE)
    return shown


def _usable(yields: pd.DataFrame, teacher: str, lang: str) -> Row:
    if yields.empty:
        return {}
    rows = yields[(yields["teacher"] == teacher) & (yields["lang"] == lang)]
    return {"usable": share(_usable_share(rows)) if len(rows) else UNKNOWN}


def _price(prices: pd.DataFrame, teacher: str, lang: str) -> Price:
    return Price.of(prices, teacher, lang) if len(prices) else Price(teacher, *(float("nan"),) * 6)


def _samples(context: Context, results: Results, teacher: str) -> list[Sample]:
    """The first examples of its training sets, of as many methods as possible."""
    found = []
    for (author, lang), pairs in results.samples.items():
        if author != teacher:
            continue
        first = pairs.drop_duplicates("method") if "method" in pairs else pairs
        for row in row_dicts(first.head(SAMPLES)):
            texts = (_short(row["prompt"]), _short(row["response"]))
            found.append(Sample(lang, context.language(lang), str(row.get("method", "")), *texts))
    return found


def _short(text: object) -> str:
    whole = KeyFinder.here().clean(str(text))
    return whole if len(whole) <= LONGEST else f"{whole[:LONGEST].rstrip()} …"


def _only(frame: pd.DataFrame, **keys: str) -> Row:
    """The row with these values; empty if there is none."""
    if any(key not in frame for key in keys):
        return {}
    for key, value in keys.items():
        frame = frame[frame[key] == value]
    return row_dicts(frame.head(1))[0] if len(frame) else {}


def _table(rows: Sequence[Row], title: str) -> Markup:
    """A table without columns in which nothing is known."""
    frame = pd.DataFrame(list(rows))
    known = [column for column in frame.columns if not frame[column].isin([UNKNOWN]).all()]
    return sheet(Table(frame, frame[known], title).markdown(), title).table if len(frame) else Markup("")
