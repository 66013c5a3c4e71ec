"""The ranking's table: teachers by their data alone, and what was measured in each language."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.numbers import UNKNOWN, count, number, probability, share, significant
from polyglot.displays.table import Table
from polyglot.displays.tables.layout import Estimate, row_dicts
from polyglot.intrinsic.metrics import LENGTHS, PERPLEXITIES, Metric

MEDIAN, SHARE, LENGTH = PERPLEXITIES[-1], "usable_share", "response_characters"
NOT_STUDENTS = (
    "This is no prediction. In the paper's published results, such a score put pairs of teachers in the order of their students "
    "about as often as a coin (docs/howto/rank.md). Read the columns; only students decide."
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
            "P(highest)": probability(row["p_first"]),
            **_summed(samples[samples["teacher"] == row["teacher"]]),
        }
        for row in row_dicts(order)
    ]
    return Table(
        data=_data(context, order, samples),
        shown=pd.DataFrame(shown),
        title=context.title,
        lead=[_lead(context, order, samples)],
        notes=[NOT_STUDENTS, *_notes(context, samples)],
        more=[_samples(context, samples)],
    )


def _data(context: Context, order: pd.DataFrame, samples: pd.DataFrame) -> pd.DataFrame:
    """The order with names, and sums over languages."""
    sums = samples.groupby("teacher")[["requests", "usable", "usd"]].sum(min_count=1).reindex(order["teacher"])
    labels = [context.model(name) for name in order["teacher"]]
    return order.assign(label=labels, **{str(name): sums[name].to_numpy() for name in sums})


def _summed(rows: pd.DataFrame) -> dict[str, str]:
    """A teacher's usable answers and price, over its languages."""
    usable, requests = int(rows["usable"].sum()), int(rows["requests"].sum())
    paid = rows["usd"].sum(min_count=len(rows))
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
    if math.isinf(value):
        return "none usable"
    return UNKNOWN if pd.isna(value) else f"{significant(value)} [{significant(low)}, {significant(high)}]"


def _lead(context: Context, order: pd.DataFrame, samples: pd.DataFrame) -> str:
    """Who has the highest score, and who is first in what was measured."""
    ranked = order.dropna(subset=["rank"])
    if ranked.empty:
        return "No teacher can be ranked: none has enough usable answers in every language."
    first, *others = row_dicts(ranked)
    near = [context.model(row["teacher"]) for row in others if row["rank_low"] <= 1]
    name = context.model(first["teacher"])
    lead = f"**{name}** has the highest data score of {len(ranked)} ranked teachers"
    lead += f", not clearly above {', '.join(near)}." if near else "."
    if near and len(near) == len(others):
        lead = f"**Data scores do not tell the {len(ranked)} teachers apart.** {name} has the highest."
    samples = samples[samples["teacher"].isin(ranked["teacher"])]
    leaders = "; ".join(f"{what}: {name}" for what, name in _leaders(context, samples).items())
    look = [*_fewer(context, samples), *_shorter(context, samples)]
    beware = f"Look first: {'; '.join(look)}. " if look else ""
    return f"{beware}{lead} The score is no prediction of students. First in each: {leaders}."


def _fewer(context: Context, samples: pd.DataFrame) -> list[str]:
    """Teachers of whose answers a clearly smaller share is usable than of another's, in some language."""
    found: dict[str, str] = {}
    for _, rows in samples.groupby("lang", sort=False):
        best = max(row_dicts(rows), key=lambda row: float(row[f"{SHARE}_low"]))
        for row in row_dicts(rows):
            if row[f"{SHARE}_high"] < best[f"{SHARE}_low"]:
                own = f"{share(row[SHARE])} of {context.model(row['teacher'])}'s answers are usable"
                found.setdefault(row["teacher"], f"{own}, {share(best[SHARE])} of {context.model(best['teacher'])}'s")
    return list(found.values())


def _shorter(context: Context, samples: pd.DataFrame) -> list[str]:
    """Teachers whose responses are less than half as long as the others' (their median), in some language."""
    found: dict[str, str] = {}
    for _, rows in samples.groupby("lang", sort=False):
        lengths = rows.set_index("teacher")[LENGTH].dropna()
        for teacher, length in lengths.items():
            usual = lengths.drop(teacher).median()
            if length < usual / 2:
                said = f"{context.model(str(teacher))}'s responses have {count(length)} characters, the others' {count(usual)}"
                found.setdefault(str(teacher), said)
    return list(found.values())


def _leaders(context: Context, samples: pd.DataFrame) -> dict[str, str]:
    """What was measured to the teachers that are best in it, by the mean over languages; without what is the same for all."""
    ways = {SHARE: ("usable share", True)}
    ways |= {one.name: (one.title, True) for one in _scored(context, samples) if one.better == "higher"}
    ways |= {MEDIAN: ("median perplexity", False), "usd_per_usable": ("price", False)}
    found = {}
    for name, (title, highest) in ways.items():
        means = samples.groupby("teacher", sort=False)[name].mean() if name in samples.columns else pd.Series(dtype=float)
        if means.nunique() > 1:
            best = means.max() if highest else means.min()
            found[title] = ", ".join(context.model(str(name)) for name in means.index[np.isclose(means, best)])
    return found


def _scored(context: Context, samples: pd.DataFrame) -> list[Metric]:
    """The metrics of the score that were measured."""
    return [one for one in context.metrics if one.name in context.scored and one.name in samples.columns]


def _notes(context: Context, samples: pd.DataFrame) -> list[str]:
    titles = [one.title for one in _scored(context, samples) if one.name != PERPLEXITIES[0]]
    titles += ["perplexity of the median example"] if MEDIAN in samples.columns else []
    left_out = [] if MEDIAN in samples.columns else ["Perplexity is left out: the study names no `base` and no `screen.base`."]
    if not any(one.needs == "judge" for one in context.metrics):
        left_out.append("Reward is left out: the study has no judge (`intrinsic.reward.kind: none`).")
    free = ["A price of 0 is the registry's, as for a server of your own: what it costs to run is not in it."]
    unpriced = free if (samples["usd"] == 0).any() else []
    unpriced += ["A dash as price: the model has no `price` in the registry."] if samples["usd"].isna().any() else []
    return [
        f"Score: the mean z-score of {', '.join(titles)} over all samples, as in the intrinsic half of the PG-Score; higher is "
        "better. The usable share and the price are not in it.",
        f"Brackets: {context.confidence:.0%} intervals over the sample's examples or requests; Wilson's for the usable share. "
        "They hold for these prompts; another draw of prompts may move them further.",
        "Price: the teacher's own tokens, unusable answers included; the judge's are not in it.",
        *left_out,
        *unpriced,
    ]
