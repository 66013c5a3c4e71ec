"""Run tasks with lighteval, and return its record of every example.

Private parts of lighteval that this needs are in `polyglot.evaluation.lighteval_inside`.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from polyglot.core.files import write_jsonl
from polyglot.evaluation.lighteval_inside import DATASETS, LIGHTEVAL, data_sets_cached_in, details_of, only_our_tasks
from polyglot.evaluation.tasks import Questions, Task
from polyglot.models.loading import load_language_model
from polyglot.models.tokenization import answer_ends, load_tokenizer


@dataclass(frozen=True)
class Evaluated:
    """A model to evaluate, and how.

    Attributes:
        folder: in transformers format.
        chat_template: a template that replaces the tokenizer's.
        plain: use no chat format, even if the tokenizer has a chat template.
        batch_tokens: most tokens of a batch.
        gpus: how many GPUs the model is spread over, as many of them as there are.
    """

    folder: Path
    chat_template: Path | None
    plain: bool
    batch_tokens: int
    gpus: int


def details(model: Evaluated, tasks: Mapping[str, tuple[Task, Questions]], *, seed: int) -> dict[str, list[Any]]:
    """lighteval's record of every example, by task.

    The working directory is written to. lighteval loads rows that hold only an item's position; the items were read and checked
    before.

    Args:
        tasks: task name to the task and its content.
    """
    from lighteval.logging.evaluation_tracker import EvaluationTracker
    from lighteval.pipeline import ParallelismManager, Pipeline, PipelineParameters

    from polyglot.evaluation.lighteval_model import EvaluatedModel

    LIGHTEVAL.check_version()
    DATASETS.check_version()
    tokenizer = load_tokenizer(model.folder, model.chat_template)
    chat = not model.plain and tokenizer.chat_template is not None
    table = types.ModuleType("polyglot_tasks")
    folders = {name: Path("tasks").resolve() / str(number) for number, name in enumerate(tasks)}
    table.TASKS_TABLE = [  # type: ignore[attr-defined]
        _task_config(*tasks[name], folder, chat, seed) for name, folder in folders.items()
    ]
    asked = EvaluatedModel(
        load_language_model(model.folder, gpus=model.gpus),
        tokenizer,
        chat=chat,
        ends=answer_ends(model.folder, tokenizer),
        tokens=model.batch_tokens,
    )
    with only_our_tasks(), data_sets_cached_in(Path("datasets")):
        pipeline = Pipeline(
            tasks=",".join(f"{name}|{task.settings.shots}" for name, (task, _) in tasks.items()),
            pipeline_parameters=PipelineParameters(
                launcher_type=ParallelismManager.CUSTOM, custom_tasks_directory=table, bootstrap_iters=0
            ),
            evaluation_tracker=EvaluationTracker(output_dir="output", save_details=False),
            model=asked,
        )
        pipeline.evaluate()
    found = details_of(pipeline)
    return {name: found[f"{name}|{task.settings.shots}"] for name, (task, _) in tasks.items()}


def _task_config(task: Task, asked: Questions, folder: Path, chat: bool, seed: int) -> Any:
    """The lighteval task: an item's query, its choices and the index of the correct one."""
    from lighteval.tasks.lighteval_task import LightevalTaskConfig
    from lighteval.tasks.requests import Doc

    settings, formulation = task.settings, task.formulation
    write_jsonl([{"place": place} for place in range(len(asked.items))], folder / "test.jsonl")
    if settings.shots:
        write_jsonl([{"place": place} for place in range(len(asked.shots))], folder / "dev.jsonl")

    def ask(row: dict[str, Any], name: str | None = None) -> Doc | None:
        few_shot, place = bool(row["__few_shots"]), int(row["place"])
        if not few_shot and place not in asked.places:
            return None
        shown = formulation.ask((asked.shots if few_shot else asked.items)[place], few_shot, seed)
        choices = [choice.strip() for choice in shown.choices]
        return Doc(query=shown.query, choices=choices, gold_index=shown.gold, task_name=name, specific={"place": place})

    return LightevalTaskConfig(
        name=task.name,
        prompt_function=ask,
        hf_repo=str(folder),
        hf_subset="default",
        hf_avail_splits=["test", "validation"],
        evaluation_splits=["test"],
        few_shots_split="validation" if settings.shots else None,
        few_shots_select="sequential",
        metrics=[_metric(task, asked)],
        generation_size=settings.max_new_tokens if formulation.writes else None,
        stop_sequence=list(formulation.stops) or ([] if chat else ["\n\n"]),
    )


def _metric(task: Task, asked: Questions) -> Any:
    """Whether an example is correct: by the generated text, or by the most likely choice."""
    from lighteval.metrics.metrics_sample import LoglikelihoodAcc, SampleLevelComputation
    from lighteval.metrics.normalizations import LogProbCharNorm
    from lighteval.metrics.utils.metric_utils import Metric
    from lighteval.tasks.requests import Doc, SamplingMethod

    right = task.formulation.right

    class Written(SampleLevelComputation):
        """Whether the generated text is correct."""

        def compute(self, doc: Doc, model_response: Any, **_: Any) -> int:
            return int(right is not None and right(model_response.final_text[0], asked.items[doc.specific["place"]]))

    return Metric(
        metric_name="correct",
        higher_is_better=True,
        category=SamplingMethod.GENERATIVE if right else SamplingMethod.LOGPROBS,
        sample_level_fn=Written() if right else LoglikelihoodAcc(logprob_normalization=LogProbCharNorm()),
        corpus_level_fn=np.mean,
    )
