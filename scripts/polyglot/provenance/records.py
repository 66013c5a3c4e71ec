"""Records of jobs: start and end, outcome, environment, machine and code version.

Records lie in `provenance/`, beside the folder of logs:

    provenance/jobs/{as the job's log}.jsonl    one line when an attempt begins, one when it ends
    provenance/environments/{id}.json           Python and the version of every package, once for each environment
    provenance/machines/{id}.json               processor, memory, operating system, GPUs and driver, once for each machine
    provenance/code/{id}.json                   git commit, what was changed since, and plugins, once for each version of the code

No record names a host, a user or a folder outside the study. None is an input of a job, so writing one reruns nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from polyglot.core.files import write_json
from polyglot.core.hashing import content_id, file_hash
from polyglot.core.lookup import plugin_files
from polyglot.study import paths

LOGS, RECORDS = paths.inside(paths.LOGS), paths.inside(paths.RECORDS)
SCRIPTS = Path(__file__).parents[2]
DEMANDS = ("gpu", "gpu_model", "gres", "mem_mb", "runtime")
"""Resources that a record keeps."""
NUMERIC = re.compile(
    r"^(OMP_|MKL_|OPENBLAS_|NUMEXPR_|VECLIB_)?NUM_THREADS$|^(CUDA_VISIBLE_DEVICES|CUBLAS_WORKSPACE_CONFIG|PYTHONHASHSEED)$"
    r"|^NVIDIA_TF32_OVERRIDE$|^(VLLM|TORCH|PYTORCH)_(?!.*(KEY|TOKEN|SECRET|PASS|PATH|DIR|ROOT|HOME|CACHE|URL|HOST|IP|SERVER))[A-Z_]*$"
)
"""Environment variables that can change results; none holds a key or a path."""
DRIVER = Path("/proc/driver/nvidia")


def records_folder(log: Path) -> Path:
    """The `provenance` folder beside the folder of this log."""
    return _beside(log)[0]


def record_path(log: Path) -> Path:
    """The record file of the job with this log."""
    folder, name = _beside(log)
    return folder / "jobs" / name.with_suffix(".jsonl")


def _beside(log: Path) -> tuple[Path, Path]:
    parts = Path(log).parts
    if LOGS not in parts:
        return Path(log).parent / RECORDS, Path(Path(log).name)
    place = 2 if parts[0] == "results" else len(parts) - 1 - parts[::-1].index(LOGS)
    return Path(*parts[:place]) / RECORDS, Path(*parts[place + 1 :])


@contextmanager
def recorded(snakemake: Any) -> Iterator[None]:
    """Record an attempt at a job: one line at its start and one at its end. If writing fails, the job continues."""
    log = Path(str(snakemake.log[0]))
    path, folder = record_path(log), records_folder(log)
    began, cpu = time.time(), sum(os.times()[:4])  # of this process and of those that it has waited for
    _append(path, {"event": "began", "at": round(began, 3)} | _facts(snakemake, folder))
    ended: dict[str, Any] = {"status": "failed"}
    try:
        yield
        ended = {"status": "finished"}
    except BaseException as error:
        ended["error"] = type(error).__name__
        raise
    finally:
        now = time.time()
        ended |= {"seconds": round(now - began, 3), "cpu_seconds": round(sum(os.times()[:4]) - cpu, 3)} | _torch_facts()
        _append(path, {"event": "ended", "at": round(now, 3), **ended})


def _append(path: Path, line: Mapping[str, Any]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    except OSError as error:
        print(f"cannot write a record of this job: {error}", file=sys.stderr)


def _facts(snakemake: Any, folder: Path) -> dict[str, Any]:
    try:
        places = {"environment": _environment(folder), "machine": _machine(folder)}
    except OSError:
        places = {}
    resources = {name: snakemake.resources.get(name) for name in DEMANDS}
    return {
        "rule": snakemake.rule,
        "wildcards": dict(snakemake.wildcards.items()),
        "threads": snakemake.threads,
        "resources": {name: value for name, value in resources.items() if value not in (None, "")},
        "code": code_id(tuple(getattr(snakemake, "config", {}).get("plugins", []))),
        **places,
        "variables": {name: value for name, value in sorted(os.environ.items()) if NUMERIC.match(name)},
    }


def _torch_facts() -> dict[str, Any]:
    """torch's determinism settings, and the GPUs that it used; empty if it was not imported."""
    torch: Any = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "get_num_threads"):
        return {}
    facts: dict[str, Any] = {
        "torch_threads": torch.get_num_threads(),
        "deterministic_algorithms": torch.are_deterministic_algorithms_enabled(),
    }
    if torch.cuda.is_initialized():
        devices = range(torch.cuda.device_count())
        facts |= {
            "cuda": torch.version.cuda,
            "cudnn_deterministic": torch.backends.cudnn.deterministic,
            "tf32": torch.backends.cuda.matmul.allow_tf32,
            "gpus": [torch.cuda.get_device_name(device) for device in devices],
            "gpu_memory_mb": round(sum(torch.cuda.max_memory_allocated(device) for device in devices) / 2**20),
        }
    return {"numerics": facts}


