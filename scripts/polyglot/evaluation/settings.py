"""The settings of a study's benchmarks: `evaluation`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from polyglot.core.given_path import GivenPath
from polyglot.core.section import Name, Section
from polyglot.evaluation.formulations import FORMULATIONS


class Benchmark(Section):
    """One benchmark as this study uses it."""

    formulation: str = Field(
        description="`cloze` (multiple choice by the likelihood of the full answers), `letter` (lettered choices), "
        "`likelihood` (chosen versus rejected response), `judge` (two lettered responses after M-RewardBench's request to a "
        "judge), `generative` (a solution with a final number), `steps` (the same in MGSM's form, with the language's words for "
        "question and step-by-step answer), `number` (a number alone), or a plugin's; must be listed in the registry for this "
        "benchmark."
    )
    shots: int = Field(default=0, ge=0, description="Few-shot examples.")
    max_items: int | None = Field(
        default=None, gt=0, description="Maximum number of items per language, as a seeded uniform sample; null uses all."
    )
    max_new_tokens: int = Field(default=48, gt=0, description="Longest answer of a generative benchmark, in tokens.")
    languages: list[Name] | None = Field(
        default=None, min_length=1, description="Languages to use it in; null: every language of the study."
    )
    hub: bool = Field(default=False, description="Take its items from the hub, as the registry specifies.")
    folder: GivenPath | None = Field(
        default=None,
        description="Folder with {lang}/test.jsonl, test.csv or test.parquet (and dev.* for few-shot examples); null uses the "
        "hub's, or else the micro-world's. Multiple choice: `question`, `choices` (two or more), `answer` (the right one's index "
        "from 0, letter or text), and optionally `id`, `category`, `subset`. Preferences: `id`, `prompt`, `chosen`, `rejected`, "
        "`subset`, `category`. Problems: `question`, `answer_number` (as the language writes numbers), in few-shot examples a "
        "worked `answer`.",
    )

    @property
    def of_the_world(self) -> bool:
        """Whether its items are the micro-world's."""
        return self.folder is None and not self.hub

    @model_validator(mode="after")
    def _one_origin(self) -> Benchmark:
        if self.hub and self.folder is not None:
            raise ValueError("hub and folder: items come from only one of them; remove the other")
        return self


class Evaluation(Section):
    """How base, reference and students are evaluated."""

    benchmarks: dict[Name, Benchmark] = Field(description="Benchmarks of the registry, with their settings.")
    batch_tokens: int = Field(
        default=16384,
        gt=0,
        description="Most tokens of a batch: prompts, answers and padding; a position whose likelihood counts takes as many "
        "more as the vocabulary has multiples of 32,768. A batch that does not fit in memory is halved, once.",
    )
    groups: dict[str, list[Name]] = Field(
        default={},
        description="Task groups: name to benchmarks. Steps of a recipe are reported by group, as in FilBench.",
    )
    group_weights: Literal["equal", "examples"] = Field(
        default="equal", description="Weight of each group in the mean over groups: equal, or its number of examples."
    )

    @property
    def longest_answer(self) -> int:
        """The maximum number of tokens in an answer; 0 if the model only chooses."""
        written = [chosen for chosen in self.benchmarks.values() if FORMULATIONS[chosen.formulation].writes]
        return max((chosen.max_new_tokens for chosen in written), default=0)

    def benchmarks_in(self, lang: str) -> dict[Name, Benchmark]:
        """The benchmarks used in a language."""
        return {name: chosen for name, chosen in self.benchmarks.items() if chosen.languages is None or lang in chosen.languages}
