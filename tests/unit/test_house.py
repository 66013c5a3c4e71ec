"""The house: the library is light to import, long steps show progress, failures are in the log."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from polyglot.core.progress import TERMINAL, progress
from polyglot.registry import load_registries
from polyglot.registry.base import RegistryError
from polyglot.registry.models import local_folder


def test_the_library_never_imports_snakemake_and_is_light_at_import(repository: Path) -> None:
    heavy = (
        *("torch", "transformers", "trl", "peft", "unsloth", "datasets", "sentence_transformers", "lighteval", "matplotlib"),
        "snakemake",
    )
    modules = [
        ".".join(path.relative_to(repository / "scripts").with_suffix("").parts)
        for path in (repository / "scripts/polyglot").rglob("*.py")
        if path.name not in ("__main__.py", "transformers_engine.py", "translation.py")
    ]
    code = f"import sys, importlib\nfor m in {modules!r}: importlib.import_module(m.removesuffix('.__init__'))\n"
    code += f"print([name for name in {heavy!r} if name in sys.modules])"
    environment = os.environ | {"PYTHONPATH": str(repository / "scripts")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == "[]"


def test_the_snakefile_reads_a_study_without_pandas_numpy_or_torch(repository: Path) -> None:
    """Every job on a cluster reads the Snakefile again."""
    heavy = ("pandas", "numpy", "pyarrow", "torch", "matplotlib", "jinja2")
    rules = [repository / "Snakefile", *sorted((repository / "rules").glob("*.smk"))]
    text = "\n".join(path.read_text(encoding="utf-8") for path in rules)
    imports = re.findall(r"^(?:from polyglot[\w.]* import (?:\([^)]*\)|.*)|import polyglot[\w.]*)$", text, re.MULTILINE)
    assert any("load_study" in line for line in imports)
    code = "\n".join(["import sys", *imports])
    code += f"\nload_study(Path({str(repository / 'config/persyn.yaml')!r}), Path({str(repository)!r}))"
    code += f"\nprint([name for name in {heavy!r} if name in sys.modules])"
    code = "from pathlib import Path\n" + code
    environment = os.environ | {"PYTHONPATH": str(repository / "scripts")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == "[]"


def test_reading_a_study_asks_no_catalogue_of_tables_and_figures(repository: Path) -> None:
    code = "import sys\nimport polyglot.workflow.loading\nprint([name for name in sys.modules if 'polyglot.displays' in name])"
    environment = os.environ | {"PYTHONPATH": str(repository / "scripts")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(("file", "most"), [("Snakefile", 80), ("rules/common.smk", 100)])
def test_the_face_to_snakemake_is_thin(repository: Path, file: str, most: int) -> None:
    assert len((repository / file).read_text(encoding="utf-8").splitlines()) <= most


def test_progress_in_a_log_is_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(total=10, initial=4, title="work", unit="item") as bar:
        bar.advance(6, tokens=60)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("work: resumed, 4/10 items")
    assert lines[-1].startswith("work: done, 10/10 items")
    assert "tokens/s" in lines[-1]


def test_progress_on_a_terminal_is_a_bar_and_the_log_keeps_its_lines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    os.set_blocking(controller, False)
    monkeypatch.setenv(TERMINAL, str(terminal))
    with progress(total=10, title="work", unit="item") as bar:
        bar.advance(10)
    drawn = os.read(controller, 4096).decode()
    assert "work:" in drawn
    assert "0/10" in drawn
    assert "\r" in drawn
    assert "work: done, 10/10 items" in capsys.readouterr().err


def test_an_interrupted_step_does_not_say_done(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="x"), progress(total=10, title="work"):
        raise ValueError("x")
    assert "work: stopped, 0/10" in capsys.readouterr().err


def test_a_packaged_model_is_found_and_a_missing_one_named(repository: Path) -> None:
    model = load_registries(repository / "config").models["minilm"]
    assert (local_folder(model, []) / "config.json").exists()
    for package, message in (
        ("no_such_package/model", "'no_such_package' is not installed"),
        ("yaml/model", "no folder 'model'"),
    ):
        with pytest.raises(RegistryError, match=message):
            local_folder(model.model_copy(update={"package": package}), [])


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("a: {role: wizard, folder: x}", r"models\.yaml: entry 'a', key 'role'.*'wizard'"),
        ("a: {}", "entry 'a' needs exactly one of pretraining, gold_tuning, translator_training, package, folder"),
        ("a: {folder: x, package: y}", "entry 'a' needs exactly one of"),
        ("a: {gold_tuning: {start: b, examples: 5}}", "entry 'a' starts from unknown model 'b'"),
        ("- a", "a registry is a mapping"),
    ],
)
def test_a_broken_registry_names_file_entry_and_key(tmp_path: Path, entry: str, message: str) -> None:
    (tmp_path / "models.yaml").write_text(entry)
    with pytest.raises(RegistryError, match=message):
        load_registries(tmp_path)
