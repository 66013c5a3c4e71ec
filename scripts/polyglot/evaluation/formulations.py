"""."""

from __future__ import annotations

import random
from typing import Any

from polyglot.core.hashing import stable_seed


def _cloze(row: dict[str, Any], few_shot: bool, seed: int) -> tuple[str, list[str], int, dict[str, Any]]:
    options = [row[f"option_{letter}"] for letter in "abcd"]
    return row["question"], options, "ABCD".index(row["answer"]), _choice_facts(row)


def _letter_choice(row: dict[str, Any], few_shot: bool, seed: int) -> tuple[str, list[str], int, dict[str, Any]]:
    if "chosen" in row:
        responses, gold = _ordered_responses(row, seed)
        listed = "\n".join(f"[{letter}] {response}" for letter, response in zip("AB", responses, strict=True))
        query = f"{row['prompt']}\n\n{listed}\n\nWhich answer is better, A or B?"
        return query, ["A", "B"], gold, _preference_facts(row)
    listed = "\n".join(f"{letter}. {row[f'option_{letter.lower()}']}" for letter in "ABCD")
    return f"{row['question']}\n{listed}\nAnswer:", list("ABCD"), "ABCD".index(row["answer"]), _choice_facts(row)


def _likelihood(row: dict[str, Any], few_shot: bool, seed: int) -> tuple[str, list[str], int, dict[str, Any]]:
    responses, gold = _ordered_responses(row, seed)
    return row["prompt"], responses, gold, _preference_facts(row)


def _generative(row: dict[str, Any], few_shot: bool, seed: int) -> tuple[str, list[str], int, dict[str, Any]]:
    number = str(row["answer_number"])
    shown = (row.get("answer") or number) if few_shot else number
    facts = {"example_id": str(row["__index"]), "category": "math", "subset": "math", "gold": number}
    return row["question"], [shown], 0, facts


FORMULATIONS = {"cloze": _cloze, "letter": _letter_choice, "likelihood": _likelihood, "generative": _generative}
"""Formulation to a function of (row, is a few-shot example, seed): query, choices, index of the right one, facts."""


def _ordered_responses(row: dict[str, Any], seed: int) -> tuple[list[str], int]:
    """Chosen and rejected in a seeded order, and where the chosen one is."""
    gold = random.Random(stable_seed("order", row["id"], row["prompt"], seed)).randrange(2)
    responses = [row["chosen"], row["rejected"]]
    return (responses if gold == 0 else responses[::-1]), gold


def _choice_facts(row: dict[str, Any]) -> dict[str, Any]:
    return {"example_id": str(row["sample_id"]), "category": row["subject_category"], "subset": row["subject"]}


def _preference_facts(row: dict[str, Any]) -> dict[str, Any]:
    return {"example_id": str(row["id"]), "category": row["category"], "subset": row["subset"]}
