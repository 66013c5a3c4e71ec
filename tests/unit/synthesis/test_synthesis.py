"""Requests, answers and training sets: nothing is lost, everything has a status, the same seed gives the same files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyglot.core.prompts import PromptTemplates
from polyglot.core.sidefile import SideFile
from polyglot.engines.base import Answer, FinishReason, Request
from polyglot.engines.transformers_engine import TransformersEngine
from polyglot.nano.datasets import seed_dataset
from polyglot.nano.world import World
from polyglot.registry.models import Sampling
from polyglot.synthesis.answers import ask, parse_answer, read_answers
from polyglot.synthesis.draws import Draw
from polyglot.synthesis.methods.base import default_methods, pair_json
from polyglot.synthesis.methods.machine_translation import NLLB_BOTH, NLLB_RESPOND, translated_data
from polyglot.synthesis.mixing import mix
from polyglot.synthesis.requests import build_requests, draw_requests
from polyglot.synthesis.translation import Translation


@pytest.fixture(scope="module")
def requests(world: World, repository: Path) -> dict[str, pd.DataFrame]:
    templates = PromptTemplates(repository / "config/prompts/nano")
    seeds = {lang: seed_dataset(world, lang, limit=10, seed=0) for lang in ("en", "de")}
    return {
        method: build_requests(
            Draw(0), method, "de", "German", seeds["en" if method == "translate" else "de"], templates, count=30, shots=2
        )
        for method in default_methods()
    }


def answer(text: str, finish_reason: FinishReason = "stop") -> Answer:
    return Answer("r", text, finish_reason, 10, 5)


@pytest.mark.parametrize(
    ("method", "written", "status"),
    [
        ("respond", answer("Rom ist die Hauptstadt."), "ok"),
        ("respond", answer("  \n"), "empty"),
        ("respond", answer("Rom ist", "length"), "truncated"),
        ("respond", answer("", "refused"), "refused"),
        ("generate", answer(pair_json("Was?", "Das.")), "ok"),
        ("generate", answer(f"```json\n{pair_json('Was?', 'Das.')}\n```"), "ok"),
        ("generate", answer("Was? Das."), "invalid_json"),
        ("generate", answer('{"prompt": "Was?"}'), "invalid_json"),
        ("generate", answer('{"prompt": "Was?", "response": 7}'), "invalid_json"),
        ("translate", answer(pair_json("Was?", " ")), "empty"),
        ("translate", answer('{"prompt": "Was', "length"), "truncated"),
        ("translate", answer(""), "empty"),
        ("respond", answer("In F# ist a |> b <| c erlaubt, in HTML <s>x</s>."), "ok"),
    ],
)
def test_every_answer_has_a_status(method: str, written: Answer, status: str) -> None:
    found, problem, prompt, response, _ = parse_answer({"method": method, "prompt": "Was ist das?"}, written)
    assert found == status
    assert (problem is None) == (status == "ok")
    assert (prompt is None) == (response is None) == (status != "ok")


@pytest.mark.parametrize("end", ["<|im_end|>", "</s>", " <end_of_turn>\n", "<|eot_id|><|end_of_text|>", "<｜end▁of▁sentence｜>"])
def test_an_end_that_a_server_leaves_there_is_no_part_of_the_answer(end: str) -> None:
    assert parse_answer({"method": "respond", "prompt": "Was?"}, answer(f"Rom.{end}")).response == "Rom."
    assert parse_answer({"method": "generate"}, answer(f"{pair_json('Was?', 'Das.')}{end}")).response == "Das."


def test_requests_are_the_same_for_the_same_seed_and_differ_for_another(world: World, repository: Path) -> None:
    templates = PromptTemplates(repository / "config/prompts/nano")
    seeds = seed_dataset(world, "de", limit=5, seed=0)
    make = [build_requests(Draw(s), "generate", "de", "German", seeds, templates, count=20, shots=3) for s in (0, 0, 1)]
    pd.testing.assert_frame_equal(make[0], make[1])
    assert not set(make[0]["request_id"]) & set(make[2]["request_id"])


def test_request_ids_are_unique_and_shots_not_repeated(requests: dict[str, pd.DataFrame]) -> None:
    everything = pd.concat(requests.values())
    assert everything["request_id"].is_unique
    assert everything["request_seed"].is_unique
    assert all(len(set(sources)) == 2 for sources in requests["generate"]["sources"])


def test_prompts_are_drawn_without_replacement_until_they_run_out(world: World, repository: Path) -> None:
    templates = PromptTemplates(repository / "config/prompts/nano")
    seeds = seed_dataset(world, "de", limit=3, seed=0)
    found = build_requests(Draw(0), "respond", "de", "German", seeds, templates, count=2 * len(seeds), shots=1)
    first, second = found["prompt"][: len(seeds)], found["prompt"][len(seeds) :]
    assert set(first) == set(second) == set(seeds["prompt"])
    assert list(first) != list(second)


def test_too_few_seeds_for_the_shots_says_so(world: World, repository: Path) -> None:
    templates = PromptTemplates(repository / "config/prompts/nano")
    with pytest.raises(ValueError, match="needs 5 seed rows"):
        build_requests(Draw(0), "generate", "de", "German", pd.DataFrame([{}] * 3), templates, count=1, shots=5)
    with pytest.raises(ValueError, match=r"needs 1 seed rows.*raise synthesis\.longest"):
        build_requests(Draw(0), "respond", "de", "German", pd.DataFrame([]), templates, count=1, shots=5)


def test_a_request_is_answered_the_same_in_any_batch(nano_model: Path, requests: dict[str, pd.DataFrame]) -> None:
    """Each request is drawn with its own seed: batches, and so a resumed job, do not change its answer."""
    engine = TransformersEngine(nano_model, Sampling(temperature=0.8, top_p=0.9, max_new_tokens=12))
    asked = [
        Request(row["request_id"], list(row["messages"]), row["request_seed"])
        for row in requests["respond"].head(6).to_dict("records")
    ]
    together = engine.chat(asked)
    alone = [engine.chat([request])[0] for request in asked]
    assert [item.text for item in together] == [item.text for item in alone]
    assert len({item.text for item in together}) > 1
    assert [item.prompt_tokens for item in together] == [item.prompt_tokens for item in alone]


def test_greedy_answers_do_not_depend_on_the_seed(nano_model: Path) -> None:
    engine = TransformersEngine(nano_model, Sampling(temperature=0, max_new_tokens=8))
    turns = [{"role": "user", "content": "Hallo"}]
    answers = engine.chat([Request("a", turns, 1), Request("b", turns, 2)])
    assert answers[0].text == answers[1].text
    assert answers[0].finish_reason == "length"
    assert answers[0].completion_tokens == 8


class Echo:
    """Answers with the request's id, and remembers what it was asked."""

    deterministic = True
    batch_size = None

    def __init__(self, fail_after: int | None = None) -> None:
        self.asked: list[str] = []
        self.fail_after = fail_after

    def chat(self, requests: Sequence[Request]) -> list[Answer]:
        if self.fail_after is not None and len(self.asked) >= self.fail_after:
            raise KeyboardInterrupt
        self.asked += [request.id for request in requests]
        return [Answer(request.id, request.id, "stop", 1, 1) for request in requests]


