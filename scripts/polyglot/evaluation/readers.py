"""Readers convert the rows of data sets with their own schema into items (`items` in config/benchmarks.yaml).

A plugin adds a schema with `READERS.add("mine", Reader(...))`. A data set that already has `question`, `choices` and `answer`
needs no reader (see `polyglot.evaluation.forms`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from polyglot.core.lookup import Lookup
from polyglot.evaluation.forms import (
    BOXED,
    PROBLEM_WORDS,
    REMEDY,
    Choice,
    Expression,
    Item,
    ItemError,
    Preference,
    Problem,
    Row,
    place_of,
    text,
)

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
"""The two question types of XCOPA."""
FULL_STOPS = ".。"


@dataclass(frozen=True)
class Reader:
    """Converts a data set's rows into item rows.

    Attributes:
        name: its name in config/benchmarks.yaml.
        makes: the kind of item that it produces.
        fields: fields that every published row has.
        read: (row, words) to a row for `makes`; raises `ItemError` for invalid values.
        words: English words that it puts into questions and options; an entry may translate them (`words`).
        telling: whether its fields tell its rows from prompts and responses.
    """

    name: str
    makes: type[Item]
    fields: tuple[str, ...]
    read: Callable[[Row, Sequence[str]], dict[str, Any]]
    words: tuple[str, ...] = ()
    telling: bool = True

    def item_row(self, row: Row, words: Sequence[str]) -> dict[str, Any]:
        """The row for `makes`.

        Raises:
            ItemError: if a field is missing or invalid; names it, and the remedy.
        """
        stated = without_nan(row)
        if lacking := [field for field in self.fields if field not in stated]:
            raise ItemError(f"no {lacking[0]}; {REMEDY}")
        return self.read(stated, words)


def without_nan(row: Row) -> dict[str, Any]:
    """A row without the fields that hold NaN, which tables and JSON have for what is missing."""
    return {name: value for name, value in row.items() if not isinstance(value, float) or value == value}


def _as_it_is(row: Row, words: Sequence[str]) -> dict[str, Any]:
    return dict(row)


def _reward_bench(row: Row, words: Sequence[str]) -> dict[str, Any]:
    """The multilingual data set calls subsets `source`; the subset determines the category."""
    subset = row.get("subset") or row.get("source")
    known = {subset: category for category, subsets in CATEGORIES.items() for subset in subsets}
    return dict(row) | {"subset": subset, "category": row.get("category") or known.get(str(subset))}


def _xcopa(row: Row, words: Sequence[str]) -> dict[str, Any]:
    """XCOPA (Ponti et al., 2020, arXiv 2005.00333): a premise and two sentences, one of which is its cause or effect.

    The prompt is the premise without its full stop, plus a connective (`because`, `so`), continued by either sentence: the usual
    form of COPA. The two sentences are unchanged.
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

    The prompt is independent of a language's grammar: the two sentences on separate lines, and three label words to choose from.
    The words are the data set's labels, unless the entry translates them (`words`, in the order of the labels). This is not the
    usual prompt ("premise, right? Yes, hypothesis"), so results are not comparable with published numbers.
    """
    return {
        "question": f"{text(row, 'premise')}\n{text(row, 'hypothesis')}",
        "choices": list(words),
        "answer": place_of(row, "label", range(len(words))),
    }


def _commonsense_qa(row: Row, words: Sequence[str]) -> dict[str, Any]:
    """CommonsenseQA (Talmor et al., 2019, arXiv 1811.00937): a question, lettered options, and the letter of the correct one.

    Its published test split has no answers, so the items come from the validation split.
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


def _mgsm(row: Row, words: Sequence[str]) -> dict[str, Any]:
    """MGSM (Shi et al., 2022, arXiv 2210.03057): in every language its answers are integers, with commas between thousands.

    Its few-shot examples begin with words for question and answer, its test items do not. The words are taken off, so that all
    are alike; a formulation puts those that it wants before both.
    """
    number, worked = row.get("answer_number"), row.get("answer")
    return dict(row) | {
        "question": _without(words[0], text(row, "question")),
        "answer": _without(words[1], str(worked)) if worked is not None else None,
        "answer_number": number.replace(",", "") if isinstance(number, str) else number,
        "words": list(words),
    }


