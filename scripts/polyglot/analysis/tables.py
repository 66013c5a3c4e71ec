"""Analyses of a study's cells: correlations of the intrinsic metrics, and how they predict student results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from polyglot.analysis.components import component_regression, principal_components
from polyglot.analysis.settings import Statistics
from polyglot.intrinsic.metrics import STANDARD, Metric
from polyglot.scoring.scores import DEFINITIONS, KEYS, Definition, Perplexity, metrics_of
from polyglot.scoring.statistics import mixed_effects, spearman_matrix
from polyglot.synthesis.filters.chain import marks

OUTCOME = "gain"
READ = ("attempts", "read_strictly", "read", "repaired")
"""Columns that say how answers were read."""


def metric_table(cells: pd.DataFrame, metrics: Sequence[Metric]) -> pd.DataFrame:
    """The cells with added columns for analysis: logarithms of skewed metrics."""
    logs = {one.analysed: np.log(cells[one.name].where(cells[one.name] > 0)) for one in metrics if one.logged}
    return cells.assign(**logs)


def analyse(
    cells: pd.DataFrame,
    settings: Statistics,
    *,
    confidence: float,
    definition: Definition,
    metrics: Sequence[Metric] = STANDARD,
    perplexity: Perplexity = "median",
) -> dict[str, pd.DataFrame]:
    """Principal components, regression and rank correlations of the measured cells.

    Args:
        cells: from `polyglot.scoring.scores.score_cells`, with all metrics.
        metrics: the intrinsic metrics, scored or not.
        perplexity: the measure of a set's perplexity where the definition is `signsafe`; the others take the mean.

    Returns:
        pca_loadings, pca_variance, pca_scores, regression_validation, regression_coefficients, regression_predictions, spearman:
        see `polyglot.scoring.statistics`.
    """
    metrics = metrics_of(metrics, definition, perplexity, cells)
    columns = [metric.analysed for metric in metrics]
    table = metric_table(cells, metrics).dropna(subset=[*columns, OUTCOME]).reset_index(drop=True)
    components = max(1, min(settings.components, len(columns), len(table) - 2))
    loadings, variance, scores = principal_components(
        table, columns, components=components, resamples=settings.resamples, confidence=confidence, seed=settings.seed
    )
    validation, coefficients, predictions = component_regression(
        table,
        columns,
        OUTCOME,
        components=components,
        confidence=confidence,
        permutations=settings.permutations,
        seed=settings.seed,
    )
    quantities = [*(metric.name for metric in metrics), "intrinsic", OUTCOME, f"pg_{definition}"]
    quantities += [f"pg_{name}" for name in DEFINITIONS if name != definition]
    return {
        "pca_loadings": loadings,
        "pca_variance": variance,
        "pca_scores": pd.concat([table[list(KEYS)], scores], axis=1),
        "regression_validation": validation,
        "regression_coefficients": coefficients,
        "regression_predictions": predictions,
        "spearman": spearman_matrix(table, quantities, confidence=confidence),
    }


def ability_models(
    cells: pd.DataFrame,
    outcomes: Mapping[tuple[str, str], pd.DataFrame],
    sizes: Mapping[str, float | None],
    *,
    definition: Definition,
    confidence: float,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Whether a teacher's size, or its own benchmark score, predicts the PG-Score of its data (table 3 of arXiv 2604.11290).

    Args:
        outcomes: (teacher, lang) to the teacher's own outcomes (see `polyglot.evaluation.run`).
        sizes: teacher to billions of parameters, None if not known.

    Returns:
        (models: predictor and the columns of `polyglot.scoring.statistics.mixed_effects`;
        abilities: teacher, lang, size, ability, pg).
    """
    scores = pd.DataFrame(
        [{"teacher": teacher, "lang": lang, "ability": own_score(frame)} for (teacher, lang), frame in outcomes.items()]
    )
    table = cells.merge(scores, on=["teacher", "lang"], how="left")
    table = table.assign(pg=table[f"pg_{definition}"], size=table["teacher"].map(sizes).astype(float))
    table = table.assign(log_size=np.log(table["size"]))
    models = [
        mixed_effects(table, "pg", predictor, confidence=confidence).assign(predictor=predictor)
        for predictor in ("log_size", "ability")
    ]
    found = pd.concat(models, ignore_index=True)
    columns = ["predictor", *(column for column in found.columns if column != "predictor")]
    return found[columns], table[["teacher", "lang", "size", "ability", "pg"]]


