"""Selections in a real run: every later rule carries them, and data of one's own can be selected from."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from polyglot.nano.world import CATEGORIES
from polyglot.selection.rules import select

from .conftest import Workplace

pytestmark = pytest.mark.slow

RECIPES = ["mdaq-4", "mmr-4", "random-4", "quality-only-4", "diversity-only-4"]
JUDGED = "judged-4"


@pytest.fixture(scope="module")
def selected(tiny: Workplace, tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """The tiny study with every way to select, and a file of data from elsewhere."""
    folder = tmp_path_factory.mktemp("selected") / "copy"
    shutil.copytree(tiny.folder, folder, symlinks=True, copy_function=shutil.copy2)
    workplace = Workplace(folder)
    rows = [{"prompt": f"Was ist {n}?", "response": f"Das ist die Zahl {n}." if n % 5 else "", "score": n} for n in range(40)]
    (folder / "mine.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    grown = {
        "run": ["main"],
        "experiments": {"selection": {"compare": "selection", "recipes": ["equal", *RECIPES, JUDGED]}},
        "selection": {
            "triplets": 12,
            "prompts": 8,
            "ratio": 1,
            "least_reward": 1.5,
            "examples": 12,
            "datasets": {"mine": "mine.jsonl"},
        },
    }
    workplace.configure("demo.yaml", lambda study: study | grown)
    workplace.snakemake("select")
    return workplace


@pytest.fixture(scope="module")
def results(selected: Workplace) -> Path:
    return selected.folder / "results/demo"


def test_selections_are_parts_of_the_whole_set_of_the_same_size(results: Path) -> None:
    whole = pd.read_parquet(results / "sft/equal/hasty/de/0.parquet")
    assert len(whole) > 4
    for recipe in RECIPES:
        part = pd.read_parquet(results / f"sft/{recipe}/hasty/de/0.parquet")
        assert len(part) == 4, recipe
        merged = part.merge(whole, on=["id", "method", "prompt", "response"])
        assert len(merged) == 4, recipe


def test_a_judged_set_has_the_best_samples_above_the_least_reward(results: Path) -> None:
    rewards = pd.read_parquet(results / "intrinsic/equal/hasty/de/0/reward.parquet").set_index("id")["reward"]
    taken = set(pd.read_parquet(results / f"sft/{JUDGED}/hasty/de/0.parquet")["id"])
    least = min(rewards[list(taken)])
    assert least >= 1.5
    assert len(taken) == min(4, (rewards >= 1.5).sum())
    assert (rewards.drop(list(taken)) <= least).all() or len(taken) < 4


def test_what_is_selected_is_what_the_files_say(results: Path) -> None:
    """From the quality and cluster of every sample, which are files, the same selection follows."""
    whole = pd.read_parquet(results / "selection/quality/hasty/de/0.parquet")
    whole = whole.merge(pd.read_parquet(results / "selection/clusters/hasty/de/0.parquet"), on="id")
    rules = {"mdaq-4": "mdaq", "quality-only-4": "quality-only"}
    for recipe, rule in rules.items():
        rows = select(
            list("de/" + whole["id"]), whole["quality"].to_numpy(), whole["cluster"].to_numpy(), rule=rule, size=4, ratio=1
        )
        taken = pd.read_parquet(results / f"sft/{recipe}/hasty/de/0.parquet")
        assert set(taken["id"]) == set(whole["id"].iloc[rows])
    coverage = pd.read_csv(results / "analysis/selection_coverage.csv").set_index("recipe")
    covered, quality = coverage["covered"].to_dict(), coverage["quality"].to_dict()
    assert coverage["coverage"]["equal"] == 1
    assert covered["mdaq-4"] >= covered["quality-only-4"]
    assert quality["quality-only-4"] == max(quality.values())
    assert covered["diversity-only-4"] == max(covered.values())


def test_students_are_compared_in_duels_on_the_same_prompts(results: Path) -> None:
    rates = pd.read_csv(results / "analysis/selection_win_rates.csv").fillna({"lang": ""})
    every = rates[rates["lang"] == ""].set_index("recipe")
    assert set(every.index) == {*RECIPES, JUDGED}
    assert (every[["wins", "ties", "losses", "unread"]].sum(axis=1) == 8).all()
    assert every["win_rate"].between(0, 1).all()
    by_level = pd.read_csv(results / "analysis/selection_win_rates_by_level.csv")
    german = rates[rates["lang"] == "de"].set_index("recipe")["win_rate"]
    assert by_level.set_index(["recipe", "langs"])["win_rate"].xs("de", level="langs").to_dict() == german.to_dict()
    assert "resource level" in (results / "tables/selection_win_rates.md").read_text()
    asked = pd.read_parquet(results / "selection/prompts/de.parquet")
    assert len(asked) == 8
    duel = pd.read_parquet(results / "selection/duels/nano-base/mdaq-4/hasty/de/0.parquet")
    assert set(duel["prompt"]) == set(asked["prompt"])


def test_table_figure_and_validity_of_the_quality_model(results: Path) -> None:
    table = pd.read_csv(results / "tables/selection.csv")
    assert table["recipe"].tolist() == ["equal", *RECIPES, JUDGED]
    assert table["pg"].notna().all()
    assert table.loc[0, ["win_rate", "wins"]].isna().all()
    validity = pd.read_csv(results / "tables/selection_quality_model.csv").fillna({"lang": "", "category": ""})
    assert set(validity["kind"]) == {"broken_fluency", "wrong_language", "wrong_answer", "truncated"}
    assert set(validity["lang"]) == {"", "en", "de", "id", "ar"}
    assert set(validity["category"]) == {"", *CATEGORIES}
    shown = (results / "tables/selection_quality_model.md").read_text()
    assert len([line for line in shown.splitlines() if "| wrong answer " in line]) == 1 + 4 + len(CATEGORIES)
    assert len([line for line in shown.splitlines() if "| truncated " in line]) == 1 + 4
    assert (results / "figures/selection.png").stat().st_size > 10_000


def test_data_of_ones_own_keep_their_columns_and_format(results: Path) -> None:
    taken = [json.loads(line) for line in (results / "select/mine.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(taken) == 12
    assert all(set(row) == {"prompt", "response", "score", "quality", "cluster"} and row["response"] for row in taken)
    told = (results / "select/mine.jsonl.summary.txt").read_text(encoding="utf-8")
    assert "12 of 32 samples by `mdaq`" in told
    assert "left out, without a prompt or response: 8" in told


def test_a_rule_without_measurements_needs_no_model_and_a_bad_file_stops_before_any_job(selected: Workplace) -> None:
    datasets = "datasets: {mine: mine.jsonl}"
    planned = selected.planned("results/demo/select/mine.csv", "--config", f"selection={{{datasets}, rule: random}}")
    assert planned == {"select_own": 1}
    (selected.folder / "bad.csv").write_text("Frage;Antwort\na;b\n", encoding="utf-8")
    done = selected.snakemake("-n", "select", "--config", "selection={datasets: {mine: bad.csv}}", check=False)
    assert done.returncode != 0
    assert "selection: bad.csv: missing column(s)" in done.stdout + done.stderr


def test_a_second_run_does_nothing_and_another_size_trains_no_quality_model(selected: Workplace) -> None:
    assert selected.planned("select") == {}
    selected.configure(
        "demo.yaml",
        lambda study: study | {"experiments": {"selection": {"compare": "selection", "recipes": ["equal", *RECIPES, "mdaq-3"]}}},
    )
    planned = selected.planned("select")
    assert planned["select_samples"] == planned["student"] == 1
    assert not {"quality_model", "sample_quality", "sample_embeddings", "sample_clusters", "synthesize"} & set(planned)


def test_from_a_common_pool_languages_get_what_they_deserve(selected: Workplace) -> None:
    """As many in all as from each language by itself, whichever language they are of."""
    langs = ["de", "id"]
    selected.configure(
        "demo.yaml", lambda study: study | {"languages": langs, "selection": study["selection"] | {"pooled": True}}
    )
    files = [f"results/demo/sft/mdaq-4/hasty/{lang}/0.parquet" for lang in langs]
    selected.snakemake(*files)
    results = selected.folder / "results/demo"
    quality = [pd.read_parquet(results / f"selection/quality/hasty/{lang}/0.parquet").assign(lang=lang) for lang in langs]
    clusters = pd.read_parquet(results / "selection/clusters/hasty/all/0.parquet")
    pool = pd.concat(quality).merge(clusters, on=["lang", "id"], validate="one_to_one")
    rows = select(
        list(pool["lang"] + "/" + pool["id"]),
        pool["quality"].to_numpy(),
        pool["cluster"].to_numpy(),
        rule="mdaq",
        size=8,
        ratio=1,
    )
    taken = pool.iloc[rows]
    assert len(taken) == 8
    for lang, file in zip(langs, files, strict=True):
        assert set(pd.read_parquet(selected.folder / file)["id"]) == set(taken.loc[taken["lang"] == lang, "id"])
