"""What evaluation asks real tokenizers, token by token, and where answers of real models end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lighteval.tasks.requests import Doc

from polyglot.core.files import write_jsonl
from polyglot.evaluation.prompts import Prompts
from polyglot.evaluation.run import evaluate
from polyglot.evaluation.settings import Benchmark
from polyglot.evaluation.tasks import Task
from polyglot.models.tokenization import answer_ends, load_tokenizer

RealModel = Callable[[str], Path]
TOKENIZERS: dict[Path, Any] = {}


def tokenizer_of(folder: Path) -> Any:
    """Loaded once: large vocabularies take seconds."""
    if folder not in TOKENIZERS:
        TOKENIZERS[folder] = load_tokenizer(folder)
    return TOKENIZERS[folder]


LATIN = Doc(query="Hauptstadt von Frankreich?", choices=["Berlin", "Paris"], gold_index=1)
LETTERS = Doc(query="Which?\nA. x\nB. y\nAnswer:", choices=["A", "B"], gold_index=1)
JAPANESE = Doc(query="日本の首都はどこですか？", choices=["東京", "大阪市"], gold_index=0)

PLAIN = {
    "gemma-pt": (["▁Berlin"], ["▁Paris"], ["▁A"], ["東京"]),
    "llama-base": (["ĠBerlin"], ["ĠParis"], ["ĠA"], ["æĿ±äº¬"]),
    "qwen-base": (["ĠBerlin"], ["ĠParis"], ["ĠA"], ["æĿ±", "äº¬"]),
    "olmo-base": (["ĠBerlin"], ["ĠParis"], ["ĠA"], ["æĿ", "±", "äº¬"]),
    "gptoss": (["ĠBerlin"], ["ĠParis"], ["ĠA"], ["æĿ±äº¬"]),
    "deepseek": (["ĠBerlin"], ["ĠParis"], ["ĠA"], ["æĿ±äº¬"]),
    "phi": (["▁Berlin"], ["▁Paris"], ["▁A"], ["東", "京"]),
}
"""Family to the tokens of Berlin, Paris, A and 東京 after a question in plain text. Phi's tokenizer is Llama 2's, which puts a
space before every text that it is given by itself."""

CHAT = {
    "gemma-it": ("<start_of_turn>model\n", ["Berlin"]),
    "llama-it": ("<|start_header_id|>assistant<|end_header_id|>\n\n", ["Berlin"]),
    "qwen-it": ("<|im_start|>assistant\n<think>\n\n</think>\n\n", ["Berlin"]),
    "cohere2": ("<|CHATBOT_TOKEN|><|START_RESPONSE|>", ["Berlin"]),
    "gptoss": ("<|start|>assistant<|channel|>final<|message|>", ["Berlin"]),
    "deepseek": ("<｜Assistant｜>", ["Berlin"]),
    "phi": ("<|assistant|>\n", ["Ber", "lin"]),
}
"""Family to what comes before an answer in its chat template, and the tokens of Berlin there."""

ENDS = {
    "gemma-it": {"<eos>", "<end_of_turn>"},
    "gemma-pt": {"<eos>", "<end_of_turn>"},
    "llama-it": {"<|end_of_text|>", "<|eot_id|>"},
    "llama-base": {"<|end_of_text|>"},
    "qwen-it": {"<|endoftext|>", "<|im_end|>"},
    "qwen-base": {"<|endoftext|>", "<|im_end|>"},
    "gptoss": {"<|endoftext|>", "<|return|>", "<|call|>"},
    "deepseek": {"<｜end▁of▁sentence｜>"},
    "phi": {"<|endoftext|>", "<|end|>"},
}
GO_ON = {"\n", "<|end|>", "<|im_start|>", "<start_of_turn>", "<|start_header_id|>", "<|start|>", "</think>", "<|user|>"}
"""Tokens that an answer may have, or that begin a turn; gpt-oss ends a thought with <|end|>, and its answer comes after."""


@pytest.mark.parametrize("family", PLAIN)
def test_a_plain_answer_follows_a_space_where_the_language_has_them(real_model: RealModel, family: str) -> None:
    tokenizer = tokenizer_of(real_model(family))
    prompts = Prompts(tokenizer, chat=False)
    for doc, number, expected in zip((LATIN, LATIN, LETTERS, JAPANESE), (0, 1, 0, 0), PLAIN[family], strict=True):
        found = prompts.options(doc)
        gap = "" if doc is JAPANESE else " "
        assert tokenizer.convert_ids_to_tokens(list(found.options[number])) == expected
        assert [*found.context, *found.options[number]] == tokenizer(doc.query + gap + doc.choices[number])["input_ids"]
        assert list(found.context) == prompts.request(doc)


@pytest.mark.parametrize("family", CHAT)
def test_an_answer_in_a_chat_stands_where_the_template_puts_it(real_model: RealModel, family: str) -> None:
    tokenizer = tokenizer_of(real_model(family))
    before, expected = CHAT[family]
    found = Prompts(tokenizer, chat=True).options(LATIN)
    assert tokenizer.decode(found.context).replace("> \n", ">\n").endswith(before)
    assert tokenizer.convert_ids_to_tokens(list(found.options[0])) == expected
    turns = [{"role": "user", "content": LATIN.query}, {"role": "assistant", "content": "Berlin"}]
    whole = tokenizer.apply_chat_template(turns, return_dict=True)["input_ids"]
    written = [*found.context, *found.options[0]]
    assert whole[: len(written)] == written
    assert whole[len(written)] in answer_ends(real_model(family), tokenizer)


@pytest.mark.parametrize("family", ENDS)
def test_an_answer_ends_where_the_models_files_say(real_model: RealModel, family: str) -> None:
    tokenizer = tokenizer_of(real_model(family))
    found = set(tokenizer.convert_ids_to_tokens(answer_ends(real_model(family), tokenizer)))
    assert found >= ENDS[family]
    assert not found & (GO_ON - ENDS[family])


@pytest.mark.parametrize(("family", "plain"), [("gemma-it", False), ("qwen-base", True), ("gptoss", False)])
def test_a_model_of_the_hub_is_evaluated(real_model: RealModel, tmp_path: Path, family: str, plain: bool) -> None:
    write_jsonl([{"question": "Wie viel ist 9+9?", "answer": "", "answer_number": 18}], tmp_path / "mgsm/test.jsonl")
    row = {"id": "a", "question": LATIN.query, "choices": LATIN.choices, "answer": 1}
    write_jsonl([row, row | {"id": "b", "choices": ["Rom", "Berlin", "Paris"]}], tmp_path / "mmlu/test.jsonl")
    tasks = [
        Task("mgsm", "de", tmp_path / "mgsm", Benchmark(formulation="generative", max_new_tokens=3)),
        Task("mmlu", "de", tmp_path / "mmlu", Benchmark(formulation="cloze")),
        Task("letters", "de", tmp_path / "mmlu", Benchmark(formulation="letter")),
    ]
    found = evaluate(real_model(family), tasks, batch_tokens=4096, plain=plain)
    assert len(found) == 5
    assert set(found[found["benchmark"] == "letters"]["answer"]) <= {"A", "B", "C"}
