"""Entries about data: languages, benchmarks, sources of seeds, licences."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from polyglot.registry.base import Entry


class Language(Entry):
    """A language: names and facts used by prompts, figures and analyses."""

    name: str = Field(description="English name, used in prompts.")
    endonym: str = Field(description="The language's own name.")
    family: str = Field(description="Language family.")
    script: str = Field(description="Script.")
    flores: str | None = Field(default=None, description="FLORES-200 code, as NLLB names the language.")
    resource_level: int | None = Field(default=None, ge=0, le=5, description="Joshi et al. (2020) class.")
    commoncrawl_percent: float | None = Field(default=None, ge=0, description="Share of CommonCrawl in percent.")


class BenchmarkFacts(Entry):
    """A benchmark: its task, the formulations it can take, and where its items are on the hub."""

    formulations: list[str] = Field(
        min_length=1,
        description="Possible formulations: `cloze`, `letter` (multiple choice), `likelihood`, `letter` (preferences), "
        "`generative` (problems), or a plugin's.",
    )
    source: str = Field(description="Data set and paper.")
    hub: str | None = Field(default=None, pattern=r"^[\w.-]+/[\w.-]+$", description="Repository on the hub.")
    revision: str | None = Field(default=None, description="Branch, tag or commit on the hub; the lock file holds the commit.")
    languages: dict[str, str] = Field(default={}, description="Language code to the language's name in the files.")
    test: list[str] = Field(
        default=[], description="Files of the items, `{name}` for the language's name: Parquet, JSONL, CSV or TSV."
    )
    shots: list[str] = Field(default=[], description="Files of few-shot examples, in the same way.")
    columns: list[str] = Field(default=[], description="Names of the columns of TSV files, which have no header.")
    items: str | None = Field(
        default=None,
        description="How its files' rows are read, by the data set that has this schema: `global-mmlu`, `m-rewardbench`, `mgsm`, "
        "`xcopa`, `xnli`, `commonsenseqa`, or a plugin's; null: the rows are as `evaluation.benchmarks.<name>.folder` says.",
    )
    words: dict[str, list[str]] = Field(
        default={},
        description="Language code to the words that the reader puts into its items (`xcopa`: because, so; `xnli`: the three "
        "label words); English in languages that are not here.",
    )
    weighting: str = Field(
        default="equal",
        description="What each item counts: `equal`, `rewardbench` (subsets by size within a category, categories the same), or "
        "a plugin's.",
    )
    duplicate_options: Literal["refuse", "keep"] = Field(
        default="refuse", description="An item with two equal options: an error that names it, or kept as it is published."
    )
    licence: str | None = Field(default=None, description="Licence of the data.")


class Preference(Entry):
    """Of two responses, the one that was preferred."""

    by: str = Field(description="Field with a number: below 0 prefers the first, above 0 the second; 0 is drawn.")
    first: str = Field(description="Field of the first response.")
    second: str = Field(description="Field of the second response.")


class Source(Entry):
    """A data set of prompts (and responses): where it is, and what its fields are called. A field may be a path such as
    `conversation.0.content`."""

    hub: str | None = Field(default=None, pattern=r"^[\w.-]+/[\w.-]+$", description="Repository on the hub.")
    revision: str | None = Field(default=None, description="Branch, tag or commit on the hub; the lock file holds the commit.")
    folder: str | None = Field(default=None, description="A local folder instead.")
    files: list[str] = Field(default=["**/*.parquet"], min_length=1, description="Its files: Parquet, JSONL (also .gz) or CSV.")
    prompt: str | Annotated[list[str], Field(min_length=1)] = Field(
        description="Field of the prompt; or several, joined by line breaks (those after the first may be empty)."
    )
    response: str | None = Field(default=None, description="Field of the response; null where there is none.")
    prefer: Preference | None = Field(
        default=None, description="Two responses of which one was preferred, instead of `response`."
    )
    language: str | None = Field(default=None, description="Field of the language; null where all rows are in one.")
    languages: dict[str, list[str]] = Field(
        min_length=1, description="Language code to the values of that field (none where all rows are in one language)."
    )
    keep: dict[str, list[str]] = Field(default={}, description="Field to the values of rows that count.")
    drop: dict[str, list[str]] = Field(default={}, description="Field to parts of values of rows that do not count.")
    methods: list[str] = Field(
        default=["generate", "respond"],
        min_length=1,
        description="Methods that its rows are for; rows for `generate` serve `back-translation` too.",
    )
    longest: int = Field(default=16000, gt=0, description="Longest prompt or response in characters; longer ones do not count.")
    licence: str | None = Field(default=None, description="Licence of the data.")
    cite: str | None = Field(default=None, description="The work to cite for it: authors, year, where it is.")
    published: str | None = Field(default=None, description="Its name in table 6 of arXiv 2604.11290, for its counts there.")


class Licence(Entry):
    """A licence that models or data sets are under."""

    url: str | None = Field(default=None, description="Where its text is.")
    hub: str = Field(default="other", description="What model hubs call it.")
    output: str = Field(
        default="does not say here what holds for data that a model under it has written",
        description="What it says about data that a model under it has written; completes `The licence ...` in data cards.",
    )
