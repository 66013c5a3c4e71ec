"""The openai engine against the bare client, and peers where they are installed, on the same loopback server; and its kills.

    python performance/endpoint.py                                  2,000 requests at concurrency 32, 10,000 at 256
    python performance/endpoint.py --requests 2000 --concurrency 32 [--rounds 3]
    python performance/endpoint.py --kills 20                       answers that are asked for again after kill -9, at 32 and 256
    python performance/endpoint.py --memory 100000                  peak memory, and seconds to read the side file
    python performance/endpoint.py --curator PYTHON --data-designer PYTHON    Pythons in which these are installed
    python performance/endpoint.py ... --write FILE                 the figures as a table, too

The server answers after a time that is drawn by the request: log-normal with a median of 0.4 s, at most 5 s. Each side runs in a
process of its own, one after the other.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import math
import os
import random
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from multiprocessing import Process
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).resolve().parent.parent / "scripts"
sys.path.insert(0, str(SCRIPTS))

MEDIAN, SPREAD, LONGEST = 0.4, 0.8, 5.0
ANSWER = "Gut gemacht. " * 20


def latency(question: str) -> float:
    return min(LONGEST, MEDIAN * math.exp(random.Random(question).gauss(0, SPREAD)))


def text_of(content: Any) -> str:
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, log: Any, fast: bool) -> None:
    """One connection of the server."""
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            body = json.loads(await reader.readexactly(int(head.split("content-length:")[1].split("\r\n")[0])))
            question = text_of(body["messages"][-1]["content"]) if body["messages"] else ""  # as curator asks for rate limits
            await asyncio.sleep(0 if fast else latency(question))
            log.write(f"{question}\n")
            choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": ANSWER}}
            usage = {"prompt_tokens": 10, "completion_tokens": 80, "total_tokens": 90}
            reply = {"id": "c", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice], "usage": usage}
            content = json.dumps(reply).encode()
            kept = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
            writer.write(kept.encode() + content)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def serve(port: int, log: str, fast: bool) -> None:
    async def forever() -> None:
        with open(log, "a", buffering=1) as file:
            async with await asyncio.start_server(
                lambda r, w: respond(r, w, file, fast), "127.0.0.1", port, backlog=2048
            ) as server:
                await server.serve_forever()

    asyncio.run(forever())


def bare(url: str, requests: int, concurrency: int, folder: str) -> None:
    """The official client and a semaphore."""
    from openai import AsyncOpenAI

    async def run() -> None:
        client, places = AsyncOpenAI(base_url=url, api_key="none", max_retries=0), asyncio.Semaphore(concurrency)

        async def ask(number: int) -> str | None:
            async with places:
                messages: Any = [{"role": "user", "content": f"question {number:06d}"}]
                found = await client.chat.completions.create(model="m", messages=messages, max_tokens=128, temperature=0.8)
                return found.choices[0].message.content

        found = await asyncio.gather(*map(ask, range(requests)))
        Path(folder, "answers.json").write_text(json.dumps(found))

    asyncio.run(run())


def engine(url: str, requests: int, concurrency: int, folder: str) -> None:
    """This project's, with its side file, ledger and ceiling."""
    from polyglot.core.sidefile import SideFile
    from polyglot.engines.base import Request, answer_all
    from polyglot.engines.openai_engine import OpenAIEngine
    from polyglot.engines.spending import Spending
    from polyglot.registry.models import Endpoint, Price, Sampling

    asked = [Request(f"{n:06d}", [{"role": "user", "content": f"question {n:06d}"}], n) for n in range(requests)]
    spending = Spending(Path(folder) / "ledger", "teacher", Price(prompt=1, completion=2), 1000.0)
    engine = OpenAIEngine(Endpoint(url=url, model="m", concurrency=concurrency), Sampling(), spending)
    found = answer_all(engine, asked, SideFile(Path(folder) / "side.jsonl", "owner"), batch_size=64, title="engine")
    assert len(found) == requests


