"""The rungs of a race: from outcomes of students so far to who is trained again, with reasons; one table a rung."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from polyglot.core.arrays import Array
from polyglot.core.errors import WrongInput
from polyglot.core.hashing import stable_seed
from polyglot.scoring.outcomes import align_outcomes, paired_se
from polyglot.scoring.race_columns import Known, Noise, Small
from polyglot.scoring.race_posterior import equal_weights, learned_noise
from polyglot.scoring.race_prior import COLUMNS as OF_EARLIER
from polyglot.scoring.race_prior import earlier_columns, earlier_of
from polyglot.scoring.race_small import COLUMNS as OF_SMALL
from polyglot.scoring.race_small import SmallSets, small_columns
from polyglot.scoring.race_value import regret_after_one_more
from polyglot.scoring.racing import Price, Standing, Teachers, Terms, ended, standing, survivors

LEADS, STAYS, DROPPED, ABSENT = "leads", "stays", "dropped", "no student"
"""States of a teacher after a rung."""
COLUMNS = (
    "rung",
    "lang",
    "teacher",
    "state",
    "since",
    "trainings",
    "languages",
    "score",
    "best",
    "gap",
    "regret",
    "more",
    "clear",
    "end",
    "reason",
    "gpu_hours",
    "usd",
)
EVERY = ""
"""In the place of a language: the choice is on average over all of them."""
KEPT = 0.2
"""Assumed share of the items' variance between teachers' students that all students of one teacher have."""
DF_OF_BELIEF = 10.0
"""Degrees of freedom that the assumed variance between trainings counts as; performance/race.py takes the same."""

Students = Mapping[tuple[str, str], Sequence[pd.DataFrame]]
"""(teacher, language) to the outcomes of its students so far, by training; an empty frame: it could not be trained."""


@dataclass(frozen=True)
class Beliefs:
    """Assumed standard deviations between draws of data and between trainings (`plan.draw_spread`, `plan.training_spread`); and
    what earlier studies say of the teachers, as from `polyglot.analysis.earlier.said_of_teachers`."""

    draw: float
    training: float
    earlier: pd.DataFrame | None = None


def rung_table(
    students: Students,
    before: pd.DataFrame | None,
    terms: Terms,
    beliefs: Beliefs,
    seed: int,
    prices: Mapping[str, Price] | None = None,
    small: SmallSets | None = None,
) -> pd.DataFrame:
    """What is known after a rung, and who goes on.

    Args:
        students: every student of a full set so far, also those of dropped teachers, paired by item; none in rung 0.
        before: the table of the rung before; None for the first.
        prices: language to what a training takes; None: nothing.
        small: of a race that starts with small sets, in rung 0.

    Returns:
        One row per teacher, in a race by language one per language and teacher: rung; lang (`EVERY`: on average over languages);
        teacher; state (see `LEADS`); since (the rung of its last training); trainings; languages (with a student); score (mean
        over its languages and trainings); best (P(best)); gap (expected score below the best); regret (expected, of choosing the
        leader), more (the same after one more training of all that are left), clear (whether it is clearly the best) and end (why
        the race is over, empty if it goes on), the same in every row of a choice; reason; gpu_hours and usd (of all trainings so
        far, the same in every row); with earlier studies what they say (`race_prior.COLUMNS`), with small sets what these say
        (`race_small.COLUMNS`). Languages and trainings: small sets are no training, but count as a student in a language.

    Raises:
        ValueError: if no language has students of two teachers.
    """
    first = 1 if small is None else 0
    before = None if before is None else before.fillna({"lang": EVERY, "end": ""})  # a file tells no empty text from none
    rung = first if before is None else int(before["rung"].iloc[0]) + 1
    seen = _seen(students, beliefs, small)
    choices = seen.langs if terms.by == "language" else [EVERY]
    earlier = {lang: None if before is None else before[before["lang"] == lang].set_index("teacher") for lang in choices}
    rows = [row for lang in choices for row in _choice(seen, lang, earlier[lang], terms, rung, seed)]
    of_earlier = OF_EARLIER if beliefs.earlier is not None else ()
    table = pd.DataFrame(rows, columns=[*COLUMNS, *of_earlier, *(OF_SMALL if small is not None else ())])
    return _within_budget(table, students, terms, prices or {}, small)


def again(table: pd.DataFrame) -> list[tuple[str, str]]:
    """(teacher, language) of whoever is trained again after a rung; none where the race is over. `EVERY`: in all languages."""
    going = table["end"].fillna("").eq("") & table["state"].isin([LEADS, STAYS])
    return list(zip(table.loc[going, "teacher"].map(str), table.loc[going, "lang"].map(str), strict=True))


@dataclass(frozen=True)
class _Seen:
    """Scores of single students, (teachers, languages, trainings), missing where none is; `raced`: the places of languages in
    which two teachers have students; `noise`: in these; `earlier`: what earlier studies say (see `Beliefs`); `small`: of students
    of small sets, (teachers, languages), where the race starts with these."""

    teachers: list[str]
    langs: list[str]
    single: Array
    raced: list[int]
    noise: Noise
    earlier: pd.DataFrame | None = None
    small: Small | None = None

    @property
    def there(self) -> Teachers:
        """Whether there is a student, of a full or a small set, (teachers, languages)."""
        found: Teachers = self.trainings > 0
        return found if self.small is None else found | np.isfinite(self.small.scores)

    @property
    def trainings(self) -> Array:
        """(teachers, languages)."""
        count: Array = np.isfinite(self.single).sum(axis=-1)
        return count

    @property
    def means(self) -> Array:
        """Over trainings, (teachers, languages)."""
        count = self.trainings
        mean: Array = np.where(count > 0, np.nansum(self.single, axis=-1) / np.maximum(count, 1), np.nan)
        return mean

    def places(self, lang: str) -> list[int]:
        """The languages that a choice is for."""
        return self.raced if lang == EVERY else [self.langs.index(lang)]


def _seen(students: Students, beliefs: Beliefs, small: SmallSets | None) -> _Seen:
    starts = {} if small is None else small.outcomes
    cells = list(dict.fromkeys([*starts, *students]))
    teachers, langs = (list(dict.fromkeys(names)) for names in zip(*cells, strict=True))
    apart = [_paired(students, starts, lang) for lang in langs]
    raced = [place for place, frames in enumerate(apart) if len(frames) > 1]
    if not raced:
        raise WrongInput("a race needs a language in which two teachers have students; see the holes of the experiment")
    single = np.full((len(teachers), len(langs), max((len(frames) for frames in students.values()), default=0)), np.nan)
    of_small = np.full((len(teachers), len(langs)), np.nan)
    for teacher, lang in cells:
        place = teachers.index(teacher), langs.index(lang)
        for training, frame in enumerate(students.get((teacher, lang), ())):
            single[(*place, training)] = _score(frame)
        if (teacher, lang) in starts:
            of_small[place] = _score(starts[teacher, lang])
    believed = _believed([apart[place] for place in raced], beliefs)
    noise = learned_noise(believed, single[:, raced], DF_OF_BELIEF)
    said = None if small is None else Small(of_small, small.correlation, small.effect)
    return _Seen(teachers, langs, single, raced, noise, beliefs.earlier, said)


def _score(frame: pd.DataFrame) -> float:
    """A student's mean over benchmarks; missing if there is no student."""
    weighted = (frame["weight"] * frame["correct"]).groupby(frame["benchmark"]).sum() if len(frame) else pd.Series(dtype=float)
    return float(weighted.mean())


