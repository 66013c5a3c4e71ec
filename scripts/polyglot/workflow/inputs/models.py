"""Models: their files, how their jobs run, and the check that comes first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from polyglot.engines import ENGINES, behind_network, environment_of
from polyglot.evaluation.formulations import FORMULATIONS
from polyglot.registry import own_chat_template
from polyglot.study import paths
from polyglot.study.seed_languages import measures_a_scale
from polyglot.synthesis.draws import FURTHER
from polyglot.synthesis.methods.base import METHODS
from polyglot.synthesis.recipes import PEOPLE, parse_recipe
from polyglot.workflow.inputs.base import File, Inputs, Wildcards


def environment(name: str) -> str:
    """The locked environment of an engine, a trainer or a stage, as a rule names it."""
    return f"../envs/locked/{name}.yaml"


@dataclass(frozen=True)
class ModelInputs(Inputs):
    """Models of a study, by role and by name."""

    @property
    def judge(self) -> str:
        """The model that rates responses."""
        return self.study.intrinsic.reward.model

    @property
    def embedder(self) -> str:
        """The model that embeds texts for diversity and clusters."""
        return self.study.intrinsic.embedding

    @property
    def translator(self) -> str:
        return self.study.translation.model

    @cached_property
    def teachers(self) -> list[str]:
        """All authors of data: teachers, candidates, routed teachers' choices, the translator and humans."""
        study = self.study
        named = [name for matrix in study.matrices.values() for name in matrix.teachers]
        among = study.routed_among if study.routed_teachers else []
        built = study.build.teachers
        return [*dict.fromkeys([*named, *built, *study.screened_teachers, *among, PEOPLE, self.translator])]

    @property
    def writers(self) -> list[str]:
        """The models that are asked for data: teachers, candidates, and those that routed teachers choose from."""
        apart = {PEOPLE, self.translator, *self.study.routed_teachers}
        return [name for name in self.teachers if name not in apart]

    @property
    def asked_for_objects(self) -> list[str]:
        """The models that are asked for JSON objects: writers, where a method writes prompt and response together."""
        study = self.study
        recipes = [parse_recipe(name, study.methods) for matrix in study.matrices.values() for name in matrix.recipes]
        methods = [*(METHODS[name] for name in study.methods), *(method for recipe in recipes for method in recipe.methods)]
        return self.writers if any(method.schema for method in methods) else []

    def rates(self, teachers: Iterable[str]) -> dict[str, tuple[float, float]]:
        """USD per million (prompt, completion) tokens of those teachers that have a price, 0 included."""
        models = self.registries.models
        priced = {name: models[name].rates for name in teachers if name in models}
        return {name: (rates.prompt, rates.completion) for name, rates in priced.items() if rates is not None}

    @cached_property
    def endpoint_teachers(self) -> list[str]:
        """Teachers behind an endpoint."""
        return [name for name in self.teachers if name in self.registries.models and self.behind_endpoint(name)]

    @property
    def local_teachers(self) -> list[str]:
        """Teachers with local files."""
        return [name for name in self.teachers if name not in self.endpoint_teachers and name not in self.study.routed_teachers]

    @cached_property
    def used(self) -> list[str]:
        """Every model of the study that is in the registry, sorted."""
        study = self.study
        named = {
            *self.teachers,
            *study.bases,
            *study.routed_bases,
            study.likelihood_base,
            *(self.registries.models[base].reference for base in study.bases if base in self.registries.models),
            *(study.routing.model for _ in study.routed_teachers if study.routing.model),
            *(study.encoder for _ in study.selecting),
            self.embedder,
            *([self.judge] if study.intrinsic.judged else []),
        }
        return sorted(name for name in named - {PEOPLE} if name and name in self.registries.models)

    def of_origin(self, origin: str) -> list[str]:
        """Models of the registry with this origin: pretraining, gold_tuning, translator_training, hub ..."""
        return [name for name, model in self.registries.models.items() if getattr(model, origin) is not None]

    def folder(self, name: str) -> File:
        """The folder of a model's files: made by the workflow, fetched, or local; empty for a model in a Python package or behind
        an endpoint."""
        model = self.registries.models[name]
        if model.package is not None or model.endpoint is not None:
            return []
        if model.hub is not None:
            return paths.HUB_MODEL.format(hub=self.study.hub.rstrip("/"), model=name)
        return model.folder or self.at(paths.MODEL, model=name)

    def settings(self, name: str) -> dict[str, Any]:
        """A model's settings that its jobs depend on."""
        return self.registries.models[name].settings

    def configuration(self) -> dict[str, Any]:
        """The registry's entries of the models in use, whole."""
        return {name: self.registries.models[name].model_dump(mode="json") for name in self.used}

    def operation(self) -> dict[str, Any]:
        """Run-time settings of every model: jobs read them from the configuration and are not rerun for them."""
        return {name: model.operation for name, model in self.registries.models.items()}

    def engine_environment(self, name: str) -> str:
        """The environment of a model's engine."""
        return environment(environment_of(self.registries.models[name]))

    def embedding_environment(self, name: str) -> str:
        """The environment of an embedding model's engine."""
        return environment(environment_of(self.registries.models[name], embeds=True))

    def behind_endpoint(self, name: str) -> bool:
        return behind_network(self.registries.models[name])

    def waits(self, *names: str) -> bool:
        """Whether jobs of any of these models wait for batches: for up to a day, at an endpoint, without computing."""
        return any(self.registries.models[name].batched for name in names)

    def pretrained(self, name: str) -> bool:
        """Whether a model is a base to which the registry gives a chat template: it was not trained on chats, and is evaluated
        without a template."""
        model = self.registries.models[name]
        return model.reference is not None and model.chat_template is not None

    def chat_template(self, name: str) -> File:
        """The chat template that the registry gives a model."""
        own, template = own_chat_template(self.registries.models, name), self.registries.models[name].chat_template
        return str(own) if own else f"config/chat_templates/{template}" if template else []

    def anchor_template(self, wildcards: Wildcards) -> File:
        """The chat template for evaluating a base or reference, if it is not the tokenizer's own."""
        name = wildcards["model"]
        return [] if self.pretrained(name) else self.chat_template(name)

    def given(self, name: str) -> bool:
        """Whether a model comes from elsewhere, so that its folder is checked before a GPU is allocated."""
        model = self.registries.models[name]
        return (model.hub is not None or model.folder is not None) and ENGINES[model.engine].has_tokenizer

    def requests_check(self, wildcards: Wildcards) -> File:
        return self._check(paths.REQUESTS_CHECK, "teacher", wildcards)

    def further_requests_check(self, wildcards: Wildcards) -> File:
        """The check of all requests that can be asked besides a draw."""
        return self._check(paths.REQUESTS_CHECK, "teacher", {**dict(wildcards.items()), "seed": f"{wildcards['seed']}-{FURTHER}"})

    def translated_requests_check(self, wildcards: Wildcards) -> File:
        return self._check(paths.TRANSLATED_REQUESTS_CHECK, "teacher", wildcards)

    def base_check(self, wildcards: Wildcards) -> File:
        return self._check(paths.BASE_CHECK, "base", wildcards)

    def anchor_check(self, wildcards: Wildcards) -> File:
        return self._check(paths.ANCHOR_CHECK, "model", wildcards)

    def _check(self, pattern: str, role: str, wildcards: Wildcards) -> File:
        """The check required before a job of the model named by this wildcard."""
        return pattern.format(**dict(wildcards.items())) if self.given(wildcards[role]) else []

    def judge_check(self) -> File:
        """The check required before an external judge runs."""
        return self.at(paths.JUDGE_CHECK) if self.given(self.judge) else []

    def judge_template(self, name: str) -> File:
        """The prompt template of a chat judge: `judge` (the rubric) or `duel`; empty for a reward model."""
        judged = self.study.intrinsic.reward.kind == "rubric_judge"
        return f"{self.study.synthesis.prompts}/{name}.jinja" if judged else []

    def open_templates(self, wildcards: Wildcards) -> list[str]:
        """The prompt templates by which a chat judge judges a language's open answers."""
        judged = self.study.evaluation.judged_in(wildcards["lang"]).values()
        forms = {FORMULATIONS[one.formulation].judged for one in judged}
        names = [name for form, name in (("rating", "rate"), ("pair", "duel")) if form in forms]
        return [file for name in names for file in [self.judge_template(name)] if isinstance(file, str)]

    def every_open_template(self) -> list[str]:
        """The same of every language."""
        return list(dict.fromkeys(file for lang in self.study.languages for file in self.open_templates({"lang": lang})))

    def ratings_kept_as(self) -> str:
        """The form of a rating job's side file: rows as the judge gives them, or the whole table of a reward model."""
        return "jsonl" if self.study.intrinsic.reward.kind == "rubric_judge" else "parquet"

    def measured_scale(self) -> File:
        """The scale file of a reward model that has no scale."""
        return self.at(paths.REWARD_SCALE) if measures_a_scale(self.study, self.registries) else []
