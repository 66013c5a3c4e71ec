"""A cluster's site file: partitions, account, limits, and the form of GPU requests."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from polyglot.core.errors import ConfigurationError, explain
from polyglot.core.section import Section
from polyglot.planning.demands import Demand, Demands
from polyglot.planning.submissions import Submissions

SITE_FILE = Path("profiles/slurm/site.yaml")
PROFILE = Path("profiles/slurm/config.yaml")
REMEDY = "examples are in profiles/slurm/sites"


class Partitions(Section):
    """Partitions by kind of job; null uses the cluster's default partition."""

    gpu: str | None = Field(default=None, description="Jobs that request GPUs.")
    cpu: str | None = Field(default=None, description="All other jobs.")


class Gpus(Section):
    """The form of GPU requests."""

    ask: Literal["gpu", "gpu_model", "gres"] = Field(
        default="gpu", description="`gpu`: --gpus=2; `gpu_model`: --gpus=h200:2; `gres`: --gres=gpu:2, or --gres=gpu:h200:2."
    )
    model: str | None = Field(default=None, description="The type of GPU, as the cluster calls it.")

    @model_validator(mode="after")
    def _named(self) -> Gpus:
        if (self.ask == "gpu_model" and self.model is None) or (self.ask == "gpu" and self.model is not None):
            raise ValueError(f"gpus.model: `ask: {self.ask}` goes {'with' if self.model is None else 'without'} a type of GPU")
        return self


class Limits(Section):
    """Limits of a job's request; null sets no limit. A job that needs longer resumes where it was stopped."""

    minutes: int | None = Field(default=None, gt=0, description="Run time.")
    mem_mb: int | None = Field(default=None, gt=0, description="Memory of a node.")


class Site(Section):
    """A cluster."""

    partitions: Partitions = Field(default=Partitions(), description="Names of partitions.")
    account: str | None = Field(default=None, description="Account that jobs are charged to; null uses the user's default.")
    gpus: Gpus = Field(default=Gpus(), description="The form of GPU requests.")
    limits: Limits = Field(default=Limits(), description="Limits of a job's request.")
    modules: list[str] = Field(
        default=[], description="Environment modules that jobs run with; they are loaded where Snakemake runs."
    )
    scratch: str | None = Field(
        default=None, description="Folder of a job's temporary files on its node; variables are those that the job has there."
    )
    network: bool = Field(
        default=True,
        description="Whether compute nodes reach the internet; if not, jobs that use an endpoint run on Snakemake's machine.",
    )
    share_engines: bool = Field(
        default=True,
        description="Whether jobs in a submission share an engine of vllm, if they run one model, or else the start of their "
        "libraries; the first of them starts either.",
    )
    options: str | None = Field(default=None, description="Further options of sbatch, such as --qos=long.")

    def resources(self, demand: Demand) -> dict[str, int | str | None]:
        """A resource request in this cluster's syntax for the executor plugin; None for options not needed."""
        chosen = self.partitions.gpu if demand.gpu else self.partitions.cpu
        gres = self.gpus.ask == "gres" and demand.gpu > 0
        return {
            "gpu": None if gres else demand.gpu,
            "gpu_model": self.gpus.model if self.gpus.ask == "gpu_model" and demand.gpu else None,
            "gres": ":".join(["gpu", *([self.gpus.model] if self.gpus.model else []), str(demand.gpu)]) if gres else None,
            "mem_mb": min(demand.mem_mb, self.limits.mem_mb or demand.mem_mb),
            "runtime": min(demand.runtime, self.limits.minutes or demand.runtime),
            "nodes": 1,  # otherwise Slurm may spread GPUs over several nodes, and the job sees only one
            "slurm_partition": chosen,
            "slurm_account": self.account,
            "slurm_extra": self.options,
            "tmpdir": self._scratch_of_this_job(),
        }

    def _scratch_of_this_job(self) -> str | None:
        """The temporary folder on this node; None outside the cluster's jobs, as on a login node.

        Raises:
            ConfigurationError: if it names a variable that the job does not have.
        """
        if self.scratch is None or "SLURM_JOB_ID" not in os.environ:
            return None
        folder = os.path.expandvars(self.scratch)
        if "$" in folder:
            raise ConfigurationError(f"{SITE_FILE}: scratch: {folder}: jobs have no such variable here")
        return folder


def submissions(root: Path, demands: Demands) -> Submissions:
    """How the jobs of a study are put together by profiles/slurm, also where this run does without it.

    Raises:
        ConfigurationError: if its site file cannot be used.
    """
    site = read_site(root / SITE_FILE)
    profile = yaml.safe_load((root / PROFILE).read_text(encoding="utf-8"))
    sizes = [entry.rpartition("=") for entry in profile["group-components"]]
    most = {group: int(size) for group, _, size in sizes}
    return Submissions(demands, most, site.limits.minutes, site.share_engines)


def read_site(path: Path) -> Site:
    """Read and check a site file.

    Raises:
        ConfigurationError: one message that names file, key, value and remedy.
    """
    try:
        raw: Any = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except FileNotFoundError:
        raise ConfigurationError(f"{path}: no such file; it says how jobs are submitted here ({REMEDY})") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path}: cannot be read as a site: {error}; {REMEDY}") from error
    if not isinstance(raw, dict):
        raise ConfigurationError(f"{path}: a site is a mapping of keys; found {type(raw).__name__}; {REMEDY}")
    try:
        return Site.model_validate(raw)
    except ValidationError as error:
        raise ConfigurationError(f"{explain(path, error, Site)}\n({REMEDY})") from error
