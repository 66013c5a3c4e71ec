"""Settings of scores: `scoring` of a study."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from polyglot.core.given_path import GivenPath
from polyglot.core.section import Section

Definition = Literal["released", "paper", "signsafe"]


class Scoring(Section):
    """From measurements to the PG-Score."""

    definition: Definition = Field(
        default="signsafe", description="The definition that orders the leaderboard; all three are always reported."
    )
    alpha: float = Field(default=0.5, ge=0, le=1, description="Weight of the intrinsic score in the PG-Score.")
    perplexity: Literal["mean", "corpus", "median"] = Field(
        default="median",
        description="The perplexity of a training set in `signsafe`: of the median example, of all tokens together (`corpus`), "
        "or the mean over examples, which a few odd answers decide and which `released` and `paper` always take.",
    )
    bootstrap: int = Field(default=1000, ge=100, description="Bootstrap resamples behind each interval.")
    confidence: float = Field(default=0.95, gt=0.5, lt=1, description="Coverage of the intervals.")
    seed: int = Field(default=0, ge=0, description="Seed of the bootstrap.")
    scale: GivenPath | None = Field(
        default=None,
        description="A cells.csv of a finished study whose means and standard deviations define every z-score (a frozen "
        "reference set): of the intrinsic metrics, of the gain, and of the score by `paper`. No score then depends on the other "
        "teachers. null uses the experiment's own cells with the main recipe.",
    )
