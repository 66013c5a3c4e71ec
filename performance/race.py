"""A race of teachers against the full study, by simulation with a known truth.

    python performance/race.py [--studies 4000] [--small] [--write docs/race.csv]

The full study trains three students on three draws of data of every teacher. The race draws once, trains once, and trains again
who is still likely enough to be the best. Costs are GPU hours of the paper's scale (10 teachers, 6 languages, 10,000 examples).
Regret is the true score of the best teacher less that of the chosen one, times 1,000. With `--small`, the race that starts with
sets of 3,000 examples is compared with the one that does not (docs/race_small.csv). docs/howto/race.md shows what is written.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from polyglot.core.arrays import Array
from polyglot.scoring.race_columns import Noise, Small
from polyglot.scoring.race_simulation import race
from polyglot.scoring.racing import By, Terms

ITEMS = ((400, 2869), (2869,), (400, 2869, 250), (400, 2869, 250), (400, 2869), (400, 2869, 250))
"""Items of the benchmarks of each language: MGSM-like, MMLU and others of the paper's study."""
ACCURACY = {400: 0.45, 2869: 0.55, 250: 0.25}
DATA_HOURS = np.array([0.0, 6.6618, 0.7594, 10.4856, 2.9978, 2.5398, 1.1225, 0.3964, 0.1241, 0.3056])
"""GPU hours of the data of one cell, by teacher, at the paper's scale; the first is behind an endpoint."""
TRAINING, EVALUATION, MEASURING = 0.7589, 0.1088, 0.8371
"""GPU hours of one training, of its evaluation, and of measuring one training set."""
START_HOURS = np.array([0.0, 0.3667, 0.04, 0.5033, 0.12, 0.1117, 0.0433, 0.0367, 0.0342, 0.0358])
"""The part of `DATA_HOURS` that an engine takes to start."""
SMALL_TRAINING, FIRST = 0.2825, 0.3
"""GPU hours of training on 3,000 examples; and the share of the requests that is asked first (`synthesis.first`)."""
BELIEVED_CORRELATION, BELIEVED_EFFECT = 0.85, 0.8
BELIEVED_SEED, BELIEVED_COMMON, DF_OF_BELIEF = 0.005, 0.5, 10.0

BLOCK = 1000
"""Studies that are in memory at a time."""
SHOWN = ["world", "studies", "cost", "regret", "stated", "full_regret", "clear", "false_clear"]
"""What is written for the docs."""


def item_variance() -> Array:
    """Variance over items of a student's mean score, by language."""
    return np.array([sum(ACCURACY[n] * (1 - ACCURACY[n]) / n for n in each) / len(each) ** 2 for each in ITEMS])


@dataclass(frozen=True)
class World:
    """How scores arise. `teacher`, `language`: spreads of teachers and of teachers in a language; `truth`: the teachers' scores,
    where they are given; `seed`: spread of students; `drawn`: the share of its variance that belongs to the draw; `common`,
    `own`: shares of the items' variance that all students share, and that students of one teacher share; `items`: how many times
    the items; `by`: what is chosen; `correlation`: of small sets with full ones, where the race starts with them."""

    teacher: float = 0.006
    language: float = 0.007
    truth: tuple[float, ...] = ()
    seed: float = 0.005
    drawn: float = 0.5
    common: float = 0.5
    own: float = 0.1
    items: int = 1
    teachers: int = 10
    by: By = "average"
    correlation: float | None = None

    def believed(self) -> Noise:
        """What an analyst knows before a second training: the items' variance between students, and assumptions of the rest."""
        items = item_variance() / self.items
        apart = (1 - self.common) * items  # seen in the answers of different teachers' students
        seed = BELIEVED_SEED**2 / 2
        return Noise(0.2 * apart + seed, 0.8 * apart + seed)


WORLDS = {
    "published": World(),
    "published, four times the items": World(items=4),
    "weak teachers": World(teacher=0.002, language=0.009),
    "steps of .002": World(truth=tuple(-0.002 * rank for rank in range(10)), language=0.007),
    "one better by .015": World(truth=(0.015, *(0.0,) * 9), language=0.005),
    "equal": World(truth=(0.0,) * 10, language=0.0),
    "equal, four times the items": World(truth=(0.0,) * 10, language=0.0, items=4),
    "seeds .012, believed .005": World(seed=0.012),
    "three quarters of the item noise apart": World(common=0.25),
    "three teachers": World(teachers=3),
    "published, by language": World(by="language"),
    "published, by language, four times the items": World(by="language", items=4),
}


SMALL_WORLDS = {
    f"{name}, {start}": replace(WORLDS[name], correlation=correlation)
    for name in ("published", "steps of .002", "one better by .015", "equal")
    for start, correlation in (("full sets", None), ("small sets", 0.85), ("small sets that tell little", 0.5))
}
"""The race believes .85 in all of them."""


def truths(world: World, studies: int, rng: np.random.Generator) -> Array:
    """True scores, (studies, teachers, languages); of given ones, the mean over languages is as given."""
    shape = (studies, world.teachers, len(ITEMS))
    beside: Array = world.language * rng.normal(size=shape)
    if world.truth:
        beside = beside - beside.mean(axis=-1, keepdims=True)
        given: Array = np.array(world.truth)[:, None] + beside
        return given
    apart: Array = world.teacher * rng.normal(size=(*shape[:2], 1)) + beside
    return apart


