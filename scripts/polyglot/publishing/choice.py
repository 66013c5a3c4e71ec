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

CLEAR = "clear"
WHY = {
    CLEAR: "the study's choice is clear",
    "tentative": "no choice is clear: its lead may be chance",
    "single": "no other teacher was measured",
    "no_gain": "no choice is clear: no student is shown to be better than the base",
    "worse": "no choice is clear: its students are worse than the base",
    "gain_unknown": "no choice is clear: the gain of its students is not known",
    "distrusted": "no choice is clear: the scores of this language cannot be trusted",
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
    interval. `problem`: why it is not taken; empty for one that is better and can be built."""

    experiment: str
    teacher: str
    recipe: str
    than: str
    difference: float
    low: float
    high: float
    students: int
    problem: str


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
    """The verdict of a ranking by the data alone (`analysis/ranking_order.csv`): the same in every language."""
    first = table.sort_values("rank", kind="stable").to_dict("records")[0]
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
    students: Mapping[str, int],
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
        students: experiment to the number of students of a cell.
        barred: (teacher, recipe) to why it cannot be built.
        confidence: of the intervals.

    Returns:
        One entry for every comparison, best first.
    """
    teacher, mix, several = leader["teacher"], same[leader["recipe"]], set(routed)
    found: list[tuple[str, tuple[str, str], tuple[str, str], pd.Series]] = []
    for experiment, table in gains.items():
        wide = table.pivot(index="replicate", columns=["teacher", "recipe"], values="gain").dropna(axis="columns", how="all")
        cells = [(str(cell[0]), str(cell[1])) for cell in wide.columns.to_list()]
        own = {sizes[cell[1]]: cell for cell in cells if (cell[0], same[cell[1]]) == (teacher, mix)}
        for cell in cells:
            other = cell[0] in several or (cell[0] == teacher and same[cell[1]] != mix)
            rival = own.get(sizes[cell[1]])
            if other and rival is not None and rival != cell:
                found.append((experiment, cell, rival, (wide[cell] - wide[rival]).dropna()))
    level = 1 - (1 - confidence) / max(1, len(found))
    alternatives = [
        _alternative(experiment, cell, rival, difference, level, students[experiment], barred)
        for experiment, cell, rival, difference in found
    ]
    return sorted(alternatives, key=lambda one: -one.difference)


def _alternative(
    experiment: str,
    cell: tuple[str, str],
    rival: tuple[str, str],
    difference: pd.Series,
    level: float,
    students: int,
    barred: Mapping[tuple[str, str], str],
) -> Alternative:
    low, high = (float(difference.iloc[1:].quantile(q)) for q in ((1 - level) / 2, (1 + level) / 2))
    problem = barred.get(cell, "")
    if not low > 0:
        problem = "not shown to be better: its interval holds 0 or lies below"
    elif students < 2:
        problem = "one student of each: the interval lacks what another training would change"
    return Alternative(experiment, *cell, f"{rival[1]} of {rival[0]}", float(difference.iloc[0]), low, high, students, problem)


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
    taken = next((one for one in alternatives if not one.problem), None)
    found = {"teacher": verdict.teacher if verdict else "", "recipe": recipe}
    if taken is not None:
        found = {"teacher": taken.teacher, "recipe": mixes.get(taken.recipe, taken.recipe)}
    final = {"teacher": teacher or found["teacher"], "recipe": "+".join(methods) if methods else found["recipe"]}
    overruled = {name: found[name] or "nothing: no teacher was measured" for name in found if final[name] != found[name]}
    return Choice(
        lang=lang,
        teacher=final["teacher"],
        recipe=f"{final['recipe']}-{size}",
        size=size,
        clear=verdict is not None and not overruled and (verdict.name == CLEAR or taken is not None),
        why=_why(verdict, taken, overruled),
        source=verdict.source if verdict else "nothing that was measured",
        verdict=verdict.name if verdict else "not_measured",
        numbers=verdict.numbers if verdict else {},
        alternatives=alternatives,
        overruled=overruled,
    )


def _why(verdict: Verdict | None, taken: Alternative | None, overruled: Mapping[str, str]) -> str:
    """The reason in one sentence."""
    if overruled:
        said = " and ".join(f"the {name} ({value})" for name, value in overruled.items())
        return f"The settings of the build overrule {said} of the study."
    if verdict is None:
        return "The settings of the build name the teacher: none was measured here."
    leads = f"{verdict.teacher} leads, and {WHY[verdict.name]}."
    if taken is None:
        return leads
    shown = f"{taken.difference:+.3f} [{taken.low:+.3f}, {taken.high:+.3f}]"
    return f"{leads} In the experiment {taken.experiment}, {taken.recipe} of {taken.teacher} is better still: {shown} in score."


def as_json(choices: Sequence[Choice], **about: Any) -> dict[str, Any]:
    """What choice.json holds: what is said about the study, and every choice by language."""
    return {**about, "languages": {one.lang: asdict(one) for one in choices}}
