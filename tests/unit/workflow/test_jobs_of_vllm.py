"""What the jobs that start vllm do before: nothing that torch is needed for, so that CUDA is untouched when vllm forks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from polyglot.core.cells import MIN_EXAMPLES
from polyglot.registry.models import Model

MODEL = Model(folder="model", engine="vllm", gpus=2)
TEXTS = [f"text {number}" for number in range(MIN_EXAMPLES)]
CHAT = [{"role": "user", "content": "Hallo"}]
ANSWERED = {"id": TEXTS, "prompt": TEXTS, "text": TEXTS, "response": TEXTS, "trained": True}
REQUESTS = {"request_id": TEXTS, "messages": [CHAT] * len(TEXTS), "request_seed": 0, "method": "respond"}

JOB = """
import json, sys
from types import SimpleNamespace

class Given(SimpleNamespace):
    def items(self): return vars(self).items()
    def get(self, name, other=None): return vars(self).get(name, other)
    def __iter__(self): return iter(vars(self).values())
    def __getitem__(self, place): return list(vars(self).values())[place]

class AtVllm:
    # says what is imported when vllm is asked for, and ends the job
    def find_spec(self, name, path=None, target=None):
        if name == "vllm":
            print(json.dumps({{"imported": sorted(sys.modules)}}), file=open({said!r}, "w"))
            raise SystemExit(0)

sys.meta_path.insert(0, AtVllm())
given = json.loads({given!r})
parts = [name for name, part in given.items() if isinstance(part, dict) and name != "config"]
snakemake = Given(**given | {{name: Given(**given[name]) for name in parts}})
"""


def files(folder: Path) -> dict[str, str]:
    """The inputs of the jobs."""
    for name, table in (("data", ANSWERED), ("requests", REQUESTS)):
        pd.DataFrame(table).to_parquet(folder / f"{name}.parquet")
    (folder / "model").mkdir()
    return {name: str(folder / f"{name}.parquet") for name in ("data", "requests")} | {"model": str(folder / "model")}


def inputs(adapter: str, at: dict[str, str], rubric: str) -> dict[str, Any]:
    """Inputs, parameters and wildcards of an adapter."""
    settings = MODEL.model_dump(mode="json", exclude={"gpus", "training_gpus", "price"})
    judged = {"reward": {"kind": "rubric_judge", "model": "name", "batch_size": 8}, "model": settings, "language": "German"}
    model = {"model": at["model"], "chat_template": []}
    given: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, str]]] = {
        "synthesize": ({"requests": [at["requests"]], **model}, {"teacher": settings}, {"teacher": "name", "lang": "de"}),
        "diversity": ({"data": at["data"], "model": at["model"]}, {"model": settings, "name": "name"}, {}),
        "reward": ({"data": at["data"], "rubric": rubric, "scale": [], **model}, judged, {}),
        "student_answers": ({"prompts": at["data"], **model}, {"base": settings}, {"base": "name"}),
        "duels": ({"answers": at["data"], "whole": at["data"], "template": rubric, **model}, judged, {}),
        "sample_clusters": (
            {"data": [at["data"]], "model": at["model"]},
            {"model": settings, "name": "name", "languages": ["de"], "seed": 0},
            {},
        ),
    }
    input_, params, wildcards = given[adapter]
    return {"input": input_, "params": params | {"batch_size": 8}, "wildcards": wildcards}


ADAPTERS = ("synthesize", "diversity", "reward", "student_answers", "duels", "sample_clusters")


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_a_job_comes_to_vllm_without_torch(repository: Path, tmp_path: Path, adapter: str) -> None:
    given = inputs(adapter, files(tmp_path), str(repository / "config/prompts/chat/judge.jinja"))
    given["params"]["side_file"] = str(tmp_path / "side")
    given |= {"log": [str(tmp_path / "log")], "output": [str(tmp_path / "out.parquet")], "rule": adapter, "threads": 1}
    given |= {"resources": {"gpu": 2}, "config": {"operation": {"name": MODEL.operation}, "study": "s"}}
    head = JOB.format(said=str(tmp_path / "said"), given=json.dumps(given))
    script = tmp_path / "job.py"
    script.write_text(head + next((repository / "scripts").glob(f"*/{adapter}.py")).read_text())
    subprocess.run([sys.executable, str(script)], env=os.environ | {"POLYGLOT_SHARED_STARTS": "off"}, cwd=tmp_path)
    assert (tmp_path / "said").exists(), (tmp_path / "log").read_text()[-3000:]
    imported = set(json.loads((tmp_path / "said").read_text())["imported"])
    assert "polyglot.engines.vllm_engine" in imported
    assert not imported & {"torch", "transformers", "sentence_transformers"}
