"""Reading and writing tables and small files. Writes are atomic: a truncated file never has its final name."""

from __future__ import annotations

import csv
import json
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyglot.core.errors import WrongInput

if TYPE_CHECKING:
    import pandas as pd


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A temporary file beside `path` that replaces it when the block ends without an error; of a link, the file it leads to."""
    path = replaceable(Path(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def replaceable(path: Path) -> Path:
    """The file that is written where a path is given: that at the end of a symbolic link.

    Raises:
        WrongInput: what is there is no plain file, and would be lost.
    """
    try:
        kind = path.stat().st_mode
    except OSError:
        kind = stat.S_IFREG
    if stat.S_ISDIR(kind):
        raise WrongInput(f"{path}: a folder; name a file")
    if not stat.S_ISREG(kind) or _of_system(path):
        raise WrongInput(f"{path}: a pipe or device; name a file")
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def _of_system(path: Path) -> bool:
    """Whether a path is one of the system's own, such as /dev/stdout, which may lead to a file that is open."""
    folder = Path(os.path.realpath(path.parent))
    return folder == Path("/dev") or folder.is_relative_to("/proc")


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    with atomic(path) as partial:
        frame.to_parquet(partial, index=False)


TEXTS = (
    *("teacher", "lang", "base", "recipe", "model", "benchmark", "method", "source", "experiment", "family", "metric", "name"),
    *("label", "language", "rivals", "rivals_p_first", "family_teacher", "largest_gain_teacher"),
)
"""Columns of the workflow's tables that are texts, whatever they look like."""


def read_frame(path: Path) -> pd.DataFrame:
    """A table of the workflow from a CSV or Parquet file. In CSV, only an empty field is missing: `nan` is a language (Min Nan
    Chinese), and a teacher may be called `na`, `none` or `7`."""
    import pandas as pd

    if str(path).endswith(".parquet"):
        return pd.read_parquet(path)
    frame = pd.read_csv(path, dtype=dict.fromkeys(TEXTS, "str"), keep_default_na=False, na_values=[""])
    return frame.transform(lambda column: column if pd.api.types.is_numeric_dtype(column) else column.map(_unmarked))


CALCULATED = r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]"
"""What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection)."""
FORMULA = re.compile(rf"(^|[;\t\r\n])('*)(?={CALCULATED})")
"""Such a beginning, also behind what another country's spreadsheet takes for the end of a cell."""
MARKED = re.compile(rf"(^|[;\t\r\n])'('*)(?={CALCULATED})")


def _marked(value: Any) -> Any:
    """A text that no spreadsheet calculates: an apostrophe stands before a formula. Numbers stay numbers, below 0 too."""
    return FORMULA.sub(r"\1'\2", value) if isinstance(value, str) and not _is_number(value) else value


def _unmarked(value: Any) -> Any:
    """The text as it was."""
    return MARKED.sub(r"\1\2", value) if isinstance(value, str) else value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return not text.isspace()


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """A table of the workflow as CSV, safe to open in a spreadsheet; `read_frame` gives its texts back as they were."""
    import pandas as pd

    texts = frame.transform(lambda column: column if pd.api.types.is_numeric_dtype(column) else column.map(_marked))
    write_separated(texts.rename(columns=_marked), path)


def write_separated(frame: pd.DataFrame, path: Path, separator: str = ",") -> None:
    """Any table as CSV. Python 3.11 puts no quotes around a text with a carriage return, which would end its row, so texts have
    quotes throughout where there is one."""
    columns = [frame.columns, *(column for _, column in frame.items())]
    returns = any(isinstance(value, str) and "\r" in value for column in columns for value in column)
    with atomic(path) as partial:
        frame.to_csv(partial, index=False, sep=separator, quoting=csv.QUOTE_NONNUMERIC if returns else csv.QUOTE_MINIMAL)


def write_text(text: str, path: Path) -> None:
    with atomic(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_json(value: Any, path: Path) -> None:
    write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", path)


def yaml_text(value: Any) -> str:
    import yaml

    return yaml.safe_dump(value, allow_unicode=True, sort_keys=False)


def write_jsonl(rows: list[dict[str, Any]], path: Path) -> None:
    write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), path)


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSONL file. Unicode line separators inside texts do not end a row."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


def read_whole_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a JSONL file that jobs add to, without lines that a kill has torn; none if there is no file."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            try:
                row = json.loads(line)
            except ValueError:
                continue
            if isinstance(row, dict):
                yield row


def ends_torn(path: Path) -> bool:
    """Whether a kill has left the last line of a file without its end."""
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"


def read_json(path: Path) -> Any:
    return json.loads(Path(path).read_text(encoding="utf-8"))
