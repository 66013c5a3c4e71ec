"""What is shown, as plain values; light, because the workflow makes them before any job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Measured:
    """A metric and where a training set's examples have it."""

    name: str
    title: str
    digits: int
    better: str
    path: str
    column: str


@dataclass(frozen=True)
class TeacherSet:
    """The answers of a teacher in a language.

    Args:
        answers: file to its method.
        training: the training set that is mixed from them.
        embeddings: file with those of its examples, by which nearest neighbours are found; "" finds them by characters.
    """

    teacher: str
    lang: str
    answers: Mapping[str, str]
    training: str
    measured: Sequence[Measured]
    embeddings: str = ""