def observed(true: Array, world: World, trainings: int, rng: np.random.Generator, *, draws: bool) -> Array:
    """Scores of single students, (studies, teachers, languages, trainings); `draws`: each on data of its own."""
    items = item_variance() / world.items
    own = rng.normal(size=(*true.shape, 1)) * np.sqrt(world.own * items)[:, None]
    drawn = rng.normal(size=(*true.shape, trainings if draws else 1)) * world.seed * world.drawn**0.5
    anew = (1 - world.own - world.common) * items + (1 - world.drawn) * world.seed**2
    scores: Array = true[..., None] + own + drawn + rng.normal(size=(*true.shape, trainings)) * np.sqrt(anew)[:, None]
    return scores


def of_small_sets(true: Array, world: World, rng: np.random.Generator) -> Small | None:
    """Students of small sets; their teachers' parts scatter as far as the true ones do."""
    if world.correlation is None:
        return None
    main = true.mean(axis=2, keepdims=True)
    spreads = main.std(axis=1, ddof=1, keepdims=True).mean(), (true - main).std(ddof=1)
    apart = spreads[0] * rng.normal(size=main.shape) + spreads[1] * rng.normal(size=true.shape)
    there = world.correlation * (true - true.mean(axis=1, keepdims=True)) + np.sqrt(1 - world.correlation**2) * apart
    noise = observed(np.zeros_like(true), world, 1, rng, draws=False)[..., 0]
    return Small(BELIEVED_EFFECT * there + noise, BELIEVED_CORRELATION, BELIEVED_EFFECT)


def hours(trainings: Array, draws: int, items: int, *, small: bool = False) -> Array:
    """GPU hours of studies, by trainings, (studies, teachers, languages), and draws of data; `small`: all start with small sets,
    and who is not trained on a full one is asked the first requests and not measured."""
    data, start = (np.resize(taken, trainings.shape[1]) for taken in (DATA_HOURS, START_HOURS))
    each = trainings.sum(axis=-1) * (TRAINING + EVALUATION * items)
    if small:
        first, rest = (start + part * (data - start) for part in (FIRST, 1 - FIRST))
        of_full = (trainings > 0).sum(axis=-1) * (rest + MEASURING)
        each = each + of_full + len(ITEMS) * (first + SMALL_TRAINING + EVALUATION * items)
    else:
        each = each + draws * len(ITEMS) * (data + MEASURING)
    summed: Array = each.sum(axis=-1)
    return summed


def block(world: World, studies: int, rng: np.random.Generator, terms: Terms) -> pd.DataFrame:
    """Race and full study on the same truths, a row per study; of choices by language, the mean."""
    true = truths(world, studies, rng)
    full = observed(true, replace(world, items=1), 3, rng, draws=True).mean(axis=3)
    scores = observed(true, world, terms.trainings, rng, draws=False)
    small = of_small_sets(true, world, rng)
    raced = race(scores, world.believed(), terms, rng, df_of_belief=DF_OF_BELIEF, small=small)
    value, other = (true, full) if terms.by == "language" else (each.mean(axis=2, keepdims=True) for each in (true, full))
    best = value.max(axis=1)
    regret, full_regret = (
        1000 * (best - np.take_along_axis(value, chosen[:, None], 1)[:, 0]) for chosen in (raced.chosen, other.argmax(axis=1))
    )
    every = hours(np.full((1, *true.shape[1:]), 3), 3, 1)
    wrong = raced.clear & ((regret > 1e-9) | (np.ptp(value, axis=1) < 1e-9))
    found = {"regret": regret, "stated": 1000 * raced.stated, "full_regret": full_regret}
    found |= {"clear": raced.clear, "false_clear": wrong}
    cost = hours(raced.trainings, 1, world.items, small=small is not None) / every
    return pd.DataFrame({"cost": cost} | {name: np.mean(values, axis=1) for name, values in found.items()})


def compared(name: str, world: World, studies: int, seed: int, terms: Terms) -> dict[str, float | str]:
    """Race and full study on the same truths: means over studies, and standard errors of differences."""
    rng = np.random.default_rng(seed)
    terms = replace(terms, by=world.by)
    sizes = [min(BLOCK, studies - start) for start in range(0, studies, BLOCK)]
    found = pd.concat([block(world, size, rng, terms) for size in sizes])
    more, apart = found["regret"] - found["full_regret"], found["stated"] - found["regret"]
    means = {str(column): float(found[column].mean()) for column in found.columns}
    errors = {"more_se": float(more.std() / studies**0.5), "stated_apart_se": float(apart.std() / studies**0.5)}
    return {"world": name, "studies": studies, **means, "more_than_full": float(more.mean()), **errors}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--small", action="store_true", help="races that start with small sets, beside those that do not")
    parser.add_argument("--write", help="a CSV file for the numbers")
    args = parser.parse_args()
    worlds = SMALL_WORLDS if args.small else WORLDS
    rows = [compared(name, world, args.studies, args.seed, Terms()) for name, world in worlds.items()]
    found = pd.DataFrame(rows)
    print(found.round(3).to_string(index=False))
    if args.write:
        found[SHOWN].round(3).to_csv(args.write, index=False)


if __name__ == "__main__":
    main()
