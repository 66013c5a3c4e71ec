"""Filters of usable answers, by name. A project adds its own with `FILTERS.add`.

The workflow loads this module before any job, so pandas is imported for type checkers only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pydantic import Field

from polyglot.core.conversations import turns_before
from polyglot.core.lookup import Lookup
from polyglot.core.section import Section

if TYPE_CHECKING:
    import pandas as pd

Action = Literal["drop", "mark", "skip"]


class Settings(Section):
    """What every filter can be told; a filter's own settings are a subclass."""

    action: Action = Field(
        default="drop",
        description="What follows for an example that the filter finds: `drop` keeps it out of training, `mark` notes it only; "
        "`skip` does not run the filter.",
    )

    def check_after(self, before: Sequence[str]) -> None:
        """Raise `ValueError` if they cannot be used after these filters, in words for the user."""


class MarkingSettings(Settings):
    """The same for a filter that marks what it finds, unless the study says `drop`."""

    action: Action = Field(
        default="mark",
        description="As of every filter; the default is `mark`.",
    )


class Verdict(NamedTuple):
    """What a filter says of an example: its score (NaN if undefined), and the problem; None if there is none."""

    score: float
    problem: str | None = None


class Earlier(NamedTuple):
    """An example that a set already has: its id, method, prompt and response."""

    id: str
    method: str
    prompt: str
    response: str


class Neighbour(NamedTuple):
    """The benchmark question that is nearest to a prompt by the study's embedding: their cosine, its benchmark and language."""

    similarity: float
    benchmark: str
    lang: str
    question: str


@dataclass(frozen=True)
class Examples:
    """Examples to be filtered, n of one teacher, language and draw, and what they are compared with.

    Args:
        rows: n rows: request_id, teacher, lang, method, seed, prompt, response, thoughts, text, prompt_tokens,
            completion_tokens, and more (see `polyglot.synthesis.answers.read_answers`), and `decisions` of earlier filters.
        lang: their language.
        script: its script, as its entry names it; "" if not known.
        languages: languages that a detector may choose from.
        questions: benchmark to the questions of its test items.
        seed_prompts: id to prompt of the seed dataset in this language.
        earlier: examples of the same set that were filtered before.
        nearest: request id to the nearest question in any language of the study; only where a filter asks for it.
        usual: similarities of seed prompts in this language to their nearest questions; only where a filter asks for it.
    """

    rows: pd.DataFrame
    lang: str
    script: str = ""
    languages: Sequence[str] = ()
    questions: Mapping[str, Sequence[str]] = field(default_factory=dict)
    seed_prompts: Mapping[str, str] = field(default_factory=dict)
    earlier: Sequence[Earlier] = ()
    nearest: Mapping[str, Neighbour] = field(default_factory=dict)
    usual: Sequence[float] = ()

    @property
    def turns(self) -> list[list[str]]:
        """The texts before the response of each: its prompt, after those of a conversation that it belongs to."""
        return turns_before(self.rows)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Prompt and response of each; of a conversation, all texts before the response count as the prompt."""
        return [("\n".join(turns), text) for turns, text in zip(self.turns, self.rows["response"], strict=True)]


@dataclass(frozen=True)
class Filter:
    """A filter of usable answers.

    Args:
        name: its name under `filters` of a study.
        explained: a phrase for what it finds, for the reference and tables.
        status: the status of an example that it keeps out; small letters and underscores.
        find: from n examples and its settings to n verdicts, in their order. It gets the examples that no filter before it kept
            out.
        settings: the class of its settings; its default for `action` says whether it keeps out or marks.
        default: whether a study that does not name it runs it.
        by_meaning: whether it needs `Examples.nearest` and `usual`, so that jobs with the study's embedding model come first.
    """

    name: str
    explained: str
    status: str
    find: Callable[[Examples, Any], Sequence[Verdict]]
    settings: type[Settings] = Settings
    default: bool = False
    by_meaning: bool = False


_ROOM = "polyglot.synthesis.filters"
FILTERS: Lookup[Filter] = Lookup(
    "filter",
    {
        "control_tokens": f"{_ROOM}.control_tokens:CONTROL_TOKENS",
        "contamination": f"{_ROOM}.contamination:CONTAMINATION",
        "semantic_contamination": f"{_ROOM}.semantic_contamination:SEMANTIC_CONTAMINATION",
        "duplicates": f"{_ROOM}.duplicates:DUPLICATES",
        "personal": f"{_ROOM}.personal:PERSONAL",
        "length": f"{_ROOM}.length:LENGTH",
        "repetition": f"{_ROOM}.repetition:REPETITION",
        "refusals": f"{_ROOM}.refusals:REFUSALS",
        "language": f"{_ROOM}.language:LANGUAGE",
        "expression": f"{_ROOM}.expression:EXPRESSION",
    },
    kind=Filter,
)
"""Every filter, in the order in which the default ones run."""
