"""What is read in the body of a response, whatever it looks like."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyglot.core.sidefile import SideFile
from polyglot.engines.base import Answer, Request, answer_all
from polyglot.engines.bodies import Counts, MalformedAnswer, Rejected, read_body
from polyglot.engines.openai_engine import OpenAIEngine
from polyglot.engines.spending import Spending
from polyglot.models.thoughts import split_thoughts
from polyglot.registry.models import Endpoint, Price, Sampling
from tests.endpoint import KEY, completion, garbage, serving, status

REQUEST = Request("r", [{"role": "user", "content": "Frage"}], seed=0)


def read(body: Any) -> Answer:
    return read_body(body if isinstance(body, bytes) else json.dumps(body).encode(), REQUEST)[0].without_thoughts()


def message(**fields: Any) -> dict[str, Any]:
    body = completion("")
    body["choices"][0]["message"] = {"role": "assistant", **fields}
    return body


def test_parts_of_a_text_are_joined_and_thoughts_are_apart() -> None:
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
    found = read(message(content=[thinking, {"type": "text", "text": "Rom"}, "."]))
    assert (found.text, found.thoughts, found.finish_reason) == ("Rom.", "hm", "stop")
    assert read(message(content={"type": "output_text", "text": "Rom."})).text == "Rom."
    assert read(message(content=None)).text == ""
    assert read(message(content=7)).finish_reason == "failed"


@pytest.mark.parametrize(
    ("part", "text", "thoughts"),
    [
        ({"type": "text", "text": {"value": "Rom.", "annotations": []}}, "Rom.", ""),
        ({"type": "text", "content": "Rom."}, "Rom.", ""),
        ({"type": "output_text", "text": [{"type": "text", "text": "Rom."}]}, "Rom.", ""),
        ({"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]}, "", "hm"),
        ({"type": "reasoning.text", "text": "hm"}, "", "hm"),
        ({"type": "image_url", "image_url": {"url": "text"}}, "", ""),
    ],
)
def test_a_part_may_hold_its_text_in_an_object(part: dict[str, Any], text: str, thoughts: str) -> None:
    found = read(message(content=[part]))
    assert (found.text, found.thoughts) == (text, thoughts)


def test_a_part_that_refuses_is_a_refusal_and_the_text_of_a_completion_is_read() -> None:
    found = read(message(content=[{"type": "refusal", "refusal": "I cannot help"}]))
    assert (found.finish_reason, found.note) == ("refused", "I cannot help")
    assert read({"choices": [{"text": "Rom.", "finish_reason": "stop"}]}).text == "Rom."


def test_an_object_that_was_asked_for_may_be_given_as_one_and_a_message_as_a_delta() -> None:
    pair = {"prompt": "Was?", "response": "Käse \ud83d"}
    body = json.dumps(message(content=pair)).encode()
    assert json.loads(read_body(body, replace(REQUEST, schema={}))[0].text) == pair | {"response": "Käse \ufffd"}
    assert read(message(content=pair)).text == ""  # a text was asked for
    assert read_body(json.dumps(message(content={})).encode(), replace(REQUEST, schema={}))[0].text == ""
    assert read({"choices": [{"delta": {"content": "Rom."}, "finish_reason": "stop"}]}).text == "Rom."


@pytest.mark.parametrize("around", ['{"choices": [], "x": %s}', '{"choices": [], "error": %s}'])
def test_what_is_nested_deep_is_no_completion(around: str) -> None:
    """Some depths can be read and not be written; which ones depends on what is called."""
    for depth in (*range(500, 1010), 20_000):
        with pytest.raises(MalformedAnswer):
            read((around % ("[" * depth + "]" * depth)).encode())


@pytest.mark.parametrize(
    ("field", "thoughts"),
    [
        *((name, "The user asks.") for name in ("reasoning_content", "reasoning", "thinking")),
        ("reasoning", {"content": "The user asks."}),
        ("reasoning_details", [{"type": "reasoning.text", "text": "The user asks."}]),
    ],
)
def test_thoughts_in_a_field_of_their_own(field: str, thoughts: Any) -> None:
    body = message(content="Rom.", **{field: thoughts})
    body["usage"]["completion_tokens_details"] = {"reasoning_tokens": 3}
    found = read(body)
    assert (found.text, found.thoughts, found.thought_tokens) == ("Rom.", "The user asks.", 3)


@pytest.mark.parametrize(
    ("text", "answer", "thoughts"),
    [
        ("<think>\nhm\n</think>\n\nRom.", "Rom.", "hm"),
        ("hm\n</think>\n\nRom.", "Rom.", "hm"),
        ('hm</think>{"prompt": "Was?"}', '{"prompt": "Was?"}', "hm"),
        ("<think>\n\n</think>\n\nRom.", "Rom.", ""),
        ("<think>endless", "", "endless"),
        ("<think>a</think>\n<think>b</think>\nRom.", "Rom.", "a\n\nb"),
        ("[THINK]hm[/THINK]Rom.", "Rom.", "hm"),
        ("<seed:think>hm</seed:think>Rom.", "Rom.", "hm"),
        (
            "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>analysis<|message|>so<|end|>"
            "<|start|>assistant<|channel|>final<|message|>Rom.",
            "Rom.",
            "hm\n\nso",
        ),
        ("<|channel>thought\nhm\n<channel|>Rom.", "Rom.", "hm"),
        ("<|START_THINKING|>hm<|END_THINKING|><|START_RESPONSE|>Rom.<|END_RESPONSE|>", "Rom.", "hm"),
        ("<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>Rom.<|return|>", "Rom.", "hm"),
        ("Ein Tag wie `</think>` oder </think> im Satz.", "Ein Tag wie `</think>` oder </think> im Satz.", ""),
        ("Rom. <think>kein Gedanke</think> am Ende", "Rom. <think>kein Gedanke</think> am Ende", ""),
        ("  Rom.", "  Rom.", ""),
        ("\ufeff<Think>hm</Think>Rom.", "Rom.", "hm"),
        ("<think>hm <think>so</think> ja</think>Rom.", "Rom.", "hm <think>so</think> ja"),
        ("<think>Das Ende ist `</think>`. hm</think>Rom.", "Rom.", "Das Ende ist `</think>`. hm"),
        ("<think>hm</think>\n<answer>\nRom.\n</answer>", "Rom.", "hm"),
        ("<answer>Rom.</answer>", "<answer>Rom.</answer>", ""),
        ("<|begin_of_thought|>hm<|end_of_thought|>\n<|begin_of_solution|>Rom.<|end_of_solution|>", "Rom.", "hm"),
        ("<|inner_prefix|>hm<|inner_suffix|>Rom.", "Rom.", "hm"),
        ("<unused94>thought\nhm<unused95>Rom.", "Rom.", "hm"),
        ("Here is my thought process:\nhm\nHere is my response:\nRom.", "Rom.", "hm"),
        ("analysisThe user asks.assistantfinalRom.", "Rom.", "The user asks."),
        ("analysis of Rome", "analysis of Rome", ""),
        ("so 4.</think>\n\n4", "4", "so 4."),
        ("so 4.</think>The answer", "The answer", "so 4."),
        ("so 4. </think>\nThe answer", "The answer", "so 4."),
        ("so 4. </think>\n\nThe answer", "The answer", "so 4."),
        ("so 4 </think>The answer", "The answer", "so 4"),
        ("so 4\n</think>**The answer**", "**The answer**", "so 4"),
        ("所以是4。</think>答案", "答案", "所以是4。"),
        ("所以是4\n</think>\n\n答案", "答案", "所以是4"),
        ("</think>\n\nRom.", "Rom.", ""),
        ("hm\n</thought>\n\nRom.", "Rom.", "hm"),
        ("hm\n</longcat_think>\nRom.", "Rom.", "hm"),
        ("hm[/THINK]Rom.", "Rom.", "hm"),
        ("hm [/THINK]\nRom.", "Rom.", "hm"),
        ("hm<|END_THINKING|><|START_RESPONSE|>Rom.<|END_RESPONSE|>", "Rom.", "hm"),
        ('In <analysis type="a"> or <thinking>?\n</think>\n\nRom.', "Rom.", 'In <analysis type="a"> or <thinking>?'),
        ('<think time="3">hm</think>Rom.', "Rom.", "hm"),
    ],
)
def test_thoughts_in_the_text(text: str, answer: str, thoughts: str) -> None:
    assert split_thoughts(text) == (answer, thoughts)
    found = read(completion(text))
    assert (found.text, found.thoughts) == (answer, thoughts)
    assert found.thought_tokens == 0 if not thoughts else 0 < found.thought_tokens <= found.completion_tokens


@pytest.mark.parametrize(
    "text",
    [
        'Here is XML:\n```xml\n<report>\n  <analysis type="a">x</analysis>\n</report>\n```\nDone.',
        'Write it as <reasoning lang="de">Weil</reasoning> and go on.',
        '<analysis type="a">x</analysis>\nDone.',
        "x</analysis>\nDone.",
        "</reasoning>\n</report>",
        'Write <think time="3">x</think> there.',
        'As <thought lang="de">\nx\n</thought>\nthere.',
        "The model ends its thoughts with </think>. Then it answers.",
        "Use </think>, then answer.",
        "Which tag is it, </think>?",
        "Write the tag (</think>)\nand [</think>]\nas it is.",
        "Close with </think>\nand go on.",
        "**The end: </think>** comes last.",
        "思考以</think>结束。",
        "思考以 </think>结束。",
        "思考的结尾是</think>。",
        "จบด้วย</think>แล้วตอบ",
    ],
)
def test_xml_and_a_closing_tag_in_a_sentence_are_a_part_of_the_answer(text: str) -> None:
    assert split_thoughts(text) == (text, "")


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        *((name, "stop") for name in ("stop", "STOP", "end_turn", "eos", "FinishReason.STOP", "COMPLETE")),
        *((name, "length") for name in ("length", "max_tokens", "MAX_TOKENS", "model_length", "model_context_window_exceeded")),
        *((name, "filtered") for name in ("content_filter", "content_filter: RECITATION", "SAFETY", "PROHIBITED_CONTENT")),
        *((name, "filtered") for name in ("content-filter", "IMAGE_SAFETY")),
        ("refusal", "refused"),
        *(
            (name, "failed")
            for name in ("error", "insufficient_system_resource", "abort", "tool_calls", "", None, 7, "unheard_of")
        ),
    ],
)
def test_only_a_natural_end_is_a_whole_answer(reason: Any, finish: str) -> None:
    body = completion("Zuerst nimmt man zwei", reason)
    assert read(body).finish_reason == finish
    broken = completion("Zuerst nimmt man zwei")
    broken["choices"][0]["error"] = {"code": 502, "message": "gone"}
    assert (read(broken).finish_reason, read(broken).note) == ("failed", "gone")
    assert read(message(content=None, refusal="I cannot help")).finish_reason == "refused"


def test_half_a_surrogate_pair_is_replaced_and_a_whole_one_joined() -> None:
    assert read(completion("Gut \ud83d")).text == "Gut \ufffd"
    assert read(completion("Gut \ud83d\ude00")).text == "Gut 😀"


def test_encodings() -> None:
    body = json.dumps(completion("Käse 日本"), ensure_ascii=False)
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-32"):
        assert read(body.encode(encoding)).text == "Käse 日本"
    assert read(json.dumps(completion("Käse"), ensure_ascii=False).encode("latin-1")).text == "K\ufffdse"


def test_what_is_no_completion() -> None:
    for body in (b"", b"<html>", b"[1]", b"null", b"{}", b'{"choices": null}', b"[" * 100_000, b'{"n": ' + b"9" * 5000 + b"}"):
        with pytest.raises(MalformedAnswer):
            read(body)
    with pytest.raises(MalformedAnswer, match="overloaded"):
        read({"error": {"code": 503, "message": "overloaded"}})
    with pytest.raises(Rejected, match="flagged") as caught:
        read({"error": {"code": "403", "message": "input was flagged"}, "usage": {"prompt_tokens": 9, "completion_tokens": 0}})
    assert caught.value.counts == Counts(9, 0)


@pytest.mark.parametrize(
    "said",
    [
        {"promptFeedback": {"blockReason": "SAFETY"}},
        {"prompt_filter_results": [{"content_filter_results": {"violence": {"filtered": True}}}]},
        {"error": "Content flagged for violence"},
    ],
)
def test_a_prompt_that_a_filter_blocked_is_rejected_although_nothing_is_counted(said: dict[str, Any]) -> None:
    with pytest.raises(Rejected):
        read({"choices": [], **said})


@pytest.mark.parametrize(
    ("usage", "completion", "thoughts"),
    [
        ({"prompt_tokens": 32, "completion_tokens": 9, "total_tokens": 135, "reasoning_tokens": 94}, 103, 94),  # xAI
        ({"prompt_tokens": 20, "completion_tokens": 151, "total_tokens": 553}, 533, 382),  # Gemini
        ({"prompt_tokens": 21, "completion_tokens": 0, "total_tokens": 81, "reasoning_tokens": 60}, 60, 60),
        ({"prompt_tokens": 9, "completion_tokens": 4, "reasoning_tokens": 99}, 103, 99),
        ({"prompt_tokens": 75, "completion_tokens": 1186, "total_tokens": 1261, "reasoning_tokens": 1024}, 1186, 1024),  # OpenAI
        ({"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 12}, 4, None),
    ],
)
def test_thoughts_are_paid_for_whether_or_not_the_completion_counts_them(
    usage: dict[str, int], completion: int, thoughts: int | None
) -> None:
    body = message(content="Rom.")
    body["usage"] = usage | {"completion_tokens_details": {"reasoning_tokens": usage.get("reasoning_tokens")}}
    found, counts = read_body(json.dumps(body).encode(), REQUEST)
    assert (counts.completion, counts.thoughts) == (completion, thoughts)
    assert found.completion_tokens == completion


@pytest.mark.parametrize(
    ("text", "usage", "expected"),
    [
        ("Rom.", {"prompt_tokens": 9_999_999, "completion_tokens": 2}, Counts(None, 2)),
        ("Rom.", {"prompt_tokens": 90_000, "completion_tokens": 2}, Counts(90_000, 2)),  # pages that a service has looked up
        ("Rom.", {"prompt_tokens": 3, "completion_tokens": 90_000}, Counts(3, 90_000)),  # hidden thoughts
        ("Rom.", {"prompt_tokens": 3, "completion_tokens": 9_999_999}, Counts(3, None)),
        ("R" * 20_000, {"prompt_tokens": 3, "completion_tokens": 1}, Counts(3, None)),
        ("R" * 20_000, {"prompt_tokens": 3, "completion_tokens": 20_000}, Counts(3, 20_000)),
        ("", {"prompt_tokens": 3, "completion_tokens": 0}, Counts(3, 0)),
    ],
)
def test_counts_that_cannot_be_true_of_the_texts_are_none(text: str, usage: dict[str, int], expected: Counts) -> None:
    body = message(content=text) | {"usage": usage}
    found, counts = read_body(json.dumps(body).encode(), REQUEST, longest=16)
    assert counts == expected
    assert found.counted == (None not in (expected.prompt, expected.completion))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["stop", "length", "text", "\ud83d"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
PARTS = st.fixed_dictionaries(
    {}, optional={"type": st.sampled_from(["text", "thinking", "image_url"]) | VALUES, "text": VALUES, "thinking": VALUES}
)
MESSAGES = st.fixed_dictionaries(
    {}, optional={"content": VALUES | st.lists(PARTS), "reasoning_content": VALUES, "reasoning": VALUES, "refusal": VALUES}
)
CHOICES = st.fixed_dictionaries({}, optional={"message": VALUES | MESSAGES, "finish_reason": VALUES, "error": VALUES})
USAGES = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(["prompt_tokens", "completion_tokens", "total_tokens", "completion_tokens_details"], VALUES)
)
BODIES = VALUES | st.fixed_dictionaries(
    {}, optional={"choices": VALUES | st.lists(VALUES | CHOICES, max_size=2), "usage": VALUES | USAGES, "error": VALUES}
)


@given(st.binary() | BODIES.map(lambda body: json.dumps(body).encode()))
def test_any_body_is_read_or_named(content: bytes) -> None:
    """An answer can be stored, and its counts added."""
    try:
        answer, _ = read_body(content, REQUEST)
    except (MalformedAnswer, Rejected):
        return
    json.dumps(answer.as_dict(), ensure_ascii=False, allow_nan=False).encode()
    counts = (answer.prompt_tokens, answer.completion_tokens, answer.thought_tokens)
    assert all(isinstance(count, int) and 0 <= count <= 10_000_000 for count in counts)


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(st.lists(BODIES.map(lambda body: json.dumps(body).encode()) | st.binary(), min_size=20, max_size=20))
def test_no_body_stops_a_study_or_costs_twice(bodies: list[bytes]) -> None:
    """200 bodies: each of their requests ends with a status, is asked once, and is in the ledger once at most."""
    requests = [Request(f"id{n}", [{"role": "user", "content": f"q{n}"}], n) for n in range(len(bodies) + 1)]
    with serving() as server, TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEST_KEY", KEY)
        server.faults = {f"q{n}": [status(200, body=body) if body else garbage] for n, body in enumerate(bodies)}
        endpoint = Endpoint(url=server.url, model="m", api_key="TEST_KEY", attempts=1)
        spending = Spending(Path(folder) / "ledger", "t", Price(prompt=1, completion=1), 1000.0)
        side = SideFile(Path(folder) / "side.jsonl", "owner")
        found = answer_all(OpenAIEngine(endpoint, Sampling(), spending), requests, side, batch_size=8, title="random")
        assert found[f"id{len(bodies)}"].finish_reason == "stop"
        assert set(server.asked.values()) == {1}
        entries = [json.loads(line) for line in (Path(folder) / "ledger/t.jsonl").read_text().splitlines()]
        assert len({entry["id"] for entry in entries}) == len(entries) <= len(requests)
        assert all(entry["usd"] >= 0 for entry in entries)
        assert {row["id"] for row in side.read()} == {request.id for request in requests}
