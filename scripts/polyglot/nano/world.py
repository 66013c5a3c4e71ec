"""A templated micro-world in several languages, with a known correct answer to every question.

An `Item` is independent of language: a category, a prompt template and the values of its slots. A `World` renders an item as a
`Pair` of prompt and response in a language. Items fall into three disjoint splits, the same in every language, so that no
translation of a test item is ever seen in training.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import yaml

from polyglot.core.errors import WrongInput
from polyglot.core.hashing import stable_seed

Split = Literal["pretrain", "seed", "test"]

ARITHMETIC = ("addition", "subtraction")
FACTS = ("capital", "colour", "opposite", "safety")
LISTS = ("count", "copy", "last")
CATEGORIES = (*ARITHMETIC, *FACTS, *LISTS)

HELD_OUT_SHARE = 0.15
"""Share of arithmetic and list items in each of the seed and test splits."""


@dataclass(frozen=True, order=True)
class Item:
    """One language-independent question: its category, prompt template, and the keys that fill the slots."""

    category: str
    template: int
    slots: tuple[str, ...]

    @property
    def key(self) -> str:
        return f"{self.category}/{self.template}/{'-'.join(self.slots)}"


@dataclass(frozen=True)
class Pair:
    """An item in one language: `answer` is the decisive part of `response`; `wrong` are wrong answers of the same kind."""

    item: Item
    lang: str
    prompt: str
    response: str
    answer: str
    wrong: tuple[str, ...]


class World:
    """The micro-world of the given languages, read from one YAML file per language.

    Raises:
        ValueError: if the languages' files do not have the same keys (names the file and the section).
    """

    def __init__(self, folder: Path, languages: Sequence[str]) -> None:
        self.languages = tuple(languages)
        self.lexicon: dict[str, dict[str, Any]] = {}
        for lang in self.languages:
            path = Path(folder) / f"{lang}.yaml"
            if not path.exists():
                known = ", ".join(sorted(p.stem for p in Path(folder).glob("*.yaml")))
                raise WrongInput(f"{path}: no micro-world in language '{lang}'; there is one in: {known}")
            self.lexicon[lang] = yaml.safe_load(path.read_text(encoding="utf-8"))
        first = self.languages[0]
        for lang, section in itertools.product(self.languages, self.lexicon[first]):
            expected, found = self.lexicon[first][section], self.lexicon[lang].get(section)
            if isinstance(expected, dict) and list(expected) != list(found or {}):
                raise WrongInput(f"{folder}/{lang}.yaml: section '{section}' must have the keys of {first}.yaml")
        for lang, category in itertools.product(self.languages, CATEGORIES):
            expected, found = (self.lexicon[name]["templates"][category] for name in (first, lang))
            if set(expected) != set(found) or len(expected["prompts"]) != len(found["prompts"]):
                raise WrongInput(f"{folder}/{lang}.yaml: templates.{category} must have the prompts and keys of {first}.yaml")

    # ---------------------------------------------------------------- items

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """Every item of the world, in a fixed order."""
        return tuple(itertools.chain(self._arithmetic(), self._facts(), self._lists()))

    def _templates(self, category: str) -> int:
        return len(self.lexicon[self.languages[0]]["templates"][category]["prompts"])

    def _arithmetic(self) -> Iterator[Item]:
        words = self.lexicon[self.languages[0]]
        additions = [("addition", a, b) for a in range(3, 10) for b in range(3, 10)]
        subtractions = [("subtraction", a, b) for a in range(6, 13) for b in range(3, 10) if a - b >= 3]
        for category, a, b in additions + subtractions:
            for name, thing, template in itertools.product(words["names"], words["objects"], range(self._templates(category))):
                yield Item(category, template, (name, thing, str(a), str(b)))

    def _facts(self) -> Iterator[Item]:
        words = self.lexicon[self.languages[0]]
        slots: dict[str, list[tuple[str, ...]]] = {
            "capital": [(country,) for country in words["capitals"]],
            "colour": [(thing,) for thing in words["things"]],
            "opposite": [(pair, side) for pair in words["opposites"] for side in ("0", "1")],
            "safety": list(itertools.product(words["private"], words["names"])),
        }
        for category, facts in slots.items():
            for fact, template in itertools.product(facts, range(self._templates(category))):
                yield Item(category, template, fact)

    def _lists(self) -> Iterator[Item]:
        words = list(self.lexicon[self.languages[0]]["words"])
        sizes = {"count": (3, 4, 5, 6), "copy": (3,), "last": (3, 4)}
        for category, lengths in sizes.items():
            rng = random.Random(stable_seed("lists", category))
            for length in lengths:
                lists = {tuple(rng.sample(words, length)) for _ in range(240 // len(lengths))}
                for chosen, template in itertools.product(sorted(lists), range(self._templates(category))):
                    yield Item(category, template, chosen)

    def split(self, item: Item) -> Split:
        """The split of an item. A fact has one prompt template held out for test and one for the seed dataset."""
        if item.category in FACTS:
            turn = stable_seed("fact", item.category, *item.slots)
            place = (item.template - turn) % self._templates(item.category)
            return "test" if place == 0 else "seed" if place == 1 else "pretrain"
        share = stable_seed("item", item.key) / 2**63
        return "test" if share < HELD_OUT_SHARE else "seed" if share < 2 * HELD_OUT_SHARE else "pretrain"

    def of_split(self, split: Split) -> dict[str, list[Item]]:
        """Items of a split by category."""
        found: dict[str, list[Item]] = {category: [] for category in CATEGORIES}
        for item in self.items:
            if self.split(item) == split:
                found[item.category].append(item)
        return found

    # ------------------------------------------------------------- rendering

    def pair(self, item: Item, lang: str) -> Pair:
        """Render an item in a language, with its right answer and plausible wrong ones."""
        fields = self._fields(item, lang)
        prompt: str = self.lexicon[lang]["templates"][item.category]["prompts"][item.template].format(**fields)
        answer, wrong = self._answers(item, lang)
        return Pair(item, lang, prompt, self.response(item, lang, answer), answer, wrong)

    def response(self, item: Item, lang: str, answer: str) -> str:
        """The response that states `answer`, right or wrong."""
        template: dict[str, str] = self.lexicon[lang]["templates"][item.category]
        fields = self._fields(item, lang)
        if item.category == "safety":
            refuses = answer == self._answers(item, lang)[0]
            return _capitalise(template["response" if refuses else "comply"].format(**fields, digits=answer))
        return template["response"].format(**fields, answer=answer, n=answer)

    def _fields(self, item: Item, lang: str) -> dict[str, str]:
        words, slots = self.lexicon[lang], item.slots
        if item.category in ARITHMETIC:
            name, thing, a, b = slots
            forms = words["objects"][thing]
            counted = forms["few" if 3 <= int(a) <= 10 else "many"]
            return {"name": words["names"][name], "objects": forms["many"], "objects_a": counted, "a": a, "b": b}
        if item.category == "capital":
            return {"country": words["capitals"][slots[0]][0]}
        if item.category == "colour":
            thing = words["things"][slots[0]][0]
            return {"thing": thing, "Thing": _capitalise(thing)}
        if item.category == "opposite":
            return {"word": words["opposites"][slots[0]][int(slots[1])]}
        if item.category == "safety":
            return {"private": words["private"][slots[0]], "name": words["names"][slots[1]]}
        return {"list": words["list_separator"].join(words["words"][word] for word in slots)}

    def _answers(self, item: Item, lang: str) -> tuple[str, tuple[str, ...]]:
        """The right answer, and the wrong ones in a fixed order that depends on the item."""
        words, slots = self.lexicon[lang], item.slots
        if item.category in ARITHMETIC:
            a, b = int(slots[2]), int(slots[3])
            right = a + b if item.category == "addition" else a - b
            answer, others = str(right), [str(n) for n in range(max(1, right - 4), right + 5)]
        elif item.category == "capital":
            answer, others = words["capitals"][slots[0]][1], [capital for _, capital in words["capitals"].values()]
        elif item.category == "colour":
            answer, others = words["colours"][words["things"][slots[0]][1]], list(words["colours"].values())
        elif item.category == "opposite":
            pair = words["opposites"][slots[0]]
            answer = pair[1 - int(slots[1])]
            others = [word for both in words["opposites"].values() for word in both if word not in pair]
        elif item.category == "safety":
            answer = words["templates"]["safety"]["response"].format(**self._fields(item, lang))
            others = [str(1000 + stable_seed(item.key, n) % 9000) for n in range(4)]
        elif item.category == "count":
            answer, others = str(len(slots)), [str(n) for n in range(3, 10)]
        elif item.category == "copy":
            named = [words["words"][word] for word in slots]
            joined = words["list_separator"].join
            answer, others = joined(named), [joined(order) for order in itertools.permutations(named)]
        else:
            answer, others = words["words"][slots[-1]], [words["words"][word] for word in slots[:-1]]
        wrong = sorted(set(others) - {answer})
        random.Random(stable_seed("wrong", item.key)).shuffle(wrong)
        return answer, tuple(wrong)

    def vocabulary(self, lang: str) -> list[str]:
        """The content words of a language."""
        words = self.lexicon[lang]
        found = [*words["words"].values(), *words["names"].values(), *words["colours"].values()]
        found += [form for forms in words["objects"].values() for form in forms.values()]
        found += [part for pair in words["opposites"].values() for part in pair]
        found += [capital for _, capital in words["capitals"].values()] + [str(n) for n in range(3, 19)]
        return sorted(set(found))

    # ---------------------------------------------------------------- oracle

    def solutions(self, lang: str) -> dict[str, Pair]:
        """Every prompt of the world in a language with its pair: the oracle that grades any answer."""
        return {pair.prompt: pair for pair in (self.pair(item, lang) for item in self.items)}


def _capitalise(text: str) -> str:
    return text[:1].upper() + text[1:]
