"""A budget of thoughts on llama.cpp's server, for a model whose template opens a thought."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from polyglot.engines.base import Answer
from polyglot.registry.models import Sampling, Thinking

from .asking import ask, engine, questions
from .running import RealServer, running

pytestmark = pytest.mark.slow
THINKING_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n"
    "{% if message.reasoning_content %}<think>\n{{ message.reasoning_content }}\n</think>\n\n{% endif %}"
    "{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n{% endif %}"
)
"""Of a model that always thinks. Random weights would go on with their thoughts up to the longest answer."""
BUDGET = 8
CLOSING = 4
"""Tokens that may come after it: the rest of a letter in UTF-8, and the first of the closing tag."""


@pytest.fixture(scope="module")
def thinking(wide_nano_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    folder = tmp_path_factory.mktemp("thinking") / "model"
    shutil.copytree(wide_nano_model, folder)
    (folder / "chat_template.jinja").write_text(THINKING_TEMPLATE, encoding="utf-8")
    with running("llama.cpp", folder, tmp_path_factory.mktemp("server")) as server:
        yield server


def answered(server: RealServer, folder: Path, told: Thinking | None) -> dict[str, Answer]:
    entry = {"url": server.url, "model": server.model, "preset": "llama.cpp", "concurrency": 4, "timeout": 60}
    asking = engine(entry, folder, Sampling(temperature=0, max_new_tokens=48), told)
    return ask(asking, questions(4), folder)


def test_llama_cpp_ends_thoughts_at_the_budget_and_goes_on_with_the_answer(thinking: RealServer, tmp_path: Path) -> None:
    free = answered(thinking, tmp_path / "free", None)
    short = answered(thinking, tmp_path / "short", Thinking(budget=BUDGET))
    for name, endless in free.items():
        brief = short[name]
        assert not endless.text
        assert endless.finish_reason == "length"
        assert brief.text
        assert brief.thoughts
        assert endless.thoughts.startswith(brief.thoughts)
        assert 0 < brief.thought_tokens <= BUDGET + CLOSING < endless.thought_tokens
