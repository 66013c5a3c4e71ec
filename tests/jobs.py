"""Jobs without Snakemake: a rule's script as it is run, with an object `snakemake` before it and no guard; and a submission."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from polyglot.core.starter import begin
from polyglot.core.submission import Submission

HEAD = """
import json
from types import SimpleNamespace


class Part(SimpleNamespace):
    def items(self): return vars(self).items()
    def get(self, name, other=None): return vars(self).get(name, other)
    def __iter__(self): return iter(vars(self).values())
    def __getitem__(self, place): return list(vars(self).values())[place]


given = json.loads({given!r})
parts = [name for name, part in given.items() if isinstance(part, dict) and name != "config"]
snakemake = SimpleNamespace(**given | {{name: Part(**given[name]) for name in parts}})
__real_file__, __file__ = __file__, {adapter!r}
"""


def script(repository: Path, adapter: str, folder: Path, given: Mapping[str, Any], before: str = "") -> Path:
    """Write it.

    Args:
        adapter: its name, without its room.
        folder: where it and its log are.
        given: the members of `snakemake`, besides the usual ones.
        before: what the process does first.
    """
    found = next((repository / "scripts").glob(f"*/{adapter}.py"))
    usual = {"log": [str(folder / "log")], "rule": adapter, "threads": 1, "resources": {}, "wildcards": {}}
    head = HEAD.format(given=json.dumps(usual | dict(given)), adapter=str(found))
    path = folder / "job.py"
    path.write_text(before + head + found.read_text(encoding="utf-8"), encoding="utf-8")
    return path


@contextlib.contextmanager
def submission_in(folder: Path) -> Iterator[Submission]:
    """What jobs see of a submission whose process is a shell's."""
    process = subprocess.Popen(["sleep", "3600"])
    try:
        found = Submission(process.pid, str(folder / "node"), str(folder / "logs"), sharing=True)
        begin(found)
        yield found
    finally:
        process.kill()
        process.wait()