def _choice(seen: _Seen, lang: str, before: pd.DataFrame | None, terms: Terms, rung: int, seed: int) -> list[dict[str, Any]]:
    """The rows of one choice: on average over languages, or in one."""
    places = seen.places(lang)
    trainings, means, seen_in = seen.trainings[:, places], seen.means[:, places], seen.there[:, places]
    there = np.asarray(seen_in.any(axis=-1))
    closed = "" if before is None else str(before["end"].iloc[0])
    inside = there if before is None else there & before.loc[seen.teachers, "state"].isin([LEADS, STAYS]).to_numpy()
    alive = inside & ((trainings.sum(axis=-1) > 0) | (rung == 0) | bool(closed))
    rng = np.random.default_rng(stable_seed("race", rung, seed, *([lang] if lang else [])))
    found = _standing(seen, lang, there, alive, rng)
    stay = alive if closed or not alive.any() else survivors(found, alive, terms)
    more = _after_one_more(seen, lang, there, stay, rng) if rung else np.nan
    said = _said(seen, lang, there)
    over = closed or (ended(found, stay, terms, rung) if alive.any() else "no student")
    rows, earlier = [], {} if before is None else before.to_dict("index")
    for place, teacher in enumerate(seen.teachers):
        row: dict[str, Any] = {
            "rung": rung,
            "lang": lang,
            "teacher": teacher,
            "since": rung,
            "trainings": int(trainings[place].max()),
            "languages": int(seen_in[place].sum()),
            "score": float(np.nanmean(means[place])) if trainings[place].any() else np.nan,
            "best": float(found.best[place]),
            "gap": float(found.gap[place]),
            "regret": float(found.regret),
            "more": more,
            "clear": bool(found.clear),
            "end": over,
            **_state(place, there & (alive | ~inside), alive, stay, found, terms, rung),
            **{column: float(values[place]) for column, values in said.items()},
        }
        if teacher in earlier:
            kept = ["since"] * bool(closed) if alive[place] else [] if inside[place] else ["state", "since", "reason"]
            row |= {column: earlier[teacher][column] for column in kept}
        rows.append(row)
    return rows


def _standing(seen: _Seen, lang: str, there: Teachers, alive: Teachers, rng: np.random.Generator) -> Standing:
    """The standing of all teachers in a choice, of those with students from the posterior. What other languages say of a teacher
    counts for a choice in one, as far as teachers differ alike in them."""
    best, gap = there.astype(float), np.where(there, 0.0, np.nan)
    if there.sum() < 2:
        return Standing(best, gap, np.asarray(there.argmax()))
    known, weights = _known(seen, lang, there)
    found = standing(known, alive[there], rng, weights=weights)
    best[there], gap[there] = found.best, found.gap
    return Standing(best, gap, np.flatnonzero(there)[found.leader])


