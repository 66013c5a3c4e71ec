"""Prompts and responses in a user's file: the layouts that people use, recognised by their columns.

The one reader of such files: for seed prompts, for data to select from, and for `polyglot check`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from polyglot.core.conversations import HISTORY, Conversation, Turns, conversation
from polyglot.core.rows import FileError, plain, read_rows
from polyglot.core.text import too_deep, unfit

PROMPTS = ("prompt", "instruction", "question")
RESPONSES = ("response", "output", "completion", "answer")
ADDED = ("input", "context")
"""Columns with the text of a prompt, of its response, and of what an instruction is about, in the order of preference."""
TURNS = {"messages": ("role", "content"), "conversations": ("from", "value"), "conversation": ("from", "value")}
"""Columns with a list of turns to the usual keys of a turn; the other keys are read as well."""
PEOPLE, MODELS, SYSTEM = ("user", "human", "prompter"), ("assistant", "gpt", "model", "chatgpt", "bot"), ("system", "developer")
"""Who speaks in a turn."""
LAYOUTS = {
    "prompts": "`prompt` (or `instruction`, `question`), without responses",
    "plain text": "a .txt file with one prompt a line",
    "prompts and responses": "`prompt`, `response` (or `completion`, `output`, `answer`)",
    "instructions": "`instruction`, `output` (or `response`); an `input` (or `context`) follows the instruction in a new line",
    "messages": "`messages`: a list of turns with `role` (system, user, assistant) and `content`",
    "ShareGPT": "`conversations`: a list of turns with `from` (system, human, gpt) and `value`",
}
"""Every layout, and the columns that it is recognised by; capitals do not matter."""
OWN = ("id", "lang", "source", "methods")
"""Further columns of a seed file."""
UNFIT = "it is no character of a text: delete it, or write the whole one"
NESTED = "lists or objects nested too deep to be read"
FOREIGN = ("choices", "option_a", "chosen", "rejected", "answer_number")
"""Columns of benchmark items, which are no seed prompts."""


@dataclass(frozen=True)
class Problem:
    """What is wrong in a row. `place` counts from 0 (see `polyglot.core.rows.read_rows`)."""

    place: int
    what: str
    remedy: str

    @property
    def kind(self) -> str:
        """What is wrong, without the row's own value."""
        return self.what.partition(" (value: ")[0]

    def __str__(self) -> str:
        return f"row {self.place + 1}: {self.what}; {self.remedy}"


@dataclass(frozen=True)
class Dialogues:
    """What a file holds.

    Attributes:
        path: the file.
        layout: a name in `LAYOUTS`.
        rows: the file's own rows and columns; their index is the place in the file, from 0.
        prompt, response: the texts, by the same index; "" where a row has none.
        problems: rows without a prompt, and values that are no text; their texts are "".
        notes: what is not read, in words.
        history: the turns before the prompt, as `polyglot.core.conversations.HISTORY`; None where only first turns are read.
    """

    path: Path
    layout: str
    rows: pd.DataFrame
    prompt: pd.Series
    response: pd.Series
    problems: list[Problem]
    notes: list[str] = field(default_factory=list)
    history: pd.Series | None = None

    @property
    def answered(self) -> pd.Series:
        """Which rows have a response."""
        return self.response.str.strip().astype(bool)

    def column(self, name: str) -> pd.Series | None:
        """The file's column of this name, whatever its capitals; None if there is none."""
        found = names_in(self.rows.columns).get(name)
        return None if found is None else self.rows[found]

    def only(self, places: pd.Index) -> Dialogues:
        """These rows alone; problems of others are left out."""
        kept = set(places)
        problems = [one for one in self.problems if one.place in kept]
        return replace(
            self,
            rows=self.rows.loc[places],
            prompt=self.prompt[places],
            response=self.response[places],
            problems=problems,
            history=None if self.history is None else self.history[places],
        )

    def check(self, problems: Iterable[Problem] = ()) -> None:
        """Raise what is wrong here, and these problems.

        Raises:
            FileError: names file, the first rows with the first problem, and the remedy.
        """
        found = sorted([*self.problems, *problems], key=lambda one: one.place)
        if not found:
            return
        first = found[0]
        places = [str(one.place + 1) for one in found if one.kind == first.kind]
        shown = ", ".join(places[:5]) + (", ..." if len(places) > 5 else "")
        raise FileError(f"{self.path}: row {shown}: {first.what}; {first.remedy}")


