"""The table of a ranking by the data alone: what is wrong with the data stands first."""

from __future__ import annotations

import numpy as np
import pandas as pd

from polyglot.displays.tables.ranking import rank
from tests.simulated import GAINS, simulate


def sampled(**changes: dict[str, float]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A ranking of three teachers that score alike, with changes by teacher: (order, samples)."""
    usual = {"usable_share": 1.0, "usable_share_low": 0.94, "usable_share_high": 1.0, "usable": 60, "requests": 60}
    usual |= {"response_characters": 137.0, "prompt_diversity": 0.3, "reward": 3.0, "usd": 0.0, "usd_per_usable": 0.0}
    rows = [{"teacher": name, "lang": "de", "score": 0.0} | usual | changes.get(name, {}) for name in GAINS]
    ends = {
        f"{column}_{end}": np.nan
        for column in ("score", "prompt_diversity", "reward", "response_characters")
        for end in ("low", "high")
    }
    samples = pd.DataFrame([ends | {"usd_per_usable_low": 0.0, "usd_per_usable_high": 0.0} | row for row in rows])
    order = pd.DataFrame({"teacher": list(GAINS), "rank": [1, 2, 3], "score": [0.2, 0.0, -0.2], "p_first": [0.4, 0.3, 0.3]})
    return order.assign(rank_low=1, rank_high=3, score_low=-3.0, score_high=3.0), samples


def test_a_ranking_says_first_what_is_wrong_with_the_data() -> None:
    """Scores do not see that half of the answers are English, or that responses are cut."""
    half = {"usable_share": 0.5, "usable_share_low": 0.38, "usable_share_high": 0.62, "usable": 30}
    order, samples = sampled(good=half, fair={"response_characters": 40.0})
    (lead,) = rank(simulate().context, order, samples).lead
    assert lead.startswith(
        "Look first: 50% of Good & Co_1's answers are usable, 100% of Fair's; Fair's responses have 40 characters"
    )
    assert "do not tell the 3 teachers apart" in lead
    assert "usable share: Fair, Poor" in lead  # equal
    assert "price" not in lead.split("First in each")[1]  # all are 0
    (calm,) = rank(simulate().context, *sampled(good={"reward": 4.0})).lead
    assert "Look first" not in calm
    assert "reward: Good & Co_1" in calm
