"""Readable tables: numbers with their intervals, as CSV, Markdown, LaTeX (booktabs) and a self-contained HTML page."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from polyglot.core.files import write_csv, write_text
from polyglot.core.key_finder import masked
from polyglot.core.text import visible
from polyglot.displays import texts


@dataclass(frozen=True)
class Table:
    """A table in two forms: `data` with plain numbers (CSV), `shown` with formatted text in the same order.

    `shown` may spread one row of `data` over columns, and omit what `more` shows.
    """

    data: pd.DataFrame
    shown: pd.DataFrame
    title: str
    notes: Sequence[str] = ()
    more: Sequence[Table] = ()
    """Further tables on the same page."""
    lead: Sequence[str] = ()
    """Key statements above the table."""

    def markdown(self) -> str:
        """GitHub Markdown: the lead, the table, its notes, then further tables."""
        body = self.shown.map(texts.markdown_cell).rename(columns=texts.markdown_cell)
        table = body.to_markdown(index=False, disable_numparse=True) if len(self.shown) else "(no rows)"
        parts = [
            *(texts.markdown_line(line) for line in self.lead),
            table,
            "\n".join(f"- {texts.markdown_line(note)}" for note in self.notes),
        ]
        for further in self.more:
            parts += [f"**{texts.markdown_cell(further.title)}**", further.markdown().strip()]
        return "\n\n".join(part for part in parts if part) + "\n"

    def latex(self) -> str:
        """A `table` environment with booktabs rules; needs \\usepackage{booktabs}, and nothing else."""
        lines = ["% \\usepackage{booktabs}", "\\begin{table}", "  \\centering"]
        lines.append(f"  \\caption{{{texts.latex(' '.join([_sentence(self.title), *self.lead]))}}}")
        if len(self.shown):
            widths = [self.shown[column].map(str).str.len().max() for column in self.shown.columns]
            columns = "".join(r"p{0.35\linewidth}" if width > WIDE else "l" for width in widths)
            rows = [tuple(self.shown.columns), *self.shown.itertuples(index=False, name=None)]
            first, *others = [f"    {' & '.join(texts.latex(str(value)) for value in row)} \\\\" for row in rows]
            lines += [f"  \\begin{{tabular}}{{{columns}}}", "    \\toprule", first, "    \\midrule", *others]
            lines += ["    \\bottomrule", "  \\end{tabular}"]
        if self.notes:
            lines += ["  \\par\\smallskip", "  \\begin{minipage}{\\linewidth}\\footnotesize"]
            lines += [*(f"    {texts.latex(note)}\\par" for note in self.notes), "  \\end{minipage}"]
        lines.append("\\end{table}")
        return "\n".join([*lines, *(f"\n{table.latex()}" for table in self.more)]) + "\n"

    def html(self) -> str:
        """A self-contained page."""
        return page(self.markdown(), title=self.title)

    def write(self, csv: Path, markdown: Path, latex: Path, html: Path) -> None:
        """Write the table in its four formats, without anything that has the form of a key."""
        write_csv(self.data.map(lambda value: visible(masked(value)) if isinstance(value, str) else value), csv)
        for text, path in ((self.markdown(), markdown), (self.latex(), latex), (self.html(), html)):
            write_text(masked(text), path)


WIDE = 60
"""Characters from which a column of a LaTeX table, or a cell of a page, breaks its lines."""


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."


def page(markdown: str, *, title: str) -> str:
    """A self-contained HTML page of a Markdown text with tables."""
    body = texts.parser().render(markdown)
    body = re.sub(rf"<td([^>]*)>(?=[^<]{{{WIDE},}})", r'<td class="wide"\1>', body)
    return PAGE.format(title=html.escape(title), body=body)


PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<title>{title}</title><style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 96rem; padding: 0 1rem; color: #222; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; display: block; overflow-x: auto; }}
th, td {{ padding: .35rem .7rem; border-bottom: 1px solid #ddd; text-align: left; white-space: nowrap; }}
p, li {{ max-width: 72rem; }} td.wide {{ white-space: normal; min-width: 18rem; }}
li {{ margin: .25rem 0; }}
th {{ border-bottom: 2px solid #444; }} tr:hover td {{ background: #f4f7fa; }}
</style></head><body><h1>{title}</h1>
{body}</body></html>
"""
