"""Settings of analyses: `screen`, `race`, `statistics` and `truth` of a study."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from polyglot.core.given_path import GivenPath
from polyglot.core.section import Name, Section


class Screen(Section):
    """Teachers compared by a small sample of their data, before any student is trained."""

    requests: int = Field(default=300, gt=0, description="Requests per teacher and language, over all methods.")
    teachers: list[Name] | None = Field(default=None, min_length=1, description="Candidates; null takes the study's teachers.")
    languages: list[Name] | None = Field(default=None, min_length=1, description="Languages; null takes the study's.")
    base: Name | None = Field(
        default=None,
        description="The model whose perplexity the ranking shows; it needs neither reference nor benchmark. null takes the "
        "study's base; where there is none, perplexity is left out.",
    )
    learn_from: GivenPath | None = Field(
        default=None,
        description="For `snakemake screen`: a cells.csv of a finished study to fit the prediction on; null uses this study's "
        "main experiment (a teacher is then never predicted from its own students).",
    )
    components: int = Field(default=2, gt=0, description="Principal components of the intrinsic metrics in the regression.")


class Race(Section):
    """A race of teachers (`compare: race`): when one is dropped, and when it ends before its trainings are used up."""

    by: Literal["average", "language"] = Field(
        default="average",
        description="What is chosen: one teacher by its `average` over languages, or one for each `language`, where each drops "
        "its own.",
    )
    least: float = Field(
        default=0.05,
        ge=0,
        lt=0.5,
        description="A teacher whose probability of being the best (see `by`) is smaller is not trained again.",
    )
    regret: float = Field(
        default=0.0,
        ge=0,
        description="The race ends where the expected regret (what the best teacher's mean benchmark score is above that of the "
        "chosen one) is at most this; 0: it goes on until one teacher is left or `trainings` are used up.",
    )
    gpu_hours: float | None = Field(
        default=None,
        gt=0,
        description="The race ends before a rung with which its trainings and their evaluations, counted as in `snakemake plan`, "
        "would take more GPU hours. Everyone is trained once whatever it takes; the data are not counted. null: no limit.",
    )
    usd: float | None = Field(
        default=None, gt=0, description="The same in USD, by `plan.usd_per_gpu_hour` and the prices of endpoints that judge."
    )
    learn_from: list[GivenPath] = Field(
        default=[],
        description="Archives of earlier studies that have some of the race's teachers, by name. What they say of them counts as "
        "far as teachers do alike in different studies, which is learned. An archive that does not verify is refused.",
    )
    small: Name | None = Field(
        default=None,
        description="A smaller size of the race's recipe, such as `equal-3k`: everyone is trained on it first, and who is "
        "dropped then is never asked for the full size. null starts with the full size.",
    )
    small_correlation: float = Field(
        default=0.85,
        gt=0,
        lt=1,
        description="Assumed correlation of what teachers are in the small and in the full size. The page shows the measured "
        "one.",
    )
    small_effect: float = Field(
        default=0.8,
        gt=0,
        le=2,
        description="Assumed size of the differences between teachers in the small size, as a share of those in the full size.",
    )


class Statistics(Section):
    """Analyses of the main experiment's cells."""

    components: int = Field(default=3, gt=0, description="Principal components in table and regression.")
    resamples: int = Field(default=2000, ge=100, description="Bootstrap resamples of cells, for loadings.")
    permutations: int = Field(default=2000, ge=100, description="Permutations behind a p-value.")
    seed: int = Field(default=0, ge=0, description="Seed of both.")


class Truth(Section):
    """Results that the study must reproduce, because they are known by construction (validity check)."""

    above: list[tuple[Name, Name]] = Field(
        default=[], description="Pairs of teachers: the first must score above the second, on average over languages."
    )
    above_in: dict[Name, list[tuple[Name, Name]]] = Field(
        default={}, description="The same by language: language to pairs of teachers."
    )
