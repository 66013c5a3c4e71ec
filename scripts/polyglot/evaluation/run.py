"""Evaluation with lighteval: all benchmarks of a model in one run, keeping every example's outcome."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from polyglot.core.files import read_jsonl
from polyglot.evaluation import with_lighteval
from polyglot.evaluation.forms import ONE_KIND
from polyglot.evaluation.lighteval_list import listed_task
from polyglot.evaluation.lighteval_outcomes import outcomes as outcomes_of
from polyglot.evaluation.lighteval_outcomes import reading_outcomes
from polyglot.evaluation.open_forms import Passage, dialogue_text
from polyglot.evaluation.tasks import Questions, Task, questions
from polyglot.evaluation.weights import example_weights, strata
from polyglot.evaluation.with_lighteval import Answered, Example, gradients_left_as_they_are

OUTCOME_COLUMNS = ("benchmark", "lang", "example_id", "category", "subset", "stratum", "weight", "correct", "answer", "chance")


def evaluate(
    model: Path,
    tasks: list[Task],
    *,
    batch_tokens: int,
    seed: int = 0,
    plain: bool = False,
    chat_template: Path | None = None,
    gpus: int = 1,
) -> pd.DataFrame:
    """Every example's outcome on every task.

    Args:
        model: folder in transformers format. A model's chat template is used if it has one.
        batch_tokens: most tokens of a batch, padding included.
        seed: determines the order of chosen and rejected responses.
        plain: use no chat format, even if the tokenizer has a chat template: for a pre-trained base. chat_template: a template
        that replaces the tokenizer's.
        gpus: how many GPUs the model is spread over, as many of them as there are.

    Returns:
        Columns benchmark, lang, example_id, category, subset, stratum (items of equal weight, resampled together), weight
        (sums to 1 over a task), correct (0 or 1; of tasks of lighteval their metric; NaN where a judge follows), answer (of
        several turns see `dialogue_text`), chance (the score of guessing, see `Formulation.chance`).

    Raises:
        FileNotFoundError: if a benchmark's file is missing.
        ValueError: if there are fewer few-shot rows than shots.
        BenchmarkError: if a row is not a valid item; names file, row, field and remedy.
    """
    asked = {task.name: (task, questions(task, seed)) for task in tasks if not task.settings.task}
    theirs = {task.name: task for task in tasks if task.settings.task}
    template = chat_template.resolve() if chat_template else None
    evaluated = with_lighteval.Evaluated(Path(model).resolve(), template, plain, batch_tokens, gpus)
    with gradients_left_as_they_are():
        details = with_lighteval.details(evaluated, asked, theirs, seed=seed)
    found = {name: _own_outcomes(*asked[name], answered) for name, answered in details.items() if name in asked}
    found |= {name: _their_outcomes(theirs[name], details[name]) for name in theirs}
    outcomes = pd.concat([_weighted(task, found[task.name]) for task in tasks], ignore_index=True)
    return outcomes.loc[:, list(OUTCOME_COLUMNS)]


def card_line(tasks: Iterable[Task], outcomes: pd.DataFrame) -> str:
    """Settings and results as a line for a model card: each benchmark's language, formulation, shots, score with its standard
    error over items, and number of items."""
    parts = []
    for task in tasks:
        found = outcomes[(outcomes["benchmark"] == task.benchmark) & (outcomes["lang"] == task.lang)]
        weight, correct = found["weight"].to_numpy(float), found["correct"].to_numpy(float)
        if np.isnan(correct).all():
            parts.append(f"{task.benchmark} ({task.lang}, {task.settings.formulation}) is judged later (n = {len(found)})")
            continue
        score = float(weight @ correct)
        error = float(np.sqrt(weight**2 @ (correct - score) ** 2))
        asked = task.settings.presented(task.benchmark, task.lang)
        parts.append(f"{task.benchmark} ({task.lang}, {asked}) {score:.3f} ± {error:.3f} (n = {len(found)})")
    return f"lighteval {version('lighteval')}: {'; '.join(parts)}"


def chance_scores(tasks: Iterable[Task], outcomes: pd.DataFrame) -> dict[str, float]:
    """The chance score of each task: per item, one over its number of options (see `Formulation.chance`)."""
    scores = {}
    for task in tasks:
        found = outcomes[(outcomes["benchmark"] == task.benchmark) & (outcomes["lang"] == task.lang)]
        chance = _chances(task)
        keys = found[["example_id", "category", "subset"]].itertuples(index=False, name=None)
        scores[task.name] = float(found["weight"].to_numpy(float) @ [chance[key] for key in keys])
    return scores


def _chances(task: Task) -> dict[tuple[str, str, str], float]:
    """The chance score of every item, by id, category and subset."""
    if not task.settings.task:
        return {(item.id, item.category, item.subset): task.formulation.chance(item) for item in questions(task, 0).items}
    writes = listed_task(task.settings.lighteval_name(task.benchmark, task.lang)).writes
    return {
        (row["id"], ONE_KIND, row["subset"] or ONE_KIND): 0.0 if writes else len(set(row["answer"])) / max(len(row["choices"]), 1)
        for row in read_jsonl(task.folder / "test.jsonl")
    }


def no_outcomes() -> pd.DataFrame:
    """Outcomes for a missing student: the columns of `evaluate`, without rows."""
    return pd.DataFrame(columns=list(OUTCOME_COLUMNS))


def _own_outcomes(task: Task, asked: Questions, answered: list[Answered]) -> list[dict[str, Any]]:
    """A row for each item of a task of ours."""
    form, examples = task.formulation, answered[0].examples
    items = [asked.items[example.doc.specific["place"]] for example in examples]
    answers = ["" if form.reads else _answer(example, form.writes) for example in examples]
    values = [example.value for example in examples]
    if form.whole is not None:
        values = list(form.whole(answers, items))
    elif form.reads:
        values = list(reading_outcomes(values, [len(item.passage.encode()) for item in items if isinstance(item, Passage)]))
    elif form.right is not None or not form.writes:
        values = [int(value) for value in values]
    rows = []
    for example, item, answer, value in zip(examples, items, answers, values, strict=True):
        facts = {"example_id": item.id, "category": item.category, "subset": item.subset}
        told = dialogue_text([answer, *example.further]) if example.further else answer
        rows.append({**facts, "correct": value, "answer": told, "chance": form.chance(item)})
    return rows


def _their_outcomes(task: Task, answered: list[Answered]) -> list[dict[str, Any]]:
    """A row for each item of a task of lighteval, with the part of it that the item belongs to as its subset."""
    rows = []
    for one in answered:
        values = outcomes_of([example.value for example in one.examples], one.part.aggregate, one.part.key)
        for example, value in zip(one.examples, values, strict=True):
            facts = {"example_id": example.doc.id, "category": ONE_KIND, "subset": one.part.name or ONE_KIND}
            written = bool(example.response.text)
            chance = 0.0 if written or len(example.doc.choices) < 2 else 1 / len(example.doc.choices)
            rows.append({**facts, "correct": float(value), "answer": _answer(example, written), "chance": chance})
    return rows


def _answer(example: Example, written: bool) -> str:
    """What the model wrote, or the choice with the highest log-likelihood per character."""
    response, choices = example.response, example.doc.choices
    if written:
        return str(response.final_text[0])
    scores = [logprob / max(len(choice), 1) for logprob, choice in zip(response.logprobs, choices, strict=True)]
    return str(choices[int(np.argmax(scores))])


def _weighted(task: Task, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """The outcomes of a task as a table, with the weight of each item."""
    frame = pd.DataFrame([{"benchmark": task.benchmark, "lang": task.lang, **row} for row in rows])
    frame = frame.sort_values("example_id", ignore_index=True)
    stratum = strata(task.weighting, task.benchmark, frame)
    return frame.assign(stratum=stratum, weight=example_weights(task.weighting, frame))
