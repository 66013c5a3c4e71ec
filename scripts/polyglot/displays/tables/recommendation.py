"""The recommendation page: for every language a teacher, a method, a price, and their reliability."""

from __future__ import annotations

import numpy as np
import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.numbers import HOLE, UNKNOWN, millions, number, p_value, probability, significant
from polyglot.displays.table import Table
from polyglot.displays.tables.doubts import doubts_about
from polyglot.displays.tables.layout import Estimate, Row, Students, definition_note, of_main, row_dicts, unmeasured
from polyglot.displays.tables.verdicts import RIVAL, UNIT, LanguageResults, Price, Recommendation, Verdict, recommend, settled
from polyglot.displays.words import flag_notes, hole_notes

IN_ALL: dict[Verdict, str] = {
    "clear": "a clear choice",
    "tentative": "a tentative choice",
    "single": "one teacher measured, hence no choice",
    "no_gain": "no gain over the base shown, hence no recommendation",
    "worse": "students worse than the base, hence no recommendation",
    "gain_unknown": "gain over the base not known",
    "distrusted": "a score that cannot be trusted, hence no recommendation",
    "not_measured": "nothing measured",
}


def recommendation(
    context: Context,
    cells: pd.DataFrame,
    replicates: pd.DataFrame,
    gaps: pd.DataFrame,
    holes: pd.DataFrame,
    prices: pd.DataFrame,
    methods: pd.DataFrame,
    evaluation: pd.DataFrame | None = None,
) -> Table:
    """Advice by language, with all caveats."""
    cells, replicates = of_main(context, cells), of_main(context, replicates)
    students = Students.of(context, cells)
    base, recipe = str(cells["base"].iloc[0]), str(cells["recipe"].iloc[0])
    missing = unmeasured(cells, holes[(holes["base"] == base) & (holes["recipe"] == recipe)])
    reasons = {(row["base"], row["lang"]): str(row["reason"]) for row in row_dicts(gaps) if row["flagged"]}
    recommendations = []
    for lang in sorted({*cells["lang"], *missing["lang"]}):
        own, drawn, absent = (frame[frame["lang"] == lang] for frame in (cells, replicates, missing))
        flag = reasons.get((base, lang), "")
        doubts = tuple(doubts_about(context, evaluation, lang, base, recipe))
        known = LanguageResults(lang, base, own, drawn, absent, flag, prices, methods, doubts, len(own) == len(cells))
        recommendations.append(recommend(context, known))
    recommendations = settled(context, recommendations)
    notes = [f"**{context.language(one.lang, base)}.** {_paragraph(context, one)}" for one in recommendations]
    notes += [
        students.note() + " The advice applies to this base, recipe and size, and to what these benchmarks measure.",
        definition_note(context),
        f"Brackets: {context.confidence:.0%} intervals; the gain is student minus untrained base, mean benchmark score. "
        "P(first): share of resamples in which the teacher leads among those measured in the language. A "
        f"choice is clear (“take it”) if its lead over every other teacher has p ≤ {context.error_rate:.2g} after Holm's "
        "correction for the languages of this page, the gain is above 0, and there is more than one seed. Of equal teachers, "
        f"however many, at most {context.error_rate:.0%} of such pages call any choice clear. Teachers with P(first) above "
        f"{RIVAL} are named beside it.",
        "The highest of several noisy scores is biased upwards: expect a little less next time. The intervals are "
        "not corrected for multiple teachers and languages; the verdicts are.",
        *flag_notes(context, gaps),
        *hole_notes(context, missing),
    ]
    shown = [_shown(context, one) for one in recommendations]
    data = pd.DataFrame([_data(context, one) for one in recommendations])
    more = [_prices(context, recommendations), _families(context, recommendations)]
    return Table(data, pd.DataFrame(shown), context.title, notes, more, [_overall(context, base, recommendations)])


def _overall(context: Context, base: str, recommendations: list[Recommendation]) -> str:
    """Number of languages by verdict, in one line."""
    parts = []
    for verdict, words in IN_ALL.items():
        chosen = [one for one in recommendations if one.verdict == verdict]
        if chosen:
            named = ", ".join(
                context.language(one.lang, base)
                + (f": {_names(context, one)}" if verdict in ("clear", "tentative", "single", "gain_unknown") else "")
                for one in chosen
            )
            parts.append(f"{words} in {len(chosen)} ({named})")
    text = "; ".join(parts)
    if len(recommendations) == 1:
        words, _, named = parts[0].partition(" in 1 (")
        where, _, who = named.removesuffix(")").partition(": ")
        return f"**For students of {context.model(base)} in {where}: {words}{f' ({who})' if who else ''}.**"
    languages = f"{len(recommendations)} language{'s' if len(recommendations) > 1 else ''}"
    return f"**For students of {context.model(base)}, of {languages}: {text}.**"


