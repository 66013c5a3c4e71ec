"""What a model answered, beside how often it was right: as the base, always the same option, and what guessing would score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

LETTER = r"[A-Z]"
"""The form of an answer where a model chooses among lettered options."""


@dataclass(frozen=True)
class Given:
    """A model's answers on one benchmark in one language, over its seeds; NaN and "" where they are not known.

    `differs`: share of items that it answers with another text than the base. `option`: the letter that it gives most often, if
    it chooses among letters, and `option_share`, its share of the items. `chance`: the score of guessing.
    """

    differs: float = np.nan
    option: str = ""
    option_share: float = np.nan
    chance: float = np.nan

    @property
    def columns(self) -> dict[str, float | str]:
        return asdict(self)


def given(outcomes: Sequence[pd.DataFrame], base: pd.DataFrame) -> Given:
    """The answers of a model's students on one benchmark, compared with the base's.

    Args:
        outcomes: one frame per student (see `polyglot.evaluation.run`), of the same items as `base`.
    """
    keys = ["stratum", "example_id"]
    own = pd.concat(outcomes, ignore_index=True)
    chance = float((own["weight"] * own["chance"]).sum() / own["weight"].sum()) if "chance" in own else np.nan
    if "answer" not in own or "answer" not in base:
        return Given(chance=chance)
    both = own.merge(base[[*keys, "answer"]], on=keys, suffixes=("", "_base"))
    differs = float((both["answer"].astype(str) != both["answer_base"].astype(str)).mean())
    answers = own["answer"].astype(str)
    if not answers.str.fullmatch(LETTER).all():
        return Given(differs, chance=chance)
    shares = answers.value_counts(normalize=True)
    return Given(differs, str(shares.index[0]), float(shares.iloc[0]), chance)
