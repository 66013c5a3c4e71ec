"""Evaluation with lighteval: all benchmarks of a model in one start, with every example's outcome kept."""

from __future__ import annotations

import contextlib
import os
import random
import tempfile
import types
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from polyglot.core.hashing import stable_seed
from polyglot.evaluation.formulations import FORMULATIONS
from polyglot.evaluation.lighteval_inside import (
    LIGHTEVAL,
    data_sets_cached_in,
    details_of,
    gradients_left_as_they_are,
    only_our_tasks,
)
from polyglot.evaluation.numbers import final_number
from polyglot.evaluation.settings import Benchmark
from polyglot.evaluation.weights import WEIGHTED_BY_SUBSET, example_weights
from polyglot.models.tokenization import load_tokenizer

OUTCOME_COLUMNS = ("benchmark", "lang", "example_id", "category", "subset", "stratum", "weight", "correct", "answer")


@dataclass(frozen=True)
class Task:
    """One benchmark in one language: its rows are in `folder`/test.jsonl, few-shot rows in `folder`/dev.jsonl."""

    benchmark: str
    lang: str
    folder: Path
    settings: Benchmark

    @property
    def name(self) -> str:
        return f"{self.benchmark}:{self.lang}"


def evaluate(
    model: Path,
    tasks: list[Task],
    *,
    batch_size: int,
    seed: int = 0,
    plain: bool = False,
    chat_template: Path | None = None,
) -> pd.DataFrame:
    """Every example's outcome on every task.

    The model runs from a fresh folder under a neutral name, with caches of its own: lighteval keys its prediction cache by the
    model's path, and would return an older model's answers for new weights at the same path.

    Args:
        model: folder in transformers format. A model with a chat template is asked through it.
        seed: decides the order of chosen and rejected responses.
        plain: ask without chat format, even if the tokenizer has a chat template: for a pre-trained base.
        chat_template: a template in place of the tokenizer's own.

    Returns:
        Columns benchmark, lang, example_id, category, subset, stratum (items of equal weight, resampled together), weight
        (sums to 1 over a task), correct (0 or 1), answer.

    Raises:
        FileNotFoundError: if a benchmark's file is missing.
        ValueError: if there are fewer few-shot rows than shots.
    """
    for task in tasks:
        few_shot = task.folder / "dev.jsonl"
        rows = len(few_shot.read_text(encoding="utf-8").splitlines()) if few_shot.exists() else 0
        if rows < task.settings.shots:
            key = f"evaluation.benchmarks.{task.benchmark}.shots"
            raise ValueError(f"{few_shot}: {rows} rows for {task.settings.shots} few-shot examples; add rows or lower {key}")
        if not (task.folder / "test.jsonl").exists():
            raise FileNotFoundError(f"{task.folder}/test.jsonl: no data for benchmark '{task.benchmark}' in '{task.lang}'")
    model, folders = Path(model).resolve(), {task.name: task.folder.resolve() for task in tasks}
    template = chat_template.resolve() if chat_template else None
    with tempfile.TemporaryDirectory(prefix="lighteval-") as scratch, _inside(scratch), gradients_left_as_they_are():
        _place(model, template)
        details = _run_lighteval(tasks, folders, batch_size=batch_size, seed=seed, plain=plain)
    outcomes = pd.concat([_outcomes(task, details[task.name]) for task in tasks], ignore_index=True)
    return outcomes.loc[:, list(OUTCOME_COLUMNS)]


def card_line(tasks: Iterable[Task], outcomes: pd.DataFrame) -> str:
    """What was run and what came out, as a line for a model card: each benchmark's language, formulation, shots, score with its
    standard error over items, and number of items."""
    parts = []
    for task in tasks:
        found = outcomes[(outcomes["benchmark"] == task.benchmark) & (outcomes["lang"] == task.lang)]
        weight, correct = found["weight"].to_numpy(float), found["correct"].to_numpy(float)
        score = float(weight @ correct)
        error = float(np.sqrt(weight**2 @ (correct - score) ** 2))
        settings = f"{task.settings.formulation}, {task.settings.shots}-shot"
        parts.append(f"{task.benchmark} ({task.lang}, {settings}) {score:.3f} ± {error:.3f} (n = {len(found)})")
    return f"lighteval {version('lighteval')}: {'; '.join(parts)}"


def no_outcomes() -> pd.DataFrame:
    """The outcomes of a student that there is not: the columns of `evaluate`, and no row."""
    return pd.DataFrame(columns=list(OUTCOME_COLUMNS))


def _place(model: Path, chat_template: Path | None) -> None:
    """The folder `model`: links to the model's files, with another chat template if one is given."""
    if chat_template is None:
        os.symlink(model, "model")
        return
    load_tokenizer(model, chat_template).save_pretrained("model")
    for file in model.iterdir():
        if not (Path("model") / file.name).exists():
            os.symlink(file, Path("model") / file.name)


@contextlib.contextmanager
def _inside(folder: str) -> Iterator[None]:
    with contextlib.chdir(folder):
        yield


