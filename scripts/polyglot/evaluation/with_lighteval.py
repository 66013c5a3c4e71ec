"""Run tasks with lighteval, and return its record of every example.

Private parts of lighteval that this needs are in `polyglot.evaluation.lighteval_inside`.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from polyglot.core.devices import visible_gpus
from polyglot.core.files import write_jsonl
from polyglot.evaluation.lighteval_inside import DATASETS, LIGHTEVAL, data_sets_cached_in, details_of, only_our_tasks
from polyglot.evaluation.tasks import Questions, Task
from polyglot.models.tokenization import load_tokenizer


def details(tasks: Mapping[str, tuple[Task, Questions]], *, batch_size: int, seed: int, plain: bool) -> dict[str, list[Any]]:
    """lighteval's record of every example, by task.

    The working directory holds the folder `model`, and is written to. lighteval loads rows that hold only an item's position; the
    items were read and checked before.

    Args:
        tasks: task name to the task and its content.
        plain: use no chat format, even if the tokenizer has a chat template.
    """
    from lighteval.logging.evaluation_tracker import EvaluationTracker
    from lighteval.models.transformers.transformers_model import TransformersModelConfig
    from lighteval.pipeline import ParallelismManager, Pipeline, PipelineParameters

    LIGHTEVAL.check_version()
    DATASETS.check_version()
    chat = not plain and load_tokenizer(Path("model")).chat_template is not None
    table = types.ModuleType("polyglot_tasks")
    folders = {name: Path("tasks").resolve() / str(number) for number, name in enumerate(tasks)}
    table.TASKS_TABLE = [  # type: ignore[attr-defined]
        _task_config(*tasks[name], folder, chat, seed) for name, folder in folders.items()
    ]
    gpu = visible_gpus() > 0
    with only_our_tasks(), data_sets_cached_in(Path("datasets")):
        pipeline = Pipeline(
            tasks=",".join(f"{name}|{task.settings.shots}" for name, (task, _) in tasks.items()),
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
                model_parallel=None if gpu else False,  # over all GPUs of the job: the largest teachers do not fit on one
                override_chat_template=chat,
                add_special_tokens=not chat,  # a chat template adds its own begin token
                # without a chat template, answers follow a space; with one, they follow the template's text
                multichoice_continuations_start_space=not chat,
                generation_parameters={"seed": seed},
            ),
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
        return Doc(query=shown.query, choices=shown.choices, gold_index=shown.gold, task_name=name, specific={"place": place})

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
        stop_sequence=[] if chat else ["\n\n"],
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
