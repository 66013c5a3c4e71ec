"""The vllm engine on the CPU, offline and behind its own server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from polyglot.core.prompts import PromptTemplates
from polyglot.core.sidefile import SideFile
from polyglot.engines.base import Request
from polyglot.engines.transformers_engine import TransformersEngine
from polyglot.engines.vllm_engine import VLLMEngine
from polyglot.intrinsic.reward import judge
from polyglot.models.context import ContextError
from polyglot.registry.models import Model, Sampling
from polyglot.synthesis.answers import parse_answer

from ..jobs import script
from ..multimodal import multimodal_base
from ..patience import wait_until
from .conftest import METHODS

Asked = dict[str, list[Request]]


@pytest.fixture(scope="module")
def engine(nano: Path, entry: Model) -> VLLMEngine:
    return VLLMEngine(nano, entry)


def free(requests: list[Request]) -> list[Request]:
    """The same without a schema."""
    return [replace(request, schema=None) for request in requests]


def test_greedy_answers_are_those_of_the_transformers_engine(
    engine: VLLMEngine, nano: Path, entry: Model, requests: Asked
) -> None:
    asked = free([request for method in METHODS for request in requests[method]])
    expected = TransformersEngine(nano, entry.sampling).chat(asked)
    found = engine.chat(asked)
    different = [(one.text, other.text) for one, other in zip(found, expected, strict=True) if one != other]
    assert not different, f"{len(different)} of {len(asked)}: {different[:2]}"


def test_structured_output_follows_the_schema(engine: VLLMEngine, requests: Asked) -> None:
    for method in ("generate", "translate"):
        answers = engine.chat(requests[method])
        whole = [answer for answer in answers if answer.finish_reason == "stop"]
        assert len(whole) > len(answers) / 2, method
        for answer in whole:
            pair = json.loads(answer.text)
            assert set(pair) == {"prompt", "response"}
            assert parse_answer({"method": method}, answer)[0] in ("ok", "empty")


def test_each_request_has_its_own_seed(nano: Path, entry: Model, engine: VLLMEngine, requests: Asked) -> None:
    engine.sampling = Sampling(temperature=1.0, top_p=1.0, max_new_tokens=48)
    try:
        asked = [replace(requests["respond"][0], id=str(seed), seed=seed, schema=None) for seed in range(20)]
        first = engine.chat(asked)
        again = engine.chat(asked[::-1])[::-1]
        assert [answer.text for answer in first] == [answer.text for answer in again]
        assert len({answer.text for answer in first}) > 1
    finally:
        engine.sampling = entry.sampling


def test_the_engine_of_a_job_is_a_process_of_its_own(
    engine: VLLMEngine, nano: Path, entry: Model, requests: Asked, study: Path, repository: Path, tmp_path: Path
) -> None:
    """As on a GPU. On a CPU vllm starts it afresh (spawn), whatever it is told; the script must not run in it again."""
    asked = study / "requests/de/respond/0.parquet"
    given = {"input": {"requests": [str(asked)], "model": str(nano), "chat_template": []}, "output": [str(tmp_path / "out")]}
    given |= {
        "params": {
            "teacher": entry.settings,
            "batch_size": 64,
            "side_file": str(tmp_path / "side"),
            "retries": 0,
            "reading": "repair",
        }
    }
    given |= {"wildcards": {"teacher": "hasty", "lang": "de"}, "config": {"operation": {"hasty": entry.operation}}}
    job = script(repository, "synthesize", tmp_path, given)
    alone = {name: value for name, value in os.environ.items() if not name.startswith("POLYGLOT_")}
    paths = {"PYTHONPATH": f"{repository / 'scripts'}:{os.environ.get('PYTHONPATH', '')}"}
    subprocess.run([sys.executable, str(job)], env=alone | paths | {"VLLM_ENABLE_V1_MULTIPROCESSING": "1"})
    log = (tmp_path / "log").read_text()
    assert (tmp_path / "out").exists(), log[-3000:]
    assert log.count("answers independent of their batch") == 1
    found = pd.read_parquet(tmp_path / "out")
    assert list(found["id"]) == list(pd.read_parquet(asked)["request_id"])
    expected = {answer.id: answer.text for answer in engine.chat(requests["respond"])}
    assert found.set_index("id")["text"][list(expected)].to_dict() == expected


def test_a_prompt_longer_than_the_context_is_named(engine: VLLMEngine, requests: Asked) -> None:
    long = Request("too-long", [{"role": "user", "content": "Baum und Stern und " * 400}], seed=1)
    with pytest.raises(ContextError, match=r"request too-long has .* tokens.*the context is 512"):
        engine.chat([requests["respond"][0], long])


def test_a_judge_is_asked_once_for_equal_pairs_and_never_again(engine: VLLMEngine, repository: Path, tmp_path: Path) -> None:
    """What a nano model answers is no rating but by chance: each answer is kept, and is missing or a number of 1 to 5."""
    templates = PromptTemplates(repository / "config/prompts/nano")
    side = SideFile(tmp_path / "judge.jsonl", "owner")
    prompts, responses = ["Was?", "Wo?", "Was?"], ["Das.", "Da.", "Das."]
    rated = judge(engine, templates, "German", prompts, responses, side, batch_size=2)
    assert rated["text"].str.len().gt(0).all()
    assert rated["reward"].dropna().isin(range(1, 6)).all()
    assert rated["reward"].isna().tolist() == rated["problem"].notna().tolist()
    assert rated.iloc[[0]].equals(rated.iloc[[2]].set_axis([0]))
    assert len(list(side.read())) == 2
    kept = side.path.read_bytes()
    assert judge(engine, templates, "German", prompts, responses, side, batch_size=2).equals(rated)
    assert side.path.read_bytes() == kept


RESUMED = """
import sys
from pathlib import Path
sys.path[:0] = {paths!r}
from polyglot.engines.base import answer_all
from polyglot.engines.vllm_engine import VLLMEngine
from polyglot.registry.models import Model
from polyglot.core.sidefile import SideFile
from tests.vllm.resumed import read
engine = VLLMEngine(Path({nano!r}), Model.model_validate_json({entry!r}))
engine.batch_size = 8
found = answer_all(engine, read(Path({asked!r})), SideFile(Path({side!r}), "owner"), batch_size=8, title="resumed")
print("answered", len(found))
"""


def test_a_killed_job_asks_only_for_the_rest(repository: Path, nano: Path, entry: Model, requests: Asked, tmp_path: Path) -> None:
    """A kill in the middle of vLLM's own batch."""
    from .resumed import write

    asked = [request for method in METHODS for request in requests[method]]
    write(asked, tmp_path / "asked.json")
    side = tmp_path / "side.jsonl"
    paths = [str(repository / "scripts"), str(repository)]
    places = {"nano": str(nano), "asked": str(tmp_path / "asked.json"), "side": str(side), "entry": entry.model_dump_json()}
    (tmp_path / "job.py").write_text(RESUMED.format(paths=paths, **places))
    job = subprocess.Popen([sys.executable, str(tmp_path / "job.py")], start_new_session=True)
    wait_until(lambda: side.exists() and side.read_bytes().count(b"\n") >= 2, tmp_path, job=job)
    os.killpg(job.pid, signal.SIGKILL)
    job.wait()
    kept = [row["id"] for row in SideFile(side, "owner").read()]
    assert 16 <= len(kept) < len(asked)
    subprocess.run([sys.executable, str(tmp_path / "job.py")], check=True)
    ids = [row["id"] for row in SideFile(side, "owner").read()]
    assert Counter(ids) == Counter(request.id for request in asked)
    assert ids[: len(kept)] == kept