CURATOR = """
import sys
import tiktoken
try:
    tiktoken.get_encoding("cl100k_base")
except Exception:  # no network: curator only counts tokens with it
    by_bytes = tiktoken.Encoding("bytes", pat_str=".+", mergeable_ranks={bytes([n]): n for n in range(256)}, special_tokens={})
    tiktoken.get_encoding = tiktoken.encoding_for_model = lambda name: by_bytes
from bespokelabs import curator
url, requests, concurrency, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
limits = {"max_concurrent_requests": concurrency, "max_requests_per_minute": 10**6, "max_tokens_per_minute": 10**9}
llm = curator.LLM(model_name="m", backend="openai", backend_params={"base_url": url, "api_key": "none", **limits})
found = llm([f"question {n:06d}" for n in range(requests)], working_dir=folder)
"""
DATA_DESIGNER = """
import sys
import pandas as pd
import data_designer.config as dd
from data_designer.interface import DataDesigner
url, requests, concurrency, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
provider = dd.ModelProvider(name="local", endpoint=url, provider_type="openai", api_key="none")
parameters = dd.ChatCompletionInferenceParams(max_parallel_requests=concurrency, max_tokens=128, temperature=0.8)
model = dd.ModelConfig(alias="m", model="m", provider="local", inference_parameters=parameters)
path = folder + "/seeds.parquet"
pd.DataFrame({"question": [f"question {n:06d}" for n in range(requests)]}).to_parquet(path)
config = dd.DataDesignerConfigBuilder(model_configs=[model])
config.with_seed_dataset(dd.LocalFileSeedSource(path=path))
config.add_column(dd.LLMTextColumnConfig(name="answer", model_alias="m", prompt="{{ question }}"))
DataDesigner(artifact_path=folder, model_providers=[provider]).create(config, num_records=requests)
"""


class Server:
    """The loopback server, in a process of its own, with a log of what it has answered."""

    def __init__(self, folder: Path, *, fast: bool = False) -> None:
        import socket

        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.log, self.url = folder / "answered", f"http://127.0.0.1:{port}/v1"
        self.process = Process(target=serve, args=(port, str(self.log), fast), daemon=True)

    def __enter__(self) -> Server:
        self.process.start()
        while not self.log.exists():
            time.sleep(0.05)
        time.sleep(0.2)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()

    @property
    def answered(self) -> Counter[str]:
        return Counter(self.log.read_text().splitlines())


def command(side: str, pythons: dict[str, str]) -> list[str]:
    code = {"curator": CURATOR, "data-designer": DATA_DESIGNER}
    return [pythons[side], "-c", code[side]] if side in code else [sys.executable, __file__, "--side", side]


def compare(requests: int, concurrency: int, rounds: int, pythons: dict[str, str]) -> list[dict[str, Any]]:
    """Print the time of each side, and its ratio to the bare client's. Returns a row of each."""
    sides = ["bare", "engine", *pythons]
    seconds: dict[str, list[float]] = {side: [] for side in sides}
    for _ in range(rounds):
        for side in sides:
            with tempfile.TemporaryDirectory() as folder, Server(Path(folder)) as server:
                words = [*command(side, pythons), server.url, str(requests), str(concurrency), folder]
                start = time.monotonic()
                done = subprocess.run(words, check=False, capture_output=True, text=True)
                took = time.monotonic() - start
                if done.returncode or len([name for name in server.answered if name.startswith("question")]) != requests:
                    print(f"{side}: failed: {done.stderr[-500:]}")
                    continue
                seconds[side].append(took)
    rows = []
    for side, times in seconds.items():
        if times and seconds["bare"]:
            ratio = statistics.median(times) / statistics.median(seconds["bare"])
            shown = " ".join(f"{took:.1f}" for took in times)
            print(f"{requests} requests at {concurrency}: {side:14s} {shown} s, {ratio:.3f} of the bare client's", flush=True)
            row = {"requests": requests, "concurrency": concurrency, "side": side, "runs": len(times)}
            rows.append(row | {"seconds": f"{statistics.median(times):.1f}", "of the bare client's": f"{ratio:.3f}"})
    return rows


