"""The work of each job: the model that it runs or trains, the numbers of examples and tokens, and disk use.

`polyglot.planning.demands` derives resource requests from it, `polyglot.planning.budget` the cost of a study.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from polyglot.intrinsic.settings import MOST_SEEDS
from polyglot.registry import Registries
from polyglot.registry.models import Model
from polyglot.selection.rules import RULES as SELECTION_RULES
from polyglot.selection.rules import rule_of
from polyglot.study.configuration import Study
from polyglot.study.sizes import POOLED, examples_in, expected_further, languages_in, requests_in
from polyglot.synthesis.draws import Draw
from polyglot.synthesis.methods.base import METHODS
from polyglot.synthesis.recipes import WHOLE, parse_recipe

Kind = Literal["write", "judge", "read", "evaluate", "embed", "train"]

USUAL_SIZE = 8.0
"""Billions of parameters assumed if a model's size is unknown, and of the model that throughputs refer to."""
BYTES_PER_PARAMETER = 2
"""Bytes per parameter in bfloat16, the format of models and, by default, of students saved on GPUs."""
BYTES_PER_TOKEN = 4
"""Approximate bytes of text per token, with other columns, after compression."""
BENCHMARK_ITEMS = 2000
"""Assumed items of a benchmark without `max_items`."""
USUAL_TRIPLETS = 10_000
"""Triplets of a user's file of pairs: the true number is unknown before it is read."""
USUAL_POOL = 10
"""A user's own data in training sets of the study: the true number of rows is unknown before they are read."""
EMBEDDING_BYTES = 4 * 4096
"""Bytes of an embedding, as those of the largest encoder in the registry."""
COPIES = 3
"""Copies of the embeddings of a pool in memory while samples are grouped or selected."""
USUAL_MEMORY = 4000
"""MB for any job: Python with its libraries, and data."""
WHOLE_DATA_SETS = 16_000
"""MB for data sets that are loaded completely into memory."""
UNBATCHED = 4
"""How much longer a model takes for texts one at a time than for batches of them."""
REHEARSAL = 48_000
"""MB for a rehearsal, which runs several small models at a time."""


@dataclass(frozen=True)
class Work:
    """The work of one job.

    `model`: the model that it runs or trains; None for a job without one. `kind`: its use of the model. `examples`: answers,
    texts, items ..., in training times epochs; they determine time limits. `read`, `written`, `trained`: expected tokens.
    `stored`: bytes kept on disk. `mem_mb`: MB of data in memory, for a job without a model that needs more than usual. `alone`:
    whether it computes on one GPU, however many the registry gives the model. `requests`: expected requests to a teacher.
    `most`: the same job with as many requests as there can be; None where no more can be than are expected.
    """

    model: str | None = None
    kind: Kind = "read"
    examples: float = 0.0
    read: float = 0.0
    written: float = 0.0
    trained: float = 0.0
    stored: float = 0.0
    mem_mb: int | None = None
    alone: bool = False
    requests: float = 0.0
    most: Work | None = None

    def share(self, of: float) -> Work:
        """The same with a share of its requests; limits allow for all of them."""
        return replace(self, read=of * self.read, written=of * self.written, stored=of * self.stored, requests=of * self.requests)


def work(rule: str, wildcards: Mapping[str, str], study: Study, registries: Registries) -> Work:
    """The work of a rule's job; empty for a rule without an entry."""
    said = RULES.get(rule)
    return said(Jobs(study, registries), wildcards) if said else Work()


