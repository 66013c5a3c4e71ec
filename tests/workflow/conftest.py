"""Real Snakemake runs in a copy of the repository: the demo, and a tiny study that takes about a minute."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from polyglot.workflow.shared_starts import VARIABLE
from tests import patience

from ..endpoint import KEY
from . import made_here

PARTS = (
    *("Snakefile", "rules", "scripts", "config", "envs", "plugins", "profiles", "slurm", "report"),
    *("CITATION.cff", "LICENSE", "pyproject.toml", "requirements.txt", "requirements.lock"),
)


SNAKEMAKE = Path(__file__).with_name("snakemake_start.py")
SHARED_KEY = "SHARED_TEST_KEY"
"""Variable with an endpoint's key that is there in all tests: a run with variables of its own imports all libraries anew."""


@dataclass(frozen=True)
class Workplace:
    """A copy of the workflow in a folder of its own."""

    folder: Path

    def snakemake(
        self, *arguments: str, check: bool = True, variables: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run Snakemake to its end; a failure shows its output."""
        done = patience.run([sys.executable, str(SNAKEMAKE), *arguments], self.folder, **(variables or {}))
        if check and done.returncode:
            raise AssertionError(f"snakemake {' '.join(arguments)} failed:\n{(done.stdout + done.stderr)[-6000:]}")
        return done

    def unlock(self) -> None:
        """What `make` does after a killed run."""
        environment = os.environ | {"PYTHONPATH": str(self.folder / "scripts")}
        subprocess.run([sys.executable, "-m", "polyglot", "unlock"], cwd=self.folder, check=True, env=environment)

    def planned(self, *arguments: str) -> dict[str, int]:
        """Jobs by rule in a dry run."""
        output = self.snakemake("-n", *arguments, "--quiet", "host")
        lines = (output.stdout + output.stderr).splitlines()
        starts = [number for number, line in enumerate(lines) if line.startswith("job ")]
        if not starts:
            return {}
        rows = [line.split() for line in lines[starts[0] + 2 :]]
        counts = {}
        for row in rows:
            if len(row) != 2 or row[0] == "total":
                break
            counts[row[0]] = int(row[1])
        return counts

    def kill_when(self, ready: Callable[[], bool], *arguments: str) -> None:
        """Start Snakemake, and SIGKILL its whole process group as soon as `ready` says so; its jobs end with it."""
        process = subprocess.Popen(
            ["snakemake", *arguments],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            patience.wait_until(ready, self.folder, job=process)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            here = [one for one in psutil.process_iter(["cwd"]) if one.info["cwd"] == str(self.folder)]
            left = psutil.wait_procs(here, timeout=patience.STANDSTILL)[1]
            assert not left, f"processes of the killed run go on: {left}"

    def configure(self, name: str, change: Callable[[Any], Any]) -> None:
        """Change a YAML file in config/."""
        path = self.folder / "config" / name
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        path.write_text(yaml.safe_dump(change(content) or content, allow_unicode=True, sort_keys=False), encoding="utf-8")


def share_the_world(study: dict[str, Any]) -> dict[str, Any]:
    """A study of nano models and others, which take the micro-world's prompts, judge and benchmarks too."""
    return study | {"nano": {**study.get("nano", {}), "with_real_models": True}}


def copy_workflow(repository: Path, folder: Path) -> Workplace:
    """With what Python has compiled of the library, but for files that it is writing at this moment."""
    for part in PARTS:
        source = repository / part
        if source.is_dir() and not source.is_symlink():
            shutil.copytree(source, folder / part, symlinks=True, ignore=shutil.ignore_patterns("*.pyc.*"))
        else:
            shutil.copy2(source, folder / part, follow_symlinks=False)
    return Workplace(folder)


@pytest.fixture(scope="session", autouse=True)
def starts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """All runs of these tests share the processes that have imported libraries or Snakemake, as the jobs of a run do. Yields a
    folder on their PYTHONPATH: with another path, a run would start processes of its own."""
    with pytest.MonkeyPatch.context() as patch:
        modules = tmp_path_factory.mktemp("modules")
        patch.setenv("PYTHONPATH", str(modules), prepend=os.pathsep)
        patch.setenv(VARIABLE, f"{os.getpid()}:{tmp_path_factory.mktemp('starts')}")
        patch.setenv(SHARED_KEY, KEY)
        patch.setenv("POLYGLOT_TEST_SNAKEMAKE", f"{os.getpid()}:{tmp_path_factory.mktemp('snakemake')}")
        yield modules


@pytest.fixture(scope="session")
def demo(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """The embedded study, run to its end; POLYGLOT_DEMO names a folder in which it has been run already. Where `make` has run it
    in this clone, what Snakemake does not run again is a copy."""
    if "POLYGLOT_DEMO" in os.environ:
        return Workplace(Path(os.environ["POLYGLOT_DEMO"]).resolve())
    workplace = copy_workflow(repository, tmp_path_factory.mktemp("demo"))
    if made_here.is_made_by_this_code(repository):
        made_here.take(repository, workplace.folder)
    workplace.snakemake()
    return workplace


def shrink(models: dict[str, Any]) -> None:
    """Every nano model trained for a few steps only."""
    for model in models.values():
        if "pretraining" in model:
            model["pretraining"] |= {"steps": 60, "batch_size": 16, "hidden": 64, "feed_forward": 128, "learning_rate": 3e-3}
        if "gold_tuning" in model:
            model["gold_tuning"] |= {"examples": 40, "epochs": 1}
        if "translator_training" in model:
            model["translator_training"] |= {"steps": 60, "hidden": 64, "feed_forward": 128}


TINY = {
    "study": "demo",
    "languages": ["de"],
    "teachers": ["hasty"],
    "base": "nano-base",
    "nano": {"corpus_size": 400, "seed_items": 6, "benchmark_items": 4},
    "synthesis": {"requests": 24, "batch_size": 4},
    "filters": {"duplicates": {"action": "mark"}},  # briefly trained models repeat themselves
    "training": {"examples": 48, "epochs": 4, "batch_size": 4, "checkpoint_steps": 4},
    "evaluation": {
        "benchmarks": {
            "global-mmlu-lite": {"formulation": "cloze"},
            "m-rewardbench": {"formulation": "likelihood"},
            "mgsm": {"formulation": "generative", "shots": 2, "max_new_tokens": 16},
        }
    },
    "scoring": {"bootstrap": 100},
}


@pytest.fixture(scope="session")
def tiny(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """A workflow whose default study is tiny, run without interruption; POLYGLOT_TINY names a folder in which it has been run."""
    if "POLYGLOT_TINY" in os.environ:
        return Workplace(Path(os.environ["POLYGLOT_TINY"]).resolve())
    workplace = copy_workflow(repository, tmp_path_factory.mktemp("tiny"))
    workplace.configure("models.yaml", shrink)
    (workplace.folder / "config/demo.yaml").write_text(yaml.safe_dump(TINY), encoding="utf-8")
    workplace.snakemake()
    return workplace


EXPERIMENTS = {
    "base_models": {"compare": "bases", "bases": ["nano-base", "nano-german"]},
    "methods": {"compare": "recipes", "recipes": ["equal-12", "translate-12", "respond-12"], "teachers": ["hasty"]},
    "data_scale": {"compare": "sizes", "recipes": ["equal-12", "equal"]},
    "translation": {"compare": "recipes", "recipes": ["translate-12", "nllb-respond-12", "nllb-both-12"], "teachers": ["hasty"]},
    "other_student": {"compare": "teachers", "bases": ["nano-german"]},
    "abilities": {"compare": "abilities"},
    "held_out": {"compare": "generalisation"},
    "predictors": {"compare": "predictors"},
    "steps": {
        "compare": "steps",
        "steps": [
            {"label": "people's data", "recipe": "public"},
            {"label": "a teacher that says nothing", "recipe": "equal-12", "teacher": "mute"},
            {"label": "a teacher that speaks", "recipe": "equal-12", "teacher": "hasty"},
            {"label": "another student", "recipe": "equal-12", "teacher": "hasty", "base": "nano-german"},
        ],
    },
}
"""Every kind of experiment; the teacher `mute` writes nothing that can be used."""


@pytest.fixture(scope="session")
def experiments(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """The tiny study with a second teacher, every kind of experiment, and a screening; POLYGLOT_EXPERIMENTS names a folder in
    which they have been run already."""
    if "POLYGLOT_EXPERIMENTS" in os.environ:
        return Workplace(Path(os.environ["POLYGLOT_EXPERIMENTS"]).resolve())
    tiny: Workplace = request.getfixturevalue("tiny")
    folder = tmp_path_factory.mktemp("experiments") / "copy"
    shutil.copytree(tiny.folder, folder, symlinks=True, copy_function=shutil.copy2)
    workplace = Workplace(folder)
    mute = {"label": "Mute", "folder": "results/demo/models/hasty", "sampling": {"max_new_tokens": 1}}
    workplace.configure("models.yaml", lambda models: models | {"mute": mute})
    grown = {"teachers": ["hasty", "mute"], "run": ["main"], "experiments": EXPERIMENTS, "screen": {"requests": 12}}
    grown["intrinsic"] = {"measured": ["distinct_2", "compression_ratio"]}
    workplace.configure("demo.yaml", lambda study: share_the_world(study | grown))
    workplace.snakemake("experiments", "screen")
    return workplace
