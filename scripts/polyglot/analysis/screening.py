"""Screening: predict the best candidate teacher from the intrinsic metrics of a small sample, before training any student."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from polyglot.analysis.components import component_regression, predict_new
from polyglot.analysis.tables import OUTCOME, metric_table
from polyglot.core.cells import MIN_EXAMPLES
from polyglot.intrinsic.metrics import STANDARD, Metric
from polyglot.scoring.measurements import NO_DATA
from polyglot.scoring.scores import Definition, Perplexity, metrics_of
from polyglot.scoring.training_sets import read_examples, robust_perplexities


def sample_metrics(paths: Mapping[str, str], metrics: Sequence[Metric] = STANDARD) -> dict[str, float]:
    """The intrinsic metrics of one sample, from its per-example files; missing (NaN) if it is too small.

    Args:
        paths: see `polyglot.scoring.training_sets.read_examples`.
    """
    examples = read_examples(paths, metrics)
    enough = len(examples) >= MIN_EXAMPLES
    found = {metric.name: float(examples[metric.values].mean()) if enough else math.nan for metric in metrics}
    if "perplexity" in found:
        found |= {name: value if enough else math.nan for name, value in robust_perplexities(examples).items()}
    return found | {"examples": len(examples)}


def predictors(
    metrics: Sequence[Metric], known: pd.DataFrame, definition: Definition = "signsafe", perplexity: Perplexity = "median"
) -> list[Metric]:
    """The metrics used to predict a gain: those that the finished study also has and that do not depend on set size, because a
    sample is smaller than a study's sets; perplexity as the definition takes it."""
    taken = metrics_of(metrics, definition, perplexity, known)
    return [metric for metric in taken if metric.name in known.columns and not metric.equal_size]


def predict_gain(
    sample: pd.DataFrame,
    known: pd.DataFrame,
    *,
    components: int,
    confidence: float,
    metrics: Sequence[Metric] = STANDARD,
    definition: Definition = "signsafe",
    perplexity: Perplexity = "median",
) -> pd.DataFrame:
    """The student's gain predicted by regression for each candidate, with prediction intervals.

    The regression is fitted on the cells of a finished study: gain on the principal components of its intrinsic metrics. A
    candidate from that study is predicted only from the other teachers' cells. A candidate with a metric outside the range of
    those cells gets no prediction: what a regression says there follows from nothing that was seen.

    Args:
        sample: teacher, lang and the metrics of `sample_metrics`.
        known: cells of a finished study (see `polyglot.scoring.scores.score_cells`).
        metrics: the intrinsic metrics; `predictors` chooses among them, by the definition and the measure of perplexity.

    Returns:
        The sample with prediction, low, high (of the gain), rank (within the language, best first), learned_from (cells), actual
        (the measured gain, if the finished study has the cell) and reason (why there is no prediction).
    """
    used = predictors(metrics, known, definition, perplexity)
    columns = [metric.analysed for metric in used]
    table = metric_table(known, used).dropna(subset=[*columns, OUTCOME])
    candidates = metric_table(sample, used)
    parts = []
    for teacher, rows in candidates.groupby("teacher", sort=False):
        others = table[table["teacher"] != teacher].reset_index(drop=True)
        predicted = predict_new(others, columns, OUTCOME, rows, components=components, confidence=confidence)
        beyond = outside(rows, others, used)
        within = {name: predicted[name].where(beyond == "") for name in ("prediction", "low", "high")}
        parts.append(rows.assign(**within, learned_from=len(others), beyond=beyond))
    found = pd.concat(parts)
    actual = known.set_index(["teacher", "lang"])[OUTCOME]
    keys = pd.MultiIndex.from_frame(found[["teacher", "lang"]])
    found["actual"] = actual[~actual.index.duplicated()].reindex(keys).to_numpy()
    found["rank"] = found.groupby("lang")["prediction"].rank(ascending=False, method="min").astype("Int64")
    found["reason"] = [
        NO_DATA if lacking else beyond or ("too few cells to learn from" if pd.isna(value) else "")
        for lacking, beyond, value in zip(
            found[columns].isna().any(axis=1), found.pop("beyond"), found["prediction"], strict=True
        )
    ]
    return found.sort_values(["lang", "rank"], na_position="last").reset_index(drop=True)


