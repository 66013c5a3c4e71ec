"""Settings of the seed dataset; and which sources need human-written responses."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from polyglot.core.conversations import Turns
from polyglot.core.given_path import GivenPath
from polyglot.core.section import Name, Section, Words
from polyglot.registry.data import Source
from polyglot.synthesis.methods.base import METHODS

Most = Annotated[int, Field(gt=0)]


class SeedDataset(Section):
    """Sources of the human-written prompts (and responses)."""

    files: dict[Name, GivenPath] = Field(
        default={},
        description="Language to a file of prompts, with or without responses, in any layout of docs/reference/files.md "
        "(optional columns: `id`, `lang`, `source`, `methods`). Languages named neither here nor in `sources` use the "
        "micro-world's seed dataset.",
    )
    licence: Words | None = Field(
        default=None, description="Licence of the prompts in `files`, for data cards; null says that it is not stated."
    )
    sources: dict[Name, list[Name]] = Field(
        default={},
        description="Language to sources of the registry, which are combined (with the file, if there is one).",
    )
    max_per_source: Most | dict[Name, Most | dict[Name, Most]] | None = Field(
        default=None,
        description="Maximum prompts of a source per language, as a seeded uniform sample: one number for all; or by source, a "
        "number or language to number, which uses all of what is not named; null uses all.",
    )
    max_prompts: int | None = Field(
        default=None, gt=0, description="Maximum prompts per language, as a seeded uniform sample; null uses all."
    )
    seed: int = Field(default=0, ge=0, description="Seed of these samples.")
    turns: Turns = Field(
        default="first",
        description="What is read of prompts that are conversations: `first`, their first prompt and the response to it; `all`, "
        "the last prompt with all turns before it, and a system turn, which `respond` continues and students are trained on. "
        "Other methods then use only prompts without earlier turns.",
    )

    @property
    def reading(self) -> dict[str, Any]:
        """How conversations are read, for jobs that depend on it; empty for the default, so that finished jobs stay finished."""
        return {} if self.turns == "first" else {"turns": self.turns}

    def most(self, source: str, lang: str) -> int | None:
        """Maximum prompts of a source in a language; None uses all."""
        limit = self.max_per_source
        of_source = limit.get(source) if isinstance(limit, dict) else limit
        return of_source.get(lang) if isinstance(of_source, dict) else of_source


def needs_response(source: Source) -> bool:
    """Whether a source's rows need a response, because one of their methods shows it."""
    return any(METHODS[name].needs_response for name in source.methods)
