"""Rewards: what cannot be read is missing, never a 1; scales are linear and cut off."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from polyglot.engines import Answer, Request
from polyglot.engines.transformers_engine import TransformersEngine
from polyglot.prompts import PromptTemplates
from polyglot.registry import Sampling
from polyglot.reward import RewardModel, judge, parse_rating, rescale
from polyglot.sidefile import SideFile


@pytest.mark.parametrize(
    ("text", "rating"),
    [
        ("The response is fluent.\n4", 4),
        ("Rating: 5", 5),
        ("[RESULT] 3", 3),
        ("4/5", 4),
        ("3 / 5", 3),
        ("", None),
        ("I cannot rate this.", None),
        ("6", None),
        ("0", None),
        ("3.5", None),
        ("between 3 and 4", None),
        ("12", None),
        ("5 of 5", 5),
        ("4 out of 5", 4),
        ("3 of 5", 3),
        ("Rating: 4 (of 5)", 4),
        ("2 on a scale of 1 to 5", 2),
        ("-3", None),
        ("4 of 6", None),
    ],
)
def test_ratings_are_read_from_the_last_line(text: str, rating: float | None) -> None:
    found = parse_rating(text)
    assert np.isnan(found) if rating is None else found == rating


def test_scale_is_linear_and_cut_off() -> None:
    found = rescale(np.array([-3.0, -1.0, 0.0, 1.0, 9.0]), (-1.0, 1.0))
    assert found.tolist() == [1, 1, 3, 5, 5]
    with pytest.raises(ValueError, match="above"):
        rescale(np.zeros(2), (1.0, 1.0))


def side(folder: Path) -> SideFile:
    return SideFile(folder / "judge.jsonl", "owner")


class Judge:
    """Answers with the rating that stands in the response it is shown."""

    deterministic = True
    batch_size = None

    def chat(self, requests: list[Request]) -> list[Answer]:
        shown = [request.messages[0]["content"] for request in requests]
        texts = [text.split("Response: ")[1].splitlines()[0] for text in shown]
        return [Answer(request.id, text, "stop", 1, 1) for request, text in zip(requests, texts, strict=True)]


def test_judge_ratings_keep_the_order_of_the_responses(repository: Path, tmp_path: Path) -> None:
    templates = PromptTemplates(repository / "config/prompts/nano")
    rated = judge(Judge(), templates, "German", ["p" * 50, "p", "pp"], ["2", "none", "5"], side(tmp_path), batch_size=2)
    assert rated["reward"].tolist()[::2] == [2, 5]
    assert np.isnan(rated["reward"][1])


def test_a_model_that_does_not_rate_gives_missing_rewards(repository: Path, nano_model: Path, tmp_path: Path) -> None:
    engine = TransformersEngine(nano_model, Sampling(temperature=0, max_new_tokens=4))
    templates = PromptTemplates(repository / "config/prompts/nano")
    rated = judge(engine, templates, "German", ["Was?"] * 3, ["Das."] * 3, side(tmp_path), batch_size=2)
    assert rated["text"].notna().all()
    assert rated["reward"].isna().all()


def test_a_reward_model_without_a_scale_says_what_to_do(nano_model: Path) -> None:
    model = RewardModel(nano_model, batch_size=2)
    with pytest.raises(ValueError, match="has no scale: give `scale"):
        model.rate(["Was?"], ["Das."])


def test_scores_do_not_depend_on_the_batch(nano_model: Path) -> None:
    import torch

    torch.manual_seed(0)
    model = RewardModel(nano_model, batch_size=3)
    prompts, responses = ["Was?", "Wie viele Äpfel?", "Wer?", "Wo ist das?"], ["Das.", "3", "Niemand weiß es.", "Da"]
    together = model.score(prompts, responses)
    alone = [model.score([prompt], [response])[0] for prompt, response in zip(prompts, responses, strict=True)]
    np.testing.assert_allclose(together, alone, rtol=1e-4)
