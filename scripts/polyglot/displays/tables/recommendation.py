"""The page a practitioner acts on: for every language a teacher, a method, a price, and how far to trust them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from polyglot.displays.context import Context
from polyglot.displays.numbers import HOLE, UNKNOWN, number, probability, significant
from polyglot.displays.table import Table
from polyglot.displays.tables.layout import Estimate, Row, Students, definition_note, of_main, row_dicts, unmeasured
from polyglot.displays.tables.verdicts import CLEAR, RIVAL, UNIT, Choice, LanguageResults, Price, Verdict, choose
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
) -> Table:
    """Advice by language, with everything that speaks against it."""
    cells, replicates = of_main(context, cells), of_main(context, replicates)
    students = Students.of(context, cells)
    base, recipe = str(cells["base"].iloc[0]), str(cells["recipe"].iloc[0])
    missing = unmeasured(cells, holes[(holes["base"] == base) & (holes["recipe"] == recipe)])
    reasons = {(row["base"], row["lang"]): str(row["reason"]) for row in row_dicts(gaps) if row["flagged"]}
    choices = []
    for lang in sorted({*cells["lang"], *missing["lang"]}):
        own, drawn, absent = (frame[frame["lang"] == lang] for frame in (cells, replicates, missing))
        flag = reasons.get((base, lang), "")
        choices.append(choose(context, LanguageResults(lang, base, own, drawn, absent, flag, prices, methods)))
    notes = [f"**{context.language(one.lang, base)}.** {_advice(context, one)}" for one in choices]
    notes += [
        students.note() + " The advice holds for this base, recipe and size, and for what these benchmarks measure.",
        definition_note(context),
        f"Brackets: {context.confidence:.0%} intervals; of the gain (student minus untrained base, mean benchmark score) from "
        "its standard error. P(first): share of resamples in which the teacher leads among those measured in the language. A "
        f"choice is clear from P(first) {CLEAR} on, with more than one seed and a gain clearly above 0; teachers with P(first) "
        f"above {RIVAL} are named beside it.",
        "The highest of several noisy scores flatters its owner: expect a little less of it the next time. The intervals are "
        "not widened for looking at several teachers and languages.",
        *flag_notes(context, gaps),
        *hole_notes(context, missing),
    ]
    shown = [_shown(context, one) for one in choices]
    data = pd.DataFrame([_data(context, one) for one in choices])
    more = [_prices(context, choices), _families(context, choices)]
    return Table(data, pd.DataFrame(shown), context.title, notes, more, [_overall(context, base, choices)])


def _overall(context: Context, base: str, choices: list[Choice]) -> str:
    """How many languages get which verdict, in one line."""
    parts = []
    for verdict, words in IN_ALL.items():
        chosen = [one for one in choices if one.verdict == verdict]
        if chosen:
            named = ", ".join(
                context.language(one.lang, base)
                + (f": {_names(context, one)}" if verdict in ("clear", "tentative", "single", "gain_unknown") else "")
                for one in chosen
            )
            parts.append(f"{words} in {len(chosen)} ({named})")
    text = "; ".join(parts)
    return f"**For students of {context.model(base)}, of {len(choices)} language{'s' if len(choices) > 1 else ''}: {text}.**"


def _names(context: Context, choice: Choice) -> str:
    return " or ".join(context.model(name) for name in (choice.teacher, *choice.rivals))


def _shown(context: Context, choice: Choice) -> Row:
    empty = HOLE if choice.verdict == "not_measured" else UNKNOWN
    rivals = ", ".join(f"{context.model(name)} ({probability(p)})" for name, p in choice.rivals.items())
    return {
        "language": context.language(choice.lang, choice.base),
        "verdict": VERDICTS[choice.verdict],
        "best-scoring teacher": context.model(choice.teacher) if choice.teacher else empty,
        f"PG-Score ({context.definition})": choice.pg.text(2, missing=empty),
        "P(first)": probability(choice.p_first, missing=empty),
        f"others with P(first) > {RIVAL}": rivals or empty
        if empty == HOLE
        else rivals or "none"
        if pd.notna(choice.p_first)
        else UNKNOWN,
        "gain of its student": choice.gain.text(sign=True, missing=empty),
        "method": choice.method.name or empty,
        "method known by": BASES[choice.method.basis] if choice.teacher else empty,
        "cautions": f"{len(choice.caveats)}, below" if choice.caveats else "none",
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


BASES = {"students": "students", "data": "judge and yield", "unknown": UNKNOWN}


def _advice(context: Context, choice: Choice) -> str:
    """A short paragraph: what to do, with which method, at what price, and what to beware of."""
    if choice.verdict == "not_measured":
        return f"No teacher was measured: nothing can be recommended. {_beware(choice)}".strip()
    best = context.model(choice.teacher)
    score = f"PG-Score {choice.pg.text(2)}"
    sure = f", P(first) {probability(choice.p_first)} of {choice.measured} teachers" if pd.notna(choice.p_first) else ""
    gain = choice.gain.text(sign=True)
    rivals = " or ".join(context.model(name) for name in choice.rivals)
    leads = f"{best} scores highest ({score}{sure})"
    opening = {
        "clear": f"Take {best} ({score}{sure}); its student gains {gain} over the untrained base.",
        "tentative": f"{leads}, and its student gains {gain} over the untrained base. "
        + (
            f"{rivals} may as well be the best: let price or licence decide, or add seeds."
            if rivals
            else "Take it, but not as settled."
        ),
        "single": f"{best} is the only teacher measured ({score}), so it was compared with none; its student gains {gain}.",
        "no_gain": f"Do not count on a gain. {leads}, but its student's gain over the untrained base cannot be distinguished "
        f"from none ({gain}).",
        "worse": f"Do not fine-tune on these data as they are. {leads}, yet its student is worse than the untrained base "
        f"({gain}).",
        "gain_unknown": f"{leads}. Whether its student beats the untrained base is not known: measure that before acting.",
        "distrusted": f"Do not act on the ranking. {leads} by the definition `{context.definition}`, which cannot be trusted "
        f"here; the gain of its student is {gain}.",
    }[choice.verdict]
    against = choice.verdict in ("no_gain", "worse", "distrusted")
    parts = [opening, "If you use its data all the same:" if against else ""]
    parts += [_method(choice), _family(context, choice), _price(choice), _beware(choice)]
    return " ".join(part for part in parts if part)


def _method(choice: Choice) -> str:
    if choice.method.basis == "unknown":
        return "Best method: not known."
    doubt = " That is a judge's opinion of the data, not shown by students." if choice.method.basis == "data" else ""
    return f"Best method: {choice.method.name}, {choice.method.text}.{doubt}"


def _family(context: Context, choice: Choice) -> str:
    if not choice.family:
        return "Family of the base: not known."
    if choice.kin is None:
        return f"No teacher of the base's family ({choice.family}) was measured."
    kin = context.model(choice.kin.teacher)
    if choice.kin.teacher == choice.teacher:
        return f"{kin} is of the base's family ({choice.family})."
    behind = choice.kin.difference.text(2, sign=True)
    rank = f"rank {choice.kin.rank} of {choice.measured}"
    return f"Of the base's family ({choice.family}), {kin} does best: {rank}, {behind} from the best."


def _price(choice: Choice) -> str:
    price = choice.prices[0]
    if pd.isna(price.usable):
        return "Price: not known."
    if not price.usable:
        return "Price: no usable example was recorded."
    money = f"${price.usd:,.2f}" if pd.notna(price.usd) else "money not known"
    gpu = f"{significant(price.gpu_hours)} GPU hours" if pd.notna(price.gpu_hours) else "no GPU recorded"
    return (
        f"Price of {UNIT:,} usable examples (all methods): {_tokens(price.prompt_tokens)} prompt and "
        f"{_tokens(price.completion_tokens)} completion tokens, {significant(price.hours)} h of synthesis, {gpu}, {money}."
    )


def _tokens(value: float) -> str:
    return UNKNOWN if pd.isna(value) else f"{significant(value / 1e6)} M"


def _beware(choice: Choice) -> str:
    return f"Beware: {'; '.join(choice.caveats)}." if choice.caveats else ""


def _prices(context: Context, choices: list[Choice]) -> Table:
    """Prices of the best-scoring teachers and their rivals."""
    rows = [
        {
            "language": context.language(choice.lang, choice.base),
            "teacher": context.model(price.teacher),
            "prompt tokens": _tokens(price.prompt_tokens),
            "completion tokens": _tokens(price.completion_tokens),
            "hours of synthesis": significant(price.hours),
            "GPU hours": significant(price.gpu_hours),
            "US dollars": number(price.usd, 2),
            "scaled from (usable examples)": number(price.usable, 0),
        }
        for choice in choices
        for price in choice.prices
    ]
    notes = [
        "In proportion to what this study's requests cost, those without a usable answer included, on its own machine and with "
        f"all its methods; not a quotation. GPU hours: hours of synthesis × GPUs. {UNKNOWN}: not recorded, which is not nothing."
    ]
    return Table(pd.DataFrame(rows), pd.DataFrame(rows), f"Price of {UNIT:,} usable examples", notes)


def _families(context: Context, choices: list[Choice]) -> Table:
    rows = []
    for choice in choices:
        row: Row = {"language": context.language(choice.lang, choice.base), "family of the base": choice.family or "not known"}
        if choice.kin is None:
            row |= {
                "its best teacher": "none measured" if choice.family else UNKNOWN,
                "rank": UNKNOWN,
                "score minus the best": UNKNOWN,
            }
        else:
            itself = choice.kin.teacher == choice.teacher
            behind = "is the best" if itself else choice.kin.difference.text(2, sign=True)
            rank = f"{choice.kin.rank} of {choice.measured}"
            row |= {"its best teacher": context.model(choice.kin.teacher), "rank": rank, "score minus the best": behind}
        rows.append(row)
    notes = [
        "How the teachers of the student base's own family fare, in PG-Score by resample. That of one base says little about "
        "families."
    ]
    return Table(pd.DataFrame(rows), pd.DataFrame(rows), "Teachers of the base's family", notes)


def _data(context: Context, choice: Choice) -> Row:
    """One row of the CSV."""
    price = choice.prices[0] if choice.prices else Price("", *(np.nan,) * 6)
    kin = choice.kin
    return {
        "lang": choice.lang,
        "language": context.languages.get(choice.lang, {}).get("name", choice.lang),
        "base": choice.base,
        "flagged": context.is_flagged(choice.lang, choice.base),
        "verdict": choice.verdict,
        "teacher": choice.teacher,
        "label": context.model(choice.teacher) if choice.teacher else "",
        "teachers_measured": choice.measured,
        "definition": context.definition,
        **choice.pg.named("pg"),
        "p_first": choice.p_first,
        "rivals": " ".join(choice.rivals),
        "rivals_p_first": " ".join(f"{p:.3f}" for p in choice.rivals.values()),
        **choice.gain.named("gain"),
        "largest_gain_teacher": choice.largest_gain[0],
        **choice.largest_gain[1].named("largest_gain"),
        "method": choice.method.name,
        "method_basis": choice.method.basis,
        "family": choice.family or "",
        "family_teacher": kin.teacher if kin else "",
        "family_rank": kin.rank if kin else pd.NA,
        **(kin.difference if kin else Estimate()).named("family_difference"),
        "usable": price.usable,
        "prompt_tokens_per_10k": price.prompt_tokens,
        "completion_tokens_per_10k": price.completion_tokens,
        "hours_per_10k": price.hours,
        "gpu_hours_per_10k": price.gpu_hours,
        "usd_per_10k": price.usd,
        "caveats": "; ".join(choice.caveats),
        "advice": _advice(context, choice),
    }
