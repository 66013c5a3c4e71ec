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
from tests.jobs import script

MODEL = Model(folder="model", engine="vllm", gpus=2)
TEXTS = [f"text {number}" for number in range(MIN_EXAMPLES)]
CHAT = [{"role": "user", "content": "Hallo"}]
DATA = {"id": TEXTS, "prompt": TEXTS, "text": TEXTS, "response": TEXTS, "trained": True}
REQUESTS = {"request_id": TEXTS, "messages": [CHAT] * len(TEXTS), "request_seed": 0, "method": "respond"}

AT_VLLM = """
import json, sys

class AtVllm:
    # says what is imported when vllm is asked for, and ends the job
    def find_spec(self, name, path=None, target=None):
        if name == "vllm":
            print(json.dumps(sorted(sys.modules)), file=open({said!r}, "w"))
            raise SystemExit(0)

sys.meta_path.insert(0, AtVllm())
"""


def given(adapter: str, folder: Path, rubric: Path) -> dict[str, Any]:
    """Inputs, parameters and wildcards of an adapter."""
    data, requests = (str(folder / f"{name}.parquet") for name in ("data", "requests"))
    settings = MODEL.settings
    model: dict[str, Any] = {"model": str(folder / "model")}
    chats, judging = model | {"chat_template": []}, {"rubric": str(rubric), "template": str(rubric), "scale": []}
    judged = {"reward": {"kind": "rubric_judge", "model": "name", "batch_size": 8}, "model": settings, "language": "German"}
    embedded = {"model": settings, "name": "name", "languages": ["de"], "seed": 0, "rule": "mdaq"}
    inputs: dict[str, dict[str, Any]] = {
        "synthesize": {"requests": [requests], **chats},
        "diversity": {"data": data, **model},
        "reward": {"data": data, **judging, **chats},
        "student_answers": {"prompts": data, **chats},
        "duels": {"answers": data, "whole": data, **judging, **chats},
        "sample_embeddings": {"data": data, **model},
        "question_embeddings": {"tasks": [str(folder / "sums/de")], **model},
        "nearest_questions": {"seed": data, "questions": [], **model},
        "select_own": {"data": data, "quality": str(folder / "quality.parquet"), **model},
    }
    asked = {"teacher": settings, "retries": 0, "reading": "repair"}
    params: dict[str, dict[str, Any]] = {"synthesize": asked, "student_answers": {"base": settings}}
    params |= dict.fromkeys(("reward", "duels"), judged)
    params |= dict.fromkeys(
        ("diversity", "sample_embeddings", "select_own", "question_embeddings", "nearest_questions"), embedded
    )
    of_all = {"batch_size": 8, "side_file": str(folder / "side")}
    named = {"teacher": "name", "base": "name", "lang": "de"}
    return {"input": inputs[adapter], "params": params[adapter] | of_all, "wildcards": named}


ADAPTERS = (
    *("synthesize", "diversity", "reward", "student_answers", "duels", "sample_embeddings", "select_own"),
    *("question_embeddings", "nearest_questions"),
)


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_a_job_comes_to_vllm_without_torch(repository: Path, tmp_path: Path, adapter: str) -> None:
    pd.DataFrame(DATA).to_parquet(tmp_path / "data.parquet")
    pd.DataFrame({"id": TEXTS, "quality": 1.0}).to_parquet(tmp_path / "quality.parquet")
    pd.DataFrame(REQUESTS).to_parquet(tmp_path / "requests.parquet")
    (tmp_path / "model").mkdir()
    (tmp_path / "sums/de").mkdir(parents=True)
    (tmp_path / "sums/de/test.jsonl").write_text('{"question": "Was ist 1 und 1?", "answer": 2}\n')
    snakemake = given(adapter, tmp_path, repository / "config/prompts/chat/judge.jinja")
    snakemake |= {"output": [str(tmp_path / "out.parquet")], "resources": {"gpu": 2}}
    snakemake |= {"config": {"operation": {"name": MODEL.operation}, "study": "s"}}
    job = script(repository, adapter, tmp_path, snakemake, AT_VLLM.format(said=str(tmp_path / "said")))
    alone = {name: value for name, value in os.environ.items() if not name.startswith("POLYGLOT_")}
    subprocess.run([sys.executable, str(job)], env=alone, cwd=tmp_path)
    assert (tmp_path / "said").exists(), (tmp_path / "log").read_text()[-3000:]
    imported = set(json.loads((tmp_path / "said").read_text()))
    assert "polyglot.engines.vllm_engine" in imported
    assert not imported & {"torch", "transformers", "sentence_transformers"}
