"""What an endpoint takes: stated, known of its service, or found out; each on a server that takes nothing else."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from polyglot.core.sidefile import SideFile
from polyglot.engines import engine_problems
from polyglot.engines.base import Answer, Request, answer_all
from polyglot.engines.endpoint_errors import EndpointError
from polyglot.engines.manners import PRESETS, STRUCTURES
from polyglot.engines.openai_engine import OpenAIEngine
from polyglot.engines.probe import probed
from polyglot.engines.spending import Spending
from polyglot.registry.base import Registry
from polyglot.registry.models import Endpoint, Manners, Model, Price, Sampling
from tests.endpoint import Server, completion

PAIR = '{"prompt": "Was?", "response": "Das."}'
SAMPLING = Sampling(temperature=0.3, top_p=0.8, top_k=5, max_new_tokens=9)
ALWAYS = {"model", "messages"}
USUAL = ALWAYS | {"max_tokens", "temperature", "top_p"}
SERVICES: dict[str, tuple[set[str], set[str]]] = {
    "openai": (ALWAYS | {"max_completion_tokens", "temperature", "top_p", "seed"}, {"json_schema", "json_object"}),
    "openai-reasoning": (ALWAYS | {"max_completion_tokens", "reasoning_effort"}, {"json_schema", "json_object"}),
    "azure": (ALWAYS | {"max_completion_tokens", "temperature", "top_p", "seed"}, {"json_schema", "json_object"}),
    "gemini": (USUAL, {"json_schema", "json_object"}),
    "mistral": (USUAL | {"random_seed"}, {"json_schema", "json_object"}),
    "deepseek": (USUAL, {"json_object"}),
    "anthropic": (USUAL, set()),
    "openrouter": (USUAL | {"top_k", "seed"}, {"json_schema", "json_object"}),
    "ollama": (USUAL | {"seed"}, {"json_schema", "json_object"}),
    "llama.cpp": (USUAL | {"top_k", "seed"}, {"json_schema", "json_object"}),
    "vllm": (USUAL | {"top_k", "seed"}, {"json_schema", "json_object"}),
    "sglang": (USUAL | {"top_k", "seed"}, {"json_schema", "json_object"}),
    "lm-studio": (USUAL | {"top_k", "seed"}, {"json_schema"}),
    "transformers": (USUAL | {"seed"}, set()),
}
"""Fields and forms of JSON answers that each takes, by its documentation."""


def rejected(message: str, parameter: Any = None) -> tuple[int, Any]:
    return 400, {"error": {"message": message, "type": "invalid_request_error", "param": parameter, "code": None}}


def strict(server: Server, fields: set[str], structures: set[str]) -> None:
    """Let a server take these fields and no others."""

    def behave(body: dict[str, Any]) -> tuple[int, Any]:
        structure = body.pop("response_format", {}).get("type")
        if structure and structure not in structures:
            return rejected("This response_format type is unavailable now")
        for name in body.keys() - fields:
            return rejected(f"Unsupported parameter: '{name}' is not supported with this model.", name)
        asked = body["messages"][-1]["content"]
        return 200, completion(PAIR if asked.endswith("pair") or "JSON" in asked else "Gut.")

    server.behave = behave


def requests(count: int = 4) -> list[Request]:
    kinds: list[tuple[str, dict[str, Any] | None]] = [("pair", {"type": "object"}), ("text", None)]
    system = {"role": "system", "content": "Sprich Deutsch."}
    return [
        Request(f"{kind}{n}", [system, {"role": "user", "content": f"{n} {kind}"}], n, schema, kind)
        for kind, schema in kinds
        for n in range(count)
    ]


def answers(server: Server, folder: Path, asked: list[Request] | None = None, **changes: Any) -> dict[str, Answer]:
    endpoint = Endpoint(**{"url": server.url, "model": "m", "api_key": "TEST_KEY", "concurrency": 2, **changes})
    engine = OpenAIEngine(endpoint, SAMPLING, Spending(folder / "ledger", "t", None, None), folder / "endpoints/t.json")
    side = SideFile(folder / "side.jsonl", "owner")
    return answer_all(engine, requests() if asked is None else asked, side, batch_size=8, title="test")


def whole(found: dict[str, Answer]) -> set[str]:
    return {name for name, answer in found.items() if answer.finish_reason == "stop"}


EVERY = {request.id for request in requests()}


def test_every_preset_has_its_service() -> None:
    assert set(SERVICES) == set(PRESETS)


@pytest.mark.parametrize("name", SERVICES)
def test_a_preset_is_taken_at_once(server: Server, tmp_path: Path, name: str) -> None:
    strict(server, *SERVICES[name])
    assert whole(answers(server, tmp_path, preset=name)) == EVERY
    assert len(server.bodies) == len(EVERY)


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_not_stated_is_found_out_once_and_kept(server: Server, tmp_path: Path, name: str) -> None:
    strict(server, *SERVICES[name])
    assert whole(answers(server, tmp_path)) == EVERY
    server.bodies.clear()
    (tmp_path / "side.jsonl").unlink()
    assert whole(answers(server, tmp_path)) == EVERY
    assert len(server.bodies) == len(EVERY)


def test_fields_that_exclude_each_other(server: Server, tmp_path: Path) -> None:
    def behave(body: dict[str, Any]) -> tuple[int, Any]:
        if {"temperature", "top_p"} <= body.keys():
            return rejected("`temperature` and `top_p` cannot both be specified for this model. Please use only one.")
        return 200, completion("Gut.")

    server.behave = behave
    assert whole(answers(server, tmp_path)) == EVERY
    assert server.bodies[-1]["temperature"] == 0.3


@pytest.mark.parametrize(
    "body",
    [
        {"detail": "Unexpected fields in the request: {'top_k'}"},
        {"detail": [{"type": "extra_forbidden", "loc": ["body", "top_k"], "msg": "Extra inputs are not permitted", "input": 5}]},
        {"error": "top_k is not supported"},
        b"Unsupported parameter: top_k",
    ],
)
def test_a_field_is_found_in_words_that_are_not_where_openai_has_them(server: Server, tmp_path: Path, body: Any) -> None:
    """As servers built on FastAPI, Ollama and gateways say it."""
    server.behave = lambda asked: (422, body) if "top_k" in asked else (200, completion(PAIR))
    assert whole(answers(server, tmp_path)) == EVERY
    assert all(taken.keys() >= USUAL | {"seed"} for taken in server.bodies)
    server.behave = lambda asked: (400, body)
    (tmp_path / "side.jsonl").unlink()
    with pytest.raises(EndpointError, match="top_k"):
        answers(server, tmp_path)


@pytest.mark.parametrize(
    ("field", "said", "parameter"),
    [
        (
            "max_tokens",
            "litellm.BadRequestError: Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.",
            "None",
        ),
        ("max_tokens", "'max_tokens' is not supported with this model.", "generation_config"),
        ("temperature", "It is not taken.", "body.temperature"),
        ("temperature", "It is not taken.", ["body", "temperature"]),
        ("seed", "It is not taken.", {"loc": ["body", "seed"]}),
        ("top_k", "Unknown field top_k", 7),
    ],
)
def test_a_field_is_found_whatever_the_parameter_of_an_error_is(
    server: Server, tmp_path: Path, field: str, said: str, parameter: Any
) -> None:
    """As a proxy such as LiteLLM, and servers built on FastAPI, give it."""
    server.behave = lambda body: rejected(said, parameter) if field in body else (200, completion(PAIR))
    assert whole(answers(server, tmp_path)) == EVERY
    others = {"max_tokens", "temperature", "top_p", "top_k", "seed"} - {field}
    assert server.bodies[-1].keys() >= others


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (400, "System role not supported"),
        (500, "Jinja template error: System role not supported"),
        (400, "Conversation roles must alternate user/assistant/user/assistant/..."),
        (400, "Developer instruction is not enabled for models/gemma-3-27b-it"),
        (422, "messages.0.role: Input should be 'user' or 'assistant'"),
        (400, "Invalid role: system. Expected one of: user, assistant"),
    ],
)
def test_a_system_turn_is_put_before_the_users_where_there_is_none(
    server: Server, tmp_path: Path, status: int, said: str
) -> None:
    """As chat templates, Gemini's API for Gemma and gateways say it."""

    def behave(body: dict[str, Any]) -> tuple[int, Any]:
        if any(turn["role"] == "system" for turn in body["messages"]):
            return status, rejected(said)[1]
        return 200, completion("Gut.")

    server.behave = behave
    assert whole(answers(server, tmp_path)) == EVERY
    last = [body["messages"] for body in server.bodies[-2:]]  # two are under way at a time
    assert [{"role": "user", "content": "Sprich Deutsch.\n\n3 text"}] in last


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (404, "No endpoints found that can handle the requested parameters."),
        (422, "response_format.json_schema is not implemented"),
        (500, "guided decoding backend is not available"),
        (501, "Not implemented: response_format"),
    ],
)
def test_structure_is_asked_for_otherwise_whatever_the_status_of_the_rejection(
    server: Server, tmp_path: Path, status: int, said: str
) -> None:
    server.behave = lambda body: (status, rejected(said)[1]) if "response_format" in body else (200, completion(PAIR))
    assert whole(answers(server, tmp_path)) == EVERY


