"""Seed sources: every row is counted, beside the published sizes, and samples are uniform and depend on no order."""

from __future__ import annotations

import math
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyglot.displays import catalogue as displays
from polyglot.displays.context import Context
from polyglot.displays.tables import study as study_tables
from polyglot.registry import Registries, load_registries
from polyglot.registry.data import Source
from polyglot.replication.published import SEED_SIZES, read_published_table
from polyglot.seeds.sources import TAKEN, beside_published, collect, counts_in_words, overview
from polyglot.workflow.loading import load_study
from tests.unit.seeds.test_sources import ROWS


@pytest.fixture(scope="module")
def registries(repository: Path) -> Registries:
    return load_registries(repository / "config")


@pytest.fixture(scope="module")
def counts(registries: Registries, repository: Path) -> pd.DataFrame:
    """Outcomes of every source above, beside table 6."""
    printed = read_published_table(repository / f"config/published/{SEED_SIZES}.csv")
    found = []
    for name, (lang, rows, _, _) in ROWS.items():
        source = registries.sources[name]
        most = 1 if name == "helpsteer3" else None
        found.append(beside_published(collect(name, source, rows, lang, most=most, seed=0)[1], printed, source.published))
    return pd.concat(found, ignore_index=True)


def test_every_row_of_a_source_is_counted_beside_table_6(counts: pd.DataFrame) -> None:
    table = {row["source"]: row for row in overview(counts).to_dict("records")}
    columns = ("source", "lang", "read", "kept", "sampled", "published", "ratio")
    for name, (lang, rows, pairs, outcomes) in ROWS.items():
        row = table[name]
        dropped = {reason: number for reason, number in row.items() if reason not in columns and number}
        assert dropped == {reason: number for reason, number in outcomes.items() if reason != TAKEN}
        assert row["read"] == len(rows) == sum(dropped.values()) + row["kept"]
        assert (row["lang"], row["kept"], row["sampled"]) == (lang, len(pairs), 1 if name == "helpsteer3" else len(pairs))
    assert {name: row["published"] for name, row in table.items() if name != "taco"} == {
        "aya": 241,
        "wildchat": 4660,
        "wildchat-english": 10000,
        "cidar": 6000,
        "cendol": 3000,
        "oasst2": 8785,
        "euroblocks": 3813,
        "helpsteer3": 534,
        "magpie-pro": 10000,
        "gsm8k": 7473,
        "tulu-3": 10000,
    }
    assert table["helpsteer3"]["ratio"] == pytest.approx(1 / 534)
    assert math.isnan(table["taco"]["ratio"])


def test_the_counts_are_told_in_words_and_as_a_table(counts: pd.DataFrame, registries: Registries, repository: Path) -> None:
    lines = counts_in_words(counts).splitlines()
    assert lines[-1] == "wildchat-english in en: 1 rows read; left out: none; 1 kept, 1 sampled; table 6: 10,000 (ratio 0.00)"
    assert "2 no response" in next(line for line in lines if line.startswith("wildchat in ar"))
    assert "table 6: no such row" in next(line for line in lines if line.startswith("taco"))
    study, _ = load_study(repository / "config/tagalog.yaml", repository, {"seed_dataset": {"sources": {"tl": ["taco"]}}})
    values = displays.tables(study)["seed_sources"].values(study, registries, study.scoring, name=study.study)
    saved = pd.read_csv(StringIO(overview(counts).to_csv(index=False)))
    table = study_tables.seed_sources(Context.of(values), saved)
    shown = {row["source"]: row for row in table.shown.to_dict("records")}
    assert len(table.data) == len(shown) == len(ROWS)
    assert shown["wildchat"]["left out"] == "no prompt 1; no response 2; other language 1; prompt too long 1"
    assert [shown["taco"][key] for key in ("language", "table 6", "sampled / table 6")] == [
        registries.languages["tl"].name,
        "–",
        "–",
    ]
    assert [shown["cidar"][key] for key in ("rows read", "kept", "sampled", "table 6")] == ["2", "1", "1", "6,000"]


def test_only_a_study_with_sources_has_their_table(repository: Path) -> None:
    for name in ("demo", "tagalog"):
        study, _ = load_study(repository / f"config/{name}.yaml", repository)
        assert ("seed_sources" in displays.tables(study)) is bool(study.seed_sources), name
    assert not load_study(repository / "config/demo.yaml", repository)[0].seed_sources
    overridden = {"seed_dataset": {"sources": {"de": ["aya"], "en": ["gsm8k", "tulu-3"], "cs": ["aya"]}}}
    study, _ = load_study(repository / "config/demo.yaml", repository, overridden)
    assert study.seed_sources == [("aya", "de"), ("gsm8k", "en"), ("tulu-3", "en")]
    assert displays.tables(study)["seed_sources"].inputs == {"sources": "analysis/seed_sources.csv"}


@given(
    texts=st.lists(st.text(min_size=1, max_size=5), max_size=40),
    most=st.integers(1, 10),
    seed=st.integers(0, 3),
)
def test_a_sample_does_not_depend_on_the_order_and_repeats_nothing(texts: list[str], most: int, seed: int) -> None:
    source = Source(folder="x", prompt="p", response="r", languages={"de": []})
    rows = [{"p": text, "r": "a"} for text in texts]
    one, counts = collect("mine", source, rows, "de", most=most, seed=seed)
    other, _ = collect("mine", source, rows[::-1], "de", most=most, seed=seed)
    every, _ = collect("mine", source, rows, "de", most=None, seed=seed)
    assert list(one["id"]) == list(other["id"])
    assert one["id"].is_unique
    assert len(one) == min(most, len(every))
    assert set(one["id"]) <= set(every["id"])
    assert counts["rows"].sum() == len(rows)


def test_samples_are_uniform() -> None:
    source = Source(folder="x", prompt="p", response="r", languages={"de": []})
    rows = [{"p": f"text {number}", "r": "a"} for number in range(40)]
    drawn = pd.concat([collect("mine", source, rows, "de", most=10, seed=seed)[0] for seed in range(400)])
    counts = drawn["prompt"].value_counts()
    assert len(counts) == 40
    assert counts.between(60, 140).all()
