"""Model entries: origin, engine and sampling."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from polyglot.core.given_path import GivenPath
from polyglot.core.section import Words
from polyglot.registry.base import Entry, RegistryError
from polyglot.registry.connections import base_address, body_fields, header_name, variable

ORIGINS = ("pretraining", "gold_tuning", "translator_training", "package", "folder", "hub", "endpoint")
"""Where a model can come from; an entry names exactly one."""
CHAT_TEMPLATES = "chat_templates"
"""Folder beside the registries."""

FACTS = ("label", "description", "family", "size", "shape", "licence", "languages", "cite", "chat_template")
"""Settings whose change does not rerun jobs; the chat template is tracked as an input file."""
OPERATION: Any = {
    **dict.fromkeys(("gpus", "training_gpus", "training_offload", "price"), True),
    "endpoint": {"concurrency", "timeout", "attempts", "patience", "limits", "headers", "proxies", "batch"},
}
"""Settings that change how an engine runs but not its answers."""


class Pretraining(Entry):
    """A nano model trained from scratch on the micro-world."""

    steps: int = Field(gt=0, description="Training steps.")
    languages: dict[str, float] = Field(description="Share of each language in the training text.")
    corruption: float = Field(default=0.0, ge=0, le=1, description="Share of training examples with a wrong answer.")
    kinds: list[Literal["respond", "translate", "generate", "dialogue", "text", "echo"]] | None = Field(
        default=None,
        min_length=1,
        description="Kinds of example that it learns from; null: all. With `echo` alone it repeats lists of words, and never "
        "sees a question or an answer of the micro-world.",
    )
    batch_size: int = Field(default=8, gt=0, description="Examples per step.")
    learning_rate: float = Field(default=6e-3, gt=0, description="Peak learning rate (AdamW, linear schedule).")
    hidden: int = Field(default=128, gt=0, description="Width.")
    layers: int = Field(default=2, gt=0, description="Layers.")
    heads: int = Field(default=4, gt=0, description="Attention heads.")
    feed_forward: int = Field(default=256, gt=0, description="Width of the feed-forward layers.")
    max_length: int = Field(default=512, gt=0, description="Context in tokens.")
    seed: int = Field(default=0, ge=0, description="Seed of weights and examples.")

    @model_validator(mode="after")
    def _whole_heads(self) -> Pretraining:
        _check_heads(self.hidden, 2 * self.heads, "twice ")  # a head's numbers are turned in pairs
        return self


class GoldTuning(Entry):
    """A nano model fine-tuned on correct answers of the micro-world, as a reference or a reward model."""

    start: str = Field(description="The model it starts from.")
    examples: int = Field(gt=0, description="Training examples per language.")
    epochs: float = Field(default=1, gt=0, description="Number of epochs.")
    learning_rate: float = Field(default=1e-3, gt=0, description="Peak learning rate.")
    batch_size: int = Field(default=16, gt=0, description="Examples per step.")
    seed: int = Field(default=0, ge=0, description="Seed.")


class TranslatorTraining(Entry):
    """A nano translator trained from scratch on the micro-world, from English into its other languages."""

    steps: int = Field(default=1500, gt=0, description="Training steps.")
    batch_size: int = Field(default=16, gt=0, description="Examples per step.")
    learning_rate: float = Field(default=1.5e-3, gt=0, description="Peak learning rate (AdamW, linear schedule).")
    hidden: int = Field(default=128, gt=0, description="Width.")
    layers: int = Field(default=1, gt=0, description="Layers of the encoder, and of the decoder.")
    heads: int = Field(default=4, gt=0, description="Attention heads.")
    feed_forward: int = Field(default=512, gt=0, description="Width of the feed-forward layers.")
    seed: int = Field(default=0, ge=0, description="Seed of weights and examples.")

    @model_validator(mode="after")
    def _whole_heads(self) -> TranslatorTraining:
        _check_heads(self.hidden, self.heads, "")
        return self


def _check_heads(hidden: int, parts: int, times: str) -> None:
    if hidden % parts:
        nearest = max(1, round(hidden / parts)) * parts
        raise ValueError(f"hidden: {hidden} is no multiple of {times}`heads`, as attention needs; take {nearest}, or other heads")


class Sampling(Entry):
    """How answers are sampled."""

    temperature: float = Field(default=0.8, ge=0, description="0 is greedy decoding.")
    top_p: float = Field(default=0.9, gt=0, le=1, description="Nucleus sampling.")
    top_k: int | None = Field(default=None, gt=0, description="Top-k sampling; null turns it off.")
    max_new_tokens: int = Field(default=128, gt=0, description="Longest answer in tokens.")


class Limits(Entry):
    """What an endpoint takes in a minute. Limits that it reports in headers are kept as well."""

    requests: int | None = Field(default=None, gt=0, description="Requests per minute; null sets no limit.")
    tokens: int | None = Field(
        default=None, gt=0, description="Tokens per minute, prompts and the longest answers; null sets no limit."
    )


ThinkingField = Literal[
    "reasoning_effort",
    "reasoning",
    "thinking",
    "budget_tokens",
    "chat_template_kwargs",
    "thinking_token_budget",
    "thinking_budget_tokens",
    "thinking_config",
    "custom_params",
]
"""Fields of a request about thinking; `budget_tokens` stands in `thinking`, Gemini's `thinking_config` in `extra_body`."""


