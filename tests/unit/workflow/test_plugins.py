"""A plugin outside the repository adds a method and an engine to a study; one that is missing is named."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from polyglot.core.errors import ConfigurationError
from polyglot.core.files import read_json, read_jsonl
from polyglot.core.hashing import file_hash
from polyglot.core.lookup import plugin_files
from polyglot.engines import ENGINES, environment_of
from polyglot.provenance.records import code_id, record_code
from polyglot.registry import Registries
from polyglot.study.configuration import Study
from polyglot.synthesis.methods.base import METHODS
from polyglot.workflow.loading import load_study
from tests.patience import STANDSTILL

PLUGIN = """
from polyglot.engines import ENGINES
from polyglot.engines.base import Answer, EngineKind
from polyglot.synthesis.methods.base import METHODS, Method

class Parrot:
    deterministic, batch_size = True, None
    def chat(self, requests):
        return [Answer(one.id, one.messages[-1]["content"], "stop", 1, 1) for one in requests]

METHODS.add("retell", Method("retell", "tells it again", template="Tell it again: {{ prompt }}"))
ENGINES.add("parrot", EngineKind(lambda start: Parrot(), environment="transformers"))
"""

JOB = """
from types import SimpleNamespace
from polyglot.synthesis.methods.base import METHODS
from polyglot.workflow.job import running
log = ["results/demo/logs/synthesize/x.log"]
config = {"plugins": ["birds"]}
with running(SimpleNamespace(log=log, rule="synthesize", wildcards={}, resources={}, threads=1, config=config)):
    print(METHODS["retell"].about)
"""


@pytest.fixture
def elsewhere(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory outside the repository, with a configuration and a plugin of its own, which is forgotten afterwards."""
    for lookup in (METHODS, ENGINES):
        monkeypatch.setattr(lookup, "_known", dict(lookup._known))
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path])
    monkeypatch.delitem(sys.modules, "birds", raising=False)
    monkeypatch.chdir(tmp_path)
    for name in ("models", "languages", "benchmarks", "sources", "licences"):
        target = tmp_path / f"config/{name}.yaml"
        target.parent.mkdir(exist_ok=True)
        target.write_text((repository / f"config/{name}.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "config/chat_templates").symlink_to(repository / "config/chat_templates")
    (tmp_path / "birds.py").write_text(PLUGIN, encoding="utf-8")
    return tmp_path


def load(folder: Path, repository: Path, **changes: Any) -> tuple[Study, Registries]:
    demo = yaml.safe_load((repository / "config/demo.yaml").read_text(encoding="utf-8"))
    small: dict[str, Any] = {"experiments": {}, "run": None, "truth": {}, "teachers": ["polly"], "routing": {}}
    small["nano"] = {"with_real_models": True}
    models = folder / "config/models.yaml"
    polly = "polly: {folder: x, engine: parrot}\n"
    models.write_text(models.read_text(encoding="utf-8").removesuffix(polly) + polly, encoding="utf-8")
    path = folder / "config/demo.yaml"
    path.write_text(yaml.safe_dump(demo | small | changes), encoding="utf-8")
    return load_study(path, folder)


def test_a_plugin_adds_a_method_and_an_engine(elsewhere: Path, repository: Path) -> None:
    study, registries = load(elsewhere, repository, plugins=["birds"], methods=["retell", "respond"], recipe="retell+respond-20")
    assert study.methods == ["retell", "respond"]
    assert study.matrices["main"].recipes == ["retell+respond-20"]
    assert environment_of(registries.models["polly"]) == "transformers"


def test_a_method_cannot_have_the_name_of_a_recipe(elsewhere: Path, repository: Path) -> None:
    (elsewhere / "birds.py").write_text(PLUGIN.replace("retell", "public"), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="methods: 'public' is the name of a recipe; give the method another"):
        load(elsewhere, repository, plugins=["birds"], methods=["public"])


def test_without_the_plugin_both_are_unknown(elsewhere: Path, repository: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"methods\.0: unknown method 'retell'; there are: generate, translate"):
        load(elsewhere, repository, methods=["retell"])
    with pytest.raises(
        ConfigurationError, match=r"entry 'polly', key 'engine': unknown engine 'parrot'; there are: transformers, vllm"
    ):
        load(elsewhere, repository)


def test_a_plugins_names_in_entries_that_a_study_does_not_use_do_not_stop_it(elsewhere: Path, repository: Path) -> None:
    sources = elsewhere / "config/sources.yaml"
    text = sources.read_text(encoding="utf-8")
    methods = "methods: [respond]"
    assert methods in text
    sources.write_text(text.replace(methods, "methods: [retell, respond]"), encoding="utf-8")
    study, _ = load(elsewhere, repository, teachers=["thorough"])
    assert study.teachers == ["thorough"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, r"demo\.yaml: plugins: 'birds' cannot be imported \(ModuleNotFoundError: No module named 'birds'\); .*PYTHONPATH"),
        ("import nothing_such", r"plugins: 'birds' cannot be imported \(ModuleNotFoundError: No module named 'nothing_such'\)"),
        ("def f(:", r"plugins: 'birds' cannot be imported \(SyntaxError"),
        (
            PLUGIN.replace('"retell"', '"respond"'),
            r"plugins: 'birds' cannot be imported \(PluginError: the method 'respond' already exists",
        ),
    ],
)
def test_a_plugin_that_cannot_be_used_is_named(elsewhere: Path, repository: Path, text: str | None, message: str) -> None:
    if text is None:
        (elsewhere / "birds.py").unlink()
    else:
        (elsewhere / "birds.py").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=message):
        load(elsewhere, repository, plugins=["birds"])


def test_a_job_imports_the_plugin_and_its_code_is_recorded(elsewhere: Path, repository: Path) -> None:
    """A job is a process of its own, in the folder that the workflow runs in; the plugin's file is part of the code it ran."""
    environment = os.environ | {"PYTHONPATH": str(repository / "scripts")}
    subprocess.run([sys.executable, "-c", JOB], check=True, env=environment, timeout=STANDSTILL)
    assert Path("results/demo/logs/synthesize/x.log").read_text(encoding="utf-8") == "tells it again\n"
    began = read_jsonl(Path("results/demo/provenance/jobs/synthesize/x.jsonl"))[0]
    assert began["code"] == code_id(("birds",)) != code_id()
    record_code(Path("results/demo/provenance"), Path(), ["birds"])
    record = read_json(Path(f"results/demo/provenance/code/{code_id(('birds',))}.json"))
    assert record["plugin_hashes"] == {"birds.py": file_hash(Path("birds.py"))}
    assert record["plugin_texts"] == {"birds.py": PLUGIN}
    assert record["plugins"] == ["birds"]


def test_a_plugin_may_be_a_package(elsewhere: Path) -> None:
    (elsewhere / "flock/calls").mkdir(parents=True)
    for name in ("__init__", "calls/__init__", "calls/loud"):
        (elsewhere / f"flock/{name}.py").touch()
    assert set(plugin_files(["flock", "not_there"])) == {"flock/__init__.py", "flock/calls/__init__.py", "flock/calls/loud.py"}
