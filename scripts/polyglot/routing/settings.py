"""Settings of routed teachers (`routing` in a study)."""

from __future__ import annotations

from pydantic import Field

from polyglot.core.section import Name, Section


class Routing(Section):
    """Routed teachers such as `persyn`, which choose a teacher for every prompt (PerSyn, arXiv 2510.10925)."""

    teachers: list[Name] | None = Field(
        default=None, min_length=1, description="Teachers to choose from; null uses the study's, without routed ones."
    )
    strength: list[Name] | None = Field(
        default=None,
        min_length=1,
        description="Models by strength, strongest first, for `strong` and `family-strong`; models not named follow by `size`.",
    )
    calibration: int = Field(
        default=420, gt=0, description="Calibration prompts per language, over all methods; every teacher answers them."
    )
    quality: str = Field(
        default="reward",
        description="The quality part of the reward: `reward`, the rating of the study's judge; `correctness`, 1 for a right "
        "answer to a mathematical problem and 0 for any other (math-verify), by the seed dataset's response; or a plugin's.",
    )
    alpha: float = Field(default=0.4, ge=0, le=1, description="Weight of learnability, versus quality, in the reward.")
    model: Name | None = Field(default=None, description="Causal language model that the router starts from; null: the base.")
    held_out: float = Field(
        default=0.2,
        gt=0,
        lt=1,
        description="Share of calibration prompts held out: half for early stopping, half to evaluate every strategy.",
    )
    epochs: int = Field(default=10, gt=0, description="Maximum number of epochs.")
    patience: int = Field(default=2, gt=0, description="Early stopping: epochs without a higher Hit@1 on held-out prompts.")
    learning_rate: float = Field(default=1e-5, gt=0, description="Peak learning rate (AdamW, cosine schedule).")
    batch_size: int = Field(default=16, gt=0, description="Prompts per step, each with all its pairs of teachers.")
    max_length: int = Field(default=2048, gt=1, description="Longest prompt in tokens; longer ones lose their middle.")
    seed: int = Field(default=0, ge=0, description="Seed of calibration prompts, held-out prompts and router.")
