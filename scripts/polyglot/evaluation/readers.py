"""How the rows of data sets with a schema of their own are read as items (`items` in config/benchmarks.yaml).

A schema of one's own is added from a plugin: `READERS.add("mine", Reader(...))`. A data set that already has `question`,
`choices` and `answer` needs none (see `polyglot.evaluation.forms`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from polyglot.core.lookup import Lookup
from polyglot.evaluation.forms import REMEDY, Choice, Item, ItemError, Preference, Problem, Row, place_of, text

CATEGORIES = {
    "Chat": ("alpacaeval-easy", "alpacaeval-length", "alpacaeval-hard", "mt-bench-easy", "mt-bench-med"),
    "Chat Hard": (
        *("mt-bench-hard", "llmbar-natural", "llmbar-adver-neighbor", "llmbar-adver-GPTInst", "llmbar-adver-GPTOut"),
        "llmbar-adver-manual",
    ),
    "Safety": ("refusals-dangerous", "refusals-offensive", "xstest-should-refuse", "xstest-should-respond", "donotanswer"),
    "Reasoning": ("math-prm", "hep-cpp", "hep-go", "hep-java", "hep-js", "hep-python", "hep-rust"),
}
"""RewardBench's subsets by category (Lambert et al., 2024, arXiv 2403.13787, table 1), for data sets that name subsets only."""
RELATIONS = ("cause", "effect")
"""What an item of XCOPA asks for."""
FULL_STOPS = ".。"


@dataclass(frozen=True)
class Reader:
    """How a data set's rows become rows that state an item.

    Attributes:
        name: its name in config/benchmarks.yaml.
        makes: the kind of item that its rows state.
        fields: fields that every row has, as published.
        read: (row, words) to a row as `makes` reads it; raises `ItemError` for values that cannot be.
        words: words that it puts into questions and options, in English; an entry may give them in other languages (`words`).
    """

    name: str
    makes: type[Item]
    fields: tuple[str, ...]
    read: Callable[[Row, Sequence[str]], dict[str, Any]]
    words: tuple[str, ...] = ()


def _as_it_is(row: Row, words: Sequence[str]) -> dict[str, Any]:
    return dict(row)


def _reward_bench(row: Row, words: Sequence[str]) -> dict[str, Any]:
    """The multilingual data set calls subsets `source`; a category follows from its subset."""
    subset = row.get("subset") or row.get("source")
    known = {subset: category for category, subsets in CATEGORIES.items() for subset in subsets}
    return dict(row) | {"subset": subset, "category": row.get("category") or known.get(str(subset))}


def _xcopa(row: Row, words: Sequence[str]) -> dict[str, Any]:
    """XCOPA (Ponti et al., 2020, arXiv 2005.00333): a premise, and two sentences of which one is its cause, or its effect.

    Asked as the premise without its full stop and a connecting word (`because`, `so`), which either sentence continues: the usual
    form of COPA. The two sentences are as published.
    """
    relation = RELATIONS[place_of(row, "question", RELATIONS)]
    connective = words[RELATIONS.index(relation)]
    return {
        "id": row["idx"],
        "question": f"{text(row, 'premise').strip().rstrip(FULL_STOPS)} {connective}",
        "choices": [text(row, "choice1"), text(row, "choice2")],
        "answer": place_of(row, "label", (0, 1)),
        "category": relation,
        "subset": relation,
    }


def _xnli(row: Row, words: Sequence[str]) -> dict[str, Any]:
    """XNLI (Conneau et al., 2018, arXiv 1809.05053): whether a premise entails a hypothesis, is neutral to it or contradicts it.

    Asked in a form that needs no grammar of any language: the two sentences, one a line, and three label words to choose from.
    The words are the data set's own labels, unless the entry gives a language's (`words`, in the order of the labels). It is not
    the usual prompt ("premise, right? Yes, hypothesis"): compare models under it with each other, not with published numbers.
    """
    return {
        "question": f"{text(row, 'premise')}\n{text(row, 'hypothesis')}",
        "choices": list(words),
        "answer": place_of(row, "label", range(len(words))),
    }


def _commonsense_qa(row: Row, words: Sequence[str]) -> dict[str, Any]:
    """CommonsenseQA (Talmor et al., 2019, arXiv 1811.00937): a question, lettered options, the letter of the right one.

    Its published test split has no answers: the items are those of its validation split.
    """
    stated = row["choices"]
    names, options = (stated.get("label"), stated.get("text")) if isinstance(stated, dict) else (None, None)
    if not isinstance(names, list) or not isinstance(options, list) or len(names) != len(options):
        raise ItemError(f"choices {stated!r} is not {{label: [...], text: [...]}} with a text for each label; {REMEDY}")
    return {
        "id": row["id"],
        "question": text(row, "question"),
        "choices": options,
        "answer": place_of(row, "answerKey", names),
    }


GLOBAL_MMLU = ("sample_id", "subject", "subject_category", "question", "option_a", "option_b", "option_c", "option_d", "answer")

READERS = Lookup[Reader](
    "reader of items",
    {
        "global-mmlu": Reader("global-mmlu", Choice, GLOBAL_MMLU, _as_it_is),
        "m-rewardbench": Reader("m-rewardbench", Preference, ("id", "prompt", "chosen", "rejected"), _reward_bench),
        "mgsm": Reader("mgsm", Problem, ("question", "answer_number"), _as_it_is),
        "xcopa": Reader(
            "xcopa", Choice, ("premise", "choice1", "choice2", "question", "label", "idx"), _xcopa, words=("because", "so")
        ),
        "xnli": Reader(
            "xnli", Choice, ("premise", "hypothesis", "label"), _xnli, words=("entailment", "neutral", "contradiction")
        ),
        "commonsenseqa": Reader("commonsenseqa", Choice, ("id", "question", "choices", "answerKey"), _commonsense_qa),
    },
)
"""By the data set whose published schema it reads: others of the same schema name the same reader."""
