"""Seed files: human-written prompts (and responses), in one schema."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Number
from pathlib import Path

import pandas as pd

from polyglot.core.conversations import HISTORY, Turns
from polyglot.core.dialogues import OWN, UNFIT, Dialogues, Problem, read_dialogues
from polyglot.core.hashing import content_id
from polyglot.core.rows import FileError, plain
from polyglot.core.text import storable, unfit
from polyglot.synthesis.methods.base import METHODS
from polyglot.synthesis.requests import FOR_METHODS, for_method

COLUMNS = ("id", "lang", "prompt", "response", "source")


def read_seed_file(path: Path, lang: str, known_languages: set[str], turns: Turns = "first") -> pd.DataFrame:
    """Read and check a user's seed file.

    Args:
        path: a file in any layout of `polyglot.core.dialogues`; the columns `id`, `lang`, `source` and `methods` are optional. A
            file may have no responses at all; if it has some, a row may lack its own if none of the row's methods needs it.
        lang: the language to read; if the file has a column `lang`, rows in other languages are skipped. known_languages: codes
        that `lang` may hold.
        turns: see `polyglot.core.dialogues.read_dialogues`.

    Returns:
        Columns id, lang, prompt, response, source, methods, and of all turns `HISTORY`; ids are content hashes unless the file
        has its own.

    Raises:
        FileError: unreadable file, unknown layout, empty prompt, unknown language or duplicate id; names file, row (the
            first is 1; a header is not counted, blank lines of JSONL are) and remedy.
    """
    return seeds_of(read_dialogues(path, turns), lang, known_languages)


def read_seed_dataset(
    files: Iterable[Path], lang: str, known_languages: set[str], turns: Turns = "first"
) -> tuple[pd.DataFrame, dict[str, int]]:
    """The rows of all files of a language's seed dataset (see `read_seed_file`), each once, and the number that each file has."""
    parts = {str(path): read_seed_file(path, lang, known_languages, turns) for path in files}
    whole = pd.concat(parts.values(), ignore_index=True).drop_duplicates("id", ignore_index=True)
    return whole, {path: len(part) for path, part in parts.items()}


def seeds_of(found: Dialogues, lang: str, known_languages: set[str]) -> pd.DataFrame:
    """The seed rows of a file that has been read (see `read_seed_file`)."""
    strange = _strange(found, known_languages)
    if strange:
        found.check(strange)
    stated = found.column("lang")
    frame = _frame(found)
    if stated is not None:
        frame = frame[stated == lang]
        found = found.only(frame.index)
    found.check(_without_response(frame))
    frame = frame.assign(lang=lang)
    if found.column("id") is not None:
        frame = frame.assign(id=frame["id"].astype(str))
        found.check(_same_ids(found))
    else:
        before = frame[HISTORY] if HISTORY in frame else [""] * len(frame)
        texts = zip(frame["prompt"], frame["response"], before, strict=True)
        frame = frame.assign(id=[seed_id(lang, *row) for row in texts]).drop_duplicates("id")
    if frame.empty:
        raise FileError(f"{found.path}: no rows in language '{lang}'; name another file in seed_dataset.files")
    columns = [*COLUMNS, FOR_METHODS, *([HISTORY] if HISTORY in frame else [])]
    return frame.loc[:, columns].astype(str).reset_index(drop=True)


def seed_id(lang: str, prompt: str, response: str, history: str = "") -> str:
    """The id of a seed row by its texts; that of a row without turns before its prompt does not depend on how turns are read."""
    return content_id(lang, prompt, response, *([history] if history else []))


def file_problems(found: Dialogues, known_languages: set[str]) -> list[Problem]:
    """Everything that is wrong in the rows of a seed file, in whichever language they are."""
    problems = [*found.problems, *_strange(found, known_languages), *_same_ids(found), *_without_response(_frame(found))]
    return sorted(problems, key=lambda one: one.place)


def _frame(found: Dialogues) -> pd.DataFrame:
    """The texts of a file, with its source, ids and methods where it has them."""
    name = storable(found.path.name)
    methods, source, ids = (found.column(name) for name in (FOR_METHODS, "source", "id"))
    return pd.DataFrame(
        {
            "prompt": found.prompt,
            "response": found.response,
            "source": name if source is None else source.fillna(name),
            FOR_METHODS: "" if methods is None else [" ".join(_named(value) or []) for value in methods],
            **({} if ids is None else {"id": ids}),
            **({} if found.history is None else {HISTORY: found.history}),
        },
        index=found.rows.index,
        dtype=object,  # of texts with half a character, which are told by row, pandas makes no column of texts
    )


