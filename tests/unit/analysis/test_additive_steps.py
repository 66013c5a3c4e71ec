"""Steps of an additive recipe: group scores, paired differences, holes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from polyglot.analysis.additive_steps import ALL, Resampling, TaskGroups, step_table
from polyglot.core.cells import Cell
from tests.unit.scoring.test_measurements import outcomes

FIRST, SECOND, THIRD = Cell("b", "public", "people", "id"), Cell("b", "equal", "t", "id"), Cell("large", "equal", "t", "id")


def both(easy: list[int], hard: list[int]) -> pd.DataFrame:
    return pd.concat([outcomes(easy * 10, "easy"), outcomes(hard * 30, "hard")], ignore_index=True)


ANCHORS = {(base, "id"): (both([1, 0], [0, 0]), both([1, 1], [1, 1])) for base in ("b", "large")}
STUDENTS = {FIRST: [both([1, 0], [1, 0])], SECOND: [both([1, 1], [1, 0])], THIRD: [both([1, 1], [1, 1])]}


def table(weights: str, students: dict[Cell, list[pd.DataFrame]] = STUDENTS) -> pd.DataFrame:
    return step_table(
        [("public", FIRST), ("synthetic", SECOND), ("larger", THIRD)],
        students,
        ANCHORS,
        dict.fromkeys(STUDENTS, 100),
        given_up={SECOND: "out of memory"},
        tasks=TaskGroups({"Easy": ["easy"], "Hard": ["hard"]}, weights),
        resampling=Resampling(replicates=200, seed=0, confidence=0.95),
    )


def test_groups_weigh_the_same_or_by_their_items() -> None:
    equal = table("equal").query("group == @ALL").set_index("step")["score"]
    assert equal.tolist() == pytest.approx([0.25, 0.5, 0.75, 1.0])
    by_examples = table("examples").query("group == @ALL").set_index("step")["score"]
    assert by_examples.tolist() == pytest.approx([0.125, 0.5, 0.625, 1.0])


def test_a_step_is_compared_with_the_one_before_item_by_item() -> None:
    found = table("equal").set_index(["step", "group"])[["gain_over_previous", "gain_low", "gain_high"]]
    easy, hard, first = (found.loc[[place]].to_numpy(dtype=float)[0] for place in ((2, "Easy"), (2, "Hard"), (0, ALL)))
    assert easy[0] == pytest.approx(0.5)
    assert easy[1] > 0
    assert hard.tolist() == [0, 0, 0]
    assert np.isnan(first[0])


def test_a_step_without_a_student_is_a_hole_and_the_next_is_compared_with_the_last_that_is_there() -> None:
    found = table("equal", {FIRST: STUDENTS[FIRST], THIRD: STUDENTS[THIRD]}).query("group == @ALL").set_index("step")
    assert found["score"].isna().to_dict() == {0: False, 1: False, 2: True, 3: False}
    assert found["reason"].to_dict() == {0: "", 1: "", 2: "out of memory", 3: ""}
    assert found["gain_over_previous"].to_dict()[3] == pytest.approx(0.5)
