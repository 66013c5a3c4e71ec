"""Tables of a study's measurements: benchmarks, training data, synthesis and cost."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.numbers import FLAG, HOLE, UNKNOWN, count, number, significant, with_error
from polyglot.displays.table import Table
from polyglot.displays.tables.layout import Row, Students, brackets, estimates, gap_table, ordered, row_dicts, unmeasured
from polyglot.displays.tables.marked import marked_tables
from polyglot.displays.tables.power import power
from polyglot.displays.tables.thoughts import thoughts_tables
from polyglot.displays.words import flag_notes, hole_notes
from polyglot.intrinsic.metrics import INTRINSIC, LENGTHS, Metric
from polyglot.scoring.scores import KEYS
from polyglot.synthesis.answers import STATUSES

ANCHORS = ("base", "reference")
MODEL = ("lang", "base", "recipe", "model")


def evaluation(
    context: Context, evaluation: pd.DataFrame, gaps: pd.DataFrame | None = None, holes: pd.DataFrame | None = None
) -> Table:
    """Score of every model on every benchmark, by language; base and reference first."""
    benchmarks = sorted(evaluation["benchmark"].unique())
    frame = evaluation.assign(recipe=evaluation["recipe"].fillna("").astype(str))
    measured = {tuple(row[key] for key in (*MODEL, "benchmark")): row for row in row_dicts(frame)}
    models = dict.fromkeys(key[:-1] for key in measured)
    if holes is not None:
        models |= dict.fromkeys(tuple(row[key] for key in ("lang", "base", "recipe", "teacher")) for row in row_dicts(holes))
    bases = ordered((base for _, base, _, _ in models), context.bases)
    recipes = ["", *ordered((recipe for _, _, recipe, model in models if model not in ANCHORS), list(context.recipes))]
    names = [*ANCHORS, *ordered((model for *_, model in models if model not in ANCHORS), context.teachers)]
    sizes = {(row["lang"], row["base"], row["benchmark"]): int(row["n"]) for row in row_dicts(frame)}
    shown: list[Row] = []
    for lang, base in dict.fromkeys(
        sorted(((key[0], key[1]) for key in models), key=lambda pair: (pair[0], bases.index(pair[1])))
    ):
        place: Row = {"language": context.language(lang, base)}
        place |= {"student base": context.model(base)} if len(bases) > 1 else {}
        asked = {name: sizes.get((lang, base, name)) for name in benchmarks}
        items = {name: _asked(frame, lang, base, name, size) for name, size in asked.items()}
        shown.append({**place, **({"recipe": ""} if len(recipes) > 2 else {}), "model": "(items)", **items})
        own = [key for key in models if key[:2] == (lang, base)]
        for key in sorted(own, key=lambda key: (recipes.index(key[2]), names.index(key[3]))):
            title = f"base ({context.model(base)})" if key[3] == "base" else context.model(key[3])
            scores = {}
            for name in benchmarks:
                row = measured.get((*key, name), {"score": np.nan, "se": np.nan})
                missing = UNKNOWN if asked[name] is None and any(asked.values()) else HOLE
                scores[name] = with_error(row["score"], row["se"], missing=missing)
            shown.append({**place, **({"recipe": key[2]} if len(recipes) > 2 else {}), "model": title, **scores})
    notes = [
        "Score ± standard error (bootstrap over items and seeds); n: items; chance: the score of guessing. All models answered "
        "the same items, so a difference is more certain than their standard errors suggest: see the gains in the table of PGR.",
        *_left_out(context, frame),
        *flag_notes(context, gaps),
        *hole_notes(context, holes),
    ]
    data = frame.sort_values([*MODEL, "benchmark"], ignore_index=True)
    more = [power(context, frame)] if "gain_se" in frame and frame["gain_se"].notna().any() else []
    return Table(data, pd.DataFrame(shown), context.title, notes, more)


def _left_out(context: Context, evaluation: pd.DataFrame) -> list[str]:
    """A note of the examples that no student was trained on because they are too long; none if there are none."""
    if "too_long" not in evaluation or not evaluation["too_long"].notna().any():
        return []
    students = evaluation.dropna(subset=["too_long"]).drop_duplicates([*MODEL])
    said = [
        f"{count(row['too_long'])} of {context.model(row['model'])}'s in {context.language(row['lang'])}"
        for row in row_dicts(students.sort_values([*MODEL]))
    ]
    return [
        f"Not trained on, because they are longer than `training.max_length`: {', '.join(said)} (of all seeds and trainings)."
    ]


def _asked(evaluation: pd.DataFrame, lang: str, base: str, benchmark: str, size: int | None) -> str:
    """The items of a benchmark, and what guessing scores where options are given."""
    if size is None:
        return UNKNOWN
    rows = evaluation[(evaluation["lang"] == lang) & (evaluation["base"] == base) & (evaluation["benchmark"] == benchmark)]
    chance = float(rows["chance"].max()) if "chance" in rows else math.nan
    return f"n = {size:,}" + (f", chance {number(chance)}" if chance > 0 else "")


def pgr(
    context: Context,
    cells: pd.DataFrame,
    replicates: pd.DataFrame,
    gaps: pd.DataFrame | None = None,
    holes: pd.DataFrame | None = None,
) -> Table:
    """Gain and performance gap recovered of every cell, by language, with base and reference below.

    Args:
        replicates: measurements by replicate, for the intervals.
    """
    students = Students.of(context, cells)
    langs = sorted(cells["lang"].unique())
    names = {"gain": "gain", "pgr_released": "PGR (ratio of means)", "pgr_paper": "PGR (mean of ratios)"}
    names = {name: title for name, title in names.items() if name in cells.columns and name in replicates.columns}
    found = {
        name: estimates(replicates.pivot(index="replicate", columns=list(KEYS), values=name), context.confidence)
        for name in names
    }
    order = {name: place for place, name in enumerate(ordered(cells["teacher"], context.teachers))}
    data, shown = [], []
    for row in row_dicts(cells.assign(place=cells["teacher"].map(order)).sort_values(["lang", "base", "recipe", "place"])):
        key, base, lang = tuple(row[name] for name in KEYS), row["base"], row["lang"]
        missing: str = HOLE if pd.isna(row["intrinsic"]) else UNKNOWN
        score = row.get("student_score", np.nan)
        values: Row = {**dict(zip(KEYS, key, strict=True)), "student_score": score}
        texts = {"student score": number(score, missing=missing)}
        for name, title in names.items():
            one = found[name][key]
            values |= one.named(name)
            distrust = f" {FLAG}" if name != "gain" and one.known and context.is_flagged(lang, base) else ""
            texts[title] = one.text(3 if name == "gain" else 2, sign=True, missing=missing) + distrust
        data.append({**values, "flagged": context.is_flagged(lang, base)})
        shown.append({"language": students.language(lang, base), **students.name(row), **texts})
    spans = [one for estimated in found.values() for one in estimated.values()]
    notes = [
        students.note(),
        "Gain: student minus base, of mean benchmark scores. PGR: the gain as a share of the gap between reference and base; 0 "
        "is the base, 1 the reference. Ratio of means: of mean scores; mean of ratios: of the ratios of single benchmarks.",
        brackets(context, spans)
        + (" An interval of a ratio says little if its gap could be zero." if any(pd.notna(one.low) for one in spans) else ""),
        "Where the reference is below the base the ratio is reversed: a worse student has a higher PGR. Use the gain instead.",
        *flag_notes(context, gaps),
        *hole_notes(context, unmeasured(cells, holes)),
    ]
    more = [] if gaps is None else [gap_table(context, gaps, langs, students.bases)]
    return Table(pd.DataFrame(data), pd.DataFrame(shown), context.title, notes, more)


def intrinsic(context: Context, intrinsic: pd.DataFrame, holes: pd.DataFrame | None = None) -> Table:
    """Intrinsic metrics of every training set."""
    empty = pd.DataFrame(columns=list(KEYS)) if holes is None else holes[list(KEYS)]
    frame = pd.concat([intrinsic, empty], ignore_index=True) if len(empty) else intrinsic
    students = Students.of(context, frame)
    order = {name: place for place, name in enumerate(ordered(frame["teacher"], context.teachers))}
    frame = frame.assign(place=frame["teacher"].map(order)).sort_values(["place", "base", "recipe", "lang"]).drop(columns="place")
    rows = []
    for row in row_dicts(frame):
        values = _numbers(context.metrics, row) | {
            **{f"{measure} perplexity ± SE": _measure(row, f"perplexity_{measure}") for measure in ("median", "corpus")},
            "tokens of prompt / response": f"{significant(row['prompt_tokens'])} / {significant(row['response_tokens'])}",
            "examples (rated)": f"{count(row['examples'])} ({count(row['rated'])})",
        }
        hole = pd.isna(row["examples"])
        named = {**students.name(row), "language": students.language(row["lang"], row["base"])}
        rows.append({**named, **(dict.fromkeys(values, HOLE) if hole else values)})
    notes = [
        students.note(),
        "SE: bootstrap standard error over examples and seeds. Diversity: mean cosine distance between pairs (0 to 2). Reward: "
        "the judge's mean mark, 1 to 5; a judge's opinion, not a student's success. Perplexity of the responses to the student "
        "base: the mean over examples, that of the median example, and that of all tokens (corpus)"
        f"{_counts(context)}. "
        "Tokens: mean length, by the base's tokenizer. Examples of all seeds together; rated: those with a mark that could "
        "be read.",
        *_further_notes(context),
        *hole_notes(context, holes),
    ]
    return Table(frame.reset_index(drop=True), pd.DataFrame(rows), context.title, notes)


def _numbers(metrics: Sequence[Metric], row: Row) -> dict[str, str]:
    """Every metric except lengths, which have a separate column, with its standard error if it has one."""
    return {
        metric.title + (" ± SE" if metric.replicate != "none" else ""): with_error(
            row[metric.name], row.get(f"{metric.name}_se", math.nan), metric.digits
        )
        for metric in metrics
        if metric.name not in LENGTHS
    }


def _counts(context: Context) -> str:
    if "perplexity" not in context.scored:
        return ""
    return ", one of which counts in the score: in `released` and `paper` the mean, in `signsafe` what `scoring.perplexity` says"


def _measure(row: Row, name: str) -> str:
    return with_error(row[name], row.get(f"{name}_se", math.nan), 2)


def _further_notes(context: Context) -> list[str]:
    """Notes on metrics besides the paper's, and on metrics not in the score."""
    shown = [metric for metric in context.metrics if metric.name not in LENGTHS]
    absent = ", ".join(metric.title for metric in shown if metric.name not in context.scored)
    notes = [metric.note for metric in shown if metric.name not in INTRINSIC and metric.note]
    return [*notes, *([f"Not in the score: {absent}."] if absent else [])]


