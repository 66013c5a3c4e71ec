"""Rewards: what cannot be read is missing, never a 1; scales are linear and cut off."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from polyglot.core.conversations import HISTORY, prompts_told, written
from polyglot.core.prompts import PromptTemplates
from polyglot.core.sidefile import SideFile
from polyglot.engines.base import Answer, Request
from polyglot.engines.transformers_engine import TransformersEngine
from polyglot.intrinsic.reward import RewardModel, judge, measure_scale, parse_rating, rescale
from polyglot.registry.models import Sampling


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
        ("05", 5),
        ("9" * 5000, None),
        ("5 of 5", 5),
        ("4 out of 5", 4),
        ("3 of 5", 3),
        ("Rating: 4 (of 5)", 4),
        ("2 on a scale of 1 to 5", 2),
        ("-3", None),
        ("4 of 6", None),
        ("Feedback: Die Antwort ist flüssig, aber 2 der 3 Fragen bleiben offen. [RESULT] 3", 3),
        ("Feedback: natural and complete.\n\n[RESULT]\n5", 5),
        ("The response deserves a 2. [RESULT] (4)", 4),
        ("Feedback: fine. [RESULT] **4**", 4),
        ("Feedback: fine. [RESULT] 4/5", 4),
        ("Feedback: fine. [RESULT] Score: 2 out of 5.", 2),
        ("Feedback: جيد. [RESULT] ٤", 4),
        ("Feedback: fine. [RESULT] 4\n\n###Task Description: 1. Write feedback", 4),
        ("Feedback: fine. [RESULT] 4 [RESULT] 4", 4),
        ("Feedback: fine. [RESULT] 4. On second thought [RESULT] 2", None),
        ("Feedback: fine. [RESULT] 3.5", None),
        ("Feedback: fine. [RESULT] 7", None),
        ("Feedback: fine. [RESULT] 3 or 4", None),
        ("Feedback: fine. [RESULT] (an integer between 1 and 5)", None),
        ("Feedback: 4 of the points hold. [RESULT]", None),
    ],
)
def test_ratings_are_read_after_the_mark_or_from_the_last_line(text: str, rating: float | None) -> None:
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
    """Answers with the text that stands in the response it is shown."""

    deterministic = True
    batch_size = None

    def __init__(self, *, longest: int = 100) -> None:
        self.asked: list[str] = []
        self.longest = longest

    def chat(self, requests: list[Request]) -> list[Answer]:
        self.asked += [request.id for request in requests]
        shown = [re.search(r"Response[^\n]*:\s*(.*)", request.messages[0]["content"]) for request in requests]
        texts = [found.group(1) for found in shown if found]
        return [
            Answer(request.id, text[: self.longest], "length" if len(text) > self.longest else "stop", 1, 1)
            for request, text in zip(requests, texts, strict=True)
        ]


@pytest.mark.parametrize("prompts", ["nano", "chat", "paper"])
def test_judge_ratings_keep_the_order_of_the_responses(repository: Path, tmp_path: Path, prompts: str) -> None:
    templates = PromptTemplates(repository / f"config/prompts/{prompts}")
    rated = judge(Judge(), templates, "German", ["p" * 50, "p", "pp"], ["2", "none", "5"], side(tmp_path), batch_size=2)
    assert rated["reward"].tolist()[::2] == [2, 5]
    assert np.isnan(rated["reward"][1])
    assert rated["problem"].fillna("").tolist() == ["", "no rating", ""]


@pytest.mark.parametrize("prompts", ["nano", "chat", "paper"])
def test_a_judge_reads_all_turns_before_the_response_that_it_rates(repository: Path, tmp_path: Path, prompts: str) -> None:
    """As one instruction; a prompt without earlier turns is asked about as ever."""
    before = [("system", "Sei knapp."), ("user", "Was ist 2+2?"), ("assistant", "Vier.")]
    history = written([{"role": who, "content": said} for who, said in before])
    data = pd.DataFrame({"prompt": "Und mal 3?", "response": ["4", "2"], HISTORY: [history, ""]})
    templates = PromptTemplates(repository / f"config/prompts/{prompts}")
    texts: list[str] = []

    class Reading(Judge):
        def chat(self, requests: list[Request]) -> list[Answer]:
            texts.extend(request.messages[0]["content"] for request in requests)
            return super().chat(requests)

    rated = judge(Reading(), templates, "German", prompts_told(data), list(data["response"]), side(tmp_path), batch_size=2)
    assert rated["reward"].tolist() == [4, 2]
    told = "System: Sei knapp.\n\nUser: Was ist 2+2?\n\nAssistant: Vier.\n\nUser: Und mal 3?"
    asked = [(told, "4"), ("Und mal 3?", "2")]
    expected = {templates.render("judge", language="German", prompt=prompt, response=response) for prompt, response in asked}
    assert set(texts) == expected
    assert sum(told in text for text in texts) == 1


def test_the_same_text_is_judged_once_and_an_answer_that_is_cut_off_is_missing(repository: Path, tmp_path: Path) -> None:
    templates, judging = PromptTemplates(repository / "config/prompts/chat"), Judge(longest=12)
    responses = ["[RESULT] 4", "[RESULT] 4", "[RESULT] 4 and more", "[RESULT] 1"]
    rated = judge(judging, templates, "German", ["p"] * 4, responses, side(tmp_path), batch_size=2)
    assert len(judging.asked) == 3
    assert rated["problem"].fillna("").tolist() == ["", "", "cut off", ""]
    assert rated["reward"].tolist()[:2] == [4, 4]
    assert np.isnan(rated["reward"][2])


def test_a_judge_that_is_started_again_is_asked_for_the_rest_only(repository: Path, tmp_path: Path) -> None:
    templates, first, second = PromptTemplates(repository / "config/prompts/chat"), Judge(), Judge()
    judge(first, templates, "German", ["p", "q"], ["[RESULT] 2", "[RESULT] 5"], side(tmp_path), batch_size=1)
    rated = judge(second, templates, "German", ["r", "q", "p"], ["1", "[RESULT] 5", "[RESULT] 2"], side(tmp_path), batch_size=1)
    assert rated["reward"].tolist() == [1, 5, 2]
    assert len(second.asked) == 1
    other = judge(Judge(), templates, "Czech", ["p"], ["[RESULT] 2"], side(tmp_path), batch_size=1)
    assert other["reward"].tolist() == [2]


@pytest.mark.parametrize("prompts", ["chat", "paper"])
def test_the_rubric_for_real_models_asks_for_what_the_judge_was_trained_to_write(repository: Path, prompts: str) -> None:
    templates = PromptTemplates(repository / f"config/prompts/{prompts}")
    asked = templates.render("judge", language="Indonesian", prompt="Siapa?", response="Dia.")
    for part in ("###Task Description:", "[RESULT]", "###The instruction to evaluate:\nSiapa?", "###Response to evaluate:\nDia."):
        assert part in asked
    assert [f"Score {score}:" in asked for score in range(1, 6)] == [True] * 5
    assert asked.endswith("###Feedback:")
    assert np.isnan(parse_rating(asked))


def test_what_is_longer_than_the_judges_context_is_missing_and_the_others_are_judged(
    repository: Path, nano_model: Path, tmp_path: Path
) -> None:
    engine = TransformersEngine(nano_model, Sampling(temperature=0, max_new_tokens=4))
    templates = PromptTemplates(repository / "config/prompts/nano")
    rated = judge(engine, templates, "German", ["Was?", "Was? " * 300, "Wer?"], ["Das."] * 3, side(tmp_path), batch_size=3)
    assert list(rated["problem"] == "too long") == [False, True, False]
    assert list(rated["text"].isna()) == [False, True, False]


def test_a_model_that_does_not_rate_gives_missing_rewards(repository: Path, nano_model: Path, tmp_path: Path) -> None:
    engine = TransformersEngine(nano_model, Sampling(temperature=0, max_new_tokens=4))
    templates = PromptTemplates(repository / "config/prompts/nano")
    rated = judge(engine, templates, "German", ["Was?"] * 3, ["Das."] * 3, side(tmp_path), batch_size=2)
    assert rated["text"].notna().all()
    assert rated["reward"].isna().all()


PROMPTS = ["Was?", "Wie viele Äpfel?", "Wer?", "Wo ist das?"]
RESPONSES = ["Das.", "3", "Niemand weiß es.", "Da"]


def classifier(causal: Path, folder: Path, repository: Path, *, padding: bool) -> Path:
    """A reward model as Skywork's are saved: Llama with one output, a chat template that brings the begin token, and (or not) a
    token for padding."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForSequenceClassification

    tokenizer = AutoTokenizer.from_pretrained(causal)
    tokenizer.add_special_tokens(
        {
            "bos_token": "<|begin_of_text|>",
            "eos_token": "<|eot_id|>",
            "additional_special_tokens": ["<|start_header_id|>", "<|end_header_id|>"],
        }
    )
    tokenizer.chat_template = (repository / "config/chat_templates/llama3.jinja").read_text()
    if not padding:
        tokenizer.pad_token = None
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer) + 8,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        intermediate_size=64,
        max_position_embeddings=128,
        initializer_range=0.2,
        num_labels=1,
        pad_token_id=tokenizer.pad_token_id,
    )
    LlamaForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(params=[True, False], ids=["padding token", "no padding token"])
