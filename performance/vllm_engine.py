"""The vllm engine against bare `LLM.chat` on the same requests in one process, and what it costs to resume 10,000 answers.

    make test-vllm
    OMP_NUM_THREADS=1 .venv-vllm/bin/python performance/vllm_engine.py results/demo [--rounds 5] [--resumed 10000]

takes the nano teacher `hasty` and its German requests from a study's results. The sides take turns, so that a slow minute of the
machine hits all of them.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))

from polyglot.core.sidefile import SideFile
from polyglot.engines.base import Answer, Request, answer_all
from polyglot.engines.vllm_engine import VLLMEngine
from polyglot.registry.models import Model, Sampling

SAMPLING = Sampling(temperature=0.8, max_new_tokens=64)
BATCH = 100
"""Finished answers in a line of the side file that is resumed from."""


class NoEngine:
    """Is never asked: every answer is there."""

    deterministic = True
    batch_size = None

    def chat(self, requests: list[Request]) -> list[Answer]:
        raise AssertionError(f"asked again: {requests[0].id}")


def read_requests(results: Path) -> list[Request]:
    rows = pd.concat([pd.read_parquet(results / f"requests/de/{method}/0.parquet") for method in ("translate", "respond")])
    return [
        Request(row["request_id"], [dict(message) for message in row["messages"]], int(row["request_seed"]))
        for row in rows.to_dict("records")
    ]


def throughput(results: Path, asked: list[Request], rounds: int) -> None:
    """Print the median time of each side."""
    from vllm import SamplingParams

    engine = VLLMEngine(results / "models/hasty", Model(folder="nano", engine="vllm", context=512, sampling=SAMPLING))
    drawn = {"temperature": SAMPLING.temperature, "top_p": SAMPLING.top_p, "max_tokens": SAMPLING.max_new_tokens}
    parameters = [SamplingParams(**drawn, seed=request.seed) for request in asked]
    messages = [request.messages for request in asked]

    def bare() -> int:
        outputs = engine.llm.chat(messages, parameters, use_tqdm=False)
        return sum(len(output.outputs[0].token_ids) for output in outputs)

    def alone() -> int:
        return sum(answer.completion_tokens for answer in engine.chat(asked))

    def with_side_file() -> int:
        with tempfile.TemporaryDirectory() as folder:
            side = SideFile(Path(folder) / "side", "owner")
            answers = answer_all(engine, asked, side, batch_size=64, title="round")
        return sum(answer.completion_tokens for answer in answers.values())

    sides: dict[str, Callable[[], int]] = {
        "bare LLM.chat": bare,
        "engine": alone,
        "engine with side file": with_side_file,
    }
    engine.chat(asked)  # warm: prefix cache, lazily built parts
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    tokens: dict[str, int] = {}
    for turn in range(rounds):
        for name in list(sides) if turn % 2 else reversed(list(sides)):
            start = time.perf_counter()
            tokens[name] = sides[name]()
            seconds[name].append(time.perf_counter() - start)
    print(f"| side | median s of {rounds} | tokens/s | against bare, median of rounds |\n| --- | --- | --- | --- |")
    for name, found in seconds.items():
        ratio = statistics.median(own / other for own, other in zip(found, seconds["bare LLM.chat"], strict=True))
        middle = statistics.median(found)
        print(f"| {name} | {middle:.2f} | {tokens[name] / middle:,.0f} | {100 * (ratio - 1):+.1f} % |")


def resume(asked: list[Request], count: int) -> None:
    """Print what reading back so many finished answers takes."""
    many = [Request(f"id{number}", asked[number % len(asked)].messages, number) for number in range(count)]
    text = "an answer of some length " * 20
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "side"
        for start in range(0, count, BATCH):
            batch = [Answer(request.id, text, "stop", 100, 100).as_dict() for request in many[start : start + BATCH]]
            SideFile(path, "owner").append(batch)
        began = time.perf_counter()
        answer_all(NoEngine(), many, SideFile(path, "owner"), batch_size=64, title="resume")
        print(f"resume of {count:,} finished answers: {time.perf_counter() - began:.2f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("results", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--resumed", type=int, default=10_000)
    arguments = parser.parse_args()
    asked = read_requests(arguments.results)
    resume(asked, arguments.resumed)
    throughput(arguments.results, asked, arguments.rounds)


if __name__ == "__main__":
    main()
