"""Tasks as lighteval defines them: their configurations, and the metrics that an outcome can be read from."""

from __future__ import annotations

import contextlib
import copy
import importlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from polyglot.core.errors import WrongInput
from polyglot.core.lookup import unknown
from polyglot.evaluation.lighteval_list import Listed, listed_task

if TYPE_CHECKING:
    from lighteval.metrics.utils.metric_utils import Metric
    from lighteval.tasks.lighteval_task import LightevalTask, LightevalTaskConfig

ELSEWHERE = {"Faithfulness", "Extractiveness", "BertScore", "BLEURT", "DataStatsMetric", "JudgeLLMHLE", "VerifiableRewardMetric"}
"""Metrics that load a model of their own, or ask a judge."""
UNSEEN = {"AccGoldLikelihood"}
"""Metrics of what a model would write, which a comparison of options does not show."""
BEYOND_ONE = {"CorpusLevelPerplexityMetric", "aggregate_scores"}
LANGDETECT_SEED = 0
NO_SCORES = {"unknown_prediction", "total_samples", "confidence_half_width", "calibration_error", "confidence"}


def configurations(name: str) -> list[LightevalTaskConfig]:
    """The configurations of a task, or of all parts of a set. Only the module that defines them is imported.

    Raises:
        UnknownName: if lighteval has none of this name.
        WrongInput: if lighteval's module needs a package that is not installed.
    """
    found = listed_task(name)
    module = _module(found)
    table = {config.name: config for config in module.TASKS_TABLE}
    wanted = [f"{name}:{part}" for part in found.parts] if found.parts else [name]
    if found.parts and name in table:  # a set may have a task of its own name
        wanted.insert(0, name)
    return [copy.deepcopy(table[one]) for one in wanted]


def _module(found: Listed) -> Any:
    try:
        with _no_downloads():
            module = importlib.import_module(found.module)
    except ImportError as error:
        raise WrongInput(
            f"lighteval's task '{found.name}' needs packages that are not here ({error}): install those of "
            "`lighteval[multilingual]` (docs/howto/benchmarks.md)"
        ) from error
    if "langdetect" in sys.modules:  # its guess of a text's language is drawn at random (IFEval)
        sys.modules["langdetect"].DetectorFactory.seed = LANGDETECT_SEED
    return module


@contextlib.contextmanager
def _no_downloads() -> Iterator[None]:
    """IFEval's module downloads data of NLTK when it is imported; jobs have no network, and a metric says what it lacks."""
    import nltk

    download, nltk.download = nltk.download, lambda *_, **__: False
    try:
        yield
    finally:
        nltk.download = download


def metrics_of(config: LightevalTaskConfig) -> dict[str, Metric]:
    """Metrics of a task whose outcomes lie in [0, 1], by their short names: the first is lighteval's first.

    Left out: where less is better (perplexity, TER), what takes several answers to an item, what loads a model of its own or asks
    a judge, and normalisation by the unconditional likelihood, which lighteval itself does not compute here.
    """
    found: dict[str, Metric] = {}
    for metric in config.metrics:
        if _usable(metric):
            names = [metric.metric_name] if isinstance(metric.metric_name, str) else list(metric.metric_name)
            for name in names:
                if name not in NO_SCORES and _more_is_better(metric, name):
                    found.setdefault(name.partition(":")[0].replace(" ", "_"), metric)
    return found


def _more_is_better(metric: Metric, name: str) -> bool:
    better = metric.higher_is_better
    return bool(better.get(name, True)) if isinstance(better, dict) else bool(better)


def _usable(metric: Metric) -> bool:
    sample, corpus = metric.sample_level_fn, metric.corpus_level_fn
    kinds = {type(sample).__name__, type(corpus).__name__, getattr(corpus, "__name__", "")}
    samples = getattr(sample, "num_samples", None)
    return (
        metric.category.name in ("GENERATIVE", "LOGPROBS")
        and not kinds & (ELSEWHERE | UNSEEN | BEYOND_ONE)
        and "Judge" not in type(metric).__name__ + type(sample).__name__
        and type(getattr(sample, "logprob_normalization", None)).__name__ != "LogProbPMINorm"
        and (not callable(samples) or samples() == 1)
    )


def chosen_metric(config: LightevalTaskConfig, asked: str | None) -> tuple[str, Metric]:
    """The name by which a task's chosen metric gives its values, and the metric; the first that can be read unless one is asked.

    Raises:
        WrongInput: if the task has no such metric.
    """
    known = metrics_of(config)
    if not known or (asked is not None and asked not in known):
        raise WrongInput(
            f"lighteval's task '{config.name}': {unknown('metric', asked or 'none', known, 'outcomes can be read from')}"
        )
    metric = known[asked or next(iter(known))]
    names = [metric.metric_name] if isinstance(metric.metric_name, str) else list(metric.metric_name)
    short = asked or next(iter(known))
    return next(name for name in names if name.partition(":")[0].replace(" ", "_") == short), metric


def task_of(
    config: LightevalTaskConfig,
    metric: Metric,
    rows: dict[str, list[dict[str, Any]]],
    *,
    shots: int = 0,
    longest: int | None = None,
) -> LightevalTask:
    """A task with one metric and its rows, ready to be asked.

    Args:
        rows: by split.
        shots: few-shot examples, which lighteval leaves to who runs it.
        longest: tokens of an answer, where lighteval does not bound them.
    """
    from lighteval.tasks.lighteval_task import LightevalTask

    config.metrics, config.num_fewshots, config.full_name = (metric,), shots, f"{config.name}|{shots}"
    if config.generation_size is None or config.generation_size < 1:
        config.generation_size = longest
    task = LightevalTask(config)
    task.fewshot_split = few_shot_split(task)
    task.fewshot_sampler.few_shots_split = task.fewshot_split
    task.dataset = rows  # type: ignore[assignment]
    return task


def few_shot_split(task: LightevalTask) -> str | None:
    """The split of few-shot examples; None if lighteval takes them from the items. Some of its tasks name it in a list."""
    split: Any = task.fewshot_split
    found: str | None = split[0] if isinstance(split, list | tuple) else split
    return found
