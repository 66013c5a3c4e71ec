"""The ranking's table: teachers by their data alone, and what was measured in each language."""

from __future__ import annotations

import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.numbers import UNKNOWN, count, number, probability, share, significant
from polyglot.displays.table import Table
from polyglot.displays.tables.layout import Estimate, row_dicts
from polyglot.intrinsic.metrics import LENGTHS, PERPLEXITIES

MEDIAN = PERPLEXITIES[-1]
NOT_STUDENTS = (
    "The order is by the data alone: reward, diversity and, with a base, perplexity. Students may order teachers otherwise, and "
    "only they decide: train students of the first ones (`base` and a benchmark in the study, then `snakemake`)."
)


def rank(context: Context, order: pd.DataFrame, samples: pd.DataFrame) -> Table:
    """Teachers from best to worst by the mean z-score, then every sample.

    Args:
        order, samples: from `polyglot.analysis.ranking.rank_samples`.
    """
    shown = [
        {
            "rank": number(row["rank"], 0),
            "teacher": context.model(row["teacher"]),
            "score": Estimate.of(row, "score").text(2, sign=True),
            "rank, interval": f"{number(row['rank_low'], 0)}–{number(row['rank_high'], 0)}" if pd.notna(row["rank"]) else UNKNOWN,
            "P(first)": probability(row["p_first"]),
            **_summed(samples[samples["teacher"] == row["teacher"]]),
        }
        for row in row_dicts(order)
    ]
    return Table(
        data=order,
        shown=pd.DataFrame(shown),
        title=context.title,
        lead=[_lead(context, order)],
        notes=[NOT_STUDENTS, *_notes(context, samples)],
        more=[_samples(context, samples)],
    )


def _summed(rows: pd.DataFrame) -> dict[str, str]:
    """A teacher's usable answers and price, over its languages."""
    usable, requests = int(rows["usable"].sum()), int(rows["requests"].sum())
    paid = (rows["usd_per_usable"] * rows["usable"]).sum(min_count=len(rows))
    return {
        "usable answers": f"{usable:,} of {requests:,} ({share(usable / requests) if requests else UNKNOWN})",
        "USD per 1,000 usable": significant(1000 * paid / usable) if usable else UNKNOWN,
    }


def _samples(context: Context, samples: pd.DataFrame) -> Table:
    """What was measured, language by language, best first."""
    by_language = samples.sort_values(["lang", "score"], ascending=[True, False], na_position="last", kind="stable")
    named = [metric for metric in context.metrics if metric.name not in LENGTHS and f"{metric.name}_low" in samples.columns]
    shown = []
    for row in row_dicts(by_language):
        metrics = {metric.title: Estimate.of(row, metric.name).text(metric.digits) for metric in named}
        if MEDIAN in row:
            metrics["perplexity, median"] = Estimate.of(row, MEDIAN).text(2)
        shown.append(
            {
                "language": context.language(row["lang"]),
                "teacher": context.model(row["teacher"]),
                "score": Estimate.of(row, "score").text(2, sign=True),
                "usable share": _share(row),
                "usable": count(row["usable"]),
                **metrics,
                "characters a response": Estimate.of(row, "response_characters").text(0),
                "USD per 1,000 usable": _price(row),
            }
        )
    return Table(by_language, pd.DataFrame(shown), "What was measured, by language")


def _share(row: dict[str, float]) -> str:
    value, low, high = (share(row[f"usable_share{end}"]) for end in ("", "_low", "_high"))
    return f"{value} [{low}, {high}]"


def _price(row: dict[str, float]) -> str:
    value, low, high = (1000 * row[f"usd_per_usable{end}"] for end in ("", "_low", "_high"))
    return UNKNOWN if pd.isna(value) else f"{significant(value)} [{significant(low)}, {significant(high)}]"


def _lead(context: Context, order: pd.DataFrame) -> str:
    ranked = order.dropna(subset=["rank"])
    if ranked.empty:
        return "No teacher can be ranked: none has enough usable answers in every language."
    first, *others = row_dicts(ranked)
    near = [context.model(row["teacher"]) for row in others if row["rank_low"] <= 1]
    of = f"P(first) {probability(first['p_first'])} of {len(ranked)} ranked teachers"
    lead = f"**{context.model(first['teacher'])}** leads by its data: {of}."
    return f"{lead} Not told apart from it: {', '.join(near)}." if near else lead


def _notes(context: Context, samples: pd.DataFrame) -> list[str]:
    likely = MEDIAN in samples.columns
    parts = ["prompt and response diversity", "reward"] + ["the median example's perplexity"] * likely
    left_out = [] if likely else ["Perplexity is left out: the study names no `base` and no `screen.base`."]
    unpriced = ["A dash as price: the model has no `price` in the registry."] if samples["usd_per_usable"].isna().any() else []
    return [
        f"Score: the mean of z-scores over all samples of {', '.join(parts)}, as in the intrinsic half of the PG-Score. "
        "Higher is better.",
        f"Brackets: {context.confidence:.0%} intervals over the sample's examples or requests; Wilson's for the usable share. "
        "They hold for these prompts; another draw of prompts may move them further.",
        "Price: the teacher's own tokens, unusable answers included; the judge's are not in it.",
        *left_out,
        *unpriced,
    ]
