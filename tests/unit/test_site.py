"""The documentation's site, as `make docs` has built it, in a browser without a network: for phones too, and with a search."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.workflow.browser import browser, opening

pytestmark = pytest.mark.slow
__all__ = ["browser"]


@pytest.fixture(scope="module")
def site(repository: Path) -> Path:
    place = repository / "docs/_site"
    if not (place / "index.html").exists():
        pytest.skip("make docs builds the site")
    return place


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_first_page_leads_to_every_section(site: Path, browser: Browser, dark: bool) -> None:
    with opening(browser, site / "index.html", color_scheme="dark" if dark else "light") as page:
        for name in ("Tutorials", "How-to pages", "Explanations", "Reference", "Glossary"):
            expect(page.get_by_role("link", name=name).first).to_be_visible()


def test_no_page_is_wider_than_a_phone(site: Path, browser: Browser) -> None:
    with opening(browser, site / "index.html", viewport={"width": 390, "height": 844}) as page:
        for file in sorted(site.rglob("*.html")):
            page.goto(file.as_uri(), wait_until="domcontentloaded")
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, file


def test_the_search_finds_a_page_without_a_server(site: Path, browser: Browser) -> None:
    with opening(browser, site / "index.html") as page:
        page.get_by_placeholder("Search").fill("calibration router")
        page.keyboard.press("Enter")
        expect(page.get_by_role("link", name="PerSyn: each prompt to its best teacher").first).to_be_visible()
