"""The choice: who writes a language's data, and how, with every number behind it.

A verdict says which teacher leads in a language and how sure that is. A study's recommendation is one source of verdicts, a
ranking by the data alone another; any other only has to give a list of `Verdict`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from polyglot.core.errors import WrongInput
from polyglot.synthesis.draws import Draw

CLEAR, DISTRUSTED = "clear", "distrusted"
WHY = {
    CLEAR: "the study's choice is clear",
    "tentative": "no choice is clear: its lead may be chance",
    "single": "no other teacher was measured",
    "no_gain": "no choice is clear: no student is shown to be better than the base",
    "worse": "no choice is clear: its students are worse than the base",
    "gain_unknown": "no choice is clear: the gain of its students is not known",
    DISTRUSTED: "no choice is clear: the scores of this language cannot be trusted",
    "ranking": "no student was trained: it leads by a judge's and other measurements of a small sample of its data",
}
"""What each verdict says of the teacher that leads."""
NUMBERS = ("pg", "p_first", "p_lead", "gain")
"""Of a verdict: with intervals where there are any."""


@dataclass(frozen=True)
class Verdict:
    """Who leads in a language. `name`: a key of `WHY`. `numbers`: what the source says of the leader, by name. `source`: where
    the verdict comes from, in words."""

    lang: str
    teacher: str
    name: str
    numbers: Mapping[str, Any]
    source: str


@dataclass(frozen=True)
class Alternative:
    """Another teacher or recipe, compared with the leader's data. `difference`: of the students' mean benchmark scores, with its
    interval. `students`: of each, on data of so many `draws`. `problem`: why it is not taken; empty for one that is better and
    can be built. `gain`: of its students over the base, with its interval. `beaten`, `unbeaten`: the experiment's other teachers
    whose students are shown to be worse, and those whose are not."""

    experiment: str
    teacher: str
    recipe: str
    than: str
    difference: float
    low: float
    high: float
    students: int
    problem: str
    gain: float | None = None
    gain_low: float | None = None
    gain_high: float | None = None
    beaten: Sequence[str] = ()
    unbeaten: Sequence[str] = ()
    draws: int = 1


@dataclass(frozen=True)
class Choice:
    """What a language's data set is made of. `recipe` has the size in its name. `overruled`: what the study would have taken."""

    lang: str
    teacher: str
    recipe: str
    size: int
    clear: bool
    why: str
    source: str
    verdict: str
    numbers: Mapping[str, Any]
    alternatives: Sequence[Alternative] = ()
    overruled: Mapping[str, str] = field(default_factory=dict)


def of_recommendation(table: pd.DataFrame) -> list[Verdict]:
    """Verdicts of a study's recommendation (`tables/recommendation.csv`), of languages in which any teacher was measured."""
    kept = [name for name in table.columns if name.split("_low")[0].split("_high")[0] in NUMBERS]
    kept += [name for name in ("teachers_measured", "definition", "rivals", "rivals_p_first", "caveats") if name in table]
    return [
        Verdict(str(row["lang"]), str(row["teacher"]), str(row["verdict"]), plain(row, kept), "students of the study")
        for row in table.to_dict("records")
        if row["verdict"] != "not_measured"
    ]


def of_ranking(table: pd.DataFrame, langs: Iterable[str]) -> list[Verdict]:
    """The verdict of a ranking by the data alone (`analysis/ranking_order.csv`): the same in every language; none where nobody
    could be ranked."""
    ranked = table.dropna(subset=["rank"]).sort_values("rank", kind="stable").to_dict("records")
    if not ranked:
        return []
    first = ranked[0]
    numbers = plain(first, [name for name in ("score", "score_low", "score_high", "p_first", "p_lead") if name in first])
    return [Verdict(lang, str(first["teacher"]), "ranking", numbers, "a ranking by the data alone") for lang in langs]


def plain(row: Mapping[Any, Any], names: Iterable[str]) -> dict[str, Any]:
    """Values of a row as JSON holds them; missing ones are None."""
    found = {}
    for name in names:
        value = row[name]
        found[name] = None if pd.isna(value) else value.item() if isinstance(value, np.generic) else value
    return found