def _run_lighteval(
    tasks: list[Task], folders: dict[str, Path], *, batch_size: int, seed: int, plain: bool
) -> dict[str, list[Any]]:
    import torch
    from lighteval.logging.evaluation_tracker import EvaluationTracker
    from lighteval.models.transformers.transformers_model import TransformersModelConfig
    from lighteval.pipeline import ParallelismManager, Pipeline, PipelineParameters

    LIGHTEVAL.check_version()
    chat = not plain and load_tokenizer(Path("model")).chat_template is not None
    table = types.ModuleType("polyglot_tasks")
    table.TASKS_TABLE = [_task_config(task, folders[task.name], chat, seed) for task in tasks]  # type: ignore[attr-defined]

    gpu = torch.cuda.is_available()
    with only_our_tasks(), data_sets_cached_in(Path("datasets")):
        pipeline = Pipeline(
            tasks=",".join(f"{task.name}|{task.settings.shots}" for task in tasks),
            pipeline_parameters=PipelineParameters(
                launcher_type=ParallelismManager.ACCELERATE, custom_tasks_directory=table, bootstrap_iters=0
            ),
            evaluation_tracker=EvaluationTracker(output_dir="output", save_details=False),
            model_config=TransformersModelConfig(
                model_name="model",
                batch_size=batch_size,
                dtype="bfloat16" if gpu else "float32",
                device="cuda" if gpu else "cpu",
                cache_dir="cache",
                model_parallel=None if gpu else False,  # over all GPUs of the job: one does not hold the largest teachers
                override_chat_template=chat,
                add_special_tokens=not chat,  # a chat template brings its own begin token
                # without a chat template answers follow a space; in one they follow the template's own text
                multichoice_continuations_start_space=not chat,
                generation_parameters={"seed": seed},
            ),
        )
        pipeline.evaluate()
    found = details_of(pipeline)
    return {task.name: found[f"{task.name}|{task.settings.shots}"] for task in tasks}


def _task_config(task: Task, folder: Path, chat: bool, seed: int) -> Any:
    """The lighteval task: an item's query, its choices and the right one."""
    from lighteval.metrics.metrics_sample import LoglikelihoodAcc, SampleLevelComputation
    from lighteval.metrics.normalizations import LogProbCharNorm
    from lighteval.metrics.utils.metric_utils import Metric
    from lighteval.tasks.lighteval_task import LightevalTaskConfig
    from lighteval.tasks.requests import Doc, SamplingMethod

    settings = task.settings
    rows = len((folder / "test.jsonl").read_text(encoding="utf-8").splitlines())
    limit = min(settings.max_items or rows, rows)
    chosen = frozenset(random.Random(stable_seed("items", task.name, seed)).sample(range(rows), limit))

    class FinalNumber(SampleLevelComputation):
        """Whether the last number of the answer is the right one."""

        def compute(self, doc: Doc, model_response: Any, **_: Any) -> int:
            return int(final_number(model_response.final_text[0]) == final_number(doc.specific["gold"]))

    def ask(row: dict[str, Any], name: str | None = None) -> Doc | None:
        few_shot = bool(row["__few_shots"])
        if not few_shot and row["__index"] not in chosen:
            return None
        query, choices, gold, facts = FORMULATIONS[settings.formulation](row, few_shot, seed)
        return Doc(query=query, choices=choices, gold_index=gold, task_name=name, specific=facts)

    generative = settings.formulation == "generative"
    metric = Metric(
        metric_name="correct",
        higher_is_better=True,
        category=SamplingMethod.GENERATIVE if generative else SamplingMethod.LOGPROBS,
        sample_level_fn=FinalNumber() if generative else LoglikelihoodAcc(logprob_normalization=LogProbCharNorm()),
        corpus_level_fn=np.mean,
    )
    return LightevalTaskConfig(
        name=task.name,
        prompt_function=ask,
        hf_repo=str(folder),
        hf_subset="default",
        hf_avail_splits=["test", "validation"],
        evaluation_splits=["test"],
        few_shots_split="validation" if settings.shots else None,
        few_shots_select="sequential",
        metrics=[metric],
        generation_size=settings.max_new_tokens if generative else None,
        stop_sequence=[] if chat else ["\n\n"],
    )


def _outcomes(task: Task, details: list[Any]) -> pd.DataFrame:
    rows = []
    for detail in details:
        response = detail.model_response
        if task.settings.formulation == "generative":
            answer = response.final_text[0]
        else:
            scores = [
                logprob / max(len(choice), 1) for logprob, choice in zip(response.logprobs, detail.doc.choices, strict=True)
            ]
            answer = detail.doc.choices[int(np.argmax(scores))]
        facts = {key: detail.doc.specific[key] for key in ("example_id", "category", "subset")}
        rows.append(
            {"benchmark": task.benchmark, "lang": task.lang, **facts, "correct": int(detail.metric["correct"]), "answer": answer}
        )
    frame = pd.DataFrame(rows).sort_values("example_id", ignore_index=True)
    stratum = frame["category"] + "/" + frame["subset"] if task.benchmark == WEIGHTED_BY_SUBSET else task.benchmark
    return frame.assign(stratum=stratum, weight=example_weights(task.benchmark, frame))
