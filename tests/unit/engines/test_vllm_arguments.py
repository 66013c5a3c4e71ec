"""What vLLM is given, on a machine without it: its place is taken by a module that records its arguments."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from polyglot.engines import vllm_engine
from polyglot.engines.base import Answer, Request
from polyglot.engines.server import Served
from polyglot.engines.server_keeper import command_line
from polyglot.engines.vllm_engine import CPU_ENVIRONMENT, CPU_OPTIONS, GPU_ENVIRONMENT, QUIET, VLLMEngine, chat_arguments
from polyglot.models.tokenization import load_tokenizer
from polyglot.registry.models import Model, Sampling, Thinking

Opened = Callable[..., VLLMEngine]


class LLM:
    """Answers every chat with its seed."""

    def __init__(self, **options: Any) -> None:
        self.options = options
        self.llm_engine = SimpleNamespace(model_config=SimpleNamespace(max_model_len=options.get("max_model_len", 4096)))

    def chat(self, messages: list[Any], parameters: list[SimpleNamespace], **_: Any) -> list[Any]:
        self.parameters = parameters
        found = [SimpleNamespace(text=str(one.seed), finish_reason="stop", token_ids=[1, 2]) for one in parameters]
        return [SimpleNamespace(outputs=[output], prompt_token_ids=[1, 2, 3]) for output in found]


@pytest.fixture(autouse=True)
def vllm(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, members in (
        ("vllm", {"LLM": LLM, "SamplingParams": SimpleNamespace}),
        ("vllm.exceptions", {"VLLMValidationError": ValueError}),
        ("vllm.sampling_params", {"StructuredOutputsParams": SimpleNamespace}),
    ):
        module = ModuleType(name)
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, name, module)
    for name in QUIET | CPU_ENVIRONMENT | GPU_ENVIRONMENT:  # so that what the engine sets is gone after the test
        monkeypatch.setenv(name, "of the test")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, nano_model: Path) -> Opened:
    def opened(model: Model, *, gpu: bool) -> VLLMEngine:
        monkeypatch.setattr(vllm_engine, "visible_gpus", lambda: int(gpu))
        return VLLMEngine(nano_model, model)

    return opened


@pytest.mark.parametrize(("gpus", "parallel"), [(0, 1), (1, 1), (4, 4)])
def test_a_model_lies_on_the_gpus_of_the_registry(opened: Opened, nano_model: Path, gpus: int, parallel: int) -> None:
    model = Model(folder="x", engine="vllm", gpus=gpus, context=512, engine_options={"trust_remote_code": True})
    options = opened(model, gpu=True).llm.options
    assert options == {
        "model": str(nano_model),
        "tensor_parallel_size": parallel,
        "enable_prefix_caching": True,
        "seed": 0,
        "language_model_only": True,
        "max_model_len": 512,
        "trust_remote_code": True,
    }


def test_options_of_the_registry_go_before_those_of_a_cpu(opened: Opened) -> None:
    model = Model(folder="x", engine="vllm", engine_options={"max_num_seqs": 3})
    options = opened(model, gpu=False).llm.options
    assert options["max_num_seqs"] == 3
    assert {name: options[name] for name in CPU_OPTIONS if name != "max_num_seqs"}.items() <= CPU_OPTIONS.items()
    assert options["enable_chunked_prefill"] is False
    assert "max_model_len" not in options


def test_each_request_has_its_own_seed_schema_and_the_models_sampling(opened: Opened, nano_model: Path) -> None:
    sampling = Sampling(temperature=0.3, top_p=0.8, top_k=5, max_new_tokens=9)
    engine = opened(Model(folder="x", engine="vllm", sampling=sampling), gpu=True)
    schema = {"type": "object"}
    turns: list[Any] = [{"role": "user", "content": "q"}]
    requests = [Request("a", turns, 7), Request("b", turns, 2**64 + 5, schema=schema)]
    assert engine.chat(requests) == [Answer("a", "7", "stop", 3, 2), Answer("b", "5", "stop", 3, 2)]
    first, second = engine.llm.parameters
    for one in (first, second):
        assert (one.temperature, one.top_p, one.top_k, one.max_tokens) == (0.3, 0.8, 5, 9)
        assert one.stop_token_ids == [load_tokenizer(nano_model).eos_token_id]
    assert first.structured_outputs is None
    assert second.structured_outputs.json == schema


def test_a_reasoning_parser_is_given_to_the_engine_and_to_a_server(nano_model: Path) -> None:
    model = Model(folder="x", engine="vllm", thinking=Thinking(parser="qwen3"))
    assert chat_arguments(nano_model, model, gpu=True)["reasoning_parser"] == "qwen3"
    command = command_line(Served.of(nano_model, model, "chat"), 8000, gpu=True)
    assert command[command.index("--reasoning-parser") + 1] == "qwen3"


def test_a_budget_is_given_with_each_request(opened: Opened) -> None:
    engine = opened(Model(folder="x", engine="vllm"), gpu=True)
    engine.budget = 7
    engine.chat([Request("a", [{"role": "user", "content": "q"}], 7)])
    assert engine.llm.parameters[0].thinking_token_budget == 7


@pytest.mark.parametrize(("said", "method"), [(None, "spawn"), ("fork", "fork")])
def test_on_gpus_the_engine_is_started_afresh_unless_the_environment_says_fork(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, said: str | None, method: str
) -> None:
    monkeypatch.delenv("VLLM_WORKER_MULTIPROC_METHOD")
    if said is not None:
        monkeypatch.setenv("VLLM_WORKER_MULTIPROC_METHOD", said)
    opened(Model(folder="x", engine="vllm", gpus=1), gpu=True)
    assert os.environ["VLLM_WORKER_MULTIPROC_METHOD"] == method
