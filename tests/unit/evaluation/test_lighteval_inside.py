"""lighteval's inner parts: where one is gone, a warning says what no longer works, and an evaluation goes on where it can."""

from __future__ import annotations

from types import SimpleNamespace

import datasets
import pytest
import torch
from lighteval.tasks.registry import Registry

from polyglot.core.upstream import warn
from polyglot.evaluation.lighteval_inside import (
    DATASETS,
    LIGHTEVAL,
    data_sets_cached_in,
    details_of,
    gradients_left_as_they_are,
    only_our_tasks,
)


@pytest.fixture(autouse=True)
def _nothing_said() -> None:
    warn.cache_clear()


def test_the_inner_parts_are_those_of_the_installed_versions() -> None:
    assert LIGHTEVAL.check_version()
    assert DATASETS.check_version()


@pytest.mark.parametrize("lacking", ["load_all_task_configs", "_extract_configs"])
def test_a_registry_without_its_inner_parts_is_left_alone(
    lacking: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delattr(Registry, lacking)
    before = dict(vars(Registry))
    with only_our_tasks():
        assert dict(vars(Registry)) == before
    assert f"lighteval has no Registry.{lacking}" in capsys.readouterr().err


def test_a_cache_of_data_sets_that_is_out_of_reach_stays(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delattr(datasets.config, "HF_DATASETS_CACHE")
    with data_sets_cached_in(tmp_path):  # type: ignore[arg-type]
        assert not hasattr(datasets.config, "HF_DATASETS_CACHE")
    assert "remove ~/.cache/huggingface/datasets" in capsys.readouterr().err


def test_gradients_and_random_state_are_as_before_an_evaluation() -> None:
    state = torch.random.get_rng_state()
    with gradients_left_as_they_are():
        torch.set_grad_enabled(False)
        torch.rand(1)
    assert torch.is_grad_enabled()
    assert torch.equal(torch.random.get_rng_state(), state)


def test_outcomes_that_cannot_be_read_end_the_evaluation_with_the_tested_versions() -> None:
    with pytest.raises(RuntimeError, match=r"evaluate with lighteval >=0\.13,<0\.14"):
        details_of(SimpleNamespace(evaluation_tracker=SimpleNamespace()))
