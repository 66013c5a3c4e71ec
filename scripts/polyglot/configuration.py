"""The configuration of a study: one YAML file, checked before any job starts.

Every key has a description; `config/README.md` is generated from them (`python -m polyglot reference`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from polyglot.registry import Registries, Registry, RegistryError, load_registries

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
Method = Literal["generate", "translate", "respond"]
Definition = Literal["released", "paper", "signsafe"]
FigureName = Literal["pg_score", "intrinsic_extrinsic", "gain", "synthesis_yield"]
PUBLISHED = "published"
"""Reserved study name: the scores of the paper's published measurements."""
PUBLISHED_BASE, PUBLISHED_RECIPE = "olmo-3-7b", "equal"
"""Student base and recipe of the paper's main study."""


class ConfigurationError(ValueError):
    """A configuration that cannot be run; the message names file, key, value and what is allowed."""


class Section(BaseModel):
    """A part of the configuration: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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
        "`lang`, `source`). Languages not named here take the micro-world's seed dataset.",
    )
    max_prompts: int | None = Field(
        default=None, gt=0, description="Most prompts per language, a seeded uniform sample; null takes all."
    )
    seed: int = Field(default=0, ge=0, description="Seed of that sample.")


class Synthesis(Section):
    """How teachers are asked."""

    requests: int = Field(default=200, gt=0, description="Requests per teacher, language, method and seed.")
    prompts: str = Field(
        default="config/prompts/nano",
        description="Folder of the Jinja templates system, generate, translate and respond.",
    )
    shots: int = Field(default=2, ge=1, description="Few-shot pairs in a generate request.")
    batch_size: int = Field(default=64, gt=0, description="Requests per batch; a killed job loses one batch at most.")
    language_confidence: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="An answer to which the language detector gives the target language less than this probability, among "
        "the languages of config/languages.yaml, has the status wrong_language; 0 turns the check off.",
    )


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


class Intrinsic(Section):
    """Measurements of the synthetic data themselves."""

    embedding: Name = Field(default="minilm", description="Embedding model of the registry, for diversity.")
    embedding_batch_size: int = Field(default=64, gt=0, description="Texts per batch of the embedding model.")
    perplexity: Perplexity = Field(default=Perplexity(), description="Perplexity of the student base.")
    reward: Reward = Field(default=Reward(), description="Reward of the responses.")


class Training(Section):
    """Supervised fine-tuning of the students."""

    examples: int = Field(default=600, gt=0, description="Training examples per student, over all methods.")
    epochs: float = Field(default=2, gt=0, description="Passes over the training set.")
    learning_rate: float = Field(default=1e-3, gt=0, description="Peak learning rate (AdamW, linear schedule).")
    batch_size: int = Field(default=16, gt=0, description="Examples per device and step.")
    gradient_accumulation: int = Field(default=1, gt=0, description="Steps per weight update.")
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
    folder: str | None = Field(
        default=None,
        description="Folder with {lang}/test.jsonl (and dev.jsonl for few-shot examples) in the benchmark's own "
        "schema; null takes the micro-world's.",
    )


class Evaluation(Section):
    """How base, reference and students are evaluated."""

    benchmarks: dict[Name, Benchmark] = Field(description="Benchmarks of the registry, with their settings.")
    batch_size: int = Field(default=32, gt=0, description="Requests per batch.")


class Scoring(Section):
    """From measurements to the PG-Score."""

    definition: Definition = Field(
        default="signsafe", description="The definition that orders the leaderboard; all three are always reported."
    )
    alpha: float = Field(default=0.5, ge=0, le=1, description="Weight of the intrinsic score in the PG-Score.")
    bootstrap: int = Field(default=1000, ge=100, description="Bootstrap resamples behind each interval.")
    confidence: float = Field(default=0.95, gt=0.5, lt=1, description="Coverage of the intervals.")
    seed: int = Field(default=0, ge=0, description="Seed of the bootstrap.")


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

    width: float = Field(default=7.0, gt=0, description="Width in inches.")
    height: float = Field(default=4.2, gt=0, description="Height in inches.")
    title: str | None = Field(default=None, description="A title; null draws none.")


class Study(Section):
    """One study: which teachers, in which languages, measured and scored how."""

    study: Name = Field(description="Name of the study; its files are results/{study}/...")
    description: str = Field(default="", description="What the study asks, in a sentence.")
    languages: list[Name] = Field(min_length=1, description="Target languages.")
    source_language: Name = Field(default="en", description="Language that `translate` starts from.")
    teachers: list[Name] = Field(min_length=1, description="Teachers: models of the registry.")
    methods: list[Method] = Field(
        default=["generate", "translate", "respond"], min_length=1, description="How teachers make data."
    )
    seeds: list[Annotated[int, Field(ge=0)]] = Field(default=[0], min_length=1, description="Seeds of data and students.")
    bases: list[Name] = Field(min_length=1, description="Student bases; the registry names each one's reference.")
    recipes: list[Literal["equal", "generate", "translate", "respond"]] = Field(
        default=["equal"],
        min_length=1,
        description="How a training set is mixed from a teacher's data: `equal` parts of each method, or one method.",
    )
    nano: NanoWorld = Field(default=NanoWorld(), description="The embedded micro-world.")
    seed_dataset: SeedDataset = Field(default=SeedDataset(), description="Prompts that people wrote.")
    synthesis: Synthesis = Field(default=Synthesis(), description="How teachers are asked.")
    intrinsic: Intrinsic = Field(default=Intrinsic(), description="Measurements of the data.")
    training: Training = Field(default=Training(), description="Fine-tuning of the students.")
    evaluation: Evaluation = Field(description="Evaluation of base, reference and students.")
    scoring: Scoring = Field(default=Scoring(), description="From measurements to scores.")
    truth: Truth = Field(default=Truth(), description="A known truth to check the scores against.")
    figures: dict[FigureName, Figure] = Field(default={}, description="Style by figure; a figure not named has the defaults.")

    @model_validator(mode="after")
    def _coherent(self) -> Study:
        if self.study == PUBLISHED:
            raise ValueError(f"study: '{PUBLISHED}' is reserved for the paper's published measurements")
        for key in ("languages", "teachers", "methods", "seeds", "bases", "recipes"):
            values = getattr(self, key)
            repeated = sorted({str(value) for value in values if values.count(value) > 1})
            if repeated:
                raise ValueError(f"{key}: named more than once: {', '.join(repeated)}")
        reserved = sorted({"base", "reference"} & set(self.teachers))
        if reserved:
            raise ValueError(f"teachers: '{reserved[0]}' names an anchor in tables; give the model another id")
        if "translate" in self.methods and self.source_language in self.languages:
            raise ValueError(
                f"languages: '{self.source_language}' is the language that `translate` starts from (source_language)"
            )
        for recipe in self.recipes:
            if recipe != "equal" and recipe not in self.methods:
                raise ValueError(f"recipes: '{recipe}' needs that method; methods are: {', '.join(self.methods)}")
        return self

    def figure(self, name: FigureName) -> Figure:
        return self.figures.get(name, Figure())


def load_study(path: Path, root: Path, overrides: Mapping[str, Any] | None = None) -> tuple[Study, Registries]:
    """Read and check a study file and the registries beside it.

    Args:
        path: the study's YAML file.
        root: folder that holds `config/`.
        overrides: values set on the command line, merged over the file's.

    Raises:
        ConfigurationError: one message with all problems: file, key, value, what is allowed.
    """
    try:
        raw = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path}: cannot be read as a study: {error}") from error
    if not isinstance(raw, dict):
        raise ConfigurationError(f"{path}: a study is a mapping of keys; found {type(raw).__name__}")
    raw = merge(raw, overrides or {})
    try:
        registries = load_registries(root / "config")
    except RegistryError as error:
        raise ConfigurationError(str(error)) from error
    try:
        study = Study.model_validate(raw)
    except ValidationError as error:
        raise ConfigurationError(explain(path, error, Study)) from error
    problems = list(_unknown_names(study, registries))
    if Path(path).stem != study.study:
        problems.append(f"study: '{study.study}' must be the file's own name, so that no study writes into another's results")
    if problems:
        raise ConfigurationError("\n".join([f"{path}: the study cannot be run:", *(f"  {p}" for p in problems)]))
    return study, registries


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` on top of `base`, mapping by mapping; lists, values and whatever meets an empty mapping are replaced."""
    merged = dict(base)
    for key, value in over.items():
        known = merged.get(key)
        if isinstance(known, dict) and isinstance(value, Mapping) and value:
            merged[key] = merge(known, value)
        else:
            merged[key] = value
    return merged


