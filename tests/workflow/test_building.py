"""From a finished study to its data set: what is asked, what is not asked again, and what one gets."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from polyglot.core.files import read_json, write_json
from polyglot.study import paths

from .conftest import Workplace, copy_workflow

pytestmark = pytest.mark.slow

BUILD = "results/demo/build"
SMALL, LARGER = ("build={languages: [id], size: 615}", "build={languages: [id], size: 660}")


@pytest.fixture(scope="module")
def built(demo: Workplace, tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """A copy of the finished study, with the data set of one language."""
    copy = Workplace(tmp_path_factory.mktemp("build") / "copy")
    shutil.copytree(demo.folder, copy.folder, symlinks=True, copy_function=shutil.copy2)
    copy.snakemake("build", "--config", SMALL)
    return copy


def requests(place: Workplace, size: int) -> pd.DataFrame:
    files = sorted((place.folder / f"{BUILD}/requests/equal-{size}/thorough/id").glob("*.parquet"))
    return pd.concat([pd.read_parquet(file) for file in files])


def test_the_folder_opens_as_a_data_set_of_the_wanted_size(built: Workplace, tmp_path: Path) -> None:
    from datasets import load_dataset

    folder = built.folder / BUILD / "published"
    opened = load_dataset(str(folder), "id", split="train", cache_dir=str(tmp_path)).to_pandas()
    assert len(opened) == 615
    assert not opened.duplicated("id").any()
    pd.testing.assert_frame_equal(opened, load_dataset(str(folder / "data/id"), split="train").to_pandas())
    study = pd.concat(
        pd.read_parquet(built.folder / f"results/demo/synthetic/thorough/id/{method}/0.parquet")
        for method in ("generate", "translate", "respond")
    )
    assert set(opened["id"]) - set(study["request_id"]) <= set(requests(built, 615)["request_id"])
    assert len(requests(built, 615)) < 120  # the rest was there


def test_the_choice_says_on_what_it_rests(built: Workplace) -> None:
    choice = read_json(built.folder / BUILD / "choice.json")["languages"]["id"]
    advice = pd.read_csv(built.folder / "results/demo/tables/recommendation.csv").set_index("lang").loc["id"]
    assert (choice["teacher"], choice["verdict"]) == (advice["teacher"], advice["verdict"])
    assert choice["numbers"]["p_first"] == pytest.approx(advice["p_first"])
    assert choice["clear"] == (advice["verdict"] == "clear")
    card = (built.folder / BUILD / "published/README.md").read_text(encoding="utf-8")
    assert choice["why"] in card
    assert ("This choice is not clear." in card) != choice["clear"]


def test_the_student_is_no_worse_than_the_studys_best(built: Workplace) -> None:
    rows = pd.read_csv(built.folder / BUILD / "comparison.csv").query("benchmark == 'mean'").to_dict("records")
    students = [row for row in rows if row["model"] == "student"]
    assert len(students) == 4
    assert max(students, key=lambda row: row["score"])["ahead_high"] > 0
    (base,) = (row for row in rows if row["model"] == "base")
    assert base["ahead"] > 0
    assert (built.folder / BUILD / "published/students/id/model.safetensors").stat().st_nlink > 1


def test_a_second_build_does_nothing(built: Workplace) -> None:
    assert built.planned("build", "--config", SMALL) == {}


def test_a_larger_size_asks_for_the_difference_alone(built: Workplace) -> None:
    before = requests(built, 615)["request_id"]
    answers = f"{BUILD}/answers/equal-660/thorough/id/generate.parquet"
    built.snakemake(answers, "--config", LARGER)
    after = requests(built, 660)["request_id"]
    assert set(before) < set(after)
    (kept,) = (built.folder / "results/demo/unfinished/superseded/answers-build/thorough/id").rglob("*.jsonl.gz")
    with gzip.open(kept, "rt", encoding="utf-8") as file:
        asked = [row["id"] for line in file for row in json.loads(line)["rows"]]
    assert sorted(asked) == sorted(after)  # none of them twice
    plan = pd.read_csv(built.folder / BUILD / "plan.csv")
    assert list(plan["requests"]) == [len(after)]


def test_a_teacher_that_is_set_is_taken_and_the_choice_says_what_the_study_would_have_taken(built: Workplace) -> None:
    overruled = "build={languages: [id], size: 615, teacher: germanist}"
    built.snakemake(f"{BUILD}/plan.md", "--config", overruled)
    choice = read_json(built.folder / BUILD / "choice.json")["languages"]["id"]
    assert (choice["teacher"], choice["overruled"]) == ("germanist", {"teacher": "thorough"})
    assert "| id | germanist | 615 |" in (built.folder / BUILD / "plan.md").read_text(encoding="utf-8")


def test_the_published_study_can_be_built_from(repository: Path, tmp_path: Path) -> None:
    paper = copy_workflow(repository, tmp_path)
    study = ("--configfile", "config/paper.yaml")
    planned = paper.planned("build", *study)
    assert planned["build_choice"] == planned["build_plan"] == planned["build_folder"] == 1
    assert "synthesize_build" not in planned  # whom to ask is known once the study is done
    teacher = "gemma-3-27b-it"
    langs = ["ar", "cs", "de", "es", "id", "ja"]
    choices = {lang: {"recipe": "equal-50000", "teacher": teacher} for lang in langs}
    write_json({"languages": choices}, paper.folder / paths.BUILD_CHOICE.format(study="paper"))
    planned = paper.planned("build", *study, "--config", f"build={{size: 50000, teacher: {teacher}}}")
    assert planned["build_requests"] == planned["synthesize_build"] == planned["check_build"] == len(langs)
    assert planned["synthesize"] >= 3 * len(langs)
    assert planned["data_set"] == planned["model_card"] == len(langs)
