"""What the filters of a study are given: their settings, and the answers that a set has already."""

from __future__ import annotations

from polyglot.workflow.inputs.training_sets import TrainingSetInputs

from .conftest import Read


def test_answers_are_compared_with_those_that_their_set_has_already(read: Read) -> None:
    sets = TrainingSetInputs(*read(methods=["respond"], recipe="respond", experiments={}, run=None))
    named = {"teacher": "hasty", "lang": "de"}
    own, further = (f"results/demo/{folder}synthetic/hasty/de/respond" for folder in ("", "further/"))
    assert sets.earlier(named | {"seed": "0"}) == []
    assert sets.earlier(named | {"seed": "1-block3"}) == [f"{own}/1.parquet", f"{own}/1-block2.parquet"]
    assert sets.earlier_than_further(named | {"seed": "0"}) == [f"{own}/0.parquet"]
    found = sets.earlier_than_further(named | {"seed": "0-block2"})
    assert found == [f"{own}/0.parquet", f"{own}/0-block2.parquet", f"{further}/0.parquet"]


def test_filters_are_told_to_jobs_in_order_and_only_those_that_run(read: Read) -> None:
    filters = {"length": {"response_least": 2}, "personal": {"action": "skip"}}
    names = [name for name, _ in TrainingSetInputs(*read(filters=filters)).filters()]
    assert names == ["control_tokens", "contamination", "duplicates", "length"]