def test_a_killed_job_asks_only_for_what_is_missing(tmp_path: Path, requests: dict[str, pd.DataFrame]) -> None:
    side = SideFile(tmp_path / "answers.jsonl", "owner")
    first = Echo(fail_after=16)
    with pytest.raises(KeyboardInterrupt):
        ask(first, requests["respond"], side, batch_size=8, title="t")
    with side.path.open("ab") as file:
        file.write(b'{"owner": "owner", "rows": [{"id": "torn')  # killed while writing
    second = Echo()
    answers = ask(second, requests["respond"], side, batch_size=8, title="t")
    assert set(answers) == set(requests["respond"]["request_id"])
    assert len(second.asked) == 30 - 16
    assert not set(first.asked) & set(second.asked)
    assert len(side.read()) == 30


def test_another_owners_answers_are_not_used(tmp_path: Path) -> None:
    SideFile(tmp_path / "a.jsonl", "old model").append([{"id": "x"}])
    assert SideFile(tmp_path / "a.jsonl", "new model").read() == []


def test_wrong_language_is_a_status(requests: dict[str, pd.DataFrame]) -> None:
    asked = requests["respond"].head(3)
    texts = ["Die Hauptstadt von Italien heißt Rom.", "I would like to know what the weather will be.", "7"]
    answers = {name: Answer(name, text, "stop", 1, 1) for name, text in zip(asked["request_id"], texts, strict=True)}
    found = read_answers(asked, answers, teacher="t", languages=["de", "en"], language_confidence=0.05)
    assert list(found["status"]) == ["ok", "wrong_language", "ok"]
    assert found["text"].to_list() == texts


def answers_frame(method: str, statuses: list[str]) -> pd.DataFrame:
    ids = [f"{method}{number:03d}" for number in range(len(statuses))]
    return pd.DataFrame({"request_id": ids, "method": method, "status": statuses, "prompt": "p", "response": "r"})


def test_equal_mix_takes_a_third_of_each_and_only_what_is_ok() -> None:
    answers = {
        "generate": answers_frame("generate", ["ok"] * 10 + ["invalid_json"] * 40),
        "translate": answers_frame("translate", ["ok"] * 50),
        "respond": answers_frame("respond", ["ok"] * 50),
    }
    parts = {method: [frame] for method, frame in answers.items()}
    mixed = mix(parts, examples=61, seed=0, shortfall="keep")
    assert mixed["method"].value_counts().to_dict() == {"generate": 10, "translate": 20, "respond": 20}
    assert mixed["id"].is_unique
    pd.testing.assert_frame_equal(mixed, mix(parts, examples=61, seed=0, shortfall="keep"))
    assert set(mix({"respond": parts["respond"]}, examples=5, seed=0)["method"]) == {"respond"}