def _gsm8k(row: Row, words: Sequence[str]) -> dict[str, Any]:
    """GSM8K (Cobbe et al., 2021, arXiv 2110.14168): a worked answer with calculations in `<<>>`, and the number after `####`."""
    worked, mark, number = re.sub(r"<<[^<>]*>>", "", text(row, "answer")).rpartition("####")
    if not mark:
        raise ItemError(f"answer has no number after ####; {REMEDY}")
    answer = f"{worked}#### {number.strip()}"
    return {
        "question": text(row, "question"),
        "answer": answer,
        "answer_number": number.replace(",", "").strip(),
        "words": list(words),
    }


def _svamp(row: Row, words: Sequence[str]) -> dict[str, Any]:
    """SVAMP (Patel et al., 2021, arXiv 2103.07191): a story, a question about it, and a number."""
    story = text(row, "Body").strip()
    question = f"{story if story.endswith(('.', '?', '!')) else f'{story}.'} {text(row, 'Question').strip()}"
    return {"question": question, "answer_number": row["Answer"], "words": list(words)}


def _math(row: Row, words: Sequence[str]) -> dict[str, Any]:
    """MATH (Hendrycks et al., 2021, arXiv 2103.03874): a problem, and a solution with its answer in `\\boxed{}`.

    MATH-500, a sample of it, has the answer in a column of its own.
    """
    solution = text(row, "solution")
    if row.get("answer") is None and "\\boxed" not in solution:
        raise ItemError(f"solution has no \\boxed{{}}, and there is no answer; {REMEDY}")
    answer = solution if row.get("answer") is None else text(row, "answer")
    named = {"id": row.get("unique_id"), "category": row.get("type") or row.get("subject"), "words": list(words)}
    return {"question": text(row, "problem"), "answer_math": answer, "answer": solution, **named}


def _without(word: str, told: str) -> str:
    """A text without the words and colon that it begins with, if it does; spaces between words may lack."""
    parts = [re.escape(part) for part in word.rstrip(":： ").split()]
    return re.sub(r"^\s*" + r"\s*".join([*parts, "[:：]", ""]), "", told)


GLOBAL_MMLU = ("sample_id", "subject", "subject_category", "question", "option_a", "option_b", "option_c", "option_d", "answer")

READERS = Lookup[Reader](
    "reader of items",
    {
        "global-mmlu": Reader("global-mmlu", Choice, GLOBAL_MMLU, _as_it_is),
        "m-rewardbench": Reader("m-rewardbench", Preference, ("id", "prompt", "chosen", "rejected"), _reward_bench),
        "mgsm": Reader("mgsm", Problem, ("question", "answer_number"), _mgsm, words=PROBLEM_WORDS),
        "xcopa": Reader(
            "xcopa", Choice, ("premise", "choice1", "choice2", "question", "label", "idx"), _xcopa, words=("because", "so")
        ),
        "xnli": Reader(
            "xnli", Choice, ("premise", "hypothesis", "label"), _xnli, words=("entailment", "neutral", "contradiction")
        ),
        "gsm8k": Reader("gsm8k", Problem, ("question", "answer"), _gsm8k, words=PROBLEM_WORDS, telling=False),
        "svamp": Reader("svamp", Problem, ("Body", "Question", "Answer"), _svamp, words=PROBLEM_WORDS),
        "math": Reader("math", Expression, ("problem", "solution"), _math, words=BOXED),
        "commonsenseqa": Reader("commonsenseqa", Choice, ("id", "question", "choices", "answerKey"), _commonsense_qa),
    },
    kind=Reader,
)
"""Readers are named after the data set whose schema they read; other data sets of that schema use the same reader."""
