"""Chat templates: the forms are those of the models' makers, and exactly what the assistant writes is marked."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from polyglot.models.tokenization import (
    TokenizerError,
    answer_ends,
    assistant_tokens,
    load_tokenizer,
    needs_chat_template,
    tokenizer_facts,
)
from polyglot.nano.pretraining import train_tokenizer
from polyglot.registry import load_registries
from polyglot.registry.base import RegistryError

CHAT = [
    {"role": "system", "content": "Write in German."},
    {"role": "user", "content": "Was ist das?"},
    {"role": "assistant", "content": "Ein Baum."},
]
FORMS = {
    "chatml": (
        ["<|im_start|>", "<|im_end|>"],
        None,
        "<|im_start|>system\nWrite in German.<|im_end|>\n<|im_start|>user\nWas ist das?<|im_end|>\n"
        "<|im_start|>assistant\nEin Baum.<|im_end|>\n",
    ),
    "llama3": (
        ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"],
        "<|begin_of_text|>",
        "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nWrite in German.<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nWas ist das?<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\nEin Baum.<|eot_id|>",
    ),
    "gemma3": (
        ["<bos>", "<start_of_turn>", "<end_of_turn>"],
        "<bos>",
        "<bos><start_of_turn>user\nWrite in German.\n\nWas ist das?<end_of_turn>\n<start_of_turn>model\nEin Baum.<end_of_turn>\n",
    ),
}
"""Template to the family's special tokens, its begin token, and the chat above as text."""


WITHOUT_THINKING = "qwen3_without_thinking.jinja"


def base_tokenizer(folder: Path, family: str) -> Path:
    """What comes with a pre-trained base: the family's tokens, no chat template, and another token at the end of a text."""
    tokenizer = train_tokenizer(["Was ist das? Ein Baum."], "", vocabulary=400)
    tokens, begin, _ = FORMS[family]
    tokenizer.add_special_tokens({"additional_special_tokens": tokens, "eos_token": "<|endoftext|>"})
    if begin is not None:
        tokenizer.bos_token = begin
    tokenizer.chat_template = None
    tokenizer.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("family", FORMS)
def test_a_shipped_template_has_the_familys_form_and_marks_what_the_assistant_writes(
    repository: Path, tmp_path: Path, family: str
) -> None:
    tokenizer = load_tokenizer(base_tokenizer(tmp_path, family), repository / f"config/chat_templates/{family}.jinja")
    expected = FORMS[family][2]
    assert tokenizer.apply_chat_template(CHAT, tokenize=False) == expected
    ids, marked = assistant_tokens(tokenizer, CHAT, family)
    assert tokenizer.decode(ids) == expected
    end = FORMS[family][0][-1]
    assert tokenizer.decode([token for token, counts in zip(ids, marked, strict=True) if counts]) == f"Ein Baum.{end}"
    assert tokenizer.eos_token == end
    asked = tokenizer.apply_chat_template(CHAT[:-1], tokenize=False, add_generation_prompt=True)
    assert expected.startswith(asked)
    assert expected[len(asked) :].rstrip() == f"Ein Baum.{end}"


@pytest.mark.parametrize(("family", "shipped"), [("llama3", "llama3_training"), ("gemma3", "gemma3_training")])
def test_a_template_gives_the_text_of_the_one_that_trl_ships(repository: Path, tmp_path: Path, family: str, shipped: str) -> None:
    import trl

    other = Path(trl.__file__).parent / f"chat_templates/{shipped}.jinja"
    folder = base_tokenizer(tmp_path, family)
    chat = [*CHAT, {"role": "user", "content": " Wo? "}]
    texts = [
        load_tokenizer(folder, path).apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
        for path in (repository / f"config/chat_templates/{family}.jinja", other)
    ]
    assert texts[0] == texts[1]


def test_every_template_that_the_registry_names_is_tested_here(repository: Path) -> None:
    models = load_registries(repository / "config").models
    named = {model.chat_template for model in models.values() if model.chat_template}
    assert named == {f"{family}.jinja" for family in FORMS} | {WITHOUT_THINKING}
    pretrained = [model for model in models.values() if model.reference and model.hub]
    assert all(model.chat_template for model in pretrained)


