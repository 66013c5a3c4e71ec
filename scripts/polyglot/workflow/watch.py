"""A study's synthesis while it runs: what is done, how fast, at what price, and the last answers. Reads files only."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyglot.core.files import read_json, read_whole_lines
from polyglot.study import paths
from polyglot.synthesis.draws import FURTHER

if TYPE_CHECKING:
    from rich.table import Table

SIDE_FILES = {"unfinished/answers/*/*/*.jsonl": "", "unfinished/answers-further/*/*/*.jsonl": f"-{FURTHER}"}
"""Teacher, language and seed of answers that are under way, and what is added to the seed."""
ANSWERS = (
    (paths.SYNTHETIC, "status", ""),
    (paths.ANSWERS, "finish_reason", ""),
    (paths.FURTHER_SYNTHETIC, "status", f"-{FURTHER}"),
    (paths.FURTHER_ANSWERS, "finish_reason", f"-{FURTHER}"),
)
"""Files of answers, the most finished first: pattern, the column that is counted, and what is added to the seed."""
BATCHES = "unfinished/answers/*/*/*.batches/*.json"
"""Batches at endpoints that jobs wait for (`polyglot.engines.batch_files`)."""
LAST = 5
"""Answers that are shown."""
SPEED_OVER = 30.0
"""Seconds over which tokens a second are averaged."""


@dataclass
class Cell:
    """A teacher's answers in a language.

    Args:
        of: requests that there are so far.
        tokens: that were written, thoughts among them.
        counts: answers by status, or by how they ended where they are not checked yet.
        batches: those that are waited for, in words.
    """

    of: int = 0
    tokens: int = 0
    thoughts: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    batches: list[str] = field(default_factory=list)

    @property
    def done(self) -> int:
        return sum(self.counts.values())

    def add(self, seen: Seen) -> None:
        self.counts += seen.counts
        self.tokens += seen.tokens
        self.thoughts += seen.thoughts


@dataclass
class Seen:
    """What a file of answers holds: answers by status, their tokens, and how many of these are thoughts."""

    counts: Counter[str] = field(default_factory=Counter)
    tokens: int = 0
    thoughts: int = 0


class Watch:
    """Looks at a study's folder; what has been read once is not read again.

    Args:
        results: results/STUDY.
    """

    def __init__(self, results: Path) -> None:
        self.results = results
        self.tables: dict[tuple[Path, float], Seen] = {}
        self.offsets: dict[Path, int] = {}
        self.under_way: dict[Path, Seen] = {}
        self.last: deque[tuple[str, str, str]] = deque(maxlen=LAST)
        self.speeds: deque[tuple[float, dict[tuple[str, str], int]]] = deque()

    def look(self) -> dict[tuple[str, str], Cell]:
        """Cells by teacher and language."""
        cells: dict[tuple[str, str], Cell] = defaultdict(Cell)
        self._read_side_files()
        finished: set[tuple[str, str, str]] = set()
        for pattern, column, besides in ANSWERS:
            known = set(finished)
            for path, named in paths.found(pattern, self.results):
                key = (named["teacher"], named["lang"], f"{named['method']}/{named['seed']}{besides}")
                if key in known:
                    continue
                finished.add(key)
                cells[named["teacher"], named["lang"]].add(self._table(path, column))
        whole = {(teacher, lang, which.partition("/")[2]) for teacher, lang, which in finished}
        for path, seen in self.under_way.items():
            teacher, lang, seed = path.parts[-3], path.parts[-2], path.stem
            seed += SIDE_FILES[f"unfinished/{path.parts[-4]}/*/*/*.jsonl"]
            if (teacher, lang, seed) not in whole and path.exists():
                cells[teacher, lang].add(seen)
        self._read_batches(cells)
        self._count_requests(cells)
        self.speeds.append((time.monotonic(), {key: cell.tokens for key, cell in cells.items()}))
        while len(self.speeds) > 2 and self.speeds[0][0] < time.monotonic() - SPEED_OVER:
            self.speeds.popleft()
        return dict(sorted(cells.items()))

    def speed(self, key: tuple[str, str]) -> float:
        """Tokens a second of the last looks."""
        (first, before), (now, after) = self.speeds[0], self.speeds[-1]
        return max(0.0, (after.get(key, 0) - before.get(key, 0)) / (now - first)) if now > first else 0.0

    def money(self) -> dict[str, float]:
        """USD spent so far, by model."""
        folder = self.results / paths.inside(paths.PAID)
        return {path.stem: sum(row["usd"] for row in read_whole_lines(path)) for path in sorted(folder.glob("*.jsonl"))}

    def _read_side_files(self) -> None:
        for path in sorted(path for pattern in SIDE_FILES for path in self.results.glob(pattern)):
            if path.stat().st_size < self.offsets.get(path, 0):  # begun anew
                self.offsets.pop(path)
                self.under_way.pop(path)
            seen = self.under_way.setdefault(path, Seen())
            with path.open("rb") as file:
                file.seek(self.offsets.get(path, 0))
                for line in file:
                    if not line.endswith(b"\n"):
                        break
                    self.offsets[path] = self.offsets.get(path, 0) + len(line)
                    for row in json.loads(line)["rows"]:
                        seen.counts[row["finish_reason"]] += 1
                        seen.tokens += row["completion_tokens"]
                        seen.thoughts += row.get("thought_tokens", 0)
                        said = row["text"] or ("(thoughts alone)" if row.get("thoughts") else "")
                        self.last.append((path.parts[-3], path.parts[-2], said))

    def _read_batches(self, cells: dict[tuple[str, str], Cell]) -> None:
        for path in sorted(self.results.glob(BATCHES)):
            try:
                batch = read_json(path)
            except FileNotFoundError:  # its answers are stored
                continue
            hours = (time.time() - batch["since"]) / 3600
            failed = f", {batch['failed']:,} failed" if batch["failed"] else ""
            counts = f"{batch['completed']:,} of {batch['total']:,}{failed}"
            cells[path.parts[-4], path.parts[-3]].batches.append(f"batch {batch['status']} for {hours:.1f} h: {counts}")

    def _table(self, path: Path, column: str) -> Seen:
        import pandas as pd
        import pyarrow.parquet

        key = (path, path.stat().st_mtime)
        if key not in self.tables:
            wanted = [column, "completion_tokens", "thought_tokens"]
            there = set(pyarrow.parquet.read_schema(path).names)
            frame = pd.read_parquet(path, columns=[name for name in wanted if name in there])
            tokens = frame.reindex(columns=wanted[1:], fill_value=0).sum()
            self.tables[key] = Seen(Counter(frame[column]), int(tokens["completion_tokens"]), int(tokens["thought_tokens"]))
        return self.tables[key]

    def _count_requests(self, cells: dict[tuple[str, str], Cell]) -> None:
        import pyarrow.parquet

        counts: Counter[str] = Counter()
        for path, named in paths.found(paths.REQUESTS, self.results):
            if not named["seed"].endswith(FURTHER):
                counts[named["lang"]] += pyarrow.parquet.read_metadata(path).num_rows
        further: Counter[tuple[str, str]] = Counter()
        for path, named in paths.found(paths.FURTHER_REQUESTS, self.results):
            further[named["teacher"], named["lang"]] += pyarrow.parquet.read_metadata(path).num_rows
        for key, cell in cells.items():
            cell.of = max(counts[key[1]] + further[key], cell.done)


def lines(watch: Watch) -> list[str]:
    """What a look shows, as plain lines."""
    cells, money = watch.look(), watch.money()
    shown = []
    for (teacher, lang), cell in cells.items():
        speed = watch.speed((teacher, lang))
        rate = (f", {speed:,.0f} tokens/s" if speed else "") + (f", {share}" if (share := of_thoughts(cell)) else "")
        statuses = ", ".join(f"{count} {status}" for status, count in cell.counts.most_common())
        notes = "; ".join(filter(None, [statuses, *cell.batches]))
        shown.append(f"{teacher} {lang}: {cell.done:,} of {cell.of:,}{rate} ({notes})")
    shown += [f"{model}: {spent(usd, model, cells)}" for model, usd in money.items()]
    return shown or ["no answers yet"]


def of_thoughts(cell: Cell) -> str:
    """The share of thoughts in a cell's tokens; empty if there are none."""
    return f"{cell.thoughts / cell.tokens:.0%} of the tokens are thoughts" if cell.thoughts and cell.tokens else ""


