"""The base of all inputs: a study, its registries, and paths within it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from polyglot.registry import Registries
from polyglot.study.configuration import Study

Wildcards = Mapping[str, str]
"""A job's wildcards by name, as Snakemake gives them."""
File = str | list[str]
"""A file, or an empty list."""


@dataclass(frozen=True)
class Inputs:
    """Inputs of a study's jobs."""

    study: Study
    registries: Registries

    def rates_of(self, teachers: Iterable[str]) -> dict[str, tuple[float, float]]:
        """USD per million (prompt, completion) tokens of those teachers that have a price, 0 included."""
        models = self.registries.models
        priced = {name: models[name].rates for name in teachers if name in models}
        return {name: (rates.prompt, rates.completion) for name, rates in priced.items() if rates is not None}

    def at(self, pattern: str, **wildcards: Any) -> str:
        """The path of a pattern (see `polyglot.study.paths`) in this study; wildcards not in the pattern are ignored."""
        return pattern.format(**{"study": self.study.study, **wildcards})
