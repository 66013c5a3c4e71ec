"""A study in which every name and text is hostile: all of it is shown as text, in every output, a browser and a terminal."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from markdown_it import MarkdownIt
from playwright.sync_api import Browser

from polyglot.core.files import read_frame
from polyglot.synthesis.methods.base import pair_json

from ..endpoint import completion, serving
from .browser import browser
from .conftest import SHARED_KEY, Workplace, share_the_world

pytestmark = pytest.mark.slow
__all__ = ["browser"]

RESULTS = "results/demo"
SET = f"{RESULTS}/published/data/equal/api/de/0"
STUDENT = f"{RESULTS}/published/students/nano-base/equal/api/de/0/README.md"
TEXTS = {".md", ".html", ".csv", ".tex", ".log", ".txt", ".yaml"}
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff]")
"""What a terminal or a page obeys; tabs and line ends are no harm."""
CODES = "\x1b[31m\x1b]52;c;aGk=\x07\x1b]8;;http://evil\x1b\\\r\u202egnp\u2066"


class Counting(ThreadingHTTPServer):
    """A server that pages must never ask; it counts who does."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Refusing)
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Refusing(BaseHTTPRequestHandler):
    server: Counting

    def log_message(self, *_: Any) -> None:
        """Silence."""

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.send_error(404)


@dataclass(frozen=True)
class Hostile:
    """The study after its run, what the run said in the terminal, and the server that nobody may ask."""

    work: Workplace
    said: str
    watcher: Counting

    @property
    def results(self) -> Path:
        return self.work.folder / RESULTS

    def text(self, path: str) -> str:
        return (self.work.folder / path).read_text(encoding="utf-8")

    def polyglot(self, *arguments: str) -> str:
        """What a command prints."""
        command = [sys.executable, "-m", "polyglot", *arguments]
        path = os.environ | {"PYTHONPATH": str(self.work.folder / "scripts")}
        done = subprocess.run(command, cwd=self.work.folder, capture_output=True, text=True, env=path, check=True)
        return done.stdout + done.stderr


def labels(url: str) -> dict[str, str]:
    """Names and texts of a configuration that would be obeyed if anything took them for more than texts."""
    return {
        "hasty": rf'=HYPERLINK("{url}/csv") $\frac{{1}}{{0}}$ | <img src="{url}/label.png" onerror="window.hit=1">',
        "api": rf"@SUM(1) ![p]({url}/mark.png) \input{{/etc/hostname}} [x](javascript:window.hit=1) \<b>",
        "base": f"<script>window.hit=1</script> `{{{{ 7*7 }}}} `raw:: {CODES}",
        "language": f"-2+3% & [l](javascript:window.hit=1)\n# {CODES} Deutsch",
        "licence": f"+MIT ![l]({url}/licence.png)\n---\nlicense: mit <iframe src={url}/frame></iframe>",
        "question": f'.. raw:: html\n\n   <img src="{url}/rst.png" onerror="window.hit=1">\n\n.. include:: /etc/hostname {CODES}',
        "compared": f".. image:: {url}/caption.png\n\n:raw:`x` javascript:window.hit=1 |x| {{definition}} {{0}}",
        "step": f"=1+2 ^^5cwrite18 ~ #1 {CODES}",
    }


def answers(url: str) -> Any:
    """What the teacher behind the endpoint says, in German with everything that could do harm; as a judge it comments."""
    evil = f'<script>window.hit=1</script><img src="{url}/answer.png"> ![b]({url}/b.png) =cmd|x {CODES} ``` $$x$$ \\input{{x}}'

    def behave(body: dict[str, Any]) -> tuple[int, Any]:
        asked = body["messages"][-1]["content"]
        said = int(hashlib.sha256(asked.encode()).hexdigest()[:6], 16)
        if "Die Summe ist" in asked:
            return 200, completion(f"{evil}\n\n{1 + said % 5}")
        if said % 11 == 0:
            return 400, {"error": {"message": f"{evil} refuses {said}", "code": CODES}}
        question, answer = f"Wie viel ist {said % 97} plus {said % 89}? {evil}", f"Die Summe ist {said % 97 + said % 89}. {evil}"
        return 200, completion(pair_json(question, answer) if body.get("response_format") else answer)

    return behave


