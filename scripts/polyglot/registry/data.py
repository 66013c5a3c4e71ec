"""Entries about data: languages, benchmarks, sources of seeds, licences."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from polyglot.core.given_path import GivenPath
from polyglot.core.section import Words
from polyglot.registry.base import Entry


def _inside(pattern: str) -> str:
    """A pattern of files in a data set's folder, as it is.

    Raises:
        ValueError: for one that leads out of the folder, or has other fields than `{name}`.
    """
    try:
        written = PurePosixPath(pattern.format(name="x"))
    except (LookupError, ValueError, AttributeError):
        raise ValueError(f"'{pattern}': only {{name}}, the language's name, can stand in braces") from None
    if written.is_absolute() or ".." in written.parts or not written.parts:
        raise ValueError(f"'{pattern}' must be a path inside of the data set's folder, such as data/*.parquet")
    return pattern


class Language(Entry):
    """A language: names and facts used in prompts, figures and analyses."""

    name: Words = Field(description="English name, used in prompts.")
    endonym: Words = Field(description="The language's name in the language itself.")
    family: Words | None = Field(default=None, description="Language family.")
    script: Words = Field(description="Script.")
    direction: Literal["ltr", "rtl"] = Field(default="ltr", description="Direction of the script: from the left, or right.")
    flores: str | None = Field(default=None, description="FLORES-200 code, as NLLB names the language.")
    resource_level: int | None = Field(default=None, ge=0, le=5, description="Joshi et al. (2020) class.")
    commoncrawl_percent: float | None = Field(default=None, ge=0, description="Share of CommonCrawl in percent.")


class BenchmarkFacts(Entry):
    """A benchmark: its task, the formulations it can take, and where its items are on the hub."""

    formulations: list[str] = Field(
        min_length=1,
        description="Possible formulations: `cloze`, `letter` (multiple choice), `likelihood`, `letter`, `judge` "
        "(preferences), `generative`, `steps`, `number` (problems), `rated`, `compared`, `chrf` (open answers), `perplexity` "
        "(texts), or a plugin's.",
    )
    source: Words = Field(description="Data set and paper.")
    hub: str | None = Field(default=None, pattern=r"^[\w.-]+/[\w.-]+$", description="Repository on the hub.")
    revision: str | None = Field(default=None, description="Branch, tag or commit on the hub; the lock file holds the commit.")
    languages: dict[str, str] = Field(default={}, description="Language code to the language's name in the files.")
    test: list[Annotated[str, AfterValidator(_inside)]] = Field(
        default=[], description="Files of the items, `{name}` for the language's name: Parquet, JSONL, CSV or TSV."
    )
    shots: list[Annotated[str, AfterValidator(_inside)]] = Field(
        default=[], description="Files of few-shot examples, in the same way."
    )
    columns: list[str] = Field(default=[], description="Names of the columns of TSV files, which have no header.")
    items: str | None = Field(
        default=None,
        description="Reader of its rows, named after a data set with this schema: `global-mmlu`, `m-rewardbench`, `mgsm`, "
        "`xcopa`, `xnli`, `commonsenseqa`, or a plugin's; null: rows as described for `evaluation.benchmarks.<name>.folder`.",
    )
    test_items: int | None = Field(
        default=None, gt=0, description="Items per language, for the plan's test power; null: unknown before they are read."
    )
    words: dict[str, list[str]] = Field(
        default={},
        description="Language code to the words that the reader inserts into items (`xcopa`: because, so; `xnli`: the three "
        "label words; `mgsm`: before a question, before a step-by-step answer, and what asks for the number alone); English for "
        "languages not listed.",
    )
    weighting: str = Field(
        default="equal",
        description="Weight of each item: `equal`, `parts` (subsets equal), `rewardbench` (subsets by size within a category, "
        "categories equal), or a plugin's.",
    )
    duplicate_options: Literal["refuse", "keep"] = Field(
        default="refuse", description="An item with two equal options: raise an error that names it, or keep it as published."
    )
    licence: Words | None = Field(default=None, description="Licence of the data.")


class Preference(Entry):
    """How to choose the preferred of two responses."""

    by: str = Field(description="Field with a number: below 0 prefers the first, above 0 the second; 0 is decided at random.")
    first: str = Field(description="Field of the first response.")
    second: str = Field(description="Field of the second response.")


class Thread(Entry):
    """How a source's rows are turns of conversations, each with the turn that it answers in another row."""

    id: str = Field(description="Field of a row's id.")
    parent: str = Field(description="Field of the id of the turn before; empty for the first turn.")
    role: str = Field(description="Field of who speaks.")
    text: str = Field(description="Field of what is said.")


class Source(Entry):
    """A data set of prompts (and responses): its location and field names. A field may be a path such as
    `conversation.0.content`."""

    hub: str | None = Field(default=None, pattern=r"^[\w.-]+/[\w.-]+$", description="Repository on the hub.")
    revision: str | None = Field(default=None, description="Branch, tag or commit on the hub; the lock file holds the commit.")
    folder: GivenPath | None = Field(default=None, description="A local folder instead of a hub repository.")
    files: list[Annotated[str, AfterValidator(_inside)]] = Field(
        default=["**/*.parquet"], min_length=1, description="Its files: Parquet, JSONL, JSON or CSV; texts may be .gz."
    )
    prompt: str | Annotated[list[str], Field(min_length=1)] = Field(
        description="Field of the prompt, or several fields joined by line breaks (those after the first may be empty)."
    )
    response: str | None = Field(default=None, description="Field of the response; null if there is none.")
    prefer: Preference | None = Field(default=None, description="Two responses, one of them preferred, instead of `response`.")
    turns: str | None = Field(
        default=None,
        description="Field of a list of all turns, read instead of `prompt` and `response` where `seed_dataset.turns` is `all`.",
    )
    thread: Thread | None = Field(
        default=None, description="Rows that are single turns: how to find those before, where `seed_dataset.turns` is `all`."
    )
    language: str | None = Field(default=None, description="Field of the language; null if all rows are in one language.")
    languages: dict[str, list[str]] = Field(
        min_length=1, description="Language code to the values of that field (empty if all rows are in one language)."
    )
    keep: dict[str, list[str]] = Field(default={}, description="Field to the values of rows to keep.")
    drop: dict[str, list[str]] = Field(default={}, description="Field to substrings; rows whose value contains one are dropped.")
    methods: list[str] = Field(
        default=["generate", "respond"],
        min_length=1,
        description="Methods that use its rows; rows for `generate` also serve `back-translation`.",
    )
    longest: int = Field(default=16000, gt=0, description="Longest prompt or response in characters; longer rows are dropped.")
    licence: Words | None = Field(default=None, description="Licence of the data.")
    cite: Words | None = Field(default=None, description="The work to cite: authors, year, venue or URL.")
    published: Words | None = Field(default=None, description="Its name in table 6 of arXiv 2604.11290, to compare counts.")


class Licence(Entry):
    """A licence of models or data sets."""

    url: str | None = Field(default=None, description="Address of its text.")
    hub: str = Field(default="other", description="Its name on model hubs.")
    output: Words = Field(
        default="does not say here what holds for data that a model under it has written",
        description="Its terms for data generated by a model under it; completes `The licence ...` in data cards.",
    )
