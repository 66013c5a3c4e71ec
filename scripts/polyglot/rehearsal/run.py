"""Runs a rehearsal: the study's own workflow, in the rehearsal's folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from polyglot.core.errors import Foreseen
from polyglot.core.files import read_jsonl, write_text
from polyglot.rehearsal.endpoint import serving
from polyglot.rehearsal.preparation import Rehearsal, prepare
from polyglot.rehearsal.report import TARGETS, Job, Row, rows, table
from polyglot.study.seed_languages import seed_languages

EMBEDDING = (
    *("diversity", "question_embeddings", "nearest_to_seeds", "nearest_questions"),
    *("nearest_to_further", "nearest_to_translated", "nearest_to_build"),
)
"""Rules whose jobs run the embedding model, whoever the teacher is."""
OUTCOMES, REPORT, PORT = "outcomes.jsonl", "rehearsal.md", "endpoint_port"
LOCKS = ".snakemake/locks"
"""Empty where no run of Snakemake is under way and none was killed."""


class RehearsalFailed(Foreseen, RuntimeError):
    """A rehearsal in which jobs failed; the message is the table."""


def gpus_here() -> int:
    """How many NVIDIA GPUs this process may use, asked without starting CUDA."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return len([one for one in chosen.split(",") if one.strip() and one.strip() != "-1"])
    if shutil.which("nvidia-smi") is None:
        return 0
    done = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True)
    return sum(line.startswith("GPU ") for line in done.stdout.splitlines())


def targets(rehearsal: Rehearsal) -> list[str]:
    """All that the study's run makes, its cards, and the seed dataset and items of every language."""
    study = rehearsal.study
    results = f"results/{study.study}"
    langs = dict.fromkeys([*study.languages, *(lang for matrix in study.matrices.values() for lang in matrix.languages)])
    seeds = [f"{results}/seed/{lang}.parquet" for lang in {**dict.fromkeys(seed_languages(study, rehearsal.registries)), **langs}]
    items = [
        f"{results}/tasks/{name}/{lang}"
        for lang in langs
        for name, chosen in study.evaluation.benchmarks_in(lang).items()
        if chosen.downloaded
    ]
    return [*TARGETS, *seeds, *items]


def rehearse(rehearsal: Rehearsal) -> str:
    """Run what has not passed yet.

    Returns:
        The table, also written to `rehearsal.md` in its folder.

    Raises:
        NotReady: if files are missing.
        RehearsalFailed: if a job failed.
    """
    with serving(rehearsal.folder / PORT) as url:
        prepare(rehearsal, url)
        if any((rehearsal.folder / LOCKS).glob("*")):  # of a rehearsal that was killed
            _snakemake(rehearsal, "--unlock")
        done = _snakemake(rehearsal, *targets(rehearsal), *_options(rehearsal))
        left = _left(rehearsal) if done.returncode else []
    outcomes = rehearsal.folder / OUTCOMES
    found = rows(read_jsonl(outcomes) if outcomes.exists() else [], left, _roles(rehearsal), rehearsal.folder)
    text = table(found, rehearsal.notes)
    write_text(text, rehearsal.folder / REPORT)
    if done.returncode or left:
        raise RehearsalFailed(f"{_summary(found)}\n{text}{'' if found else _end_of(done)}")
    return f"{_summary(found)}\n{text}"


def _summary(found: Sequence[Row]) -> str:
    passed, failed, waiting = (sum(getattr(row, part) for row in found) for part in ("passed", "failed", "waiting"))
    return f"rehearsal: {passed} jobs passed, {failed} failed, {waiting} not reached"


def _roles(rehearsal: Rehearsal) -> dict[str, str]:
    intrinsic = rehearsal.study.intrinsic
    judges = dict.fromkeys(("reward", "reward_scale", "check_judge"), intrinsic.reward.model)
    return judges | dict.fromkeys(EMBEDDING, intrinsic.embedding)


def _options(rehearsal: Rehearsal) -> list[str]:
    one_gpu = ["--resources", "gpu=1"] if rehearsal.gpus else []
    return [*rehearsal.software, "--keep-going", "--rerun-incomplete", "--logger", "outcomes", *one_gpu]


def _left(rehearsal: Rehearsal) -> list[Job]:
    """Jobs that would run now."""
    file = rehearsal.folder.absolute() / "left.jsonl"
    file.unlink(missing_ok=True)
    _snakemake(rehearsal, *targets(rehearsal), "--dry-run", "--logger", "plan", POLYGLOT_PLAN=str(file))
    found = read_jsonl(file) if file.exists() else []
    return [job for job in found if job["rule"] not in TARGETS]


def _snakemake(rehearsal: Rehearsal, *arguments: str, **variables: str) -> subprocess.CompletedProcess[Any]:
    """Snakemake in the rehearsal's folder; what it says goes to this job's log."""
    folder, study = rehearsal.folder.absolute(), rehearsal.study
    keys = [name for model in rehearsal.registries.models.values() if model.endpoint for name in model.endpoint.secrets]
    paths = [str(folder / "plugins"), str(folder / "scripts"), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    environment = os.environ | dict.fromkeys(keys, "rehearsal") | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    environment |= {"POLYGLOT_OUTCOMES": str(folder / OUTCOMES), **variables}
    command = [sys.executable, "-m", "snakemake", *arguments, "--cores", "all", "--configfile", f"config/{study.study}.yaml"]
    return subprocess.run(command, cwd=folder, env=environment, stdout=sys.stderr)


def _end_of(done: subprocess.CompletedProcess[Any]) -> str:
    return f"\nSnakemake ended with status {done.returncode} before any job; the log says why"
