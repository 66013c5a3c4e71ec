"""The kinds of item: multiple choice, a preference between two responses, or a problem whose answer is a number or an expression.

Each row of a task folder (`{lang}/test.jsonl`, and `dev.jsonl` for few-shot examples) is one of these. Data sets with another
schema are converted by a reader (`polyglot.evaluation.readers`).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any, ClassVar

from polyglot.core.errors import WrongInput, shown
from polyglot.core.text import unfit
from polyglot.evaluation.numbers import gold_number

Row = Mapping[str, Any]
PROBLEM_WORDS = ("Question:", "Step-by-Step Answer:", "Answer with only the number.")
"""The words of a problem in English: MGSM's before question and worked answer, and what asks for the number alone."""
BOXED = ("Reason step by step, and put the final answer in \\boxed{}.",)
"""What asks for an answer that is an expression, in English."""
ONE_KIND = "all"
"""Default category and subset."""
REMEDY = "correct the row, or leave it out"
MOST_DIGITS = 10
"""A place among options has fewer digits."""


class ItemError(WrongInput):
    """A row that is not a valid item; the message names field and remedy. The caller adds file and row."""


@dataclass(frozen=True)
class Item:
    """Fields of every item: an id, unique within a benchmark and language, a category, and a subset of it."""

    id: str
    category: str
    subset: str

    stated_as: ClassVar[str] = "an item"
    """Description of the rows of this kind, for messages."""
    telling: ClassVar[tuple[str, ...]] = ()
    """Fields that identify this kind: a row with any of them is of this kind."""
    schema: ClassVar[Mapping[str, str]] = {}
    """Each field of a row to what it holds, the needed ones first."""
    needed: ClassVar[tuple[tuple[str, ...], ...]] = ()
    """Fields that every row has; of several names one."""

    @classmethod
    def told_by(cls, columns: Collection[str]) -> bool:
        """Whether a file with these columns has all that this kind needs."""
        return all(any(name in columns for name in names) for names in cls.needed)

    @classmethod
    def from_row(cls, row: Row, place: int, *, keep_duplicates: bool = False) -> Item:
        """The item of a row.

        Args:
            place: the row's position in its file, used as the id of an item that has none.
            keep_duplicates: accept an item with two identical options.

        Raises:
            ItemError: if a field is missing, empty or invalid; names the field and the remedy.
        """
        raise NotImplementedError

    def to_row(self) -> dict[str, Any]:
        """The row of this item."""
        raise NotImplementedError


@dataclass(frozen=True)
class Choice(Item):
    """Multiple choice: a question, two or more options, and the position of the correct one.

    Items of one benchmark may differ in the number of options.
    """

    question: str
    options: tuple[str, ...]
    answer: int

    stated_as: ClassVar[str] = "multiple choice (`question`, `choices`, `answer`)"
    telling: ClassVar[tuple[str, ...]] = ("choices", "option_a")
    schema: ClassVar[Mapping[str, str]] = {
        "question": "the text of the question",
        "choices": "the options, two or more: a list; or one field an option: `option_a`, `option_b`, ...",
        "answer": "the correct option: its place counted from 0 (a number), its letter (also small), or its text",
        "answer_from_1": "instead of `answer`: its place counted from 1",
        "id": "optional (or `sample_id`): a name of the item; its place in the file without one",
        "category": "optional (or `subject_category`): a part of the benchmark",
        "subset": "optional (or `subject`): a part of a category",
    }
    needed: ClassVar[tuple[tuple[str, ...], ...]] = (("question",), ("choices", "option_a"), ("answer", "answer_from_1"))

    @classmethod
    def from_row(cls, row: Row, place: int, *, keep_duplicates: bool = False) -> Choice:
        question, options = text(row, "question"), _options(row)
        if len(options) < 2:
            raise ItemError(f"choices has {len(options)}; an item needs two options or more; {REMEDY}")
        if not keep_duplicates:
            _all_different(options)
        return cls(
            id=str(_first(row, ("id", "sample_id"), place)),
            category=str(_first(row, ("category", "subject_category"), ONE_KIND)),
            subset=str(_first(row, ("subset", "subject"), ONE_KIND)),
            question=question,
            options=options,
            answer=_answer(row, options),
        )

    def to_row(self) -> dict[str, Any]:
        own = {"id": self.id, "question": self.question, "choices": list(self.options), "answer": self.answer}
        return own | {"category": self.category, "subset": self.subset}


