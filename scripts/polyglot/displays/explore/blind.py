"""Pairs of answers that a native speaker judges without knowing the teachers, and the key to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from polyglot.core.conversations import HISTORY, histories
from polyglot.core.hashing import content_id, stable_seed
from polyglot.core.text import visible
from polyglot.displays.explore.answers import Group
from polyglot.displays.explore.chunks import spoken

KEY = ("pair", "lang", "method", "request_id", "teacher_a", "teacher_b", "judge_a", "judge_b")
"""Columns of the key."""


@dataclass
class Pairs:
    """Pairs by language: usable answers of two teachers to the same prompt, in random order.

    Args:
        most: pairs a language.
        judge: the metric that the judge has given, or "".
        seed: of the draws.
    """

    most: int
    judge: str
    seed: int
    candidates: dict[str, list[tuple[str, pd.DataFrame]]] = field(default_factory=dict)

    def add(self, group: Group) -> None:
        """The requests of a group to which two teachers have given different usable answers to the same prompt."""
        usable = group.answers[group.answers["used"] & (group.answers["response"].fillna("") != "")]
        for _, answers in usable.groupby("request_id", sort=False):
            for _, same in answers.groupby("prompt", sort=False):
                different = same.drop_duplicates("response")
                if len(different) > 1:
                    self.candidates.setdefault(group.lang, []).append((group.method, different))

    def drawn(self) -> tuple[dict[str, list[dict[str, Any]]], pd.DataFrame]:
        """By language what is shown of each pair, and the key (see `KEY`).

        Shown are `id`, `before` (the turns before the prompt, with who speaks), `prompt`, `a` and `b`.
        """
        shown: dict[str, list[dict[str, Any]]] = {}
        key = []
        for lang, candidates in self.candidates.items():
            rng = np.random.default_rng(stable_seed("blind", self.seed, lang))
            for place in rng.permutation(len(candidates))[: self.most]:
                method, answers = candidates[place]
                first, second = answers.iloc[rng.choice(len(answers), 2, replace=False)].to_dict("records")
                row = self._row(lang, method, first, second)
                key.append(row)
                texts = {"a": visible(first["response"]), "b": visible(second["response"])}
                asked = {"before": spoken(histories(answers.iloc[:1])[0]), "prompt": visible(first["prompt"])}
                shown.setdefault(lang, []).append({"id": row["pair"], **asked, **texts})
        return shown, pd.DataFrame(key, columns=[*KEY])

    def _row(self, lang: str, method: str, first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
        before = [text for text in [first.get(HISTORY)] if isinstance(text, str) and text]
        texts = (first["prompt"], first["response"], second["response"], *before)
        teachers = {"teacher_a": first["teacher"], "teacher_b": second["teacher"]}
        judged = {"judge_a": first.get(self.judge), "judge_b": second.get(self.judge)}
        named = {"pair": content_id(*texts), "lang": lang, "method": method, "request_id": first["request_id"]}
        return named | teachers | judged
