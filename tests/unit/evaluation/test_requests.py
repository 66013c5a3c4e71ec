"""What a model is asked, in tokens, and where its answers end."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from lighteval.tasks.requests import Doc
from transformers import AutoModelForCausalLM

from polyglot.core.files import write_jsonl
from polyglot.engines.base import Request
from polyglot.engines.transformers_engine import TransformersEngine
from polyglot.evaluation.prompts import Prompts, separator
from polyglot.evaluation.run import evaluate
from polyglot.evaluation.settings import Benchmark
from polyglot.evaluation.tasks import Task
from polyglot.models.tokenization import load_tokenizer
from polyglot.registry.models import Sampling


def doc(query: str, choices: list[str], shots: tuple[Doc, ...] = ()) -> Doc:
    return Doc(query=query, choices=choices, gold_index=0, fewshot_samples=list(shots))


@pytest.mark.parametrize(
    ("query", "between"),
    [
        ("Hauptstadt von Frankreich?", " "),
        ("日本の首都はどこですか？", ""),
        ("中国的首都是", ""),
        ("เมืองหลวงของไทยคือ", ""),
        ("다음 중 수도는?", " "),
        ("中国的首都是\nA. 北京\nB. 上海\nAnswer:", " "),
        ("Question\n", "\n"),
        ("Question: ", " "),
    ],
)
def test_an_answer_is_put_as_people_write_it(query: str, between: str) -> None:
    assert separator(query) == between


def test_a_plain_answer_follows_a_space_as_in_the_examples(nano_model: Path) -> None:
    tokenizer = load_tokenizer(nano_model)
    asked = doc("Wie viel?", ["Vier", " Fünf Sterne"], (doc("Was?", [" ein Baum "]),))
    found = Prompts(tokenizer, chat=False).options(asked)
    assert tokenizer.decode(found.context) == "Was? ein Baum\n\nWie viel?"
    whole = [tokenizer.decode([*found.context, *option]) for option in found.options]
    assert whole == ["Was? ein Baum\n\nWie viel? Vier", "Was? ein Baum\n\nWie viel?  Fünf Sterne"]


def test_options_that_share_a_token_with_their_context_are_compared_from_before_it(nano_model: Path) -> None:
    """Without a space, `ab` is one token in one option and two in the other."""
    tokenizer = load_tokenizer(nano_model)
    words = (token[1:] for token in sorted(tokenizer.get_vocab()) if token[0] == "Ġ")  # a vocabulary has no order of its own
    merged = next(word for word in words if len(word) == 2 and word.isascii() and word.isalpha())
    head, tail = merged
    prompts = Prompts(tokenizer, chat=False)
    prompts._head = lambda doc: (f"x {head}", "")  # type: ignore[method-assign]
    found = prompts.options(doc("", [tail, "9"]))
    assert {tokenizer.decode([*found.context, *option]) for option in found.options} == {f"x {merged}", f"x {head}9"}
    assert all(tokenizer.decode(option).lstrip().startswith(head) for option in found.options)


def test_an_answer_in_a_chat_is_where_the_template_writes_it(nano_model: Path) -> None:
    """After an empty thought that is not part of the prompt, and before what ends the turn."""
    tokenizer = load_tokenizer(nano_model)
    tokenizer.chat_template = (
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ '<think></think>' if m.role == 'assistant' }} {{ m.content }}"
        "<|im_end|>{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    found = Prompts(tokenizer, chat=True).options(doc("Wie viel?", ["Vier", "Fünf"]))
    for option, text in zip(found.options, ["Vier", "Fünf"], strict=True):
        assert tokenizer.decode([*found.context, *option]).endswith(f"<|im_start|>assistant\n<think></think> {text}")
        assert tokenizer.decode(option).strip() == text
    tokenizer.chat_template = "{% for m in messages %}{{ m.content if m.role == 'user' else 1 / 0 }}{% endfor %}:"
    found = Prompts(tokenizer, chat=True).options(doc("Wie viel?", ["Vier", "Fünf"]))
    assert (tokenizer.decode(found.context), tokenizer.decode(found.options[0])) == ("Wie viel?:", "Vier")


def test_the_start_of_a_context_that_is_too_long_is_cut_for_all_options_alike(nano_model: Path) -> None:
    prompts = Prompts(load_tokenizer(nano_model), chat=False)
    asked = doc("Wie viel Sterne und Bäume sind es?", ["Vier", "Fünf Sterne und ein Baum"])
    whole = prompts.options(asked)
    limit = 4 + max(map(len, whole.options))
    cut = prompts.options(asked, limit=limit)
    assert cut.options == whole.options
    assert cut.context == whole.context[-4:]


def test_an_answer_ends_where_a_turn_does(tmp_path: Path, nano_model: Path) -> None:
    """A model that has learnt a chat by heart, whose end of turn only its generation configuration names, as Gemma 3's. Its
    thoughts are no answer."""
    folder = tmp_path / "model"
    shutil.copytree(nano_model, folder)
    tokenizer = load_tokenizer(folder)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<turn>"]})
    tokenizer.chat_template = "{% for m in messages %}[{{ m.content }}]{% endfor %}"
    tokenizer.save_pretrained(folder)
    thought = "<think>Erst 9, also 20.</think>"
    chat = f"[Wie viel ist 9+9?]{thought}Die Antwort ist 18.<turn>[Wie viel ist 3+4?]Die Antwort ist 7.<turn>"
    ids = torch.tensor([tokenizer(chat)["input_ids"]])
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    model.resize_token_embeddings(len(tokenizer))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    with torch.enable_grad():
        for _ in range(200):
            loss = model(input_ids=ids, labels=ids).loss
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            if loss < 0.02:
                break
    model.generation_config.eos_token_id = [tokenizer.eos_token_id, tokenizer.convert_tokens_to_ids("<turn>")]
    model.save_pretrained(folder)
    question = "Wie viel ist 9+9?"
    items = tmp_path / "items"
    write_jsonl([{"question": question, "answer": "", "answer_number": 18}], items / "test.jsonl")
    task = Task("mgsm", "de", items, Benchmark(formulation="generative", max_new_tokens=60))
    (outcome,) = evaluate(folder, [task], batch_tokens=200).to_dict("records")
    assert (outcome["answer"], outcome["correct"]) == ("Die Antwort ist 18.", 1)
    engine = TransformersEngine(folder, Sampling(temperature=0.0, max_new_tokens=60))
    (answer,) = engine.chat([Request("a", [{"role": "user", "content": question}], 0)])
    assert (answer.text, answer.finish_reason) == ("Die Antwort ist 18.", "stop")
    assert answer.thoughts == "Erst 9, also 20."
    assert 0 < answer.thought_tokens < answer.completion_tokens
    settings = json.loads((folder / "generation_config.json").read_text())
    (folder / "generation_config.json").write_text(json.dumps(settings | {"eos_token_id": tokenizer.eos_token_id}))
    (outcome,) = evaluate(folder, [task], batch_tokens=200).to_dict("records")
    assert outcome["correct"] == 0, "the model does not end by itself, so this test would pass without the ends"