def kills(count: int, requests: int, concurrency: int) -> dict[str, Any]:
    """Print how many answers that the server has given before a kill, at random moments, are asked for again. Returns a row."""
    from polyglot.core.sidefile import SideFile

    rng, lost, given = random.Random(0), [], []
    for number in range(count):
        with tempfile.TemporaryDirectory() as folder, Server(Path(folder)) as server:
            words = [*command("engine", {}), server.url, str(requests), str(concurrency), folder]
            job = subprocess.Popen(words, stderr=subprocess.DEVNULL)
            moment = rng.randint(requests // 10, requests * 9 // 10)
            while server.log.stat().st_size < moment * len("question 000000\n"):
                time.sleep(0.002)
            job.send_signal(signal.SIGKILL)
            paid = set(server.answered)
            job.wait()
            kept = {f"question {row['id']}" for row in SideFile(Path(folder) / "side.jsonl", "owner").rows()}
            lost.append(len(paid - kept))
            given.append(len(paid))
            share = 100 * lost[-1] / given[-1]
            print(f"kill {number + 1}: {lost[-1]} of {given[-1]} answers are asked for again ({share:.2f} %)", flush=True)
    row = {
        "concurrency": concurrency,
        "kills": count,
        "answers given before": sum(given),
        "asked for again": sum(lost),
        "%": f"{100 * sum(lost) / sum(given):.2f}",
        "most after a kill": max(lost),
        "kills with over 1 %": sum(again > paid / 100 for again, paid in zip(lost, given, strict=True)),
    }
    print(", ".join(f"{name}: {value}" for name, value in row.items()))
    return row


def memory(requests: int) -> None:
    """Print the peak memory of many requests, and the time to read their side file."""
    from polyglot.core.sidefile import SideFile

    with tempfile.TemporaryDirectory() as folder, Server(Path(folder), fast=True) as server:
        start = time.monotonic()
        job = subprocess.Popen([*command("engine", {}), server.url, str(requests), "256", folder], stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(job.pid, 0)
        took = time.monotonic() - start
        start = time.monotonic()
        rows = sum(1 for _ in SideFile(Path(folder) / "side.jsonl", "owner").rows())
        read = time.monotonic() - start
        peak = used.ru_maxrss / 1024
        print(f"{rows} of {requests} answers in {took:.0f} s (exit {status}); peak {peak:.0f} MB; read in {read:.2f} s")


def write(rows: list[dict[str, Any]], path: Path | None) -> None:
    """Write the figures as a table, where a file is named."""
    if path is None:
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", choices=["bare", "engine"], help=argparse.SUPPRESS)
    parser.add_argument("given", nargs="*", help=argparse.SUPPRESS)
    parser.add_argument("--requests", type=int)
    parser.add_argument("--concurrency", type=int, help="without it, both 32 and 256")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--kills", type=int)
    parser.add_argument("--memory", type=int)
    parser.add_argument("--curator", help="a Python with bespokelabs-curator")
    parser.add_argument("--data-designer", help="a Python with data-designer")
    parser.add_argument("--write", type=Path, help="a CSV file for the figures")
    given = parser.parse_args()
    if given.side:
        url, requests, concurrency, folder = given.given
        {"bare": bare, "engine": engine}[given.side](url, int(requests), int(concurrency), folder)
    elif given.kills:
        chosen = [given.concurrency] if given.concurrency else [32, 256]
        write([kills(given.kills, given.requests or 1000, concurrency) for concurrency in chosen], given.write)
    elif given.memory:
        memory(given.memory)
    else:
        pythons = {
            name: python for name, python in (("curator", given.curator), ("data-designer", given.data_designer)) if python
        }
        pairs = [(given.requests, given.concurrency or 32)] if given.requests else [(2000, 32), (10_000, 256)]
        write(
            [row for requests, concurrency in pairs for row in compare(requests, concurrency, given.rounds, pythons)], given.write
        )


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    main()
