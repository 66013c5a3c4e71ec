"""Errors that a user can mend, which are told in one message without a traceback; and a configuration's problems, all at once."""

from __future__ import annotations

import errno
import re
import reprlib
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyglot.core.key_finder import masked
from polyglot.core.text import printable

if TYPE_CHECKING:  # the process that waits for a job's fork needs no pydantic
    from pydantic import BaseModel, ValidationError

VARIABLE = r"^[A-Z][A-Z0-9_]*$"
"""The name of an environment variable."""
CONFIDENTIAL = re.compile(r"(?i)key$|token$|secret|passw|credential|authorization|^(headers|url)$")
"""Keys of a configuration where a key to a service may stand by mistake."""
NOT_SHOWN = "(not repeated: it may be a key)"


def shown(value: Any, location: Sequence[int | str] = ()) -> str:
    """A value for a message; where a key to a service may stand by mistake, it is not repeated.

    Args:
        location: the keys that lead to it.
    """
    text = masked(SHORT.repr(_open_parts(value, any(CONFIDENTIAL.search(str(part)) for part in location))))
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}..."


def _open_parts(value: Any, confidential: bool, depth: int = 0) -> Any:
    """As much of a value as is shown: a YAML file can name one of billions of parts in a few lines."""
    if isinstance(value, Mapping | list) and depth > SHORT.maxlevel:
        return "..."
    if isinstance(value, Mapping):
        first = islice(value.items(), SHORT.maxdict + 1)
        return {key: _open_parts(part, confidential or bool(CONFIDENTIAL.search(str(key))), depth + 1) for key, part in first}
    if isinstance(value, list):
        return [_open_parts(part, confidential, depth + 1) for part in value[: SHORT.maxlist + 1]]
    return NOT_SHOWN if confidential and value is not None else value


CAUSE = "What is wrong, and what to do:"
"""The line of a job's log after which a foreseen error is told; its traceback stands before it."""
LONGEST_VALUE = 200
"""Characters of a value that are shown."""
SHORT = reprlib.Repr()
SHORT.maxlevel, SHORT.maxdict, SHORT.maxlist = 4, 6, 6
SHORT.maxstring = SHORT.maxother = SHORT.maxlong = LONGEST_VALUE
NAME_PATTERN = r"^[a-z0-9][a-z0-9._+-]*$"
"""Of names of studies, models, languages and more: they are parts of the names of files."""
BENCHMARK_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._+-]*$"
"""Of names of benchmarks, which may be those of lighteval's tasks."""
FORMS = {
    NAME_PATTERN: "use small letters, digits, '.', '_', '+' and '-', a letter or digit first",
    BENCHMARK_PATTERN: "use letters, digits, '.', '_', '+' and '-', a letter or digit first; lighteval's name of a task with "
    "other signs goes into `name`",
}
"""What a value must look like, by the pattern that says so."""
IN_QUOTES = "YAML reads no, yes, on and off as false and true; put the word in quotes: 'no'"
FULL = (errno.ENOSPC, errno.EDQUOT)
NO_NAME = (errno.ENAMETOOLONG, errno.ELOOP)
BARRED = (errno.EACCES, errno.EPERM, errno.EROFS)
FOLDERS = "HF_HOME, XDG_CACHE_HOME and TMPDIR name some"


class Foreseen(Exception):
    """An error that its user can mend: the message names file, key or row, and the remedy. It is told without a traceback, and
    what it repeats of files and answers without control characters."""

    def __init__(self, *told: object) -> None:
        super().__init__(*(printable(part) if isinstance(part, str) else part for part in told))


class WrongInput(Foreseen, ValueError):
    """A file, setting or name that cannot be used."""


class MissingFile(Foreseen, FileNotFoundError):
    """A file that must be there."""


class ConfigurationError(WrongInput):
    """A configuration that cannot be run; the message names file, key, value and what is allowed."""


def foreseen(error: BaseException) -> str | None:
    """What to tell of an error that its user can mend; None of any other, which is shown as it is."""
    if isinstance(error, Foreseen):
        return str(error)
    if isinstance(error, ModuleNotFoundError) and error.name and not error.name.startswith("polyglot"):
        package = error.name.partition(".")[0]
        return f"the package {package} is not in this Python: run `make setup` again, or Snakemake with `--sdm conda`"
    if isinstance(error, OSError) and error.errno == errno.ENOTDIR:
        return f"{error.filename}: a file on this path is where a folder is needed; move it, or name another folder ({FOLDERS})"
    if isinstance(error, OSError) and error.errno in NO_NAME:
        return f"{error.filename}: {error.strerror}; correct the path, or name another"
    if isinstance(error, OSError) and error.errno in (*FULL, *BARRED):
        where = error.filename or "a file"
        if error.errno in FULL:
            return f"{where}: {error.strerror}. Free some space, or set TMPDIR to a folder with more if that is where it is"
        return f"{where}: {error.strerror}. Give yourself the right to write there, or name another folder"
    return None


def last_words(log: str, most: int) -> list[str]:
    """What a failed job's log tells of the failure: a foreseen error's message, else the last lines.

    Args:
        log: the log's text.
        most: how many lines, where it tells no foreseen error.
    """
    _, found, told = log.rpartition(f"{CAUSE}\n")
    return [line for line in told.splitlines() if line.strip()][0 if found else -most :]


def explain(path: Path, error: ValidationError, model: type[BaseModel]) -> str:
    """All problems of a validation in one message that names file, key, value and what is allowed."""
    lines = [f"{path}: the configuration has {error.error_count()} problem(s):"]
    return masked("\n".join([*lines, *(f"  {key}: {said}" if key else f"  {said}" for key, said in problems_of(error, model))]))


def problems_of(error: ValidationError, model: type[BaseModel]) -> list[tuple[str, str]]:
    """The problems of a validation: each one's key ("" for the whole), and what is wrong or allowed, with the value."""
    return [(".".join(map(str, _location(problem))), _said(problem, model)) for problem in error.errors()]


def _location(problem: Any) -> Sequence[Any]:
    """The keys that lead to a problem; pydantic calls a key that is true 1."""
    return (*problem["loc"][:-1], problem["input"]) if problem["type"] == "invalid_key" else problem["loc"]


def _said(problem: Any, model: type[BaseModel]) -> str:
    kind, value = problem["type"], shown(problem["input"], problem["loc"])
    if kind == "extra_forbidden":
        return f"no such key (value: {value}); allowed here: {', '.join(_keys_at(model, problem['loc'][:-1]))}"
    if kind == "value_error":
        return str(problem["ctx"]["error"])
    if kind == "missing":
        return str(problem["msg"])
    if kind == "invalid_key":
        return f"no such key, for it is no text; {IN_QUOTES if isinstance(problem['input'], bool) else 'correct or delete it'}"
    hint = f"; {IN_QUOTES}" if kind == "string_type" and isinstance(problem["input"], bool) else ""
    return f"{FORMS.get(problem.get('ctx', {}).get('pattern', ''), problem['msg'])} (value: {value}){hint}"


def _keys_at(model: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    """The keys allowed at the location of a validation error."""
    for part in location:
        field = model.model_fields.get(str(part))
        if field is None:  # a dictionary key: go on with the model of its values
            continue
        found = section_of(field.annotation)
        if found is not None:
            model = found
    return list(model.model_fields)


def section_of(annotation: Any) -> type[BaseModel] | None:
    """The model of a field's values, or of those in its list, dictionary or union; None where they are plain."""
    from pydantic import BaseModel

    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        found = section_of(part)
        if found is not None:
            return found
    return None