def _strange(found: Dialogues, known_languages: set[str]) -> list[Problem]:
    """Values of the further columns that cannot be used."""
    return [*_unknown_languages(found, known_languages), *_no_characters(found), *_no_ids(found), *_no_methods(found)]


def _no_ids(found: Dialogues) -> list[Problem]:
    """Ids that are neither a text nor a number."""
    stated = found.column("id")
    return [
        Problem(place, f"no text in column 'id' (value: {value!r})", "give each row its own id, or drop the column")
        for place, value in ((place, plain(value)) for place, value in zip(*_by_place(stated), strict=True))
        if isinstance(value, bool) or not isinstance(value, str | Number) or value != value or not str(value).strip()
    ]


def _same_ids(found: Dialogues) -> list[Problem]:
    """Ids that an earlier row of the same language has."""
    ids, langs = found.column("id"), found.column("lang")
    if ids is None:
        return []
    texts = {"id": map(str, ids), "lang": [""] * len(ids) if langs is None else map(str, langs)}
    known = pd.DataFrame({name: list(column) for name, column in texts.items()}, index=ids.index, dtype=object)
    return [
        Problem(place, f"duplicate id in column 'id' (value: {one!r})", "give each row its own id, or drop the column")
        for place, one in zip(*_by_place(known.loc[known.duplicated(), "id"]), strict=True)
    ]


def _no_methods(found: Dialogues) -> list[Problem]:
    """Values of the column `methods` that are no names of methods."""
    stated, problems = found.column(FOR_METHODS), []
    for place, value in zip(*_by_place(stated), strict=True):
        named = _named(value)
        strange = next((name for name in named or [] if name not in METHODS), None)
        if named is None:
            told = f"neither a text nor a list of texts in column '{FOR_METHODS}' (value: {value!r})"
            problems.append(Problem(place, told, f"name methods, separated by spaces: {', '.join(METHODS)}"))
        elif strange is not None:
            remedy = "correct it, or leave it empty: the row is then for all methods"
            problems.append(Problem(place, f"{METHODS.unknown(strange)} in column '{FOR_METHODS}'", remedy))
    return problems


def _named(value: object) -> list[str] | None:
    """The methods that a row names, in a text or a list of texts; None for another value."""
    value = plain(value)
    if value is None or value != value:
        return []
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return " ".join(value).split()
    return value.split() if isinstance(value, str) else None


def _unknown_languages(found: Dialogues, known: set[str]) -> list[Problem]:
    stated = found.column("lang")
    if stated is None:
        return []
    strange = stated[~stated.isin(known)]
    return [
        Problem(place, f"unknown language in column 'lang' (value: {value!r})", "use a code of config/languages.yaml")
        for place, value in zip(*_by_place(strange), strict=True)
    ]


def _no_characters(found: Dialogues) -> list[Problem]:
    """Values of the further columns that no file can hold."""
    return [
        Problem(place, f"{told} in column '{name}'", UNFIT)
        for name in OWN
        if (column := found.column(name)) is not None
        for place, value in zip(*_by_place(column), strict=True)
        if (told := unfit(str(value)))
    ]


def _by_place(values: pd.Series | None) -> tuple[list[int], list[object]]:
    """Places in the file, and values; none of a column that is not there."""
    if values is None:
        return [], []
    return [int(place) for place in values.index.to_numpy()], list(values)


def _without_response(frame: pd.DataFrame) -> list[Problem]:
    """Rows without a response for a method that shows it. A file without any response holds prompts, which is in order, but for
    rows that name such a method."""
    answered = frame["response"].str.strip().astype(bool)
    meant = frame[FOR_METHODS].astype(bool) | bool(answered.any())
    lacking = frame.index[_need_response(frame) & ~answered & meant]
    remedy = "fill it in or delete the row; prompts alone are a file of their own, or name their methods in a column `methods`"
    return [Problem(place, "empty response in column 'response'", remedy) for place in lacking]


def sample_seeds(frame: pd.DataFrame, max_prompts: int | None, seed: int) -> pd.DataFrame:
    """A seeded uniform sample of at most `max_prompts` rows, in the order of their ids."""
    ordered = frame.sort_values("id", ignore_index=True)
    if max_prompts is None or len(ordered) <= max_prompts:
        return ordered
    return ordered.sample(max_prompts, random_state=seed).sort_values("id", ignore_index=True)


def _need_response(frame: pd.DataFrame) -> pd.Series:
    """Which rows are for a method that needs human-written responses."""
    needed = pd.Series(False, index=frame.index)
    for name, method in METHODS.items():
        needed |= method.needs_response & for_method(frame, name)
    return needed
