"""Before a GPU is held: what a model's folder lacks, and what does not fit its context, is one clear message."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from polyglot.engines.base import Request
from polyglot.engines.transformers_engine import TransformersEngine
from polyglot.models.checks import check_base, check_chats, check_requests
from polyglot.models.context import ContextError
from polyglot.models.tokenization import TokenizerError
from polyglot.registry.models import Model, Sampling

MODEL = Model(folder="nano", sampling=Sampling(temperature=0, max_new_tokens=40))
CHATML = "config/chat_templates/chatml.jinja"


def requests(*prompts: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "request_id": [f"r{number}" for number in range(len(prompts))],
            "method": "respond",
            "messages": [
                [{"role": "system", "content": "Write in German."}, {"role": "user", "content": prompt}] for prompt in prompts
            ],
        }
    )


@pytest.fixture
def folder(nano_model: Path, tmp_path: Path) -> Path:
    shutil.copytree(nano_model, tmp_path / "model")
    return tmp_path / "model"


def test_tokens_are_those_that_the_engine_counts(nano_model: Path) -> None:
    asked = requests("Was?", "Wie viele Äpfel sind das, und was kosten sie?", "Wer?")
    found = check_requests("nano", MODEL, nano_model, {"respond.parquet": asked})
    engine = TransformersEngine(nano_model, MODEL.sampling)
    answers = engine.chat([Request(row["request_id"], row["messages"], 0) for row in asked.to_dict("records")])
    counted = [answer.prompt_tokens for answer in answers]
    assert found["methods"] == {"respond": {"requests": 3, "tokens": sum(counted), "longest": max(counted)}}
    assert (found["context"], found["max_new_tokens"]) == (512, 40)
    assert len(found["facts"]["chat_template"]) == 64


def test_the_check_reads_no_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    assert check_requests("nano", MODEL, folder, {"a.parquet": requests("Was?")})["methods"]["respond"]["requests"] == 1


@pytest.mark.parametrize("context", [None, 200])
def test_a_prompt_without_room_for_its_answer_is_named(nano_model: Path, context: int | None) -> None:
    model = MODEL.model_copy(update={"context": context})
    just = "Was?"
    while check_length(model, nano_model, just) + 40 <= (context or 512):
        just += " Baum!"
    check_requests("nano", model, nano_model, {"a.parquet": requests(just.removesuffix(" Baum!"))})
    with pytest.raises(ContextError) as error:
        check_requests("nano", model, nano_model, {"a.parquet": requests("Was?"), "b/0.parquet": requests("Was?", just)})
    for part in ("nano: request r1 of b/0.parquet has", f"the context is {context or 512}", "room for 40", "longest", "context"):
        assert part in str(error.value)


def check_length(model: Model, folder: Path, prompt: str) -> int:
    brief = model.model_copy(update={"context": None, "sampling": Sampling(max_new_tokens=1)})
    longest: int = check_requests("nano", brief, folder, {"a": requests(prompt)})["methods"]["respond"]["longest"]
    return longest


@pytest.mark.parametrize(
    ("changes", "most"),
    [
        ({}, 512),
        ({"rope_scaling": {"rope_type": "default"}, "model_max_length": 100}, 512),
        ({"rope_scaling": {"rope_type": "yarn", "factor": 4.0}}, 2048),
        ({"text_config": {"max_position_embeddings": 1024}}, 1024),
        ({"model_max_length": 4096}, 4096),  # Command R
        ({"max_position_embeddings": None}, None),
    ],
)
def test_a_context_beyond_the_models_own_is_refused_on_the_cpu(folder: Path, changes: dict[str, Any], most: int | None) -> None:
    path = folder / "config.json"
    config = {key: value for key, value in json.loads(path.read_text()).items() if not key.startswith("rope_")}
    path.write_text(json.dumps({key: value for key, value in (config | changes).items() if value is not None}))
    asked = {"a.parquet": requests("Was?")}
    fits, beyond = (MODEL.model_copy(update={"context": (most or 100_000) + more}) for more in (0, 1))
    assert check_requests("nano", fits, folder, asked)["context"] == (most or 100_000)
    if most is None:
        assert check_requests("nano", beyond, folder, asked)["context"] == 100_001
    else:
        with pytest.raises(ContextError, match=rf"nano: `context` .* is {most + 1:,} tokens, and the model has {most:,} \("):
            check_requests("nano", beyond, folder, asked)


def test_the_transformers_engine_refuses_what_fills_its_context(nano_model: Path) -> None:
    engine = TransformersEngine(nano_model, MODEL.sampling, context=60)
    short = Request("short", [{"role": "user", "content": "Was?"}], 0)
    long = Request("long", [{"role": "user", "content": "Baum und Stern " * 40}], 0)
    with pytest.raises(ContextError, match=r"request long has .* tokens.*the context is 60"):
        engine.chat([short, long])
    answer = engine.chat([short])[0]
    assert answer.prompt_tokens + answer.completion_tokens <= 60


def remove(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).unlink()


def without_template(folder: Path) -> None:
    remove("chat_template.jinja")(folder)


def refuses_system(folder: Path) -> None:
    path = folder / "chat_template.jinja"
    refusal = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    path.write_text(refusal + path.read_text())


def unmarked(folder: Path) -> None:
    path = folder / "chat_template.jinja"
    path.write_text(path.read_text().replace("{%- generation -%}", "").replace("{%- endgeneration -%}", ""))


@pytest.mark.parametrize(
    ("breaks", "error", "message"),
    [
        (remove("config.json"), FileNotFoundError, r"model: no config\.json"),
        (remove("tokenizer.json"), TokenizerError, r"model: no tokenizer there"),
        (without_template, TokenizerError, r"model: the tokenizer has no chat template; name one of config/chat_templates"),
        (
            refuses_system,
            TokenizerError,
            r"rejects turns of the roles system, user.*System role not supported.*chat_template",
        ),
    ],
)
def test_a_folder_that_cannot_be_asked_says_why(
    folder: Path, breaks: Callable[[Path], object], error: type[Exception], message: str
) -> None:
    breaks(folder)
    with pytest.raises(error, match=message):
        check_requests("nano", MODEL, folder, {"a.parquet": requests("Was?")})


def test_a_template_from_a_file_mends_the_folder(folder: Path, repository: Path) -> None:
    refuses_system(folder)
    found = check_requests("nano", MODEL, folder, {"a.parquet": requests("Was?")}, repository / CHATML)
    assert found["methods"]["respond"]["requests"] == 1


@pytest.mark.parametrize(
    ("breaks", "error", "message"),
    [
        (remove("config.json"), FileNotFoundError, r"no config\.json"),
        (without_template, TokenizerError, r"no chat template; name one of"),
        (unmarked, TokenizerError, r"no {% generation %} mark around the response"),
        (
            lambda folder: (folder / "config.json").write_text(json.dumps({"text_config": {"max_position_embeddings": 256}})),
            ContextError,
            r"base: training\.max_length is 512 tokens, the base's context 256",
        ),
    ],
)
def test_a_base_that_cannot_be_trained_says_why(
    folder: Path, repository: Path, breaks: Callable[[Path], object], error: type[Exception], message: str
) -> None:
    def check(**changes: Any) -> dict[str, Any]:
        return check_base("base", folder, **{"max_length": 512, "marks": True, **changes})

    assert check()["facts"]["eos_token"] == "<|im_end|>"
    breaks(folder)
    with pytest.raises(error, match=message):
        check()
    if error is TokenizerError:
        assert check(chat_template=repository / CHATML)["max_length"] == 512
    if breaks is unmarked:
        assert check(marks=False)["max_length"] == 512


QUESTION = [{"role": "user", "content": "a"}]
EXAMPLE = [*QUESTION, {"role": "assistant", "content": "b"}]


def test_a_chat_is_counted_as_it_will_be_asked(nano_model: Path) -> None:
    found = check_chats("nano", MODEL, nano_model, {"short": QUESTION, "long": EXAMPLE * 3 + QUESTION}, room=8)
    assert 0 < found["chats"]["short"] < found["chats"]["long"]
    assert found["max_new_tokens"] == 8


def test_a_model_without_a_template_is_asked_without_one_where_that_can_be(folder: Path) -> None:
    without_template(folder)
    assert check_chats("nano", MODEL, folder, {"short": QUESTION}, needed=False)["chats"] == {}
    with pytest.raises(TokenizerError, match="no chat template; name one of"):
        check_chats("nano", MODEL, folder, {"short": QUESTION})


def test_a_chat_that_cannot_be_asked_says_why(folder: Path) -> None:
    fits = check_chats("nano", MODEL, folder, {"short": QUESTION})["chats"]["short"]
    brief = MODEL.model_copy(update={"context": fits + 7})
    check_chats("nano", brief, folder, {"short": QUESTION}, room=7)
    with pytest.raises(
        ContextError, match=rf"nano: short takes {fits} tokens .* plus 8 for the answer; the context is {fits + 7}"
    ):
        check_chats("nano", brief, folder, {"short": QUESTION}, room=8)
    refuses_system(folder)
    with pytest.raises(TokenizerError, match="rejects turns of the roles system, user"):
        check_chats("nano", MODEL, folder, {"asked": [{"role": "system", "content": "s"}, *QUESTION]})