def names_in(columns: Iterable[Any]) -> dict[str, str]:
    """Names of columns in small letters to the names themselves; a name that is in small letters already wins."""
    known = [str(column) for column in columns]
    return {name.strip().lower(): name for name in known} | {name: name for name in known if name == name.lower()}


def read_dialogues(path: Path, turns: Turns = "first") -> Dialogues:
    """The prompts and responses of a file.

    Args:
        turns: of a dialogue with several turns, `first` reads the first prompt and the response to it; `all` reads the last
            prompt, the response to it, and all turns before.

    Raises:
        FileError: for a file that cannot be read, or whose layout is not known (names its columns and the remedy). Problems in
            rows are in the result.
    """
    path = Path(path)
    rows = read_rows(path)
    if rows.empty:
        raise FileError(f"{path}: no rows; {'write one prompt a line' if path.suffix == '.txt' else 'add some'}")
    named = names_in(rows.columns)
    column = next((name for name in TURNS if name in named), None)
    if column is not None:
        return _of_turns(path, rows, named[column], "messages" if column == "messages" else "ShareGPT", turns)
    prompt = next((name for name in PROMPTS if name in named), None)
    if prompt is None or any(name in named for name in FOREIGN):
        raise FileError(f"{path}: {_strange(rows.columns, named)}")
    found = _of_columns(path, rows, named, prompt)
    return found if turns == "first" else _with_histories(found, named.get(HISTORY))


def _strange(columns: Iterable[Any], named: Mapping[str, str]) -> str:
    """Why a file holds no prompts, and what to do."""
    found = f"found: {', '.join(map(str, columns))}"
    if any(name in named for name in FOREIGN):
        return f"items of a benchmark, not prompts ({found}). Name them in evaluation.benchmarks, or another file here"
    ways = "; ".join(f"{name}: {about}" for name, about in LAYOUTS.items())
    return f"missing column(s): no prompts are recognised; {found}. Rename your columns. What is recognised: {ways}"


def _of_columns(path: Path, rows: pd.DataFrame, named: Mapping[str, str], prompt: str) -> Dialogues:
    response = next((name for name in RESPONSES if name in named and name != prompt), None)
    added = next((name for name in ADDED if name in named), None) if prompt == "instruction" else None
    problems: list[Problem] = []
    texts = _texts(rows[named[prompt]], "prompt", named[prompt], problems, needed=True)
    if added is not None:
        more = _texts(rows[named[added]], added, named[added], problems)
        texts = pd.Series([f"{a}\n{b}" if b.strip() else a for a, b in zip(texts, more, strict=True)], rows.index, dtype=object)
    answers = (
        pd.Series("", rows.index, dtype=object)
        if response is None
        else _texts(rows[named[response]], "response", named[response], problems)
    )
    layout = "instructions" if prompt == "instruction" and response else "prompts and responses"
    if not answers.str.strip().astype(bool).any():
        layout = "plain text" if path.suffix.lower() == ".txt" else "prompts"
    others = [str(name) for name in rows.columns if name not in (named[prompt], named.get(added or "")) and name not in OWN]
    notes = (
        [f"no responses: none of the columns is {', '.join(RESPONSES)}; not read: {', '.join(others)}"]
        if others and response is None
        else []
    )
    return Dialogues(path, layout, rows, texts, answers, sorted(problems, key=lambda one: one.place), notes)


def _texts(values: pd.Series, what: str, column: str, problems: list[Problem], *, needed: bool = False) -> pd.Series:
    """The texts of a column; what is missing or no text becomes "", and a problem if the text is needed or of another kind."""
    found = []
    for place, value in zip(values.index, values, strict=True):
        missing = value is None or (isinstance(value, float) and value != value)
        if not missing and not isinstance(value, str):
            problems.append(
                Problem(place, f"{what} is not text in column '{column}' (value: {plain(value)!r})", "put it in quotes")
            )
        elif not missing and (told := unfit(value)):
            problems.append(Problem(place, f"{what} with {told} in column '{column}'", UNFIT))
        elif needed and (missing or not value.strip()):
            told = f"empty {what} in column '{column}' (value: {value!r})"
            problems.append(Problem(place, told, "fill it in or delete the row"))
        found.append(value if isinstance(value, str) and not unfit(value) else "")
    return pd.Series(found, values.index, dtype=object)


