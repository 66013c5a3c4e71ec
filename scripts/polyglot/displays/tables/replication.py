"""Tables of the replication audit: claims with verdicts, the sign audit, rankings under each way of scoring."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.numbers import UNKNOWN, number, p_value, significant, with_interval
from polyglot.displays.table import Table
from polyglot.displays.tables.layout import Row, row_dicts
from polyglot.intrinsic.metrics import INTRINSIC
from polyglot.replication.verdicts import NOT_REPRODUCED, UNSTATED, VERDICTS

FEW = 3
"""Maximum number of items shown individually."""


def claims(found: pd.DataFrame, values: pd.DataFrame, sizes: pd.DataFrame) -> Table:
    """Every claim with its published and recomputed value and the verdict.

    Args:
        found, values: from `polyglot.replication.verdicts.check_claims`.
        sizes: from `polyglot.replication.checks.predictors.size_sensitivity`.
    """
    by_claim = {str(name): rows for name, rows in values.groupby("id", sort=False)}
    texts = [_published_and_recomputed(row, by_claim[row["id"]]) for row in row_dicts(found)]
    data = found.assign(published=[text[0] for text in texts], recomputed=[text[1] for text in texts])
    columns = ["id", "claim", "where", "published", "recomputed", "tolerance", "items", "checked", "within", "largest_difference"]
    data = data[[*columns, "verdict", "note", "missing", "numbers"]]
    verdicts = found["verdict"].value_counts()
    counts = ", ".join(f"{verdicts[verdict]} {verdict}" for verdict in VERDICTS if verdict in verdicts)
    rows = []
    for place, row in enumerate(row_dicts(data), 1):
        rows.append(
            {
                "": str(place),
                "verdict": _verdict(row["verdict"]),
                "claim": row["claim"],
                "published": row["published"],
                "recomputed": row["recomputed"],
                "tolerance": f"{row['tolerance']:g}" if row["tolerance"] else "exact",
                "where": row["where"],
            }
        )
    notes = []
    for place, row in enumerate(row_dicts(data), 1):
        missing = f"not published: {row['missing']}" if row["missing"] else ""
        text = "; ".join(part for part in (missing, row["note"]) if part)
        notes += [f"{place}: {text}."] if text else []
    return Table(
        data,
        pd.DataFrame(rows),
        "Replication audit of arXiv 2604.11290",
        notes,
        more=[_size_table(sizes)],
        lead=[
            f"{len(found)} claims: {counts}. Each is recomputed from published numbers (config/published) with the code that "
            "scores any study; tolerances follow from how values are printed (config/replication.yaml).",
        ],
    )


def _verdict(verdict: str) -> str:
    """A verdict as it stands in the table: short, bold if a claim does not come out as it is stated."""
    short = verdict.split(" from ")[0]
    return f"**{short}**" if verdict in (NOT_REPRODUCED, UNSTATED) else short


def _published_and_recomputed(claim: Row, values: pd.DataFrame) -> tuple[str, str]:
    """A claim's values as shown."""
    if values["published"].map(lambda value: isinstance(value, bool)).all():
        return _statements(claim, values)
    if len(values) <= FEW:
        return _listed(values, "published"), _listed(values, "recomputed")
    text = f"{len(values)} values"
    if not claim["checked"]:
        return text, UNKNOWN
    outside = values[values["within"].eq(False)]
    worst = values.iloc[int(values["difference"].astype(float).argmax())]
    largest = f"{significant(worst['difference'], 2)} ({worst['item']})"
    shown = f"{claim['within']} of {claim['checked']} within; largest difference {largest}"
    if 0 < len(outside) <= 2 * FEW:
        pairs = (f"{row['item']} {number(row['published'])} → {number(row['recomputed'])}" for row in row_dicts(outside))
        shown += f". Outside: {'; '.join(pairs)}"
    return text, shown


def _listed(values: pd.DataFrame, column: str) -> str:
    shown = values[column].map(lambda value: UNKNOWN if pd.isna(value) else f"{float(value):,.5g}")
    return ", ".join(values["item"] + " " + shown)


def _statements(claim: Row, values: pd.DataFrame) -> tuple[str, str]:
    """Statements that are true or false."""
    words = {True: "yes", False: "no"}
    published = _all_or_each(values["item"], values["published"], words)
    known = values[values["recomputed"].notna()]
    unknown = values.loc[values["recomputed"].isna(), "item"]
    text = _all_or_each(known["item"], known["recomputed"], words) if claim["checked"] else UNKNOWN
    return published, text + (f"; not known: {', '.join(unknown)}" if len(unknown) else "")


