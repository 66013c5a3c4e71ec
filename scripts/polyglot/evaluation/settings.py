"""The settings of a study's benchmarks: `evaluation`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from polyglot.core.errors import BENCHMARK_PATTERN
from polyglot.core.given_path import GivenPath
from polyglot.core.lookup import UnknownName
from polyglot.core.section import Name, Section
from polyglot.evaluation.formulations import FORMULATIONS
from polyglot.evaluation.lighteval_list import Listed, listed_task

BenchmarkName = Annotated[str, StringConstraints(pattern=BENCHMARK_PATTERN, max_length=100)]
"""Benchmarks may have capital letters, because tasks of lighteval do."""
OF_LIGHTEVAL = ("task", "name", "metric", "revision")
"""Settings of a benchmark that only a task of lighteval has."""


class Benchmark(Section):
    """One benchmark as this study uses it."""

    task: Literal["lighteval"] | None = Field(
        default=None,
        description="`lighteval`: a task as lighteval defines it, with its prompt, metric, few-shot examples and stop sequences; "
        "docs/reference/lighteval.md lists them. Its data come from the hub, or from `folder`.",
    )
    name: str | dict[Name, str] | None = Field(
        default=None,
        description="Of `task: lighteval`: lighteval's name, or one for each language; `SET:PART` for one part of a set; null: "
        "the benchmark's own name.",
    )
    metric: str | None = Field(
        default=None,
        description="Of `task: lighteval`: the metric that counts; null: lighteval's first. It lies between 0 and 1.",
    )
    revision: str | None = Field(
        default=None,
        description="Of `task: lighteval`: the data's branch, tag or commit on the hub; null: lighteval's, or `main`.",
    )
    formulation: str = Field(
        default="",
        description="Needed without `task`. `cloze` (multiple choice by the likelihood of the full answers), `letter` (lettered "
        "choices), "
        "`likelihood` (chosen versus rejected response), `judge` (two lettered responses after M-RewardBench's request to a "
        "judge), `generative` (a solution with a final number), `steps` (the same in MGSM's form, with the language's words for "
        "question and step-by-step answer), `number` (a number alone), `math` (a solution with a final expression, compared by "
        "math-verify), `rated` (an open answer that a judge rates), `compared` (one that a judge compares with a reference "
        "answer), `chrf` (a translation, by chrF++), `perplexity` (people's texts, read), or a plugin's; must be listed in the "
        "registry for this benchmark.",
    )
    shots: int = Field(default=0, ge=0, description="Few-shot examples.")
    max_items: int | None = Field(
        default=None, gt=0, description="Maximum number of items per language, as a seeded uniform sample; null uses all."
    )
    max_new_tokens: int = Field(
        default=48, gt=0, description="Longest answer of a generative benchmark, in tokens; a task of lighteval may have its own."
    )
    languages: list[Name] | None = Field(
        default=None, min_length=1, description="Languages to use it in; null: every language of the study."
    )
    scored: bool = Field(
        default=True,
        description="Part of the mean over benchmarks, and so of gain, PGR and PG-Score; false: measured and shown beside them.",
    )
    hub: bool = Field(default=False, description="Take its items from the hub, as the registry specifies.")
    folder: GivenPath | None = Field(
        default=None,
        description="Folder with {lang}/test.jsonl, test.csv or test.parquet (and dev.* for few-shot examples); null uses the "
        "hub's, or else the micro-world's. Multiple choice: `question`, `choices` (two or more), `answer` (the right one's index "
        "from 0, letter or text), and optionally `id`, `category`, `subset`. Preferences: `id`, `prompt`, `chosen`, `rejected`, "
        "`subset`, `category`. Problems: `question`, `answer_number` (as the language writes numbers), in few-shot examples a "
        "worked `answer`. Expressions: `question`, `answer_math`. Open answers: `question` or `turns`, `reference`, `rubric`. "
        "Texts: `text`. For `task: lighteval`: {lang}/SPLIT.jsonl with the columns of its data set.",
    )

    @property
    def of_the_world(self) -> bool:
        """Whether its items are the micro-world's."""
        return self.folder is None and not self.downloaded

    @property
    def downloaded(self) -> bool:
        """Whether its items are the hub's."""
        return self.hub or (self.task is not None and self.folder is None)

    @property
    def as_it_is(self) -> bool:
        """Whether its items are read from the study's own folder as they are there."""
        return self.folder is not None and self.task is None

    def params(self) -> dict[str, Any]:
        """What outcomes depend on."""
        others = () if self.task else OF_LIGHTEVAL  # finished studies have none
        return self.model_dump(mode="json", exclude={"languages", "hub", "scored", *others})

    @property
    def judged(self) -> bool:
        """Whether a judge says how good its answers are."""
        return not self.task and self.formulation in FORMULATIONS and FORMULATIONS[self.formulation].judged is not None

    def lighteval_name(self, benchmark: str, lang: str) -> str:
        """The name of its task of lighteval in a language.

        Args:
            benchmark: the benchmark's own name.
        """
        if isinstance(self.name, dict):
            return self.name[lang]
        return self.name or benchmark

    def presented(self, benchmark: str, lang: str) -> str:
        """How its items are presented in a language, in words: its formulation, or its task of lighteval; and the shots.

        Args:
            benchmark: the benchmark's own name.
        """
        return f"{self.lighteval_name(benchmark, lang) if self.task else self.formulation}, {self.shots}-shot"

    @model_validator(mode="after")
    def _one_kind(self) -> Benchmark:
        if self.task is None:
            if not self.formulation:
                raise ValueError("formulation: Field required (or `task: lighteval`)")
            alien = [name for name in OF_LIGHTEVAL[1:] if getattr(self, name) is not None]
        else:
            alien = [name for name in ("formulation", "hub") if getattr(self, name)]
        if alien:
            where = "has none, lighteval defines it" if self.task else "belongs to `task: lighteval`"
            raise ValueError(f"{', '.join(alien)}: {where}; leave it out")
        return self

    @model_validator(mode="after")
    def _one_origin(self) -> Benchmark:
        if self.hub and self.folder is not None:
            raise ValueError("hub and folder: items come from only one of them; remove the other")
        return self