def own_score(outcomes: pd.DataFrame) -> float:
    """A model's mean benchmark score."""
    by_benchmark = (outcomes["weight"] * outcomes["correct"]).groupby(outcomes["benchmark"]).sum()
    return float(by_benchmark.mean())


def price_table(
    answers: pd.DataFrame, seconds: Mapping[tuple[str, str], float], rates: Mapping[str, Sequence[float]] | None = None
) -> pd.DataFrame:
    """The cost of a teacher's usable data, by language.

    Args:
        answers: every answer: teacher, lang, status, prompt_tokens, completion_tokens.
        seconds: (teacher, lang) to the seconds of its synthesis jobs; cells without a record are missing.
        rates: teacher to USD per million (prompt, completion) tokens, 0 where the registry says so; others have no price.

    Returns:
        teacher, lang, requests, usable, prompt_tokens, completion_tokens (sums over all requests), seconds, gpus (0: none
        recorded), usd (missing without a price).
    """
    groups = answers.groupby(["teacher", "lang"])
    found = groups.agg(
        requests=("status", "size"), prompt_tokens=("prompt_tokens", "sum"), completion_tokens=("completion_tokens", "sum")
    )
    found.insert(1, "usable", groups["status"].agg(lambda status: int((status == "ok").sum())))
    found["seconds"] = [seconds.get((str(teacher), str(lang)), np.nan) for teacher, lang in found.index]
    prices = np.array([(rates or {}).get(str(teacher), (np.nan, np.nan)) for teacher, _ in found.index]).reshape(-1, 2) / 1e6
    paid = (prices * found[["prompt_tokens", "completion_tokens"]].to_numpy(dtype=float)).sum(axis=1)
    return found.assign(gpus=0, usd=paid).reset_index()


def method_table(answers: pd.DataFrame, rated: pd.DataFrame) -> pd.DataFrame:
    """Quality of each method's data.

    Args:
        answers: every answer: teacher, lang, method, status.
        rated: examples of the training sets: teacher, lang, method, reward.

    Returns:
        teacher, lang, method, usable_share, reward, reward_se, examples, source (`data`), pg, pg_low, pg_high (missing: no
        student was trained on one method alone).
    """
    keys = ["teacher", "lang", "method"]
    usable = answers.assign(ok=answers["status"] == "ok").groupby(keys)["ok"].mean().rename("usable_share")
    quality = rated.groupby(keys)["reward"].agg(reward="mean", reward_se="sem", examples="count")
    found = pd.concat([usable, quality], axis=1).reset_index()
    return found.assign(source="data", pg=np.nan, pg_low=np.nan, pg_high=np.nan)


def methods_by_students(cells: pd.DataFrame, methods: Mapping[str, str], definition: Definition) -> pd.DataFrame:
    """The cells of an experiment that trained students on a single method, in the columns of `method_table`.

    Args:
        methods: recipe to its single method.
    """
    chosen = cells[cells["recipe"].isin(list(methods))]
    column = f"pg_{definition}"
    found = chosen[["teacher", "lang"]].assign(
        method=chosen["recipe"].map(methods), pg=chosen[column], pg_low=chosen[f"{column}_low"], pg_high=chosen[f"{column}_high"]
    )
    return found.assign(usable_share=np.nan, reward=chosen["reward"], reward_se=np.nan, examples=0, source="students")


