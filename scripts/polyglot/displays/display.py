"""The definition of a table or figure: inputs, caption, and other dependencies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from polyglot.core.text import restructured
from polyglot.intrinsic.metrics import INTRINSIC, STANDARD
from polyglot.study.reserved import MAIN, REPLICATION
from polyglot.study.sizes import examples_in

if TYPE_CHECKING:  # a job that draws reads no study
    from polyglot.registry import Registries
    from polyglot.scoring.settings import Scoring
    from polyglot.study.configuration import Study
    from polyglot.study.figures import Look

Kind = Literal["table", "figure"]


@dataclass(frozen=True)
class Display:
    """One table or figure.

    Args:
        function: the function that makes it: `module.function` in `polyglot.displays.tables` or `polyglot.displays.figures`, or
            `package.module:function` of a plugin. It takes a `Context`, then the inputs by name, as frames.
        title: shown above it and in the report.
        category: where it is in the report, see `polyglot.displays.catalogue.files`.
        caption: may name {definition}, {confidence} and {alpha}; other braces are doubled.
        inputs: argument of the function to a file under results/STUDY; may name {experiment}.
        paper: its counterpart in arXiv 2604.11290.
        published: inputs also available for the paper's published measurements (none: it cannot be made from them). experiment:
        whose results it shows.
        width, height: of a figure, in inches.
    """

    function: str
    title: str
    category: str
    caption: str
    inputs: Mapping[str, str]
    paper: str = ""
    published: tuple[str, ...] = ()
    experiment: str = MAIN
    width: float = 7.0
    height: float = 4.2

    def within(self, experiment: str, question: str) -> Display:
        """The same for an experiment: its files, its question in the caption."""
        inputs = {name: path.format(experiment=experiment) for name, path in self.inputs.items()}
        escaped = restructured(question).replace("{", "{{").replace("}", "}}")
        return replace(self, inputs=inputs, experiment=experiment, caption=f"{escaped} {self.caption}".strip())

    def caption_for(self, study: Study, scoring: Scoring) -> str:
        """The caption with the study's definition and confidence, and the counterpart in the paper."""
        counterpart = f" Counterpart in arXiv 2604.11290: {self.paper}." if self.paper else ""
        return self.caption.format(definition=scoring.definition, confidence=f"{scoring.confidence:.0%}", alpha=scoring.alpha) + (
            counterpart
        )

    def look(self, study: Study, name: str) -> Look:
        """How a figure is drawn: the study's choice, else the display's."""
        own = study.figures.get(name)
        return study.figure(name).look(self.width, self.height, asked=tuple(own.labels) if own else ())

    def values(self, study: Study, registries: Registries, scoring: Scoring, *, name: str) -> dict[str, Any]:
        """Everything that the display depends on besides its inputs: see `polyglot.displays.context.Context`.

        Args:
            name: whose results are shown: the study's own, or `published`.
        """
        matrix = study.matrices.get(self.experiment, study.matrices[MAIN])
        sizes = {recipe: examples_in(recipe, str(study.seeds[0]), study) for recipe in matrix.recipes}
        published = name == REPLICATION
        return {
            "function": self.function,
            "title": self.title,
            "study": name,
            "definition": scoring.definition,
            "confidence": scoring.confidence,
            "alpha": scoring.alpha,
            "recipe": study.recipe,
            "base": study.base,
            "compare": matrix.compare,
            "teachers": list(matrix.teachers),
            "bases": matrix.bases,
            "recipes": sizes,
            "steps": [label for label, *_ in matrix.steps],
            "seeds": len(matrix.seeds),
            **({"trainings": matrix.trainings} if matrix.trainings > 1 else {}),
            "metrics": [metric.facts for metric in (STANDARD if published else study.intrinsic.metrics)],
            "scored": list(INTRINSIC if published else study.intrinsic.scored),
            "models": {
                key: {"label": model.label or key, "family": model.family, "size": model.size}
                for key, model in registries.models.items()
            },
            "languages": {
                code: language.model_dump(mode="json", include={"name", "endonym", "resource_level", "commoncrawl_percent"})
                for code, language in registries.languages.items()
            },
        }
