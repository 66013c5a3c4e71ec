"""Every kind of experiment in a real run, with a teacher that wrote nothing usable."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from polyglot.displays import catalogue as displays
from polyglot.workflow.loading import load_study

from .conftest import EXPERIMENTS, Workplace

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def results(experiments: Workplace) -> Path:
    return experiments.folder / "results/demo"


def test_every_table_and_figure_is_there(experiments: Workplace, results: Path) -> None:
    study, _ = load_study(experiments.folder / "config/demo.yaml", experiments.folder)
    made = [*study.matrices, "screen"]
    tables, figures = (displays.of(known, made) for known in (displays.tables(study), displays.figures(study)))
    assert set(EXPERIMENTS) <= set(tables) & set(figures)
    for name in tables:
        for kind in ("csv", "md", "tex", "html"):
            assert (results / f"tables/{name}.{kind}").stat().st_size > 20, name
        if name != "held_out":  # one teacher gives data, so there is nothing to choose from
            assert "\\toprule" in (results / f"tables/{name}.tex").read_text()
    for name in figures:
        assert (results / f"figures/{name}.pdf").read_bytes().startswith(b"%PDF")
        assert (results / f"figures/{name}.png").read_bytes().startswith(b"\x89PNG")


def test_a_teacher_without_usable_answers_is_a_hole_that_is_named(results: Path) -> None:
    """It stops nothing: its rows are there, without numbers, without a rank, with the reason."""
    statuses = pd.read_csv(results / "analysis/synthesis_yield.csv").query("teacher == 'mute'")
    assert "ok" not in set(statuses["status"])
    holes = pd.read_csv(results / "scores/main/holes.csv")
    assert holes[["teacher", "lang"]].to_numpy().tolist() == [["mute", "de"]]
    board = pd.read_csv(results / "tables/leaderboard.csv").set_index("teacher")
    assert board.loc["hasty", "rank"] == 1
    assert board.loc["mute", ["rank", "pg", "p_first"]].isna().all()
    for name in ("leaderboard", "pg_score", "intrinsic", "evaluation", "base_models", "data_scale", "other_student", "steps"):
        text = (results / f"tables/{name}.md").read_text()
        assert "Mute" in text, name
        assert "fewer than two usable answers" in text, name
    assert not list((results / "students/nano-base/equal/mute/de/0").glob("*.safetensors"))


def test_a_step_without_a_student_is_a_hole(results: Path) -> None:
    steps = pd.read_csv(results / "analysis/steps_steps.csv").query("group == 'all'").set_index("step")
    assert steps["score"].isna().to_dict() == {0: False, 1: False, 2: True, 3: False, 4: False}
    assert steps["examples"].to_dict()[1] == 48
    assert steps["examples"].to_dict()[3] == len(pd.read_parquet(results / "sft/equal-12/hasty/de/0.parquet"))


def test_smaller_training_sets_are_subsets(results: Path) -> None:
    small, large = (pd.read_parquet(results / f"sft/{recipe}/hasty/de/0.parquet") for recipe in ("equal-12", "equal"))
    assert 2 <= len(small) <= 12
    assert len(small) < len(large)
    assert set(small["id"]) <= set(large["id"])


def test_translated_data_come_from_the_same_prompts_as_the_teachers_translations(results: Path) -> None:
    asked = pd.read_parquet(results / "requests/de/translate/0.parquet")
    responded = pd.read_parquet(results / "requests/de/nllb-respond/0.parquet")
    assert [list(ids) for ids in asked["sources"]] == [list(ids) for ids in responded["sources"]]
    both = pd.read_parquet(results / "synthetic/nano-nllb/de/nllb-both/0.parquet")
    assert len(both) == len(asked)
    assert set(both["teacher"]) == {"nano-nllb"}
    cells = pd.read_csv(results / "scores/translation/cells.csv").set_index("recipe")["teacher"]
    assert cells.to_dict() == {"translate-12": "hasty", "nllb-respond-12": "hasty", "nllb-both-12": "nano-nllb"}


def test_a_cell_of_the_main_experiment_scores_the_same_everywhere(results: Path) -> None:
    main = pd.read_csv(results / "scores/main/cells.csv").query("teacher == 'hasty'").iloc[0]
    for name, query in (("base_models", "base == 'nano-base'"), ("data_scale", "recipe == 'equal'")):
        same = pd.read_csv(results / f"scores/{name}/cells.csv").query(f"teacher == 'hasty' and {query}").iloc[0]
        for column in ("intrinsic", "student_score", "pg_released"):
            assert same[column] == pytest.approx(main[column]), (name, column)


def test_screening_asks_a_small_sample_of_the_same_requests(results: Path) -> None:
    sample = pd.read_parquet(results / "requests/de/respond/0-screen.parquet")
    full = pd.read_parquet(results / "requests/de/respond/0.parquet")
    assert sample["request_id"].tolist() == full["request_id"].tolist()[:4]
    found = pd.read_csv(results / "tables/screen.csv").set_index("teacher")
    assert found["requests"].to_dict() == {"hasty": 12, "mute": 12}
    cost = pd.read_csv(results / "analysis/screening_cost.csv").set_index("what")
    assert cost.loc["full study", "requests"] == 2 * 24 * 3


def test_metrics_that_the_study_names_are_shown_and_analysed_and_not_scored(results: Path) -> None:
    names = {"distinct_2", "compression_ratio"}
    cells = pd.read_csv(results / "scores/main/cells.csv").set_index("teacher")
    assert names <= set(cells.columns)
    assert not {f"z_{name}" for name in names} & set(cells.columns)
    assert cells.loc["hasty", list(names)].notna().all()
    assert cells.loc["mute", list(names)].isna().all()
    assert names <= set(pd.read_csv(results / "analysis/pca_loadings.csv")["metric"])
    assert names <= set(pd.read_csv(results / "analysis/spearman.csv")["a"])
    assert names <= set(pd.read_csv(results / "analysis/screening.csv").columns)
    for table in ("intrinsic", "pca", "spearman", "screen"):
        assert "distinct-2" in (results / f"tables/{table}.md").read_text(), table


def test_one_figure_is_re_made_from_existing_scores(experiments: Workplace, tmp_path: Path) -> None:
    shutil.copytree(experiments.folder, tmp_path / "copy", symlinks=True, copy_function=shutil.copy2)
    copy = Workplace(tmp_path / "copy")
    target = "results/demo/figures/data_scale.pdf"
    before = (copy.folder / target).read_bytes()
    (copy.folder / target).unlink()
    assert copy.planned(target) == {"figure": 1}
    copy.snakemake(target)
    assert (copy.folder / target).read_bytes() == before


def test_a_cell_given_up_leaves_a_hole_with_its_reason(experiments: Workplace, tmp_path: Path) -> None:
    shutil.copytree(experiments.folder, tmp_path / "copy", symlinks=True, copy_function=shutil.copy2)
    copy = Workplace(tmp_path / "copy")
    given_up = "missing=[{teacher: mute, lang: de, reason: the node ran out of memory}]"
    copy.snakemake("results/demo/tables/leaderboard.md", "results/demo/figures/pg_score.png", "--config", given_up)
    assert "the node ran out of memory" in (copy.folder / "results/demo/tables/leaderboard.md").read_text()
