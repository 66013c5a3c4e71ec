"""What a study's benchmarks can tell from nothing, before anything is measured."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from polyglot.core.power import expected_error, smallest_gain
from polyglot.core.rows import stream_rows
from polyglot.evaluation.items import holds_items, items_file
from polyglot.registry import Registries
from polyglot.study.configuration import Study

FEW_ITEMS = 100
"""Assumed items of a benchmark whose size is not known before it is read."""


def expected_power(study: Study, registries: Registries) -> pd.DataFrame:
    """For each scored benchmark and language: lang, benchmark, items, assumed (whether their number is), smallest_gain.

    Items are those of the registry (`test_items`) for a benchmark from the hub, those of the file for one from a folder, else
    `FEW_ITEMS`; at most `max_items`.
    """
    rows = []
    for lang in study.languages:
        for name, chosen in study.evaluation.benchmarks_in(lang).items():
            if not chosen.scored:
                continue
            known = registries.benchmarks[name].test_items if chosen.downloaded else None
            if chosen.folder and chosen.as_it_is and holds_items(Path(chosen.folder, lang)):
                known = sum(1 for _ in stream_rows(items_file(name, Path(chosen.folder, lang))))
            items = min(known or FEW_ITEMS, chosen.max_items or known or FEW_ITEMS)
            gain = smallest_gain(expected_error(items), study.scoring.confidence)
            rows.append({"lang": lang, "benchmark": name, "items": items, "assumed": known is None, "smallest_gain": gain})
    return pd.DataFrame(rows, columns=["lang", "benchmark", "items", "assumed", "smallest_gain"])
