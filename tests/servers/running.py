"""Servers as processes: how each is started, killed and started again, and why one cannot be had."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from polyglot.engines.vllm_engine import CPU_ENVIRONMENT
from tests.endpoint import KEY
from tests.patience import wait_until

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
VARIABLES = {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", **CPU_ENVIRONMENT, "VLLM_NO_USAGE_STATS": "1", "VLLM_API_KEY": KEY}
VLLM_OPTIONS = (
    *("--dtype", "float32", "--max-model-len", "512", "--enforce-eager", "--max-num-seqs", "8"),
    *("--no-enable-chunked-prefill", "--max-num-batched-tokens", "4096"),
)


def environment(name: str) -> Path:
    """The Python of an environment beside .venv, or of the one that POLYGLOT_VENV_NAME names."""
    return Path(os.environ.get(f"POLYGLOT_VENV_{name.upper()}", REPOSITORY / f".venv-{name}")) / "bin/python"


@dataclass(frozen=True)
class Kind:
    """How a server is started.

    Args:
        command: of a model's folder, a port and a folder for its own files.
        lacking: why it cannot be had here; "" if it can.
        named: the name by which its model is asked for; None: its folder's.
    """

    command: Callable[[Path, int, Path], list[str]]
    lacking: Callable[[], str]
    named: str | None = None


def llama_cpp(folder: Path, port: int, own: Path) -> list[str]:
    python, file = str(environment("servers")), own / "nano.gguf"
    if not file.exists():
        subprocess.run([python, str(HERE / "to_gguf.py"), str(folder), str(file)], check=True)
    return [python, str(HERE / "llama_cpp.py"), str(file), str(port), KEY]


def vllm(folder: Path, port: int, own: Path) -> list[str]:
    command = [str(environment("vllm")), "-m", "vllm.entrypoints.openai.api_server", "--model", str(folder)]
    return [*command, "--served-model-name", "m", "--host", "127.0.0.1", "--port", str(port), *VLLM_OPTIONS]


def transformers(folder: Path, port: int, own: Path) -> list[str]:
    command = [str(Path(sys.executable).parent / "transformers"), "serve", str(folder), "--device", "cpu"]
    return [*command, "--host", "127.0.0.1", "--port", str(port)]


def without(name: str) -> Callable[[], str]:
    return lambda: "" if environment(name).exists() else f"there is no .venv-{name}: make .venv-{name}/ready sets it up"


KINDS = {
    "llama.cpp": Kind(llama_cpp, without("servers"), "m"),
    "transformers": Kind(transformers, lambda: ""),
    "vllm": Kind(vllm, without("vllm"), "m"),
}
"""By the name of its preset."""


@dataclass
class RealServer:
    """A server on a port of its own, which it keeps when it is started again."""

    name: str
    folder: Path
    own: Path
    port: int = field(default_factory=lambda: free_port())
    process: subprocess.Popen[bytes] | None = None

    @property
    def model(self) -> str:
        return KINDS[self.name].named or str(self.folder)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def log(self) -> Path:
        return self.own / "log"

    def start(self, *, wait: bool = True) -> None:
        command = KINDS[self.name].command(self.folder, self.port, self.own)
        with self.log.open("ab") as file:
            self.process = subprocess.Popen(
                command, stdout=file, stderr=file, env=os.environ | VARIABLES, cwd=self.own, start_new_session=True
            )
        if wait:
            said = lambda: self.log.read_text(errors="replace")[-3000:]  # noqa: E731
            wait_until(self.answers, self.log, job=self.process, said=said, every=0.1)

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=10):
                return True
        except OSError:
            return False

    def kill(self) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


@contextmanager
def running(name: str, folder: Path, own: Path) -> Iterator[RealServer]:
    """A server that answers, with its key in TEST_KEY, for as long as the block lasts; skipped where it cannot be had."""
    if why := KINDS[name].lacking():
        pytest.skip(f"{name}: {why}")
    server = RealServer(name, folder, own)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEST_KEY", KEY)
        try:
            server.start()
            yield server
        finally:
            server.kill()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
