"""Which GPUs a process may use is asked of the driver by another process."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from polyglot.core.devices import CUDA, count, first_gpu_only, visible_gpus

DRIVER = """
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
static void note(void) { FILE *f = fopen(getenv("DRIVER_NOTES"), "a"); fprintf(f, "%d\\n", getpid()); fclose(f); }
int cuInit(unsigned flags) { note(); return atoi(getenv("DRIVER_ERROR")); }
int cuDeviceGetCount(int *found) {
    const char *visible = getenv("CUDA_VISIBLE_DEVICES");
    *found = visible ? (*visible != 0) : 4;
    for (; visible && *visible; visible++) *found += *visible == ',';
    return 0;
}
"""
"""A driver of four GPUs that notes which process has asked it anything."""


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> str:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler")
    folder = tmp_path_factory.mktemp("driver")
    (folder / "driver.c").write_text(DRIVER)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", folder / CUDA[0], folder / "driver.c"], check=True)
    return str(folder / CUDA[0])


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DRIVER_NOTES", str(tmp_path / "notes"))
    monkeypatch.setenv("DRIVER_ERROR", "0")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return tmp_path / "notes"


def test_the_driver_is_asked_by_another_process_and_its_choice_of_gpus_counts(
    driver: str, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {None: count((driver, *CUDA[1:]))}
    for visible in ("", "2", "0,3", "GPU-8f2b,GPU-77a0", "MIG-41b3"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        found[visible] = count((driver, *CUDA[1:]))  # type: ignore[index]
    assert found == {None: 4, "": 0, "2": 1, "0,3": 2, "GPU-8f2b,GPU-77a0": 2, "MIG-41b3": 1}
    asked = notes.read_text().split()
    assert len(asked) == len(found)
    assert str(os.getpid()) not in asked


@pytest.mark.parametrize(("error", "said"), [("100", ""), ("803", "error 803: no GPU is used")])
def test_a_driver_that_does_not_start_leaves_the_cpu_and_says_so_unless_there_is_no_gpu(
    driver: str, notes: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: str, said: str
) -> None:
    monkeypatch.setenv("DRIVER_ERROR", error)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", error)  # what has been asked before is not asked again
    assert count((driver, *CUDA[1:])) == 0
    assert said in capsys.readouterr().err


def test_without_a_driver_there_is_no_gpu(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert count(("libnone.so.1", *CUDA[1:])) == 0
    assert capsys.readouterr().err == ""


LIGHT = """
import json, sys
from polyglot.core.devices import visible_gpus
print(json.dumps([visible_gpus(), "torch" in sys.modules]))
"""


def test_where_torch_is_built_for_the_cpu_no_driver_is_asked_and_torch_is_not_imported(
    driver: str, notes: Path, tmp_path: Path
) -> None:
    for built, gpus in (("None", 0), ("'13.0'", 4)):
        folder = tmp_path / f"built-{gpus}"
        (folder / "torch").mkdir(parents=True)
        (folder / "torch/__init__.py").write_text("raise ImportError('not to be imported')")
        (folder / "torch/version.py").write_text(f"cuda = {built}\nhip = None\n")
        inherited = os.environ.get("PYTHONPATH", "")
        paths = {"PYTHONPATH": f"{folder}:{inherited}", "LD_LIBRARY_PATH": str(Path(driver).parent)}
        done = subprocess.run([sys.executable, "-c", LIGHT], env=os.environ | paths, capture_output=True, text=True)
        assert json.loads(done.stdout) == [gpus, False], done.stderr


def test_a_process_that_trains_alone_sees_its_first_gpu_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("polyglot.core.devices.visible_gpus", lambda: 2)
    for visible, first in (("3,5", "3"), ("GPU-8f2b,GPU-77a0", "GPU-8f2b"), (None, "0")):
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        if visible is not None:
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        assert first_gpu_only()
        assert os.environ["CUDA_VISIBLE_DEVICES"] == first


def test_nothing_else_of_the_library_asks_whether_there_are_gpus(repository: Path) -> None:
    """The records count those that a job has used."""
    asking = re.compile(r"torch\.(cuda\.(is_available|device_count)|accelerator)")
    files = [*(repository / "scripts").rglob("*.py"), *(repository / "rules").glob("*.smk"), repository / "Snakefile"]
    assert {path.name for path in files if asking.search(path.read_text(encoding="utf-8"))} == {"records.py"}


def test_this_environment_has_no_gpus_that_torch_cannot_see() -> None:
    import torch

    assert visible_gpus() == torch.cuda.device_count()