def reward_model(request: pytest.FixtureRequest, nano_model: Path, tmp_path: Path, repository: Path) -> Path:
    return classifier(nano_model, tmp_path / "classifier", repository, padding=request.param)


def test_a_score_is_the_models_one_output_for_the_chat_of_prompt_and_response(reward_model: Path) -> None:
    """As the makers of such models run them: one chat at a time, with one begin token."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(reward_model)
    model = AutoModelForSequenceClassification.from_pretrained(reward_model, num_labels=1).eval()
    expected = []
    for prompt, response in zip(PROMPTS, RESPONSES, strict=True):
        chat = [{"role": "user", "content": prompt}, {"role": "assistant", "content": response}]
        ids = tokenizer.apply_chat_template(chat, return_dict=True, return_tensors="pt")["input_ids"]
        assert (ids == tokenizer.bos_token_id).sum() == 1
        with torch.inference_mode():
            expected.append(model(ids).logits[0, 0].item())
    assert len({round(score, 3) for score in expected}) == len(expected)
    for batch_size in (1, 3):
        found = RewardModel(reward_model, batch_size=batch_size).score(PROMPTS, RESPONSES)
        np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_what_is_longer_than_the_context_has_no_score(reward_model: Path) -> None:
    model = RewardModel(reward_model, batch_size=3, scale=(-1.0, 1.0))
    rated = model.rate([*PROMPTS, "Wer?"], [*RESPONSES, "Niemand. " * 200])
    assert rated["reward"].isna().tolist() == [False] * 4 + [True]
    assert rated["raw"].isna().tolist() == [False] * 4 + [True]
    np.testing.assert_allclose(rated["raw"][:4], model.score(PROMPTS, RESPONSES), rtol=1e-4)
    assert np.isnan(RewardModel(reward_model, batch_size=3, context=10).score(PROMPTS, RESPONSES)).all()


def test_a_reward_model_without_a_scale_says_what_to_do(reward_model: Path) -> None:
    model = RewardModel(reward_model, batch_size=2)
    with pytest.raises(ValueError, match="has no scale: give `scale"):
        model.rate(["Was?"], ["Das."])


def test_a_model_without_a_score_head_is_no_reward_model(nano_model: Path) -> None:
    with pytest.raises(ValueError, match=r"not a reward model: its files have no weights for score"):
        RewardModel(nano_model, batch_size=2)


def test_a_scale_is_measured_on_peoples_pairs(reward_model: Path) -> None:
    """Of the two ways to put two responses under two prompts, a model scores one higher: that is a scale, the other is none."""
    model = RewardModel(reward_model, batch_size=3)
    ways = [model.score(PROMPTS[:2], responses).mean() for responses in (RESPONSES[:2], RESPONSES[1::-1])]
    better = int(ways[1] > ways[0])
    pairs = pd.DataFrame({"prompt": [*PROMPTS[:2], "Ohne?"], "response": [*RESPONSES[:2][:: -1 if better else 1], None]})
    scale = measure_scale(model, pairs, most=10, seed=0)
    assert [scale["low"], scale["high"]] == pytest.approx([min(ways), max(ways)])
    assert scale["pairs"] == 2
    swapped = pairs.assign(response=pairs["response"].to_numpy()[[1, 0, 2]])
    with pytest.raises(ValueError, match="no higher than mismatched ones"):
        measure_scale(model, swapped, most=10, seed=0)
    with pytest.raises(ValueError, match="no human-written pairs"):
        measure_scale(model, pairs.tail(1), most=10, seed=0)
