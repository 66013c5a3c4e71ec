"""Draws with a covariance: they have it, and the same seed gives the same ones whatever the processor."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from polyglot.core.arrays import symmetric_root

SCRIPT = """
import json
import numpy as np, pandas as pd
from polyglot.analysis.combining import combine, leaderboard
from polyglot.scoring.race_columns import Known, Noise
from polyglot.scoring.race_value import regret_after_one_more

rng = np.random.default_rng(0)
keys = [(study, lang, one) for study, own in {"one": "abc", "two": "cdef"}.items() for lang in ("de", "id") for one in own]
cells = pd.DataFrame(keys, columns=["study", "lang", "teacher"]).assign(base="base", recipe="equal", se=0.01)
cells["value"] = 0.01 * rng.normal(size=len(cells)) - 0.02 * cells["teacher"].map("abcdef".index)
board = leaderboard(combine(cells), 0.95).drop(columns="teacher")
known = Known(rng.normal(0.5, 0.01, (5, 3)), np.ones((5, 3)), Noise(np.full(3, 2e-5), np.full(3, 1.5e-4)))
print(json.dumps([*board.to_numpy().ravel(), regret_after_one_more(known, np.ones(5, bool), rng, number=500)]))
"""


@pytest.fixture
def covariance() -> np.ndarray:
    """Singular, and with eigenvalues that are alike: effects whose sum is 0."""
    return 4.0 * (np.eye(6) - 1 / 6)


def test_draws_have_the_covariance(covariance: np.ndarray) -> None:
    root = symmetric_root(covariance)
    assert root == pytest.approx(root.T)
    assert root @ root == pytest.approx(covariance)
    assert root == pytest.approx(covariance / 2)
    drawn = np.random.default_rng(0).normal(size=(20_000, 6)) @ root
    assert np.cov(drawn.T) == pytest.approx(covariance, abs=0.15)


def test_rounding_below_zero_is_zero() -> None:
    assert np.isfinite(symmetric_root(np.diag([1.0, 0.0, -1e-18]))).all()


def test_tables_of_a_seed_do_not_depend_on_the_processor() -> None:
    """With the routines for two older processors, and for this one: they differ in the last bits, and in which of several
    eigenvectors they find. An empty name is this one's own."""
    found = []
    for routines in ("Prescott", "Nehalem", ""):
        env = os.environ | {"OPENBLAS_CORETYPE": routines}
        done = subprocess.run([sys.executable, "-c", SCRIPT], env=env, capture_output=True, text=True, check=True)
        found.append(json.loads(done.stdout))
    assert np.array(found[1:]) == pytest.approx(np.array(found[:1] * 2), abs=1e-6)