def _all_or_each(names: Iterable[str], values: Iterable[Any], words: dict[bool, str]) -> str:
    by_word: dict[str, list[str]] = {}
    for name, value in zip(names, values, strict=True):
        by_word.setdefault(words[bool(value)], []).append(name)
    if len(by_word) == 1:
        word, alike = next(iter(by_word.items()))
        return word if len(alike) == 1 else f"{word}, in all {len(alike)}"
    shorter = min(by_word.items(), key=lambda entry: len(entry[1]))
    total = sum(map(len, by_word.values()))
    return f"{shorter[0]} in {len(shorter[1])} of {total} ({', '.join(shorter[1])})"


def _size_table(sizes: pd.DataFrame) -> Table:
    rows = [
        {
            "sizes": row["sizes"],
            "teachers": str(row["groups"]),
            "effect of log size": with_interval(row["coefficient"], row["low"], row["high"], sign=True),
            "SE": number(row["se"]),
            "p": p_value(row["p"]),
        }
        for row in row_dicts(sizes)
    ]
    note = "Mixed-effects models of the recomputed PG-Scores; 95 % intervals and p-values by Student's t."
    return Table(sizes, pd.DataFrame(rows), "Table 3's model under other sizes", [note])


def sign_audit(context: Context, audit: pd.DataFrame) -> Table:
    """By language: what PGRs imply, and base and reference if they can be determined."""
    rows = []
    for row in row_dicts(audit):
        known = not pd.isna(row["gap"])
        rows.append(
            {
                "language": context.language(row["lang"]),
                "PGR above 1": f"{row['pgr_above_one']} of {row['students']}",
                "below base, if reference above it": str(row["below_base_if_positive"]),
                "below base, if reference below it": str(row["below_base_if_negative"]),
                "base": number(row["base_score"]),
                "reference": number(row["reference_score"]),
                "gap ± SE": f"{number(row['gap'], sign=True)} ± {number(row['gap_se'])}" if known else UNKNOWN,
                "students above base": f"{int(row['above_base'])} of {row['students']}" if known else UNKNOWN,
                "different scores": str(row["distinct"]),
                "finding": row["reason"] or "gap above its standard error",
            }
        )
    unknown, unsure = (
        ", ".join(context.language(lang) for lang in audit.loc[missing, "lang"])
        for missing in (audit["gap"].isna(), audit["gap_se"].isna() & audit["gap"].notna())
    )
    notes = [
        "From table 12 alone: a PGR above 1 is a student above a reference that is above the base, or one below a reference that "
        "is below the base; the sign of the gap is not published.",
        "Base and reference: zero and slope of the straight line that the authors' released student scores and PGRs lie on."
        + (f" They lie on no common line, and so are inconsistent, in {unknown}." if unknown else ""),
        "SE of the gap: 1.41 times the median standard error of released student scores in the language; the anchors' own "
        "are assumed similar, and base and reference independent." + (f" None is released for {unsure}." if unsure else ""),
        "What published data cannot show: scores by benchmark, hence the definition `paper`; the anchors' own standard errors; "
        "whether a student below its base got worse or was measured on a benchmark that says nothing (different scores: of ten).",
    ]
    return Table(audit, pd.DataFrame(rows), "Sign audit: is the reference above the base?", notes)


def definition_ranks(context: Context, ranks: pd.DataFrame) -> Table:
    """Rank and score of every teacher under each way of scoring."""
    order = ranks.loc[ranks["choice"] == "released"].sort_values("rank")["teacher"]
    ways = ranks.drop_duplicates("choice")
    scores = ranks.set_index(["choice", "teacher"])
    rows = []
    for teacher in order:
        row: Row = {"teacher": context.model(teacher)}
        for way in row_dicts(ways):
            found = scores.loc[(way["choice"], teacher)]
            row[way["meaning"]] = f"{int(found['rank'])} ({number(found['score'], 2, sign=True)})"
        rows.append(row)
    notes = [
        f"*{row['meaning']}*: {', '.join(context.language(lang) for lang in row['langs'].split())}." for row in row_dicts(ways)
    ]
    notes += [
        f"Rank (mean score over these languages). Intrinsic z-scores ({len(INTRINSIC)} metrics) are over all published cells. "
        "Scores have no intervals: per-example outcomes are not published.",
        "The definition `paper` needs PGRs by benchmark, which are not published; with one PGR a language it ranks as published.",
    ]
    return Table(ranks, pd.DataFrame(rows), "Teachers under each way of scoring", notes)