@dataclass(frozen=True)
class Jobs:
    """The work of a study's jobs, by rule."""

    study: Study
    registries: Registries

    # Synthesis
    def synthesize(self, teacher: str, seed: str, methods: Sequence[str]) -> Work:
        """Only an answer that is to be a pair can be unreadable and be asked for again."""
        plan, count = self.study.plan, requests_in(Draw.parse(seed), self.study)
        pairs = count * sum(METHODS[method].writes == "pair" for method in methods)
        texts = count * len(methods) - pairs
        retries = self.study.synthesis.retries if varies(self.registries.models[teacher]) else 0
        expected = texts + pairs * sum(plan.unread**attempt for attempt in range(retries + 1))

        def asked(requests: float) -> Work:
            read, written = requests * plan.request_tokens, requests * plan.answer_tokens
            stored = 2 * (read + written) * BYTES_PER_TOKEN
            return Work(teacher, "write", expected, read, written, stored=stored, requests=requests)

        return replace(asked(expected), most=asked(texts + pairs * (retries + 1)))

    def all_methods(self, wildcards: Mapping[str, str]) -> Work:
        return self.synthesize(wildcards["teacher"], wildcards["seed"], self.study.methods)

    def translated(self, wildcards: Mapping[str, str]) -> Work:
        """Responses to translated prompts."""
        return self.synthesize(wildcards["teacher"], wildcards["seed"], ["nllb-respond"])

    def further(self, wildcards: Mapping[str, str]) -> Work:
        """What a teacher is expected to be asked besides a draw (`polyglot.study.sizes.expected_further`); limits allow for the
        most."""
        study, draw = self.study, Draw.parse(wildcards["seed"])
        whole = self.all_methods({**wildcards, "seed": str(replace(draw, further=True))})
        needed = expected_further(study, wildcards["teacher"], wildcards["lang"], draw)
        share = needed / (requests_in(replace(draw, further=True), study) * len(study.methods))
        return replace(whole.share(share), most=whole.most)

    def assigned(self, wildcards: Mapping[str, str]) -> Work:
        """A teacher's assigned prompts: an equal share is expected, as the shares are unknown before routing; limits allow for
        all of them."""
        whole, share = self.all_methods(wildcards), 1 / len(self.study.routed_among)
        return replace(whole.share(share), most=whole.most and whole.most.share(share))

    def built(self, wildcards: Mapping[str, str]) -> Work:
        """What a build asks a teacher besides the study: what its size has more than the answers of the study's draws; limits
        allow for all requests that are prepared."""
        study, recipe = self.study, parse_recipe(wildcards["recipe"], self.study.methods)
        there = len(study.seeds) * study.synthesis.requests * len(recipe.parts) * study.plan.usable_share
        wanted = examples_in(recipe.name, str(study.seeds[0]), study)
        whole = self.synthesize(wildcards["teacher"], str(study.seeds[0]), recipe.parts)
        one = whole.requests or 1.0
        needed = whole.share(max(0.0, wanted - there) / study.plan.usable_share / one)
        most = whole.share(study.build.largest_requests * wanted / one)
        return replace(needed, examples=most.requests, most=most)

    def translate(self, wildcards: Mapping[str, str]) -> Work:
        """Prompts and responses of the seed dataset."""
        pairs = requests_in(Draw.parse(wildcards["seed"]), self.study)
        tokens = pairs * self.study.plan.example_tokens
        return Work(self.study.translation.model, "write", 2 * pairs, tokens, tokens, stored=2 * tokens * BYTES_PER_TOKEN)

    def training_set(self, wildcards: Mapping[str, str]) -> Work:
        return Work(stored=self._examples(wildcards) * self.study.plan.example_tokens * BYTES_PER_TOKEN)

    # Contamination by meaning
    def questions(self, wildcards: Mapping[str, str]) -> Work:
        """The questions of a language's benchmarks."""
        chosen = self.study.evaluation.benchmarks_in(wildcards["lang"])
        items = BENCHMARK_ITEMS * len(chosen)
        return replace(self._reading(self.study.intrinsic.embedding, "embed", items), stored=items * EMBEDDING_BYTES)

    def nearest_to_seeds(self, wildcards: Mapping[str, str]) -> Work:
        return self._reading(self.study.intrinsic.embedding, "embed", MOST_SEEDS)

    def drawn(self, wildcards: Mapping[str, str]) -> Work:
        """The answers of any teacher, a routed one too, to a draw's requests."""
        return Work(requests=requests_in(Draw.parse(wildcards["seed"]), self.study) * len(self.study.methods))

    def nearest(self, answers: Work) -> Work:
        """The prompts of answers; limits allow for the most."""
        found = self._reading(self.study.intrinsic.embedding, "embed", answers.requests)
        return replace(found, examples=(answers.most or answers).requests)

    # Measurements of data
    def diversity(self, wildcards: Mapping[str, str]) -> Work:
        """Prompts and responses, separately."""
        return self._reading(self.study.intrinsic.embedding, "embed", self._examples(wildcards), texts=2)

    def reward(self, wildcards: Mapping[str, str]) -> Work:
        reward, examples = self.study.intrinsic.reward, self._examples(wildcards)
        written = examples * self.study.plan.judge_tokens if reward.kind == "rubric_judge" else 0
        return replace(self._reading(reward.model, "judge", examples), written=written)

    def reward_scale(self, wildcards: Mapping[str, str]) -> Work:
        """Every pair, and its response with another prompt."""
        reward = self.study.intrinsic.reward
        return self._reading(reward.model, "judge", 2 * reward.scale_pairs)

    def perplexity(self, wildcards: Mapping[str, str]) -> Work:
        return self._reading(wildcards["base"], "read", self._examples(wildcards))

    def gradients(self, wildcards: Mapping[str, str]) -> Work:
        """A pair at a time, forwards and backwards: three times the work of reading it, and far from what a batch reaches."""
        pairs = min(self._examples(wildcards), self.study.intrinsic.gradients.examples)
        return self._reading(wildcards["base"], "read", 3 * UNBATCHED * pairs)

    # Students
    def student(self, wildcards: Mapping[str, str]) -> Work:
        training = self.study.training
        wide = 2 if training.precision == "float32" else 1
        return self._training(wildcards["base"], self._examples(wildcards) * training.epochs, wide, alone=False)

    def evaluate(self, model: str, lang: str) -> Work:
        plan, chosen = self.study.plan, self.study.evaluation.benchmarks_in(lang).values()
        items = sum(benchmark.max_items or BENCHMARK_ITEMS for benchmark in chosen)
        return Work(model, "evaluate", items, plan.evaluation_tokens_read, plan.evaluation_tokens_written)

    def judge(self, wildcards: Mapping[str, str]) -> Work:
        """A judge reads every answer; in a comparison both answers, in both orders, if it is a chat model."""
        reward, plan = self.study.intrinsic.reward, self.study.plan
        chosen = self.study.evaluation.judged_in(wildcards["lang"]).values()
        items = [(2 if one.formulation == "compared" else 1) * (one.max_items or BENCHMARK_ITEMS) for one in chosen]
        if reward.kind == "reward_model":
            return self._reading(reward.model, "judge", sum(items))
        read = sum(2 * number * plan.example_tokens for number in items)
        return Work(reward.model, "judge", sum(items), read, sum(items) * plan.judge_tokens)

    # Routing
    def router(self, wildcards: Mapping[str, str]) -> Work:
        """The calibration prompts of all languages."""
        routing = self.study.routing
        prompts = routing.calibration * len(self.study.routed_languages) * routing.epochs
        model = routing.model or wildcards["base"]
        return replace(self._training(model, prompts), trained=prompts * self.study.plan.request_tokens)

    def assign(self, wildcards: Mapping[str, str]) -> Work:
        """A router reads every prompt; other strategies need no model."""
        routed = self.study.routed_teachers[wildcards["routed"]]
        if not routed.needs("router"):
            return Work()
        prompts = requests_in(Draw.parse(wildcards["seed"]), self.study) * len(self.study.methods)
        model = self.study.routing.model or routed.base
        return Work(model, "read", prompts, prompts * self.study.plan.request_tokens)

    # Selection
    def quality_model(self, wildcards: Mapping[str, str]) -> Work:
        """Each triplet has three texts."""
        return self._training(self.study.encoder, 3 * self._triplets() * self.study.selection.epochs)

    def quality_validity(self, wildcards: Mapping[str, str]) -> Work:
        """The trained and the untrained encoder each read an instruction with two responses."""
        held_out = self._triplets() * self.study.selection.held_out
        return self._reading(self.study.encoder, "embed", 2 * 4 * held_out)

    def _triplets(self) -> float:
        selection = self.study.selection
        if selection.pairs is not None:
            return USUAL_TRIPLETS
        return (3 + selection.wrong_answers) * selection.triplets * len(self.study.nano.languages)

    def sample_quality(self, wildcards: Mapping[str, str]) -> Work:
        """Prompts and responses of a whole set, separately."""
        samples = examples_in(WHOLE, wildcards["seed"], self.study)
        return self._reading(self.study.encoder, "embed", samples, texts=2)

    def sample_embeddings(self, wildcards: Mapping[str, str]) -> Work:
        """Every sample of a whole set, prompt and response together."""
        samples = examples_in(WHOLE, wildcards["seed"], self.study)
        stored = samples * EMBEDDING_BYTES
        return replace(self._reading(self.study.intrinsic.embedding, "embed", samples), stored=stored)

    def sample_clusters(self, wildcards: Mapping[str, str]) -> Work:
        """The embeddings of a pool are in memory."""
        return self._embedded(wildcards["pool"], wildcards)

    def select_samples(self, wildcards: Mapping[str, str]) -> Work:
        """The embeddings of a pool are in memory, if the rule needs them."""
        rule = rule_of(wildcards["recipe"])
        if rule is None or "embeddings" not in rule.needs:
            return self.training_set(wildcards)
        pool = POOLED if self.study.selection.pooled else wildcards["lang"]
        return replace(self._embedded(pool, wildcards), stored=self.training_set(wildcards).stored)

    def _embedded(self, pool: str, wildcards: Mapping[str, str]) -> Work:
        languages = languages_in(pool, wildcards["teacher"], self.study)
        size = examples_in(WHOLE, wildcards["seed"], self.study) * len(languages) * EMBEDDING_BYTES
        return Work(mem_mb=USUAL_MEMORY + round(COPIES * size / 1e6))

    def select_own(self, wildcards: Mapping[str, str]) -> Work:
        """A user's own samples, prompt and response together; nothing for a rule that needs no embeddings."""
        if not SELECTION_RULES[self.study.selection.rule].embeds:
            return Work()
        return self._reading(self.study.intrinsic.embedding, "embed", USUAL_POOL * self.study.training.examples)

    def own_quality(self, wildcards: Mapping[str, str]) -> Work:
        """A user's own samples, prompts and responses separately."""
        return self._reading(self.study.encoder, "embed", USUAL_POOL * self.study.training.examples, texts=2)

    def student_answers(self, wildcards: Mapping[str, str]) -> Work:
        prompts, plan = self.study.selection.prompts, self.study.plan
        return Work(wildcards["base"], "write", prompts, prompts * plan.request_tokens, prompts * plan.answer_tokens)

    def duels(self, wildcards: Mapping[str, str]) -> Work:
        """A judge reads both answers in both orders; a reward model reads each once."""
        reward, plan = self.study.intrinsic.reward, self.study.plan
        asked = 2 * self.study.selection.prompts
        if reward.kind == "reward_model":
            return self._reading(reward.model, "judge", asked)
        read = 2 * asked * plan.example_tokens
        return Work(reward.model, "judge", asked, read, asked * plan.judge_tokens)

    # The micro-world
    def pretrain(self, wildcards: Mapping[str, str]) -> Work:
        """A nano model from scratch, of either kind."""
        model = self.registries.models[wildcards["model"]]
        training = model.pretraining or model.translator_training
        return self._training(wildcards["model"], training.steps * training.batch_size if training else 0)

    def gold_tune(self, wildcards: Mapping[str, str]) -> Work:
        tuning = self.registries.models[wildcards["model"]].gold_tuning
        passes = tuning.examples * tuning.epochs if tuning else 0
        return self._training(wildcards["model"], passes * len(self.study.nano.languages))

    # Shared
    def _examples(self, wildcards: Mapping[str, str]) -> int:
        return examples_in(wildcards["recipe"], wildcards["seed"], self.study)

    def _reading(self, model: str, kind: Kind, examples: float, texts: int = 1) -> Work:
        """A model reads examples, each as one or several texts. sentence-transformers embeds on one GPU."""
        alone = kind == "embed" and self.registries.models[model].engine == "transformers"
        return Work(model, kind, texts * examples, examples * self.study.plan.example_tokens, alone=alone)

    def _training(self, model: str, examples: float, wide: int = 1, *, alone: bool = True) -> Work:
        """Only students are trained by several processes."""
        trained = examples * self.study.plan.example_tokens
        return Work(model, "train", examples, trained=trained, stored=wide * self.weights(model), alone=alone)

    def weights(self, name: str) -> float:
        """Bytes of a model's weights."""
        return size_of(self.registries.models[name]) * 1e9 * BYTES_PER_PARAMETER


