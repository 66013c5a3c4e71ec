"""How an item is asked: what a model is shown, what it chooses from or writes, and when it is right.

A formulation of one's own is added from a plugin: `FORMULATIONS.add("mine", Formulation(...))`; it may then stand in
`formulations` in config/benchmarks.yaml and in a study.
"""

from __future__ import annotations

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
    """An item as a model sees it.

    Attributes:
        query: the text before the answer.
        choices: texts to choose from; of a formulation that writes, the one that a few-shot example shows.
        gold: the place of the right one.
    """

    query: str
    choices: list[str]
    gold: int


@dataclass(frozen=True)
class Formulation:
    """A way to ask items.

    Attributes:
        name: its name in config/benchmarks.yaml and in a study.
        takes: kinds of item that it can ask. What a row must have follows from them.
        ask: (item, is it a few-shot example, seed) to what the model sees.
        right: (what the model wrote, item) to whether it is right. None: the model writes nothing; it chooses the text in
            `choices` with the highest log-likelihood per character.
    """

    name: str
    takes: tuple[type[Item], ...]
    ask: Callable[[Any, bool, int], Asked]
    right: Callable[[str, Any], bool] | None = None

    @property
    def writes(self) -> bool:
        """Whether the model writes an answer, instead of choosing among texts."""
        return self.right is not None

    def chance(self, item: Item) -> float:
        """How often guessing is right: one in the number of texts to choose from, and never where the model writes."""
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
    return Asked(item.question, [(item.worked or item.number) if few_shot else item.number], 0)


def _right_number(written: str, item: Problem) -> bool:
    """Whether the last number of an answer is the right one."""
    return final_number(written) == final_number(item.number)


def _ordered_responses(item: Preference, seed: int) -> tuple[list[str], int]:
    """Chosen and rejected in a seeded order, and where the chosen one is."""
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
"""`cloze`: multiple choice by the likelihood of the full options. `letter`: options, or two responses, are listed under letters,
and a letter is chosen. `likelihood`: the chosen against the rejected response. `generative`: a final number is written."""


def kinds_for(formulations: Sequence[str]) -> tuple[type[Item], ...]:
    """The kinds of item that all of some formulations can ask, in the first one's order."""
    first, *others = [FORMULATIONS[name].takes for name in formulations]
    return tuple(kind for kind in first if all(kind in takes for takes in others))
