"""Settings of synthesis and of machine translation."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from polyglot.core.given_path import GivenPath
from polyglot.core.section import Name, Section
from polyglot.synthesis.blocks import Blocks

How = Literal["repair", "strict", "strict-last"]
Shortfall = Literal["refill", "keep"]


class Synthesis(Section):
    """How teachers are prompted."""

    requests: int = Field(default=200, gt=0, description="Requests per teacher, language, method and seed.")
    first: int | None = Field(
        default=None,
        gt=0,
        description="How many of `requests` are asked first, in a job of their own; the others are asked only where a set needs "
        "them. For a race that starts with small sets: as many as `race.small` needs, which a warning names. null asks all of "
        "them at once.",
    )
    prompts: GivenPath = Field(
        default="config/prompts/nano",
        description="Folder of the Jinja templates: `system`, and one per method.",
    )
    shots: int = Field(default=2, ge=1, description="Few-shot pairs in a request of `generate`.")
    longest: int | None = Field(
        default=None,
        gt=0,
        description="Maximum seed characters in a request: a prompt, or its few-shot pairs together. Longer prompts "
        "and pairs are skipped; null sets no limit.",
    )
    batch_size: int = Field(
        default=64, gt=0, description="Requests per batch; a killed job loses at most one batch. The engine `vllm` uses 4,096."
    )
    reading: How = Field(
        default="repair",
        description="How a pair is read from an answer: `repair` also takes JSON that is nearly there (prose or fences around "
        "one object, raw line breaks, trailing commas, LaTeX), and counts it as repaired; `strict` takes one JSON object alone, "
        "or in a fence; `strict-last` also takes an object with a key twice, the last of which counts (as before version 0.2).",
    )
    retries: int = Field(
        default=0,
        ge=0,
        le=10,
        description="Most further attempts, each with another seed, at a request whose answer holds no pair (`invalid_json`, "
        "`echo`). The first attempt is kept, and all are paid for.",
    )
    shortfall: Shortfall = Field(
        default="refill",
        description="What follows where a teacher has too few usable answers for a training set: `refill` makes it up, from the "
        "teacher's answers by the recipe's other methods and, where these do not suffice, by asking `further` requests; never by "
        "repeating an example. `keep` trains on what there is, so that teachers train on sets of different sizes.",
    )
    further: float = Field(
        default=0.5,
        ge=0,
        description="Most further requests of a method to a teacher whose answers do not suffice, as a share of `requests`; only "
        "as many are asked as are expected to be needed, and all are paid for. 0 asks none.",
    )
    budget: float | None = Field(
        default=None, gt=0, description="Maximum cost in USD of all priced endpoints of the study; null sets no limit."
    )
    language_confidence: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="An answer whose target language gets less than this probability from the language detector, among "
        "that language, the source language and `detected_languages`, gets the status wrong_language; 0 turns the check off.",
    )
    detected_languages: list[Name] = Field(
        default=["ar", "cs", "de", "en", "es", "id", "ja"],
        description="Languages that the detector may choose from, besides the target and the source language.",
    )

    @model_validator(mode="after")
    def _first_is_a_part(self) -> Synthesis:
        if self.first is not None and self.first >= self.requests:
            raise ValueError(
                f"first: {self.first:,} requests are no part of the {self.requests:,} of `requests`; lower it, or leave it out"
            )
        return self

    @property
    def blocks(self) -> Blocks:
        """The blocks that a draw's requests are asked in."""
        return Blocks(self.requests, self.first)


class Translation(Section):
    """Machine translation, for the methods nllb-respond and nllb-both."""

    model: Name = Field(default="nano-nllb", description="A model of the registry with the role `translation`.")
    beams: int = Field(default=1, ge=1, description="Beam width; 1 is greedy.")
    batch_size: int = Field(default=64, gt=0, description="Texts per batch; a killed job loses one batch at most.")
