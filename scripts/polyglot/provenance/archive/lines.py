"""The records of an archive, checked when they are read: they come from others."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from polyglot.core.text import different_keys
from polyglot.provenance.archive.errors import ArchiveError

FORMAT = 2
"""The format of archives that this version writes, in provenance/code.json; archives without one are of format 1."""
DAMAGED = "it is damaged, or made by another version of polyglot-score: take the version that provenance/code.json names"


class Part(BaseModel):
    """A part of a record; what this version does not know is left as it is."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


class Given(Part):
    unnamed: list[Any]
    named: dict[str, Any]


class Listed(Part):
    unnamed: list[str]
    named: dict[str, str | list[str]]


class Line(Part):
    """A job, as `provenance/jobs.jsonl` tells of it."""

    id: str
    rule: str
    script: str | None
    shell: str | None = None
    input: Listed
    output: Listed
    params: Given
    wildcards: dict[str, str]
    began: str = ""
    ended: str = ""
    attempts: list[dict[str, Any]] = []
    measured: dict[str, Any] = {}


class Version(Part):
    commit: str | None
    plugins: list[str] = []


class Code(Part):
    """`provenance/code.json`."""

    archived: str
    versions: dict[str, Version]
    format: int = 1


def parsed(text: str, name: str) -> Any:
    """The value of a JSON text.

    Raises:
        ArchiveError: names the file, for what is no JSON, too deep or holds a number that is none.
    """
    try:
        return json.loads(text, parse_constant=_no_number, object_pairs_hook=different_keys)
    except RecursionError:
        raise ArchiveError(f"{name}: it is nested too deeply to be read") from None
    except ValueError as error:
        raise ArchiveError(f"{name}: it is no JSON ({error}); {DAMAGED}") from None


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no number of JSON")


def job_lines(text: str, name: str) -> list[dict[str, Any]]:
    """Every job of an archive.

    Raises:
        ArchiveError: names the file, the line and what is wrong in it.
    """
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            where = f"{name}, line {number}"
            found.append(_checked(Line, _parsed_params(line, where), where))
    return found


def _parsed_params(line: str, where: str) -> Any:
    """A line, in which parameters may hold the numbers that Python writes as NaN and Infinity."""
    try:
        return json.loads(line, object_pairs_hook=different_keys)
    except RecursionError:
        raise ArchiveError(f"{where}: it is nested too deeply to be read") from None
    except ValueError as error:
        raise ArchiveError(f"{where}: it is no JSON ({error}); {DAMAGED}") from None


def _checked(kind: type[Part], value: Any, where: str) -> dict[str, Any]:
    try:
        kind.model_validate(value)
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(map(str, problem["loc"])) or "the whole"
        raise ArchiveError(f"{where}: {key}: {problem['msg']}; {DAMAGED}") from None
    defaults = {key: field.default for key, field in kind.model_fields.items() if not field.is_required()}
    return defaults | dict(value)


def code_record(text: str, name: str) -> Code:
    """What an archive says of the code that made it.

    Raises:
        ArchiveError: names the file and what is wrong; or says that the archive has a later format.
    """
    value = parsed(text, name)
    _checked(Code, value, name)
    code = Code.model_validate(value)
    if code.format > FORMAT:
        raise ArchiveError(
            f"{name}: the archive has format {code.format}, and this version of polyglot-score reads formats up to {FORMAT}; "
            "verify it with the version that made it, or a later one"
        )
    if code.archived not in code.versions:
        raise ArchiveError(f"{name}: versions.{code.archived}: the version that made the archive is not described; {DAMAGED}")
    return code
