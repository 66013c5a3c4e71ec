"""Side files: a job's finished work, which survives if the job is killed, or the submission that it shares.

A submission of several jobs is done again as a whole if one of them fails, and Snakemake removes what the others have made. So
there side files stay, and are removed by who sees the submission's success (`polyglot.cluster.slurm.remove_side_files`).

What a side file held is kept when its job is done (see `SideFile.finish`): Snakemake removes a job's outputs before it runs
again, so that a changed setting, and a change back, would have everything paid for twice.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyglot.core.errors import Foreseen
from polyglot.core.files import atomic, ends_torn
from polyglot.core.submission import current_submission

if TYPE_CHECKING:
    import pandas as pd

UNFINISHED, SUPERSEDED = "unfinished", "superseded"
"""Folders: of side files, and inside it of what finished jobs had in theirs."""
OWNERS, GROWTH = 4, 4
"""Bounds of what is kept of a job: the owners used last, and for each at most so many times the rows of its last run."""
ROWS = 1000
"""Rows of a kept line."""
ENDING = 40.0
"""Seconds that a job which was stopped may take to store its answers, before its successor gives up."""


class SideFile:
    """A JSON Lines file beside an output. Each batch names its `owner` (what produced it); batches of other owners are ignored.

    A batch is one line. A line left incomplete by a killed job is ignored when read.
    """

    def __init__(self, path: Path, owner: str) -> None:
        self.path = Path(path)
        self.owner = owner
        self._synced = 0.0

    @contextmanager
    def held(self) -> Iterator[None]:
        """No other process does this job meanwhile. The lock ends with the process, also if it is killed.

        Raises:
            Foreseen: if another one does it, as a job whose Snakemake was killed.
        """
        from filelock import FileLock, Timeout  # not in the environments of jobs that ask for no answers

        self.lock.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.lock, timeout=ENDING):
                yield
        except Timeout:
            raise Foreseen(f"another process does this job ({self.lock} is locked): wait for it, or end it first") from None

    def read(self) -> list[dict[str, Any]]:
        """All rows of the finished batches of this owner."""
        return list(self.rows())

    def rows(self) -> Iterator[dict[str, Any]]:
        """The same rows, one after the other; first those that are kept of finished runs."""
        yield from self.kept_rows()
        yield from self._own_rows()

    def _own_rows(self) -> Iterator[dict[str, Any]]:
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            for line in file:
                try:
                    batch = json.loads(line)
                except ValueError:  # a batch left incomplete by a killed job
                    continue
                if batch["owner"] == self.owner:
                    yield from batch["rows"]

    def append(self, rows: list[dict[str, Any]], *, within: float = 0.0) -> None:
        """Add a finished batch: when this returns, it survives a kill of the job.

        Args:
            within: seconds in which the disk is waited for at most once, so that batches in quick succession share a wait; a
                loss of power can take as much.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        line = json.dumps({"owner": self.owner, "rows": rows}, ensure_ascii=False)
        with self.path.open("ab") as file:
            torn = ends_torn(self.path)
            file.write((b"\n" if torn else b"") + line.encode() + b"\n")
            file.flush()
            if time.monotonic() - self._synced >= within:
                os.fsync(file.fileno())
                self._synced = time.monotonic()

    @property
    def lock(self) -> Path:
        """The file that whoever does the job locks."""
        return self.path.with_suffix(".lock")

    @property
    def beside(self) -> Path:
        """A folder for what else belongs to the job's unfinished work; it is removed with the file."""
        return self.path.with_suffix(".batches")

    @property
    def kept(self) -> Path:
        """What is kept of finished runs with this owner: the rows of a side file, compressed."""
        return kept_folder(self.path) / f"{self.owner}.jsonl.gz"

    def kept_rows(self) -> Iterator[dict[str, Any]]:
        """Those that are kept of finished runs."""
        if not self.kept.exists():
            return
        try:
            with gzip.open(self.kept, "rt", encoding="utf-8") as file:
                for line in file:
                    yield from json.loads(line)["rows"]
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            print(f"{self.kept} cannot be read to its end ({error}); what it lacks is made again")

    def finish(self) -> None:
        """Its job is done: keep its rows for when the settings that made them come back, and remove it; in a submission of
        several jobs it stays until all of them are done.

        Kept are the rows of the last `OWNERS` owners. Of an owner whose job has made other rows since, the latest stay.
        """
        self._keep(self._own_rows)
        _remove(self.path)
        self.lock.unlink(missing_ok=True)
        if current_submission() is None:
            shutil.rmtree(self.beside, ignore_errors=True)

    def keep(self, rows: Iterable[dict[str, Any]]) -> None:
        """Keep rows that another than its job has made, so that the job finds them."""
        given = list(rows)
        self._keep(lambda: iter(given))

    def _keep(self, made: Callable[[], Iterator[dict[str, Any]]]) -> None:
        new = {row["id"] for row in made()}
        if new:
            earlier = sum(row["id"] not in new for row in self.kept_rows())
            surplus = max(0, earlier - (GROWTH - 1) * len(new))
            with atomic(self.kept) as partial, gzip.open(partial, "wt", encoding="utf-8", compresslevel=4) as file:
                for batch in _batches(self._all_once(made, new, surplus)):
                    file.write(json.dumps({"owner": self.owner, "rows": batch}, ensure_ascii=False) + "\n")
        elif self.kept.exists():
            os.utime(self.kept)
        by_age = sorted(kept_folder(self.path).glob("*.jsonl.gz"), key=lambda path: path.stat().st_mtime)
        for old in by_age[:-OWNERS]:
            old.unlink(missing_ok=True)

    def _all_once(self, made: Callable[[], Iterator[dict[str, Any]]], new: set[str], surplus: int) -> Iterator[dict[str, Any]]:
        """Every row once: the earlier ones, without the oldest of them, then the new ones."""
        for place, row in enumerate(row for row in self.kept_rows() if row["id"] not in new):
            if place >= surplus:
                yield row
        waiting = set(new)
        for row in made():
            if row["id"] in waiting:
                waiting.remove(row["id"])
                yield row