def _names(context: Context, advice: Recommendation) -> str:
    return " or ".join(context.model(name) for name in (advice.teacher, *advice.rivals))


def _best(context: Context, advice: Recommendation) -> str:
    """The best-scoring teacher, or teachers if their scores are equal; empty if none was measured."""
    return " and ".join(context.model(name) for name in (advice.teacher, *advice.tied) if name)


def _shown(context: Context, advice: Recommendation) -> Row:
    empty = HOLE if advice.verdict == "not_measured" else UNKNOWN
    rivals = ", ".join(f"{context.model(name)} ({probability(p)})" for name, p in advice.rivals.items())
    return {
        "language": context.language(advice.lang, advice.base),
        "verdict": VERDICTS[advice.verdict],
        "best-scoring teacher": _best(context, advice) or empty,
        f"PG-Score ({context.definition})": advice.pg.text(2, missing=empty),
        "P(first)": probability(advice.p_first, missing=empty),
        "p (lead)": p_value(advice.p_lead),
        f"others with P(first) > {RIVAL}": rivals or empty
        if empty == HOLE
        else rivals or "none"
        if pd.notna(advice.p_first)
        else UNKNOWN,
        "gain of its student": advice.gain.text(sign=True, missing=empty),
        "method": advice.method.name or empty,
        "method known by": BASES[advice.method.basis] if advice.teacher else empty,
        "cautions": f"{len(advice.caveats)}, below" if advice.caveats else "none",
    }


VERDICTS: dict[Verdict, str] = {
    "clear": "**take it**",
    "tentative": "tentative",
    "single": "only one measured",
    "no_gain": "no gain shown",
    "worse": "worse than the base",
    "gain_unknown": "gain unknown",
    "distrusted": "score not to be trusted",
    "not_measured": f"{HOLE} not measured",
}


BASES = {"students": "students", "data": "judge", "yield": "only the yield differs", "unknown": UNKNOWN}


def _paragraph(context: Context, advice: Recommendation) -> str:
    """A short paragraph: recommendation, method, price and caveats."""
    if advice.verdict == "not_measured":
        return f"No teacher was measured: nothing can be recommended. {_beware(advice)}".strip()
    best = context.model(advice.teacher)
    score = f"PG-Score {advice.pg.text(2)}"
    sure = f", P(first) {probability(advice.p_first)} of {advice.measured} teachers" if pd.notna(advice.p_first) else ""
    alike = [context.model(name) for name in advice.tied]
    gain = advice.gain.text(sign=True)
    rivals = " or ".join(context.model(name) for name in advice.rivals)
    leads = f"{' and '.join([best, *alike])} score the same ({score})" if alike else f"{best} scores highest ({score}{sure})"
    others = " or ".join(dict.fromkeys([*alike, *(context.model(name) for name in advice.rivals)]))
    shown = f"no difference shown between {best} and {others}; " if others and advice.verdict == "no_gain" else ""
    plain = f"{shown}no student is shown to be better than the base."
    opening = {
        "clear": f"Take {best} ({score}{sure}); its student gains {gain} over the untrained base.",
        "tentative": f"{leads}, and its student gains {gain} over the untrained base. "
        + (
            f"{rivals} may as well be the best: let price or licence decide, or add seeds."
            if rivals
            else "Take it, but not as settled."
        ),
        "single": f"{best} is the only teacher measured ({score}), so it was compared with none; its student gains {gain}.",
        "no_gain": f"{plain[0].upper()}{plain[1:]} Do not count on a gain: that of {best}'s student is {gain}. {leads}.",
        "worse": f"Do not fine-tune on these data as they are. {leads}, yet its student is worse than the untrained base "
        f"({gain}).",
        "gain_unknown": f"{leads}. Whether its student beats the untrained base is not known: measure that before acting.",
        "distrusted": f"Do not act on the ranking. {leads} by the definition `{context.definition}`, which cannot be trusted "
        f"here; the gain of its student is {gain}.",
    }[advice.verdict]
    against = advice.verdict in ("no_gain", "worse", "distrusted")
    parts = [opening, "If you use its data all the same:" if against else ""]
    parts += [_method(advice), _family(context, advice), _price(advice), _beware(advice)]
    return " ".join(part for part in parts if part)


def _method(advice: Recommendation) -> str:
    if advice.method.basis == "unknown":
        return "Best method: not known."
    if advice.method.basis == "yield":
        return f"Best method: {advice.method.text}."
    doubt = " This is a judge's opinion of the data, not tested with students." if advice.method.basis == "data" else ""
    return f"Best method: {advice.method.name}, {advice.method.text}.{doubt}"


