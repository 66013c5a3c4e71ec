"""What there is of a study's synthesis while it runs, read from its files."""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from polyglot.core.files import read_json
from polyglot.core.sidefile import SideFile
from polyglot.core.text import printable
from polyglot.study import paths
from polyglot.synthesis.draws import BUILD, FURTHER

SIDE_FILES = {
    "unfinished/answers/*/*/*.jsonl": "",
    "unfinished/answers-further/*/*/*.jsonl": f"-{FURTHER}",
    "unfinished/answers-build/*/*/*.jsonl": "",
}
"""Teacher, language and seed of answers that are under way, and what is added to the seed."""
ANSWERS = (
    (paths.SYNTHETIC, "status", ""),
    (paths.ANSWERS, "finish_reason", ""),
    (paths.FURTHER_SYNTHETIC, "status", f"-{FURTHER}"),
    (paths.FURTHER_ANSWERS, "finish_reason", f"-{FURTHER}"),
    (paths.BUILD_SYNTHETIC, "status", f"-{BUILD}"),
    (paths.BUILD_ANSWERS, "finish_reason", f"-{BUILD}"),
)
"""Files of answers, the most finished first: pattern, the column that is counted, and what is added to the seed."""
BATCHES = "unfinished/answers*/*/*/*.batches/*.json"
"""Batches at endpoints that jobs wait for (`polyglot.engines.batch_files`)."""
LAST = 5
"""Answers that are shown."""
SPEED_OVER = 30.0
"""Seconds over which tokens a second are averaged."""
STILL = 60.0
"""Seconds without an answer that are worth a word."""
AGAIN = "~"
"""In the id of an answer to a request that was asked again (`polyglot.synthesis.attempts`)."""


@dataclass
class Cell:
    """A teacher's answers in a language.

    Args:
        of: requests that the study has.
        tokens: that were written, thoughts among them.
        again: further attempts at requests whose answer could not be read.
        counts: answers by status, or by how they ended where they are not checked yet; of each request the first attempt.
        batches: those that are waited for, in words.
    """

    of: int = 0
    tokens: int = 0
    thoughts: int = 0
    again: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    batches: list[str] = field(default_factory=list)

    @property
    def done(self) -> int:
        return sum(self.counts.values())

    def add(self, other: Cell) -> None:
        self.tokens += other.tokens
        self.thoughts += other.thoughts
        self.again += other.again
        self.batches += other.batches
        self.counts += other.counts


@dataclass
class Unfinished:
    """A side file, as far as it has been read. Its owner is that of its last line; answers of others are used when their settings
    come back."""

    offset: int = 0
    owner: str = ""
    owners: dict[str, Owned] = field(default_factory=dict)

    @property
    def cell(self) -> Cell:
        return self.owners[self.owner].cell if self.owner else Cell()


@dataclass
class Owned:
    """The answers of an owner, each counted once, those that are kept of finished jobs among them."""

    cell: Cell = field(default_factory=Cell)
    ids: set[str] = field(default_factory=set)

    def add(self, row: dict[str, Any]) -> None:
        if row["id"] in self.ids:
            return
        self.ids.add(row["id"])
        self.cell.tokens += row["completion_tokens"]
        self.cell.thoughts += row.get("thought_tokens", 0)
        if AGAIN in row["id"]:
            self.cell.again += 1
        else:
            self.cell.counts[row["finish_reason"]] += 1


@dataclass
class Paid:
    """What a model's answers have cost, as far as it has been read: USD, and the requests that were paid for, whatever settings
    they were asked with, and however often."""

    offset: int = 0
    usd: float = 0.0
    requests: set[str] = field(default_factory=set)


