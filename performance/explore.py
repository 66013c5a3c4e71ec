"""The page to look at the data, of a made set of answers: how long it takes to make, to open and to search in Chromium.

    python performance/explore.py [--answers 200000] [--folder FOLDER]

makes ten teachers' answers in five languages with one method, 60 words each, then the page, and opens it from the disk. A search
is timed from the last letter to the first page of what is found; the page waits 0.15 s for a further letter, which counts.
"""

from __future__ import annotations

import argparse
import random
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))
TEMPLATES = Path(__file__).resolve().parent.parent / "report/explore"
TEACHERS, LANGS, WORDS = [f"teacher-{number}" for number in range(10)], ("ar", "de", "en", "id", "tl"), 60
VOCABULARY = 20_000


def made(folder: Path, answers: int) -> dict[str, object]:
    """Files of answers, requests, training sets and one metric; the arguments of `Looked` but for its bounds."""
    import numpy as np
    import pandas as pd

    from polyglot.displays.explore.sets import Measured, TeacherSet

    rng = random.Random(0)
    vocabulary = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(3, 9))) for _ in range(VOCABULARY)]
    weights = [1 / (rank + 1) for rank in range(VOCABULARY)]
    count, sets, requests = answers // len(TEACHERS) // len(LANGS), [], {}
    for lang in LANGS:
        names = [f"{lang}{place:09d}" for place in range(count)]
        prompts = [" ".join(rng.choices(vocabulary, weights, k=12)) for _ in names]
        messages = [[{"role": "user", "content": prompt}] for prompt in prompts]
        path = folder / f"requests-{lang}.parquet"
        pd.DataFrame({"request_id": names, "messages": messages, "prompt": prompts}).to_parquet(path)
        requests[f"{lang}/respond"] = [str(path)]
        for number, teacher in enumerate(TEACHERS):
            texts = [" ".join(rng.choices(vocabulary, weights, k=WORDS - 12)) for _ in names]
            columns = {"request_id": names, "status": "ok", "problem": None, "prompt": prompts, "response": texts, "text": texts}
            frame = pd.DataFrame({**columns, "thoughts": "", "decisions": None})
            reward = pd.DataFrame({"id": names, "reward": np.random.default_rng(number).uniform(1, 5, count)})
            stem = folder / f"{teacher}-{lang}"
            frame.to_parquet(f"{stem}.parquet")
            pd.DataFrame({"id": names}).to_parquet(f"{stem}-set.parquet")
            reward.to_parquet(f"{stem}-reward.parquet")
            measured = [Measured("reward", "reward", 2, "higher", f"{stem}-reward.parquet", "reward")]
            sets.append(TeacherSet(teacher, lang, {f"{stem}.parquet": "respond"}, f"{stem}-set.parquet", measured))
    shown: dict[str, dict[str, str]] = {"teachers": {}, "languages": {}}
    return {
        "study": "made",
        "sets": sets,
        "requests": requests,
        "names": shown,
        "judge": "reward",
        "seed": 0,
    }


def opened(folder: Path, rare: str, common: str) -> None:
    """Print how long the page takes in a browser."""
    from playwright.sync_api import expect, sync_playwright

    name = next(name for name in ("chromium", "chromium-browser", "google-chrome") if shutil.which(name))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which(name), args=["--no-sandbox"])
        browser.new_page().goto("about:blank")
        page = browser.new_page(offline=True)
        start = time.monotonic()
        page.goto((folder / "index.html").as_uri())
        page.locator("article").first.wait_for()
        print(f"first page after {time.monotonic() - start:.2f} s")
        page.get_by_label("Language").select_option("")
        expect(page.locator("article").last).to_be_visible()
        page.wait_for_timeout(2000)  # until the filters of all languages are there
        for what, text in (("a rare text", rare), ("a frequent text", common), ("a text that nothing has", "zzzzqqqq")):
            page.get_by_label("Search").fill(text)
            start = time.monotonic()
            expect(page.locator("#found")).to_have_attribute("data-text", text, timeout=60_000)
            print(f"search for {what}: {time.monotonic() - start:.2f} s, {page.locator('#said').inner_text()}")
        browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=int, default=200_000)
    parser.add_argument("--folder", type=Path, help="where the page stays (default: nowhere)")
    given = parser.parse_args()
    from polyglot.core.key_finder import KeyFinder
    from polyglot.displays.explore.page import Looked, explore

    with tempfile.TemporaryDirectory() as temporary:
        arguments = made(Path(temporary), given.answers)
        folder = given.folder or Path(temporary) / "explore"
        before = resource.getrusage(resource.RUSAGE_SELF)
        explore(Looked(most=given.answers, pairs=100, **arguments), TEMPLATES, folder, KeyFinder.here())  # type: ignore[arg-type]
        after = resource.getrusage(resource.RUSAGE_SELF)
        size = sum(path.stat().st_size for path in folder.rglob("*"))
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(
            f"{given.answers} answers: made in {seconds:.0f} CPU s, peak {after.ru_maxrss >> 10} MB, {size / 1e6:.0f} MB on disk"
        )
        rng = random.Random(0)
        vocabulary = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(3, 9))) for _ in range(VOCABULARY)]
        opened(folder, vocabulary[-1], vocabulary[0])


if __name__ == "__main__":
    main()