class Manners(Entry):
    """What an endpoint takes. What is not stated, nor in its preset, is found out from the first requests that it rejects."""

    limit: Literal["max_tokens", "max_completion_tokens"] | None = Field(
        default=None, description="Field of the longest answer; null: `max_tokens`, or the other one where that is rejected."
    )
    sampling: list[Literal["temperature", "top_p", "top_k"]] | None = Field(
        default=None, description="Sampling fields that are sent; null: all that are set, without those that are rejected."
    )
    seed: Literal["seed", "random_seed", "none"] | None = Field(
        default=None, description="Field of a request's seed; null: `seed`, or none where that is rejected."
    )
    system: bool | None = Field(
        default=None,
        description="Whether there is a system turn; false puts its text before the user's; null: true, unless that is rejected.",
    )
    structure: Literal["json_schema", "json_object", "words"] | None = Field(
        default=None,
        description="How a JSON answer is asked for: by its schema, as any JSON object, or in words alone; null: the first of "
        "them that is not rejected.",
    )
    thinking: list[ThinkingField] | None = Field(
        default=None, description="Fields by which it is told what the model's `thinking` says; null: those of its preset."
    )


class Thinking(Entry):
    """Whether and how much a model thinks before it answers. What is null is left to the model."""

    enabled: bool | None = Field(
        default=None,
        description="Whether it thinks. A local model's chat template must have such a variable (`enable_thinking`, `thinking`).",
    )
    effort: str | None = Field(
        default=None, description="How much it thinks, in the model's own words (`low`, `medium`, `high`): `reasoning_effort`."
    )
    budget: int | None = Field(
        default=None,
        gt=0,
        description="Most tokens of thoughts, after which the answer is begun. The engine `vllm` needs `parser` for it.",
    )
    parser: str | None = Field(
        default=None,
        description="vLLM's reasoning parser of the model's family, such as `qwen3`: it tells thoughts from answers, and JSON is "
        "enforced in the answer alone; null: thoughts are known by their tags.",
    )
    chat_template_kwargs: dict[str, Any] = Field(
        default={}, description="Further variables of the chat template, where its switches have other names."
    )


class Batching(Entry):
    """Requests are put into batches, by OpenAI's batch protocol: slower and cheaper. The service must speak it."""

    window: str = Field(
        default="24h",
        pattern=r"^[1-9][0-9]*[hd]$",
        description="Time in which a batch ends (`completion_window`), such as 24h or 7d.",
    )
    poll: float = Field(default=60, gt=0, description="Seconds between two looks at a batch.")
    requests: int = Field(default=50_000, gt=0, description="Most requests in a batch.")
    megabytes: float = Field(default=100, gt=0, description="Largest file of requests.")
    attempts: int = Field(
        default=3, gt=0, description="Batches that a request is put into, while it expires or fails, before it has failed."
    )

    @property
    def seconds(self) -> float:
        """The window in seconds."""
        return int(self.window[:-1]) * (3600.0 if self.window.endswith("h") else 86400.0)


Variable = Annotated[str, AfterValidator(variable)]