@cache
def code_id(plugins: tuple[str, ...] = ()) -> str:
    """Depends on the text of every script, of the library and of the study's plugins.

    Args:
        plugins: the modules that the study names.
    """
    digest = hashlib.sha256()
    for path in sorted(SCRIPTS.rglob("*.py")):
        digest.update(f"{path.relative_to(SCRIPTS)}\0".encode() + path.read_bytes())
    for name, path in plugin_files(plugins).items():
        digest.update(f"plugin {name}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def record_code(folder: Path, root: Path, plugins: Sequence[str] = ()) -> None:
    """Record this version of the code once: the commit, and differences from it.

    Args:
        folder: the `provenance` folder.
        root: the repository; without git, or outside of a repository, the commit is None.
        plugins: the modules that the study names; their files are recorded completely.
    """
    path = folder / "code" / f"{code_id(tuple(plugins))}.json"
    if path.exists():
        return
    commit = _git(root, "rev-parse", "HEAD")
    changed = _git(root, "status", "--porcelain", "--untracked-files=normal") if commit else None
    facts: dict[str, Any] = {
        "commit": commit.strip() if commit else None,
        "dirty": bool(changed) if commit else None,
        "changed": (changed or "").splitlines(),
        "diff": (_git(root, "diff", "HEAD", "--no-color", "--no-ext-diff") or "") if changed else "",
    }
    if plugins:
        files = plugin_files(plugins)
        facts["plugins"] = list(plugins)
        facts["plugin_hashes"] = {name: file_hash(file) for name, file in files.items()}
        facts["plugin_texts"] = {name: file.read_text(encoding="utf-8", errors="replace") for name, file in files.items()}
    write_json(facts, path)


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _environment(folder: Path) -> str:
    """The id of the running environment; its first job records the installed packages."""
    sites = [path for path in map(Path, sys.path) if path.name in ("site-packages", "dist-packages") and path.is_dir()]
    stamps = [f"{path}:{path.stat().st_mtime_ns}" for path in sites]
    name = content_id(sys.version, platform.machine(), *stamps)
    path = folder / "environments" / f"{name}.json"
    if not path.exists():
        from importlib.metadata import distributions

        packages = {found.metadata["Name"]: found.version for found in distributions() if found.metadata["Name"]}
        facts = {
            "python": platform.python_version(),
            "implementation": platform.python_implementation(),
            "architecture": platform.machine(),
            "packages": dict(sorted(packages.items(), key=lambda item: item[0].lower())),
        }
        write_json(facts, path)
    return name


def _machine(folder: Path) -> str:
    """The id of this machine; its first job records its hardware."""
    version = DRIVER / "version"
    driver = version.read_text(encoding="utf-8", errors="replace") if version.exists() else ""
    name = content_id(platform.node(), platform.release(), driver)
    path = folder / "machines" / f"{name}.json"
    if not path.exists():
        write_json(_hardware(driver), path)
    return name


def _hardware(driver: str) -> dict[str, Any]:
    found = re.search(r"(?<!\w)(\d+\.\d[\d.]*)", driver)
    gpus = [
        line.partition(":")[2].strip()
        for path in sorted(DRIVER.glob("gpus/*/information"))
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines()
        if line.startswith("Model:")
    ]
    return {
        "system": f"{platform.system()} {platform.release()}",
        "architecture": platform.machine(),
        "processor": _entry(Path("/proc/cpuinfo"), "model name") or platform.processor(),
        "cores": os.cpu_count(),
        "memory": _entry(Path("/proc/meminfo"), "MemTotal"),
        "gpus": gpus,
        "gpu_driver": found[1] if found else None,
    }


def _entry(path: Path, key: str) -> str | None:
    """The first value of a key in a file of `key: value` lines."""
    if not path.exists():
        return None
    with path.open(encoding="utf-8", errors="replace") as file:
        return next((line.partition(":")[2].strip() for line in file if line.startswith(key)), None)