@dataclass(frozen=True)
class Preference(Item):
    """Two responses to a prompt, of which one was preferred: `id`, `prompt`, `chosen`, `rejected`, `subset`, `category`."""

    prompt: str
    chosen: str
    rejected: str

    stated_as: ClassVar[str] = "a preference (`id`, `prompt`, `chosen`, `rejected`, `subset`, `category`)"
    telling: ClassVar[tuple[str, ...]] = ("chosen", "rejected")
    schema: ClassVar[Mapping[str, str]] = {
        "id": "a name of the item",
        "prompt": "the prompt",
        "chosen": "the better response",
        "rejected": "the worse response",
        "subset": "a part of a category; for RewardBench's weighting its subset",
        "category": "a part of the benchmark: for RewardBench's weighting Chat, Chat Hard, Safety or Reasoning",
    }
    needed: ClassVar[tuple[tuple[str, ...], ...]] = tuple((name,) for name in schema)

    @classmethod
    def from_row(cls, row: Row, place: int, *, keep_duplicates: bool = False) -> Preference:
        names = ("id", "prompt", "chosen", "rejected", "subset", "category")
        item = cls(**{name: text(row, name) for name in names})
        if item.chosen == item.rejected and not keep_duplicates:
            raise ItemError(
                f"chosen and rejected are the same text, so neither is better; {REMEDY}, or allow it with "
                "`duplicate_options: keep` in config/benchmarks.yaml"
            )
        return item

    def to_row(self) -> dict[str, Any]:
        own = {"id": self.id, "prompt": self.prompt, "chosen": self.chosen, "rejected": self.rejected}
        return own | {"subset": self.subset, "category": self.category}


@dataclass(frozen=True)
class Problem(Item):
    """A problem with a numeric answer: `question`, `answer_number`, and in few-shot examples a worked `answer`.

    `answer_number` is a number, or a text in the number format of the item's language. `words` are the language's own: what
    stands before a question, what stands before a worked answer, and how the number alone is asked for.
    """

    question: str
    number: str | float
    worked: str
    lang: str = ""
    words: tuple[str, ...] = PROBLEM_WORDS

    stated_as: ClassVar[str] = "a problem (`question`, `answer_number`)"
    telling: ClassVar[tuple[str, ...]] = ("answer_number",)
    schema: ClassVar[Mapping[str, str]] = {
        "question": "the text of the problem",
        "answer_number": "the correct answer: a number, or a text in the number format of the language, `1.234,5` in German",
        "answer": "in few-shot examples: a worked answer that ends in the number; elsewhere not read",
        "words": "optional, a list for `steps` and `number`: what stands before a question, before a step-by-step answer, and "
        "what asks for the number alone; English without it",
    }
    needed: ClassVar[tuple[tuple[str, ...], ...]] = (("question",), ("answer_number",))

    @classmethod
    def from_row(cls, row: Row, place: int, *, keep_duplicates: bool = False) -> Problem:
        question, written, worked = text(row, "question"), text(row, "answer_number"), row.get("answer")
        given, lang = row["answer_number"], str(row.get("lang") or "")
        number = given if isinstance(given, int | float) and not isinstance(given, bool) else written
        if gold_number(number, lang) is None:
            raise ItemError(f"answer_number {shown(number)} has no number; {REMEDY}")
        words = PROBLEM_WORDS if row.get("words") is None else row["words"]
        if not isinstance(words, list | tuple) or len(words) != len(PROBLEM_WORDS):
            raise ItemError(
                f"words {words!r} is not a list of {len(PROBLEM_WORDS)} texts such as {list(PROBLEM_WORDS)}; {REMEDY}"
            )
        facts = {"category": "math", "subset": "math", "lang": lang}
        return cls(
            id=str(place), question=question, number=number, worked=str(worked or ""), words=tuple(map(str, words)), **facts
        )

    @property
    def value(self) -> float:
        """The number of the correct answer.

        Raises:
            ItemError: if the item has none.
        """
        found = gold_number(self.number, self.lang)
        if found is None:
            raise ItemError(f"item '{self.id}': answer_number {self.number!r} has no number; {REMEDY}")
        return found

    def to_row(self) -> dict[str, Any]:
        return {"question": self.question, "answer_number": self.number, "answer": self.worked, "words": list(self.words)}


