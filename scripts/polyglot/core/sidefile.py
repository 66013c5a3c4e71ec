"""Side files: a job's finished work, appended batch by batch, which survives if the job is killed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from polyglot.core.submission import current_submission


class SideFile:
    """A JSON Lines file beside an output. Each batch names its `owner` (what produced it); batches of other owners are ignored.

    A batch is one line. A line left incomplete by a killed job is ignored when read.
    """

    def __init__(self, path: Path, owner: str) -> None:
        self.path = Path(path)
        self.owner = owner

    def read(self) -> list[dict[str, Any]]:
        """All rows of the finished batches of this owner."""
        rows: list[dict[str, Any]] = []
        if not self.path.exists():
            return rows
        for line in self.path.read_bytes().splitlines():
            try:
                batch = json.loads(line)
            except ValueError:  # a batch left incomplete by a killed job
                continue
            if batch["owner"] == self.owner:
                rows += batch["rows"]
        return rows

    def append(self, rows: list[dict[str, Any]]) -> None:
        """Add a finished batch; it is on disk when this returns."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        line = json.dumps({"owner": self.owner, "rows": rows}, ensure_ascii=False)
        with self.path.open("ab") as file:
            torn = file.tell() > 0 and self._last_byte() != b"\n"
            file.write((b"\n" if torn else b"") + line.encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def _last_byte(self) -> bytes:
        with self.path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1)

    def remove(self) -> None:
        """Remove it: its job is done.

        A submission of several jobs is done again as a whole if one of them fails. There it stays, and is removed by who sees the
        submission's success (`polyglot.cluster.slurm.remove_side_files`).
        """
        if current_submission() is None:
            self.path.unlink(missing_ok=True)
