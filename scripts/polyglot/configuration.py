"""The configuration of a study: one YAML file, checked before any job starts.

Every key has a description; `config/README.md` is generated from them (`python -m polyglot reference`).
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, model_validator

from polyglot.experiments import (
    MAIN,
    METHODS,
    PEOPLE,
    Cell,
    Experiment,
    Matrix,
    Method,
    Name,
    Rule,
    Section,
    expand,
    parse_recipe,
)
from polyglot.routing.teachers import Routed, parse_routed

Definition = Literal["released", "paper", "signsafe"]
REPLICATION = "replication"
"""Reserved study name: the replication audit of the paper's published numbers."""
PUBLISHED_BASE, PUBLISHED_RECIPE = "olmo-3-7b", "equal"
"""Student base and recipe of the paper's main study."""


class NanoWorld(Section):
    """The embedded micro-world, from which nano models, their seed dataset and benchmarks are made."""

    languages: list[Name] = Field(
        default=["en", "de", "id", "ar"],
        description="Languages of the micro-world; each has a file in config/nano_world.",
    )
    corpus_size: int = Field(default=6000, gt=0, description="Pre-training examples per language.")
    vocabulary: int = Field(default=1024, ge=300, description="Size of the byte-level BPE vocabulary.")
    seed_items: int = Field(default=40, gt=0, description="Most seed prompts per category of question.")
    benchmark_items: int = Field(default=20, gt=0, description="Most items per category in a benchmark.")
    seed: int = Field(default=0, ge=0, description="Seed of corpora, seed dataset and benchmarks.")


class SeedDataset(Section):
    """Where the prompts (and responses) that people wrote come from."""

    files: dict[Name, str] = Field(
        default={},
        description="Language to a JSONL, CSV or Parquet file with the columns `prompt` and `response` (optional: `id`, "
        "`lang`, `source`, `methods`). Languages named neither here nor in `sources` take the micro-world's seed dataset.",
    )
    sources: dict[Name, list[Name]] = Field(
        default={},
        description="Language to sources of config/sources.yaml, which are put together (with the file, if there is one).",
    )
    max_per_source: int | None = Field(
        default=None, gt=0, description="Most prompts of a source per language, a seeded uniform sample; null takes all."
    )
    max_prompts: int | None = Field(
        default=None, gt=0, description="Most prompts per language, a seeded uniform sample; null takes all."
    )
    seed: int = Field(default=0, ge=0, description="Seed of these samples.")


class Synthesis(Section):
    """How teachers are asked."""

    requests: int = Field(default=200, gt=0, description="Requests per teacher, language, method and seed.")
    prompts: str = Field(
        default="config/prompts/nano",
        description="Folder of the Jinja templates system, generate, translate and respond.",
    )
    shots: int = Field(default=2, ge=1, description="Few-shot pairs in a generate request.")
    longest: int | None = Field(
        default=None,
        gt=0,
        description="Most characters of the seed dataset in a request: a prompt, or its few-shot pairs together. Longer prompts "
        "and pairs are not drawn; null draws all.",
    )
    batch_size: int = Field(
        default=64, gt=0, description="Requests per batch; a killed job loses one batch at most. The engine `vllm` takes 4,096."
    )
    budget: float | None = Field(
        default=None, gt=0, description="Most USD that all priced endpoints of the study may cost together; null sets no limit."
    )
    language_confidence: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="An answer to which the language detector gives the target language less than this probability, among "
        "that language, the source language and `detected_languages`, has the status wrong_language; 0 turns the check off.",
    )
    detected_languages: list[Name] = Field(
        default=["ar", "cs", "de", "en", "es", "id", "ja"],
        description="Languages that the detector may choose from, beside the target and the source language.",
    )


