"""A job's batches on its own disk: what was submitted, where it stands, and what was fetched.

Each batch has files in a folder beside the job's side file: KEY.jsonl (the requests as they were uploaded), KEY.json (where it
stands), KEY.output.jsonl and KEY.error.jsonl (what was fetched). The key depends on the requests and on how often they were
asked, so a restarted job finds its batches on its disk, and if that is lost, at the endpoint.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from openai import APIStatusError

from polyglot.core.files import read_json, read_whole_lines, write_json
from polyglot.core.hashing import content_id, file_hash
from polyglot.engines.base import Answer, Request
from polyglot.engines.bodies import Counts, MalformedAnswer, parsed, read_completion
from polyglot.engines.endpoint_errors import Unanswered, own_error

ASKED = "/v1/chat/completions"
"""What each request of a batch is for."""
LONGEST_ID = 64
"""Characters of a request's name in a batch."""


@dataclass
class KeptBatch:
    """Where a batch stands.

    Args:
        folder: where its files are.
        owner: what produced the requests, as in the side file.
        manners: the form of the requests (`polyglot.registry.models.Manners`).
        file: the uploaded file's name at the endpoint; empty before that is known. id: the same of the batch.
        status, total, completed, failed: as the endpoint last told.
        since: when it was submitted, in seconds since 1970.
    """

    folder: Path
    key: str
    owner: str
    manners: dict[str, Any]
    since: float
    total: int
    file: str = ""
    id: str = ""
    status: str = "to be submitted"
    completed: int = 0
    failed: int = 0
    custom_ids: list[str] = field(default_factory=list)

    @property
    def path(self) -> Path:
        return self.folder / f"{self.key}.json"

    @property
    def requests(self) -> Path:
        return self.folder / f"{self.key}.jsonl"

    def fetched(self, what: str) -> Path:
        """Where the endpoint's file of answers (`output`) or errors (`error`) is put."""
        return self.folder / f"{self.key}.{what}.jsonl"

    def write(self) -> None:
        """Keep where it stands."""
        write_json({name: value for name, value in asdict(self).items() if name not in ("folder", "custom_ids")}, self.path)

    def remove(self) -> None:
        """Its answers are stored. The record goes last but one: without it, the requests are known to have been asked."""
        for path in (self.fetched("output"), self.fetched("error"), self.path, self.requests):
            path.unlink(missing_ok=True)


def kept_batches(folder: Path) -> list[KeptBatch]:
    """The batches of a job, in the order of their keys."""
    found = []
    for path in sorted(folder.glob("*.json")):
        batch = KeptBatch(folder, **read_json(path))
        batch.custom_ids = [str(row["custom_id"]) for row in read_whole_lines(batch.requests)]
        found.append(batch)
    return found


def keep_batch(folder: Path, owner: str, manners: dict[str, Any], lines: list[str], asked: int) -> KeptBatch:
    """Keep the requests of a batch that is to be submitted.

    Args:
        lines: see `line_of`.
        asked: how often the requests have been in a batch before.
    """
    names = [str(json.loads(line)["custom_id"]) for line in lines]
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / "draft"
    with draft.open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)
    whole = file_hash(draft)
    while (folder / f"{(key := content_id('batch', owner, str(asked), whole))}.jsonl").exists():
        asked += 1  # it was submitted, and its record has been removed since
    batch = KeptBatch(folder, key, owner, manners, time.time(), len(names), custom_ids=names)
    draft.replace(batch.requests)
    batch.write()
    return batch


def custom_id(name: str) -> str:
    """A request's name in a batch, from its id."""
    return name if len(name) <= LONGEST_ID else content_id(name)


def line_of(request: Request, body: dict[str, Any]) -> str:
    """A request as a line of the file that is uploaded."""
    return json.dumps({"custom_id": custom_id(request.id), "method": "POST", "url": ASKED, "body": body})


def rows_of(path: Path) -> Iterator[dict[str, Any] | None]:
    """The rows of a fetched file, in its order; None for a line that cannot be read."""
    with path.open("rb") as file:
        for line in filter(bytes.strip, file):
            try:
                row = parsed(line)
            except MalformedAnswer:
                row = None
            yield row if isinstance(row, dict) else None


def incomplete(paths: Iterable[Path], expected: int) -> str:
    """Why fetched files are not whole; empty if they are.

    Args:
        expected: rows that they have together, at least.
    """
    count = 0
    for path in paths:
        for number, row in enumerate(rows_of(path), 1):
            if row is None:
                return f"row {number} cannot be read"
            count += 1
    return f"{count} rows in place of {expected}" if count < expected else ""


def outcome_of(row: dict[str, Any], request: Request, url: str, longest: int | None = None) -> tuple[Answer, Counts]:
    """The answer in a row, as of one that was asked for by itself.

    Args:
        longest: tokens that were allowed for it.

    Raises:
        Unanswered: if the batch has not answered, but another one may.
        MalformedAnswer: if the answer cannot be read.
        Rejected: if the body says that the request is not taken.
        APIStatusError: if the row has the HTTP status of an error.
    """
    response, error = row.get("response"), row.get("error")
    if not isinstance(response, dict):
        raise Unanswered(_said(error or "a row without an answer"))
    body, said = response.get("body"), str(response.get("status_code"))
    status = int(said) if said.isdecimal() else 200
    if status < 100:  # none was asked
        raise Unanswered(_said(error or body or f"a row with status {status}"))
    if status >= 300:
        raise own_error(_status_error(status, body, url), request)
    if isinstance(body, str):
        body = parsed(body.encode("utf-8", "surrogatepass"))
    return read_completion(body, request, longest)


def _status_error(status: int, body: Any, url: str) -> APIStatusError:
    """What the client would have raised for a single request; its body may be plain text."""
    if isinstance(body, str):
        with suppress(MalformedAnswer):
            body = parsed(body.encode("utf-8", "surrogatepass"))
    response = httpx2.Response(status, request=httpx2.Request("POST", url))
    error = body.get("error", body) if isinstance(body, dict) else body
    return APIStatusError(_said(error), response=response, body=error)


def _said(error: Any) -> str:
    if isinstance(error, dict):
        return ": ".join(str(error[name]) for name in ("code", "message") if error.get(name)) or json.dumps(error)
    return str(error)


def said_together(errors: Iterable[Any]) -> str:
    """Errors of a whole batch, the first of them."""
    shown = []
    for error in errors:
        where = f"line {error['line']}: " if isinstance(error, dict) and error.get("line") else ""
        field_ = f" ({error['param']})" if isinstance(error, dict) and error.get("param") else ""
        shown.append(f"{where}{_said(error)}{field_}")
    more = f"; and {len(shown) - 5} more" if len(shown) > 5 else ""
    return "; ".join(shown[:5]) + more
