"""Every name that a study can use, with a short description: built-in ones and those from plugins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from polyglot.core.lookup import UnknownName, unknown
from polyglot.engines import ENGINES
from polyglot.engines.manners import PRESETS
from polyglot.evaluation.formulations import FORMULATIONS, Formulation
from polyglot.evaluation.readers import READERS
from polyglot.evaluation.weights import WEIGHTINGS
from polyglot.intrinsic.metrics import METRICS, Metric
from polyglot.registry.models import Manners
from polyglot.routing.qualities import QUALITIES
from polyglot.routing.strategies import STRATEGIES
from polyglot.selection.rules import RULES
from polyglot.synthesis.filters.base import FILTERS
from polyglot.synthesis.methods.base import METHODS


@dataclass(frozen=True)
class Kind:
    """Names of one kind.

    Args:
        title: their kind, in the plural.
        used: where a study, or a file of config/, uses them.
        names: each with a phrase about it.
    """

    title: str
    used: str
    names: dict[str, str]


def kinds() -> list[Kind]:
    """Names by kind, each in its lookup's order."""
    return [
        Kind("metrics", "intrinsic.measured, intrinsic.scored", {name: _metric(one) for name, one in METRICS.items()}),
        Kind("methods", "methods, recipes", {name: f"the teacher {one.about}" for name, one in METHODS.items()}),
        Kind("engines", "`engine` in config/models.yaml", {name: f"runs in envs/{e.environment}" for name, e in ENGINES.items()}),
        Kind("presets", "`endpoint.preset` in config/models.yaml", {name: _manners(one) for name, one in PRESETS.items()}),
        Kind(
            "formulations",
            "evaluation.benchmarks.NAME.formulation, config/benchmarks.yaml",
            {name: _formulation(one) for name, one in FORMULATIONS.items()},
        ),
        Kind(
            "readers",
            "`items` in config/benchmarks.yaml",
            {name: f"reads rows with {', '.join(one.fields)}" for name, one in READERS.items()},
        ),
        Kind(
            "weightings",
            "`weighting` in config/benchmarks.yaml",
            {name: f"strata: {', '.join(one.strata) or 'none'}" for name, one in WEIGHTINGS.items()},
        ),
        Kind("strategies", "teachers", {name: one.explained for name, one in STRATEGIES.items()}),
        Kind("qualities", "routing.quality", {name: one.explained for name, one in QUALITIES.items()}),
        Kind("filters", "filters", {name: f"finds {one.explained}" for name, one in FILTERS.items()}),
        Kind("rules", "recipes", {name: RULES[name].explained for name in RULES}),
    ]


def _metric(metric: Metric) -> str:
    better = {"higher": "higher is better", "lower": "lower is better", "neither": "not scored"}[metric.better]
    return f"{metric.title} ({better}; needs {metric.needs})"


def _manners(manners: Manners) -> str:
    sent = [manners.limit, *(manners.sampling or ()), *([manners.seed] if manners.seed != "none" else ())]
    return f"takes {', '.join(filter(None, sent))}; JSON by {manners.structure}"


def _formulation(formulation: Formulation) -> str:
    kinds = ", ".join(kind.__name__.lower() for kind in formulation.takes)
    does = "reads" if formulation.reads else "writes its answer" if formulation.writes else "chooses by likelihood"
    judged = {"rating": ", which a judge rates", "pair": ", which a judge compares", None: ""}[formulation.judged]
    return f"asks items of {kinds}; the model {does}{judged}"


def lines(titles: Iterable[str] = ()) -> Iterator[str]:
    """The names as text.

    Args:
        titles: kinds to list; none of them lists all.

    Raises:
        UnknownName: for a kind that does not exist.
    """
    known = {kind.title: kind for kind in kinds()}
    for title in titles:
        if title not in known:
            raise UnknownName(unknown("kind of name", title, known))
    for kind in known.values():
        if titles and kind.title not in titles:
            continue
        width = max(map(len, kind.names), default=0)
        yield f"{kind.title} ({kind.used})"
        yield from (f"  {name:{width}}  {about}" for name, about in kind.names.items())
        yield ""
