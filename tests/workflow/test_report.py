"""The report in a browser: one page, without a network, from its menu to a figure, the recommendation and the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from polyglot.displays.catalogue import files as catalogue

from .browser import browser, opening
from .conftest import Workplace

pytestmark = pytest.mark.slow
__all__ = ["browser"]

REPORT = "results/demo/report.html"


@pytest.fixture(scope="module")
def page(browser: Browser, tiny: Workplace) -> Iterator[Page]:
    """The tiny study's report in a headless browser that has no network; an error in the page fails the test."""
    tiny.snakemake("--report", REPORT)
    with opening(browser, tiny.folder / REPORT, viewport={"width": 1400, "height": 900}) as opened:
        yield opened


def open_result(page: Page, category: str, title: str, kind: str) -> None:
    """From the menu to a result; where every result has the same kinds, a switch above the rows chooses among them."""
    if not page.get_by_text(category, exact=True).is_visible():
        page.get_by_text("Results", exact=True).click()
    page.get_by_text(category, exact=True).click()
    rows = page.get_by_role("row").filter(has_text=title)
    expect(rows.first).to_be_visible()
    of_kind = rows.filter(has=page.get_by_text(kind, exact=True))
    if of_kind.count() == 0:
        page.get_by_text(kind, exact=True).click()
        of_kind = rows
    of_kind.get_by_role("link").first.click()


def test_the_first_page_says_what_was_asked(page: Page, tiny: Workplace) -> None:
    expect(page.get_by_text("Student base: nano-base").first).to_be_in_viewport()
    for category in (catalogue.RESULT, catalogue.EVALUATION, catalogue.DATA, catalogue.ANALYSIS, catalogue.COST):
        expect(page.get_by_text(category, exact=True)).to_be_visible()


def test_the_first_page_has_the_result_and_no_experiment_that_was_not_run(page: Page, tiny: Workplace) -> None:
    lead = (tiny.folder / "results/demo/tables/leaderboard.md").read_text(encoding="utf-8").partition("\n")[0]
    expect(page.get_by_text(lead).first).to_be_in_viewport()
    expect(page.get_by_text("Further experiments")).to_have_count(0)


def test_a_click_leads_to_a_figure(page: Page) -> None:
    open_result(page, catalogue.RESULT, "PG-Score by teacher and language", "figure")
    figure = page.locator("img[src^='data:image/png']").first
    expect(figure).to_be_visible()
    assert figure.evaluate("image => image.naturalWidth") > 500


@pytest.mark.parametrize(
    ("category", "title", "text"),
    [(catalogue.RESULT, "Recommendation", "German"), (catalogue.COST, "Ledger: GPU hours, tokens and money", "synthesize")],
)
def test_a_click_leads_to_the_recommendation_and_to_the_ledger(page: Page, category: str, title: str, text: str) -> None:
    open_result(page, category, title, "page")
    shown = page.frame_locator("iframe").first
    expect(shown.get_by_role("heading", name=title)).to_be_visible()
    expect(shown.get_by_text(text).first).to_be_visible()


def test_the_report_stays_one_file(tiny: Workplace, page: Page) -> None:
    assert (tiny.folder / REPORT).stat().st_size < 20_000_000
    assert Path(REPORT).suffix == ".html"
