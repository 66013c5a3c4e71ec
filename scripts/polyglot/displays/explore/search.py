"""The index of a page's search: for every word, the chunks that have it.

A search loads the few parts of the index that can have its words, and then only chunks that have all of them. Scripts without
spaces between words are indexed by pairs of characters. What is found stands at the beginning of a word, after white space or any
sign (`mail` in `e-mail`), or anywhere in such a script. index.js reads the same parts and splits a text in the same way.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from polyglot.core.text import UNSPACED
from polyglot.displays.explore.script import write_part

PARTS = 64
"""Files of the index."""
LONGEST = 12
"""Characters of a word that are kept: longer words begin alike only where they are related."""
COMMON = 0.5
"""A word in more than this share of the chunks tells little: for it stands 0 in place of a list."""
RUNS = re.compile(f"[{UNSPACED}]+|[^{UNSPACED}\\s]+")


class Index:
    """Words and the chunks that have them."""

    def __init__(self) -> None:
        self.found: dict[str, list[int]] = {}

    def add(self, chunk: int, texts: Iterable[str]) -> None:
        """The texts of a chunk."""
        for word in {word for text in texts for word in words(text)}:
            self.found.setdefault(word, []).append(chunk)

    def parts(self, chunks: int) -> list[dict[str, Any]]:
        """The index in parts, by the place of each word (see `part_of`).

        Args:
            chunks: number of chunks in all.
        """
        made: list[dict[str, Any]] = [{} for _ in range(PARTS)]
        for word in sorted(self.found):
            having = self.found[word]
            made[part_of(word)][word] = having if len(having) <= COMMON * chunks else 0
        return made

    def write(self, folder: Path, chunks: int) -> None:
        """Every part as a script of the page."""
        for number, part in enumerate(self.parts(chunks)):
            write_part(folder / f"search-{number}.js", f"search-{number}", part)


def plain(text: str) -> str:
    """A text as it is compared: compatible characters and letter case are one, white space is a single space."""
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())


def words(text: str) -> set[str]:
    """The words of a text, and the parts of a word after signs in it; of scripts without spaces, every pair of neighbours."""
    found = set()
    for run in RUNS.findall(plain(text)):
        if re.match(f"[{UNSPACED}]", run):
            found |= {run[place : place + 2] for place in range(len(run) - 1)}
        else:
            found |= {run[start : start + LONGEST] for start in _starts(run)}
    return {word for word in found if len(word) > 1}


def _starts(run: str) -> Iterator[int]:
    """Where a letter or digit follows another sign, or nothing. Marks, such as vowel signs, belong to the letter before them."""
    within = False
    for place, character in enumerate(run):
        kind = unicodedata.category(character)[0]
        if kind in "LN" and not within:
            yield place
        within = kind in "LNM"


def part_of(word: str) -> int:
    """The part of the index that a word stands in, by its first two characters: words that begin alike stand together."""
    return (ord(word[0]) * 31 + ord(word[1])) % PARTS