class KeptTable:
    """A side file with a job's whole table: in a submission of several jobs it is there until all of them are done.

    Args:
        path: a Parquet file.
        owner: what the table follows from; that of another owner is not taken.
    """

    def __init__(self, path: Path, owner: str) -> None:
        self.path, self.owner = Path(path), owner

    def made(self, make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """The table: the one that is kept, or else what `make` returns, which is then kept."""
        found = self._read()
        if found is not None:
            print(f"an earlier attempt at this submission has done this job; it kept {len(found)} rows")
            return found
        found = make()
        if current_submission() is not None:
            self._write(found)
        return found

    def remove(self) -> None:
        """Its job is done (see `SideFile.finish`); a table is made from what is there, and is not kept."""
        _remove(self.path)

    def _read(self) -> pd.DataFrame | None:
        import pyarrow.parquet

        if not self.path.exists():
            return None
        table = pyarrow.parquet.read_table(self.path)
        return table.to_pandas() if table.schema.metadata.get(b"owner") == self.owner.encode() else None

    def _write(self, frame: pd.DataFrame) -> None:
        import pyarrow
        import pyarrow.parquet

        table = pyarrow.Table.from_pandas(frame, preserve_index=False)
        table = table.replace_schema_metadata({**table.schema.metadata, b"owner": self.owner.encode()})
        with atomic(self.path) as partial:
            pyarrow.parquet.write_table(table, partial)


def kept_folder(path: Path) -> Path:
    """Where the rows of a side file are kept when its job is done: a file for each owner."""
    top = next((folder for folder in path.parents if folder.name == UNFINISHED), path.parent)
    return top / SUPERSEDED / path.relative_to(top).with_suffix("")


def _batches(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while batch := list(islice(rows, ROWS)):
        yield batch


def _remove(path: Path) -> None:
    if current_submission() is None:
        path.unlink(missing_ok=True)