def _known(seen: _Seen, lang: str, there: Teachers) -> tuple[Known, Array]:
    """What is known of teachers with students, and what each language counts for a choice."""
    trainings, means = seen.trainings[there][:, seen.raced], seen.means[there][:, seen.raced]
    seen_in = seen.there[there][:, seen.raced].any(axis=0)
    noise = Noise(seen.noise.kept[seen_in], seen.noise.anew[seen_in])
    said = earlier_of(seen.earlier, [name for name, one in zip(seen.teachers, there, strict=True) if one])
    small = seen.small and replace(seen.small, scores=seen.small.scores[there][:, seen.raced][:, seen_in])
    known = Known(means[:, seen_in], trainings[:, seen_in], noise, said, small)
    chosen = np.isin(np.array(seen.raced)[seen_in], seen.places(lang))
    return known, equal_weights(int(chosen.sum())) @ np.eye(len(chosen))[chosen]


def _said(seen: _Seen, lang: str, there: Teachers) -> dict[str, Array]:
    """What earlier studies and small sets say, by teacher: columns of a rung."""
    if there.sum() < 2:
        return {}
    known = _known(seen, lang, there)
    return earlier_columns(*known, there) | small_columns(*known, there)


def _after_one_more(seen: _Seen, lang: str, there: Teachers, stay: Teachers, rng: np.random.Generator) -> float:
    """The expected regret after one more training of all that are left."""
    if there.sum() < 2:
        return 0.0
    known, weights = _known(seen, lang, there)
    return regret_after_one_more(known, stay[there], rng, weights=weights)


def _state(
    place: int, there: Teachers, alive: Teachers, stay: Teachers, found: Standing, terms: Terms, rung: int
) -> dict[str, str]:
    """State and reason of a teacher that was in the race until this rung."""
    if not there[place]:
        return {"state": ABSENT, "reason": "no student could be trained on its data"}
    if place == int(found.leader):
        return {"state": LEADS, "reason": ""}
    if stay[place]:
        return {"state": STAYS, "reason": ""}
    reason = f"dropped after rung {rung}: P(best) {found.best[place]:.3f} is below {terms.least:g}" if alive[place] else ""
    return {"state": DROPPED, "reason": reason}


def _within_budget(
    table: pd.DataFrame, students: Students, terms: Terms, prices: Mapping[str, Price], small: SmallSets | None
) -> pd.DataFrame:
    """The table with what all trainings took; the race is over where the next rung would take more than there is."""
    trained = [prices.get(lang, Price()) for (_, lang), frames in students.items() for frame in frames if len(frame)]
    first = {cell: frames[0] for cell, frames in students.items() if frames}
    if small is not None:
        trained += [small.prices.get(lang, Price()) for (_, lang), frame in small.outcomes.items() if len(frame)]
        first = dict(small.outcomes) | first
    going = set(again(table))
    next_ones = [
        prices.get(lang, Price()) for (name, lang), one in first.items() if len(one) and {(name, lang), (name, EVERY)} & going
    ]
    for unit, most in (("gpu_hours", terms.gpu_hours), ("usd", terms.usd)):
        taken, needed = (sum(getattr(price, unit) for price in of) for of in (trained, next_ones))
        table[unit] = taken
        if most is not None and taken + needed > most:
            table["end"] = table["end"].where(table["end"].ne(""), "budget")
    return table


def _paired(students: Students, starts: Mapping[tuple[str, str], pd.DataFrame], lang: str) -> dict[str, pd.DataFrame]:
    """Outcomes of every teacher's first student in a language, of full sets, or of small ones where more teachers have these."""
    full = {teacher: frames[0] for (teacher, own), frames in students.items() if own == lang and frames and len(frames[0])}
    small = {teacher: frame for (teacher, own), frame in starts.items() if own == lang and len(frame)}
    return small if len(small) > len(full) else full


def _believed(apart: Sequence[Mapping[str, pd.DataFrame]], beliefs: Beliefs) -> Noise:
    """The noise before anything is trained again: items from the answers of teachers' students, by language; the rest assumed."""
    items = np.array([_items_apart(frames) for frames in apart])
    return Noise(KEPT * items + beliefs.draw**2, (1 - KEPT) * items + beliefs.training**2)


def _items_apart(frames: Mapping[str, pd.DataFrame]) -> float:
    """Variance over items of a student's mean score beyond what the students of all teachers share, from their first students."""
    benchmarks = sorted(next(iter(frames.values()))["benchmark"].unique())
    total = 0.0
    for benchmark in benchmarks:
        items, correct = align_outcomes({name: frame[frame["benchmark"] == benchmark] for name, frame in frames.items()})
        apart = correct.sub(correct.mean(axis=1), axis=0)
        own = np.mean([paired_se(items, apart[name].to_numpy()) ** 2 for name in apart])
        total += float(own) * len(frames) / (len(frames) - 1)
    return total / len(benchmarks) ** 2