def outside(rows: pd.DataFrame, seen: pd.DataFrame, metrics: Sequence[Metric]) -> pd.Series[str]:
    """Where a candidate's metrics lie outside the range of the cells that are learned from; "" if they do not."""
    said: list[list[str]] = [[] for _ in range(len(rows))]
    for metric in metrics:
        low, high = seen[metric.name].min(), seen[metric.name].max()
        for place, value in enumerate(rows[metric.name]):
            if value < low or value > high:
                shown = (f"{number:.{metric.digits}f}" for number in (value, low, high))
                said[place].append("{} {}, seen {} to {}".format(metric.title, *shown))
    return pd.Series([f"outside what was seen: {'; '.join(parts)}" if parts else "" for parts in said], index=rows.index)


def cross_validate(
    known: pd.DataFrame,
    *,
    components: int,
    confidence: float,
    permutations: int,
    seed: int,
    metrics: Sequence[Metric] = STANDARD,
    definition: Definition = "signsafe",
    perplexity: Perplexity = "median",
) -> pd.DataFrame:
    """Reliability of the predictions: the regression's validation on the finished study (see `component_regression`)."""
    used = predictors(metrics, known, definition, perplexity)
    columns = [metric.analysed for metric in used]
    table = metric_table(known, used).dropna(subset=[*columns, OUTCOME]).reset_index(drop=True)
    validation, _, _ = component_regression(
        table,
        columns,
        OUTCOME,
        components=components,
        confidence=confidence,
        permutations=permutations,
        seed=seed,
    )
    return validation


def screening_cost(
    answers: pd.DataFrame,
    seconds: pd.DataFrame,
    *,
    requests: int,
    students: int,
    teachers: Sequence[str],
) -> pd.DataFrame:
    """The cost of the screening, and of the full study of the same candidates.

    Args:
        answers: every answer of the screening samples: teacher, prompt_tokens, completion_tokens.
        seconds: rule, screened (bool), jobs, seconds: run times of jobs so far (see `polyglot.provenance.timings.job_seconds`).
        requests: requests of the full study for these candidates.
        students: students that the full study would train for them.

    Returns:
        One row for `screening` and one for `full study`: requests, tokens, students, hours (measured, extrapolated for the full
        study from the jobs that have run; missing if no job of a kind has run yet), basis (text).
    """
    asked = len(answers)
    tokens = float((answers["prompt_tokens"] + answers["completion_tokens"]).sum())
    screened = seconds[seconds["screened"]]
    rows = [
        {
            "what": "screening",
            "requests": asked,
            "tokens": round(tokens),
            "students": 0,
            "hours": float(screened["seconds"].sum()) / 3600,
            "basis": f"measured ({int(screened['jobs'].sum())} jobs)",
        }
    ]
    growth = requests / max(asked, 1)
    data_hours = float(screened["seconds"].sum()) / 3600 * growth
    training = seconds[~seconds["screened"] & seconds["rule"].isin(["student", "evaluate_student"])].set_index("rule")
    known = set(training.index) == {"student", "evaluate_student"} and bool((training["jobs"] > 0).all())
    each = float((training["seconds"] / training["jobs"]).sum()) / 3600 if known else float("nan")
    basis = (
        f"data: {growth:.1f} times the screening; students: {each * 3600:.0f} s each, as measured"
        if known
        else "hours cannot be said before a student has been trained"
    )
    rows.append(
        {
            "what": "full study",
            "requests": requests,
            "tokens": round(tokens * growth),
            "students": students,
            "hours": data_hours + students * each,
            "basis": basis,
        }
    )
    return pd.DataFrame(rows).assign(teachers=len(teachers))
