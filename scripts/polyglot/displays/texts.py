"""How the texts of tables are written: with the marks of the workflow's own words, and none of anybody else's."""

from __future__ import annotations

import re
from functools import cache

from markdown_it import MarkdownIt

from polyglot.core.text import LINKS, begun, one_line
from polyglot.displays.numbers import FLAG, HOLE

HARMLESS = ("table", "list", "paragraph", "text", "newline", "escape", "backticks", "emphasis", "entity")
"""The rules of Markdown that are read; texts can make no link, picture, heading or HTML."""
CODE = re.compile(r"((?<!`)`[^`]+`(?!`))")
MARKED = re.compile(r"(\*\*.+?\*\*|`.+?`|\*[^*\s][^*]*\*)")
LATEX = {
    "\\": r"\textbackslash{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "[": "{[}",
    "*": "{*}",
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
"""Characters that LaTeX gives a meaning (a star after a line's end is one), and those that its fonts may lack."""
LATEX_MINUS = r"(?<![\w.])-(?=\d)"
LATEX_ESCAPE = re.compile("|".join([*(re.escape(character) for character in LATEX), LATEX_MINUS]))


def markdown_cell(value: object) -> str:
    """Text that stays within its cell."""
    return _markdown(str(value)).replace("|", "\\|")


def markdown_line(text: str) -> str:
    """A paragraph of one line."""
    return begun(_markdown(text))


def _markdown(text: str) -> str:
    """One line in which only bold, italic and code are marks."""
    parts = CODE.split(one_line(text))
    return "".join(part if place % 2 else re.sub(LINKS, lambda found: f"\\{found[0]}", part) for place, part in enumerate(parts))


def latex(text: str) -> str:
    """One line for LaTeX: special characters escaped, Markdown's bold, italic and code marks turned into commands."""
    found = []
    for piece in MARKED.split(one_line(text)):
        for mark, command in (("**", "textbf"), ("`", "texttt"), ("*", "emph")):
            if piece.startswith(mark) and piece.endswith(mark) and len(piece) > 2 * len(mark):
                inner = piece[len(mark) : -len(mark)]
                found.append(f"\\{command}{{{_latex(inner)}}}")
                break
        else:
            found.append(_latex(piece))
    return "".join(found)


def _latex(text: str) -> str:
    return LATEX_ESCAPE.sub(lambda match: LATEX.get(match[0], "$-$"), text)


@cache
def parser() -> MarkdownIt:
    """Reads Markdown by the harmless rules alone."""
    found = MarkdownIt("commonmark", {"html": False}).enable("table")
    known = [name for chain in found.get_active_rules().values() for name in chain]
    needed = {"normalize", "block", "inline", "text_join", "balance_pairs", "fragments_join", *HARMLESS}
    found.disable([name for name in known if name not in needed], ignoreInvalid=True)
    return found
