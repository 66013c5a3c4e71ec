"""What a toolchain of its own needs is looked for before the first job."""

from __future__ import annotations

import importlib.util

import pytest

from polyglot.cluster.snakemake_inside import Waiting
from polyglot.workflow.software import missing_software


@pytest.mark.parametrize(
    ("environment", "here", "said"),
    [
        ("vllm", True, "engine: vllm: the package vllm is not in this Python; run with `--sdm conda`"),
        ("unsloth", True, "training.trainer: unsloth: the package unsloth is not in this Python; run with `--sdm conda`"),
        ("vllm", False, ""),
        ("trl", True, ""),
        ("", True, ""),
    ],
)
def test_what_this_python_lacks_is_said_once(environment: str, here: bool, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    found = missing_software([Waiting("synthesize", {}, here, environment=environment)] * 2)
    assert len(found) == bool(said)
    assert all(one.startswith(said) for one in found)


def test_what_is_there_is_not_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    assert missing_software([Waiting("synthesize", {}, True, environment="vllm")]) == []
