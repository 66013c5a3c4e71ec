"""Formulations: how an item is presented, what the model chooses or writes, and when it is correct.

A plugin adds its own formulation with `FORMULATIONS.add("mine", Formulation(...))`; it can then be used in `formulations` in
config/benchmarks.yaml and in a study.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from polyglot.core.hashing import stable_seed
from polyglot.core.lookup import Lookup
from polyglot.evaluation.forms import Choice, Item, Preference, Problem, letters
from polyglot.evaluation.numbers import final_number


@dataclass(frozen=True)
class Asked:
    """An item as presented to a model.

    Attributes:
        query: the text before the answer.
        choices: texts to choose from; for a generative formulation, the answer shown in few-shot examples.
        gold: the index of the correct one.
    """

    query: str
    choices: list[str]
    gold: int


@dataclass(frozen=True)
class Formulation:
    """A way to present items to a model.

    Attributes:
        name: its name in config/benchmarks.yaml and in a study.
        takes: kinds of item that it accepts; they determine the fields that a row needs.
        ask: (item, whether it is a few-shot example, seed) to what the model sees.
        right: (the model's text, item) to whether it is correct. None: the model generates nothing and chooses the text in
            `choices` with the highest log-likelihood per character.
    """

    name: str
    takes: tuple[type[Item], ...]
    ask: Callable[[Any, bool, int], Asked]
    right: Callable[[str, Any], bool] | None = None

    @property
    def writes(self) -> bool:
        """Whether the model generates an answer instead of choosing one."""
        return self.right is not None

    def chance(self, item: Item) -> float:
        """Chance accuracy: one over the number of choices, and 0 for generated answers."""
        return 0.0 if self.writes else 1 / len(self.ask(item, False, 0).choices)


def _cloze(item: Choice, few_shot: bool, seed: int) -> Asked:
    return Asked(item.question, list(item.options), item.answer)


def _letter(item: Choice | Preference, few_shot: bool, seed: int) -> Asked:
    if isinstance(item, Preference):
        responses, gold = _ordered_responses(item, seed)
        names = letters(len(responses))
        listed = "\n".join(f"[{name}] {response}" for name, response in zip(names, responses, strict=True))
        return Asked(f"{item.prompt}\n\n{listed}\n\nWhich answer is better, A or B?", names, gold)
    names = letters(len(item.options))
    listed = "\n".join(f"{name}. {option}" for name, option in zip(names, item.options, strict=True))
    return Asked(f"{item.question}\n{listed}\nAnswer:", names, item.answer)


def _likelihood(item: Preference, few_shot: bool, seed: int) -> Asked:
    responses, gold = _ordered_responses(item, seed)
    return Asked(item.prompt, responses, gold)


def _generative(item: Problem, few_shot: bool, seed: int) -> Asked:
    return Asked(item.question, [item.worked if few_shot and item.worked else str(item.number)], 0)


def _right_number(written: str, item: Problem) -> bool:
    """Whether an answer gives the right number (see `polyglot.evaluation.numbers.final_number`), up to rounding of fractions."""
    right, found = item.value, final_number(written, item.lang)
    return found is not None and math.isclose(found, right, rel_tol=1e-9, abs_tol=1e-9)


def _ordered_responses(item: Preference, seed: int) -> tuple[list[str], int]:
    """Chosen and rejected response in a seeded order, and the index of the chosen one."""
    gold = random.Random(stable_seed("order", item.id, item.prompt, seed)).randrange(2)
    responses = [item.chosen, item.rejected]
    return (responses if gold == 0 else responses[::-1]), gold


FORMULATIONS = Lookup[Formulation](
    "formulation",
    {
        "cloze": Formulation("cloze", (Choice,), _cloze),
        "letter": Formulation("letter", (Choice, Preference), _letter),
        "likelihood": Formulation("likelihood", (Preference,), _likelihood),
        "generative": Formulation("generative", (Problem,), _generative, _right_number),
    },
)
"""`cloze`: multiple choice by the likelihood of the full options. `letter`: options, or two responses, are listed with letters,
and the model chooses a letter. `likelihood`: compares the chosen and the rejected response. `generative`: the model writes a
final number."""


def kinds_for(formulations: Sequence[str]) -> tuple[type[Item], ...]:
    """The kinds of item that all these formulations accept, in the order of the first."""
    first, *others = [FORMULATIONS[name].takes for name in formulations]
    return tuple(kind for kind in first if all(kind in takes for takes in others))