def configured(work: Workplace, teacher: str, watched: str) -> None:
    """Every name and text of the tiny study made hostile, and a second teacher behind an endpoint."""
    text = labels(watched)
    entry: dict[str, Any] = {"engine": "openai", "label": text["api"], "licence": text["licence"], "family": text["step"]}
    entry |= {"endpoint": {"url": teacher, "model": "m", "api_key": SHARED_KEY}, "price": {"prompt": 1, "completion": 2}}

    def models(known: dict[str, Any]) -> None:
        known["hasty"]["label"], known["nano-base"]["label"] = text["hasty"], text["base"]
        known["api"] = entry

    work.configure("models.yaml", models)
    work.configure("languages.yaml", lambda known: known["de"].update(name=text["language"], endonym=text["step"]))
    folder = work.folder / "data/items/de"
    folder.mkdir(parents=True)
    items = [
        {"question": f"{text['api']} {place}?", "choices": [f"{text['step']} {place}", text["hasty"]], "answer": place % 2}
        for place in range(6)
    ]
    (folder / "test.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items), encoding="utf-8")
    prompts = [{"prompt": f"Was ist {place}? {text['hasty']} {CODES}"} for place in range(40)]
    (work.folder / "data/prompts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in prompts), encoding="utf-8")
    steps = [{"label": f"{text['step']} {teacher}", "recipe": "equal", "teacher": teacher} for teacher in ("hasty", "api")]
    study = {
        "description": text["question"],
        "teachers": ["hasty", "api"],
        "run": ["main", "steps"],
        "experiments": {"steps": {"compare": "steps", "question": text["compared"], "steps": steps}},
        "evaluation": {"benchmarks": {"global-mmlu-lite": {"formulation": "cloze", "folder": "data/items"}}},
        "seed_dataset": {"files": {"de": "data/prompts.jsonl"}, "licence": text["licence"]},
        "intrinsic": {"reward": {"kind": "rubric_judge", "model": "api"}},
    }
    work.configure("demo.yaml", lambda known: share_the_world(known | study))


@pytest.fixture(scope="module")
def hostile(tiny: Workplace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hostile]:
    """Run to its tables, page, published folder, archive and report."""
    folder = tmp_path_factory.mktemp("hostile") / "copy"
    shutil.copytree(tiny.folder, folder, symlinks=True, copy_function=shutil.copy2)
    work, watcher = Workplace(folder), Counting()
    threading.Thread(target=watcher.serve_forever, daemon=True).start()
    with serving() as server:
        server.behave = answers(watcher.url)
        configured(work, server.url, watcher.url)
        done = work.snakemake("all", "publish", f"{RESULTS}/archive.zip")
        reported = work.snakemake("--report", f"{RESULTS}/report.html")
        yield Hostile(work, done.stdout + done.stderr + reported.stdout + reported.stderr, watcher)
    watcher.shutdown()


def test_no_file_that_people_read_and_nothing_said_has_a_control_character(hostile: Hostile) -> None:
    files = [path for path in hostile.results.rglob("*") if path.suffix in TEXTS and path.is_file()]
    assert {".md", ".html", ".csv", ".tex", ".log"} <= {path.suffix for path in files}
    for path in files:
        assert not CONTROL.search(path.read_text(encoding="utf-8")), path
    said = [hostile.said, *(hostile.polyglot(*words) for words in (("result", "demo"), ("watch", "demo", "--once")))]
    assert not any(CONTROL.search(text) for text in said)
    assert "\\x1b[31m" in hostile.text(f"{RESULTS}/tables/steps.md").replace("\\\\", "\\")


def test_no_cell_of_a_table_is_a_formula_and_numbers_below_zero_are_numbers(hostile: Hostile) -> None:
    below = 0
    for path in hostile.results.rglob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            for cell in (cell for row in csv.reader(file) for cell in row):
                if cell[:1] in ("=", "+", "-", "@", "\t", "\r"):
                    assert float(cell) < 0, (path, cell)
                    below += 1
    assert below
    board = f"{RESULTS}/tables/leaderboard.csv"
    assert "'=HYPERLINK" in hostile.text(board)
    assert set(read_frame(hostile.work.folder / board)["label"]) <= {*labels(hostile.watcher.url).values()}


def test_markdown_has_no_link_picture_or_html_of_anybody(hostile: Hostile) -> None:
    reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    cards = [hostile.work.folder / place for place in (f"{SET}/README.md", STUDENT)]
    shutil.unpack_archive(hostile.results / "archive.zip", hostile.work.folder / "unpacked")
    for path in [*(hostile.results / "tables").glob("*.md"), *cards, hostile.work.folder / "unpacked/README.md"]:
        text = path.read_text(encoding="utf-8")
        head, _, body = text.removeprefix("---\n").partition("\n---\n") if path in cards else ("", "", text)
        assert path not in cards or yaml.safe_load(head)["license"] == "other"
        for token in (inner for outer in reader.parse(body) for inner in [outer, *(outer.children or ())]):
            assert token.type not in ("html_inline", "html_block", "image", "s_open"), (path, token.content)
            assert token.type != "link_open" or "127.0.0.1" not in str(token.attrs["href"]), path
        assert not re.search(r"(?<!\\)\$", re.sub(r"(?ms)^```.*?^```", "", body)), path


def test_latex_has_no_command_of_anybody(hostile: Hostile) -> None:
    for path in (hostile.results / "tables").glob("*.tex"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\\(input|write|frac|href)|\^\^|\n\n\s+\\#|(?<!\\)%(?! \\usepackage)", text), path


def test_data_stay_as_the_teacher_wrote_them(hostile: Hostile) -> None:
    pairs = pd.read_parquet(next((hostile.work.folder / SET / "data").glob("*.parquet")))
    assert pairs["response"].str.contains("<script>window.hit=1</script>", regex=False).any()
    assert pairs["response"].str.contains("\x1b[31m", regex=False).any()
    judged = pd.read_parquet(hostile.results / "intrinsic/equal/api/de/0/reward.parquet")
    assert judged["text"].str.contains("<script>", regex=False).any()


def test_the_archive_verifies(hostile: Hostile) -> None:
    assert "is verified" in hostile.polyglot("verify", f"{RESULTS}/archive.zip")


def test_no_page_runs_a_script_or_asks_for_anything(hostile: Hostile, browser: Browser) -> None:
    pages = [
        *sorted((hostile.results / "tables").glob("*.html")),
        hostile.results / "index.html",
        hostile.results / "report.html",
    ]
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.startswith(("http", "ws")) else None)
    page.on("dialog", lambda dialog: asked.append(dialog.message))
    for path in pages:
        page.goto(path.as_uri())
        page.locator("details").evaluate_all("all => all.forEach(x => x.open = true)")
        assert page.evaluate("window.hit") is None, path
        links = page.locator("a[href]").evaluate_all("all => all.map(x => x.href)")
        assert not any(link.startswith("javascript:window") or "127.0.0.1" in link for link in links), path
        assert page.locator("iframe[src*='127.0.0.1'], img[src^='http']").count() == 0
    shown = page.locator("body").inner_text()
    assert ".. raw:: html" in shown
    page.goto((hostile.results / "index.html").as_uri())
    assert "<script>window.hit=1</script>" in page.locator("body").inner_text()
    page.close()
    assert not asked
    assert hostile.watcher.asked == []