@dataclass(frozen=True)
class Expression(Item):
    """A problem whose answer is an expression: `question`, `answer_math`, and in few-shot examples a worked `answer`.

    `right` is in LaTeX or in plain text, in English notation; or a worked solution whose answer is in `\\boxed{}`. `words` ask
    for the answer, in the item's language.
    """

    question: str
    right: str
    worked: str
    words: tuple[str, ...] = BOXED

    stated_as: ClassVar[str] = "a problem with an expression as its answer (`question`, `answer_math`)"
    telling: ClassVar[tuple[str, ...]] = ("answer_math",)
    schema: ClassVar[Mapping[str, str]] = {
        "question": "the text of the problem",
        "answer_math": "the correct answer: an expression in LaTeX or plain text, in English notation (`\\frac{1}{2}`, "
        "`1,000.5`); or a worked solution with it in `\\boxed{}`",
        "answer": "in few-shot examples: a worked answer; elsewhere not read",
        "words": "optional, a list of one text: what asks for the answer; English without it",
        "id": "optional: a name of the item; its place in the file without one",
        "category": "optional: a part of the benchmark",
        "subset": "optional: a part of a category",
    }
    needed: ClassVar[tuple[tuple[str, ...], ...]] = (("question",), ("answer_math",))

    @classmethod
    def from_row(cls, row: Row, place: int, *, keep_duplicates: bool = False) -> Expression:
        words = BOXED if row.get("words") is None else row["words"]
        if not isinstance(words, list | tuple) or len(words) != len(BOXED):
            raise ItemError(f"words {words!r} is not a list of one text such as {list(BOXED)}; {REMEDY}")
        return cls(
            id=str(_first(row, ("id",), place)),
            category=str(_first(row, ("category",), ONE_KIND)),
            subset=str(_first(row, ("subset",), ONE_KIND)),
            question=text(row, "question"),
            right=text(row, "answer_math"),
            worked=str(row.get("answer") or ""),
            words=tuple(map(str, words)),
        )

    @property
    def boxed(self) -> str:
        """The correct answer in a box."""
        return self.right if "\\boxed" in self.right else f"\\boxed{{{self.right.strip().strip('$')}}}"

    def to_row(self) -> dict[str, Any]:
        own = {"id": self.id, "question": self.question, "answer_math": self.right, "answer": self.worked}
        return own | {"words": list(self.words), "category": self.category, "subset": self.subset}


def kind_of(row: Row, kinds: Sequence[type[Item]]) -> type[Item]:
    """The kind of item that a row's fields identify, among those allowed; the first if none is identified."""
    return next((kind for kind in kinds if any(field in row for field in kind.telling)), kinds[0])


def letter(place: int) -> str:
    """The letter of an option: A to Z, then AA, AB, ..."""
    ahead, last = divmod(place, len(ascii_uppercase))
    return (letter(ahead - 1) if ahead else "") + ascii_uppercase[last]


def letters(count: int) -> list[str]:
    """The letters of this many options."""
    return [letter(place) for place in range(count)]


def text(row: Row, field: str) -> str:
    """The text of a required field.

    Raises:
        ItemError: if it is missing or empty, or a list.
    """
    value = row.get(field)
    if value is None or value != value or not str(value).strip():
        raise ItemError(f"no {field}; {REMEDY}")
    if isinstance(value, list | tuple | Mapping):
        raise ItemError(f"{field} is a {'list' if isinstance(value, list | tuple) else 'mapping'}, not a text; {REMEDY}")
    if told := unfit(str(value)):
        raise ItemError(f"{field} has {told}, which is no character of a text; {REMEDY}")
    return str(value)


