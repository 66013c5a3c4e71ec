"""Evaluation with lighteval: all benchmarks of a model in one run, keeping every example's outcome."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from polyglot.evaluation import with_lighteval
from polyglot.evaluation.lighteval_inside import gradients_left_as_they_are
from polyglot.evaluation.tasks import Questions, Task, questions
from polyglot.evaluation.weights import example_weights, strata

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
        (sums to 1 over a task), correct (0 or 1), answer, chance (the score of guessing, see `Formulation.chance`).

    Raises:
        FileNotFoundError: if a benchmark's file is missing.
        ValueError: if there are fewer few-shot rows than shots.
        BenchmarkError: if a row is not a valid item; names file, row, field and remedy.
    """
    asked = {task.name: (task, questions(task, seed)) for task in tasks}
    template = chat_template.resolve() if chat_template else None
    evaluated = with_lighteval.Evaluated(Path(model).resolve(), template, plain, batch_tokens, gpus)
    with tempfile.TemporaryDirectory(prefix="lighteval-") as scratch, _inside(scratch), gradients_left_as_they_are():
        details = with_lighteval.details(evaluated, asked, seed=seed)
    outcomes = pd.concat([_outcomes(*asked[task.name], details[task.name]) for task in tasks], ignore_index=True)
    return outcomes.loc[:, list(OUTCOME_COLUMNS)]


def card_line(tasks: Iterable[Task], outcomes: pd.DataFrame) -> str:
    """Settings and results as a line for a model card: each benchmark's language, formulation, shots, score with its standard
    error over items, and number of items."""
    parts = []
    for task in tasks:
        found = outcomes[(outcomes["benchmark"] == task.benchmark) & (outcomes["lang"] == task.lang)]
        weight, correct = found["weight"].to_numpy(float), found["correct"].to_numpy(float)
        score = float(weight @ correct)
        error = float(np.sqrt(weight**2 @ (correct - score) ** 2))
        settings = f"{task.settings.formulation}, {task.settings.shots}-shot"
        parts.append(f"{task.benchmark} ({task.lang}, {settings}) {score:.3f} ± {error:.3f} (n = {len(found)})")
    return f"lighteval {version('lighteval')}: {'; '.join(parts)}"


def chance_scores(tasks: Iterable[Task], outcomes: pd.DataFrame) -> dict[str, float]:
    """The chance score of each task: per item, one over its number of options (see `Formulation.chance`)."""
    scores = {}
    for task in tasks:
        found = outcomes[(outcomes["benchmark"] == task.benchmark) & (outcomes["lang"] == task.lang)]
        chance = {(item.id, item.category, item.subset): task.formulation.chance(item) for item in questions(task, 0).items}
        keys = found[["example_id", "category", "subset"]].itertuples(index=False, name=None)
        scores[task.name] = float(found["weight"].to_numpy(float) @ [chance[key] for key in keys])
    return scores


def no_outcomes() -> pd.DataFrame:
    """Outcomes for a missing student: the columns of `evaluate`, without rows."""
    return pd.DataFrame(columns=list(OUTCOME_COLUMNS))


@contextlib.contextmanager
def _inside(folder: str) -> Iterator[None]:
    with contextlib.chdir(folder):
        yield


def _outcomes(task: Task, asked: Questions, details: list[Any]) -> pd.DataFrame:
    rows = []
    for detail in details:
        response, item = detail.model_response, asked.items[detail.doc.specific["place"]]
        if task.formulation.writes:
            answer = response.final_text[0]
        else:
            scores = [
                logprob / max(len(choice), 1) for logprob, choice in zip(response.logprobs, detail.doc.choices, strict=True)
            ]
            answer = detail.doc.choices[int(np.argmax(scores))]
        facts = {"example_id": item.id, "category": item.category, "subset": item.subset}
        rows.append(
            {"benchmark": task.benchmark, "lang": task.lang, **facts, "correct": int(detail.metric["correct"]), "answer": answer}
            | {"chance": task.formulation.chance(item)}
        )
    frame = pd.DataFrame(rows).sort_values("example_id", ignore_index=True)
    stratum = strata(task.weighting, task.benchmark, frame)
    return frame.assign(stratum=stratum, weight=example_weights(task.weighting, frame))
