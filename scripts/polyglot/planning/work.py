"""."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from polyglot.registry import Registries
from polyglot.registry.models import Model
from polyglot.study.configuration import Study
from polyglot.study.sizes import examples_in, requests_in
from polyglot.synthesis.draws import Draw

USUAL_SIZE = 8.0
"""Billions of parameters of the model that throughputs are stated for, and of a model whose size is not known."""

BYTES_PER_PARAMETER = 2
"""Weights in bfloat16, as models come and as GPUs save students unless they are asked for float32."""

BYTES_PER_TOKEN = 4
"""Text, with the columns beside it and compression, about."""


@dataclass(frozen=True)
class Work:
    """What one job does with a model, in tokens; `stored` is in bytes."""

    model: str | None = None
    read: float = 0.0
    written: float = 0.0
    trained: float = 0.0
    stored: float = 0.0


@dataclass(frozen=True)
class Estimator:
    """Estimates the work of jobs by rule."""

    study: Study
    registries: Registries

    def work(self, rule: str, wildcards: Mapping[str, str]) -> Work:
        """What a job does; nothing that counts, for a rule without a model."""
        estimate = RULES.get(rule)
        return estimate(self, wildcards) if estimate else Work()

    def synthesize(self, wildcards: Mapping[str, str], methods: int) -> Work:
        plan = self.study.plan
        requests = requests_in(Draw.parse(wildcards["seed"]), self.study) * methods
        read, written = requests * plan.request_tokens, requests * plan.answer_tokens
        return Work(wildcards["teacher"], read, written, stored=2 * (read + written) * BYTES_PER_TOKEN)

    def assigned(self, wildcards: Mapping[str, str]) -> Work:
        """A teacher's own prompts: on average an equal share, which nobody knows before the router does."""
        whole = self.synthesize(wildcards, len(self.study.methods))
        share = 1 / len(self.study.routed_among)
        return Work(whole.model, whole.read * share, whole.written * share, stored=whole.stored * share)

    def router(self, wildcards: Mapping[str, str]) -> Work:
        routing = self.study.routing
        prompts = routing.calibration * len(self.study.routed_languages) * routing.epochs
        model = routing.model or wildcards["base"]
        return Work(model, trained=prompts * self.study.plan.request_tokens, stored=self.weights(model))

    def translate(self, wildcards: Mapping[str, str]) -> Work:
        tokens = self.study.synthesis.requests * self.study.plan.example_tokens
        return Work(self.study.translation.model, tokens, tokens, stored=2 * tokens * BYTES_PER_TOKEN)

    def examples(self, wildcards: Mapping[str, str]) -> int:
        return examples_in(wildcards["recipe"], wildcards["seed"], self.study)

    def training_set(self, wildcards: Mapping[str, str]) -> Work:
        return Work(stored=self.examples(wildcards) * self.study.plan.example_tokens * BYTES_PER_TOKEN)

    def read(self, model: str, wildcards: Mapping[str, str], written: int = 0) -> Work:
        examples = self.examples(wildcards)
        return Work(model, examples * self.study.plan.example_tokens, examples * written)

    def judge(self, wildcards: Mapping[str, str]) -> Work:
        reward = self.study.intrinsic.reward
        return self.read(reward.model, wildcards, self.study.plan.judge_tokens if reward.kind == "rubric_judge" else 0)

    def scale(self) -> Work:
        intrinsic, tokens = self.study.intrinsic, self.study.plan.example_tokens
        return Work(intrinsic.reward.model, 2 * intrinsic.reward.scale_pairs * tokens)

    def student(self, wildcards: Mapping[str, str]) -> Work:
        tokens = self.examples(wildcards) * self.study.plan.example_tokens * self.study.training.epochs
        wide = 2 if self.study.training.precision == "float32" else 1
        return Work(wildcards["base"], trained=tokens, stored=wide * self.weights(wildcards["base"]))

    @property
    def encoder(self) -> str:
        """The encoder that quality models start from."""
        return self.study.selection.encoder or self.study.intrinsic.embedding

    def quality_model(self) -> Work:
        """Each triplet has three texts; how many a user's file has is not known here."""
        selection = self.study.selection
        triplets = (3 + selection.wrong_answers) * selection.triplets * len(self.study.languages)
        tokens = 3 * triplets * self.study.plan.example_tokens
        return Work(self.encoder, trained=tokens * selection.epochs, stored=self.weights(self.encoder))

    def embed(self, model: str, examples: int) -> Work:
        return Work(model, examples * self.study.plan.example_tokens)

    def answers(self, wildcards: Mapping[str, str]) -> Work:
        prompts, plan = self.study.selection.prompts, self.study.plan
        return Work(wildcards["base"], prompts * plan.request_tokens, prompts * plan.answer_tokens)

    def duels(self) -> Work:
        """A judge reads both answers in both orders; a reward model reads each once."""
        reward, plan = self.study.intrinsic.reward, self.study.plan
        asked = 2 * self.study.selection.prompts
        if reward.kind == "reward_model":
            return Work(reward.model, asked * plan.example_tokens)
        return Work(reward.model, 2 * asked * plan.example_tokens, asked * plan.judge_tokens)

    def evaluate(self, model: str) -> Work:
        plan = self.study.plan
        return Work(model, plan.evaluation_tokens_read, plan.evaluation_tokens_written)

    def weights(self, name: str) -> float:
        """Bytes of a model's weights."""
        return self.size(name) * 1e9 * BYTES_PER_PARAMETER

    def size(self, name: str) -> float:
        return self.registries.models[name].size or USUAL_SIZE

    def hours(self, work: Work, gpus: int) -> float:
        """Hours that GPUs are held for, all of them together."""
        if work.model is None or gpus == 0:
            return 0.0
        plan, size = self.study.plan, self.size(work.model)
        seconds = 60 * (plan.start_minutes + plan.start_minutes_per_billion * size)
        for tokens, rate in (
            (work.read, plan.tokens_read_per_second),
            (work.written, plan.tokens_written_per_second),
            (work.trained, plan.tokens_trained_per_second),
        ):
            seconds += tokens / (rate * gpus * USUAL_SIZE / size)
        return seconds * gpus / 3600

    def money(self, model: Model | None, work: Work, gpu_hours: float) -> float:
        """USD: an endpoint's tokens at its price, or GPU hours at theirs."""
        spent = gpu_hours * (self.study.plan.usd_per_gpu_hour or 0.0)
        if model is not None and model.price is not None:
            spent += (work.read * model.price.prompt + work.written * model.price.completion) / 1e6
        return spent


