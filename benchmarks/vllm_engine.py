"""The vllm engine against bare `LLM.chat` on the same requests in one process, and what it costs to resume 10,000 answers.

    make test-vllm && OMP_NUM_THREADS=1 PYTHONPATH=scripts .venv-vllm/bin/python benchmarks/vllm_engine.py results/demo

takes the nano teacher `hasty` and its German requests from a study's results.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from polyglot.engines import Answer, Request, answer_all
from polyglot.engines.vllm_engine import VLLMEngine
from polyglot.registry import Model, Sampling
from polyglot.sidefile import SideFile

ROUNDS = 5
RESUMED = 10_000


class NoEngine:
    """Is never asked: every answer is there."""

    deterministic = True
    batch_size = None

    def chat(self, requests: list[Request]) -> list[Answer]:
        raise AssertionError(f"asked again: {requests[0].id}")


def main(results: Path) -> None:
    rows = pd.concat([pd.read_parquet(results / f"requests/de/{method}/0.parquet") for method in ("translate", "respond")])
    asked = [
        Request(row["request_id"], [dict(message) for message in row["messages"]], int(row["request_seed"]))
        for row in rows.to_dict("records")
    ]
    model = Model(folder="nano", engine="vllm", context=512, sampling=Sampling(temperature=0.8, max_new_tokens=64))
    engine = VLLMEngine(results / "models/hasty", model)
    parameters = [engine._parameters(request) for request in asked]
    messages = [request.messages for request in asked]
    seconds: dict[str, list[float]] = {"bare LLM.chat": [], "engine": [], "engine with side file": []}
    tokens = 0
    engine.chat(asked)  # warm: compiled kernels, prefix cache
    for turn in range(ROUNDS):
        for name in list(seconds) if turn % 2 else reversed(list(seconds)):
            start = time.perf_counter()
            if name == "bare LLM.chat":
                engine.llm.chat(messages, parameters, use_tqdm=False)  # type: ignore[arg-type]
            elif name == "engine":
                tokens = sum(answer.completion_tokens for answer in engine.chat(asked))
            else:
                with tempfile.TemporaryDirectory() as folder:
                    answer_all(engine, asked, SideFile(Path(folder) / "side", "owner"), batch_size=64, title="round")
            seconds[name].append(time.perf_counter() - start)
    bare = sorted(seconds["bare LLM.chat"])[ROUNDS // 2]
    for name, found in seconds.items():
        middle = sorted(found)[ROUNDS // 2]
        print(f"{name}: median {middle:.2f} s of {ROUNDS}, {tokens / middle:,.0f} tokens/s, {100 * (middle / bare - 1):+.1f} %")
    with tempfile.TemporaryDirectory() as folder:
        many = [Request(f"id{number}", asked[number % len(asked)].messages, number) for number in range(RESUMED)]
        side = SideFile(Path(folder) / "side", "owner")
        for start in range(0, RESUMED, 100):
            side.append(
                [
                    Answer(one.id, "an answer of some length " * 20, "stop", 100, 100).as_dict()
                    for one in many[start : start + 100]
                ]
            )
        began = time.perf_counter()
        answer_all(NoEngine(), many, SideFile(Path(folder) / "side", "owner"), batch_size=64, title="resume")
        print(f"resume of {RESUMED:,} finished answers: {time.perf_counter() - began:.2f} s")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
