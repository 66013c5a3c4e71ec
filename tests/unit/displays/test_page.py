"""The study's page: whatever a study lacks, and whatever texts of models hold, one file with the answer first."""

from __future__ import annotations

import base64
import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from markupsafe import Markup

from polyglot.__main__ import main
from polyglot.displays.numbers import leading, share, with_interval
from polyglot.displays.page.answer import Advice, Next, next_steps
from polyglot.displays.page.document import Files, page
from polyglot.displays.page.left_out import left_out
from polyglot.displays.page.markup import sheet
from polyglot.displays.table import Table
from polyglot.displays.tables import leaderboard as leaderboard_tables
from polyglot.displays.tables import recommendation as recommendation_tables
from polyglot.displays.tables import study as study_tables
from tests.simulated import Frames, intrinsic, ledger, methods, prices, saved, simulate, statuses

TEMPLATE = Path(__file__).resolve().parents[3] / "report/page/page.html.jinja"
DOT = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==")
HOSTILE = (
    '<script>alert(1)</script> ![p](http://evil.example/p.png) [l](javascript:alert(2)) <img src=x onerror=alert(3)> | & "q"'
)
FACTS: dict[str, Any] = {
    "name": "made_up",
    "description": "Which teacher?",
    "line": "3 teachers",
    "how": [("seeds", "0")],
    "seeds": 3,
    "unrun": [],
    "trains": True,
    "earlier": [],
}


class Seen(HTMLParser):
    """Elements of a page with their attributes, in order, and the text of each heading."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def of(self, *tags: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag in tags]


def tables(frames: Frames) -> dict[str, Table]:
    """Some of a study's tables."""
    context, holes, gaps = frames.context, saved(frames.holes), saved(frames.gaps)
    cells, teachers = saved(frames.cells), saved(frames.teachers)
    return {
        "leaderboard": leaderboard_tables.leaderboard(context, teachers, cells, gaps, holes),
        "recommendation": recommendation_tables.recommendation(
            context, cells, frames.replicates, gaps, holes, prices(), methods()
        ),
        "intrinsic": study_tables.intrinsic(context, intrinsic(frames), holes),
        "synthesis_yield": study_tables.synthesis_yield(context, statuses()),
        "ledger": study_tables.ledger(context, saved(ledger())),
    }


def files(folder: Path, frames: Frames, *, without: Collection[str] = (), text: str = "A text.") -> Files:
    """A simulated study's files, as a run leaves them, but for tables and frames that it lacks."""
    (folder / "tables").mkdir(parents=True)
    shown = []
    for name, table in tables(frames).items():
        if name in without:
            continue
        stem = folder / "tables" / name
        table.write(*(stem.with_suffix(f".{form}") for form in ("csv", "md", "tex", "html")))
        category = "7 Provenance" if name == "ledger" else "1 Result"
        named = {"title": table.title, "category": category, "caption": "A *caption*."}
        shown.append({"kind": "table", "name": name, **named, "path": str(stem)})
    (folder / "leaderboard.png").write_bytes(DOT)
    figure = {"kind": "figure", "name": "leaderboard", "title": "Leaderboard", "category": "1 Result", "caption": ""}
    shown.append({**figure, "path": str(folder / "leaderboard.png")})
    measured = {"cells": frames.cells, "gaps": frames.gaps, "holes": frames.holes}
    measured |= {"yields": statuses(), "prices": prices(), "ledger": ledger()}
    paths = {}
    for name, frame in measured.items():
        paths[name] = str(folder / f"{name}.csv")
        frame.to_csv(paths[name], index=False)
    paths |= {name: str(folder / f"tables/{name}.csv") for name in ("leaderboard", "recommendation")}
    pd.DataFrame({"method": ["generate"], "prompt": [text], "response": [text]}).to_parquet(folder / "sample.parquet")
    samples = [("good", "de", str(folder / "sample.parquet"))]
    return Files(shown, {name: path for name, path in paths.items() if name not in without}, samples)


def made(folder: Path, frames: Frames, facts: Mapping[str, Any] = FACTS, **changes: Any) -> tuple[str, Seen]:
    values = {**asdict(frames.context), "metrics": None}
    del values["flagged"], values["sizes"]  # follow from the frames
    text = page(TEMPLATE, files(folder, frames, **changes), values, facts)
    return text, Seen(text)


