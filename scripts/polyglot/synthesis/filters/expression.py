"""An expression of the user's that says which examples stay."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from pydantic import Field

from polyglot.core.errors import WrongInput
from polyglot.core.lookup import unknown
from polyglot.core.text import units
from polyglot.synthesis.filters.base import Examples, Filter, Settings, Verdict

COLUMNS = (
    *("prompt", "response", "thoughts", "method", "prompt_words", "response_words", "prompt_characters", "response_characters"),
    *("prompt_tokens", "completion_tokens", "thought_tokens", "attempts", "repaired"),
)
"""What an expression may name, besides `score_FILTER` of each filter before it."""
FUNCTIONS = ("abs", "ceil", "exp", "floor", "log", "log10", "log1p", "sqrt")
"""Functions that pandas knows in an expression."""
OF_COLUMNS = (
    *("str", "isin", "between", "isna", "notna", "abs", "round", "clip", "fillna", "rank", "duplicated"),
    *("min", "max", "mean", "median", "quantile", "std", "sum"),
)
"""What an expression may take of a column. Others can write files, which no setting may."""


class ExpressionSettings(Settings):
    """Examples for which an expression does not hold."""

    keep: str = Field(
        default="True",
        min_length=1,
        description="What holds for an example that stays, as pandas' DataFrame.eval reads it, such as `response_words >= 5 and "
        f"score_duplicates < 0.7`. It may name {', '.join(f'`{name}`' for name in COLUMNS)}, and `score_FILTER` of the filters "
        "before it.",
    )

    def check_after(self, before: Sequence[str]) -> None:
        """Raise `ValueError` for what is no such expression, or names what there is not after these filters."""
        known = {*COLUMNS, *(f"score_{name}" for name in before)}
        quoted = re.findall("`([^`]*)`", self.keep)
        try:
            whole = ast.parse(re.sub("`[^`]*`", "prompt", self.keep.strip()), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise ValueError(
                f"expression.keep: '{self.keep}' is no expression ({error}); an example is `response_words >= 5`"
            ) from None
        parts = list(ast.walk(whole))
        functions = {id(part.func) for part in parts if isinstance(part, ast.Call)}
        named = [(part.id, id(part) in functions) for part in parts if isinstance(part, ast.Name)]
        strange = [name for name, called in named if name not in (FUNCTIONS if called else known)]
        for name in [*strange, *(name for name in quoted if name not in known)]:
            raise ValueError(f"expression.keep: {unknown('name', name, sorted(known))}")
        for taken in (part for part in parts if isinstance(part, ast.Attribute)):
            of_texts = isinstance(taken.value, ast.Attribute) and taken.value.attr == "str" and not taken.attr.startswith("_")
            if not of_texts and taken.attr not in OF_COLUMNS:
                raise ValueError(f"expression.keep: '.{taken.attr}' cannot be used there; of a column: {', '.join(OF_COLUMNS)}")
        if not _is_condition(whole):
            raise ValueError(f"expression.keep: '{self.keep}' is not true or false for each example; compare something")


def _is_condition(part: ast.expr) -> bool:
    """Whether an expression can be true or false, as far as its form tells."""
    if isinstance(part, ast.Constant):
        return isinstance(part.value, bool)
    if isinstance(part, ast.BinOp):
        return isinstance(part.op, ast.BitAnd | ast.BitOr | ast.BitXor)
    if isinstance(part, ast.UnaryOp):
        return isinstance(part.op, ast.Not | ast.Invert)
    return isinstance(part, ast.Compare | ast.BoolOp | ast.Call) or (isinstance(part, ast.Name) and part.id == "repaired")


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