READ = ("strict_share", "read_share", "repaired", "again")
"""How answers were read: columns of `polyglot.analysis.tables.yield_table`."""
COUNTED = ("source", "lang", "read", "kept", "sampled", "published", "ratio")


def seed_sources(context: Context, sources: pd.DataFrame) -> Table:
    """Row counts by outcome for every source, with table 6's count for the same data set and language."""
    reasons = [name for name in sources.columns if name not in COUNTED]
    rows = [
        {
            "source": row["source"],
            "language": context.language(row["lang"]),
            "rows read": count(row["read"]),
            "left out": "; ".join(f"{name} {count(row[name])}" for name in reasons if row[name]) or "none",
            "kept": count(row["kept"]),
            "sampled": count(row["sampled"]),
            "table 6": count(row["published"]),
            "sampled / table 6": number(row["ratio"], 2),
        }
        for row in row_dicts(sources)
    ]
    notes = [
        "Kept: rows that were not dropped; sampled: kept rows that the seed dataset uses "
        "(`seed_dataset.max_per_source`). If a sample was drawn, kept also counts duplicates of rows outside it.",
        "Table 6: instances that arXiv 2604.11290 took from the same data set in the same language; "
        f"{UNKNOWN} where it has no such row.",
    ]
    return Table(sources, pd.DataFrame(rows), context.title, notes)


