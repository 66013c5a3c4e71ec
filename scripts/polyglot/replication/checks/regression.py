"""Checks of figure 4: what the regression's outcome is, and on which rows it was fitted and scored."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import fsum

import numpy as np
import pandas as pd

from polyglot.replication.checks.compare import items
from polyglot.replication.evidence import Claim, Evidence, Finding
from polyglot.replication.published import RELEASED_REGRESSION
from polyglot.replication.settings import PUBLISHED_BASE

METRICS = 6
"""Standardised metrics behind the components: their variances sum to this."""


@dataclass(frozen=True)
class Outcome:
    """The rows of an outcome whose mean is nearest to an intercept.

    `left_out`: places of the cells that are not among them; `apart`: distance of the mean from the intercept; `next`: that of the
    second-nearest choice.
    """

    left_out: tuple[int, ...]
    mean: float
    apart: float
    next: float


def nearest_mean(values: np.ndarray, intercept: float, left_out: int = 2) -> Outcome:
    """The mean without a few cells that is nearest to an intercept; components are centred, so it is the outcome's mean."""
    total, count = fsum(values), len(values)
    choices = list(combinations(range(count), left_out))
    means = [(total - fsum(values[place] for place in choice)) / (count - left_out) for choice in choices]
    apart = np.abs(np.array(means) - intercept)
    first, second = np.argsort(apart, kind="stable")[:2]
    chosen = choices[first]
    exact = fsum(value for place, value in enumerate(values) if place not in chosen) / (count - left_out)
    return Outcome(chosen, exact, abs(exact - intercept), float(apart[second]))


def _regression(evidence: Evidence) -> pd.Series:
    return evidence.tables[RELEASED_REGRESSION].set_index("term")["value"]


def _sample(evidence: Evidence) -> tuple[pd.DataFrame, Outcome]:
    """The cells of the main base, and the choice of those that the intercept singles out."""
    cells = evidence.scores(PUBLISHED_BASE)
    return cells, nearest_mean(cells["pg"].to_numpy(dtype=float), float(_regression(evidence)["intercept"]))


def regression_intercept(evidence: Evidence, claim: Claim) -> Finding:
    """The intercept against the mean student score and the mean PG-Score of the same cells."""
    cells, chosen = _sample(evidence)
    intercept = float(_regression(evidence)["intercept"])
    means = cells.drop(index=list(chosen.left_out))[["student_score", "pgr", "intrinsic"]].mean()
    item = claim.arguments["outcome"]
    value = chosen.mean if item == "pg" else float(means[item])
    names = " and ".join(f"{row['teacher']} {row['lang']}" for row in cells.loc[list(chosen.left_out)].to_dict("records"))
    note = (
        f"components are centred, so the intercept is the outcome's mean. The mean PG-Score without {names} differs from it by "
        f"{chosen.apart:.0e}, without any other two cells by {chosen.next:.0e} or more"
    )
    numbers = {"mean": value, "apart": chosen.apart, "next": chosen.next, "points": len(cells) - len(chosen.left_out)}
    return Finding(items({"mean of the outcome": intercept}, {"mean of the outcome": value}), note, numbers=numbers)


def regression_points(evidence: Evidence, claim: Claim) -> Finding:
    """The number of points that the intercept singles out; unknown if no choice gives it."""
    cells, chosen = _sample(evidence)
    known = chosen.apart <= claim.arguments["exact"]
    points = len(cells) - len(chosen.left_out) if known else np.nan
    note = f"{len(cells)} cells of the main base are released; {len(chosen.left_out)} are not in the regression"
    return Finding(items(claim.published, {"points": points}), note if known else "no two cells left out give the intercept")


def regression_in_sample(evidence: Evidence, claim: Claim) -> Finding:
    """Whether R² is that of rows that the regression was not fitted on.

    Components are uncorrelated on the rows on which they were computed. So there, and only there, R² is the sum of squared
    coefficients times the components' variances, over the outcome's variance.
    """
    cells, chosen = _sample(evidence)
    terms = _regression(evidence)
    outcome = cells["pg"].drop(index=list(chosen.left_out)).to_numpy(dtype=float)
    parts = [str(term).removeprefix("share ") for term in terms.index if str(term).startswith("share ")]
    explained = sum(terms[f"coefficient {part}"] ** 2 * terms[f"share {part}"] * METRICS for part in parts)
    found, released = float(explained / outcome.var()), float(terms["r2"])
    apart = abs(found - released)
    rmse = float(outcome.std() * np.sqrt(1 - found))
    note = (
        f"R² on the {len(outcome)} rows of the fit is {found:.10f}, the released one {released:.10f} (difference {apart:.0e}); "
        f"RMSE on them {rmse:.3f}"
    )
    item = "R² is that of other rows than the fit's"
    held_out = bool(apart > claim.arguments["exact"])
    return Finding(items({item: True}, {item: held_out}), note, numbers={"r2": found, "apart": apart, "rmse": rmse})
