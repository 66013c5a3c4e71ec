"""Private parts of lighteval, and of the datasets library that it uses, needed by an evaluation; imported on use.

Its documented interface evaluates a module's tasks, but also imports all its own tasks, caches in the user's home, and does not
return every example's outcome. If a private part is missing, a warning says what no longer works.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from polyglot.core.upstream import Upstream

LIGHTEVAL = Upstream("lighteval", first="0.13", before="0.14")
DATASETS = Upstream("datasets", first="5", before="6")


@contextlib.contextmanager
def only_our_tasks() -> Iterator[None]:
    """Make lighteval load only the tasks of the given module.

    Its registry imports every task that it ships, one of which downloads a file at import.
    """
    from lighteval.tasks.registry import Registry

    lost = "lighteval imports every task that it ships, one of which downloads a file: without a network evaluation fails"
    if not LIGHTEVAL.has(Registry, "load_all_task_configs", "_extract_configs", lost=lost):
        yield
        return

    def only_ours(custom_tasks: Any = None, load_multilingual: bool = False) -> dict[str, Any]:
        configs: dict[str, Any] = Registry._extract_configs(custom_tasks)
        return configs

    with mock.patch.object(Registry, "load_all_task_configs", staticmethod(only_ours)):
        yield


@contextlib.contextmanager
def data_sets_cached_in(folder: Path) -> Iterator[None]:
    """Cache data sets in this folder: the cache in the user's home could return outdated benchmark rows."""
    import datasets

    lost = "benchmarks are cached in the home folder: after you change one, remove ~/.cache/huggingface/datasets"
    if not DATASETS.has(datasets, "config.HF_DATASETS_CACHE", lost=lost):
        yield
        return
    with mock.patch.object(datasets.config, "HF_DATASETS_CACHE", folder.resolve()):
        yield


@contextlib.contextmanager
def gradients_left_as_they_are() -> Iterator[None]:
    """Restore torch's state: lighteval disables gradients for the whole process, at import or later, and advances the random
    state."""
    import torch

    enabled = torch.is_grad_enabled()
    try:
        with torch.random.fork_rng():
            yield
    finally:
        torch.set_grad_enabled(enabled)


def details_of(pipeline: Any) -> dict[str, list[Any]]:
    """Every example of a finished pipeline, by the task's name and number of shots (`NAME|SHOTS`).

    Raises:
        RuntimeError: if this version of lighteval stores them elsewhere, so that outcomes cannot be read.
    """
    lost = "no example's outcome can be read, so this evaluation ends here"
    if not LIGHTEVAL.has(pipeline, "evaluation_tracker.details_logger.details", lost=lost):
        raise RuntimeError(f"{lost}; evaluate with {LIGHTEVAL.tested}")
    found: dict[str, list[Any]] = pipeline.evaluation_tracker.details_logger.details
    return found
