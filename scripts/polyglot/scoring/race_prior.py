"""Earlier studies in a race of teachers: from their table to the posterior, and what they count there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from polyglot.core.arrays import Array
from polyglot.core.errors import WrongInput
from polyglot.scoring.race_columns import Earlier, Known
from polyglot.scoring.race_posterior import study_shares

COLUMNS = ("earlier", "earlier_sd", "between_studies", "worth")
"""Columns of a rung of a race that learns from earlier studies."""


@dataclass(frozen=True)
class Learned:
    """What earlier studies count in a posterior of one study.

    `mean`, `sd`: of each teacher's value by the earlier studies, from the mean of those that both have, (teachers); missing where
    they have none. `between_studies`: how far a teacher differs between studies (mean of the posterior). `worth`: as many
    trainings of a teacher in all languages say as much of it as the earlier studies do.
    """

    mean: Array
    sd: Array
    between_studies: float
    worth: float


def earlier_of(said: pd.DataFrame | None, teachers: Iterable[str]) -> Earlier | None:
    """What earlier studies say of these teachers, matched by name; None if they have fewer than two of them.

    Args:
        said: as from `polyglot.analysis.earlier.said_of_teachers`; None if there are no earlier studies.
    """
    teachers = [str(name) for name in teachers]
    if said is None or len(set(said["teacher"]) & set(teachers)) < 2:
        return None
    tables = [said.pivot(index="spread", columns="teacher", values=column) for column in ("mean", "sd")]
    means, sds = (table.reindex(columns=teachers).to_numpy(float) for table in tables)
    logs = said.groupby("spread")["log"].first()
    return Earlier(logs.index.to_numpy(float), logs.to_numpy(float), means, sds**2)


def learned(known: Known, weights: Array) -> Learned:
    """What the earlier studies count, by the race so far (one study; `weights` of languages as in `draws`)."""
    earlier = known.earlier
    if earlier is None:
        raise ValueError("there are no earlier studies")
    share = study_shares(known, weights)
    centred = earlier.means - np.nanmean(earlier.means, axis=-1, keepdims=True)
    mean = share @ centred
    variance = share @ (earlier.variances + (centred - mean) ** 2)
    one = np.asarray(weights) ** 2 @ (known.noise.kept + known.noise.anew)
    return Learned(
        mean, np.sqrt(variance), float(share @ earlier.spreads), float(share @ np.nanmean(one / earlier.variances, -1))
    )


def earlier_columns(known: Known, weights: Array, there: npt.NDArray[np.bool_]) -> dict[str, Array]:
    """`COLUMNS` of a rung by teacher, missing where earlier studies say nothing; none where there are no earlier studies.

    Args:
        weights: of languages, as in `draws`. there: which of all teachers `known` is of.
    """
    if known.earlier is None:
        return {}
    found = learned(known, weights)
    columns = {}
    for column, values in zip(COLUMNS, (found.mean, found.sd, found.between_studies, found.worth), strict=True):
        columns[column] = np.full(len(there), np.nan)
        columns[column][there] = values
    return columns


def need_shared(studied: Iterable[str], raced: Iterable[str]) -> None:
    """Check that earlier studies can say anything of a race.

    Raises:
        WrongInput: if they have fewer than two of its teachers by name.
    """
    known = set(studied)
    common = sorted(known & set(raced))
    if len(common) < 2:
        raise WrongInput(
            f"of the race's teachers the archives have {common[0] if common else 'none'}{' alone' * len(common)}, by name, "
            f"so they do not say who is better; they have {', '.join(sorted(known))}"
        )