def choose_study_file(root: Path, configfiles: Sequence[Path], targets: Iterable[str]) -> Path:
    """The study of a command line: its --configfile, else the study its targets lie in, else the demo.

    Raises:
        ConfigurationError: if two studies are named: they are never blended into a third.
    """
    if len(configfiles) > 1:
        names = ", ".join(str(file) for file in configfiles)
        raise ConfigurationError(f"--configfile: one study at a time, found {names}; run Snakemake once for each")
    if configfiles:
        return Path(configfiles[0])
    named = {Path(target).parts[1] for target in targets if Path(target).parts[:1] == ("results",) and "/" in target}
    studies = sorted(name for name in named - {PUBLISHED} if (root / "config" / f"{name}.yaml").exists())
    if len(studies) > 1:
        raise ConfigurationError(f"targets of several studies: {', '.join(studies)}; run Snakemake once for each")
    return root / "config" / f"{studies[0] if studies else 'demo'}.yaml"


def explain(path: Path, error: ValidationError, model: type[BaseModel]) -> str:
    """All problems of a validation in one message that names file, key, value and what is allowed."""
    lines = [f"{path}: the configuration has {error.error_count()} problem(s):"]
    for problem in error.errors():
        key = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            allowed = ", ".join(_keys_at(model, problem["loc"][:-1]))
            lines.append(f"  {key}: no such key (value: {problem['input']!r}); allowed here: {allowed}")
        elif problem["type"] == "value_error":
            lines.append(f"  {problem['ctx']['error']}" if not key else f"  {key}: {problem['ctx']['error']}")
        else:
            shown = "" if problem["type"] == "missing" else f" (value: {problem['input']!r})"
            lines.append(f"  {key}: {problem['msg']}{shown}")
    return "\n".join(lines)


