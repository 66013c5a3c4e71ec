"""The table of benchmark scores: what no student was trained on is said."""

from __future__ import annotations

import numpy as np

from polyglot.displays.tables import study
from tests.simulated import evaluation, simulate


def test_examples_that_are_too_long_to_train_on_are_told_by_teacher_and_language() -> None:
    frames = simulate()
    scores = evaluation(frames)
    long = np.where((scores["model"] == "fair") & (scores["lang"] == "de"), 12.0, np.nan)
    said = study.evaluation(frames.context, scores.assign(too_long=long)).notes[1]
    assert said.startswith(
        "Not trained on, because they are longer than `training.max_length`: 12 of Fair's in German ⚑ (of all seeds"
    )
    assert not any("max_length" in note for note in study.evaluation(frames.context, scores).notes)