class Watch:
    """Looks at a study's folder; what has been read once is not read again. Files come and go meanwhile.

    Args:
        results: results/STUDY.
    """

    def __init__(self, results: Path) -> None:
        self.results = results
        self.tables: dict[tuple[Path, float], Cell] = {}
        self.rows: dict[tuple[Path, float], int] = {}
        self.unfinished: dict[Path, Unfinished] = {}
        self.paid: dict[Path, Paid] = {}
        self.last: dict[tuple[str, str], deque[str]] = {}
        self.speeds: deque[tuple[float, dict[tuple[str, str], int]]] = deque()
        self.configured: tuple[float, dict[str, Any]] = (0.0, {})

    def look(self) -> dict[tuple[str, str], Cell]:
        """Cells by teacher and language: those of the study's configuration, in its order, then others that have answers."""
        study = self._study()
        teachers = [teacher for teacher in study.get("teachers", ()) if teacher in study["models"]]
        named = [(teacher, lang) for teacher in teachers for lang in study["languages"]]
        cells: dict[tuple[str, str], Cell] = defaultdict(Cell, {key: Cell() for key in named})
        finished: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
        built = self._built()
        for pattern, column, besides in ANSWERS:
            for path, found in paths.found(pattern, self.results):
                key, part = (found["teacher"], found["lang"]), (found["method"], found.get("seed", "") + besides)
                if "recipe" in found and found["recipe"] != built.get(key):
                    continue
                if part not in finished[key] and (cell := self._table(path, column)) is not None:
                    finished[key].add(part)
                    cells[key].add(cell)
        self._read_side_files()
        for path, side in self.unfinished.items():
            key = (path.parts[-3], path.parts[-2])
            if _seed(path) not in {seed for _, seed in finished[key]}:
                cells[key].add(side.cell)
        self._read_batches(cells)
        self._count_requests(cells, finished, study)
        self.speeds.append((time.monotonic(), {key: cell.tokens for key, cell in cells.items()}))
        while len(self.speeds) > 2 and self.speeds[0][0] < time.monotonic() - SPEED_OVER:
            self.speeds.popleft()
        return {key: cells[key] for key in [*named, *sorted(cells.keys() - set(named))]}

    def speed(self, key: tuple[str, str]) -> float:
        """Tokens a second of the last looks."""
        (first, before), (now, after) = self.speeds[0], self.speeds[-1]
        return max(0.0, (after.get(key, 0) - before.get(key, 0)) / (now - first)) if now > first else 0.0

    def money(self) -> dict[str, Paid]:
        """What was spent so far, by model."""
        folder = self.results / paths.inside(paths.PAID)
        for path in sorted(folder.glob("*.jsonl")):
            paid = self.paid.setdefault(path, Paid())
            for line in _whole_lines(path, paid.offset):
                paid.offset += len(line)
                if (entry := _parsed(line)) is not None:
                    paid.usd += entry["usd"]
                    paid.requests.add(str(entry["id"]).partition(AGAIN)[0])
        return {path.stem: paid for path, paid in self.paid.items()}

    @property
    def ceiling(self) -> float | None:
        """USD that the study may spend (`synthesis.budget`)."""
        return self._study().get("synthesis", {}).get("budget")  # type: ignore[no-any-return]

    def stillness(self, cells: dict[tuple[str, str], Cell]) -> list[str]:
        """That no answer comes although some are missing: the run may have ended."""
        times = []
        for path in self.unfinished:
            cell = cells[path.parts[-3], path.parts[-2]]
            if cell.done < cell.of and path.exists() and not cell.batches:
                times.append(path.stat().st_mtime)
        still = times and time.time() - max(times) > STILL
        return ["no answer for more than a minute: see the run's log if it has not ended by itself"] if still else []

    def last_answers(self, cells: dict[tuple[str, str], Cell]) -> list[str]:
        """The last answers of what is under way, some of each."""
        going = [key for key in self.last if key in cells and cells[key].done < cells[key].of][:LAST]
        shown = [(key, text) for key in going for text in list(self.last[key])[-(LAST // len(going)) :]]
        return [f"{teacher} {lang}: {_in_a_line(text)}" for (teacher, lang), text in shown]

    def _study(self) -> dict[str, Any]:
        """The configuration as the run has saved it; what a watch reads of it is empty where it is not there yet."""
        from polyglot.core.yaml_file import read_yaml

        path = self.results / paths.inside(paths.CONFIGURATION)
        if path.exists() and path.stat().st_mtime != self.configured[0]:
            self.configured = (path.stat().st_mtime, read_yaml(path))
        return self.configured[1]

    def _read_side_files(self) -> None:
        """Read what is new in them. Those of jobs that are done are gone."""
        there = sorted(path for pattern in SIDE_FILES for path in self.results.glob(pattern))
        self.unfinished = {path: self.unfinished.get(path, Unfinished()) for path in there}
        for path, side in list(self.unfinished.items()):
            try:
                begun_anew = path.stat().st_size < side.offset
            except OSError:
                continue
            if begun_anew:
                side = self.unfinished[path] = Unfinished()
            for line in _whole_lines(path, side.offset):
                side.offset += len(line)
                if (batch := _parsed(line)) is not None:
                    self._enter(batch, path, side)

    def _enter(self, batch: dict[str, Any], path: Path, side: Unfinished) -> None:
        side.owner = batch["owner"]
        if side.owner not in side.owners:
            side.owners[side.owner] = Owned()
            for row in SideFile(path, side.owner).kept_rows():
                side.owners[side.owner].add(row)
        for row in batch["rows"]:
            side.owners[side.owner].add(row)
            self.last.setdefault((path.parts[-3], path.parts[-2]), deque(maxlen=LAST)).append(
                row["text"] or ("(thoughts alone)" if row.get("thoughts") else "")
            )

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

    def _table(self, path: Path, column: str) -> Cell | None:
        """A finished file's answers; None if it is gone."""
        import pandas as pd
        import pyarrow.parquet

        try:
            key = (path, path.stat().st_mtime)
            if key not in self.tables:
                wanted = [column, "completion_tokens", "thought_tokens", "attempts" if column == "status" else "id"]
                there = set(pyarrow.parquet.read_schema(path).names)
                frame = pd.read_parquet(path, columns=[name for name in wanted if name in there])
                first = frame[~frame["id"].str.contains(AGAIN)] if "id" in frame else frame
                again = len(frame) - len(first) + (int(frame["attempts"].sum()) - len(frame) if "attempts" in frame else 0)
                tokens = frame.reindex(columns=wanted[1:3], fill_value=0).sum()
                self.tables[key] = Cell(0, int(tokens.iloc[0]), int(tokens.iloc[1]), again, Counter(first[column]))
        except OSError:
            return None
        return self.tables[key]

    def _count_requests(
        self,
        cells: dict[tuple[str, str], Cell],
        finished: dict[tuple[str, str], set[tuple[str, str]]],
        study: dict[str, Any],
    ) -> None:
        """Requests of the study's methods and seeds, as many as it says where they are not written yet; of further draws that a
        teacher answers; and those that make up what its answers lack."""
        drawn = {(method, str(seed)) for method in study.get("methods", ()) for seed in study["seeds"]}
        rows = {tuple(found.values()): self._length(path) for path, found in paths.found(paths.REQUESTS, self.results)}
        further: Counter[tuple[str, str]] = Counter()
        for path, found in paths.found(paths.FURTHER_REQUESTS, self.results):
            further[found["teacher"], found["lang"]] += self._length(path)
        built = self._built()
        for path, found in paths.found(paths.BUILD_REQUESTS, self.results):
            if found["recipe"] == built[found["teacher"], found["lang"]]:
                further[found["teacher"], found["lang"]] += self._length(path)
        synthesis = study.get("synthesis", {})
        wanted = synthesis.get("first") or synthesis.get("requests", 0)
        under_way: dict[tuple[str, str], set[str]] = defaultdict(set)
        for path in self.unfinished:
            under_way[path.parts[-3], path.parts[-2]].add(_seed(path))
        for (teacher, lang), cell in cells.items():
            seeds = under_way[teacher, lang]
            own = {(method, seed) for there, method, seed in rows if there == lang and seed in seeds}
            parts = finished[teacher, lang] | own | (drawn if teacher in study.get("teachers", ()) else set())
            asked = sum(rows.get((lang, *part), wanted) for part in parts if not part[1].endswith((FURTHER, f"-{BUILD}")))
            cell.of = max(cell.done, asked + further[teacher, lang])

    def _built(self) -> dict[tuple[str, str], str]:
        """The recipe of a teacher's data set that is built in a language: the last, whose answers hold those of smaller ones."""
        times: dict[tuple[str, str], tuple[float, str]] = {}
        for path, found in paths.found(paths.BUILD_REQUESTS, self.results):
            key = (found["teacher"], found["lang"])
            with suppress(OSError):  # it is gone
                times[key] = max(times.get(key, (0.0, "")), (path.stat().st_mtime, found["recipe"]))
        return defaultdict(str, {key: recipe for key, (_, recipe) in times.items()})

    def _length(self, path: Path) -> int:
        import pyarrow.parquet

        try:
            key = (path, path.stat().st_mtime)
            if key not in self.rows:
                self.rows[key] = pyarrow.parquet.read_metadata(path).num_rows
        except OSError:
            return 0
        return self.rows[key]


def _seed(path: Path) -> str:
    """The seed of a side file of answers; a build's are of one seed, which its finished files do not name."""
    if path.stem.endswith(f"-{BUILD}"):
        return f"-{BUILD}"
    return path.stem + SIDE_FILES[f"unfinished/{path.parts[-4]}/*/*/*.jsonl"]


def _whole_lines(path: Path, offset: int) -> Iterator[bytes]:
    """The lines of a file from an offset on, without one that is being written; none if the file is gone."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                yield line
    except FileNotFoundError:
        return


def _parsed(line: bytes) -> dict[str, Any] | None:
    """A row; None for one that a killed job has left incomplete."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _in_a_line(text: str) -> str:
    """The start of an answer."""
    return printable(" ".join(text[:200].split()))[:100]