def test_an_option_of_null_takes_a_field_away(server: Server, tmp_path: Path) -> None:
    answers(server, tmp_path, options={"max_completion_tokens": 64, "max_tokens": None, "seed": None})
    assert server.bodies[0].keys() & {"max_tokens", "seed", "max_completion_tokens"} == {"max_completion_tokens"}


def test_a_method_that_is_refused_as_a_whole_stops_with_one_message(server: Server, tmp_path: Path) -> None:
    """What is stated is not sought, and the other method's answers are kept."""
    strict(server, USUAL | {"top_k", "seed"}, {"json_object"})
    stated = Manners(structure="json_schema")
    with pytest.raises(EndpointError, match=r"response_format.*none of the 4 requests of the method 'pair' was answered"):
        answers(server, tmp_path, manners=stated)
    kept = {row["id"] for row in SideFile(tmp_path / "side.jsonl", "owner").read()}
    assert kept == {request.id for request in requests() if request.kind == "text"}
    server.asked.clear()
    assert whole(answers(server, tmp_path)) == EVERY
    assert not [asked for asked in server.asked if asked.endswith("text")]


def test_a_prompt_that_is_too_long_changes_no_form(server: Server, tmp_path: Path) -> None:
    def behave(body: dict[str, Any]) -> tuple[int, Any]:
        if body["messages"][-1]["content"] == "0 pair":
            return rejected("max_tokens is too large: the maximum context length is 5 tokens", "max_tokens")
        return 200, completion(PAIR)

    server.behave = behave
    found = answers(server, tmp_path)
    assert whole(found) == EVERY - {"pair0"}
    assert found["pair0"].finish_reason == "refused"
    assert all("max_tokens" in body and "top_k" in body for body in server.bodies)
    assert json.loads((tmp_path / "endpoints/t.json").read_text())["manners"]["structure"] == "json_schema"


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("The parameter `max_tokens` specified in the request are not valid: integer above maximum value, got 9", "max_tokens"),
        ("Invalid max_tokens value, the valid range of max_tokens is [1, 8]", None),
        ("<400> InternalError.Algo.InvalidParameter: Range of max_tokens should be [1, 8]", None),
        ("max_tokens: 9 > 8, which is the maximum allowed number of output tokens; invalid", None),
        ("Invalid request: temperature must be between 0 and 0.2", "temperature"),
        ("Invalid 'top_k': expected a value <= 4, but got 5 instead", "top_k"),
    ],
)
def test_a_value_out_of_range_changes_no_form(server: Server, tmp_path: Path, said: str, named: str | None) -> None:
    """As Volcengine, DeepSeek, DashScope, Anthropic and OpenAI say it: the field is taken, so it is not left out or renamed."""
    server.behave = lambda body: rejected(said, named)
    with pytest.raises(EndpointError, match="none of the 4 requests"):
        answers(server, tmp_path)
    assert all("max_tokens" in body and {"temperature", "top_k"} <= body.keys() for body in server.bodies)
    assert set(server.asked.values()) == {1}


