"""How long jobs are expected to take: from what they do, and where they run."""

from __future__ import annotations

from pathlib import Path

import pytest

from polyglot.planning.expectation import QUICK, expected_seconds, seconds_taken
from polyglot.registry import Registries
from polyglot.registry.models import Limits
from polyglot.study.configuration import Study
from polyglot.workflow.loading import load_study

CELL = {"base": "nano-base", "recipe": "equal", "teacher": "hasty", "lang": "de", "seed": "0"}


@pytest.fixture(scope="module")
def demo(repository: Path) -> tuple[Study, Registries]:
    return load_study(repository / "config/demo.yaml", repository)


@pytest.fixture(scope="module")
def paper(repository: Path) -> tuple[Study, Registries]:
    return load_study(repository / "config/paper.yaml", repository)


def test_the_embedded_studys_jobs_are_expected_to_take_what_they_took(demo: tuple[Study, Registries]) -> None:
    took = {"student": 8.6, "synthesize": 7.9, "diversity": 11.9, "reward": 1.7, "perplexity": 1.7, "evaluate_student": 3.3}
    for rule, seconds in took.items():
        assert expected_seconds(rule, CELL, *demo) == pytest.approx(seconds, rel=0.15)


def test_longer_training_takes_longer(demo: tuple[Study, Registries]) -> None:
    teachers = ("hasty", "nano-base", "careless", "thorough")
    seconds = [expected_seconds("nano_pretrain", {"model": model}, *demo) for model in teachers]
    assert seconds == sorted(seconds)
    assert seconds[-1] > 2 * seconds[0]


def test_a_rule_that_does_nothing_that_counts_is_quick(demo: tuple[Study, Registries]) -> None:
    assert expected_seconds("table", {"table": "leaderboard"}, *demo) == QUICK


def test_more_gpus_and_an_endpoint_are_counted_with(paper: tuple[Study, Registries], monkeypatch: pytest.MonkeyPatch) -> None:
    study, registries = paper
    teacher = next(name for name in study.teachers if registries.models[name].endpoint is None)
    wildcards = CELL | {"teacher": teacher}
    one, four = (expected_seconds("synthesize", wildcards, study, registries, gpus) for gpus in (1, 4))
    assert one > four > QUICK
    closed = next(name for name in study.teachers if registries.models[name].endpoint is not None)
    free = expected_seconds("ask_endpoint", CELL | {"teacher": closed}, study, registries)
    assert free > 60
    model = registries.models[closed]
    assert model.endpoint is not None
    endpoint = model.endpoint.model_copy(update={"limits": Limits(requests=1)})
    monkeypatch.setitem(registries.models._entries, closed, model.model_copy(update={"endpoint": endpoint}))
    seconds = expected_seconds("ask_endpoint", CELL | {"teacher": closed}, study, registries)
    assert seconds == pytest.approx(QUICK + (free - QUICK) * model.endpoint.concurrency * 60 / 20)


def test_seconds_of_the_last_run_are_read_from_its_timings(tmp_path: Path) -> None:
    timings = tmp_path / "0.tsv"
    timings.write_text("s\th:m:s\n12.50\t0:00:12\n")
    assert seconds_taken(timings) == 12.5
    timings.write_text("s\th:m:s\n-\t0:00:12\n")
    assert seconds_taken(timings) is None
    assert seconds_taken(tmp_path / "none.tsv") is None
