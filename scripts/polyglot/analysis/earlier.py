"""What earlier studies say of teachers before a race: a mean and a standard deviation for each, on one scale.

The model is that of `polyglot.analysis.combining`. The race is one more study, so a teacher may differ there from its mean over
studies as it does in any other. How far, is not taken from one estimate: what the studies say is given for each of some standard
deviations, with the restricted likelihood of each. One study alone cannot tell them apart; then all are alike, until the race's
own scores agree with the study or do not.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from polyglot.analysis.combining import Model, quasi_variances
from polyglot.scoring.race_posterior import LANGUAGE_SPREADS

STUDY_SPREADS = (0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128)
"""Standard deviations of a teacher between studies that are thought possible, in mean benchmark score; each value alike."""
COLUMNS = ("spread", "log", "teacher", "mean", "sd")


def said_of_teachers(cells: pd.DataFrame) -> pd.DataFrame:
    """What studies say of a teacher's value in a further one.

    Args:
        cells: of the studies, as for `polyglot.analysis.combining.combine`.

    Returns:
        A row for each spread between studies and teacher: spread; log (likelihood of the spread, up to a constant); mean (from
        the mean of all teachers); sd (with the spread of both studies and languages in it).

    Raises:
        WrongInput: if the studies do not hang together, or there is nothing to compare.
    """
    model = Model.of(cells)
    rows = []
    for spread in STUDY_SPREADS:
        found = [model.given(spread, language) for language in LANGUAGE_SPREADS]
        likelihood = np.array([one.likelihood for one in found])
        share = np.exp(likelihood - likelihood.max())
        log = float(likelihood.max() + np.log(share.mean()))
        share /= share.sum()
        effects = np.array([one.effects for one in found])
        mean = share @ effects
        apart = effects - mean
        within = np.array([one.covariance for one in found])
        covariance = np.einsum("g,gij->ij", share, within) + np.einsum("g,gi,gj->ij", share, apart, apart)
        sds = np.sqrt(quasi_variances(covariance) + spread**2)
        rows += [(spread, log, *each) for each in zip(model.teachers, mean, sds, strict=True)]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.assign(log=table["log"] - table["log"].max())