def yield_table(answers: pd.DataFrame, rates: Mapping[str, Sequence[float]] | None = None) -> pd.DataFrame:
    """Statuses of all answers: count and share of each, over all seeds, how the answers were read, and what they cost.

    Args:
        answers: teacher, lang, method, status, and the columns `attempts`, `read_strictly`, `read`, `repaired`, `prompt_tokens`,
            `completion_tokens` of `polyglot.synthesis.answers.read_answers`, and `decisions` of
            `polyglot.synthesis.filters.chain.filtered`; those are missing in files of before version 0.2.
        rates: teacher to its price in USD for a million prompt and completion tokens, of those that have one.

    Returns:
        teacher, lang, method, status, count, requests, share, and in each row of a teacher, language and method: strict_share
        (first attempts read as they are), read_share (read in the end), repaired (usable answers that were repaired), again
        (usable answers of a further attempt), prompt_tokens, completion_tokens (sums over all requests), usd; missing where not
        known; and for each filter that marked any usable answer, marked_FILTER: how many. Where any answer has thoughts, also
        `thoughts` (answers with thoughts), thought_tokens (their mean), and answers by the thoughts' language: in_target,
        in_english, in_other.
    """
    groups = ["teacher", "lang", "method"]
    counts = answers.groupby([*groups, "status"]).size().rename("count").reset_index()
    counts["requests"] = counts.groupby(groups)["count"].transform("sum")
    known = answers.reindex(columns=[*groups, "status", *READ]).astype(dict.fromkeys(READ, float))
    usable = known["status"] == "ok"
    known = known.assign(
        repaired=known["repaired"].where(usable | known["repaired"].isna(), 0.0),
        again=(usable & (known["attempts"] > 1)).astype(float).where(known["attempts"].notna()),
    )
    by = known.groupby(groups)
    read = by[["read_strictly", "read"]].mean().rename(columns={"read_strictly": "strict_share", "read": "read_share"})
    read = read.join(by[["repaired", "again"]].sum(min_count=1)).reset_index()
    thoughts = _thoughts(answers, groups)
    found = counts.assign(share=counts["count"] / counts["requests"]).merge(read, on=groups)
    found = found.merge(_cost(answers, groups, rates or {}), on=groups)
    marked = marks(answers).pivot(index=groups, columns="filter", values="marked").add_prefix("marked_").reset_index()
    named = [name for name in marked.columns if name not in groups]
    found = found.merge(marked, on=groups, how="left") if named else found
    found[named] = found[named].fillna(0).astype(int)
    return found if thoughts is None else found.merge(thoughts, on=groups)


def _cost(answers: pd.DataFrame, groups: Sequence[str], rates: Mapping[str, Sequence[float]]) -> pd.DataFrame:
    """Tokens of all answers, and their price where it is known."""
    tokens = ["prompt_tokens", "completion_tokens"]
    known = answers.reindex(columns=[*groups, *tokens]).astype(dict.fromkeys(tokens, float))
    found = known.groupby(list(groups))[tokens].sum(min_count=1).reset_index()
    prices = np.array([rates.get(teacher) or (np.nan, np.nan) for teacher in found["teacher"]], dtype=float).reshape(-1, 2)
    return found.assign(usd=(found[tokens].to_numpy() * prices).sum(axis=1) / 1e6)


def _thoughts(answers: pd.DataFrame, groups: Sequence[str]) -> pd.DataFrame | None:
    """Counts of answers with thoughts; None if there are none."""
    known = answers.reindex(columns=[*groups, "thoughts", "thought_tokens", "thoughts_lang"])
    thinking = known["thoughts"].fillna("") != ""
    if not thinking.any():
        return None
    told = known["thoughts_lang"].where(thinking)
    target = told == known["lang"]
    english = (told == "en") & ~target
    counts = {"thoughts": thinking, "in_target": target, "in_english": english, "in_other": told.notna() & ~target & ~english}
    by = known.assign(**counts, thought_tokens=known["thought_tokens"].where(thinking)).groupby(list(groups))
    return by[list(counts)].sum().join(by["thought_tokens"].mean()).reset_index()
