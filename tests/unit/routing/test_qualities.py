"""The quality part of a reward: the judge's rating, or whether an answer is right."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from polyglot.core.errors import WrongInput
from polyglot.routing.calibration import answered, calibrate
from polyglot.routing.evidence import informed, prompts_of
from polyglot.routing.grading import quality_frames, references
from polyglot.routing.qualities import QUALITIES, Quality
from polyglot.routing.rewards import reward_matrix, wins
from polyglot.routing.strategies import STRATEGIES, Known, Need

EVERY_ANSWER: tuple[Need, ...] = ("answers",)
TEACHERS = ["long", "short", "vague", "cut"]
WRITTEN = {
    "long": [r"Half of 36 is \boxed{18}.", r"\boxed{0.5}"],
    "short": ["18", "1/3"],
    "vague": ["Some eggs.", r"\boxed{\frac{1}{2}}"],
    "cut": ["Half of", "Well"],
}
SEEDS = pd.DataFrame(
    {"id": ["s0", "s1"], "lang": "en", "prompt": ["36 / 2?", "2/4?"], "response": ["36 / 2 = 18\n#### 18", r"$\boxed{\frac12}$"]}
)
ASKED = pd.DataFrame(
    {
        "request_id": ["p", "q"],
        "lang": "en",
        "method": "respond",
        "seed": 0,
        "sources": [["s0"], ["s1"]],
        "messages": [[{"content": "36 / 2?"}], [{"content": "2/4?"}]],
    }
)


def answers() -> list[pd.DataFrame]:
    keys = ASKED[["request_id", "lang", "method", "seed"]]
    status = {"cut": "cut off"}
    return [keys.assign(teacher=name, status=status.get(name, "ok"), response=WRITTEN[name]) for name in TEACHERS]


def read() -> list[pd.DataFrame]:
    """All teachers' answers are as likely."""
    return [pd.DataFrame({"id": ["p", "q"], "nll": 1.0, "tokens": 1, "teacher": name}) for name in TEACHERS]


@pytest.fixture
def files(tmp_path: Path) -> SimpleNamespace:
    SEEDS.to_parquet(tmp_path / "seeds.parquet")
    return SimpleNamespace(seeds=[str(tmp_path / "seeds.parquet")])


def test_right_answers_beat_wrong_ones_and_a_grade_says_how_it_came_about(files: SimpleNamespace) -> None:
    found = answered(answers(), quality_frames("correctness", files, [], answers(), ASKED), read())
    graded = found.pivot(index="request_id", columns="teacher", values=["quality", "graded"])
    assert graded["quality"].loc["p", ["long", "short", "vague"]].tolist() == [1, 1, 0]
    assert graded["quality"].loc["q", ["long", "short", "vague"]].tolist() == [1, 0, 1]
    assert graded["graded"].loc["p", ["long", "short", "vague"]].tolist() == ["right", "right", "no answer"]
    assert graded["quality"]["cut"].isna().all(), "an answer that cannot be used is not graded"
    rewarded = calibrate(found, ASKED, alpha=0.0, held_out=0.5, seed=0)
    won = wins(*reward_matrix(rewarded, ["p", "q"], TEACHERS))
    assert won[0].tolist() == [[0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 0, 1], [0, 0, 0, 0]]  # a tie of right answers is no pair
    assert "graded" in rewarded


def test_an_oracle_takes_the_right_answer(files: SimpleNamespace, tmp_path: Path) -> None:
    for place, frames in enumerate(zip(answers(), read(), strict=True)):
        for name, frame in zip(("answers", "learnability"), frames, strict=True):
            frame.to_parquet(tmp_path / f"{name}{place}.parquet")
    for name in ("answers", "learnability"):
        setattr(files, name, [str(tmp_path / f"{name}{place}.parquet") for place in range(len(TEACHERS))])
    known = Known(prompts_of(ASKED), ["vague", "short"], ["vague", "short"])
    quality = partial(quality_frames, "correctness", files, [], requests=ASKED)
    cells = [(name, "en") for name in TEACHERS]
    chosen = informed(known, EVERY_ANSWER, files, alpha=0.0, batch_size=1, measured=cells, quality=quality)
    assert STRATEGIES["oracle"].choose(chosen) == ["short", "vague"]


def test_ratings_are_read_as_before(tmp_path: Path) -> None:
    rated = [pd.DataFrame({"id": ["p", "q"], "reward": [float(place), 5.0]}) for place, _ in enumerate(TEACHERS)]
    for place, frame in enumerate(rated):
        frame.to_parquet(tmp_path / f"{place}.parquet")
    files = SimpleNamespace(quality=[str(tmp_path / f"{place}.parquet") for place, _ in enumerate(TEACHERS)])
    cells = [(name, "en") for name in TEACHERS]
    found = answered(answers(), quality_frames("reward", files, cells, answers(), ASKED), read())
    assert found.query("request_id == 'p'")["quality"].tolist() == [0, 1, 2, 3]
    assert "graded" not in found


def test_what_is_unknown_is_not_taken_for_wrong(files: SimpleNamespace, tmp_path: Path) -> None:
    SEEDS.assign(response=["Nobody knows.", "#### 0.5"]).to_parquet(tmp_path / "seeds.parquet")
    (found,) = quality_frames("correctness", files, [], answers(), ASKED)
    assert found.groupby("id")["graded"].first().to_dict() == {"p": "no reference", "q": "right"}
    assert found.set_index("id")["reward"].loc["p"].isna().all()


@pytest.mark.parametrize("change", [{"response": ["", "1"]}, {"response": [None, "1"]}, {"id": ["other", "s1"]}, {"lang": "de"}])
def test_a_prompt_without_its_right_answer_is_named(change: dict[str, Any]) -> None:
    with pytest.raises(WrongInput, match=r"language 'en': row 's0' has no response.*set routing\.quality to reward"):
        references(ASKED, SEEDS.assign(**change))


def test_a_quality_of_ones_own_is_used_by_its_name(files: SimpleNamespace) -> None:
    def by_length(answers: Any, references: Any) -> list[tuple[float, str]]:
        return [(-abs(len(answer) - len(reference)), "compared") for answer, reference in zip(answers, references, strict=True)]

    QUALITIES.add("as-long", Quality("as-long", "how near its length is to the response's", by_length))
    try:
        (found,) = quality_frames("as-long", files, [], answers(), ASKED)
    finally:
        QUALITIES._known.pop("as-long")
    assert found.set_index(["teacher", "id"])["reward"].loc[("short", "q")] == -abs(3 - len(SEEDS["response"][1]))
    assert not np.isnan(found["reward"]).any()


def test_only_methods_that_answer_the_seed_datasets_prompts_can_be_graded() -> None:
    methods = ["generate", "translate", "respond"]
    assert QUALITIES["correctness"].unfit(methods) == ["generate", "translate"]
    assert QUALITIES["reward"].unfit(methods) == []
