"""The evidence for one language: the best teacher and its rivals, method, price and caveats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.numbers import number, p_value, with_error
from polyglot.displays.tables.doubts import Doubt
from polyglot.displays.tables.layout import Estimate, Row, estimate, row_dicts
from polyglot.displays.words import TWO_CELLS, size_span, two_cells
from polyglot.scoring.scores import DEFINITIONS
from polyglot.scoring.statistics import holm, rank_probabilities

Verdict = Literal["clear", "tentative", "single", "no_gain", "worse", "gain_unknown", "distrusted", "not_measured"]
RIVAL = 0.2
"""Teachers above this probability of rank 1 are named as rivals of the best."""
UNIT = 10_000
"""Number of usable examples that prices refer to."""


NO_ESTIMATE = Estimate()


@dataclass(frozen=True)
class Price:
    """The cost of `UNIT` usable examples of a teacher, scaled from the study's cost."""

    teacher: str
    usable: float
    prompt_tokens: float
    completion_tokens: float
    hours: float
    gpu_hours: float
    usd: float

    @classmethod
    def of(cls, prices: pd.DataFrame, teacher: str, lang: str) -> Price:
        rows = prices[(prices["teacher"] == teacher) & (prices["lang"] == lang)]
        if rows.empty or not rows["usable"].iloc[0] > 0:
            return cls(teacher, 0.0 if len(rows) else np.nan, *(np.nan,) * 5)
        row = rows.iloc[0]
        scale = UNIT / float(row["usable"])
        hours = scale * float(row["seconds"]) / 3600
        gpu_hours = hours * float(row["gpus"]) if row["gpus"] > 0 else np.nan
        tokens = (scale * float(row["prompt_tokens"]), scale * float(row["completion_tokens"]))
        return cls(teacher, float(row["usable"]), *tokens, hours, gpu_hours, scale * float(row["usd"]))


@dataclass(frozen=True)
class Method:
    """The best method for a teacher and language in quality, and the evidence; without a name if only the yields differ."""

    name: str
    basis: Literal["students", "data", "yield", "unknown"]
    text: str


@dataclass(frozen=True)
class Kin:
    """The best teacher of the base's family, and its distance to the best of all."""

    teacher: str
    rank: int
    difference: Estimate


@dataclass(frozen=True)
class Recommendation:
    """Everything about one language."""

    lang: str
    base: str
    verdict: Verdict
    measured: int
    teacher: str = ""
    pg: Estimate = NO_ESTIMATE
    p_first: float = np.nan
    p_lead: float = np.nan
    """p-value of the lead; of all languages of a page together after `settled`."""
    flag: str = ""
    rivals: Mapping[str, float] = field(default_factory=dict)
    gain: Estimate = NO_ESTIMATE
    largest_gain: tuple[str, Estimate] = ("", NO_ESTIMATE)
    gains_known: bool = False
    method: Method = Method("", "unknown", "")
    family: str | None = None
    kin: Kin | None = None
    prices: tuple[Price, ...] = ()
    caveats: tuple[str, ...] = ()
    tied: tuple[str, ...] = ()
    """Teachers with the very same score as the first."""
    doubts: tuple[Doubt, ...] = ()
    """About the test itself; their cautions are among the caveats."""


@dataclass(frozen=True)
class LanguageResults:
    """The evidence for one language, with one base and recipe.

    `cells`, `replicates` and `holes` cover only the language, `prices` and `methods` the study; `flag` is the reason for a flag,
    or empty.
    """

    lang: str
    base: str
    cells: pd.DataFrame
    replicates: pd.DataFrame
    holes: pd.DataFrame
    flag: str
    prices: pd.DataFrame
    methods: pd.DataFrame
    doubts: tuple[Doubt, ...] = ()
    alone: bool = False
    """Whether no other language is scored with this one."""


