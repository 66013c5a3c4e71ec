"""The page to look at the data in a browser: search, filters, keyboard, themes, a phone, hostile texts, blind pairs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from polyglot.__main__ import main
from polyglot.core.key_finder import KeyFinder
from polyglot.displays.explore.page import explore
from tests.explored import LEFT_OUT, looked

from .browser import browser, opening
from .conftest import Workplace

pytestmark = pytest.mark.slow
__all__ = ["browser"]
TEMPLATES = Path(__file__).resolve().parents[2] / "report/explore"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("explored")
    explore(looked(made / "files"), TEMPLATES, made / "explore", KeyFinder.here())
    return made / "explore"


@pytest.fixture
def page(browser: Browser, folder: Path) -> Iterator[Page]:
    with opening(browser, folder / "index.html", viewport={"width": 1280, "height": 900}) as opened:
        expect(opened.locator("article")).to_have_count(20)
        yield opened


def test_the_study_has_its_page(tiny: Workplace, browser: Browser) -> None:
    tiny.snakemake("explore")
    with opening(browser, tiny.folder / "results/demo/explore/index.html") as page:
        expect(page.locator("article").first).to_be_visible()
        page.get_by_label("Status").select_option("in the training set")
        expect(page.locator(".answer:not(.other)").first.get_by_text("in the training set")).to_be_visible()
        expect(page.locator("#about")).to_contain_text("answers of 1 teacher in 1 language: all ")


def test_search_finds_texts_of_any_script_and_says_how_many(page: Page) -> None:
    page.get_by_label("Language").select_option("")
    for text, count in (
        ("question 7 of ar", 1),
        ("SITZEN auf", 20),
        ("三只猫", 20),
        ("قطط", 20),
        ("mail", 1),
        ("ar", 40),
        ("zzz nothing", 0),
    ):
        page.keyboard.press("/")
        page.get_by_label("Search").fill(text)
        expect(page.locator("#found")).to_have_attribute("data-text", text)
        expect(page.locator("article")).to_have_count(min(count, 20))
        if not count:
            expect(page.get_by_role("status")).to_contain_text("Nothing is found")


def test_what_is_left_out_is_found_and_says_why(page: Page) -> None:
    page.get_by_label("Status").select_option("left out")
    expect(page.locator("article")).to_have_count(1)
    answer = page.locator(".answer:not(.other)")
    expect(answer).to_have_count(1)
    answer.get_by_text("why was this left out?").click()
    expect(answer.get_by_text(LEFT_OUT, exact=True)).to_be_visible()


def test_the_best_ten_of_each_cell_have_the_highest_rewards(page: Page) -> None:
    page.locator("[name=teacher]").select_option("First")
    page.get_by_label("Show").select_option("the best ten of each cell")
    expect(page.locator("article")).to_have_count(10)
    rewards = page.locator(".answer:not(.other) dt:text-is('reward ↑') + dd").all_inner_texts()
    assert [float(value) for value in rewards] == sorted(map(float, rewards), reverse=True)
    page.locator("[name=low]").fill("3.5")
    page.locator("[name=high]").fill("3.5")
    page.get_by_label("Show").select_option("every request")
    expect(page.get_by_role("status")).to_contain_text("requests found")
    assert set(page.locator(".answer:not(.other) dt:text-is('reward ↑') + dd").all_inner_texts()) == {"3.5"}


def test_a_conversation_has_its_speakers_where_the_writing_begins(page: Page, browser: Browser, folder: Path) -> None:
    page.get_by_label("Language").select_option("")
    page.get_by_label("Search").fill("Mitzi")
    expect(page.locator("article")).to_have_count(1)
    expect(page.locator("article mark")).to_have_text("Mitzi")
    turns = page.locator("article > div > .turn")
    assert turns.locator("strong").all_inner_texts() == ["system", "user", "assistant", "user"]
    with opening(browser, folder / "blind.html", viewport={"width": 390, "height": 844}) as blind:
        blind.get_by_label("Language").select_option("Arabic")
        while not blind.locator(".turn").count():
            blind.get_by_role("button", name="Skip").click()
        assert blind.locator(".turn").count() == 4
        for shown in (turns, blind.locator(".turn")):
            speaker, text = (shown.nth(1).locator(part).bounding_box() for part in ("strong", ".text"))
            assert speaker is not None
            assert text is not None
            assert speaker["x"] >= text["x"] + text["width"]


def test_pages_turn_and_the_address_keeps_the_filters(page: Page, browser: Browser) -> None:
    page.get_by_label("Language").select_option("")
    expect(page.locator("#place")).to_have_text("page 1 of 4")
    page.get_by_role("button", name="Next").press("Enter")
    expect(page.locator("#place")).to_have_text("page 2 of 4")
    page.get_by_label("Language").select_option("Japanese")
    expect(page.locator("article").first).to_contain_text("Japanese")
    again = browser.new_page(offline=True)
    again.goto(page.url)
    expect(again.locator("article").first).to_contain_text("Japanese")
    again.close()


def test_writing_from_the_right_is_set_so_and_hostile_texts_stay_texts(page: Page) -> None:
    page.get_by_label("Language").select_option("Arabic")
    text = page.locator("article").nth(1).locator(".answer .text").first
    expect(text).to_contain_text("قطط")
    assert text.evaluate("part => part.matches(':dir(rtl)')")
    page.get_by_label("Language").select_option("English")
    expect(page.get_by_text("alert(1)").first).to_be_visible()
    assert page.locator("article script, article img").count() == 0
    page.get_by_label("Search").fill("thinking of 3")
    expect(page.locator("article")).to_have_count(1)
    page.locator("summary", has_text="thoughts").first.click()
    expect(page.get_by_text("thinking of 3").first).to_be_visible()


def test_a_phone_scrolls_in_one_direction_and_the_dark_is_dark(browser: Browser, folder: Path) -> None:
    for name, shown in (("index", "article"), ("blind", ".answer")):
        with opening(browser, folder / f"{name}.html", viewport={"width": 390, "height": 844}, color_scheme="dark") as page:
            expect(page.locator(shown).first).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth") == 390
            colours = page.evaluate("(({color, backgroundColor}) => [color, backgroundColor])(getComputedStyle(document.body))")
            ink, paper = ([int(part) for part in colour.strip("rgb()").split(",")] for colour in colours)
            assert min(ink) > 200
            assert max(paper) < 40


def test_blind_verdicts_are_kept_saved_and_compared_with_the_judge(
    browser: Browser, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    context = browser.new_context(offline=True, accept_downloads=True)
    page = context.new_page()
    page.goto((folder / "blind.html").as_uri())
    expect(page.get_by_role("status")).to_have_text("Pair 1 of 10; 0 judged")
    for key in "1200211":
        page.keyboard.press(key)
    expect(page.get_by_role("status")).to_have_text("Pair 8 of 10; 7 judged")
    page.reload()
    expect(page.get_by_role("status")).to_have_text("Pair 8 of 10; 7 judged")
    page.get_by_label("Your initials").fill("ab")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save").click()
    file = tmp_path / "verdicts.json"
    download.value.save_as(file)
    context.close()
    verdicts = [row["verdict"] for row in json.loads(file.read_text(encoding="utf-8"))["verdicts"]]
    assert verdicts == ["a", "b", "tie", "tie", "b", "a", "a"]
    main(["agree", str(file), "--key", str(folder / "key.csv")])
    assert "ab and the judge: " in capsys.readouterr().out
