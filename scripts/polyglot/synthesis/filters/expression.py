"""An expression of the user's that says which examples stay."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from polyglot.core.errors import WrongInput
from polyglot.core.text import units
from polyglot.synthesis.filters.base import Examples, Filter, Settings, Verdict

COLUMNS = (
    *("prompt", "response", "thoughts", "method", "prompt_words", "response_words", "prompt_characters", "response_characters"),
    *("prompt_tokens", "completion_tokens", "thought_tokens", "attempts", "repaired"),
)
"""What an expression may name, besides `score_FILTER` of each filter before it."""


class ExpressionSettings(Settings):
    """Examples for which an expression does not hold."""

    keep: str = Field(
        default="True",
        min_length=1,
        description="What holds for an example that stays, as pandas' DataFrame.eval reads it, such as `response_words >= 5 and "
        f"score_duplicates < 0.7`. It may name {', '.join(f'`{name}`' for name in COLUMNS)}, and `score_FILTER` of the filters "
        "before it.",
    )


def _find(examples: Examples, settings: ExpressionSettings) -> Sequence[Verdict]:
    """1 for an example that stays, else 0.

    Raises:
        WrongInput: if the expression cannot be computed, or is not true or false for each example; names what it may use.
    """
    import pandas as pd

    rows = examples.rows
    table = rows.reindex(columns=[name for name in COLUMNS if name in rows]).reset_index(drop=True)
    for name in ("prompt", "response"):
        table[f"{name}_words"] = [len(units(text)) for text in rows[name]]
        table[f"{name}_characters"] = [len(text) for text in rows[name]]
    scores = pd.DataFrame([{f"score_{one['filter']}": one["score"] for one in told} for told in rows["decisions"]])
    table = pd.concat([table, scores], axis=1)
    try:
        kept = table.eval(settings.keep, engine="python")
        kept = pd.Series(kept, index=table.index) if isinstance(kept, bool) else kept
    except Exception as error:
        raise WrongInput(f"{_where(settings)}: {error}; it may name {', '.join(map(str, table.columns))}") from None
    if not isinstance(kept, pd.Series) or kept.dtype != bool:
        raise WrongInput(
            f"{_where(settings)} is not true or false for each example; compare something, such as response_words > 3"
        )
    return [Verdict(float(one), None if one else f"not: {settings.keep}") for one in kept]


def _where(settings: ExpressionSettings) -> str:
    return f"filters.expression.keep: '{settings.keep}'"


EXPRESSION = Filter(
    "expression", "examples for which an expression of yours does not hold", "expression", _find, ExpressionSettings
)
