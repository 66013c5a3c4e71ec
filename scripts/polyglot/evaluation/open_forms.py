"""The kinds of item without one right answer: open requests, requests with a reference answer, and texts to read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from polyglot.evaluation.forms import ONE_KIND, REMEDY, Item, ItemError, Row, text

QUESTIONS = ("question", "prompt", "instruction")
"""Fields that may hold a request: ours, and those of published sets such as AlpacaEval."""
REFERENCES = ("reference", "output")


@dataclass(frozen=True)
class Open(Item):
    """A request that is answered freely, in one turn or several, with or without reference answers.

    Attributes:
        turns: what the user says, turn by turn.
        references: an answer to each turn, or none; of one turn there may be several.
        rubric: what a judge rates answers by; "" takes the rubric of the judge's template.
    """

    turns: tuple[str, ...]
    references: tuple[str, ...] = ()
    rubric: str = ""

    stated_as: ClassVar[str] = "an open request (`question`, or `turns`)"
    schema: ClassVar[Mapping[str, str]] = {
        "question": "the request (or `prompt`, `instruction`)",
        "turns": "instead of `question`: a list of what the user says, turn by turn, as in MT-Bench",
        "reference": "an answer to compare with (or `output`); of several turns a list. Needed for `compared` and `chrf`",
        "rubric": "optional, for `rated`: what the judge rates answers by",
        "id": "optional (or `question_id`): a name of the item; its place in the file without one",
        "category": "optional: a part of the benchmark",
        "subset": "optional: a part of a category",
    }
    needed: ClassVar[tuple[tuple[str, ...], ...]] = ((*QUESTIONS, "turns"),)

    @classmethod
    def from_row(cls, row: Row, place: int, *, keep_duplicates: bool = False) -> Open:
        turns = _texts(row, ("turns", *QUESTIONS))
        if not turns:
            raise ItemError(f"no question, nor turns; {REMEDY}")
        names = {name: str(row.get(name) or ONE_KIND) for name in ("category", "subset")}
        told = next((row[name] for name in ("id", "question_id") if row.get(name) not in (None, "")), place)
        rubric = text(row, "rubric") if row.get("rubric") else ""
        item = cls(id=str(told), turns=turns, references=_texts(row, REFERENCES), rubric=rubric, **names)
        item.check()
        return item

    def check(self) -> None:
        """Raise `ItemError` if references and turns do not fit together."""
        if len(self.turns) > 1 and len(self.references) not in (0, len(self.turns)):
            raise ItemError(f"reference has {len(self.references)} texts for {len(self.turns)} turns; give one for each")

    def to_row(self) -> dict[str, Any]:
        own = {"id": self.id, "question": self.turns[0], "turns": list(self.turns), "reference": list(self.references)}
        return own | {"rubric": self.rubric, "category": self.category, "subset": self.subset}


@dataclass(frozen=True)
class Compared(Open):
    """An open request with one reference answer to each turn."""

    stated_as: ClassVar[str] = "an open request with a reference answer (`question`, `reference`)"
    needed: ClassVar[tuple[tuple[str, ...], ...]] = (*Open.needed, REFERENCES)

    def check(self) -> None:
        if len(self.references) != len(self.turns):
            raise ItemError(f"reference has {len(self.references)} texts for {len(self.turns)} turn(s); give one for each")


@dataclass(frozen=True)
class Translation(Open):
    """A request of one turn, such as to translate a text, with one or more references."""

    stated_as: ClassVar[str] = Compared.stated_as
    needed: ClassVar[tuple[tuple[str, ...], ...]] = Compared.needed

    def check(self) -> None:
        if not self.references:
            raise ItemError(f"no reference; {REMEDY}")
        if len(self.turns) > 1:
            raise ItemError(f"turns has {len(self.turns)} texts; this form takes one `question`; {REMEDY}")


@dataclass(frozen=True)
class Passage(Item):
    """A text that people wrote, to be read."""

    passage: str

    stated_as: ClassVar[str] = "a text to read (`text`)"
    telling: ClassVar[tuple[str, ...]] = ("text",)
    schema: ClassVar[Mapping[str, str]] = {
        "text": "a text that people wrote in the language, such as a paragraph or a document",
        "id": "optional: a name of the item; its place in the file without one",
        **{name: Open.schema[name] for name in ("category", "subset")},
    }
    needed: ClassVar[tuple[tuple[str, ...], ...]] = (("text",),)

    @classmethod
    def from_row(cls, row: Row, place: int, *, keep_duplicates: bool = False) -> Passage:
        names = {name: str(row.get(name) or ONE_KIND) for name in ("category", "subset")}
        return cls(id=str(place if row.get("id") in (None, "") else row["id"]), passage=text(row, "text"), **names)

    def to_row(self) -> dict[str, Any]:
        return {"id": self.id, "text": self.passage, "category": self.category, "subset": self.subset}


def dialogue_text(answers: list[str]) -> str:
    """The answers to several turns as one text, JSON; `answers_of` reads it."""
    return json.dumps(answers, ensure_ascii=False)


def answers_of(item: Open, answer: str) -> list[str]:
    """The answers to an item's turns."""
    return [str(one) for one in json.loads(answer)] if len(item.turns) > 1 else [answer]


def asked_texts(row: Row) -> list[str]:
    """The texts of a row of any kind that no student may be trained on: what is asked, or read."""
    fields = (*QUESTIONS, "text")
    first = next((str(row[name]) for name in fields if row.get(name)), None)
    turns = row.get("turns")
    spoken = [str(turn) for turn in turns] if isinstance(turns, list | tuple) else []
    return list(dict.fromkeys([*([first] if first else []), *spoken]))


def _texts(row: Row, names: tuple[str, ...]) -> tuple[str, ...]:
    """The texts of the first field that has any: one, or a list."""
    for name in names:
        value = row.get(name)
        if value is None or (isinstance(value, str) and not value.strip()):
            continue
        if not isinstance(value, str) and hasattr(value, "__iter__"):
            stated = {f"{name}[{place}]": one for place, one in enumerate(value)}
            if stated:
                return tuple(text(stated, field) for field in stated)
            continue
        return (text(row, name),)
    return ()