class Translation(Section):
    """Machine translation, for the methods nllb-respond and nllb-both."""

    model: Name = Field(default="nano-nllb", description="A model of the registry with the role `translation`.")
    beams: int = Field(default=1, ge=1, description="Beam width; 1 is greedy.")
    batch_size: int = Field(default=64, gt=0, description="Texts per batch; a killed job loses one batch at most.")


class Perplexity(Section):
    """Perplexity of the student base on the responses."""

    chat_template: bool = Field(default=True, description="Put prompt and response into the base's chat template.")
    batch_size: int = Field(default=32, gt=0, description="Examples per batch, sorted by length.")


class Reward(Section):
    """The judge of response quality, on a scale of 1 to 5."""

    kind: Literal["reward_model", "rubric_judge"] = Field(
        default="reward_model",
        description="`reward_model`: a sequence-classification model whose score is rescaled to 1-5. `rubric_judge`: a "
        "chat model that verbalises 1-5 by the template `judge.jinja`; an answer that cannot be parsed is missing.",
    )
    model: Name = Field(default="nano-reward", description="A model of the registry.")
    batch_size: int = Field(default=32, gt=0, description="Examples per batch, sorted by length.")
    scale_pairs: int = Field(
        default=500,
        gt=1,
        description="People's pairs in the source language on which a reward model's scale is measured, if it has none: their "
        "mean raw score becomes 5, that of the same responses under other prompts 1.",
    )


class Intrinsic(Section):
    """Measurements of the synthetic data themselves."""

    embedding: Name = Field(default="minilm", description="Embedding model of the registry, for diversity.")
    embedding_batch_size: int = Field(default=64, gt=0, description="Texts per batch of the embedding model.")
    perplexity: Perplexity = Field(default=Perplexity(), description="Perplexity of the student base.")
    reward: Reward = Field(default=Reward(), description="Reward of the responses.")


