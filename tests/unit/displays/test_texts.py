"""Names and texts of others in tables: in every form they are texts."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from markdown_it import MarkdownIt

from polyglot.displays.numbers import FLAG, HOLE
from polyglot.displays.table import Table

from .test_tables import compiles, has_latex

HOSTILE = (
    '=HYPERLINK("http://evil") <img src=http://evil/a.png>',
    "@x ![p](http://evil/b.png) [l](javascript:x) | \\<b>",
    "-2+3 \\input{/etc/hostname} ^^5c % & # $\\frac{1}{0}$ ~~x~~ &lt;b&gt;",
    "`a` <i>`\n# b\x1b[31m\u202ec\u2066",
)


def test_names_of_others_stay_texts_in_every_form(tmp_path: Path) -> None:
    frame = pd.DataFrame({"label": HOSTILE, "gain": -0.5})
    shown = frame.assign(gain="-0.5").rename(columns={"label": f"**{HOSTILE[1]}**"})
    table = Table(frame, shown, "T", notes=[f"# {name}" for name in HOSTILE], lead=HOSTILE)
    paths = [tmp_path / f"t.{form}" for form in ("csv", "md", "tex", "html")]
    table.write(*paths)
    csv, markdown, latex, page = (path.read_text(encoding="utf-8") for path in paths)
    assert not any(character in text for text in (csv, markdown, latex, page) for character in "\x1b\u202e\u2066")
    for mark in ("\"'=HYPERLINK", "\n'@x", "\n'-2+3", ",-0.5"):
        assert mark in csv
    tokens = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(markdown)
    kinds = {inner.type for outer in tokens for inner in [outer, *(outer.children or ())]}
    assert not kinds & {"html_inline", "html_block", "image", "link_open", "s_open", "heading_open"}
    assert sum(token.type == "tr_open" for token in tokens) == 5
    said = "".join(inner.content for outer in tokens for inner in (outer.children or ()))
    for name in HOSTILE[:3]:
        assert said.count(name) == 3 + (name == HOSTILE[1])
    assert "\\input" not in latex
    assert "\\frac" not in latex
    assert "^^" not in latex
    for hidden in ("<img", "<i>", "<a", "<b>", "<del"):
        assert hidden not in page


@pytest.mark.skipif(not has_latex(), reason="needs pdflatex and booktabs")
def test_latex_with_names_of_others_compiles(tmp_path: Path) -> None:
    frame = pd.DataFrame({"label": [*HOSTILE, "*", '-- "quoted" ]']})
    compiles(Table(frame, frame, "T", notes=HOSTILE, lead=HOSTILE).latex(), tmp_path)


def test_latex_escapes_what_is_special() -> None:
    frame = pd.DataFrame({"a_b & c": [f"-0.5 ± 0.1 {FLAG}", f"{HOLE} 50% <0.01 **bold_1** `x_y`"]})
    text = Table(frame, frame, "T").latex()
    assert r"a\_b \& c" in text
    assert r"$-$0.5 $\pm$ 0.1 $^{\dagger}$" in text
    assert r"$\times$ 50\% $<$0.01 \textbf{bold\_1} \texttt{x\_y}" in text