def _family(context: Context, advice: Recommendation) -> str:
    if not advice.family:
        return "Family of the base: not known."
    if advice.kin is None:
        return f"No teacher of the base's family ({advice.family}) was measured."
    kin = context.model(advice.kin.teacher)
    if advice.kin.teacher == advice.teacher:
        return f"{kin} is of the base's family ({advice.family})."
    behind = advice.kin.difference.text(2, sign=True)
    rank = f"rank {advice.kin.rank} of {advice.measured}"
    return f"Of the base's family ({advice.family}), {kin} does best: {rank}, {behind} from the best."


def _price(advice: Recommendation) -> str:
    price = advice.prices[0]
    if pd.isna(price.usable):
        return "Price: not known."
    if not price.usable:
        return "Price: no usable example was recorded."
    money = "money not known" if pd.isna(price.usd) else f"${price.usd:,.2f}" if price.usd else "price 0 in the registry"
    gpu = f"{significant(price.gpu_hours)} GPU hours" if pd.notna(price.gpu_hours) else "no GPU recorded"
    return (
        f"Price of {UNIT:,} usable examples (all methods): {millions(price.prompt_tokens)} prompt and "
        f"{millions(price.completion_tokens)} completion tokens, {significant(price.hours)} h of synthesis, {gpu}, {money}."
    )


def _beware(advice: Recommendation) -> str:
    return f"Beware: {'; '.join(advice.caveats)}." if advice.caveats else ""


def _prices(context: Context, recommendations: list[Recommendation]) -> Table:
    """Prices of the best-scoring teachers and their rivals."""
    rows = [
        {
            "language": context.language(advice.lang, advice.base),
            "teacher": context.model(price.teacher),
            "prompt tokens": millions(price.prompt_tokens),
            "completion tokens": millions(price.completion_tokens),
            "hours of synthesis": significant(price.hours),
            "GPU hours": significant(price.gpu_hours),
            "US dollars": number(price.usd, 2),
            "scaled from (usable examples)": number(price.usable, 0),
        }
        for advice in recommendations
        for price in advice.prices
    ]
    notes = [
        "Scaled from the cost of this study's requests, including those without a usable answer, on its own machine and with "
        f"all its methods; not a quotation. GPU hours: hours of synthesis × GPUs. {UNKNOWN}: not recorded (not zero)."
    ]
    return Table(pd.DataFrame(rows), pd.DataFrame(rows), f"Price of {UNIT:,} usable examples", notes)


def _families(context: Context, recommendations: list[Recommendation]) -> Table:
    rows = []
    for advice in recommendations:
        row: Row = {"language": context.language(advice.lang, advice.base), "family of the base": advice.family or "not known"}
        if advice.kin is None:
            row |= {
                "its best teacher": "none measured" if advice.family else UNKNOWN,
                "rank": UNKNOWN,
                "score minus the best": UNKNOWN,
            }
        else:
            itself = advice.kin.teacher == advice.teacher
            behind = "is the best" if itself else advice.kin.difference.text(2, sign=True)
            rank = f"{advice.kin.rank} of {advice.measured}"
            row |= {"its best teacher": context.model(advice.kin.teacher), "rank": rank, "score minus the best": behind}
        rows.append(row)
    notes = ["PG-Scores of teachers of the student base's own family, by resample. One base says little about families."]
    return Table(pd.DataFrame(rows), pd.DataFrame(rows), "Teachers of the base's family", notes)


def _data(context: Context, advice: Recommendation) -> Row:
    """One row of the CSV."""
    price = advice.prices[0] if advice.prices else Price("", *(np.nan,) * 6)
    kin = advice.kin
    return {
        "lang": advice.lang,
        "language": context.languages.get(advice.lang, {}).get("name", advice.lang),
        "base": advice.base,
        "flagged": context.is_flagged(advice.lang, advice.base),
        "verdict": advice.verdict,
        "teacher": advice.teacher,
        "label": _best(context, advice),
        "teachers_measured": advice.measured,
        "definition": context.definition,
        **advice.pg.named("pg"),
        "p_first": advice.p_first,
        "p_lead": advice.p_lead,
        "rivals": " ".join(advice.rivals),
        "rivals_p_first": " ".join(f"{p:.3f}" for p in advice.rivals.values()),
        **advice.gain.named("gain"),
        "largest_gain_teacher": advice.largest_gain[0],
        **advice.largest_gain[1].named("largest_gain"),
        "method": advice.method.name,
        "method_basis": advice.method.basis,
        "family": advice.family or "",
        "family_teacher": kin.teacher if kin else "",
        "family_rank": kin.rank if kin else pd.NA,
        **(kin.difference if kin else Estimate()).named("family_difference"),
        "usable": price.usable,
        "prompt_tokens_per_10k": price.prompt_tokens,
        "completion_tokens_per_10k": price.completion_tokens,
        "hours_per_10k": price.hours,
        "gpu_hours_per_10k": price.gpu_hours,
        "usd_per_10k": price.usd,
        "doubts": " ".join(doubt.name for doubt in advice.doubts),
        "caveats": "; ".join(advice.caveats),
        "advice": _paragraph(context, advice),
    }
