"""Which GPUs this process may use, found out without touching CUDA in it.

Once a process has asked CUDA's driver anything, even how many GPUs there are, no process forked from it can use them; and vllm
forks the process of its engine. So a process of its own asks the driver. It sees what CUDA sees: CUDA_VISIBLE_DEVICES by number,
by UUID or empty, slices of a GPU (MIG), and what a scheduler lets the job use.
"""

from __future__ import annotations

import importlib.util
import os
import runpy
import subprocess
import sys
from functools import cache
from pathlib import Path

CUDA = ("libcuda.so.1", "cuInit", "cuDeviceGetCount")
"""A driver's library, its function that starts it, and the one that counts the devices."""
HIP = ("libamdhip64.so", "hipInit", "hipGetDeviceCount")
"""The same for GPUs of AMD; torch brings the library."""
CHOICE = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL")
"""Environment variables that choose among the GPUs."""
NO_DEVICE = 100
"""CUDA_ERROR_NO_DEVICE, and HIP's."""
ASK = """
import ctypes, sys
library, begin, number = sys.argv[1:]
try:
    driver = ctypes.CDLL(library)
except OSError:
    sys.exit("0 0")
found = ctypes.c_int()
error = getattr(driver, begin)(0) or getattr(driver, number)(ctypes.byref(found))
sys.exit(f"{0 if error else found.value} {error}")
"""
"""What the other process does: it says the number of GPUs and the driver's error, on standard error as its last words."""


def visible_gpus() -> int:
    """How many GPUs this process may use; 0 also where this environment's torch is built for the CPU alone."""
    folder = _torch()
    if folder is None:
        return 0
    built = runpy.run_path(str(folder / "version.py"))
    if built.get("cuda"):
        return count(CUDA)
    return count((str(folder / "lib" / HIP[0]), *HIP[1:])) if built.get("hip") else 0


def device() -> str:
    """Where this process computes: the first of its GPUs, or the CPU; as torch names it."""
    return "cuda" if visible_gpus() else "cpu"


def first_gpu_only() -> bool:
    """Whether this process, which trains alone, has a GPU. From here on it sees no further one: transformers' trainer would give
    each of them a batch of its own. Only before CUDA is first used."""
    gpus = visible_gpus()
    if gpus > 1:
        os.environ["CUDA_VISIBLE_DEVICES"] = os.environ.get("CUDA_VISIBLE_DEVICES", "0").partition(",")[0]
    return gpus > 0


def count(driver: tuple[str, str, str]) -> int:
    """How many GPUs a driver lets this process use; 0 where there is no such driver.

    Args:
        driver: `CUDA`, or the like.
    """
    return _asked(driver, tuple(os.environ.get(name) for name in CHOICE))


@cache
def _asked(driver: tuple[str, str, str], chosen: tuple[str | None, ...]) -> int:
    command = [sys.executable, "-I", "-S", "-c", ASK, *driver]
    said = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True).stderr
    gpus, _, error = (said.splitlines() or [""])[-1].partition(" ")
    if not (gpus.isdigit() and error.isdigit()):
        print(f"the GPUs cannot be counted: {said}", file=sys.stderr, flush=True)
        return 0
    if int(error) not in (0, NO_DEVICE):
        print(f"the GPUs' driver does not start, with error {error}: no GPU is used", file=sys.stderr, flush=True)
    return int(gpus)


def _torch() -> Path | None:
    """The folder of torch, which is not imported for this; None if there is none."""
    spec = importlib.util.find_spec("torch")
    folder = Path(spec.origin).parent if spec is not None and spec.origin is not None else None
    return folder if folder is not None and (folder / "version.py").exists() else None