def spent(usd: float, model: str, cells: dict[tuple[str, str], Cell]) -> str:
    """Money so far, and what it will be if the other answers cost as much."""
    own = [cell for (teacher, _), cell in cells.items() if teacher == model]
    done, of = sum(cell.done for cell in own), sum(cell.of for cell in own)
    expected = f", {usd * of / done:.2f} USD expected for all" if done and of > done else ""
    return f"{usd:.2f} USD so far{expected}"


def table(watch: Watch) -> Table:
    """The same as a table for a terminal, with the last answers."""
    from rich.table import Table
    from rich.text import Text

    cells, money = watch.look(), watch.money()
    shown = Table(title=f"{watch.results}: answers", caption_justify="left")
    for name in ("teacher", "language", "done", "of", "tokens/s"):
        shown.add_column(name, justify="left" if name in ("teacher", "language") else "right")
    shown.add_column("by status")
    for (teacher, lang), cell in cells.items():
        statuses = "  ".join([*(f"{status} {count:,}" for status, count in cell.counts.most_common()), *cell.batches])
        speed = watch.speed((teacher, lang))
        statuses += f"  ({share})" if (share := of_thoughts(cell)) else ""
        shown.add_row(teacher, lang, f"{cell.done:,}", f"{cell.of:,}", f"{speed:,.0f}" if speed else "", statuses)
    below = [f"{model}: {spent(usd, model, cells)}" for model, usd in money.items()]
    below += [f"{teacher} {lang}: {' '.join(text.split())[:100]}" for teacher, lang, text in watch.last]
    shown.caption = Text("\n".join(below) or "no answers yet")
    return shown


def show(results: Path, *, every: float, once: bool) -> None:
    """Look again and again, until Ctrl-C; plain lines where standard output is no terminal."""
    watch = Watch(results)
    if once or not sys.stdout.isatty():
        _print_lines(watch, every, once)
        return
    from rich.live import Live

    with Live(table(watch), auto_refresh=False) as live:
        while True:
            time.sleep(every)
            live.update(table(watch), refresh=True)


def _print_lines(watch: Watch, every: float, once: bool) -> None:
    """Print what has changed since the last look."""
    before: list[str] = []
    while True:
        now = lines(watch)
        new = [line for line in now if line not in before]
        if new:
            print(*new, sep="\n", flush=True)
        if once:
            return
        before = now
        time.sleep(every)


def read(given: Any) -> None:
    """Run the command `polyglot watch`."""
    results = Path(given.study) if Path(given.study).is_dir() else Path("results") / given.study
    if not results.is_dir():
        raise SystemExit(f"watch: there is no study '{given.study}' in results; run it, or name its folder")
    try:
        show(results, every=given.every, once=given.once)
    except KeyboardInterrupt:
        print()
