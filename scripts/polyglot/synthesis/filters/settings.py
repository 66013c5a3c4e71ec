"""`filters` of a study: which filters run, in which order, with which settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from polyglot.core.errors import problems_of
from polyglot.synthesis.filters.base import FILTERS, Filter, Settings


def checked(given: object) -> dict[str, dict[str, Any]]:
    """The whole chain of a study: filter to all its settings, in the order in which filters run.

    Default filters that the study does not name come first, in the order of `FILTERS`; then those that it names, in its order.

    Raises:
        ValueError: for an unknown filter, or settings that a filter does not take; names the key and what is allowed.
    """
    if given is None:
        given = {}
    if not isinstance(given, Mapping):
        raise ValueError("a mapping of filters to their settings, such as {duplicates: {threshold: 0.9}}")
    unnamed = [name for name, one in FILTERS.items() if one.default and name not in given]
    chain = {name: FILTERS[name].settings() for name in unnamed}
    for name, settings in given.items():
        chain[str(name)] = _settings(FILTERS[str(name)], settings)
    running = [name for name, settings in chain.items() if settings.action != "skip"]
    for place, name in enumerate(running):
        chain[name].check_after(running[:place])
    return {name: settings.model_dump(mode="json") for name, settings in chain.items()}


def _settings(one: Filter, given: Any) -> Settings:
    """The settings of a filter; those that are not given are its defaults."""
    if given is not None and not isinstance(given, Mapping):
        raise ValueError(f"{one.name}: a mapping of settings, such as {{action: drop}} (value: {given!r})")
    try:
        return one.settings.model_validate({} if given is None else given)
    except ValidationError as error:
        told = [f"{one.name}.{key}: {said}" if key else f"{one.name}: {said}" for key, said in problems_of(error, one.settings)]
        raise ValueError("; ".join(told)) from None


def in_use(chain: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """Filters that run, each with its settings, in order."""
    return [(name, dict(settings)) for name, settings in chain.items() if settings["action"] != "skip"]


def by_meaning(chain: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether a filter that runs needs the nearest questions by the study's embedding."""
    return any(FILTERS[name].by_meaning for name, _ in in_use(chain))