class Endpoint(Entry):
    """An endpoint with the OpenAI protocol: a commercial API, or a lab's own server."""

    url: Annotated[str, AfterValidator(base_address)] = Field(description="Base address, such as https://api.openai.com/v1.")
    model: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)] = Field(description="The model's name there.")
    api_key: Variable | None = Field(default=None, description="The environment variable that holds the key; null sends none.")
    concurrency: int = Field(default=32, gt=0, description="Concurrent requests.")
    timeout: float = Field(default=300, gt=0, description="Seconds to wait for an answer.")
    attempts: int = Field(
        default=8, gt=0, description="Attempts per request that fail for other reasons than those of `patience`."
    )
    patience: float = Field(
        default=1800,
        gt=0,
        description="Seconds to go on asking an endpoint that gets too many requests (HTTP 429), or that has answered and is "
        "away since, as while its server is restarted.",
    )
    limits: Limits = Field(
        default=Limits(),
        description="What it takes in a minute. All jobs of a study that ask for its model with its key share them.",
    )
    preset: str | None = Field(
        default=None, description="A service or server whose manners are known; `manners` overrides it; null states nothing."
    )
    manners: Manners = Field(default=Manners(), description="What it takes.")
    headers: dict[Annotated[str, AfterValidator(header_name)], Variable] = Field(
        default={}, description="Further headers: name to the environment variable with the value, which is kept secret."
    )
    proxies: bool = Field(default=True, description="Whether the environment's proxies are used.")
    batch: Batching | None = Field(
        default=None, description="Settings of batches, {} for the usual ones; null asks for each answer by itself."
    )
    options: Annotated[dict[str, Any], AfterValidator(body_fields)] = Field(
        default={}, description="Further fields of the request's body; null leaves out a field that is sent otherwise."
    )

    @property
    def secrets(self) -> list[str]:
        """The environment variables whose values are sent and kept secret."""
        return [*filter(None, [self.api_key]), *self.headers.values()]

    @property
    def stated_manners(self) -> dict[str, Any]:
        """What is stated of its manners; empty if nothing is."""
        return self.model_dump(mode="json", include={"preset", "manners"}, exclude_defaults=True)


class Shape(Entry):
    """The shape of a decoder, as its configuration gives it: the plan's estimate of memory in training needs it."""

    layers: int = Field(gt=0, description="Layers.")
    hidden: int = Field(gt=0, description="Width.")
    feed_forward: int = Field(gt=0, description="Width of the feed-forward layers.")
    attention: int = Field(gt=0, description="Width of all queries together.")
    key_values: int = Field(gt=0, description="Width of all keys together.")
    vocabulary: int = Field(gt=0, description="Rows of the embedding.")
    tied: bool = Field(default=False, description="Whether embedding and head are one matrix.")
    tower: float = Field(default=0, ge=0, description="Parameters outside the language model, which are not trained.")


class Rates(Entry):
    """USD per million tokens."""

    prompt: float = Field(ge=0, description="Prompt tokens.")
    completion: float = Field(ge=0, description="Completion tokens.")


class Price(Rates):
    """USD per million tokens."""

    batch: Rates | None = Field(default=None, description="The same in a batch (`endpoint.batch`); null: no less.")


