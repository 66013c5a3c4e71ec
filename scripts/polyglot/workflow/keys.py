"""Keys of endpoints, looked for before the first job: Snakemake removes what a job has made before it runs again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from polyglot.core.sidefile import has_rows
from polyglot.engines.keys import lacking_keys
from polyglot.registry.models import Model


class Waiting(Protocol):
    """A job that a run will do (`polyglot.cluster.snakemake_inside.Waiting`)."""

    @property
    def params(self) -> Mapping[str, Any]: ...
    @property
    def here(self) -> bool: ...


def missing_keys(jobs: Iterable[Waiting], models: Iterable[Model]) -> tuple[list[str], list[str]]:
    """Environment variables that jobs need for an endpoint and that are not set, or hold no key, a sentence each.

    A job that has answers from earlier is left out: it may need no further ones, and loses nothing if it does.

    Args:
        models: of the registry; a job's parameters name the endpoint, and not its keys.

    Returns:
        Of jobs on this machine, and of those on others, where the variable may be set.
    """
    known = {(model.endpoint.url, model.endpoint.model): model.endpoint for model in models if model.endpoint}
    found: tuple[dict[str, None], dict[str, None]] = ({}, {})
    for job in jobs:
        side = job.params.get("side_file")
        for endpoint in filter(None, map(known.get, _asked(job.params))):
            lacking = lacking_keys(endpoint)
            if lacking and not (side and has_rows(Path(side))):
                found[0 if job.here else 1][lacking] = None
    return [*found[0]], [*found[1]]


def _asked(params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """URL and model of the endpoints in a job's parameters."""
    for value in params.values():
        if isinstance(value, Mapping) and value.get("endpoint"):
            yield value["endpoint"]["url"], value["endpoint"]["model"]
