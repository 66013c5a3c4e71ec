"""How well people's verdicts on pairs agree with the judge's, and with each other's: raw agreement and Cohen's kappa.

Kappa (Cohen, 1960) is the agreement beyond what two raters with the same shares of verdicts would have by chance: 0 is chance,
1 is perfect. Its interval is that of raw agreement (Wilson, 1927), with the agreement by chance as it was seen: its asymptotic
standard error covers 85 to 90 % where raters agree on 90 % of 30 to 50 pairs (tests/unit/displays/test_explore_agreement.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from polyglot.core.errors import WrongInput
from polyglot.core.files import read_frame
from polyglot.displays.explore.blind import KEY
from polyglot.study.paths import PAIRS_KEY

VERDICTS = ("a", "tie", "b")
"""The first answer is better, both are equal, the second is better."""
FEWEST = 30
"""Pairs below which an interval is too uncertain itself to be shown."""


@dataclass(frozen=True)
class Rated:
    """One person's verdicts in a language, by pair."""

    file: Path
    study: str
    lang: str
    rater: str
    verdicts: dict[str, str]

    @property
    def name(self) -> str:
        return self.rater or self.file.name


@dataclass(frozen=True)
class Agreement:
    """How two raters agree.

    `share` and `kappa` are (value, low, high); bounds are NaN below `FEWEST` pairs, kappa also where all verdicts are the same.
    """

    pairs: int
    same: int
    share: tuple[float, float, float]
    kappa: tuple[float, float, float]


def read_verdicts(path: Path) -> Rated:
    """A file that blind.html has saved.

    Raises:
        WrongInput: if it is none.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
        verdicts = {str(row["pair"]): str(row["verdict"]) for row in found["verdicts"]}
        read = Rated(path, str(found["study"]), str(found["lang"]), str(found.get("rater", "")), verdicts)
    except OSError as error:
        raise WrongInput(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise WrongInput(f"{path} is no file of verdicts: take one that the page explore/blind.html has saved") from None
    wrong = sorted(set(verdicts.values()) - set(VERDICTS))
    if wrong:
        raise WrongInput(f"{path}: '{wrong[0]}' is no verdict: {', '.join(VERDICTS)}")
    return read


def read_key(path: Path) -> pd.DataFrame:
    """The key of a study's pairs, by pair.

    Raises:
        WrongInput: if there is none.
    """
    if not path.is_file():
        raise WrongInput(f"there is no key {path}: name it with --key; `snakemake explore` makes it beside the page")
    key = read_frame(path)
    lacking = [name for name in KEY if name not in key]
    if lacking:
        raise WrongInput(f"{path} is no key of pairs: it lacks the column {lacking[0]}")
    return key.set_index("pair")


def judged(key: pd.DataFrame) -> dict[str, str]:
    """The judge's verdict on every pair of which it has rated both answers; equal ratings are a tie."""
    both = key[["judge_a", "judge_b"]].apply(pd.to_numeric, errors="coerce").dropna()
    signs = np.sign(both["judge_a"] - both["judge_b"])
    return {str(pair): {1: "a", 0: "tie", -1: "b"}[int(sign)] for pair, sign in signs.items()}


def agreement(one: dict[str, str], other: dict[str, str]) -> Agreement:
    """How two raters agree on the pairs that both have judged; intervals of 95 %."""
    from statsmodels.stats.proportion import proportion_confint

    shared = [pair for pair in one if pair in other]
    counts = np.array([[sum(one[p] == a and other[p] == b for p in shared) for b in VERDICTS] for a in VERDICTS])
    same = int(np.trace(counts))
    unknown = (float("nan"),) * 2
    if not shared:
        return Agreement(0, 0, (float("nan"), *unknown), (float("nan"), *unknown))
    bounds = proportion_confint(same, len(shared), alpha=0.05, method="wilson") if len(shared) >= FEWEST else unknown
    share = (same / len(shared), float(bounds[0]), float(bounds[1]))
    one_sided = any(counts.sum(axis=axis).max() == len(shared) for axis in (0, 1))
    if one_sided:  # a rater who always says the same agrees by chance only
        return Agreement(len(shared), same, share, (float("nan"), *unknown))
    chance = float(counts.sum(axis=0) @ counts.sum(axis=1)) / len(shared) ** 2
    low, middle, high = ((part - chance) / (1 - chance) for part in (share[1], share[0], share[2]))
    return Agreement(len(shared), same, share, (middle, low, high))


def report(files: Sequence[Path], key: Path | None, root: Path) -> list[str]:
    """What `polyglot agree` says.

    Args:
        files: of verdicts.
        key: of the pairs; None takes that of the study which the first file names.
        root: the folder with `results`.

    Raises:
        WrongInput: if a file is none of verdicts, or belongs to other pairs.
    """
    rated = [read_verdicts(path) for path in files]
    known = read_key(key or root / PAIRS_KEY.format(study=rated[0].study))
    judge = judged(known)
    lines: list[str] = []
    for one in rated:
        strange = [pair for pair in one.verdicts if pair not in known.index]
        if strange:
            raise WrongInput(
                f"{one.file}: {len(strange)} of {len(one.verdicts)} pairs are not in the key, {strange[0]} among them: it "
                "belongs to another study, or to an earlier page; name the key of that time with --key"
            )
        lines += _against_the_judge(one, judge)
    for first, second in combinations(rated, 2):
        if first.lang == second.lang:
            lines += [f"{first.lang}, {first.name} and {second.name}: {_said(agreement(first.verdicts, second.verdicts))}"]
    return lines


def _against_the_judge(one: Rated, judge: dict[str, str]) -> Iterator[str]:
    yield f"{one.lang}, {one.name} and the judge: {_said(agreement(one.verdicts, judge))}"
    decided = {pair: verdict for pair, verdict in one.verdicts.items() if verdict != "tie"}
    if len(decided) < len(one.verdicts):
        equal = len(one.verdicts) - len(decided)
        yield f"  {equal} pairs are equal to {one.name}; without them: {_said(agreement(decided, judge))}"
    unrated = sum(pair not in judge for pair in one.verdicts)
    if unrated:
        yield f"  {unrated} pairs have no verdict of the judge, and do not count"
    firsts = sum(verdict == "a" for verdict in decided.values())
    if decided:
        yield f"  {one.name} prefers the first answer in {firsts} of {len(decided)} pairs (a half is expected)"


def _said(found: Agreement) -> str:
    if not found.pairs:
        return "no pair that both have judged"
    text = f"{found.same} of {found.pairs} verdicts are the same ({_percent(found.share)}); Cohen's kappa {_value(found.kappa)}"
    return text + (f" (no interval below {FEWEST} pairs)" if found.pairs < FEWEST else "")


def _percent(value: tuple[float, float, float]) -> str:
    middle, low, high = (100 * part for part in value)
    return f"{middle:.0f} %" + ("" if np.isnan(low) else f" [{low:.0f}, {high:.0f}]")


def _value(value: tuple[Any, ...]) -> str:
    middle, low, high = value
    if np.isnan(middle):
        return "unknown: one of both always gives the same verdict"
    return f"{middle:.2f}" + ("" if np.isnan(low) else f" [{low:.2f}, {high:.2f}]")
