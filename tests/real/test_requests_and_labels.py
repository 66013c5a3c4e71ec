"""Requests in each family's chat template, and the labels of training examples, token by token."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from polyglot.core.conversations import written
from polyglot.models.checks import check_base, check_chats, check_requests
from polyglot.models.tokenization import TokenizerError, load_tokenizer
from polyglot.registry.models import Model, Sampling
from polyglot.training.examples import IGNORED, encode

Find = Callable[[str], Path]
SYSTEM, USER = "You write training data in German.", "Was ist die Hauptstadt von Frankreich?"
CHATML = f"<|im_start|>system\n{SYSTEM}<|im_end|>\n<|im_start|>user\n{USER}<|im_end|>\n<|im_start|>assistant\n"
REQUESTS = {
    "gemma-it": f"<bos><start_of_turn>user\n{SYSTEM}\n\n{USER}<end_of_turn>\n<start_of_turn>model\n",
    "llama-it": "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023\n"
    f"Today Date: 26 Jul 2024\n\n{SYSTEM}<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n{USER}<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|>\n\n",
    "qwen-it": CHATML,
    "olmo-it": CHATML,
    "granite": f"<|start_of_role|>system<|end_of_role|>{SYSTEM}<|end_of_text|>\n<|start_of_role|>user<|end_of_role|>{USER}"
    "<|end_of_text|>\n<|start_of_role|>assistant<|end_of_role|>",
    "deepseek": f"<｜begin▁of▁sentence｜>{SYSTEM}<｜User｜>{USER}<｜Assistant｜><think>\n",
    "phi": f"<|system|>\n{SYSTEM}<|end|>\n<|user|>\n{USER}<|end|>\n<|assistant|>\n",
}
"""Each family's own words around a request. Two more have long preambles (below)."""
LONG = {
    "cohere2": ("<BOS_TOKEN><|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|># System Preamble\n", "<|CHATBOT_TOKEN|><|START_RESPONSE|>"),
    "gptoss": ("<|start|>system<|message|>You are ChatGPT", "<|start|>assistant"),
}
CHAT = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": USER}]


@pytest.mark.parametrize("name", [*REQUESTS, *LONG])
def test_a_request_is_what_the_family_was_trained_on_with_one_begin_token(name: str, real_model: Find) -> None:
    folder = real_model(name)
    tokenizer = load_tokenizer(folder, padding_side="left")
    text = tokenizer.apply_chat_template(CHAT, add_generation_prompt=True, tokenize=False)
    if name in LONG:
        start, end = LONG[name]
        assert text.startswith(start)
        assert text.endswith(end)
    else:
        assert text == REQUESTS[name]
    sent = tokenizer.apply_chat_template([CHAT], add_generation_prompt=True, return_dict=True)["input_ids"][0]
    shown = tokenizer.decode(sent)
    assert (
        (shown.replace(" ", "") == text.replace(" ", "")) if name == "phi" else (shown == text)
    )  # it writes a space after a mark
    assert SYSTEM in text
    if tokenizer.bos_token_id not in (None, tokenizer.eos_token_id):  # elsewhere it separates turns
        assert sent.count(tokenizer.bos_token_id) == text.count(tokenizer.bos_token) <= 1
    marks = {mark: token for mark, token in tokenizer.get_added_vocab().items() if mark.startswith("<") and mark in text}
    assert {mark: sent.count(token) for mark, token in marks.items()} == {mark: text.count(mark) for mark in marks}
    model = Model(folder=str(folder), engine="transformers", context=8192, sampling=Sampling(max_new_tokens=4096))
    rows = pd.DataFrame({"request_id": ["r"], "method": ["respond"], "messages": [CHAT]})
    found = check_requests(name, model, folder, {"file": rows})
    assert found["methods"]["respond"]["longest"] == len(sent)
    assert check_chats(name, model, folder, {"chat": CHAT})["chats"] == {"chat": len(sent)}


LABELS = {
    ("gemma-pt", "gemma3"): [["V", "ier", ".", "\n\n", "Das", " ist", " **", "leicht", "**.", "<end_of_turn>"]],
    ("llama-base", "llama3"): [["V", "ier", ".\n\n", "Das", " ist", " **", "le", "icht", "**", ".", "<|eot_id|>"]],
    ("qwen-base", "chatml"): [[" ", " V", "ier", ".\n\n", "Das", " ist", " **", "le", "icht", "**", ".", "  ", "<|im_end|>"]],
    ("olmo-base", "chatml"): [[" ", " V", "ier", ".\n\n", "Das", " ist", " **", "le", "icht", "**", ".", "  ", "<|im_end|>"]],
    ("qwen-it", "qwen3_without_thinking"): [
        [" ", " V", "ier", ".\n\n", "Das", " ist", " **", "le", "icht", "**", ".", "  ", "<|im_end|>"]
    ],
}
"""The tokens in the loss, by base and template."""
LABELS["gemma-pt", "gemma3"].append(["はい", "、", "わかり", "ました", "。", "<end_of_turn>"])
LABELS["llama-base", "llama3"].append(["はい", "、", "わ", "かり", "ました", "。", "<|eot_id|>"])
LABELS["qwen-base", "chatml"].append(["は", "い", "、", "わかり", "ました", "。", "<|im_end|>"])
LABELS["olmo-base", "chatml"].append(["は", "い", "、", "わ", "か", "り", "ました", "。", "<|im_end|>"])
LABELS["qwen-it", "qwen3_without_thinking"].append(["は", "い", "、", "わかり", "ました", "。", "<|im_end|>"])


