"""Thoughts with real tokenizers and templates: written for training, switched in prompts, read from what a model wrote."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import trl

from polyglot.engines.base import Request
from polyglot.engines.thoughts import Marks
from polyglot.engines.transformers_engine import TransformersEngine
from polyglot.models.checks import check_base
from polyglot.models.thinking import template_variables, thoughts_key
from polyglot.models.tokenization import TokenizerError, load_tokenizer
from polyglot.registry.models import Sampling, Thinking
from polyglot.training.examples import IGNORED, encode

Find = Callable[[str], Path]
OF_TRL = Path(trl.__file__).parent / "chat_templates"
THOUGHTS = pd.DataFrame({"prompt": ["2+2?", "Wo?"], "response": ["Vier.", "Da."], "thoughts": ["Zwei und zwei.\nAlso.", None]})
LEARNED = {
    ("qwen-it", "qwen3_with_thinking"): [
        "<think>\nZwei und zwei.\nAlso.\n</think>\n\nVier.<|im_end|>",
        "<think>\n\n</think>\n\nDa.<|im_end|>",
    ],
    ("gptoss", "gptoss_training"): [
        "<|start|>assistant<|channel|>analysis<|message|>Zwei und zwei.\nAlso.<|end|>"
        "<|start|>assistant<|channel|>final<|message|>Vier.<|return|>",
        "<|start|>assistant<|channel|>final<|message|>Da.<|return|>",
    ],
}
"""What is in the loss, by base and template; the second example has no thoughts."""


def file_of(template: str, repository: Path) -> Path:
    own = repository / f"config/chat_templates/{template}.jinja"
    return own if own.exists() else OF_TRL / f"{template}.jinja"


@pytest.mark.parametrize(("name", "template"), LEARNED)
def test_the_loss_is_on_thoughts_and_answer_as_the_family_writes_them(
    name: str, template: str, real_model: Find, repository: Path
) -> None:
    folder, file = real_model(name), file_of(template, repository)
    assert check_base(name, folder, max_length=512, marks=True, thoughts=True, chat_template=file)
    tokenizer = load_tokenizer(folder, file)
    kept = encode(tokenizer, THOUGHTS, loss="response", max_length=512, thoughts=thoughts_key(tokenizer))
    learned = [tokenizer.decode([token for token in one["labels"] if token != IGNORED]).strip() for one in kept]
    assert learned == LEARNED[name, template]
    dropped = encode(tokenizer, THOUGHTS, loss="response", max_length=512)
    assert all("Zwei" not in tokenizer.decode(one["input_ids"]) for one in dropped)


def test_an_example_whose_answer_is_cut_off_is_left_out_although_its_thoughts_fit(real_model: Find, repository: Path) -> None:
    tokenizer = load_tokenizer(real_model("qwen-it"), file_of("qwen3_with_thinking", repository))
    pairs = pd.DataFrame({"prompt": ["a", "b"], "response": ["Ja.", "Nein."], "thoughts": ["hm " * 60, "hm"]})
    (kept,) = encode(tokenizer, pairs, loss="response", max_length=40, thoughts="reasoning_content")
    assert "Nein." in tokenizer.decode(kept["input_ids"])


def test_the_shipped_template_writes_what_qwens_own_does(real_model: Find, repository: Path) -> None:
    folder = real_model("qwen-it")
    own, shipped = load_tokenizer(folder), load_tokenizer(folder, file_of("qwen3_with_thinking", repository))
    asked = [{"role": "system", "content": "S"}, {"role": "user", "content": "a"}]
    earlier = [*asked, {"role": "assistant", "content": "b", "reasoning_content": "t"}, {"role": "user", "content": "c"}]
    for chat in (asked, earlier):
        for last in ({"reasoning_content": "\nt\n"}, {}):
            answered = [*chat, {"role": "assistant", "content": "d", **last}]
            texts = [one.apply_chat_template(answered, tokenize=False) for one in (own, shipped)]
            assert texts[0] == texts[1]
        for switch in ({}, {"enable_thinking": False}, {"enable_thinking": True}):
            texts = [
                one.apply_chat_template(chat, tokenize=False, add_generation_prompt=True, **switch) for one in (own, shipped)
            ]
            assert texts[0] == texts[1]


@pytest.mark.parametrize(
    ("name", "template"), [("deepseek", "deepseekv3_training"), ("llama-base", "llama3"), ("olmo-base", "chatml")]
)
def test_a_template_that_writes_no_thoughts_is_refused_with_base_and_remedy(
    name: str, template: str, real_model: Find, repository: Path
) -> None:
    given: dict[str, Any] = {"max_length": 512, "marks": True, "chat_template": file_of(template, repository)}
    assert check_base(name, real_model(name), **given)
    with pytest.raises(TokenizerError, match=rf"the base {name} .*writes no thoughts: name a file.*training\.thoughts to 'drop'"):
        check_base(name, real_model(name), thoughts=True, **given)


SWITCHES: dict[str, list[tuple[dict[str, Any], dict[str, Any] | str]]] = {
    "qwen-it": [({"enabled": False}, {"enable_thinking": False}), ({"effort": "low"}, r"no switch for thinking\.effort")],
    "gptoss": [
        ({"effort": "high"}, {"reasoning_effort": "high"}),
        ({"effort": "medium"}, {"reasoning_effort": "medium"}),
        ({"enabled": False}, r"no switch for thinking\.enabled.*leave it out"),
    ],
    "deepseek": [({"enabled": False}, r"no switch for thinking\.enabled")],
    "llama-it": [
        ({"chat_template_kwargs": {"date_string": "1 May 2026"}}, {"date_string": "1 May 2026"}),
        ({"chat_template_kwargs": {"think": True}}, r"no variable 'think'"),
    ],
}


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_is_a_variable_that_the_template_reads(name: str, real_model: Find) -> None:
    tokenizer = load_tokenizer(real_model(name))
    for said, expected in SWITCHES[name]:
        thinking = Thinking.model_validate(said)
        if isinstance(expected, dict):
            assert template_variables(tokenizer, thinking, name) == expected
            continue
        with pytest.raises(TokenizerError, match=expected):
            template_variables(tokenizer, thinking, name)


WRITTEN = {
    "qwen-it": "<think>\nhm\n</think>\n\nRom.",
    "gptoss": "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>Rom.",
    "cohere2": "<|START_THINKING|>hm<|END_THINKING|><|START_RESPONSE|>Rom.<|END_RESPONSE|>",
    "deepseek": "hm\n</think>\n\nRom.",
}
"""What each family writes; decoding leaves out the marks of two, and the prompt of one opens the thoughts."""


@pytest.mark.parametrize("name", WRITTEN)
def test_thoughts_are_found_in_the_tokens_of_each_family(name: str, real_model: Find) -> None:
    tokenizer = load_tokenizer(real_model(name))
    marks = Marks.of(tokenizer, {})
    tokens = tokenizer(WRITTEN[name], add_special_tokens=False)["input_ids"]
    assert marks.read(tokens) == ("Rom.", "hm", 1)
    assert marks.opened == ("<think>" if name == "deepseek" else "")
    assert bool(marks.hidden) == (name in ("gptoss", "cohere2"))


def test_thoughts_end_with_their_budget_and_the_answer_begins(real_model: Find) -> None:
    """Random weights never close a thought; the prompt opens one."""
    requests = [Request(str(n), [{"role": "user", "content": "a" * n}], seed=n) for n in (1, 5, 3)]
    sampling = Sampling(temperature=1.0, max_new_tokens=20)
    engine = TransformersEngine(real_model("deepseek"), sampling, thinking=Thinking(budget=6))
    held = engine.chat(requests)
    assert all(answer.text and answer.thoughts for answer in held)
    assert all(abs(answer.thought_tokens - 6) <= 3 for answer in held)  # as their text is tokenized again
    assert [answer.text for answer in engine.chat(requests[::-1])[::-1]] == [answer.text for answer in held]
    engine.budget = None
    free = engine.chat(requests)
    assert all(not answer.text and answer.thoughts for answer in free)
    assert all(long.thoughts.startswith(short.thoughts[:4]) for long, short in zip(free, held, strict=True))