def test_a_service_that_takes_neither_field_of_the_longest_answer_ends_the_job(server: Server, tmp_path: Path) -> None:
    """As an old version of Azure's API with a reasoning model. The two fields were tried in turn for ever."""

    def behave(body: dict[str, Any]) -> tuple[int, Any]:
        assert sum(server.asked.values()) < 100, "it is asked without an end"
        if "max_tokens" in body:
            return rejected("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.", "max_tokens")
        return rejected("Unrecognized request argument supplied: max_completion_tokens")

    server.behave = behave
    with pytest.raises(EndpointError, match="none of the 4 requests"):
        answers(server, tmp_path, attempts=1)
    assert set(server.asked.values()) <= {1, 2}


@pytest.mark.parametrize(
    ("said", "times"),
    [
        ("Content Exists Risk", 1),
        ("<400> InternalError.Algo.DataInspectionFailed: Input data may contain inappropriate content.", 1),
        ("系统检测到输入或生成内容可能包含不安全或敏感内容", 1),
        ("System detected potentially unsafe or sensitive content in input or generation.", 1),
        ("The request was rejected because it was considered high risk", 1),
        ("No.", len(STRUCTURES)),
    ],
)
@pytest.mark.parametrize("concurrency", [1, 8])
def test_a_prompt_that_is_blocked_changes_no_form(
    server: Server, tmp_path: Path, said: str, times: int, concurrency: int
) -> None:
    """As DeepSeek, DashScope, Zhipu and Moonshot say it, and with words that nobody knows: the first request of all, while others
    are under way."""

    def behave(body: dict[str, Any]) -> tuple[int, Any]:
        if body["messages"][-1]["content"] == "0 pair":
            return rejected(said)
        time.sleep(0.1)
        return 200, completion(PAIR)

    server.behave = behave
    asked = [request for request in requests(20) if request.schema]
    found = answers(server, tmp_path, asked, concurrency=concurrency)
    assert whole(found) == {request.id for request in asked} - {"pair0"}
    assert found["pair0"].finish_reason == "refused"
    assert server.asked["0 pair"] == times
    assert json.loads((tmp_path / "endpoints/t.json").read_text())["manners"]["structure"] == "json_schema"
    assert "response_format" in server.bodies[-1]
    assert times > 1 or all("response_format" in body for body in server.bodies)