def recommend(context: Context, known: LanguageResults) -> Recommendation:
    """The recommendation for one language, without its verdict (see `settled`)."""
    lang, base, cells, holes, flag = known.lang, known.base, known.cells, known.holes, known.flag
    column = f"pg_{context.definition}"
    point = cells.set_index("teacher")[column].dropna()
    family = context.models.get(base, {}).get("family")
    if point.empty:
        return Recommendation(lang, base, "not_measured", 0, family=family, caveats=_hole_caveats(context, cells, holes))
    wide = known.replicates.pivot(index="replicate", columns="teacher", values=column)[list(point.index)]
    ranks = rank_probabilities(wide.drop(index=0), point=point, confidence=context.confidence)
    best = str(point.idxmax())
    shares = {str(row["teacher"]): float(row["p_first"]) for row in row_dicts(ranks)}
    others = sorted((name for name in shares if name != best and shares[name] > RIVAL), key=lambda name: -shares[name])
    rivals = {name: shares[name] for name in others}
    p_first = shares[best] if len(point) > 1 else np.nan
    row = next(row for row in row_dicts(cells) if row["teacher"] == best)
    pg = Estimate.of(row, column)
    gains = {str(one["teacher"]): Estimate.of(one, "gain") for one in row_dicts(cells) if pd.notna(one.get("gain"))}
    largest = max(gains, key=lambda name: gains[name].value) if gains else ""
    own = gains.get(best, Estimate())
    kin = [str(name) for name in point.index if family and context.models.get(str(name), {}).get("family") == family]
    found = Recommendation(
        lang,
        base,
        "tentative",
        len(point),
        teacher=best,
        pg=pg,
        p_first=p_first,
        p_lead=float(ranks["p_lead"].max()),
        flag=flag,
        rivals=rivals,
        gain=own,
        largest_gain=(largest, gains.get(largest, Estimate())),
        gains_known=bool(gains),
        method=best_method(context, known.methods, best, lang, pg),
        family=family,
        kin=_kin(context, wide, point, best, kin),
        prices=tuple(Price.of(known.prices, name, lang) for name in (best, *rivals)),
        tied=tuple(str(name) for name in point.index if name != best and point[name] == point[best]),
        doubts=known.doubts,
    )
    counted = (TWO_CELLS,) * (known.alone and two_cells(cells))
    return replace(found, caveats=(*counted, *_caveats(context, found, cells, holes)))


def settled(context: Context, recommendations: Sequence[Recommendation]) -> list[Recommendation]:
    """The verdicts on all languages of a page, with p-values of leads adjusted for their number (Holm)."""
    adjusted = holm(np.array([one.p_lead for one in recommendations]))
    found = []
    for one, p_lead in zip(recommendations, adjusted.tolist(), strict=True):
        if one.verdict != "not_measured":
            one, tested = replace(one, p_lead=p_lead), [doubt.caution for doubt in one.doubts]
            one = replace(one, verdict=_verdict(context, one), caveats=(*tested, *_doubts(context, one), *one.caveats))
        found.append(one)
    return found


def _verdict(context: Context, advice: Recommendation) -> Verdict:
    """The verdict on the best teacher, determined by the most serious doubt."""
    gain = advice.gain
    if advice.flag and context.definition != "signsafe":
        return "distrusted"
    if gain.high < 0 or (pd.isna(gain.high) and gain.value < 0):
        return "worse"
    if not gain.known:
        return "gain_unknown"
    if not gain.low > 0:
        return "no_gain"
    if advice.measured == 1:
        return "single"
    return "clear" if advice.p_lead <= context.error_rate and context.seeds > 1 else "tentative"


def _doubts(context: Context, advice: Recommendation) -> list[str]:
    """Caveats that depend on the other languages of the page, or on the seeds."""
    found = []
    if advice.measured > 1 and pd.isna(advice.p_lead):
        found.append("no resamples: the uncertainty of the order of teachers is unknown")
    elif advice.p_lead > context.error_rate:
        found.append(f"the lead may be chance (p {p_value(advice.p_lead)} over all languages of this page)")
    if context.seeds == 1:
        found.append(_one_seed(context, advice.gain))
    return found