def better(
    gains: Mapping[str, pd.DataFrame],
    leader: Mapping[str, str],
    *,
    same: Mapping[str, str],
    sizes: Mapping[str, int],
    routed: Iterable[str],
    students: Mapping[str, Sequence[str]],
    barred: Mapping[tuple[str, str], str],
    confidence: float,
) -> list[Alternative]:
    """How routed teachers, and other recipes of the leader, do beside the leader's data by the study's recipe.

    Students of one experiment are compared, on the same resampled items and at the same number of examples. With m comparisons in
    a language, intervals are those of confidence 1 - (1 - confidence) / m (Bonferroni), since the best of many is taken.

    Args:
        gains: experiment to replicate, recipe, teacher, gain, of one base and language; replicate 0 is the estimate.
        leader: `teacher` and `recipe`.
        same: recipe to its mix, without the size. sizes: recipe to its number of examples.
        routed: names of routed teachers.
        students: experiment to the names of a cell's students (see `polyglot.synthesis.draws.students_of`).
        barred: (teacher, recipe) to why it cannot be built.
        confidence: of the intervals.

    Returns:
        One entry for every comparison, best first.
    """
    teacher, mix, several = leader["teacher"], same[leader["recipe"]], set(routed)
    found: list[_Compared] = []
    for experiment, table in gains.items():
        wide = table.pivot(index="replicate", columns=["teacher", "recipe"], values="gain").dropna(axis="columns", how="all")
        cells = [(str(cell[0]), str(cell[1])) for cell in wide.columns.to_list()]
        own = {sizes[cell[1]]: cell for cell in cells if (cell[0], same[cell[1]]) == (teacher, mix)}
        for cell in cells:
            other = cell[0] in several or (cell[0] == teacher and same[cell[1]] != mix)
            rival = own.get(sizes[cell[1]])
            if other and rival is not None and rival != cell:
                rest = [one for one in cells if one[1] == rival[1] and one[0] not in {*several, teacher}]
                found.append(_Compared(experiment, cell, rival, rest, wide))
    level = 1 - (1 - confidence) / max(1, len(found))
    alternatives = [_alternative(one, level, students[one.experiment], barred.get(one.cell, "")) for one in found]
    return sorted(alternatives, key=lambda one: -one.difference)


@dataclass(frozen=True)
class _Compared:
    """A cell of an experiment, the leader's, and those of other teachers by its recipe; gains by replicate and cell."""

    experiment: str
    cell: tuple[str, str]
    rival: tuple[str, str]
    rest: Sequence[tuple[str, str]]
    gains: pd.DataFrame

    def ahead(self, of: tuple[str, str]) -> pd.Series:
        return (self.gains[self.cell] - self.gains[of]).dropna()


def _alternative(one: _Compared, level: float, students: Sequence[str], barred: str) -> Alternative:
    difference, gain = one.ahead(one.rival), one.gains[one.cell].dropna()
    (low, high), (gain_low, gain_high) = _interval(difference, level), _interval(gain, level)
    problem = barred
    if len(difference) * (1 - level) / 2 < 1:
        problem = f"{len(difference) - 1} resamples are too few to show it among so many comparisons: raise `scoring.bootstrap`"
    elif not _is_above_zero(difference, level):
        problem = "not shown to be better: its interval holds 0 or lies below"
    elif len(students) < 2:
        problem = "one student of each: the interval lacks what another training would change"
    beaten = [other[0] for other in one.rest if _is_above_zero(one.ahead(other), level)]
    return Alternative(
        one.experiment,
        *one.cell,
        f"{one.rival[1]} of {one.rival[0]}",
        float(difference.iloc[0]),
        low,
        high,
        len(students),
        problem,
        float(gain.iloc[0]),
        gain_low,
        gain_high,
        beaten,
        [other[0] for other in one.rest if other[0] not in beaten],
        len({Draw.parse(name).seed for name in students}),
    )


def _is_above_zero(values: pd.Series, level: float) -> bool:
    """Whether an interval lies above 0, with the estimate counted as one more replicate (Davison and Hinkley 1997, 4.2.5): far in
    the tail, a quantile of few replicates would be too narrow."""
    below = 1 + int((values.iloc[1:] <= 0).sum())
    return bool(values.iloc[0] > 0) and below / len(values) <= (1 - level) / 2