YIELD_NOTES = [
    "Count of answers and their share of the requests, over all languages and seeds. Only usable answers are trained on; "
    "the other columns say why an answer is not usable.",
    "Read strictly: share of the requests whose first answer is the pair (or text) that was asked for, as it is. Read in the "
    "end: with JSON that was repaired, and with further attempts (`synthesis.reading`, `synthesis.retries`). What lies "
    "between the two is a teacher's manners, not the quality of its data. Repaired, asked again: usable answers that needed "
    "it.",
    "Tokens a usable one: what the teacher wrote in all, by usable answer; also what was left out is paid for.",
]


def synthesis_yield(context: Context, statuses: pd.DataFrame) -> Table:
    """Usable answers and why others are not, by teacher and method over languages; by language below."""
    used = [
        status
        for status in (*STATUSES, *sorted(set(statuses["status"]) - set(STATUSES)))
        if status in {"ok", *statuses["status"]}
    ]
    names = {status: "usable" if status == "ok" else status.replace("_", " ") for status in used}
    order = ordered(statuses["teacher"], context.teachers)

    def part(group: pd.DataFrame) -> tuple[int, dict[str, int]]:
        asked = int(group.drop_duplicates(["teacher", "lang", "method"])["requests"].sum())
        return asked, {status: int(group.loc[group["status"] == status, "count"].sum()) for status in used}

    data, shown, detail = [], [], []
    for teacher in order:
        for method, group in statuses[statuses["teacher"] == teacher].groupby("method", sort=True):
            asked, counts = part(group)
            named = {"teacher": context.model(teacher), "method": str(method)}
            shares = {}
            for lang, rows in group.groupby("lang", sort=True):
                one, own = part(rows)
                shares[str(lang)] = own["ok"] / max(one, 1)
                where = {"language": context.language(str(lang)), "method": str(method)}
                detail.append(
                    {
                        "teacher": context.model(teacher),
                        **where,
                        "requests": count(one),
                        **_shares(own, one, names),
                        **_shown_read(_read(rows)),
                    }
                )
            worst = min(shares, key=lambda lang: shares[lang])
            read = _read(group)
            usable = {"usable_share": counts["ok"] / max(asked, 1), "worst_language": worst, "worst_share": shares[worst]}
            cost = _cost(group, counts["ok"])
            data.append({"teacher": teacher, "method": method, "requests": asked, **counts, **usable, **read, **cost})
            least = f"{context.language(worst)}: {shares[worst]:.1%}"
            shown.append(
                {
                    **named,
                    "requests": count(asked),
                    **_shares(counts, asked, names),
                    **_shown_read(read),
                    **_shown_cost(cost),
                    "least usable in": least,
                }
            )
    by_language = Table(pd.DataFrame(detail), pd.DataFrame(detail), "By language")
    more = [by_language, *marked_tables(context, statuses), *thoughts_tables(context, statuses)]
    return Table(pd.DataFrame(data), pd.DataFrame(shown), context.title, YIELD_NOTES, more)