class Model(Entry):
    """A model: its origin, role and settings. Exactly one origin is set."""

    role: Literal["chat", "embedding", "reward", "translation"] = Field(default="chat", description="The model's role.")
    label: Words | None = Field(default=None, description="Name in figures and tables; null uses the id.")
    pretraining: Pretraining | None = Field(default=None, description="Origin: trained from scratch by the workflow.")
    gold_tuning: GoldTuning | None = Field(default=None, description="Origin: a nano model tuned on gold answers.")
    translator_training: TranslatorTraining | None = Field(
        default=None, description="Origin: a nano translation model trained by the workflow."
    )
    package: str | None = Field(default=None, description="Origin: a folder inside an installed Python package.")
    folder: GivenPath | None = Field(default=None, description="Origin: a local folder in transformers format.")
    hub: str | None = Field(default=None, pattern=r"^[\w.-]+/[\w.-]+$", description="Origin: a repository on the model hub.")
    revision: str | None = Field(default=None, description="Branch, tag or commit on the hub; the lock file holds the commit.")
    licence: Words | None = Field(default=None, description="Licence of the model.")
    cite: Words | None = Field(default=None, description="The work to cite: authors, year, venue or URL.")
    languages: list[str] | None = Field(
        default=None, description="Languages that its developer lists, as codes; null if none are stated."
    )
    endpoint: Endpoint | None = Field(default=None, description="Origin: an endpoint with the OpenAI protocol.")
    engine: str = Field(
        default="transformers",
        description="Engine that runs this model: in the job (`transformers`, `vllm`), or `openai` for an endpoint; or a "
        "plugin's.",
    )
    gpus: int = Field(
        default=0,
        ge=0,
        description="GPUs for inference: vllm splits each layer among them (tensor parallel), others give each its layers.",
    )
    training_gpus: int = Field(default=0, ge=0, description="For a base: GPUs for fine-tuning.")
    training_offload: bool = Field(
        default=False,
        description="For a base that does not fit its `training_gpus` otherwise: `training.offload` for it alone.",
    )
    shape: Shape | None = Field(
        default=None, description="For a base: its decoder's shape, for the plan; null assumes a usual one of its size."
    )
    context: int | None = Field(
        default=None,
        gt=0,
        description="Context: prompt plus answer in tokens; null uses the model's. For an embedding model: tokens of a text "
        "that are read.",
    )
    chat_template: str | None = Field(
        default=None,
        pattern=r"^\w[\w.+-]*$",
        description="A file in config/chat_templates, or in `chat_templates` beside a models.yaml of your own, for a model whose "
        "tokenizer has no chat template, or none that marks the response for training; null uses the tokenizer's own. A base "
        "with one is fine-tuned and measured in it, and evaluated without.",
    )
    prefix: str = Field(default="", description="For an embedding model: an instruction prepended to every text.")
    engine_options: dict[str, Any] = Field(default={}, description="Further arguments of the engine: those of `vllm.LLM`.")
    price: Price | None = Field(default=None, description="What an endpoint's tokens cost.")
    sampling: Sampling = Field(default=Sampling(), description="How its answers are sampled.")
    thinking: Thinking = Field(default=Thinking(), description="Whether and how much it thinks before it answers.")
    family: Words | None = Field(default=None, description="Model family; a teacher and a base of one family match.")
    size: float | None = Field(default=None, gt=0, description="Billions of parameters.")
    reference: str | None = Field(default=None, description="For a base: the instruction-tuned model of its family.")
    scale: tuple[float, float] | None = Field(
        default=None, description="For a reward model: the raw scores mapped to 1 and 5; null measures them on gold data."
    )
    description: Words = Field(default="", description="Description of the model.")

    @property
    def batched(self) -> bool:
        """Whether it is asked in batches."""
        return self.endpoint is not None and self.endpoint.batch is not None

    @property
    def rates(self) -> Rates | None:
        """What its tokens cost in the way that it is asked."""
        return self.price.batch if self.price and self.price.batch and self.batched else self.price

    @property
    def made_here(self) -> bool:
        """Whether the workflow has made it, so that the workflow's licence holds for it where none is stated."""
        return self.pretraining is not None or self.gold_tuning is not None or self.translator_training is not None

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that its answers depend on; jobs are rerun when they change."""
        found = self.model_dump(mode="json", exclude={**dict.fromkeys(FACTS, True), **OPERATION})
        if self.thinking == Thinking():
            found.pop("thinking")
        if self.pretraining is not None and self.pretraining.kinds is None:  # newer than models that have been made
            found["pretraining"].pop("kinds")
        if self.endpoint is not None:  # manners that are not stated change no answer
            known = found["endpoint"]
            found["endpoint"] = {
                name: value for name, value in known.items() if name not in ("preset", "manners")
            } | self.endpoint.stated_manners
        return found

    @property
    def operation(self) -> dict[str, Any]:
        """The settings that change how an engine runs but not its answers; changing them reruns no jobs."""
        return self.model_dump(mode="json", include=OPERATION)

    def operated(self, operation: Mapping[str, Any]) -> Model:
        """A copy with these settings."""
        known = self.model_dump(mode="json")
        endpoint = {**(known["endpoint"] or {}), **(operation["endpoint"] or {})} or None
        return Model.model_validate({**known, **operation, "endpoint": endpoint})


def local_folder(model: Model, given: str | list[str]) -> Path:
    """The folder of a model's files: the one given, or for a packaged model the one inside its installed package.

    Raises:
        RegistryError: if the package or its folder is missing.
    """
    if model.package is None:
        return Path(given if isinstance(given, str) else given[0])
    name, _, inside = model.package.partition("/")
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise RegistryError(f"the package '{name}' is not installed; the model is inside it")
    folder = Path(spec.origin).parent / inside
    if not folder.is_dir():
        raise RegistryError(
            f"the package '{name}' has no folder '{inside}'; install the version that the project's lock file names"
        )
    return folder
