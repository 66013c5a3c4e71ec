"""A race in the finished study: who is trained again, who is not, and the same result after a kill in the second rung."""

from __future__ import annotations

import filecmp
import shutil
from pathlib import Path

import pandas as pd
import pytest

from polyglot.training.checkpoints import is_complete
from polyglot.workflow.shared_starts import VARIABLE

from .conftest import Workplace

pytestmark = pytest.mark.slow

RACE = ("--config", "experiments={race: {compare: race, trainings: 2, languages: [de]}}", "run=[race]")
AGAIN = "nano-base/equal/{teacher}/de/0-training2"
LEFT, DROPPED = {"thorough", "germanist"}, {"hasty", "careless"}
"""In German the two first teachers are about equally good, by construction; the others are far behind."""


@pytest.fixture(scope="module")
def killed(demo: Workplace, tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """A race after the finished study, killed while the second rung's first student is trained, and run to its end."""
    copy = Workplace(tmp_path_factory.mktemp("race") / "copy")
    shutil.copytree(demo.folder, copy.folder, symlinks=True, copy_function=shutil.copy2)
    checkpoints = copy.folder / "results/demo/unfinished/students"
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(VARIABLE)  # servers of its own, which end with it
        second = AGAIN.format(teacher="*")
        copy.kill_when(lambda: any(map(is_complete, checkpoints.glob(f"{second}/checkpoint-*"))), "-j", "1", "race", *RACE)
    assert (copy.folder / "results/demo/race/race/rung1.csv").exists()
    assert not (copy.folder / "results/demo/race/race/rung2.csv").exists()
    copy.unlock()
    copy.snakemake("race", *RACE)
    return copy


def trained_again(place: Workplace) -> set[str]:
    return {path.parts[-3] for path in (place.folder / "results/demo/students").glob(AGAIN.format(teacher="*"))}


def test_who_may_be_the_best_is_trained_again_and_the_others_are_named(killed: Workplace) -> None:
    first, second = (pd.read_csv(killed.folder / f"results/demo/race/race/rung{rung}.csv") for rung in (1, 2))
    assert set(first.loc[first["state"].isin(["leads", "stays"]), "teacher"]) == LEFT == trained_again(killed)
    assert second.set_index("teacher")["trainings"].to_dict() == dict.fromkeys(LEFT, 2) | dict.fromkeys(DROPPED, 1)
    assert set(second["end"]) == {"trainings"}
    table = (killed.folder / "results/demo/tables/race.md").read_text(encoding="utf-8")
    assert table.count("dropped after rung 1") == len(DROPPED)
    assert "Students: 6, where 2 trainings of every teacher would be 8." in table


def test_a_race_that_was_killed_ends_with_the_same_bytes(killed: Workplace, tmp_path: Path) -> None:
    logs = [killed.folder / f"results/demo/logs/student/{AGAIN.format(teacher=name)}.log" for name in LEFT]
    assert any("fine-tuning: resumed" in log.read_text() for log in logs)
    copy = Workplace(tmp_path / "copy")
    shutil.copytree(killed.folder, copy.folder, symlinks=True, copy_function=shutil.copy2)
    results = copy.folder / "results/demo"
    shutil.rmtree(results / "race")
    for made in (results / "analysis/race_race.csv", *results.glob("tables/race.*")):
        made.unlink()
    for name in LEFT:
        shutil.rmtree(results / "students" / AGAIN.format(teacher=name))
        (results / f"evaluation/students/{AGAIN.format(teacher=name)}.parquet").unlink()
    copy.snakemake("race", *RACE)
    ours, theirs = copy.folder / "results/demo", killed.folder / "results/demo"
    files = ["race/race/rung1.csv", "race/race/rung2.csv", "analysis/race_race.csv", "tables/race.csv", "tables/race.md"]
    for name in LEFT:
        one = AGAIN.format(teacher=name)
        files += [f"evaluation/students/{one}.parquet", f"students/{one}/model.safetensors"]
    assert filecmp.cmpfiles(ours, theirs, files, shallow=False) == (files, [], [])


def test_publishing_a_race_trains_nobody(killed: Workplace) -> None:
    planned = killed.planned("publish", *RACE)
    assert planned["model_card"] == 2 * len(LEFT) + len(DROPPED)
    assert not {"student", "evaluate_student", "race_rung"} & set(planned)


def test_a_race_that_is_over_trains_and_decides_nothing_again(killed: Workplace) -> None:
    assert set(killed.planned("race", *RACE)) <= {"page", "race"}


def test_a_small_set_asks_for_its_part_and_the_full_one_for_the_rest(demo: Workplace, tmp_path: Path) -> None:
    """Both together ask what the study asked at once, and are answered alike; what is lacking is refilled block by block."""
    copy = Workplace(tmp_path / "copy")
    shutil.copytree(demo.folder, copy.folder, symlinks=True, copy_function=shutil.copy2)
    results, first = copy.folder / "results/demo", 53  # what 150 examples by three methods take
    settings = (*RACE, "race={small: equal-150}", f"synthesis={{first: {first}, shortfall: refill}}")
    shutil.rmtree(results / "unfinished/superseded")  # where the answers that are there would be found
    whole = {kind: read_by_method(results / kind, "0") for kind in ("requests/de", "answers/hasty/de")}
    small, full = (f"results/demo/sft/{recipe}/hasty/de/0.parquet" for recipe in ("equal-150", "equal"))

    copy.snakemake(small, *settings)
    asked = read_by_method(results / "requests/de", "0")
    assert (asked.groupby("method").size() == first).all()
    assert not [*results.glob("answers/hasty/de/*/0-block2.parquet")]
    assert len(pd.read_parquet(copy.folder / small)) == 150

    copy.snakemake(full, *settings)
    for kind, key in (("requests/de", "request_id"), ("answers/hasty/de", "id")):
        cut = pd.concat([read_by_method(results / kind, draw) for draw in ("0", "0-block2")])
        cut, before = (frame.sort_values(key, ignore_index=True) for frame in (cut, whole[kind]))
        assert not cut.duplicated(key).any()
        pd.testing.assert_frame_equal(cut, before)
    sets = {name: set(pd.read_parquet(copy.folder / path)["id"]) for name, path in (("small", small), ("full", full))}
    assert len(sets["full"]) > 590
    further = {draw: read_by_method(results / "further/requests/hasty/de", draw) for draw in ("0", "0-block2")}
    assert 0 < len(further["0"]) < len(further["0-block2"])
    assert sets["small"] <= set(asked["request_id"]) | set(further["0"]["request_id"])
    assert copy.planned(small, full, *settings) == {}


def read_by_method(folder: Path, draw: str) -> pd.DataFrame:
    """A draw's files of all methods."""
    files = {path.parent.name: path for path in sorted(folder.glob(f"*/{draw}.parquet"))}
    return pd.concat([pd.read_parquet(path).assign(method=method) for method, path in files.items()], ignore_index=True)
