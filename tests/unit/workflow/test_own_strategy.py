"""A routing strategy and a selection rule of a project's own have their inputs as those of the library have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from polyglot.routing.strategies import STRATEGIES, Strategy
from polyglot.selection.rules import RULES, Rule
from polyglot.workflow.inputs.routing import RoutingInputs
from polyglot.workflow.inputs.selection import SelectionInputs
from polyglot.workflow.loading import load_study

ASKED = {"routed": "second", "lang": "de", "seed": "0"}
TAKEN = {"recipe": "first-8", "teacher": "thorough", "lang": "de", "seed": "0"}


@pytest.fixture
def added() -> Iterator[None]:
    STRATEGIES.add("second", Strategy("second", "the second strongest teacher", candidates=lambda strength: strength[1:2]))
    RULES.add("first", Rule("first", "the first samples", lambda samples, size: np.arange(size), needs=("quality",)))
    yield
    STRATEGIES._known.pop("second")
    RULES._known.pop("first")


def test_a_strategy_of_ones_own_has_its_inputs(added: None, repository: Path) -> None:
    teachers = ["thorough", "hasty", "germanist"]
    change = {"teachers": [*teachers, "second"], "routing": {"strength": teachers}, "truth": {}, "experiments": {}, "run": None}
    inputs = RoutingInputs(*load_study(repository / "config/demo.yaml", repository, change))
    assert set(inputs.assignment_files(ASKED)) == {"requests"}
    assert {teacher for teacher, _ in inputs.gathered_from(ASKED)} == {"hasty"}
    assert inputs.gathered_answers(ASKED)[0].startswith("results/demo/answers/hasty/de/")


def test_a_rule_of_ones_own_has_its_inputs(added: None, repository: Path) -> None:
    inputs = SelectionInputs(*load_study(repository / "config/demo.yaml", repository, {"recipe": "first-8"}))
    assert inputs.quality(TAKEN) == ["results/demo/selection/quality/thorough/de/0.parquet"]
    assert inputs.grouped(TAKEN) == []
    assert inputs.grouped(TAKEN | {"recipe": "mdaq-8"}) == "results/demo/selection/clusters/thorough/de/0.parquet"
    assert inputs.quality(TAKEN | {"recipe": "random-8"}) == []