def test_a_chat_template_from_a_file_is_the_one_that_is_asked_in(
    engine: VLLMEngine, nano: Path, entry: Model, requests: Asked, repository: Path, tmp_path: Path
) -> None:
    """A model whose folder has none answers as it did with its own. The last test: a second engine of a process takes along, when
    it goes, what the first one needs."""
    bare = tmp_path / "bare"
    bare.mkdir()
    for file in nano.iterdir():
        if file.name != "chat_template.jinja":
            (bare / file.name).symlink_to(file)
    asked = free(requests["respond"][:8])
    given = VLLMEngine(bare, entry, repository / "config/chat_templates/chatml.jinja")
    assert [answer.text for answer in given.chat(asked)] == [answer.text for answer in engine.chat(asked)]


@pytest.mark.parametrize("name", ["gemma3", "qwen3_vl", "mistral3"])
def test_a_multimodal_model_answers_as_with_transformers(
    name: str, nano: Path, entry: Model, requests: Asked, tmp_path: Path
) -> None:
    pytest.importorskip("torchvision", reason="vllm reads multimodal models with torchvision, which its lock for the CPU lacks")
    base = multimodal_base(name, nano, tmp_path / name)
    sampling = Sampling(temperature=0, max_new_tokens=12)
    asked = free(requests["respond"][:4])
    expected = TransformersEngine(base, sampling).chat(asked)
    assert VLLMEngine(base, entry.model_copy(update={"sampling": sampling})).chat(asked) == expected