def test_no_usable_answer_is_an_empty_set() -> None:
    mixed = mix({"respond": [answers_frame("respond", ["empty"])]}, examples=5, seed=0)
    assert mixed.empty
    assert list(mixed.columns) == ["id", "method", "prompt", "response", "thoughts"]


@given(small=st.integers(1, 40), large=st.integers(1, 90), seed=st.integers(0, 3))
def test_a_smaller_set_is_a_subset_of_a_larger_one(small: int, large: int, seed: int) -> None:
    """Also beyond the first block of requests."""
    blocks = [answers_frame("respond", ["ok"] * 40), answers_frame("respond", ["ok"] * 40)]
    blocks[1] = blocks[1].assign(request_id="later-" + blocks[1]["request_id"].astype(str))
    parts = {"respond": blocks, "translate": [answers_frame("translate", ["ok"] * 30)]}
    sets = [set(mix(parts, examples=size, seed=seed)["id"]) for size in sorted((small, large))]
    assert sets[0] <= sets[1]


def test_a_recipe_takes_the_second_block_only_when_the_first_is_used_up() -> None:
    first, second = (answers_frame("respond", ["ok"] * 10).assign(request_id=[f"{name}{n}" for n in range(10)]) for name in "ab")
    assert set(mix({"respond": [first, second]}, examples=10, seed=0)["id"]) == set(first["request_id"])
    assert len(set(mix({"respond": [first, second]}, examples=15, seed=0)["id"]) & set(second["request_id"])) == 5


def test_translated_data_have_the_form_of_requests_and_answers(requests: dict[str, pd.DataFrame], repository: Path) -> None:
    asked = requests["translate"].iloc[:3]
    prompts = [Translation(f"Frage {n}?", "length" if n == 2 else "stop", 5, 4) for n in range(3)]
    responses = [Translation(f"Antwort {n}.", "stop", 6, 5) for n in range(3)]
    templates = PromptTemplates(repository / "config/prompts/nano")
    respond, both, answers = translated_data(asked, prompts, responses, templates, language="German")
    assert set(respond["method"]) == {NLLB_RESPOND}
    assert set(both["method"]) == {NLLB_BOTH}
    assert respond["messages"].iloc[0][1]["content"] == "Frage 0?"
    assert respond["sources"].tolist() == asked["sources"].tolist()
    assert not set(respond["request_id"]) & set(both["request_id"]) & set(asked["request_id"])
    rows = [{str(key): value for key, value in row.items()} for row in answers.to_dict("records")]
    known = {row["id"]: Answer(**row) for row in rows}
    found = read_answers(both, known, teacher="nllb", languages=["de", "en"], language_confidence=0)
    assert list(found["status"]) == ["ok", "ok", "truncated"]
    assert found[["prompt", "response"]].iloc[0].to_list() == ["Frage 0?", "Antwort 0."]
    answered = {row: Answer(row, "Antwort.", "stop", 5, 2) for row in respond["request_id"]}
    cut = read_answers(respond, answered, teacher="t", languages=["de", "en"], language_confidence=0)
    assert list(cut["status"]) == ["ok", "ok", "truncated"]


def test_draws_are_named_and_nested(world: World, repository: Path) -> None:
    seeds, templates = seed_dataset(world, "de", limit=10, seed=0), PromptTemplates(repository / "config/prompts/nano")
    for name in ("0", "3-block2", "1-screen", "0-calibration"):
        assert str(Draw.parse(name)) == name
    made = {
        name: draw_requests(Draw.parse(name), "respond", "de", "German", seeds, templates, requests=count, shots=2)[
            "request_id"
        ].tolist()
        for name, count in {"0": 20, "0-block2": 20, "0-screen": 5, "0-calibration": 5}.items()
    }
    assert made["0-screen"] == made["0"][:5]
    assert len(made["0-calibration"]) == 5
    assert not set(made["0-calibration"]) & set(made["0"])
    assert len(made["0-block2"]) == 20
    assert not set(made["0-block2"]) & set(made["0"])


def test_templates_name_the_language_and_show_the_pairs_as_json(requests: dict[str, pd.DataFrame]) -> None:
    for frame in requests.values():
        system, user = frame["messages"].iloc[0]
        assert system["role"] == "system"
        assert "German" in system["content"] + user["content"]
    shown = requests["generate"]["messages"].iloc[0][1]["content"].splitlines()[1:]
    assert [set(json.loads(line)) for line in shown] == [{"prompt", "response"}] * 2


def test_a_missing_template_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"respond\.jinja"):
        PromptTemplates(tmp_path).render("respond", prompt="x")
