"""Whole conversations of a source: a list of turns in a row, or rows that are a turn each and name the turn before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from polyglot.core.conversations import Conversation, conversation
from polyglot.core.dialogues import turns_of
from polyglot.registry.data import Source, Thread
from polyglot.seeds.sources import value_at


class _Turn(NamedTuple):
    parent: str
    role: Any
    text: Any


def reader(source: Source, rows: Callable[[], Iterable[Mapping[str, Any]]]) -> Callable[[Mapping[str, Any]], Conversation] | None:
    """Reads a row's conversation, or raises ValueError if it has none; None for a source that does not say where they are.

    Args:
        rows: all rows of the source. Of a source with a `thread` they are read once, and all their texts are held in memory.
    """
    if source.turns is not None:
        field = source.turns
        return lambda row: conversation(turns_of(value_at(row, field)))
    if source.thread is None:
        return None
    thread = source.thread
    known = {str(value_at(row, thread.id)): _turn(row, thread) for row in rows()}
    return lambda row: conversation(turns_of(_before(_turn(row, thread), known)))


def _turn(row: Mapping[str, Any], thread: Thread) -> _Turn:
    parent = value_at(row, thread.parent)
    named = "" if parent is None or parent != parent else str(parent)
    return _Turn(named, value_at(row, thread.role), value_at(row, thread.text))


def _before(last: _Turn, known: Mapping[str, _Turn]) -> list[dict[str, Any]]:
    """A turn after all turns before it."""
    turns, seen = [last], set()
    while (parent := turns[-1].parent) and parent not in seen:
        if parent not in known:
            raise ValueError(f"the turn {parent} is missing")
        seen.add(parent)
        turns.append(known[parent])
    return [{"role": turn.role, "content": turn.text} for turn in reversed(turns)]
