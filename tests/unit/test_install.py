"""Set-up: which Python and which build of torch, only files that are locked, and one message with the remedy where it fails."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import install
import pytest
from install import BUILDERS, CannotSetUp, builders_lock, check_machine, fail, run_pip, torch_build
from lock import read_pins


def test_an_old_python_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    check_machine()
    monkeypatch.setattr(sys, "version_info", (3, 10, 13))
    with pytest.raises(CannotSetUp, match=r"Python 3\.11 or 3\.12 is needed.*make PYTHON="):
        check_machine()


def test_torch_is_for_the_cpu_unless_a_driver_or_someone_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if Path("/proc/driver/nvidia/version").exists():
        pytest.skip("this machine has an NVIDIA driver")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert torch_build("") == "cpu"
    assert torch_build("cuda") == "cuda"
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert torch_build("") == "cuda"
    assert torch_build("cpu") == "cpu"
    with pytest.raises(CannotSetUp, match=r"TORCH=gpu is unknown\. Say TORCH=cpu or TORCH=cuda"):
        torch_build("gpu")


def test_make_takes_the_python_that_is_there(repository: Path, tmp_path: Path) -> None:
    """python3.11 where it runs, else python3.12: a launcher whose Python is missing, as pyenv leaves one, is passed over."""
    for name, body in (("python3.11", "exit 127"), ("python3.12", f'exec "{sys.executable}" "$@"')):
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    variables = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    command = ["make", "--no-print-directory", "--dry-run", f"VENV={tmp_path / 'venv'}", "setup"]
    done = subprocess.run(command, cwd=repository, env=variables, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1].startswith("python3.12 envs/install.py")


def test_what_builds_packages_is_locked_with_them(repository: Path) -> None:
    pins = read_pins(builders_lock([repository / "requirements.lock"]))
    assert {pin.name for pin in pins} == BUILDERS
    assert all(pin.hashes for pin in pins)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (("PYTHON=no-such-python",), "Python 3.11 or 3.12 is needed; no-such-python is not on the path"),
        (("PYTHON=",), "Python 3.11 or 3.12 is needed; neither is on the path"),
        ((f"PYTHON={sys.executable}", "TORCH=gpu"), "TORCH=gpu is unknown"),
    ],
)
def test_make_says_what_is_missing(repository: Path, tmp_path: Path, asked: tuple[str, ...], message: str) -> None:
    command = ["make", "--no-print-directory", "--always-make", f"VENV={tmp_path / 'venv'}", *asked, "setup"]
    alone = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    done = subprocess.run(command, cwd=repository, env=alone, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert done.stderr.splitlines()[0].startswith(message)


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the wheel of a small package, the one place where pip looks."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    with zipfile.ZipFile(folder / "tiny-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny.py", "SIZE = 1\n")
        wheel.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        wheel.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("tiny-1.0.dist-info/RECORD", "")
    for name, value in (("PIP_NO_INDEX", "1"), ("PIP_FIND_LINKS", str(folder)), ("PIP_CONFIG_FILE", os.devnull)):
        monkeypatch.setenv(name, value)
    return folder


@pytest.mark.parametrize(
    ("locked", "remedy"),
    [
        (f"tiny==1.0 --hash=sha256:{'0' * 64}", "make lock."),
        (f"tiny==2.0 --hash=sha256:{'0' * 64}", "PIP_FIND_LINKS=wheels make"),
    ],
)
@pytest.mark.usefixtures("shelf")
def test_a_file_that_is_not_the_locked_one_is_refused_and_the_message_says_what_helps(
    tmp_path: Path, locked: str, remedy: str
) -> None:
    lock = tmp_path / "tiny.lock"
    lock.write_text(f"{locked} --hash=sha256:{'0' * 64}\n", encoding="utf-8")
    with pytest.raises(CannotSetUp) as error:
        fail(run_pip(Path(sys.executable), "download", "--dest", str(tmp_path), "--requirement", str(lock)))
    assert remedy in str(error.value).splitlines()[-1]


@pytest.mark.slow
def test_an_environment_is_set_up_from_a_folder_of_files_without_a_network(tmp_path: Path, shelf: Path) -> None:
    digest = hashlib.sha256((shelf / "tiny-1.0-py3-none-any.whl").read_bytes()).hexdigest()
    lock, venv = tmp_path / "tiny.lock", tmp_path / "venv"
    lock.write_text(f"tiny==1.0 \\\n    --hash=sha256:{digest}\n", encoding="utf-8")
    subprocess.run([sys.executable, install.__file__, str(venv), str(lock)], check=True)
    assert (venv / "ready").exists()
    assert not [*venv.rglob("tiny.*.pyc")]  # only the environment that jobs start in is compiled beforehand
    code = "import tiny; print(tiny.SIZE)"
    assert subprocess.run([venv / "bin/python", "-c", code], capture_output=True, text=True, check=True).stdout == "1\n"