class Evaluation(Section):
    """How base, reference and students are evaluated."""

    benchmarks: dict[BenchmarkName, Benchmark] = Field(
        description="Benchmarks of the registry, or tasks of lighteval, with their settings."
    )
    batch_tokens: int = Field(
        default=16384,
        gt=0,
        description="Most tokens of a batch: prompts, answers and padding; a position whose likelihood counts takes as many "
        "more as the vocabulary has multiples of 32,768. A batch that does not fit in memory is halved, once.",
    )
    groups: dict[str, list[BenchmarkName]] = Field(
        default={},
        description="Task groups: name to benchmarks. Steps of a recipe are reported by group, as in FilBench.",
    )
    group_weights: Literal["equal", "examples"] = Field(
        default="equal", description="Weight of each group in the mean over groups: equal, or its number of examples."
    )

    @property
    def longest_answer(self) -> int:
        """The maximum number of tokens in an answer; 0 if the model only chooses."""
        own = [one for one in self.benchmarks.values() if not one.task and FORMULATIONS[one.formulation].writes]
        tasks = [(one, task) for name, one in self.benchmarks.items() for task in _tasks(name, one) if task.writes]
        lengths = [one.max_new_tokens for one in own] + [task.tokens or one.max_new_tokens for one, task in tasks]
        return max(lengths, default=0)

    @field_validator("benchmarks")
    @classmethod
    def _in_their_languages(cls, benchmarks: dict[str, Benchmark]) -> dict[str, Benchmark]:
        """A task of lighteval is used in its language, unless the study names others."""
        return {name: _in_its_languages(name, chosen) for name, chosen in benchmarks.items()}

    @property
    def unscored(self) -> list[str]:
        """Benchmarks that are measured and not scored."""
        return [name for name, chosen in self.benchmarks.items() if not chosen.scored]

    def judged_in(self, lang: str) -> dict[str, Benchmark]:
        """The benchmarks used in a language whose answers are judged."""
        return {name: chosen for name, chosen in self.benchmarks_in(lang).items() if chosen.judged}

    def benchmarks_in(self, lang: str) -> dict[str, Benchmark]:
        """The benchmarks used in a language."""
        return {name: chosen for name, chosen in self.benchmarks.items() if chosen.languages is None or lang in chosen.languages}


def _tasks(name: str, benchmark: Benchmark) -> list[Listed]:
    """The tasks of lighteval that a benchmark is."""
    if not benchmark.task:
        return []
    names = benchmark.name if isinstance(benchmark.name, dict) else {"": benchmark.name or name}
    return [listed_task(one) for one in names.values()]


def _in_its_languages(name: str, benchmark: Benchmark) -> Benchmark:
    """A benchmark with its languages, if it is a task of lighteval that names none."""
    if not benchmark.task:
        return benchmark
    try:
        (task, *_) = _tasks(name, benchmark)
    except UnknownName as error:
        raise ValueError(f"{name}.name: {error}") from error
    if isinstance(benchmark.name, dict):
        unnamed = [lang for lang in benchmark.languages or () if lang not in benchmark.name]
        if unnamed:
            raise ValueError(f"{name}.name: no task for {', '.join(unnamed)}; add one, or leave it out of `languages`")
        languages = benchmark.languages or list(benchmark.name)
    else:
        languages = benchmark.languages or ([task.lang] if task.lang else [])
    if not languages:
        raise ValueError(f"{name}: lighteval does not say the language of '{task.name}'; name its `languages`")
    return benchmark.model_copy(update={"languages": languages})