SEED_SPREAD = 0.02
"""The most that trainings spread a student's mean benchmark score elsewhere, as a standard deviation.

No study of this kind has published its spread between seeds: the deviations of table 13 of arXiv 2604.11290 are those of the
items. But what 90 released students of three bases leave beyond the means of their teachers and languages
(config/published/released_students.csv) has a standard deviation of 0.010, with a 95 % bound of 0.012, items included. If each is
the mean of three trials, a single training spreads by at most 0.021.
"""


def _one_seed(context: Context, gain: Estimate) -> str:
    """What the spread between trainings elsewhere would do to the gain; the lead is never clear with one seed."""
    from scipy.stats import norm

    without, what = ("of another draw of data", "draws") if context.trainings > 1 else ("of sampling and training", "seeds")
    text = (
        f"one seed only: intervals do not include the randomness {without}, so certainty is overstated, and no "
        f"choice is clear; if {what} spread a student's score by {SEED_SPREAD} (standard deviation: at most that in the released "
        "results of arXiv 2604.11290)"
    )
    if not gain.low > 0:
        return f"{text}, intervals would be wider still"
    reach = np.hypot(gain.value - gain.low, norm.ppf((1 + context.confidence) / 2) * SEED_SPREAD)
    kept = "still be shown" if gain.value > reach else "not be shown any more"
    return f"{text}, this gain would {kept} ({number(gain.value, sign=True)} ± {number(reach)})"


def _kin(context: Context, wide: pd.DataFrame, point: pd.Series, best: str, kin: list[str]) -> Kin | None:
    if not kin:
        return None
    scores = {str(name): float(score) for name, score in point.items()}
    name = max(kin, key=lambda teacher: scores[teacher])
    rank = 1 + sum(score > scores[name] for score in scores.values())
    return Kin(name, rank, estimate(wide[name] - wide[best], context.confidence))


def best_method(context: Context, methods: pd.DataFrame, teacher: str, lang: str, mix: Estimate) -> Method:
    """The best method of a teacher: by student scores if known, else by the judge's reward.

    Args:
        mix: score of the study's own recipe, to compare the methods with.
    """
    own = methods[(methods["teacher"] == teacher) & (methods["lang"] == lang)]
    taught = own[(own["source"] == "students") & own["pg"].notna()]
    if len(taught):
        scores: dict[str, Estimate] = {str(row["method"]): Estimate.of(row, "pg") for row in row_dicts(taught)}
        scores.setdefault(context.recipe, mix)
        return _by_students(scores)
    return _by_data(context, own[own["source"] == "data"])


def _by_students(scores: Mapping[str, Estimate]) -> Method:
    name = max(scores, key=lambda one: scores[one].value)
    low = scores[name].low
    close = [other for other in scores if other != name and not scores[other].high < low]
    text = f"by students: PG-Score {scores[name].text(2)}"
    text += f"; its interval overlaps that of {', '.join(close)}" if close else "; above all others tried"
    return Method(name, "students", text)


def _by_data(context: Context, rows: pd.DataFrame) -> Method:
    """The method with the highest reward, if it can be distinguished from the others; the yield of all beside it."""
    known = row_dicts(rows.dropna(subset=["reward", "usable_share"], how="all"))
    if not known:
        return Method("", "unknown", "not known")

    rated = [row for row in known if pd.notna(row["reward"])]
    if not rated:
        return Method("", "yield", f"quality unknown, as no reward is known; {_by_yield(known)}")
    top = max(rated, key=lambda row: float(row["reward"]))
    # without a standard error a smaller reward cannot be distinguished from the highest
    tied = [row for row in rated if not row["reward"] < top["reward"] - _reach(context, row, top, len(rated))]
    if len(known) == 1:
        return Method(str(top["method"]), "data", f"the only one with data: {_facts(top)}")
    if len(tied) == 1:
        facts = f"quality: {top['method']} has the highest reward ({_facts(top)})"
        return Method(str(top["method"]), "data", f"by quality. {facts}; {_by_yield(known)}")
    names = ", ".join(str(row["method"]) for row in tied)
    return Method(
        "", "yield", f"no method is best in quality: the rewards of {names} cannot be distinguished; {_by_yield(known)}"
    )


