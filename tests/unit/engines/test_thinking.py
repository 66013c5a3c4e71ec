"""Switches, effort and budgets of thinking: what an endpoint is told, what a local engine does, and what is said beforehand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from polyglot.core.sidefile import SideFile
from polyglot.engines import engine_problems
from polyglot.engines.base import Request, answer_all, owner_of
from polyglot.engines.endpoint_errors import EndpointError
from polyglot.engines.manners import PRESETS
from polyglot.engines.openai_engine import OpenAIEngine
from polyglot.engines.probe import probed
from polyglot.engines.spending import Spending
from polyglot.engines.transformers_engine import ThoughtBudget, TransformersEngine
from polyglot.models.tokenization import TokenizerError
from polyglot.registry.base import Registry
from polyglot.registry.models import Model, Sampling, Thinking
from tests.endpoint import Server, completion

OFF: dict[str, Any] = {"enabled": False}
LOW: dict[str, Any] = {"effort": "low"}
SHORT: dict[str, Any] = {"budget": 512}
NO: dict[str, Any] = {}
"""Not told: a problem before any job."""
TOLD: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "openai": (NO, NO, NO),
    "openai-reasoning": ({"reasoning_effort": "none"}, {"reasoning_effort": "low"}, NO),
    "azure": ({"reasoning_effort": "none"}, {"reasoning_effort": "low"}, NO),
    "gemini": (
        {"reasoning_effort": "none"},
        {"reasoning_effort": "low"},
        {"extra_body": {"google": {"thinking_config": {"thinking_budget": 512}}}},
    ),
    "mistral": ({"reasoning_effort": "none"}, {"reasoning_effort": "low"}, NO),
    "deepseek": ({"thinking": {"type": "disabled"}}, {"reasoning_effort": "low"}, NO),
    "anthropic": ({"thinking": {"type": "disabled"}}, NO, {"thinking": {"type": "enabled", "budget_tokens": 512}}),
    "openrouter": ({"reasoning": {"enabled": False}}, {"reasoning": {"effort": "low"}}, {"reasoning": {"max_tokens": 512}}),
    "ollama": ({"reasoning_effort": "none"}, {"reasoning_effort": "low"}, NO),
    "llama.cpp": (
        {"chat_template_kwargs": {"enable_thinking": False}},
        {"chat_template_kwargs": {"reasoning_effort": "low"}},
        {"thinking_budget_tokens": 512},
    ),
    "vllm": (
        {"chat_template_kwargs": {"enable_thinking": False}},
        {"reasoning_effort": "low"},
        {"thinking_token_budget": 512},
    ),
    "sglang": (
        {"chat_template_kwargs": {"enable_thinking": False}},
        {"reasoning_effort": "low"},
        {"custom_params": {"thinking_budget": 512}},
    ),
    "lm-studio": (NO, NO, NO),
    "transformers": (
        {"chat_template_kwargs": {"enable_thinking": False}},
        {"chat_template_kwargs": {"reasoning_effort": "low"}},
        NO,
    ),
}
"""Fields by which each service is told to think not at all, little, or briefly; by its documentation."""
ABOUT_THINKING = {
    *("reasoning_effort", "reasoning", "thinking", "chat_template_kwargs"),
    *("thinking_token_budget", "thinking_budget_tokens", "extra_body", "custom_params"),
}


def model(preset: str | None, said: dict[str, Any], url: str = "http://localhost", **changes: Any) -> Model:
    entry = {"url": url, "model": "m", "api_key": "TEST_KEY", "preset": preset, **changes}
    return Model.model_validate({"engine": "openai", "endpoint": entry, "thinking": said})


def problems(tmp_path: Path, **entries: Model) -> list[str]:
    path = tmp_path / "models.yaml"
    path.write_text(json.dumps({name: one.model_dump(mode="json", exclude_none=True) for name, one in entries.items()}))
    return list(engine_problems(Registry(path, Model), set(entries)))


def test_every_preset_says_what_it_is_told() -> None:
    assert set(TOLD) == set(PRESETS)


@pytest.mark.parametrize("preset", TOLD)
def test_an_endpoint_is_told_in_its_own_fields_or_the_entry_is_a_problem(server: Server, tmp_path: Path, preset: str) -> None:
    for said, fields in zip((OFF, LOW, SHORT), TOLD[preset], strict=True):
        entry = model(preset, said, server.url)
        found = problems(tmp_path, teacher=entry)
        if not fields:
            (problem,) = found
            assert f"entry 'teacher', key 'thinking.{next(iter(said))}': the endpoint" in problem
            assert "Leave the key out" in problem
            assert "`endpoint.options`" in problem
            continue
        assert not found
        assert entry.endpoint is not None
        engine = OpenAIEngine(entry.endpoint, Sampling(), Spending(tmp_path / "l", "t", None, None), None, entry.thinking)
        engine.chat([Request("a", [{"role": "user", "content": "q"}], 1)])
        assert {name: value for name, value in server.bodies[-1].items() if name in ABOUT_THINKING} == fields


def test_a_service_that_does_not_take_what_its_preset_says_stops_the_job_with_one_message(server: Server, tmp_path: Path) -> None:
    said = "Unsupported parameter: 'reasoning_effort' is not supported with this model."
    error = {"message": said, "type": "invalid_request_error", "param": "reasoning_effort", "code": "unsupported_parameter"}
    server.behave = lambda body: (400, {"error": error}) if "reasoning_effort" in body else (200, completion("Gut."))
    entry = model("ollama", LOW, server.url)
    assert entry.endpoint is not None
    engine = OpenAIEngine(entry.endpoint, Sampling(), Spending(tmp_path / "l", "t", None, None), None, entry.thinking)
    asked = [Request(str(n), [{"role": "user", "content": f"q{n}"}], n) for n in range(3)]
    with pytest.raises(EndpointError, match="'reasoning_effort' is not supported with this model"):
        answer_all(engine, asked, SideFile(tmp_path / "side.jsonl", "o"), batch_size=8, title="t")


def test_fields_that_an_entry_states_are_used_and_options_go_before_them(server: Server, tmp_path: Path) -> None:
    said = {"enabled": True, "chat_template_kwargs": {"thinking": True}}
    entry = model(None, said, server.url, manners={"thinking": ["chat_template_kwargs"]}, options={"reasoning_effort": "high"})
    assert not problems(tmp_path, t=entry)
    assert entry.endpoint is not None
    engine = OpenAIEngine(entry.endpoint, Sampling(), Spending(tmp_path / "l", "t", None, None), None, entry.thinking)
    body = engine.body(Request("a", [{"role": "user", "content": "q"}], 1))
    assert body["chat_template_kwargs"] == {"enable_thinking": True, "thinking": True}
    assert body["reasoning_effort"] == "high"


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (Model(folder="x", thinking=Thinking(parser="qwen3")), "'thinking.parser': the engine 'transformers' has no reasoning"),
        (Model(folder="x", engine="vllm", thinking=Thinking(budget=9)), "'thinking.budget': vllm needs the family's reasoning"),
        (
            model(None, {"enabled": True, "chat_template_kwargs": {"a": 1}}),
            "'thinking.enabled': the endpoint is not known to take",
        ),
        (model("mistral", {"enabled": True}), "'thinking.enabled': the endpoint takes reasoning_effort alone"),
        (
            model("gemini", {"effort": "low", "budget": 9}),
            "'thinking.budget': the endpoint takes a budget or an effort, not both",
        ),
        (model("ollama", SHORT), "'thinking.budget': the endpoint takes reasoning_effort alone"),
    ],
)
def test_what_an_engine_cannot_do_is_said_before_any_job(tmp_path: Path, entry: Model, said: str) -> None:
    (problem,) = problems(tmp_path, teacher=entry)
    assert said in problem


def test_only_what_is_said_of_thinking_makes_answers_others(tmp_path: Path, nano_model: Path) -> None:
    plain, told = Model(folder="x"), Model(folder="x", thinking=Thinking(enabled=False))
    assert "thinking" not in plain.settings
    assert told.settings["thinking"]["enabled"] is False
    assert owner_of(plain, nano_model) != owner_of(told, nano_model)
    assert Model(**plain.settings) == plain


def test_a_local_model_without_a_switch_says_so_with_the_remedy(nano_model: Path) -> None:
    for said, key in ((OFF, "enabled"), (LOW, "effort")):
        with pytest.raises(TokenizerError, match=rf"no switch for thinking\.{key}.*leave it out"):
            TransformersEngine(nano_model, Sampling(), thinking=Thinking.model_validate(said))
    with pytest.raises(TokenizerError, match=r"thinking\.budget needs a tag that closes thoughts"):
        TransformersEngine(nano_model, Sampling(), thinking=Thinking(budget=5))


def written(processor: ThoughtBudget, wants: list[list[int]], vocabulary: int = 10) -> list[list[int]]:
    """What rows write that want these tokens, step by step, after a prompt of one token."""
    ids = torch.zeros((len(wants), 1), dtype=torch.long)
    for step in range(len(wants[0])):
        scores = torch.zeros((len(wants), vocabulary))
        for row, tokens in enumerate(wants):
            scores[row, tokens[step]] = 1.0
        chosen = processor(ids, scores).argmax(dim=1, keepdim=True)  # type: ignore[arg-type]
        ids = torch.cat([ids, chosen], dim=1)
    return [list(map(int, row)) for row in ids[:, 1:]]


def test_a_budget_closes_thoughts_that_are_too_long_and_leaves_the_rest_alone() -> None:
    """1 2 opens a thought, 8 9 closes it."""
    wants = [
        [1, 2, 3, 3, 3, 3, 3, 3, 3],  # too long
        [1, 2, 3, 8, 9, 4, 4, 4, 4],  # short enough
        [5, 5, 5, 5, 5, 5, 5, 5, 5],  # no thoughts
        [1, 2, 3, 8, 9, 1, 2, 3, 3],  # tags in the answer are a part of it
    ]
    assert written(ThoughtBudget(4, [1, 2], [8, 9], rows=4, opened=False), wants) == [
        [1, 2, 3, 3, 3, 3, 8, 9, 3],
        *wants[1:],
    ]
    assert written(ThoughtBudget(2, [1], [9], rows=1, opened=True), [[3, 3, 3, 3]]) == [[3, 3, 9, 3]]


@pytest.mark.parametrize(
    ("said", "thoughts", "expected"),
    [
        (OFF, "hm", "it thinks although thinking.enabled is false"),
        (OFF, "", "it does not think, as it was told"),
        (LOW, "hm", "tokens of thoughts"),
        (LOW, "", "no thoughts were sent or counted, so what `thinking` does cannot be seen"),
    ],
)
def test_the_check_of_teachers_says_whether_a_model_thinks_as_it_was_told(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: dict[str, Any], thoughts: str, expected: str
) -> None:
    monkeypatch.chdir(tmp_path)

    def behave(body: dict[str, Any]) -> tuple[int, Any]:
        found = completion('{"prompt": "Was?", "response": "Das."}')
        found["choices"][0]["message"]["reasoning_content"] = thoughts
        return 200, found

    server.behave = behave
    shown, works = probed({"t": model("deepseek", said, server.url)}, {"study": "mine", "synthesis": {"budget": None}})
    assert works
    assert expected in shown
