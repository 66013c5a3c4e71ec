"""lighteval: tasks are handed to it, and what it keeps of every example comes back.

Tested with lighteval 0.13.0. It reaches into three inner parts, all here: `Registry.load_all_task_configs` and
`Registry._extract_configs` (which tasks there are), and `EvaluationTracker.details_logger.details` (every example's outcome).
"""

from __future__ import annotations

import contextlib
import types
import warnings
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from polyglot.core.files import write_jsonl
from polyglot.evaluation.tasks import Questions, Task
from polyglot.models.tokenization import load_tokenizer

TESTED = "0.13.0"


def details(tasks: Mapping[str, tuple[Task, Questions]], *, batch_size: int, seed: int, plain: bool) -> dict[str, list[Any]]:
    """What lighteval keeps of every example, by task.

    The working directory holds the folder `model`, and is written to. lighteval loads rows that say no more than an item's place:
    the items are at hand, read and checked.

    Args:
        tasks: task name to the task and what is asked in it.
        plain: ask without chat format, even if the tokenizer has a chat template.
    """
    import datasets
    import torch

    grad_enabled = torch.is_grad_enabled()
    from lighteval.logging.evaluation_tracker import EvaluationTracker
    from lighteval.models.transformers.transformers_model import TransformersModelConfig
    from lighteval.pipeline import ParallelismManager, Pipeline, PipelineParameters

    chat = not plain and load_tokenizer(Path("model")).chat_template is not None
    table = types.ModuleType("polyglot_tasks")
    folders = {name: Path("tasks").resolve() / str(number) for number, name in enumerate(tasks)}
    table.TASKS_TABLE = [  # type: ignore[attr-defined]
        _task_config(*tasks[name], folder, chat, seed) for name, folder in folders.items()
    ]
    gpu = torch.cuda.is_available()
    with (
        _only_ours(),
        mock.patch.object(datasets.config, "HF_DATASETS_CACHE", Path("datasets").resolve()),
        torch.random.fork_rng(),
    ):
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
                model_parallel=None if gpu else False,  # over all GPUs of the job: one does not hold the largest teachers
                override_chat_template=chat,
                add_special_tokens=not chat,  # a chat template brings its own begin token
                # without a chat template answers follow a space; in one they follow the template's own text
                multichoice_continuations_start_space=not chat,
                generation_parameters={"seed": seed},
            ),
        )
        pipeline.evaluate()
    torch.set_grad_enabled(grad_enabled)  # lighteval turns gradients off for the whole process
    found = pipeline.evaluation_tracker.details_logger.details
    return {name: found[f"{name}|{task.settings.shots}"] for name, (task, _) in tasks.items()}


@contextlib.contextmanager
def _only_ours() -> Iterator[None]:
    """Keep lighteval's registry from importing every task it ships, one of which downloads a file at import."""
    from lighteval.tasks.registry import Registry

    if not hasattr(Registry, "load_all_task_configs") or not hasattr(Registry, "_extract_configs"):
        warnings.warn(
            f"lighteval {version('lighteval')} loads its tasks otherwise than {TESTED}, with which this was tested: it will "
            "import all that it ships, which takes time and may need the network",
            stacklevel=2,
        )
        yield
        return

    def ours(custom_tasks: Any = None, load_multilingual: bool = False) -> dict[str, Any]:
        configs: dict[str, Any] = Registry._extract_configs(custom_tasks)
        return configs

    with mock.patch.object(Registry, "load_all_task_configs", staticmethod(ours)):
        yield


def _task_config(task: Task, asked: Questions, folder: Path, chat: bool, seed: int) -> Any:
    """The lighteval task: an item's query, its choices and the right one."""
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
    """Whether an example is right: by what the model wrote, or by the choice that it finds most likely."""
    from lighteval.metrics.metrics_sample import LoglikelihoodAcc, SampleLevelComputation
    from lighteval.metrics.normalizations import LogProbCharNorm
    from lighteval.metrics.utils.metric_utils import Metric
    from lighteval.tasks.requests import Doc, SamplingMethod

    right = task.formulation.right

    class Written(SampleLevelComputation):
        """Whether what the model wrote is right."""

        def compute(self, doc: Doc, model_response: Any, **_: Any) -> int:
            return int(right is not None and right(model_response.final_text[0], asked.items[doc.specific["place"]]))

    return Metric(
        metric_name="correct",
        higher_is_better=True,
        category=SamplingMethod.GENERATIVE if right else SamplingMethod.LOGPROBS,
        sample_level_fn=Written() if right else LoglikelihoodAcc(logprob_normalization=LogProbCharNorm()),
        corpus_level_fn=np.mean,
    )
