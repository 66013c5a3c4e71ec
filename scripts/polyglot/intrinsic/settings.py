"""Settings of the intrinsic metrics: `intrinsic` of a study."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Literal

from pydantic import Field

from polyglot.core.section import Name, Section
from polyglot.intrinsic.metrics import INTRINSIC, METRICS, STANDARD, Metric


class Perplexity(Section):
    """Perplexity of the student base on the responses."""

    @property
    def recorded(self) -> dict[str, Any]:
        """The settings that jobs depend on. What is newer than they may be counts only where it is set."""
        return self.model_dump(mode="json", exclude={"average"} if self.average == "example" else None)

    chat_template: bool = Field(default=True, description="Use the base's chat template for prompt and response.")
    batch_size: int = Field(default=32, gt=0, description="Examples per batch, sorted by length.")
    average: Literal["example", "batch"] = Field(
        default="example",
        description="What a perplexity is of: `example` is the mean over the tokens of one response. `batch` is what the code of "
        "arXiv 2604.11290 computes: one mean for all examples of a batch in their order, over responses and padding alike; "
        "without a chat template, nothing stands between prompt and response.",
    )


class Reward(Section):
    """The judge of response quality, on a scale of 1 to 5."""

    kind: Literal["reward_model", "rubric_judge", "none"] = Field(
        default="reward_model",
        description="`reward_model`: a sequence-classification model whose score is rescaled to 1-5. `rubric_judge`: a "
        "chat model that verbalises 1-5 by the template `judge.jinja`; an answer that cannot be parsed is missing. "
        "`none`: no judge, for a ranking by the data alone; reward is then left out.",
    )
    model: Name = Field(default="nano-reward", description="A model of the registry.")
    batch_size: int = Field(default=32, gt=0, description="Examples per batch, sorted by length.")
    scale_pairs: int = Field(
        default=500,
        gt=1,
        description="Human-written pairs in the source language for measuring a reward model's scale, if it has none: their "
        "mean raw score maps to 5, that of the same responses with other prompts to 1.",
    )


class Gradients(Section):
    """Gradients of a base on a part of each training set: for experiments with `compare: predictors` alone."""

    examples: int = Field(
        default=2048, gt=1, description="Pairs drawn from each training set. GRACE compares only sets with the same number."
    )
    dimensions: int = Field(default=512, gt=0, description="Numbers to which GRACE reduces a gradient.")
    folds: int = Field(default=10, gt=1, description="Parts of GRACE; all pairs of a prompt are in one.")
    seed: int = Field(default=0, ge=0, description="Seed of the random signs and the parts.")


MOST_SEEDS = 5000
"""Seed prompts of a language that are compared with benchmarks, drawn at random from more: of 1 % false alarms these are 50."""


class Intrinsic(Section):
    """Measurements of the synthetic data."""

    scored: list[Name] = Field(
        default=list(INTRINSIC),
        min_length=1,
        description="Metrics whose mean z-score is the intrinsic part of the PG-Score. Other measured metrics, not "
        "named here, are still reported and analysed.",
    )
    measured: list[Name] = Field(
        default=[],
        description="Further metrics besides the paper's (diversity of prompts and responses, reward, perplexity, "
        "lengths), such as `distinct_2`, `distinct_pairs`, `compression_ratio`, or a plugin's.",
    )
    embedding: Name = Field(default="minilm", description="Embedding model of the registry, for diversity.")
    embedding_batch_size: int = Field(default=64, gt=0, description="Texts per batch of the embedding model.")
    perplexity: Perplexity = Field(default=Perplexity(), description="Perplexity of the student base.")
    gradients: Gradients = Field(default=Gradients(), description="Scores of others from the base's gradients.")
    reward: Reward = Field(default=Reward(), description="Reward of the responses.")

    @cached_property
    def metrics(self) -> list[Metric]:
        """All measured metrics, the paper's first."""
        standard = [metric.name for metric in STANDARD]
        named = [METRICS[name] for name in dict.fromkeys([*standard, *self.scored, *self.measured])]
        return [metric for metric in named if metric.needs != "judge" or self.judged]

    @property
    def judged(self) -> bool:
        """Whether responses are rated."""
        return self.reward.kind != "none"

    @property
    def scored_metrics(self) -> list[Metric]:
        return [METRICS[name] for name in self.scored]
