"""How much of a study the page shows on which its data can be looked at: `explore` of a study."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from polyglot.core.section import Section


class Explore(Section):
    """What `snakemake explore` makes."""

    examples: int = Field(
        default=200_000,
        ge=1,
        description="Answers on the page, at most; of a larger study it shows a random sample of whole requests, and says so.",
    )
    pairs: int = Field(default=100, ge=0, description="Pairs of answers a language to judge blind (`polyglot agree`).")
    neighbours: Literal["characters", "embedding"] = Field(
        default="characters",
        description="How the nearest neighbour of an answer is found: by sequences of four characters, or by the study's "
        "embedding, for which every training set is embedded (recipe `equal`).",
    )