def _keys_at(model: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    """The keys that a section allows, following a location of a validation error."""
    for part in location:
        field = model.model_fields.get(str(part))
        if field is None:  # a key of a dictionary: stay with the values' model
            continue
        found = section_of(field.annotation)
        if found is not None:
            model = found
    return list(model.model_fields)


def section_of(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        found = section_of(part)
        if found is not None:
            return found
    return None


def _unknown_names(study: Study, registries: Registries) -> Iterable[str]:
    """Names that the registries do not know, and languages that cannot be."""

    def check(key: str, names: Iterable[str], registry: Registry[Any], what: str) -> Iterable[str]:
        for name in names:
            if name not in registry:
                yield f"{key}: unknown {what} '{name}'; {registry.source} has: {', '.join(registry)}"

    models, languages = registries.models, registries.languages
    reward = study.intrinsic.reward
    yield from check("languages", study.languages, languages, "language")
    yield from check("source_language", [study.source_language], languages, "language")
    yield from check("nano.languages", study.nano.languages, languages, "language")
    yield from check("seed_dataset.files", study.seed_dataset.files, languages, "language")
    yield from check("teachers", study.teachers, models, "model")
    yield from check("bases", study.bases, models, "model")
    yield from check("intrinsic.embedding", [study.intrinsic.embedding], models, "model")
    yield from check("intrinsic.reward.model", [reward.model], models, "model")
    yield from check("evaluation.benchmarks", study.evaluation.benchmarks, registries.benchmarks, "benchmark")
    for lang in dict.fromkeys([*study.languages, study.source_language]):
        if lang not in study.seed_dataset.files and lang not in study.nano.languages:
            yield (
                f"languages: '{lang}' has no seed dataset: name a file in seed_dataset.files, or choose from the "
                f"micro-world's languages: {', '.join(study.nano.languages)}"
            )
    for name in (*study.teachers, *study.bases):
        model = models.get(name)
        if model and model.package is not None:
            yield f"{name}: a model inside a package ({models.source}) can be used for embedding only"
        trained_on = set(model.pretraining.languages) if model and model.pretraining else set()
        for lang in sorted(trained_on - set(study.nano.languages)):
            yield f"nano.languages: '{lang}' is missing; {models.source} trains '{name}' on it"
    for name, benchmark in study.evaluation.benchmarks.items():
        known = registries.benchmarks.get(name)
        if known and benchmark.formulation not in known.formulations:
            allowed = ", ".join(known.formulations)
            yield f"evaluation.benchmarks.{name}.formulation: '{benchmark.formulation}' is none of: {allowed}"
        if benchmark.folder is None:
            for lang in set(study.languages) - set(study.nano.languages):
                yield f"evaluation.benchmarks.{name}: no data for language '{lang}'; name a folder"
    for base in study.bases:
        entry = models.get(base)
        if entry and (entry.reference is None or entry.reference not in models):
            yield f"bases: '{base}' needs a `reference` in {models.source} that is a model there"
    for key, names, roles in (
        ("teachers", study.teachers, ("chat",)),
        ("bases", study.bases, ("chat",)),
        ("intrinsic.embedding", [study.intrinsic.embedding], ("embedding",)),
        ("intrinsic.reward.model", [reward.model], ("reward",) if reward.kind == "reward_model" else ("chat",)),
    ):
        for name in names:
            if name in models and models[name].role not in roles:
                yield f"{key}: '{name}' is a model for {models[name].role}; here: {' or '.join(roles)}"
    for lang, pairs in {"": study.truth.above, **study.truth.above_in}.items():
        if lang and lang not in study.languages:
            yield f"truth.above_in: language '{lang}' is not in the study; languages are: {', '.join(study.languages)}"
        for name in {name for pair in pairs for name in pair} - set(study.teachers):
            yield f"truth: teacher '{name}' is not in the study; teachers are: {', '.join(study.teachers)}"
