"""The library never imports Snakemake, and what every Snakemake process reads is light."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest


def test_the_library_never_imports_snakemake_and_is_light_at_import(repository: Path) -> None:
    heavy = (
        *("torch", "transformers", "trl", "peft", "unsloth", "datasets", "sentence_transformers", "lighteval", "matplotlib"),
        "snakemake",
    )
    modules = [
        ".".join(path.relative_to(repository / "scripts").with_suffix("").parts)
        for path in (repository / "scripts/polyglot").rglob("*.py")
        if path.name not in ("__main__.py", "transformers_engine.py", "translation.py", "lighteval_model.py")
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


@pytest.mark.parametrize(
    ("imported", "without"),
    [
        ("polyglot.workflow.loading", "polyglot.displays"),
        ("polyglot.displays.makers", "polyglot.study.configuration"),
        ("polyglot.displays.makers", "polyglot.registry"),
        ("polyglot.workflow.job", "pydantic"),
        ("polyglot.workflow.job", "yaml"),
        ("polyglot.workflow.job", "polyglot.provenance"),
    ],
)
def test_what_every_job_starts_with_is_no_more_than_it_needs(repository: Path, imported: str, without: str) -> None:
    """Reading a study asks no catalogue of displays, drawing reads no study, and who waits for a fork checks no setting."""
    code = f"import sys\nimport {imported}\nprint([name for name in sys.modules if (name + '.').startswith('{without}.')])"
    environment = os.environ | {"PYTHONPATH": str(repository / "scripts")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == "[]"
