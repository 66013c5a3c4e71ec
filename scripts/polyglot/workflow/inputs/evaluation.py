"""Evaluation: a language's benchmarks, and the dependencies of their outcomes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyglot.evaluation.items import holds_items
from polyglot.evaluation.tasks import params_of
from polyglot.study import paths
from polyglot.workflow.inputs.base import Inputs, Wildcards
from polyglot.workflow.inputs.hub import HubInputs


@dataclass(frozen=True)
class EvaluationInputs(Inputs):
    """Inputs of evaluations."""

    @property
    def of_the_world(self) -> list[str]:
        """Benchmarks with the micro-world's items."""
        return [name for name, chosen in self.study.evaluation.benchmarks.items() if chosen.of_the_world]

    @property
    def from_the_hub(self) -> list[str]:
        """Benchmarks of the registry with the hub's items."""
        return [name for name, chosen in self.study.evaluation.benchmarks.items() if chosen.hub]

    @property
    def of_lighteval(self) -> list[str]:
        """Benchmarks that are tasks of lighteval."""
        return [name for name, chosen in self.study.evaluation.benchmarks.items() if chosen.task]

    def folders(self, wildcards: Wildcards) -> list[str]:
        """The items of every benchmark of a language."""
        lang = wildcards["lang"]
        chosen = self.study.evaluation.benchmarks_in(lang)
        return [
            f"{settings.folder}/{lang}"
            if settings.folder and not settings.task
            else self.at(paths.TASKS, benchmark=name, lang=lang)
            for name, settings in chosen.items()
        ]

    def judged_folders(self, wildcards: Wildcards) -> list[str]:
        """The items of every benchmark of a language whose answers are judged."""
        judged = self.study.evaluation.judged_in(wildcards["lang"])
        chosen = self.study.evaluation.benchmarks_in(wildcards["lang"])
        return [folder for name, folder in zip(chosen, self.folders(wildcards), strict=True) if name in judged]

    def missing_items(self) -> list[str]:
        """One sentence for every folder in the study's settings that has no items.

        Snakemake accepts finished files whose inputs are missing, so a misspelt folder would go unnoticed.
        """
        used = dict.fromkeys(lang for matrix in self.study.matrices.values() for lang in matrix.languages)
        return [
            f"evaluation.benchmarks.{name}.folder: there is no {settings.folder}/{lang}/test.jsonl; correct the folder, or leave "
            f"'{lang}' out of its `languages`"
            for lang in used
            for name, settings in self.study.evaluation.benchmarks_in(lang).items()
            if settings.as_it_is and not holds_items(Path(str(settings.folder), lang))
        ]

    def lighteval_data(self, wildcards: Wildcards) -> str:
        """The folder with the data of a task of lighteval: the study's own, or the hub's."""
        name = wildcards["benchmark"]
        own = self.study.evaluation.benchmarks[name].folder
        if own:
            return f"{own}/{wildcards['lang']}"
        hub = HubInputs(self.study, self.registries)
        return paths.HUB_DATA.format(hub=hub.folder, source=hub.downloaded_as(name))

    def lighteval_task(self, wildcards: Wildcards) -> dict[str, Any]:
        """What the items of a task of lighteval depend on."""
        settings = self.study.evaluation.benchmarks[wildcards["benchmark"]]
        name = settings.lighteval_name(wildcards["benchmark"], wildcards["lang"])
        return {"name": name, "metric": settings.metric, "shots": settings.shots}

    def world_folders(self) -> list[str]:
        """The items of the micro-world, benchmark by benchmark."""
        langs = self.study.nano.languages
        return [self.at(paths.TASKS, benchmark=name, lang=lang) for name in self.of_the_world for lang in langs]

    def settings(self, wildcards: Wildcards) -> dict[str, Any]:
        """What a language's outcomes depend on."""
        chosen = self.study.evaluation.benchmarks_in(wildcards["lang"])
        benchmarks = {name: settings.params() for name, settings in chosen.items()}
        return {"benchmarks": benchmarks, "batch_tokens": self.study.evaluation.batch_tokens}

    def judged(self, wildcards: Wildcards) -> dict[str, Any]:
        """What the verdicts on a language's answers depend on, by benchmark."""
        return {name: chosen.params() for name, chosen in self.study.evaluation.judged_in(wildcards["lang"]).items()}

    def facts(self, wildcards: Wildcards) -> dict[str, Any]:
        """A benchmark's registry settings that its items depend on."""
        return self.registries.benchmarks[wildcards["benchmark"]].model_dump(
            mode="json", exclude={"source", "licence", "weighting"}
        )

    def facts_of_language(self, wildcards: Wildcards) -> dict[str, Any]:
        """Registry settings of a language's benchmarks that outcomes depend on."""
        return params_of(self.study.evaluation, self.registries.benchmarks, wildcards["lang"])

    def most_shots(self) -> int:
        """The largest number of few-shot examples in any use of a benchmark."""
        return max((chosen.shots for chosen in self.study.evaluation.benchmarks.values()), default=0)