def _read(group: pd.DataFrame) -> dict[str, float]:
    """How the answers of some languages were read: shares of the requests, and counts."""
    cells = group.drop_duplicates(["teacher", "lang", "method"]).reindex(columns=["requests", *READ])
    shares = {name: float((cells[name] * cells["requests"]).sum(min_count=1) / cells["requests"].sum()) for name in READ[:2]}
    return shares | {name: float(cells[name].sum(min_count=1)) for name in READ[2:]}


def _shown_read(read: dict[str, float]) -> dict[str, str]:
    texts = [UNKNOWN if np.isnan(value) else f"{value:.1%}" if name in READ[:2] else count(value) for name, value in read.items()]
    return dict(zip(("read strictly", "read in the end", "repaired", "asked again"), texts, strict=True))


def _cost(group: pd.DataFrame, usable: int) -> dict[str, float]:
    """Tokens written, and USD, for each usable answer of some languages; missing where not known."""
    cells = group.drop_duplicates(["teacher", "lang", "method"]).reindex(columns=["completion_tokens", "usd"])
    totals = cells.sum(min_count=len(cells)) / usable if usable else cells.sum() * np.nan
    return {"tokens_per_usable": float(totals["completion_tokens"]), "usd_per_usable": float(totals["usd"])}


def _shown_cost(cost: dict[str, float]) -> dict[str, str]:
    """The same in words; a price only where there is one."""
    shown = {"tokens a usable one": number(cost["tokens_per_usable"], 0)}
    priced = not np.isnan(cost["usd_per_usable"])
    return shown | ({"USD per 1,000 usable": significant(1000 * cost["usd_per_usable"])} if priced else {})


