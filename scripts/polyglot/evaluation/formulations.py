"""Formulations: how an item is presented, what the model chooses or writes, and when it is correct.

A plugin adds its own formulation with `FORMULATIONS.add("mine", Formulation(...))`; it can then be used in `formulations` in
config/benchmarks.yaml and in a study.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from polyglot.core.hashing import stable_seed
from polyglot.core.lookup import Lookup
from polyglot.evaluation.forms import Choice, Expression, Item, Preference, Problem, letters
from polyglot.evaluation.math_answers import checker
from polyglot.evaluation.numbers import final_number, first_number
from polyglot.evaluation.open_forms import Compared, Open, Passage, Translation

JUDGE = """\
You are an impartial judge. Below are a question of a user and the responses of two assistants, A and B. Decide which assistant \
follows the user's instructions and answers the question better. Consider how helpful, relevant, accurate, deep, creative and \
detailed the responses are, and whether they are in the language of the question. Neither the order nor the length of the \
responses nor the names of the assistants may influence you. Be as objective as possible. Your verdict is one letter: A if \
assistant A is better, B if assistant B is better.

{prompt}"""
"""What M-RewardBench's judge is asked (Gureja et al., 2024, arXiv 2410.15522), in our words; without its request for an
explanation, which a likelihood of letters leaves no room for."""


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
        stops: texts that end what the model writes, in a chat too. None: in plain text an empty line does.
        whole: (all texts of the model, their items) to the outcome of each, where a score is one of all texts together.
        judged: a judge says later how good each text is: by a `rating`, or compared with a reference answer (`pair`).
        reads: the model neither writes nor chooses; what counts is the likelihood of a text that people wrote.
    """

    name: str
    takes: tuple[type[Item], ...]
    ask: Callable[[Any, bool, int], Asked]
    right: Callable[[str, Any], bool] | None = None
    stops: tuple[str, ...] = ()
    whole: Callable[[Sequence[str], Sequence[Any]], Any] | None = None
    judged: Literal["rating", "pair"] | None = None
    reads: bool = False

    @property
    def writes(self) -> bool:
        """Whether the model generates an answer instead of choosing one."""
        return self.right is not None or self.whole is not None or self.judged is not None

    def chance(self, item: Item) -> float:
        """Chance accuracy: one over the number of choices, 0 for generated answers, and of a text's bytes one in 256."""
        if self.reads:
            return 1 / 256
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


def _judge(item: Preference, few_shot: bool, seed: int) -> Asked:
    responses, gold = _ordered_responses(item, seed)
    names = letters(len(responses))
    listed = "\n".join(f"{name}. {response}" for name, response in zip(names, responses, strict=True))
    return Asked(f"{JUDGE.format(prompt=item.prompt)}\n{listed}\nAnswer:", names, gold)


def _likelihood(item: Preference, few_shot: bool, seed: int) -> Asked:
    responses, gold = _ordered_responses(item, seed)
    return Asked(item.prompt, responses, gold)


def _generative(item: Problem, few_shot: bool, seed: int) -> Asked:
    return Asked(item.question, [item.worked if few_shot and item.worked else str(item.number)], 0)


def _steps(item: Problem, few_shot: bool, seed: int) -> Asked:
    before, steps, _ = item.words
    gap = "" if not before or before.endswith("：") else " "
    return Asked(f"{before}{gap}{item.question}\n{steps}", _generative(item, few_shot, seed).choices, 0)


def _number(item: Problem, few_shot: bool, seed: int) -> Asked:
    return Asked(f"{item.question}\n\n{item.words[2]}\nAnswer:", [str(item.number)], 0)


def _math(item: Expression, few_shot: bool, seed: int) -> Asked:
    return Asked(f"{item.question}\n\n{item.words[0]}", [item.worked if few_shot and item.worked else item.boxed], 0)


def _right_expression(written: str, item: Expression) -> bool:
    """Whether an answer gives the right expression; what cannot be read or compared does not."""
    return checker().check(written, item.boxed).status == "right"


def _open(item: Open, few_shot: bool, seed: int) -> Asked:
    return Asked(item.turns[0], [item.references[0] if item.references else ""], 0)


def _read(item: Passage, few_shot: bool, seed: int) -> Asked:
    return Asked(item.passage, [""], 0)


def _chrf(written: Sequence[str], items: Sequence[Translation]) -> Any:
    """The parts of texts in their chrF++ (Popović, 2017), a hundredth of sacrebleu's."""
    from sacrebleu import CHRF

    from polyglot.evaluation.lighteval_outcomes import translation_outcomes

    return translation_outcomes([item.references for item in items], written, CHRF(word_order=2))


def _right_first_number(written: str, item: Problem) -> bool:
    """Whether an answer starts with the right number, as an answer without a solution does."""
    return _equal(first_number(written, item.lang), item.value)


def _right_number(written: str, item: Problem) -> bool:
    """Whether an answer gives the right number (see `polyglot.evaluation.numbers.final_number`), up to rounding of fractions."""
    return _equal(final_number(written, item.lang), item.value)


def _equal(found: float | None, right: float) -> bool:
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
        "judge": Formulation("judge", (Preference,), _judge),
        "generative": Formulation("generative", (Problem,), _generative, _right_number),
        "steps": Formulation("steps", (Problem,), _steps, _right_number),
        "number": Formulation("number", (Problem,), _number, _right_first_number, stops=("\n",)),
        "math": Formulation("math", (Expression,), _math, _right_expression),
        "rated": Formulation("rated", (Open, Compared), _open, judged="rating"),
        "compared": Formulation("compared", (Compared,), _open, judged="pair"),
        "chrf": Formulation("chrf", (Translation,), _open, whole=_chrf),
        "perplexity": Formulation("perplexity", (Passage,), _read, reads=True),
    },
    kind=Formulation,
)
"""`cloze`: multiple choice by the likelihood of the full options. `letter`: options, or two responses, are listed with letters,
and the model chooses a letter. `likelihood`: compares the chosen and the rejected response. `judge`: as
`letter`, after what M-RewardBench asks a judge. `generative`: the model writes a solution with a final number, or a number.
`steps`: the same in MGSM's own form, with the language's words for question and step-by-step answer, in few-shot examples and
items alike. `number`: the number alone is asked for, few-shot examples are numbers alone, and the first number on the first line
counts, as in the code of arXiv 2604.11290. `math`: a solution with a final expression, which math-verify compares with the right
one. `rated`: a judge rates what the model writes. `compared`: a judge compares it with a reference answer. `chrf`: it is a
translation, or another text with a reference, scored by chrF++. `perplexity`: the model reads texts that people wrote."""


def kinds_for(formulations: Sequence[str]) -> tuple[type[Item], ...]:
    """The kinds of item that all these formulations accept, in the order of the first."""
    first, *others = [FORMULATIONS[name].takes for name in formulations]
    return tuple(kind for kind in first if all(kind in takes for takes in others))