def _reach(context: Context, row: Row, top: Row, methods: int) -> float:
    """How far two mean rewards must be apart, among the best of several methods (Bonferroni)."""
    from scipy.stats import norm

    level = (1 - context.confidence) / 2 / max(methods - 1, 1)
    return float(norm.ppf(1 - level) * np.hypot(row["reward_se"], top["reward_se"]))


def _facts(row: Row) -> str:
    share: str = "unknown" if pd.isna(row["usable_share"]) else f"{row['usable_share']:.0%}"
    return f"reward {with_error(row['reward'], row['reward_se'], 2)}, usable {share}"


def _by_yield(rows: Sequence[Row]) -> str:
    """The usable shares of the methods, which are a matter of yield and not of quality."""
    shares = sorted((row for row in rows if pd.notna(row["usable_share"])), key=lambda row: -float(row["usable_share"]))
    return "yield (usable answers): " + (", ".join(f"{row['method']} {row['usable_share']:.0%}" for row in shares) or "unknown")


def _hole_caveats(context: Context, cells: pd.DataFrame, holes: pd.DataFrame) -> tuple[str, ...]:
    reasons = dict(zip(holes["teacher"], holes["reason"], strict=True))
    empty = [str(name) for name in dict.fromkeys([*cells.loc[cells["intrinsic"].isna(), "teacher"], *reasons])]
    named = "; ".join(f"{context.model(name)} ({reasons.get(name, 'reason not recorded')})" for name in empty)
    return (f"not measured, so neither better nor worse: {named}",) if named else ()


def _caveats(context: Context, advice: Recommendation, cells: pd.DataFrame, holes: pd.DataFrame) -> tuple[str, ...]:
    found, flag = [], advice.flag
    if flag:
        safe = context.definition == "signsafe"
        used = (
            "this ranking uses the gain, which needs no reference"
            if safe
            else "it is reversed or inflated, and so is this ranking"
        )
        found.append(f"{flag}: do not read the share of the gap that students recover (PGR): {used}")
    largest, gain = advice.largest_gain
    if advice.gains_known and not gain.low > 0:
        found.append("no student of any teacher clearly beats the untrained base")
    elif advice.gains_known and largest != advice.teacher:
        shown = gain.text(sign=True)
        found.append(f"the largest gain is that of {context.model(largest)}'s student: {shown}")
    if not advice.gains_known:
        found.append("the students' gain is not known")
    others = [] if flag else [name for name in DEFINITIONS if name != context.definition and cells[f"pg_{name}"].notna().any()]
    leaders = {name: row_dicts(cells.sort_values(f"pg_{name}", ascending=False).head(1))[0] for name in others}
    differ = [f"{context.model(row['teacher'])} ({name})" for name, row in leaders.items() if row["teacher"] != advice.teacher]
    if differ:
        found.append(f"another definition of the score has another leader: {', '.join(differ)}")
    span = size_span(context, str(cells["recipe"].iloc[0]), advice.lang)
    if span:
        found.append(
            f"training sets differ in size, {span} examples, so that how much data there is mixes with how good they are"
        )
    few = [price for price in advice.prices if price.usable < UNIT / 100]
    if few:
        counts = ", ".join(f"{context.model(price.teacher)} {number(price.usable, 0)}" for price in few)
        found.append(f"prices are scaled up from few usable examples ({counts})")
    return (*found, *_hole_caveats(context, cells, holes))