def varies(model: Model) -> bool:
    """Whether a model may answer a request otherwise when asked again (`polyglot.synthesis.attempts.varies`, of an engine)."""
    return model.sampling.temperature > 0 or model.endpoint is not None or model.engine != "transformers" or model.gpus > 0


def size_of(model: Model) -> float:
    """Billions of parameters; a tiny value for models that the workflow trains from scratch."""
    return model.size or (0.0 if of_the_world(model) else USUAL_SIZE)


def of_the_world(model: Model) -> bool:
    """Whether a model is one of the embedded world's."""
    return bool(model.pretraining or model.gold_tuning or model.translator_training)


Said = Callable[[Jobs, Mapping[str, str]], Work]

RULES: dict[str, Said] = {
    "hub_model": lambda jobs, wildcards: Work(stored=jobs.weights(wildcards["model"])),
    "source": lambda jobs, wildcards: Work(mem_mb=WHOLE_DATA_SETS),
    "nano_pretrain": Jobs.pretrain,
    "nano_translator": Jobs.pretrain,
    "nano_gold_tune": Jobs.gold_tune,
    "synthesize": Jobs.all_methods,
    "ask_endpoint": Jobs.all_methods,
    "synthesize_further": Jobs.further,
    "ask_endpoint_further": Jobs.further,
    "synthesize_translated": Jobs.translated,
    "ask_endpoint_translated": Jobs.translated,
    "synthesize_assigned": Jobs.assigned,
    "ask_endpoint_assigned": Jobs.assigned,
    "synthesize_build": Jobs.built,
    "ask_endpoint_build": Jobs.built,
    "translate_seed": Jobs.translate,
    "question_embeddings": Jobs.questions,
    "nearest_to_seeds": Jobs.nearest_to_seeds,
    "nearest_questions": lambda jobs, wildcards: jobs.nearest(jobs.drawn(wildcards)),
    "nearest_to_further": lambda jobs, wildcards: jobs.nearest(jobs.further(wildcards)),
    "nearest_to_translated": lambda jobs, wildcards: jobs.nearest(jobs.translated(wildcards)),
    "nearest_to_build": lambda jobs, wildcards: jobs.nearest(jobs.built(wildcards)),
    "training_set": Jobs.training_set,
    "select_samples": Jobs.select_samples,
    "diversity": Jobs.diversity,
    "reward": Jobs.reward,
    "reward_scale": Jobs.reward_scale,
    "perplexity": Jobs.perplexity,
    "gradients": Jobs.gradients,
    "student": Jobs.student,
    "evaluate_student": lambda jobs, wildcards: jobs.evaluate(wildcards["base"], wildcards["lang"]),
    "evaluate_anchor": lambda jobs, wildcards: jobs.evaluate(wildcards["model"], wildcards["lang"]),
    "judge_student": Jobs.judge,
    "judge_anchor": Jobs.judge,
    "router": Jobs.router,
    "assign": Jobs.assign,
    "quality_model": Jobs.quality_model,
    "quality_validity": Jobs.quality_validity,
    "sample_quality": Jobs.sample_quality,
    "sample_embeddings": Jobs.sample_embeddings,
    "sample_clusters": Jobs.sample_clusters,
    "own_quality": Jobs.own_quality,
    "select_own": Jobs.select_own,
    "student_answers": Jobs.student_answers,
    "duels": Jobs.duels,
    "rehearsed": lambda jobs, wildcards: Work(mem_mb=REHEARSAL),
}
"""Rule to the work of one of its jobs. Other rules take seconds on a CPU and only count as jobs."""
