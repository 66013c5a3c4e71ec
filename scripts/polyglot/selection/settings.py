"""Settings of recipes that select (`selection` in a study)."""

from __future__ import annotations

from pydantic import Field, field_validator

from polyglot.core.given_path import GivenPath
from polyglot.core.lookup import unknown
from polyglot.core.section import Name, Section
from polyglot.synthesis.recipes import RULES


class Selection(Section):
    """Recipes that select by quality and diversity (M-DaQ, arXiv 2509.15549), and baselines of the same size."""

    examples: int = Field(default=300, gt=0, description="Number of examples of a recipe such as `mdaq` without a size suffix.")
    ratio: int = Field(default=6, ge=1, description="Samples that `mdaq` takes by quality for each that it takes by diversity.")
    quality_weight: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Weight of quality (scaled to 0 to 1) in `mmr`; the rest is the weight of the largest cosine similarity to "
        "the samples taken before.",
    )
    least_reward: float = Field(
        default=4.0,
        ge=1,
        le=5,
        description="Least reward (1 to 5) by the judge of a sample that `judged` takes; samples without one are not taken.",
    )
    pooled: bool = Field(
        default=False,
        description="Select from all languages together, so that a language with better data gets more; false: from each "
        "language by itself.",
    )
    encoder: Name | None = Field(
        default=None, description="Initial encoder of the quality model; null uses `intrinsic.embedding`."
    )
    pairs: GivenPath | None = Field(
        default=None,
        description="JSONL, CSV or Parquet file with the columns `instruction`, `revised` (by an expert) and `original`, and "
        "perhaps `lang`; null uses the micro-world's correct and corrupted answers.",
    )
    triplets: int = Field(default=300, gt=0, description="Micro-world: training instructions per language.")
    wrong_answers: int = Field(
        default=2,
        gt=0,
        description="Micro-world: wrong answers per instruction, besides one response of each other kind.",
    )
    held_out: float = Field(
        default=0.2, gt=0, lt=1, description="Share of instructions in `pairs` held out to evaluate the quality model."
    )
    margin: float = Field(default=1.0, gt=0, description="Margin of the triplet loss.")
    epochs: float = Field(default=1, gt=0, description="Epochs over the triplets.")
    learning_rate: float = Field(default=2e-5, gt=0, description="Peak learning rate (AdamW, linear schedule).")
    batch_size: int = Field(default=32, gt=0, description="Triplets per step.")
    prompts: int = Field(
        default=60, gt=0, description="Prompts per language that students answer for the win rate, from the seed dataset."
    )
    datasets: dict[Name, GivenPath] = Field(
        default={},
        description="Your own prompts and responses by name, in any layout of docs/reference/files.md (optional column: `id`): "
        "`snakemake select` selects from them, and writes `results/STUDY/select/NAME` in the format of your file.",
    )
    rule: Name = Field(
        default="mdaq",
        description=f"How samples of such data are selected: {', '.join(f'`{name}`' for name in RULES)}; but `judged` takes data "
        "of the study only, which have rewards.",
    )
    seed: int = Field(default=0, ge=0, description="Seed of the quality model, the clusters and random orders.")

    @field_validator("rule")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in RULES:
            raise ValueError(unknown("rule", name, RULES))
        return name
