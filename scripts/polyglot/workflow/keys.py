"""Keys and money of endpoints, looked at before the first job: Snakemake removes what a job has made before it runs again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from polyglot.core.sidefile import SideFile
from polyglot.engines.keys import lacking_keys
from polyglot.registry.models import Model


class Waiting(Protocol):
    """A job that a run will do (`polyglot.cluster.snakemake_inside.Waiting`)."""

    @property
    def params(self) -> Mapping[str, Any]: ...
    @property
    def here(self) -> bool: ...
    @property
    def inputs(self) -> Collection[str]: ...
    @property
    def requests(self) -> Collection[str]: ...
    @property
    def outputs(self) -> Collection[str]: ...


def missing_keys(jobs: Collection[Waiting], models: Iterable[Model]) -> tuple[list[str], list[str]]:
    """Environment variables that jobs need for an endpoint and that are not set, or hold no key, a sentence each.

    Args:
        models: of the registry; a job's parameters name the endpoint, and not its keys.

    Returns:
        Of jobs on this machine, and of those on others, where the variable may be set.
    """
    known = _by_endpoint(models)
    found: tuple[dict[str, None], dict[str, None]] = ({}, {})
    anew = _made(jobs)
    for job in jobs:
        for asked in _asked(job.params):
            model = known.get(_place(asked))
            lacking = lacking_keys(model.endpoint) if model and model.endpoint else ""
            if lacking and not _is_answered(job, asked, anew):
                found[0 if job.here else 1][lacking] = None
    return [*found[0]], [*found[1]]


def spent_up(jobs: Collection[Waiting], models: Iterable[Model], ledger: Path, ceiling: float | None) -> list[str]:
    """What to tell if jobs will ask endpoints that cost money, and the ceiling has been reached already; else nothing.

    Args:
        ledger: folder of what the study has spent. ceiling: USD (`synthesis.budget`).
    """
    if ceiling is None or not ledger.is_dir():
        return []
    from polyglot.engines.spending import Spending

    spent = Spending(ledger, "", None, ceiling)
    if spent.room() > 0:
        return []
    known, anew = _by_endpoint(models), _made(jobs)
    for job in jobs:
        for asked in _asked(job.params):
            rates = found.rates if (found := known.get(_place(asked))) else None
            if rates and (rates.prompt or rates.completion) and not _is_answered(job, asked, anew):
                return [
                    f"synthesis.budget: {ceiling - spent.room():.4g} USD are spent or under way, so nothing more can be asked "
                    f"below the ceiling of {ceiling:.4g}. What has been answered is kept: raise the ceiling and run again"
                ]
    return []


def _by_endpoint(models: Iterable[Model]) -> dict[tuple[str, str], Model]:
    return {(model.endpoint.url, model.endpoint.model): model for model in models if model.endpoint}


def _place(asked: Model) -> tuple[str, str]:
    assert asked.endpoint is not None  # as `_asked` says
    return asked.endpoint.url, asked.endpoint.model


def _made(jobs: Iterable[Waiting]) -> set[str]:
    return {path for job in jobs for path in job.outputs}


def _asked(params: Mapping[str, Any]) -> Iterator[Model]:
    """The models behind endpoints in a job's parameters."""
    for value in params.values():
        if isinstance(value, Mapping) and value.get("endpoint"):
            yield Model(**value)


def _is_answered(job: Waiting, model: Model, anew: Collection[str]) -> bool:
    """Whether a job is known to find all its answers among those from earlier: they are this model's as it is set now, its inputs
    are not made anew in this run, and where these are requests, each has one. Verdicts of a judge are taken to be complete."""
    from polyglot.engines.base import owner_of

    side = job.params.get("side_file")
    if not side or any(path in anew or not Path(path).exists() for path in job.inputs):
        return False
    rows = SideFile(Path(side), owner_of(model, None)).rows()
    if not job.requests:
        return any(True for _ in rows)
    held = {row["id"] for row in rows}
    return all(_ids(Path(path)) <= held for path in job.requests)


def _ids(requests: Path) -> set[str]:
    """Of a file of requests."""
    import pyarrow.parquet

    return set(pyarrow.parquet.read_table(requests, columns=["request_id"])["request_id"].to_pylist())
