"""Put the RO-Crate context that a file holds into roc-validator's HTTP cache, so that it validates without a network.

python seed_context.py CACHE FILE          (with the validator's own Python)
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests_cache import CachedSession
from urllib3.response import HTTPResponse

CONTEXT = "https://w3id.org/ro/crate/1.1/context"
TYPE = "application/ld+json"


class Shipped(HTTPAdapter):
    """Answers every request with a file."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.body = file.read_bytes()

    def send(self, request: PreparedRequest, *arguments: Any, **options: Any) -> Response:
        raw = HTTPResponse(io.BytesIO(self.body), {"Content-Type": TYPE}, 200, preload_content=False, request_url=request.url)
        return self.build_response(request, raw)


session = CachedSession(cache_name=sys.argv[1], backend="sqlite", expire_after=-1)
session.mount(CONTEXT, Shipped(Path(sys.argv[2])))
for accepted in (None, f"{TYPE}, application/json"):
    session.get(CONTEXT, headers={"Accept": accepted} if accepted else {})