def place_of(row: Row, field: str, known: Iterable[object]) -> int:
    """The index of a field's value among its allowed values.

    Raises:
        ItemError: if it is empty or none of them; names the field, the value and what is allowed.
    """
    value, names = text(row, field), [str(name) for name in known]
    if value not in names:
        raise ItemError(f"{field} {row[field]!r} is none of {', '.join(names)}; {REMEDY}")
    return names.index(value)


def _first(row: Row, fields: Iterable[str], otherwise: object) -> object:
    """The first non-empty field among several."""
    return next((row[field] for field in fields if row.get(field) not in (None, "")), otherwise)


def _options(row: Row) -> tuple[str, ...]:
    """An item's options, from a list or from one field per option."""
    listed = _listed(row)
    if listed is not None:
        stated: Row = {f"choices[{place}]": option for place, option in enumerate(listed)}
    else:
        known = [f"option_{name.lower()}" for name in letters(len(ascii_uppercase))]
        last = max((place for place, name in enumerate(known) if name in row), default=-1)
        stated = {name: row.get(name) for name in known[: last + 1]}
        if not stated:
            raise ItemError(f"no choices, a list of options; {REMEDY}")
    return tuple(text(stated, name) for name in stated)


def _listed(row: Row) -> list[object] | None:
    """The list of options, which a table holds as JSON; None if a row has no list."""
    found = row.get("choices")
    if isinstance(found, str) and found.lstrip().startswith("["):
        try:
            found = json.loads(found)
        except json.JSONDecodeError as error:
            raise ItemError(f"choices is not a list in JSON ({error}); {REMEDY}") from None
    return found if isinstance(found, list) else None


def _all_different(options: Sequence[str]) -> None:
    for place, option in enumerate(options):
        first = options.index(option)
        if first != place:
            raise ItemError(
                f"choices: options {letter(first)} and {letter(place)} are both {option!r}; {REMEDY}, or allow it with "
                "`duplicate_options: keep` in config/benchmarks.yaml"
            )


def _answer(row: Row, options: Sequence[str]) -> int:
    """The place of the correct option, from 0: as stated, or from its letter, its text, or its place counted from 1."""
    if row.get("answer") is None and "answer_from_1" in row:
        return place_of(row, "answer_from_1", range(1, len(options) + 1))
    found = _stated_answer(row, options)
    if row.get("answer_from_1") is not None and place_of(row, "answer_from_1", range(1, len(options) + 1)) != found:
        raise ItemError(f"answer and answer_from_1 name different options; {REMEDY}, or take one of the columns away")
    return found


def _stated_answer(row: Row, options: Sequence[str]) -> int:
    """The place that `answer` names."""
    answer, names, places = row.get("answer"), letters(len(options)), range(len(options))
    if isinstance(answer, float) and answer.is_integer():
        answer = int(answer)
    if isinstance(answer, int) and not isinstance(answer, bool):
        if answer not in places:
            raise ItemError(f"answer {answer} is none of the places 0 to {len(options) - 1}; {REMEDY}{_from_1(answer, options)}")
        return answer
    said = text(row, "answer").strip()
    if said in names and _listed(row) is None:
        return names.index(said)
    number = int(said) if said.isascii() and said.isdigit() and len(said) < MOST_DIGITS else None
    found = {known.index(said) for known in (names, list(options)) if said in known}
    spelled = said in options and isinstance(row.get("choices"), list)  # JSON has numbers for places
    if number is not None and number in places and not spelled:
        found.add(number)
    plain = said.strip("().: ").upper()
    if not found and plain in names:
        return names.index(plain)  # a, (a), A. and A)
    if len(found) > 1:
        raise ItemError(
            f"answer {said!r} is the letter or place of one option and the text of another; give its place as a number, counted "
            "from 0, or its letter"
        )
    if not found:
        known = f"none of {', '.join(names)}, nor the text of an option, nor its place"
        raise ItemError(f"answer {shown(said)} is {known}; {REMEDY}{_from_1(number, options)}")
    return found.pop()


def _from_1(number: int | None, options: Sequence[str]) -> str:
    """The further remedy for a place that would be right if it were counted from 1."""
    return "; if the file counts from 1, name the field `answer_from_1`" if number == len(options) else ""