def test_qwen_answers_without_thinking_and_earlier_answers_show_none(repository: Path, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(base_tokenizer(tmp_path, "chatml"), repository / "config/chat_templates" / WITHOUT_THINKING)
    expected = FORMS["chatml"][2]
    assert tokenizer.apply_chat_template(CHAT, tokenize=False) == expected
    asked = tokenizer.apply_chat_template(CHAT, tokenize=False, add_generation_prompt=True)
    assert asked == f"{expected}<|im_start|>assistant\n<think>\n\n</think>\n\n"


def test_an_unknown_template_is_named_with_those_that_there_are(repository: Path, tmp_path: Path) -> None:
    shutil.copytree(repository / "config/chat_templates", tmp_path / "chat_templates")
    (tmp_path / "models.yaml").write_text("a: {folder: x, chat_template: chatlm.jinja}")
    with pytest.raises(RegistryError, match=r"entry 'a': unknown chat template 'chatlm.jinja'.*has: chatml.jinja, gemma3.jinja"):
        load_registries(tmp_path)


def test_a_template_of_another_family_is_refused(repository: Path, tmp_path: Path) -> None:
    folder = base_tokenizer(tmp_path, "chatml")
    with pytest.raises(TokenizerError, match=r"llama3\.jinja: an assistant's turn ends with.*no token of.*family"):
        load_tokenizer(folder, repository / "config/chat_templates/llama3.jinja")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{% include "mine.jinja" %}', "no loader"),
        ("{% for place in range(10**12) %}x{% endfor %}", "Range too big"),
        ("{{ raise_exception('no assistant') }}", "no assistant"),
        ("{% if %}", "TemplateSyntaxError"),
    ],
)
def test_what_fails_in_a_chat_template_is_said_with_its_file(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "mine.jinja").write_text(text)
    with pytest.raises(TokenizerError, match=rf"mine\.jinja: the chat template fails: .*{told}.*; correct it, or name another"):
        load_tokenizer(base_tokenizer(tmp_path, "chatml"), tmp_path / "mine.jinja")


def test_a_template_without_a_mark_is_refused(repository: Path, tmp_path: Path) -> None:
    folder = base_tokenizer(tmp_path, "chatml")
    bare = (repository / "config/chat_templates/chatml.jinja").read_text().replace("generation", "if true", 1)
    (tmp_path / "bare.jinja").write_text(bare.replace("endgeneration", "endif"))
    with pytest.raises(TokenizerError, match=r"bare\.jinja: no {% generation %}.*; put it there"):
        load_tokenizer(folder, tmp_path / "bare.jinja")


def test_what_a_folder_lacks_is_said_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(TokenizerError, match=r"no tokenizer there.*fetch the model again"):
        load_tokenizer(tmp_path)
    folder = base_tokenizer(tmp_path, "chatml")
    tokenizer = load_tokenizer(folder)
    with pytest.raises(TokenizerError, match=r"no chat template; name one of config/chat_templates"):
        needs_chat_template(tokenizer, folder)
    tokenizer.chat_template = "{{ messages[0]['content'] }}"
    needs_chat_template(tokenizer, folder)
    with pytest.raises(TokenizerError, match=r"no {% generation %} mark around the response.*training.loss"):
        needs_chat_template(tokenizer, folder, marks=True)


def test_the_facts_change_with_tokenizer_and_template(repository: Path, tmp_path: Path) -> None:
    def facts(folder: Path, template: Path | None = None) -> Any:
        return json.loads(json.dumps(tokenizer_facts(load_tokenizer(folder, template), folder)))

    one, other = base_tokenizer(tmp_path / "a", "chatml"), base_tokenizer(tmp_path / "b", "gemma3")
    template = repository / "config/chat_templates/chatml.jinja"
    assert facts(one)["chat_template"] is None
    assert facts(one, template)["chat_template"] is not None
    assert facts(one)["tokenizer"] == facts(one, template)["tokenizer"] != facts(other)["tokenizer"]


def test_an_answer_ends_with_what_any_of_a_models_files_says(repository: Path, tmp_path: Path) -> None:
    """As Gemma 3 has it: the tokenizer's end is that of a text, its vocabulary has line breaks among the added tokens."""
    tokenizer = load_tokenizer(base_tokenizer(tmp_path, "gemma3"))
    tokenizer.add_tokens(["\n", "<|call|>", "<|stop|>"])
    text, call, stop, turn = tokenizer.convert_tokens_to_ids(["<|endoftext|>", "<|call|>", "<|stop|>", "<end_of_turn>"])
    assert answer_ends(tmp_path, tokenizer) == [text]
    (tmp_path / "config.json").write_text(json.dumps({"text_config": {"eos_token_id": call}}))
    assert answer_ends(tmp_path, tokenizer) == sorted([text, call])
    (tmp_path / "generation_config.json").write_text(json.dumps({"eos_token_id": [call, stop]}))
    assert answer_ends(tmp_path, tokenizer) == sorted([text, call, stop])
    tokenizer.chat_template = (repository / "config/chat_templates/gemma3.jinja").read_text()
    assert answer_ends(tmp_path, tokenizer) == sorted([text, call, stop, turn])
    tokenizer.chat_template = "{{ raise_exception('no chats') }}"
    assert answer_ends(tmp_path, tokenizer) == sorted([text, call, stop])


def test_a_template_that_goes_on_after_an_answer_ends_it_with_the_first_tokens_only(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(base_tokenizer(tmp_path, "chatml"))
    tokenizer.chat_template = "{% for m in messages %}<|im_start|>{{ m.content }}<|im_end|>\n{% endfor %}Next: <|im_start|>"
    assert tokenizer.convert_tokens_to_ids("<|im_start|>") not in answer_ends(tmp_path, tokenizer)
    assert tokenizer.convert_tokens_to_ids("<|im_end|>") in answer_ends(tmp_path, tokenizer)
