"""Intrinsic metrics by name, and how each is displayed, resampled, analysed and scored.

This module only declares metrics and is light, because the workflow loads it before any job. Jobs get metrics as plain values
(`Metric.facts`), so an archive documents what was measured and can be verified without plugins.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from polyglot.core.lookup import Lookup, unknown

Better = Literal["higher", "lower", "neither"]
Transform = Literal["identity", "log1p"]
Replicate = Literal["mean", "pairs", "none"]
Needs = Literal["texts", "encoder", "judge", "base"]
Measure = Callable[[Sequence[str], Sequence[str]], Sequence[float]]
"""From the prompts and responses of a training set to one number per example."""

FILES: dict[Needs, str] = {"encoder": "diversity.parquet", "judge": "reward.parquet", "base": "perplexity/{base}.parquet"}
"""What a metric needs, to the training set's file with it; a metric of texts alone has its own file."""

TAKEN = frozenset(
    (
        *("id", "diversity", "prompt_distance", "response_distance", "raw", "text", "problem", "nll", "tokens", "chat_template"),
        *(
            "replicate",
            "base",
            "recipe",
            "teacher",
            "lang",
            "examples",
            "rated",
            "intrinsic",
            "intrinsic_published",
            "perplexity_corpus",
        ),
        *("perplexity_median", "student_score", "base_score", "reference_score", "gain", "gain_se", "gap", "gap_se", "pgr"),
        *("pgr_released", "pgr_paper", "pg_released", "pg_paper", "pg_signsafe", "usable", "requests"),
        *("prediction", "low", "high", "rank", "actual", "reason", "learned_from"),
    )
)
"""Columns of a study's tables besides its metrics."""


@dataclass(frozen=True)
class Metric:
    """An intrinsic metric. A training set's value is the mean over its examples.

    A plugin adds one of texts alone (`plugins:` in the study; `intrinsic.measured: [exclamations]` switches it on):

        from polyglot.intrinsic.metrics import METRICS, Metric

        def exclamations(prompts, responses):
            return [response.count("!") for response in responses]

        METRICS.add("exclamations", Metric("exclamations", "exclamation marks", measure=exclamations))

    Args:
        name: its name in the configuration and in tables.
        title: its name in tables and cards.
        needs: its source: the `texts` alone, or a file that the workflow makes with an `encoder` (diversity), a `judge` (reward)
            or a student `base` (perplexity).
        column: the column of that file with one number per example; empty means the name.
        measure: for texts alone: prompts and responses to one number per example, in their order; NaN if undefined.
        unit: the number's unit or range, for cards.
        digits: decimals in tables.
        note: its meaning, a sentence for the notes of tables.
        better: whether `higher` or `lower` is better; a metric with `neither` cannot be scored.
        transform: applied before scoring; `log1p` for a long-tailed metric.
        replicate: how bootstrap replicates are computed: `mean` of resampled examples; `pairs`, for a mean over pairs of
            examples, the first-order term of a U-statistic of degree two, which doubles the deviation (Hoeffding, 1948); or
            `none`. A whole-set statistic that is not a mean uses jackknife values (see `polyglot.intrinsic.jackknife`).
        logged: whether analyses use its logarithm.
        equal_size: whether it depends on the number of examples, so that only sets of equal size are comparable. Screening then
            reports it but does not use it for prediction, because its samples are smaller than a study's sets.
    """

    name: str
    title: str
    needs: Needs = "texts"
    column: str = ""
    measure: Measure | None = field(default=None, compare=False, repr=False)
    unit: str = ""
    digits: int = 3
    note: str = ""
    better: Better = "higher"
    transform: Transform = "identity"
    replicate: Replicate = "mean"
    logged: bool = False
    equal_size: bool = False

    @property
    def values(self) -> str:
        """The column of its file with one number per example."""
        return self.name if self.needs == "texts" else self.column or self.name

    @property
    def file(self) -> str:
        """Its file, among those of a training set."""
        return FILES.get(self.needs, f"{self.name}.parquet")

    @property
    def analysed(self) -> str:
        """Its name in components and regression."""
        return f"log_{self.name}" if self.logged else self.name

    @property
    def facts(self) -> dict[str, Any]:
        """All its attributes except its function, as plain values."""
        return {each.name: getattr(self, each.name) for each in dataclasses.fields(self) if each.name != "measure"}


STANDARD = (
    Metric(
        "prompt_diversity",
        "prompt diversity",
        needs="encoder",
        column="prompt_distance",
        unit="mean cosine distance",
        replicate="pairs",
    ),
    Metric(
        "response_diversity",
        "response diversity",
        needs="encoder",
        column="response_distance",
        unit="mean cosine distance",
        replicate="pairs",
    ),
    Metric("reward", "reward", needs="judge", unit="1 to 5", digits=2),
    Metric("perplexity", "perplexity", needs="base", digits=2, better="lower", transform="log1p", logged=True),
    Metric("prompt_tokens", "prompt tokens", needs="base", digits=1, better="neither", replicate="none", logged=True),
    Metric("response_tokens", "response tokens", needs="base", digits=1, better="neither", replicate="none", logged=True),
)
"""The six metrics of table 4 of arXiv 2604.11290, which every study measures; the skewed ones are analysed as logarithms."""
PAPER = STANDARD[:4]
INTRINSIC = tuple(metric.name for metric in PAPER)
"""The four of them in the PG-Score by default."""
PERPLEXITIES = ("perplexity", "perplexity_corpus", "perplexity_median")
"""The mean over examples of their perplexities, the perplexity of all tokens together, and that of the median example."""
LENGTHS = tuple(metric.name for metric in STANDARD[4:])

METRICS: Lookup[Metric] = Lookup(
    "metric",
    {
        **{metric.name: metric for metric in STANDARD},
        "distinct_2": "polyglot.intrinsic.lexical:DISTINCT_2",
        "distinct_pairs": "polyglot.intrinsic.lexical:DISTINCT_PAIRS",
        "compression_ratio": "polyglot.intrinsic.lexical:COMPRESSION_RATIO",
    },
    kind=Metric,
)


def recorded(facts: Iterable[Mapping[str, Any]] | None, default: Sequence[Metric]) -> tuple[Metric, ...]:
    """Metrics from the plain values given to a job; `default` for older jobs without them."""
    return tuple(default) if facts is None else tuple(Metric(**each) for each in facts)


def of_texts(metrics: Iterable[Metric]) -> list[Metric]:
    """The metrics that have their own file."""
    return [metric for metric in metrics if metric.needs == "texts"]


def problems(names: Sequence[str], key: str, *, scored: bool) -> Iterator[str]:
    """Problems with the metrics that a study names under a key, one sentence each."""
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            yield f"{key}: '{name}' is named more than once"
        if name not in METRICS:
            yield f"{key}: {unknown('metric', name, METRICS)}"
            continue
        metric = METRICS[name]
        if metric.name != name:
            yield f"{key}: '{name}' was added to the metrics under a name that is not its own, which is '{metric.name}'"
        if name in TAKEN:
            yield f"{key}: '{name}' is the name of something else in a study's tables; give the metric another"
        if (metric.needs == "texts") != (metric.measure is not None):
            yield (
                f"{key}: '{name}' needs {metric.needs} and has {'a' if metric.measure else 'no'} function `measure`; a metric "
                "with a function is one of texts alone, any other reads a column of a file that the workflow makes with a model"
            )
        if scored and metric.better == "neither":
            yield f"{key}: '{name}' is neither better when it is higher nor when it is lower; it can be measured and not scored"
