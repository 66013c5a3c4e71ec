"""Tables for people: numbers with their intervals, as CSV, Markdown, LaTeX (booktabs) and a self-contained HTML page."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from polyglot.files import write_csv, write_text
from polyglot.scores import Definition

FLAG = "⚑"
"""Marks a language whose reference does not beat its base by more than the gap's standard error."""
HOLE = "✗"
"""Marks a cell without a measurement."""
UNKNOWN = "–"


@dataclass(frozen=True)
class Context:
    """What a table or figure knows beside its data: how the study is scored, and the names of everything."""

    title: str
    study: str
    definition: Definition
    confidence: float
    alpha: float
    base: str
    recipe: str
    compare: str
    teachers: Sequence[str]
    bases: Sequence[str]
    recipes: Mapping[str, int]
    """Recipes of the experiment with their training sizes."""
    steps: Sequence[str]
    """Labels of the steps of an additive recipe."""
    seeds: int
    models: Mapping[str, Mapping[str, Any]]
    """Model to its label, family and size (billions of parameters, or None)."""
    languages: Mapping[str, Mapping[str, Any]]
    """Language code to its name, endonym, resource_level and commoncrawl_percent."""
    flagged: Collection[tuple[str, str]] = ()
    """(base, language) pairs whose reference does not beat the base by more than the gap's standard error."""

    @classmethod
    def of(cls, values: Mapping[str, Any], gaps: pd.DataFrame | None = None) -> Context:
        """From a display's values (see `polyglot.displays`) and, where they are known, the gaps between reference and base."""
        known = {name: value for name, value in values.items() if name in cls.__dataclass_fields__}
        flagged = () if gaps is None else [tuple(row) for row in gaps.loc[gaps["flagged"], ["base", "lang"]].to_numpy()]
        return cls(**known, flagged=flagged)

    def model(self, name: str) -> str:
        """A model's label; people and other authors that are no models keep their name."""
        return str(self.models[name]["label"]) if name in self.models else name

    def language(self, code: str, base: str | None = None) -> str:
        """A language's English name, flagged where a base (None: the main one) has no reference above it."""
        name = str(self.languages[code]["name"]) if code in self.languages else code
        return f"{name} {FLAG}" if self.is_flagged(code, base) else name

    def is_flagged(self, code: str, base: str | None = None) -> bool:
        return (base or self.base, code) in set(self.flagged)


@dataclass(frozen=True)
class Table:
    """A table twice: `data` with plain numbers (CSV), `shown` with formatted text in the same order (for people).

    `shown` may spread what is one row of `data` over columns, and leave out what `more` shows.
    """

    data: pd.DataFrame
    shown: pd.DataFrame
    title: str
    notes: Sequence[str] = ()
    more: Sequence[Table] = ()
    """Further tables on the same page."""
    lead: Sequence[str] = ()
    """What to know first: sentences above the table."""

    def markdown(self) -> str:
        """GitHub Markdown: the lead, the table, its notes, then further tables."""
        body = self.shown.map(_markdown_cell).rename(columns=_markdown_cell)
        table = body.to_markdown(index=False, disable_numparse=True) if len(self.shown) else "(no rows)"
        parts = [*(_plain(line) for line in self.lead), table, "\n".join(f"- {_plain(note)}" for note in self.notes)]
        for further in self.more:
            parts += [f"**{further.title}**", further.markdown().strip()]
        return "\n\n".join(part for part in parts if part) + "\n"

    def latex(self) -> str:
        """A `table` environment with booktabs rules; needs \\usepackage{booktabs}, and nothing else."""
        lines = ["% \\usepackage{booktabs}", "\\begin{table}", "  \\centering"]
        lines.append(f"  \\caption{{{_latex(' '.join([_sentence(self.title), *self.lead]))}}}")
        if len(self.shown):
            widths = [self.shown[column].map(str).str.len().max() for column in self.shown.columns]
            columns = "".join(r"p{0.35\linewidth}" if width > WIDE else "l" for width in widths)
            rows = [tuple(self.shown.columns), *self.shown.itertuples(index=False, name=None)]
            first, *others = [f"    {' & '.join(_latex(str(value)) for value in row)} \\\\" for row in rows]
            lines += [f"  \\begin{{tabular}}{{{columns}}}", "    \\toprule", first, "    \\midrule", *others]
            lines += ["    \\bottomrule", "  \\end{tabular}"]
        if self.notes:
            lines += ["  \\par\\smallskip", "  \\begin{minipage}{\\linewidth}\\footnotesize"]
            lines += [*(f"    {_latex(note)}\\par" for note in self.notes), "  \\end{minipage}"]
        lines.append("\\end{table}")
        return "\n".join([*lines, *(f"\n{table.latex()}" for table in self.more)]) + "\n"

    def html(self) -> str:
        """A self-contained page."""
        return page(self.markdown(), title=self.title)

    def write(self, csv: Path, markdown: Path, latex: Path, html: Path) -> None:
        write_csv(self.data, csv)
        write_text(self.markdown(), markdown)
        write_text(self.latex(), latex)
        write_text(self.html(), html)


