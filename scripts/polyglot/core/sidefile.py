"""Side files: a job's finished work, which survives if the job is killed, or the submission that it shares.

A submission of several jobs is done again as a whole if one of them fails, and Snakemake removes what the others have made. So
there side files stay, and are removed by who sees the submission's success (`polyglot.cluster.slurm.remove_side_files`).
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyglot.core.files import atomic, ends_torn
from polyglot.core.submission import current_submission

if TYPE_CHECKING:
    import pandas as pd


class SideFile:
    """A JSON Lines file beside an output. Each batch names its `owner` (what produced it); batches of other owners are ignored.

    A batch is one line. A line left incomplete by a killed job is ignored when read.
    """

    def __init__(self, path: Path, owner: str) -> None:
        self.path = Path(path)
        self.owner = owner
        self._synced = 0.0

    def read(self) -> list[dict[str, Any]]:
        """All rows of the finished batches of this owner."""
        return list(self.rows())

    def rows(self) -> Iterator[dict[str, Any]]:
        """The same rows, one after the other."""
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
    def beside(self) -> Path:
        """A folder for what else belongs to the job's unfinished work; it is removed with the file."""
        return self.path.with_suffix(".batches")

    def remove(self) -> None:
        """Remove it, its job is done; but not in a submission of several jobs."""
        _remove(self.path)
        if current_submission() is None:
            shutil.rmtree(self.beside, ignore_errors=True)


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
        """See `SideFile.remove`."""
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


def _remove(path: Path) -> None:
    if current_submission() is None:
        path.unlink(missing_ok=True)