class Lora(Section):
    """Low-rank adapters, which `tuning: lora` and `qlora` train in place of the weights."""

    rank: int = Field(default=16, gt=0, description="Rank of the adapters.")
    alpha: float = Field(default=32, gt=0, description="Their scale: the adapters' product is weighted by alpha / rank.")
    dropout: float = Field(default=0.0, ge=0, lt=1, description="Dropout in front of the adapters.")
    target_modules: list[str] = Field(
        default=["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
        min_length=1,
        description="Names of the base's linear layers that get an adapter.",
    )


class Training(Section):
    """Supervised fine-tuning of the students."""

    trainer: Literal["trl", "unsloth"] = Field(
        default="trl",
        description="`trl` trains anywhere and shards a large base over several GPUs; `unsloth` needs less memory and time on a "
        "GPU (an environment of its own, in part under the AGPL).",
    )
    tuning: Literal["full", "lora", "qlora"] = Field(
        default="full",
        description="What is trained: all weights (`full`), or low-rank adapters on the base's weights (`lora`) or on their "
        "4-bit quantisation (`qlora`), which are merged into the base's weights: the student is always a whole model.",
    )
    lora: Lora = Field(default=Lora(), description="Adapters, for `lora` and `qlora`.")
    precision: Literal["auto", "float32", "bfloat16", "mixed"] = Field(
        default="auto",
        description="Of weights, optimiser and the saved student; `mixed`: float32 with arithmetic in bfloat16, in which a GPU "
        "saves the student too; `auto`: bfloat16 on a GPU, float32 on a CPU.",
    )
    gradient_checkpointing: bool | None = Field(
        default=None,
        description="Compute activations again in the backward pass, for less memory and more time; null: on a GPU.",
    )
    examples: int = Field(default=600, gt=0, description="Training examples per student, over all methods.")
    epochs: float = Field(default=2, gt=0, description="Passes over the training set.")
    learning_rate: float = Field(default=1e-3, gt=0, description="Peak learning rate (AdamW, linear schedule).")
    batch_size: int = Field(default=16, gt=0, description="Examples per step, at most so many on a GPU at a time.")
    gradient_accumulation: int = Field(
        default=1,
        gt=0,
        description="Steps per weight update. Several GPUs (`training_gpus` of a base) share the batch_size x "
        "gradient_accumulation examples of an update; their number must divide it.",
    )
    weight_decay: float = Field(default=0.001, ge=0, description="AdamW weight decay.")
    max_length: int = Field(default=512, gt=0, description="Longest training example in tokens; longer ones are cut.")
    loss: Literal["response", "all"] = Field(default="response", description="Tokens that count in the loss.")
    checkpoint_steps: int = Field(default=25, gt=0, description="Steps between checkpoints, from which a killed job resumes.")


class Benchmark(Section):
    """One benchmark as this study uses it."""

    formulation: Literal["cloze", "letter", "likelihood", "generative"] = Field(
        description="`cloze` (multiple choice by the likelihood of the full answers), `letter` (lettered choices), "
        "`likelihood` (chosen against rejected response), `generative` (a final number)."
    )
    shots: int = Field(default=0, ge=0, description="Few-shot examples.")
    max_items: int | None = Field(
        default=None, gt=0, description="Most items per language, a seeded uniform sample; null takes all."
    )
    max_new_tokens: int = Field(default=48, gt=0, description="Longest answer of a generative benchmark.")
    languages: list[Name] | None = Field(
        default=None, min_length=1, description="Languages that it is used in; null: every language of the study."
    )
    hub: bool = Field(default=False, description="Take its items from the hub, where the registry says.")
    folder: str | None = Field(
        default=None,
        description="Folder with {lang}/test.jsonl (and dev.jsonl for few-shot examples) in the benchmark's own "
        "schema; null takes the hub's, or else the micro-world's.",
    )

    @property
    def of_the_world(self) -> bool:
        """Whether its items are the micro-world's."""
        return self.folder is None and not self.hub

    @model_validator(mode="after")
    def _one_origin(self) -> Benchmark:
        if self.hub and self.folder is not None:
            raise ValueError("hub and folder: items come from one of them; leave the other out")
        return self


class Evaluation(Section):
    """How base, reference and students are evaluated."""

    benchmarks: dict[Name, Benchmark] = Field(description="Benchmarks of the registry, with their settings.")
    batch_size: int = Field(default=32, gt=0, description="Requests per batch.")
    groups: dict[str, list[Name]] = Field(
        default={},
        description="Task groups: name to benchmarks. Steps of a recipe are shown by group, as FilBench shows its categories.",
    )
    group_weights: Literal["equal", "examples"] = Field(
        default="equal", description="Weight of each group in the groups' mean: the same, or its number of examples."
    )

    def benchmarks_in(self, lang: str) -> dict[Name, Benchmark]:
        """The benchmarks that are used in a language."""
        return {name: chosen for name, chosen in self.benchmarks.items() if chosen.languages is None or lang in chosen.languages}


class Scoring(Section):
    """From measurements to the PG-Score."""

    definition: Definition = Field(
        default="signsafe", description="The definition that orders the leaderboard; all three are always reported."
    )
    alpha: float = Field(default=0.5, ge=0, le=1, description="Weight of the intrinsic score in the PG-Score.")
    bootstrap: int = Field(default=1000, ge=100, description="Bootstrap resamples behind each interval.")
    confidence: float = Field(default=0.95, gt=0.5, lt=1, description="Coverage of the intervals.")
    seed: int = Field(default=0, ge=0, description="Seed of the bootstrap.")
    scale: str | None = Field(
        default=None,
        description="A cells.csv of a finished study whose means and standard deviations z-scores are taken against (a frozen "
        "reference set); null takes the experiment's own cells with the main recipe.",
    )


class Screen(Section):
    """Screening: which teacher looks best from a small sample, before any student is trained."""

    requests: int = Field(default=300, gt=0, description="Requests per teacher and language, over all methods.")
    teachers: list[Name] | None = Field(default=None, min_length=1, description="Candidates; null takes the study's teachers.")
    languages: list[Name] | None = Field(default=None, min_length=1, description="Languages; null takes the study's.")
    learn_from: str | None = Field(
        default=None,
        description="A cells.csv of a finished study, from which the prediction is learned; null takes this study's main "
        "experiment (a teacher is then never predicted from its own students).",
    )
    components: int = Field(default=2, gt=0, description="Principal components of the intrinsic metrics in the regression.")


class Routing(Section):
    """Routed teachers such as `persyn`, which choose a teacher for every prompt (PerSyn, arXiv 2510.10925)."""

    teachers: list[Name] | None = Field(
        default=None, min_length=1, description="Teachers to choose from; null takes the study's, without routed ones."
    )
    strength: list[Name] | None = Field(
        default=None,
        min_length=1,
        description="Models from the strongest down, for `strong` and `family-strong`; those not named follow by `size`.",
    )
    calibration: int = Field(
        default=420, gt=0, description="Calibration prompts per language, over all methods; every teacher answers them."
    )
    alpha: float = Field(default=0.4, ge=0, le=1, description="Weight of learnability in the reward, against quality.")
    model: Name | None = Field(default=None, description="Causal language model that the router starts from; null: the base.")
    held_out: float = Field(
        default=0.2,
        gt=0,
        lt=1,
        description="Share of calibration prompts kept out of training: half of them end it, half judge every way to route.",
    )
    epochs: int = Field(default=10, gt=0, description="Most passes over the calibration prompts.")
    patience: int = Field(default=2, gt=0, description="Epochs without a higher Hit@1 on held-out prompts until it stops.")
    learning_rate: float = Field(default=1e-5, gt=0, description="Peak learning rate (AdamW, cosine schedule).")
    batch_size: int = Field(default=16, gt=0, description="Prompts per step, each with all its pairs of teachers.")
    max_length: int = Field(default=2048, gt=1, description="Longest prompt in tokens; of longer ones the middle is left out.")
    seed: int = Field(default=0, ge=0, description="Seed of calibration prompts, held-out prompts and router.")


class Selection(Section):
    """Recipes that select by quality and diversity (M-DaQ, arXiv 2509.15549), and their rivals of the same size."""

    examples: int = Field(default=300, gt=0, description="Examples of a recipe such as `mdaq` without a size of its own.")
    ratio: int = Field(default=6, ge=1, description="Samples that `mdaq` takes by quality for each that it takes by diversity.")
    pooled: bool = Field(
        default=False,
        description="Select from all languages together, so that a language with better data gets more; false: from each "
        "language by itself.",
    )
    encoder: Name | None = Field(
        default=None, description="Encoder that the quality model starts from; null takes `intrinsic.embedding`."
    )
    pairs: str | None = Field(
        default=None,
        description="JSONL, CSV or Parquet file with the columns `instruction`, `revised` (by an expert) and `original`, and "
        "perhaps `lang`; null takes the micro-world's right answers against corrupted ones.",
    )
    triplets: int = Field(default=300, gt=0, description="Of the micro-world: instructions per language to train on.")
    wrong_answers: int = Field(
        default=2,
        gt=0,
        description="Of the micro-world: wrong answers to each instruction, beside one response of each other kind.",
    )
    held_out: float = Field(
        default=0.2, gt=0, lt=1, description="Of `pairs`: share of instructions that the quality model is judged by."
    )
    margin: float = Field(default=1.0, gt=0, description="Margin of the triplet loss.")
    epochs: float = Field(default=1, gt=0, description="Passes over the triplets.")
    learning_rate: float = Field(default=2e-5, gt=0, description="Peak learning rate (AdamW, linear schedule).")
    batch_size: int = Field(default=32, gt=0, description="Triplets per step.")
    prompts: int = Field(
        default=60, gt=0, description="Prompts per language that students answer for the win rate, from the seed dataset."
    )
    datasets: dict[Name, str] = Field(
        default={},
        description="Data of your own by name, as JSONL, CSV or Parquet with the columns `prompt` and `response` (optional: "
        "`id`): `snakemake results/STUDY/select/NAME.parquet` selects from them.",
    )
    rule: Rule = Field(default="mdaq", description="How samples of such data are selected.")
    seed: int = Field(default=0, ge=0, description="Seed of the quality model, the clusters and random orders.")


class Statistics(Section):
    """Analyses of the main experiment's cells."""

    components: int = Field(default=3, gt=0, description="Principal components in table and regression.")
    resamples: int = Field(default=2000, ge=100, description="Bootstrap resamples of cells, for loadings.")
    permutations: int = Field(default=2000, ge=100, description="Permutations behind a p-value.")
    seed: int = Field(default=0, ge=0, description="Seed of both.")


class Plan(Section):
    """Assumptions behind the budget (`snakemake plan`). Throughputs are orders of magnitude for a GPU with 80 GB and a model of 8
    billion parameters, in inverse proportion to the size of others: put your own in their place."""

    request_tokens: int = Field(default=700, gt=0, description="Tokens of a request to a teacher, with its few-shot pairs.")
    answer_tokens: int = Field(default=600, gt=0, description="Tokens of its answer.")
    example_tokens: int = Field(default=700, gt=0, description="Tokens of a training example.")
    judge_tokens: int = Field(default=150, gt=0, description="Tokens of a judge's answer.")
    evaluation_tokens_read: int = Field(default=4_000_000, gt=0, description="Tokens that all benchmarks of a language have.")
    evaluation_tokens_written: int = Field(default=60_000, gt=0, description="Tokens of a model's answers to them.")
    tokens_read_per_second: float = Field(default=15_000, gt=0, description="Tokens that a GPU reads.")
    tokens_written_per_second: float = Field(default=3_000, gt=0, description="Tokens that a GPU writes, in large batches.")
    tokens_trained_per_second: float = Field(default=5_000, gt=0, description="Tokens that a GPU trains on.")
    start_minutes: float = Field(default=2.0, ge=0, description="Minutes from a job's start to its first token.")
    start_minutes_per_billion: float = Field(default=0.05, ge=0, description="The same, for each billion of parameters more.")
    usd_per_gpu_hour: float | None = Field(default=None, ge=0, description="Price of a GPU hour; null counts endpoints only.")


class Archive(Section):
    """The archive of a study (`snakemake results/STUDY/archive.zip`)."""

    largest_mb: float = Field(
        default=1.0,
        ge=0,
        description="Largest file in millions of bytes that goes inside; larger ones are named by hash and size. What scores and "
        "tables are made from goes inside whatever its size.",
    )


class Truth(Section):
    """What the study must find, where it is known by construction (validity check)."""

    above: list[tuple[Name, Name]] = Field(
        default=[], description="Pairs of teachers: the first must score above the second, on average over languages."
    )
    above_in: dict[Name, list[tuple[Name, Name]]] = Field(
        default={}, description="The same by language: language to pairs of teachers."
    )


class Figure(Section):
    """Style of one figure."""

    width: float | None = Field(default=None, gt=0, description="Width in inches; null takes the figure's own.")
    height: float | None = Field(default=None, gt=0, description="Height in inches; null takes the figure's own.")
    title: str | None = Field(default=None, description="A title; null draws none.")


class Missing(Section):
    """Cells without a measurement."""

    teacher: Name = Field(description="The teacher.")
    lang: Name = Field(description="The language.")
    base: Name | None = Field(default=None, description="Only with this base; null: with every one.")
    recipe: Name | None = Field(default=None, description="Only with this recipe; null: with every one.")
    reason: str = Field(default="given up", description="Why; shown wherever the hole is.")

    def covers(self, cell: Cell) -> bool:
        """Whether it names this cell."""
        same = (self.teacher, self.lang) == (cell.teacher, cell.lang)
        return same and self.base in (None, cell.base) and self.recipe in (None, cell.recipe)


class Study(Section):
    """One study: which teachers, in which languages, measured and scored how."""

    study: Name = Field(description="Name of the study; its files are results/{study}/...")
    description: str = Field(default="", description="What the study asks, in a sentence.")
    languages: list[Name] = Field(min_length=1, description="Target languages.")
    source_language: Name = Field(default="en", description="Language that `translate` starts from.")
    teachers: list[Name] = Field(
        min_length=1,
        description="Teachers: models of the registry, or routed teachers: `persyn`, `strong`, `mix`, `family-strong`, `car`, "
        "`oracle` (see `routing`).",
    )
    methods: list[Method] = Field(default=list(METHODS), min_length=1, description="How teachers make data.")
    seeds: list[Annotated[int, Field(ge=0)]] = Field(default=[0], min_length=1, description="Seeds of data and students.")
    base: Name = Field(description="Student base of the main experiment; the registry names its reference.")
    recipe: Name = Field(
        default="equal",
        description="How the main experiment mixes a training set: `equal` parts of each method; one method (also "
        "`nllb-respond`, `nllb-both`), or several joined by +; or `public`, the seed dataset itself; or a selection from "
        "`equal`: `mdaq`, `random`, `quality-only`, `diversity-only`. A suffix such as -500 or -25k sets its size; of the same "
        "parts, smaller sizes are subsets of larger ones.",
    )
    experiments: dict[Name, Experiment] = Field(
        default={}, description="Further experiments by name; each ends in a table and a figure of that name."
    )
    run: list[Name] | None = Field(
        default=None,
        description="Experiments that `snakemake all` runs (`main` is the main one); null runs all. `snakemake experiments` "
        "runs all but those that compare `routing` or `selection`: `snakemake route` and `snakemake select` run these.",
    )
    missing: list[Missing] = Field(
        default=[], description="Cells given up, e.g. because a teacher failed: tables and figures show a hole there."
    )
    hub: str = Field(
        default="hub", description="Folder of models from the hub. A model whose folder is there already is not fetched."
    )
    nano: NanoWorld = Field(default=NanoWorld(), description="The embedded micro-world.")
    seed_dataset: SeedDataset = Field(default=SeedDataset(), description="Prompts that people wrote.")
    synthesis: Synthesis = Field(default=Synthesis(), description="How teachers are asked.")
    translation: Translation = Field(default=Translation(), description="Machine translation of the seed dataset.")
    intrinsic: Intrinsic = Field(default=Intrinsic(), description="Measurements of the data.")
    training: Training = Field(default=Training(), description="Fine-tuning of the students.")
    evaluation: Evaluation = Field(description="Evaluation of base, reference and students.")
    scoring: Scoring = Field(default=Scoring(), description="From measurements to scores.")
    statistics: Statistics = Field(default=Statistics(), description="Analyses of the main experiment.")
    screen: Screen = Field(default=Screen(), description="Screening from a small sample (`snakemake screen`).")
    routing: Routing = Field(default=Routing(), description="Routed teachers such as `persyn`.")
    selection: Selection = Field(default=Selection(), description="Recipes that select, such as `mdaq`.")
    plan: Plan = Field(default=Plan(), description="Assumptions behind the budget (`snakemake plan`).")
    archive: Archive = Field(default=Archive(), description="The study's archive.")
    truth: Truth = Field(default=Truth(), description="A known truth to check the scores against.")
    figures: dict[Name, Figure] = Field(default={}, description="Style by figure; a figure not named has its defaults.")

    @model_validator(mode="after")
    def _coherent(self) -> Study:
        if self.study == REPLICATION:
            raise ValueError(f"study: '{REPLICATION}' is reserved for the audit of the paper's published numbers")
        for key in ("languages", "teachers", "methods", "seeds"):
            values = getattr(self, key)
            repeated = sorted({str(value) for value in values if values.count(value) > 1})
            if repeated:
                raise ValueError(f"{key}: named more than once: {', '.join(repeated)}")
        reserved = sorted({"base", "reference", PEOPLE} & set(self.teachers))
        if reserved:
            raise ValueError(f"teachers: '{reserved[0]}' has a meaning of its own in tables; give the model another id")
        if "translate" in self.methods and self.source_language in self.languages:
            raise ValueError(
                f"languages: '{self.source_language}' is the language that `translate` starts from (source_language)"
            )
        if MAIN in self.experiments:
            raise ValueError(f"experiments: '{MAIN}' is the main experiment; set base, recipe, teachers and languages instead")
        for name, meaning in (("screen", "the screening's"), ("plan", "the budget's")):
            if name in self.experiments:
                raise ValueError(f"experiments: '{name}' names {meaning} tables; choose another name")
        for name in self.run or []:
            if name != MAIN and name not in self.experiments:
                raise ValueError(f"run: no experiment '{name}'; there are: {', '.join([MAIN, *self.experiments])}")
        for name, experiment in {MAIN: Experiment(compare="teachers", recipes=[self.recipe]), **self.experiments}.items():
            for recipe in (*(experiment.recipes or []), *(step.recipe for step in experiment.steps)):
                try:
                    parse_recipe(recipe, self.methods)
                except ValueError as error:
                    where = "recipe" if name == MAIN else f"experiments.{name}.recipes"
                    raise ValueError(f"{where}: {error}") from None
        return self

    def figure(self, name: str) -> Figure:
        return self.figures.get(name, Figure())

    @cached_property
    def matrices(self) -> dict[str, Matrix]:
        """Every experiment with its cells, the main one first."""
        question = self.description or "Which teacher writes the best data?"
        main = Experiment(compare="teachers", question=question)
        return {
            name: expand(
                name,
                experiment,
                base=self.base,
                recipe=self.recipe,
                teachers=self.teachers,
                languages=self.languages,
                seeds=self.seeds,
                methods=self.methods,
                translator=self.translation.model,
            )
            for name, experiment in {MAIN: main, **self.experiments}.items()
        }

    def routed(self, teacher: str) -> Routed | None:
        """What a routed teacher is; None for a model."""
        return parse_routed(teacher, self.base)

    @cached_property
    def routed_teachers(self) -> dict[str, Routed]:
        """Every routed teacher of the study's experiments."""
        names = dict.fromkeys(name for matrix in self.matrices.values() for name in matrix.teachers)
        return {name: routed for name in names if (routed := self.routed(name)) is not None}

    @cached_property
    def single_teachers(self) -> list[str]:
        """The study's teachers without routed ones."""
        return [name for name in self.teachers if self.routed(name) is None]

    @cached_property
    def routed_among(self) -> list[str]:
        """Teachers that routed ones choose from."""
        return self.routing.teachers or self.single_teachers

    @cached_property
    def routed_languages(self) -> list[str]:
        """Languages that routed teachers are used in: routers are trained on all of them."""
        cells = (cell for matrix in self.matrices.values() for cell in matrix.cells)
        used = {cell.lang for cell in cells if cell.teacher in self.routed_teachers}
        known = dict.fromkeys(lang for matrix in self.matrices.values() for lang in matrix.languages)
        return [lang for lang in known if lang in used]

    @cached_property
    def seed_sources(self) -> list[tuple[str, str]]:
        """(source, language) of every public data set that the study's seed dataset comes from."""
        languages = {lang for matrix in self.matrices.values() for lang in matrix.languages} | {self.source_language}
        return [(source, lang) for lang in sorted(languages) for source in self.seed_dataset.sources.get(lang, [])]

    def hole(self, cell: Cell) -> str | None:
        """Why a cell was given up; None if it was not."""
        return next((gap.reason for gap in self.missing if gap.covers(cell)), None)
