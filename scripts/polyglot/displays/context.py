"""The context of a table or figure: names, the study's definition and confidence, and flagged languages."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from polyglot.displays.numbers import FLAG
from polyglot.intrinsic.metrics import INTRINSIC, STANDARD, Metric, recorded
from polyglot.scoring.scores import INTRINSIC_SCORES, Definition


@dataclass(frozen=True)
class Context:
    """What a table or figure needs besides its data: scoring settings and names."""

    title: str
    study: str
    definition: Definition
    confidence: float
    alpha: float
    base: str
    recipe: str
    compare: str
    teachers: Sequence[str]
    bases: Sequence[str]
    recipes: Mapping[str, int]
    """Recipes of the experiment with their training sizes."""
    steps: Sequence[str]
    """Labels of the steps of an additive recipe."""
    seeds: int
    models: Mapping[str, Mapping[str, Any]]
    """Model to its label, family and size (billions of parameters, or None)."""
    languages: Mapping[str, Mapping[str, Any]]
    """Language code to its name, endonym, resource_level and commoncrawl_percent."""
    trainings: int = 1
    """Students on each seed's data."""
    metrics: Sequence[Metric] = STANDARD
    """The intrinsic metrics that are measured."""
    scored: Collection[str] = INTRINSIC
    """Names of those in the score."""
    flagged: Collection[tuple[str, str]] = ()
    """(base, language) pairs whose reference does not beat the base by more than the gap's standard error."""
    sizes: Mapping[tuple[str, str, str], float] = field(default_factory=dict)
    """(recipe, teacher, language) to the examples in its training set, the mean over seeds; empty if not known."""

    colours: Mapping[str, str] = field(default_factory=dict)
    """Colours that are chosen, by model or language."""

    @classmethod
    def of(
        cls, values: Mapping[str, Any], gaps: pd.DataFrame | None = None, frames: Mapping[str, pd.DataFrame] | None = None
    ) -> Context:
        """From a display's values (`Display.values`) and, if known, the gaps between reference and base, and the display's other
        inputs."""
        known = {name: value for name, value in values.items() if name in cls.__dataclass_fields__}
        known["metrics"] = recorded(values.get("metrics"), STANDARD)
        flagged = () if gaps is None else [tuple(row) for row in gaps.loc[gaps["flagged"], ["base", "lang"]].to_numpy()]
        return cls(**known, flagged=flagged, sizes=_sizes(frames or {}, values.get("seeds", 1)))

    @property
    def error_rate(self) -> float:
        """The share of studies of equal teachers in which a page may call a lead clear, in any of its languages."""
        return round(1 - self.confidence, 12)

    @property
    def intrinsic(self) -> str:
        """The column of the intrinsic score in the study's definition."""
        return INTRINSIC_SCORES[self.definition != "signsafe"]

    def sizes_of(self, recipe: str, teacher: str | None = None, lang: str | None = None) -> list[float]:
        """Examples in the training sets of a recipe: of all teachers and languages, or of one; empty if not known."""
        return [
            size
            for (of, author, code), size in self.sizes.items()
            if of == recipe and teacher in (None, author) and lang in (None, code)
        ]

    def model(self, name: str) -> str:
        """A model's label; humans and other authors that are not models keep their name."""
        return str(self.models[name]["label"]) if name in self.models else name

    def language(self, code: str, base: str | None = None) -> str:
        """A language's English name, flagged if a base (None: the main one) has no reference above it."""
        name = str(self.languages[code]["name"]) if code in self.languages else code
        return f"{name} {FLAG}" if self.is_flagged(code, base) else name

    def is_flagged(self, code: str, base: str | None = None) -> bool:
        return (base or self.base, code) in set(self.flagged)


def _sizes(frames: Mapping[str, pd.DataFrame], seeds: int) -> dict[tuple[str, str, str], float]:
    """The sizes of training sets, from the first input that holds them."""
    keys = ["recipe", "teacher", "lang"]
    for name, parts in (("cells", 1), ("measurements", 1), ("intrinsic", seeds)):
        frame = frames.get(name)
        if frame is not None and {*keys, "examples"} <= set(frame.columns):
            rows = frame.dropna(subset=["examples"]).drop_duplicates(keys)
            named = (tuple(map(str, key)) for key in rows[keys].itertuples(index=False, name=None))
            return dict(zip(named, (rows["examples"] / parts).tolist(), strict=True))  # type: ignore[arg-type]
    return {}
