"""Thinking in the vllm engine: a real tokenizer and parser, random weights, whose thoughts never end by themselves."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from polyglot.core.starter import begin
from polyglot.core.submission import Submission
from polyglot.engines.base import Request
from polyglot.engines.served import ServedEngine
from polyglot.engines.vllm_engine import Form, Parsed, VLLMEngine
from polyglot.registry.models import Model, Sampling, Thinking
from tests.real import families, fetch

OPENS = families.CHATML.replace(
    "assistant\\n'}}", "assistant\\n'}}{{'<think>\\n\\n</think>\\n\\n' if enable_thinking is false else '<think>\\n'}}"
)
"""The form of Qwen 3's thinking models, which open the thoughts in the prompt, with the switch of the others."""
MODEL = families.causal("Qwen3", vocab_size=151936, max_position_embeddings=32768, head_dim=32, eos_token_id=151645)
"""With heads of a size that vLLM's attention on a CPU takes."""
ENTRY = Model(
    folder="tiny",
    engine="vllm",
    context=512,
    sampling=Sampling(temperature=1.0, max_new_tokens=40),
    thinking=Thinking(budget=6, parser="qwen3"),
)
SCHEMA = {"enum": ["ja", "nein"]}  # without room for white space, in which random weights would get lost
ASKED = [Request(str(n), [{"role": "user", "content": "Was ist das? " * n}], seed=n) for n in (1, 4, 2)]
PAIR = Request("json", ASKED[0].messages, seed=3, schema=SCHEMA)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    why = fetch.missing("qwen3")
    if why is not None:
        pytest.skip(why)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(families.FAMILIES, "thinker", replace(families.FAMILIES["qwen-it"], model=MODEL, template=OPENS))
        yield families.make("thinker", tmp_path_factory.mktemp("tiny") / "thinker")


@pytest.fixture(scope="module")
def engine(folder: Path) -> VLLMEngine:
    return VLLMEngine(folder, ENTRY)


def test_thoughts_end_with_their_budget_and_json_is_enforced_in_the_answer_alone(engine: VLLMEngine) -> None:
    *texts, pair = engine.chat([*ASKED, PAIR])
    for answer in texts:
        assert answer.thoughts
        assert answer.text
        assert "think>" not in answer.text + answer.thoughts
        assert 0 < answer.thought_tokens < answer.completion_tokens
    assert pair.thoughts
    assert pair.finish_reason == "stop"
    assert json.loads(pair.text) in SCHEMA["enum"]


def test_a_model_that_is_told_not_to_think_answers_at_once(engine: VLLMEngine, folder: Path) -> None:
    thinking = engine.form, engine.reader, engine.budget
    told = ENTRY.model_copy(update={"thinking": Thinking(enabled=False, parser="qwen3")})
    engine.form, engine.budget = Form.of(folder, told, None), None
    engine.reader = Parsed(engine.llm, engine.form)
    try:
        *texts, pair = engine.chat([*ASKED, PAIR])
        assert all(answer.text and not answer.thoughts and answer.thought_tokens == 0 for answer in texts)
        assert json.loads(pair.text) in SCHEMA["enum"]
    finally:
        engine.form, engine.reader, engine.budget = thinking


def test_without_a_parser_thoughts_are_known_by_their_tags(engine: VLLMEngine) -> None:
    """Those that the prompt opens as well, which no tag of the answer begins."""
    reader, engine.reader = engine.reader, None
    try:
        held = engine.chat(ASKED)
        engine.budget = None
        assert all(not answer.text and answer.thoughts for answer in engine.chat(ASKED))
    finally:
        engine.reader, engine.budget = reader, ENTRY.thinking.budget
    assert [(answer.text.strip(), answer.thoughts.strip()) for answer in held] == [
        (answer.text.strip(), answer.thoughts.strip()) for answer in engine.chat(ASKED)
    ]


def test_a_shared_server_tells_them_apart_as_the_offline_engine_does(
    engine: VLLMEngine, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = tmp_path_factory.mktemp("submission")
    process = subprocess.Popen(["sleep", "3600"])
    try:
        submission = Submission(process.pid, str(place / "node"), str(place / "logs"), sharing=True)
        begin(submission)
        asked = [*ASKED, PAIR]
        assert ServedEngine(folder, ENTRY, submission).chat(asked) == engine.chat(asked)
    finally:
        process.kill()
        process.wait()


def test_an_unknown_parser_is_named_with_those_that_there_are(folder: Path) -> None:
    misspelt = ENTRY.model_copy(update={"thinking": Thinking(parser="qwen33")})
    with pytest.raises(ValueError, match=r"thinking\.parser: unknown reasoning parser 'qwen33'; did you mean 'qwen3'\? vllm has"):
        VLLMEngine(folder, misspelt)