@pytest.mark.parametrize(("name", "template"), LABELS)
def test_the_loss_is_on_the_response_and_its_end_of_turn(
    name: str, template: str, real_model: Find, repository: Path, pairs: pd.DataFrame
) -> None:
    folder, file = real_model(name), repository / f"config/chat_templates/{template}.jinja"
    assert check_base(name, folder, max_length=16384, marks=True, chat_template=file)["facts"]["eos_token"]
    tokenizer = load_tokenizer(folder, file)
    examples = encode(tokenizer, pairs.iloc[:2], loss="response", max_length=16384)
    kept = [[token for token in one["labels"] if token != IGNORED] for one in examples]
    assert [[tokenizer.decode([token]) for token in tokens] for tokens in kept] == LABELS[name, template]
    assert all(tokens[-1] == tokenizer.eos_token_id for tokens in kept)
    for one, prompt in zip(examples, pairs["prompt"], strict=False):
        whole = tokenizer.decode(one["input_ids"])
        assert prompt in whole
        if tokenizer.bos_token_id is not None and tokenizer.bos_token in whole:
            assert one["input_ids"].count(tokenizer.bos_token_id) == 1
    end = tokenizer.eos_token
    quoting = pd.DataFrame({"prompt": [f"Was ist {end}?"], "response": [f"Gut.{end}\nSo endet `{end}`."]})
    (one,) = encode(tokenizer, quoting, loss="response", max_length=16384)
    assert one["labels"].count(tokenizer.eos_token_id) == 1
    assert f"{quoting['response'][0]}{end}" in tokenizer.decode(one["input_ids"])


@pytest.mark.parametrize(("name", "template"), LABELS)
def test_of_a_conversation_the_loss_is_on_the_last_response_or_on_all(
    name: str, template: str, real_model: Find, repository: Path, pairs: pd.DataFrame
) -> None:
    """Each response has the labels that it has alone; a system turn is shown by every family, and never learned."""
    tokenizer = load_tokenizer(real_model(name), repository / f"config/chat_templates/{template}.jinja")
    (first, last) = pairs.iloc[:2].to_dict("records")
    before = [("system", SYSTEM), ("user", first["prompt"]), ("assistant", first["response"])]
    history = written([{"role": role, "content": text} for role, text in before])
    whole = pd.DataFrame([{**last, "history": history}])
    for loss, expected in (("response", LABELS[name, template][1:]), ("responses", LABELS[name, template])):
        (one,) = encode(tokenizer, whole, loss=loss, max_length=16384)  # type: ignore[arg-type]
        kept = [token for token in one["labels"] if token != IGNORED]
        assert [tokenizer.decode([token]) for token in kept] == [token for tokens in expected for token in tokens]
        assert SYSTEM in tokenizer.decode(one["input_ids"])


@pytest.mark.parametrize(("name", "template"), [("gemma-pt", "chatml"), ("llama-base", "chatml")])
def test_a_template_of_another_family_is_refused(name: str, template: str, real_model: Find, repository: Path) -> None:
    with pytest.raises(TokenizerError, match=r"ends with .*<\|im_end\|>.*no token of"):
        check_base(
            name,
            real_model(name),
            max_length=512,
            marks=True,
            chat_template=repository / f"config/chat_templates/{template}.jinja",
        )


@pytest.mark.parametrize("name", ["qwen-base", "gemma-it", "llama-it", "cohere2", "granite", "gptoss", "deepseek", "phi"])
def test_a_template_that_marks_no_response_is_refused(name: str, real_model: Find) -> None:
    with pytest.raises(TokenizerError, match=r"no \{% generation %\} mark"):
        check_base(name, real_model(name), max_length=512, marks=True)


def test_a_base_without_a_template_is_refused(real_model: Find) -> None:
    with pytest.raises(TokenizerError, match="the tokenizer has no chat template"):
        check_base("olmo-base", real_model("olmo-base"), max_length=512, marks=True)