def test_the_answer_comes_first_with_the_numbers_of_the_tables(tmp_path: Path) -> None:
    text, seen = made(tmp_path, simulate())
    best = pd.read_csv(tmp_path / "tables/leaderboard.csv").iloc[0]
    answer = text[text.index('id="answer"') : text.index('id="teachers"')]
    assert with_interval(best["pg"], best["low"], best["high"], 2) in re.sub("</?strong>", "", answer)
    for row in pd.read_csv(tmp_path / "tables/recommendation.csv").to_dict("records"):
        assert with_interval(row["gain"], row["gain_low"], row["gain_high"], sign=True) in answer
    assert [part["id"] for part in seen.of("section")] == ["answer", "teachers", "languages", "tables", "how", "costs"]
    assert text.count("<details") == text.count("</details>") > 3
    assert " open" not in "".join(re.findall("<details[^>]*>", text))


def test_headings_are_in_order_and_all_is_named_for_screen_readers(tmp_path: Path) -> None:
    _, seen = made(tmp_path, simulate())
    levels = [int(tag[1]) for tag, _ in seen.elements if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert [len(seen.of(tag)) for tag in ("main", "header", "nav", "footer")] == [1, 1, 1, 1]
    assert all(picture["alt"] and picture["width"] for picture in seen.of("img"))
    assert len(seen.of("table")) == len(seen.of("caption")) > 5
    assert all(header["scope"] in ("col", "row") for header in seen.of("th"))
    identities = [attributes["id"] for _, attributes in seen.elements if "id" in attributes]
    assert len(identities) == len(set(identities))
    links = [str(link["href"])[1:] for link in seen.of("a") if str(link["href"]).startswith("#")]
    assert set(links) <= set(identities)


def test_texts_of_others_stay_texts(tmp_path: Path) -> None:
    frames = simulate()
    models = {**frames.context.models, "good": {"label": HOSTILE, "family": HOSTILE, "size": None}}
    languages = {**frames.context.languages, "de": {**frames.context.languages["de"], "name": HOSTILE}}
    frames = replace(frames, context=replace(frames.context, models=models, languages=languages))
    facts = {**FACTS, "description": HOSTILE, "unrun": [HOSTILE], "how": [(HOSTILE, HOSTILE)], "earlier": [HOSTILE]}
    _, seen = made(tmp_path, frames, facts, text=HOSTILE)
    assert len(seen.of("script")) == 1
    assert {str(picture["src"])[:15] for picture in seen.of("img")} == {"data:image/png;"}
    assert not any(name.startswith("on") for _, attributes in seen.elements for name in attributes)
    away = [link["href"] for link in seen.of("a", "link") if re.match(r"\w+:|//", str(link["href"]))]
    assert away == ["https://github.com/tofsjonas/sortable"]
    assert seen.text.count("<script>alert(1)</script>") > 5


@pytest.mark.parametrize(
    ("scenario", "lead"),
    [
        ({"seeds": 1}, "With one seed this is not clear"),
        ({"teachers": ("good",)}, "there is nothing to rank"),
        ({"holes": [("base", "equal", "good", "de")]}, "Without a rank, for a missing measurement"),
    ],
)
def test_a_study_with_little_has_a_page(tmp_path: Path, scenario: dict[str, Any], lead: str) -> None:
    _, seen = made(tmp_path, simulate(**scenario), {**FACTS, "seeds": scenario.get("seeds", 3)})
    assert lead in seen.text
    assert ("Add seeds" in seen.text) == ("seeds" in scenario)
    assert ("Measure what is missing: 1 cell has" in seen.text) == ("holes" in scenario)


def test_analyses_of_too_few_cells_are_left_out_with_the_reason(tmp_path: Path) -> None:
    frames = simulate(teachers=("good", "poor"), langs=("id",))
    found = left_out(frames.context, saved(frames.cells))
    assert found["spearman"] == "needs 3 complete cells or more; there are 2"
    assert found["pca"] == found["regression"] == "needs 4 complete cells or more; there are 2"
    assert found["weights"] == "needs 3 teachers with a score in every language or more; there are 2"
    assert found["language_resources"] == "needs 3 languages with a mean score or more; there is 1"
    assert left_out(frames.context, pd.DataFrame()) == {}
    whole = simulate()
    assert left_out(whole.context, saved(whole.cells)) == {}
    alike = left_out(whole.context, saved(whole.cells).assign(gain=0.1 + 1e-17))
    assert alike == dict.fromkeys(("intrinsic_extrinsic", "regression"), "all students gain the same")
    given = files(tmp_path, frames)
    title = {"title": "Rank correlations", "category": "1 Result", "caption": "", "path": str(tmp_path / "tables/intrinsic")}
    shown = [*given.shown, {"kind": "table", "name": "spearman", **title}]
    values = {**asdict(frames.context), "metrics": None}
    del values["flagged"], values["sizes"]
    seen = Seen(page(TEMPLATE, replace(given, shown=shown), values, FACTS))
    assert "Rank correlations (needs 3 complete cells or more; there are 2)" in seen.text
    assert "table-spearman" not in [part.get("id") for part in seen.of("details")]


def test_what_makes_the_test_say_little_is_the_first_thing_to_do() -> None:
    advice = Advice("sw", "Swahili", "no_gain", "one", "One", Markup(""), [], ["few_items", "as_base"])
    other = replace(advice, lang="de", language="German", doubts=["few_items"])
    steps = next_steps([advice, other], Next("made_up", 1), 0)
    assert steps[0].startswith("Swahili: Train more where students answer as their base")
    assert steps[1].startswith("Add benchmark items")


def test_a_study_without_students_has_a_page_of_what_it_has(tmp_path: Path) -> None:
    _, seen = made(tmp_path, simulate(), without=("leaderboard", "recommendation", "cells", "gaps", "holes"))
    assert "No table of this run answers the question by itself" in seen.text
    assert "table-intrinsic" in [part.get("id") for part in seen.of("details")]
    assert "usable answers" in seen.text
    assert "Keep the proof" in seen.text


def test_a_teachers_yield_is_that_of_its_requests(tmp_path: Path) -> None:
    _, seen = made(tmp_path, simulate())
    usable = statuses().query("teacher == 'poor' and status == 'ok'")["count"].sum()
    assert f"{share(usable / 600)} of 600" in seen.text


def test_the_end_of_a_run_is_ten_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "results/made_up"
    frames = simulate()
    models = {**frames.context.models, "good": {"label": "Good\x1b[31m\nand more", "family": None, "size": None}}
    made(folder, replace(frames, context=replace(frames.context, models=models)))
    (folder / "config.yaml").write_text("seeds: [0]\nexperiments: {sizes: {}}\n")
    (folder / "index.html").touch()
    main(["result", str(folder)])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 10
    assert all(line.isprintable() for line in lines)
    best = pd.read_csv(folder / "tables/leaderboard.csv").iloc[0]
    assert lines[1] == f"1. Good\\x1b[31m and more: {with_interval(best['pg'], best['low'], best['high'], 2)}"
    assert any(line.startswith("page:") and line.endswith("index.html") for line in lines)
    assert lines[-1].startswith("next:")
    with pytest.raises(SystemExit, match="absent has no tables yet: run the study first"):
        main(["result", "absent"])


def test_a_rankings_end_names_the_first_teachers_and_their_usable_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tables = tmp_path / "ours/tables"
    tables.mkdir(parents=True)
    row = {"rank": 1, "label": "Good", "score": 0.5, "score_low": 0.4, "score_high": 0.6, "usable": 290, "requests": 300}
    pd.DataFrame([row]).to_csv(tables / "rank.csv", index=False)
    (tables / "rank.md").write_text("**Good** has the highest data score.\n\n| rank |\n|---|\n| 1 |\n")
    (tmp_path / "ours/config.yaml").write_text("seeds: [0]\nbase: ''\nexperiments: {}\n")
    main(["result", str(tmp_path / "ours")])
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["Good has the highest data score.", "1. Good: 0.50 [0.40, 0.60], usable 290 of 300"]
    assert "name a base and a benchmark" in lines[-1]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("**-0.30** [-0.47, -0.11]", -0.3),
        ("−1,234.5 ± 3", -1234.5),
        ("+0.05", 0.05),
        ("98%", 98),
        ("$1,200.00", 1200),
        ("0.678 M", 0.678),
        ("3 of 4", 3),
        ("German", None),
        ("7B", None),
        ("", "missing"),
        ("✗", "missing"),
        ("–", "missing"),
    ],
)
def test_a_formatted_number_is_read_back(text: str, value: float | str | None) -> None:
    found = leading(text)
    assert (pd.isna(found) and found is not None) if value == "missing" else found == value


def test_bounds_are_beyond_what_they_bound() -> None:
    read = [leading(text) for text in ("<0.01", "0.01", "0.99", ">0.99")]
    assert read == sorted(read, key=lambda value: value or 0)
    assert len(set(read)) == 4


def test_cells_sort_by_number_and_missing_ones_are_empty() -> None:
    table = sheet("| name | score |\n|---|---|\n| A | **-1.5** [-2, 0] |\n| B | – |\n| 3 | 12 |\n", "Scores").table
    assert re.findall('data-sort="(.*?)"', table) == ["-1.5", "", "12.0"]
    assert table.count('<th scope="row">') == 3
    assert table.count('<th scope="col"') == 2
