"""A job's resource requests: GPUs, CPU threads, memory and time, from its model's size and its work.

Memory and time are limits, two to three times the expected use; each further attempt gets another half of that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from polyglot.planning.work import USUAL_MEMORY, Kind, of_the_world, work
from polyglot.registry import Registries
from polyglot.registry.models import Endpoint, Model
from polyglot.study.configuration import Study

MINUTES: dict[Kind, float] = {"write": 1.0, "judge": 0.5, "read": 0.1, "evaluate": 0.5, "embed": 0.1, "train": 0.5}
"""Minutes per 1,000 examples and billion parameters on one GPU (for training: per epoch)."""
START = 30
"""Minutes for any job: imports, weights from a shared disk, a compiler's warm-up."""
ANSWER_SECONDS = 20.0
"""Seconds per answer of an endpoint."""
CPU_SPEED = 0.01
"""Speed of a CPU relative to a GPU."""
MEMORY_PER_BILLION = {"gpu": 2500, "cpu": 5000, "train": 8000}
"""MB of main memory per billion parameters: two bytes each with a GPU, four without; in training also checkpoints with optimizer
state before they are written."""
WEIGHTS_PER_GPU = 48000
"""MB of main memory per GPU in which a model's weights pass on their way to the GPUs, at most."""
TWO_BYTES_PER_GPU = 40
"""Billions of parameters that fit on a GPU of 80 GB in two bytes each; a larger model is stored in one, and answers twice as fast
for its size."""
OFFLOADED_PER_BILLION = 24000
"""The same where main memory also holds weights, gradients and optimiser in float32."""
THREADS_PER_GPU = 4
THREADS_WITHOUT_GPU = 4
NANO = 0.05
"""Models below this many billion parameters run on one thread: several can share few cores, and results do not depend on the
number of cores."""
UNKNOWN = 30.0
"""Billions of parameters assumed per GPU if the registry gives no size."""
GROWTH = 1.5
REHEARSAL_MINUTES = 240


@dataclass(frozen=True)
class Demand:
    """The resource request of one attempt at a job: GPUs, threads, MB of memory, minutes."""

    gpu: int
    threads: int
    mem_mb: int
    runtime: int


@dataclass(frozen=True)
class Demands:
    """The resource requests of a study's rules."""

    study: Study
    registries: Registries

    def of(self, rule: str | None, wildcards: Mapping[str, str], attempt: int) -> Demand:
        """The resource request of an attempt at a job, from its work (see `polyglot.planning.work`); None is a rule without a
        model."""
        does = work(rule or "", wildcards, self.study, self.registries)
        if rule == "rehearsed":
            return self._rehearsal(does.mem_mb or USUAL_MEMORY, attempt)
        if does.model is None:
            return small(attempt, mem_mb=does.mem_mb or USUAL_MEMORY)
        model = self.registries.models[does.model]
        if does.alone:
            model = model.model_copy(update={"gpus": min(model.gpus, 1), "training_gpus": min(model.training_gpus, 1)})
        if does.kind == "train":
            return training(model, does.examples, attempt)
        beside = len(self.study.languages) * len(self.study.seeds)
        return running(model, does.kind, does.examples, attempt, read=does.read, beside=beside)

    def _rehearsal(self, mem_mb: int, attempt: int) -> Demand:
        """One GPU for all models, where any of them asks for one."""
        study = self.study
        named = [study.intrinsic.embedding, study.intrinsic.reward.model, *study.bases, *study.single_teachers]
        gpu = any(self.registries.models[name].gpus for name in named)
        return _grown(int(gpu), THREADS_PER_GPU, mem_mb, REHEARSAL_MINUTES, attempt)

    def by(self, rule: str | None) -> Callable[[Mapping[str, str], int], Demand]:
        """The same as a function of wildcards and attempt, in the form that Snakemake calls."""

        def demand(wildcards: Mapping[str, str], attempt: int) -> Demand:
            return self.of(rule, wildcards, attempt)

        return demand


def small(attempt: int, *, mem_mb: int = USUAL_MEMORY, minutes: float = START) -> Demand:
    """A job without a model."""
    return _grown(0, 1, mem_mb, minutes, attempt)


def running(model: Model, kind: Kind, examples: float, attempt: int, read: float = 0.0, beside: int = 1) -> Demand:
    """A job that runs a model on a number of examples, on the registry's `gpus`. One that waits for a batch takes no thread, so
    that others run meanwhile.

    Args:
        read: tokens of its prompts, which count for an endpoint's limits.
        beside: how many such jobs share these limits at a time, itself among them.
    """
    if model.endpoint is not None and model.endpoint.batch is not None:
        return replace(small(attempt, minutes=START + model.endpoint.batch.seconds / 60), threads=0)
    if model.endpoint is not None:
        return small(attempt, minutes=START + asking_minutes(model, model.endpoint, examples, read, beside))
    return _with_model(model, model.gpus, kind, examples, attempt)


def asking_minutes(model: Model, endpoint: Endpoint, examples: float, read: float, beside: int = 1) -> float:
    """Minutes that a job asks an endpoint: by its requests under way, or by its limits if they allow less. These count for each
    request the longest answer, as the engine does.

    Args:
        read: tokens of all prompts.
        beside: how many such jobs share the limits at a time, itself among them.
    """
    limits, minutes = endpoint.limits, examples * ANSWER_SECONDS / 60 / endpoint.concurrency
    if limits.requests is not None:
        minutes = max(minutes, beside * examples / limits.requests)
    if limits.tokens is not None:
        minutes = max(minutes, beside * (read + examples * model.sampling.max_new_tokens) / limits.tokens)
    return minutes


def training(model: Model, examples: float, attempt: int) -> Demand:
    """A job that trains a model on a number of examples (times passes), on the registry's `training_gpus`."""
    return _with_model(model, model.training_gpus, "train", examples, attempt)


def _with_model(model: Model, gpus: int, kind: Kind, examples: float, attempt: int) -> Demand:
    billions = _billions(model, gpus)
    bytes_each = 1 if kind != "train" and gpus and billions > gpus * TWO_BYTES_PER_GPU else 2
    minutes = START + MINUTES[kind] * billions * bytes_each / 2 / (gpus or CPU_SPEED) * examples / 1000
    return _grown(gpus, _threads(billions, gpus), USUAL_MEMORY + _weights_mb(model, gpus, kind, billions), minutes, attempt)


def _weights_mb(model: Model, gpus: int, kind: Kind, billions: float) -> float:
    """MB of main memory for the weights, and for what training adds to them."""
    if kind == "train":
        return billions * (OFFLOADED_PER_BILLION if model.training_offload else MEMORY_PER_BILLION["train"])
    if not gpus:
        return billions * MEMORY_PER_BILLION["cpu"]
    return min(billions * MEMORY_PER_BILLION["gpu"], gpus * WEIGHTS_PER_GPU)


def _billions(model: Model, gpus: int) -> float:
    if model.size is not None or of_the_world(model):
        return model.size or 0.0
    return UNKNOWN * gpus


def _threads(billions: float, gpus: int) -> int:
    if billions < NANO:
        return 1
    return THREADS_PER_GPU * gpus or THREADS_WITHOUT_GPU


def _grown(gpus: int, threads: int, mem_mb: float, minutes: float, attempt: int) -> Demand:
    factor = GROWTH ** (attempt - 1)
    return Demand(gpu=gpus, threads=threads, mem_mb=round(mem_mb * factor), runtime=round(minutes * factor))