def test_two_requests_are_rejected_alike_and_one_of_them_for_what_it_says(server: Server, tmp_path: Path) -> None:
    """The form that is taken is found out, whichever of them comes to its end first."""

    def behave(body: dict[str, Any]) -> tuple[int, Any]:
        if body["messages"][-1]["content"] == "0 pair" or "response_format" in body:
            return rejected("No.")
        time.sleep(0.2)
        return 200, completion(PAIR)

    server.behave = behave
    assert whole(answers(server, tmp_path, requests(8), concurrency=4)) == {request.id for request in requests(8)} - {"pair0"}
    assert json.loads((tmp_path / "endpoints/t.json").read_text())["manners"]["structure"] == "words"


def test_further_headers_are_secrets(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EndpointError, match="set the environment variable PROJECT"):
        answers(server, tmp_path, headers={"X-Project": "PROJECT"})
    monkeypatch.setenv("PROJECT", "secret-project")
    server.behave = lambda body: (402, {"error": {"message": "secret-project has no credit"}})
    with pytest.raises(EndpointError) as caught:
        answers(server, tmp_path, headers={"X-Project": "PROJECT"})
    assert "[key] has no credit" in str(caught.value)


def test_the_command_that_checks_says_what_works_and_at_what_price(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    study = {"study": "mine", "synthesis": {"budget": None}}
    entry = Endpoint(url=server.url, model="m", api_key="TEST_KEY")
    model = Model(engine="openai", endpoint=entry, price=Price(prompt=1, completion=2), sampling=SAMPLING)
    strict(server, *SERVICES["deepseek"])
    shown, works = probed({"deep": model, "local": Model(folder="x")}, study)
    assert works
    assert "json_object" in shown
    assert "this took 0.000036 USD" in shown
    assert json.loads(Path("results/mine/endpoints/deep.json").read_text())["manners"]["seed"] == "none"
    server.bodies.clear()
    assert probed({"deep": model}, study)[1]
    assert len(server.bodies) == 2  # nothing is left to find out
    server.behave = lambda body: (200, completion("Gut."))  # takes a schema, and passes over it
    shown, works = probed({"deep": model}, study)
    assert not works
    assert "deep, JSON: stop, 4 characters, without the object that was asked for" in shown
    shown, works = probed({"deep": model}, study, plain={"deep"})  # as of a judge, which is never asked for objects
    assert works
    assert "deep: asked for text only" in shown
    server.behave = lambda body: (404, {"error": {"message": "no such model"}})
    shown, works = probed({"deep": model}, study)
    assert not works
    assert "has no model 'm'" in shown
    assert probed({}, study) == ("no model of the study is behind an endpoint", True)


def test_an_unknown_preset_is_named_before_any_job(tmp_path: Path) -> None:
    entry = {"engine": "openai", "endpoint": {"url": "http://localhost/v1", "model": "m", "preset": "opnai"}}
    (tmp_path / "models.yaml").write_text(json.dumps({"api": entry}))
    (found,) = engine_problems(Registry(tmp_path / "models.yaml", Model), {"api"})
    assert "unknown preset 'opnai'; did you mean 'openai'?" in found
