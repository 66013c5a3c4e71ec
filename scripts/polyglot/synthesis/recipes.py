"""Recipes: the names of training set mixtures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from polyglot.core.lookup import Lookup, unknown
from polyglot.synthesis.blocks import Blocks
from polyglot.synthesis.methods.base import METHODS, Method, default_methods

TRANSLATED = tuple(name for name, method in METHODS.items() if method.translated)
"""Methods in which a machine-translation model translates the prompt (and the teacher responds), or prompt and response."""

PUBLIC = "public"
"""The recipe of human-written data: the seed dataset's own prompts and responses."""

PEOPLE = "people"
"""Placeholder for the teacher of the recipe `public`."""

SPARE = 1.05
"""Requests for each wanted training example: the published study asked 10.5k for 10k."""

SIZE = re.compile(r"^(?P<mix>.+?)-(?P<size>\d+)(?P<thousands>k?)$")

RULES: Lookup[Any] = Lookup(
    "rule",
    {
        "mdaq": "polyglot.selection.rules:MDAQ",
        "mmr": "polyglot.selection.rules:MMR",
        "random": "polyglot.selection.rules:RANDOM",
        "quality-only": "polyglot.selection.rules:QUALITY_ONLY",
        "diversity-only": "polyglot.selection.rules:DIVERSITY_ONLY",
        "judged": "polyglot.selection.rules:JUDGED",
    },
)
"""Rules of recipes that select samples of the whole set. Only their names are used here; `polyglot.selection.rules` defines
them."""

SUFFIX = "a size such as -500 or -25k may follow"

WHOLE = "equal"
"""The recipe that these rules select from."""


@dataclass(frozen=True)
class Recipe:
    """How a training set is mixed. `parts` are methods or `public`; `examples` None means the study's training size, or its
    selection size; `rule` is the selection rule, if any."""

    name: str
    parts: tuple[str, ...]
    examples: int | None
    rule: str | None = None

    @property
    def written_by(self) -> Literal["teacher", "translator", "people"]:
        """The author of data that no teacher wrote."""
        authors: set[Literal["teacher", "translator", "people"]] = {method.written_by for method in self.methods}
        authors |= {"people"} if PUBLIC in self.parts else set()
        return authors.pop() if len(authors) == 1 else "teacher"

    @property
    def methods(self) -> list[Method]:
        """The methods among its parts."""
        return [METHODS[part] for part in self.parts if part in METHODS]


def without_size(name: str) -> str:
    """A recipe's name without the suffix that sets its size."""
    found = SIZE.match(name)
    return found["mix"] if found else name


def parse_recipe(name: str, methods: Sequence[str] | None = None) -> Recipe:
    """Parse a recipe's name: `equal` (all methods of the study), one method, several joined by +, or `public`; or one of `RULES`,
    which select from `equal`. A suffix such as -500 or -25k sets the number of examples.

    Args:
        methods: those of the study; None uses the defaults.

    Raises:
        ValueError: for an unknown part (lists the allowed ones, and the nearest).
    """
    methods = default_methods() if methods is None else methods
    found = SIZE.match(name)
    mix, examples = name, None
    if found:
        mix, examples = found["mix"], int(found["size"]) * (1000 if found["thousands"] else 1)
    rule = mix if mix in RULES else None
    parts = tuple(methods) if mix == WHOLE or rule else tuple(mix.split("+"))
    known = (WHOLE, *METHODS, PUBLIC, *RULES)
    for part in parts:
        if part not in (*METHODS, PUBLIC):
            raise ValueError(f"'{name}' is no recipe: {unknown('part', part, known)} (methods may be joined by +); {SUFFIX}")
    if examples == 0 or len(set(parts)) < len(parts):
        raise ValueError(f"'{name}' is no recipe: name each part once; {SUFFIX}")
    for method in (METHODS[part] for part in parts if part in METHODS):
        needed = method.rows_of if method.translated else method.name
        if needed not in methods:
            raise ValueError(f"'{name}' needs the method {needed}; the study's methods are: {', '.join(methods)}")
    return Recipe(name, parts, examples, rule)


def requests_needed(recipe: Recipe, *, requests: int) -> float:
    """Requests of a method that a recipe needs, with spare ones: those of its size, or all of the study's, if it names none.

    Args:
        requests: of the study (`synthesis.requests`).
    """
    return requests if recipe.examples is None or recipe.rule else recipe.examples / len(recipe.parts) * SPARE


def blocks_needed(recipe: Recipe, blocks: Blocks) -> int:
    """Blocks of requests per method that a recipe needs."""
    return blocks.holding(requests_needed(recipe, requests=blocks.requests))


def author(recipe: str, methods: Sequence[str], teacher: str, translator: str) -> str:
    """The author of a recipe's data: the teacher, the translator or humans."""
    written_by = parse_recipe(recipe, methods).written_by
    return {"teacher": teacher, "translator": translator, "people": PEOPLE}[written_by]