RULES: dict[str, Callable[[Estimator, Mapping[str, str]], Work]] = {
    "synthesize": lambda e, w: e.synthesize(w, len(e.study.methods)),
    "ask_endpoint": lambda e, w: e.synthesize(w, len(e.study.methods)),
    "synthesize_assigned": lambda e, w: e.assigned(w),
    "ask_endpoint_assigned": lambda e, w: e.assigned(w),
    "synthesize_translated": lambda e, w: e.synthesize(w, 1),
    "ask_endpoint_translated": lambda e, w: e.synthesize(w, 1),
    "translate_seed": lambda e, w: e.translate(w),
    "training_set": lambda e, w: e.training_set(w),
    "diversity": lambda e, w: e.read(e.study.intrinsic.embedding, w),
    "reward": lambda e, w: e.judge(w),
    "reward_scale": lambda e, w: e.scale(),
    "perplexity": lambda e, w: e.read(w["base"], w),
    "router": lambda e, w: e.router(w),
    "student": lambda e, w: e.student(w),
    "evaluate_student": lambda e, w: e.evaluate(w["base"]),
    "evaluate_anchor": lambda e, w: e.evaluate(w["model"]),
    "quality_model": lambda e, w: e.quality_model(),
    "sample_quality": lambda e, w: e.embed(e.encoder, e.study.training.examples),
    "sample_clusters": lambda e, w: e.embed(e.study.intrinsic.embedding, e.study.training.examples),
    "student_answers": lambda e, w: e.answers(w),
    "duels": lambda e, w: e.duels(),
    "hub_model": lambda e, w: Work(stored=e.weights(w["model"])),
}
"""Rule to what one of its jobs does. Other rules take seconds on a CPU and count as jobs only."""
