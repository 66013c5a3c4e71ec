"""The study's page in a browser: the numbers of the CSV files, sorting by click and key, a phone, the dark, and paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from polyglot.displays.catalogue import FIGURES, TABLES
from polyglot.displays.numbers import leading, with_interval

from .browser import browser, opening
from .conftest import Workplace

pytestmark = pytest.mark.slow
__all__ = ["browser"]

PAGE = "results/demo/index.html"


@pytest.fixture(scope="module")
def file(tiny: Workplace) -> Path:
    tiny.snakemake(PAGE)
    return tiny.folder / PAGE


@pytest.fixture(scope="module")
def page(browser: Browser, file: Path) -> Iterator[Page]:
    with opening(browser, file, viewport={"width": 1280, "height": 900}) as opened:
        yield opened


def column(table: Locator, name: str) -> list[str]:
    """The texts of a table's column."""
    names = [text.partition("\n")[0] for text in table.locator("thead th").all_inner_texts()]
    return table.locator(f"tbody tr > :nth-child({names.index(name) + 1})").all_inner_texts()


def test_the_answer_has_the_numbers_of_the_csv_files(page: Page, tiny: Workplace) -> None:
    tables = tiny.folder / "results/demo/tables"
    board, advice = (pd.read_csv(tables / f"{name}.csv") for name in ("leaderboard", "recommendation"))
    shown = page.get_by_role("table", name="Leaderboard")
    expect(shown).to_be_in_viewport()
    assert column(shown, "teacher") == list(board["label"])
    scores = column(shown, f"PG-Score ({board['definition'][0]})")
    assert [leading(text) for text in scores] == [round(value, 2) for value in board["pg"]]
    verdicts = page.get_by_role("table", name="Verdict by language")
    assert column(verdicts, "language") == list(advice["language"])
    gains = zip(advice["gain"], advice["gain_low"], advice["gain_high"], strict=True)
    assert column(verdicts, "gain of its student") == [with_interval(*ends, sign=True) for ends in gains]
    picture = page.get_by_role("img", name="Teachers from best to worst")
    assert picture.evaluate("image => image.complete && image.naturalWidth > 300")


def test_every_table_and_figure_of_the_run_is_there_or_left_out_for_a_reason(page: Page, tiny: Workplace) -> None:
    """One cell is too little for correlations and components."""
    results, text = tiny.folder / "results/demo", page.locator("body").text_content() or ""
    for kind, displays, found, shown in (
        ("figure", FIGURES, {path.stem for path in (results / "figures").glob("*.png")}, "figure[id]"),
        ("table", TABLES, {path.stem for path in (results / "tables").glob("*.csv")} - {"leaderboard"}, "details[id]"),
    ):
        there = {name.removeprefix(f"{kind}-") for name in page.locator(shown).evaluate_all("all => all.map(x => x.id)")}
        assert there < found
        assert "spearman" in found - there
        assert all(f"{displays[name].title} (" in text for name in found - there)


def test_a_table_sorts_by_click_and_by_key_and_says_so(page: Page) -> None:
    fold = page.locator("#table-resources")
    fold.locator("summary").press("Enter")
    table = fold.get_by_role("table")
    header = table.get_by_role("columnheader", name="jobs", exact=True)
    header.get_by_role("button").click()
    expect(header).to_have_attribute("aria-sort", "descending")
    header.get_by_role("button").press("Enter")
    expect(header).to_have_attribute("aria-sort", "ascending")
    expect(table.locator("[aria-sort]")).to_have_count(1)
    page.wait_for_function("table => !!table.dataset.timer", arg=table.element_handle())
    numbers = [leading(text) or 0 for text in column(table, "jobs")]
    assert numbers == sorted(numbers)
    assert len(set(numbers)) > 1


def test_the_keyboard_reaches_the_answer_first_and_is_seen(browser: Browser, file: Path) -> None:
    with opening(browser, file) as page:
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        expect(focused).to_have_text("Skip to the answer")
        assert focused.evaluate("link => getComputedStyle(link).outlineStyle") == "solid"
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{file.as_uri()}#main")


def test_a_link_to_a_folded_table_opens_it(browser: Browser, file: Path) -> None:
    with opening(browser, file) as page:
        page.goto(f"{file.as_uri()}#table-ledger")
        expect(page.locator("#table-ledger").get_by_role("table")).to_be_in_viewport()


def test_a_phone_scrolls_in_one_direction_and_the_dark_is_dark(browser: Browser, file: Path) -> None:
    with opening(browser, file, viewport={"width": 390, "height": 844}, color_scheme="dark") as page:
        page.locator("details").evaluate_all("all => all.forEach(x => x.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        expect(page.get_by_role("img", name="Teachers from best to worst")).to_be_in_viewport(ratio=0.9)
        colours = page.evaluate("(({color, backgroundColor}) => [color, backgroundColor])(getComputedStyle(document.body))")
        ink, paper = ([int(part) for part in colour.strip("rgb()").split(",")] for colour in colours)
        assert min(ink) > 200
        assert max(paper) < 40


def test_paper_has_the_cautions_and_no_menu(browser: Browser, file: Path) -> None:
    with opening(browser, file) as page:
        page.emulate_media(media="print")
        assert page.locator("nav").is_hidden()
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.locator("details.cautions[open]").count() == page.locator("details.cautions").count() > 0
        assert page.locator("#tables details[open]").count() == 0
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.locator("details[open]").count() == 0
        assert page.pdf(format="A4").startswith(b"%PDF")


def test_the_page_is_one_small_file(file: Path) -> None:
    assert file.stat().st_size < 5_000_000
