"""Tasks are asked with lighteval's parts, one by one."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from polyglot.evaluation.lighteval_outcomes import SACREBLEU
from polyglot.evaluation.with_lighteval import LIGHTEVAL, gradients_left_as_they_are


def test_the_inner_parts_are_those_of_the_installed_versions() -> None:
    assert LIGHTEVAL.check_version()
    assert SACREBLEU.check_version()


def test_gradients_and_random_state_are_as_before_an_evaluation() -> None:
    state = torch.random.get_rng_state()
    with gradients_left_as_they_are():
        torch.set_grad_enabled(False)
        torch.rand(1)
    assert torch.is_grad_enabled()
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.slow
def test_only_the_module_of_the_tasks_asked_for_is_imported() -> None:
    code = (
        "import sys; from polyglot.evaluation.lighteval_tasks import configurations; import polyglot.evaluation.with_lighteval; "
        "configurations('belebele_swh_Latn_mcf'); "
        "print(*(name for name in sys.modules if '.tasks.tasks.' in name or '.multilingual.tasks.' in name))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["lighteval.tasks.multilingual.tasks.belebele"]