def _with_histories(found: Dialogues, column: str | None) -> Dialogues:
    """A file of prompts with the turns before them, if it has that column: a list of turns, or its text."""
    texts, problems = pd.Series("", found.rows.index, dtype=object), list(found.problems)
    for place, value in zip(found.rows.index, [] if column is None else found.rows[column], strict=column is not None):
        if value is None or (isinstance(value, str | float) and (value == "" or value != value)):
            continue
        try:
            texts[place] = conversation([*turns_of(value), ("prompt", "asked")]).history
        except ValueError as error:
            problems.append(Problem(place, f"{error} in column '{column}'", "correct the row or delete it"))
    return _after(found, texts, sorted(problems, key=lambda one: one.place))


def _after(found: Dialogues, history: pd.Series, problems: list[Problem]) -> Dialogues:
    """What a file holds, with the turns before its prompts."""
    notes = [*found.notes, f"{int((history != '').sum()):,} rows have earlier turns or a system turn, for `respond` alone"]
    return replace(found, history=history, problems=problems, notes=notes)


def _of_turns(path: Path, rows: pd.DataFrame, column: str, layout: str, read: Turns) -> Dialogues:
    pairs: list[tuple[str, str, str]] = []
    problems: list[Problem] = []
    counts = {"a system turn": 0, "turns after the first response": 0}
    for place, value in zip(rows.index, rows[column], strict=True):
        try:
            turns = turns_of(value)
            found, unread = (conversation(turns), ()) if read == "all" else _first_of(turns)
            if told := unfit("".join(found)):
                raise ValueError(f"a turn with {told}, which is no character of a text,")
            for what in unread:
                counts[what] += 1
            pairs.append(found)
        except ValueError as error:
            problems.append(Problem(place, f"{error} in column '{column}'", "correct the row or delete it"))
            pairs.append(("", "", ""))
    texts = pd.DataFrame(pairs, rows.index, [HISTORY, "prompt", "response"], dtype=object)
    notes = [f"{count:,} rows have {what}, which is not read" for what, count in counts.items() if count]
    dialogues = Dialogues(path, layout, rows, texts["prompt"], texts["response"], problems, notes)
    return dialogues if read == "first" else _after(dialogues, texts[HISTORY], problems)


def _first_of(turns: Sequence[tuple[str, str]]) -> tuple[Conversation, list[str]]:
    """The first prompt of a dialogue with the response to it, and what is not read."""
    first = next((i for i, (who, said) in enumerate(turns) if who == "prompt" and said.strip()), None)
    if first is None:
        raise ValueError("no turn of a user with text")
    answer = turns[first + 1][1] if len(turns) > first + 1 and turns[first + 1][0] == "response" else ""
    unread = [*(["a system turn"] if any(who == "system" for who, _ in turns) else [])]
    unread += ["turns after the first response"] if len(turns) > first + 2 else []
    return Conversation("", turns[first][1], answer), unread


def turns_of(value: Any) -> list[tuple[str, str]]:
    """Who speaks (prompt, response, system, another) and what, turn by turn.

    Raises:
        ValueError: for what is no list of turns.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except json.JSONDecodeError:
            raise ValueError(f"a text, not a list of turns ({value[:30]!r})") from None
        except RecursionError:
            raise ValueError(NESTED) from None
        if too_deep(value):
            raise ValueError(NESTED)
    value = plain(value)
    if not isinstance(value, list):
        raise ValueError(f"{type(value).__name__}, not a list of turns")
    return [_turn(number, turn) for number, turn in enumerate(value, 1)]


def _turn(number: int, turn: Any) -> tuple[str, str]:
    if not isinstance(turn, Mapping):
        raise ValueError(f"turn {number} is no object")
    who, said = turn.get("role", turn.get("from")), turn.get("content", turn.get("value"))
    if isinstance(said, list) and all(isinstance(part, Mapping) and isinstance(part.get("text"), str) for part in said):
        said = "\n".join(part["text"] for part in said)
    if not isinstance(who, str) or not isinstance(said, str | None):
        keys = ", ".join(map(str, turn))
        raise ValueError(f"turn {number} has no `role` and `content`, or `from` and `value`, with texts (keys: {keys})")
    return _speaker(who.strip().lower()), said or ""


def _speaker(who: str) -> str:
    known: Sequence[tuple[Sequence[str], str]] = ((PEOPLE, "prompt"), (MODELS, "response"), (SYSTEM, "system"))
    return next((part for names, part in known if who in names), who)