def _interval(values: pd.Series, level: float) -> tuple[float, float]:
    """Of an estimate, from its replicates after the first."""
    return float(values.iloc[1:].quantile((1 - level) / 2)), float(values.iloc[1:].quantile((1 + level) / 2))


def choose(
    verdict: Verdict | None,
    alternatives: Sequence[Alternative],
    *,
    lang: str,
    recipe: str,
    size: int,
    teacher: str | None = None,
    methods: Sequence[str] | None = None,
    known_mix: Mapping[str, str] | None = None,
) -> Choice:
    """The choice for one language.

    The leader's data by the study's recipe are taken, unless an alternative is shown to be better; or what was set is.

    Args:
        verdict: None where nothing was measured.
        recipe: the study's mix, without a size.
        teacher, methods: what overrules the study.
        known_mix: recipe to its mix without the size, of the alternatives' recipes.

    Raises:
        WrongInput: if there is neither a verdict nor a teacher that is set (names the language).
    """
    if verdict is None and teacher is None:
        raise WrongInput(f"build: no teacher was measured in '{lang}'; name one: --config build='{{teacher: {{{lang}: NAME}}}}'")
    mixes = known_mix or {}
    sure, doubts = verdict is not None and verdict.name == CLEAR, list[str]()
    taken = next((one for one in alternatives if not one.problem), None)
    found = {"teacher": verdict.teacher if verdict else "", "recipe": recipe}
    if taken is not None:
        doubts = doubts_about(taken, verdict)
        sure = not doubts and verdict is not None and verdict.name != DISTRUSTED
        found = {"teacher": taken.teacher, "recipe": mixes.get(taken.recipe, taken.recipe)}
    final = {"teacher": teacher or found["teacher"], "recipe": "+".join(methods) if methods else found["recipe"]}
    overruled = {name: found[name] or "nothing: no teacher was measured" for name in found if final[name] != found[name]}
    return Choice(
        lang=lang,
        teacher=final["teacher"],
        recipe=f"{final['recipe']}-{size}",
        size=size,
        clear=sure and not overruled,
        why=_why(verdict, taken, doubts, overruled),
        source=verdict.source if verdict else "nothing that was measured",
        verdict=verdict.name if verdict else "not_measured",
        numbers=verdict.numbers if verdict else {},
        alternatives=alternatives,
        overruled=overruled,
    )


def _why(verdict: Verdict | None, taken: Alternative | None, doubts: Sequence[str], overruled: Mapping[str, str]) -> str:
    """The reason in a few sentences."""
    if overruled:
        said = " and ".join(f"the {name} ({value})" for name, value in overruled.items())
        return f"The settings of the build overrule {said} of the study."
    if verdict is None:
        return "The settings of the build name the teacher: none was measured here."
    leads = f"{verdict.teacher} leads, and {WHY[verdict.name]}."
    if taken is None:
        return leads
    shown = f"{taken.difference:+.3f} [{taken.low:+.3f}, {taken.high:+.3f}] in score, {taken.students} students of each"
    better = f"In the experiment {taken.experiment}, {taken.recipe} of {taken.teacher} is better than {taken.than}: {shown}."
    return f"{leads} {better}" + (f" Not shown: {'; '.join(doubts)}." if doubts else "")


def doubts_about(taken: Alternative, verdict: Verdict | None) -> list[str]:
    """What is not shown of an alternative that is taken, although it is better than the leader."""
    rivals = str((verdict.numbers.get("rivals") if verdict else None) or "").split()
    others = dict.fromkeys([*taken.unbeaten, *(name for name in rivals if name not in (*taken.beaten, taken.teacher))])
    found = [f"that it is better than {' and '.join(others)}"] if others else []
    found += [] if taken.gain_low is not None and taken.gain_low > 0 else ["that its students are better than the base"]
    found += [] if taken.draws > 1 else ["that another draw of the data gives the same"]
    return found


def as_json(choices: Sequence[Choice], **about: Any) -> dict[str, Any]:
    """What choice.json holds: what is said about the study, and every choice by language."""
    return {**about, "languages": {one.lang: asdict(one) for one in choices}}
