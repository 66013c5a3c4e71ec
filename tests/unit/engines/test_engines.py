"""Engines are looked up by name: each says where it runs and what it can do, without being imported."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from polyglot.core.lookup import UnknownName
from polyglot.engines import ENGINES, behind_network, engine_problems, environment_of, open_engine
from polyglot.engines.base import Answer, EngineKind, Request, Start
from polyglot.engines.embedding import open_embedder
from polyglot.registry.base import Registry
from polyglot.registry.models import Model

ENDPOINT = {"url": "http://localhost:1", "model": "m"}


class Parrot:
    """Says again what it is told."""

    deterministic = True
    batch_size = None

    def __init__(self, start: Start) -> None:
        self.name = start.name

    def chat(self, requests: list[Request]) -> list[Answer]:
        return [Answer(one.id, f"{self.name}: {one.messages[-1]['content']}", "stop", 1, 1) for one in requests]


@pytest.fixture
def parrot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ENGINES, "_known", dict(ENGINES._known))
    ENGINES.add("parrot", EngineKind(Parrot, environment="transformers"))


def problems(folder: Path, **entries: Mapping[str, Any]) -> list[str]:
    (folder / "models.yaml").write_text(yaml.safe_dump(entries))
    return list(engine_problems(Registry(folder / "models.yaml", Model), used=entries))


def test_an_unknown_engine_says_what_there_is_and_the_nearest(tmp_path: Path) -> None:
    known = "unknown engine 'vlm'; did you mean 'vllm'? there are: transformers, vllm, openai"
    with pytest.raises(UnknownName, match="did you mean 'vllm'"):
        open_engine("m", Model(folder="x", engine="vlm"), tmp_path, {})
    assert problems(tmp_path, a={"folder": "x", "engine": "vlm"}) == [f"{tmp_path}/models.yaml: entry 'a', key 'engine': {known}"]


def test_an_engine_behind_a_network_and_an_endpoint_go_together(tmp_path: Path) -> None:
    (first,) = problems(tmp_path, a={"folder": "x", "engine": "openai"})
    assert first.endswith("entry 'a': the engine 'openai' works over a network and needs an `endpoint`")
    (second,) = problems(tmp_path, a={"endpoint": ENDPOINT, "engine": "vllm"})
    assert second.endswith("an `endpoint` needs an engine that works over a network (openai); 'vllm' does not")
    assert problems(tmp_path, a={"endpoint": ENDPOINT, "engine": "openai"}, b={"folder": "x", "engine": "vllm"}) == []
    assert behind_network(Model(endpoint=ENDPOINT, engine="openai"))  # type: ignore[arg-type]
    assert not behind_network(Model(folder="x"))


def test_an_embedding_model_needs_an_engine_that_embeds(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, a={"endpoint": ENDPOINT, "engine": "openai", "role": "embedding"})
    assert found.endswith("the engine 'openai' cannot embed texts; these can: transformers, vllm")
    with pytest.raises(ValueError, match="the engine 'openai' cannot embed texts"):
        open_embedder(tmp_path, Model(endpoint=ENDPOINT, engine="openai"), batch_size=1)  # type: ignore[arg-type]


def test_an_engine_says_where_it_answers_and_where_it_embeds(repository: Path) -> None:
    places = {name: (environment_of(Model(engine=name)), environment_of(Model(engine=name), embeds=True)) for name in ENGINES}
    assert places == {
        "transformers": ("transformers", "embedding"),
        "vllm": ("vllm", "vllm"),
        "openai": ("openai", "openai"),
    }


def test_another_engine_answers_once_it_is_in_the_lookup(parrot: None, tmp_path: Path) -> None:
    model = Model(folder="x", engine="parrot")
    engine = open_engine("polly", model, tmp_path, {})
    assert engine.chat([Request("r", [{"role": "user", "content": "Hallo"}], 0)])[0].text == "polly: Hallo"
    assert environment_of(model) == "transformers"
    assert problems(tmp_path, polly={"folder": "x", "engine": "parrot"}) == []


def test_looking_at_engines_imports_none(repository: Path) -> None:
    heavy = ("torch", "transformers", "vllm", "openai", "sentence_transformers", "numpy", "pandas")
    code = "import sys\nfrom polyglot.engines import ENGINES\n[kind.embeds for kind in ENGINES.values()]\n"
    code += f"print([name for name in {heavy!r} if name in sys.modules])"
    environment = os.environ | {"PYTHONPATH": str(repository / "scripts")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == "[]"