def _shares(counts: dict[str, int], asked: int, names: dict[str, str]) -> dict[str, str]:
    return {names[status]: f"{number:,} ({number / max(asked, 1):.1%})" for status, number in counts.items()}


def resources(context: Context, cost: pd.DataFrame) -> Table:
    """Seconds and memory by rule."""
    rows = [
        {
            "rule": row["rule"],
            "jobs": count(row["jobs"]),
            "seconds": significant(row["seconds"]),
            "mean of a job": significant(row["seconds_mean"]),
            "longest job": significant(row["seconds_max"]),
            "CPU seconds": significant(row["cpu_seconds"]),
            "most memory (MB)": significant(row["memory_mb"]),
        }
        for row in row_dicts(cost)
    ]
    total = cost["seconds"].sum()
    notes = [
        f"Total wall time of all jobs: {significant(total)} s ({significant(total / 3600)} h), summed; jobs that "
        f"ran in parallel took less. {UNKNOWN}: not measured (a job too short to be sampled)."
    ]
    return Table(cost, pd.DataFrame(rows), context.title, notes if len(cost) else ["No job has been measured yet."])


def ledger(context: Context, ledger: pd.DataFrame) -> Table:
    """Hours, GPU hours, tokens and money by rule and teacher, with their sums."""
    sums = ledger.drop(columns=["rule", "teacher"]).sum().to_dict()
    whole = (
        pd.concat([ledger, pd.DataFrame([{"rule": "total", "teacher": "", **sums}])], ignore_index=True)
        if len(ledger)
        else ledger
    )

    def amount(value: float) -> str:
        return significant(value) if value else UNKNOWN

    rows = [
        {
            "rule": row["rule"],
            "teacher": context.model(row["teacher"]) if isinstance(row["teacher"], str) and row["teacher"] else UNKNOWN,
            "jobs": count(row["jobs"]),
            "attempts": count(row["attempts"]),
            "hours": amount(row["hours"]),
            "GPU hours": amount(row["gpu_hours"]),
            "prompt tokens": count(row["prompt_tokens"] or math.nan),
            "completion tokens": count(row["completion_tokens"] or math.nan),
            "USD": amount(row["usd"]),
        }
        for row in row_dicts(whole)
    ]
    notes = [
        "Hours include failed attempts; those of killed attempts are unknown.",
        "USD: endpoint costs, and GPU hours at `plan.usd_per_gpu_hour` if configured. A judge behind "
        "an endpoint is listed under its own name.",
    ]
    return Table(whole, pd.DataFrame(rows), context.title, notes if len(ledger) else ["No job has been recorded yet."])