WIDE = 60
"""Characters from which a column of a LaTeX table, or a cell of a page, breaks its lines."""
LATEX_CHARACTERS = {
    "\\": r"\textbackslash{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "[": "{[}",
    "<": "$<$",
    ">": "$>$",
    FLAG: r"$^{\dagger}$",
    HOLE: r"$\times$",
    "–": "--",
    "−": "$-$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "α": r"$\alpha$",
    "ρ": r"$\rho$",
    "σ": r"$\sigma$",
    "²": r"$^{2}$",
    "≤": r"$\le$",
    "≥": r"$\ge$",
    "→": r"$\to$",
    "…": r"\ldots{}",
}
LATEX_MINUS = r"(?<![\w.])-(?=\d)"
LATEX_ESCAPE = re.compile("|".join([*(re.escape(character) for character in LATEX_CHARACTERS), LATEX_MINUS]))


def _markdown_cell(value: object) -> str:
    """Text that stays within its cell."""
    return _plain(str(value)).replace("|", "\\|")


def _plain(text: str) -> str:
    """Text of one line without HTML, which Markdown would let through."""
    return re.sub(r"<(?=[A-Za-z/!?])", r"\\<", " ".join(text.split()))


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _latex(text: str) -> str:
    """Text for LaTeX: special characters escaped, Markdown's bold, italic and code marks turned into commands."""
    pieces = re.split(r"(\*\*.+?\*\*|`.+?`|\*[^*\s][^*]*\*)", text)
    found = []
    for piece in pieces:
        for mark, command in (("**", "textbf"), ("`", "texttt"), ("*", "emph")):
            if piece.startswith(mark) and piece.endswith(mark) and len(piece) > 2 * len(mark):
                inner = piece[len(mark) : -len(mark)]
                found.append(f"\\{command}{{{_escape(inner)}}}")
                break
        else:
            found.append(_escape(piece))
    return "".join(found)


def _escape(text: str) -> str:
    return LATEX_ESCAPE.sub(lambda match: LATEX_CHARACTERS.get(match[0], "$-$"), text)


def number(value: float, digits: int = 3, *, sign: bool = False, missing: str = UNKNOWN) -> str:
    """A number, or `missing` (a dash) where there is none. What rounds to zero has no minus."""
    if pd.isna(value):
        return missing
    rounded = round(float(value), digits) + 0.0
    return f"{rounded:+.{digits}f}" if sign else f"{rounded:.{digits}f}"


def with_interval(value: float, low: float, high: float, digits: int = 3, *, sign: bool = False, missing: str = UNKNOWN) -> str:
    """A number with its interval in brackets, where it has one."""
    shown = number(value, digits, sign=sign, missing=missing)
    known = pd.notna(value) and pd.notna(low) and pd.notna(high)
    return f"{shown} [{number(low, digits, sign=sign)}, {number(high, digits, sign=sign)}]" if known else shown


def with_error(value: float, error: float, digits: int = 3, *, sign: bool = False, missing: str = UNKNOWN) -> str:
    """A number with its standard error."""
    shown = number(value, digits, sign=sign, missing=missing)
    return f"{shown} ± {number(error, digits)}" if pd.notna(value) and pd.notna(error) else shown


def significant(value: float, digits: int = 3) -> str:
    """A positive number with so many significant digits, never in powers of ten."""
    if pd.isna(value) or math.isinf(value):
        return UNKNOWN
    places = digits - 1 - (math.floor(math.log10(abs(value))) if value else 0)
    return f"{round(value, places):,.{max(0, places)}f}"


def probability(value: float, *, missing: str = UNKNOWN) -> str:
    """A share of resamples; what none or all of them show is still not impossible or certain."""
    if pd.isna(value):
        return missing
    return ">0.99" if value > 0.995 else "<0.01" if value < 0.005 else f"{value:.2f}"


def p_value(value: float) -> str:
    return UNKNOWN if pd.isna(value) else "<0.001" if value < 0.001 else f"{value:.3f}"


def count(value: float) -> str:
    return UNKNOWN if pd.isna(value) else f"{int(value):,}"


def flag_notes(context: Context, gaps: pd.DataFrame | None) -> list[str]:
    """What a flag means, and which languages have one."""
    if gaps is None:
        return ["Scores of base and reference are not available: no language can be flagged."]
    if not context.flagged:
        return ["No language is flagged: every reference beats its base by more than the gap's standard error."]
    names = ", ".join(f"{context.language(lang, base)} ({context.model(base)})" for base, lang in context.flagged)
    return [f"{FLAG}: the reference does not beat the base by more than the gap's standard error; distrust PGR there: {names}."]


def hole_notes(context: Context, holes: pd.DataFrame | None) -> list[str]:
    """Which cells have no measurement, and why."""
    if holes is None or holes.empty:
        return []
    named = []
    several = len(context.recipes) * len(context.bases) > 1
    keys = ["base", "recipe", "teacher", "reason"]
    groups = holes.fillna({"reason": "reason not known"}).groupby(keys, sort=False)
    for key, rows in groups:
        base, recipe, teacher, reason = (str(part) for part in key)
        langs = ", ".join(context.language(lang, base) for lang in rows["lang"])
        where = f" ({recipe}, {context.model(base)})" if several else ""
        named.append(f"{context.model(teacher)}{where} in {langs}: {reason}")
    return [f"{HOLE}: no measurement. {'; '.join(named)}. A teacher with a hole has no average and no rank."]


def page(markdown: str, *, title: str) -> str:
    """A self-contained HTML page of a Markdown text with tables."""
    from markdown_it import MarkdownIt

    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown)
    body = re.sub(rf"<td([^>]*)>(?=[^<]{{{WIDE},}})", r'<td class="wide"\1>', body)
    return PAGE.format(title=html.escape(title), body=body)


PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 96rem; padding: 0 1rem; color: #222; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; display: block; overflow-x: auto; }}
th, td {{ padding: .35rem .7rem; border-bottom: 1px solid #ddd; text-align: left; white-space: nowrap; }}
p, li {{ max-width: 72rem; }} td.wide {{ white-space: normal; min-width: 18rem; }}
li {{ margin: .25rem 0; }}
th {{ border-bottom: 2px solid #444; }} tr:hover td {{ background: #f4f7fa; }}
</style></head><body><h1>{title}</h1>
{body}</body></html>
"""
