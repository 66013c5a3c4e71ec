"""Settings of the seed dataset; and which sources need the responses that people wrote."""

from __future__ import annotations

from pydantic import Field

from polyglot.core.section import Name, Section
from polyglot.registry.data import Source
from polyglot.synthesis.methods.base import METHODS


class SeedDataset(Section):
    """Where the prompts (and responses) that people wrote come from."""

    files: dict[Name, str] = Field(
        default={},
        description="Language to a JSONL, CSV or Parquet file with the columns `prompt` and `response` (optional: `id`, "
        "`lang`, `source`, `methods`). Languages named neither here nor in `sources` take the micro-world's seed dataset.",
    )
    sources: dict[Name, list[Name]] = Field(
        default={},
        description="Language to sources of config/sources.yaml, which are put together (with the file, if there is one).",
    )
    max_per_source: int | None = Field(
        default=None, gt=0, description="Most prompts of a source per language, a seeded uniform sample; null takes all."
    )
    max_prompts: int | None = Field(
        default=None, gt=0, description="Most prompts per language, a seeded uniform sample; null takes all."
    )
    seed: int = Field(default=0, ge=0, description="Seed of these samples.")


def needs_response(source: Source) -> bool:
    """Whether a row of a source is of no use without a response: one of the methods that its rows are for shows it."""
    return any(METHODS[name].needs_response for name in source.methods)
