"""`polyglot combine`: what several studies say together, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from polyglot.__main__ import main
from polyglot.core.errors import WrongInput
from polyglot.core.files import write_parquet
from polyglot.evaluation.run import no_outcomes
from polyglot.intrinsic.metrics import PAPER, STANDARD
from polyglot.provenance.archive.reading import JOBS
from polyglot.provenance.archive.verifying import CODE
from polyglot.provenance.records import code_id
from polyglot.study.paths import CELLS
from polyglot.study.reserved import MAIN
from polyglot.workflow import combine as combining_archives
from polyglot.workflow import named_files
from polyglot.workflow.combine import Part, combine_parts, gains, look
from tests.unit.analysis.test_combining import study
from tests.unit.provenance.test_forged import AT, Forgery
from tests.unit.provenance.test_replay import archived


def part(
    name: str,
    teachers: str,
    number: int = 0,
    *,
    scale: str = "",
    models: dict[str, object] | None = None,
    measured: dict[str, str] | None = None,
) -> Part:
    """A verified archive of a study with these teachers."""
    cells = study(name, teachers, np.random.default_rng(number), error=0.004).rename(columns={"value": "gain", "se": "gain_se"})
    cells = cells.drop(columns="study").assign(pg_signsafe=lambda frame: 20 * frame["gain"])
    cells = cells.assign(pg_signsafe_low=cells["pg_signsafe"] - 0.16, pg_signsafe_high=cells["pg_signsafe"] + 0.16)
    return Part(Path(f"{name}.zip"), f"{number:08x}ffff", name, cells, "signsafe", 0.95, scale, models or {}, measured or {})


def test_the_planted_order_over_two_studies_that_share_a_teacher(tmp_path: Path) -> None:
    text = "\n".join(combine_parts([part("north", "abc", 1), part("south", "cdef", 2)], tmp_path, 0.95))
    assert list(pd.read_csv(tmp_path / "combined.csv")["teacher"]) == list("abcdef")
    assert text.startswith("a leads over 2 studies: P(first)")
    assert "Students' gains are combined" in text
    brought = pd.read_csv(tmp_path / "studies.csv", dtype=str)
    assert list(brought["fingerprint"]) == ["00000001ffff", "00000002ffff"]
    assert (tmp_path / "combined.md").read_text().splitlines() == text.splitlines()
    assert len(pd.read_csv(tmp_path / "cells.csv")) == 3 * 3 + 4 * 3


def test_scores_on_one_frozen_scale_are_combined_themselves(tmp_path: Path) -> None:
    same = [part("north", "abc", 1, scale="mean,sd"), part("south", "cde", 2, scale="mean,sd")]
    assert "in units of pg_signsafe" in "\n".join(combine_parts(same, tmp_path, 0.95))
    effects = pd.read_csv(tmp_path / "combined.csv").set_index("teacher")["effect"]
    assert effects["a"] - effects["e"] == pytest.approx(20 * 0.08, abs=0.4)
    other = [part("north", "abc", 1, scale="mean,sd"), part("south", "cde", 2, scale="mean,other")]
    assert "in units of gain" in "\n".join(combine_parts(other, tmp_path, 0.95))


@pytest.mark.parametrize("key", ["scoring.alpha", "scoring.perplexity", "intrinsic.scored", "intrinsic.reward.model"])
def test_scores_that_are_made_in_another_way_are_not_on_one_scale(key: str, tmp_path: Path) -> None:
    unlike = [part("north", "abc", 1, scale="s", measured={key: "x"}), part("south", "cde", 2, scale="s", measured={key: "y"})]
    text = "\n".join(combine_parts(unlike, tmp_path, 0.95))
    assert "in units of gain" in text
    assert f"the studies score differently on their common scale: `{key}` differ." in text
    like = [part("north", "abc", 1, scale="s", measured={key: "x"}), part("south", "cde", 2, scale="s", measured={key: "x"})]
    assert "in units of pg_signsafe" in "\n".join(combine_parts(like, tmp_path, 0.95))


def test_errors_of_an_archive_are_those_that_its_teachers_do_not_share(tmp_path: Path) -> None:
    """A teacher that is alone in its block keeps its whole error."""
    one = part("north", "abc", 1)
    apart = one.cells[["base", "recipe", "lang", "teacher"]].assign(se=0.001)
    told = replace(one, apart={"gain": apart[apart["teacher"] != "a"]})
    combine_parts([told, part("south", "cde", 2)], tmp_path, 0.95)
    cells = pd.read_csv(tmp_path / "cells.csv")
    errors = cells[cells["study"] == "north"].groupby("teacher")["se"].first().to_dict()
    assert errors == {"a": 0.004, "b": 0.001, "c": 0.001}


def test_equal_names_are_told_apart_and_other_models_of_one_name_are_warned_of(tmp_path: Path) -> None:
    parts = [part("mine", "abc", 1, models={"c": {"hub": "x/c"}}), part("mine", "cd", 2, models={"c": {"hub": "y/c"}})]
    text = "\n".join(combine_parts(parts, tmp_path, 0.95))
    assert "mine (00000001)" in text
    assert "Beware: the entry of 'c' in config/models.yaml differs between mine (00000001) and mine (00000002)." in text


def test_what_cannot_be_combined_gets_one_message(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"north\.zip is the same archive as north\.zip; name it once"):
        combine_parts([part("north", "abc", 1), part("north", "abc", 1)], tmp_path, 0.95)
    with pytest.raises(ValueError, match="south: no teacher in common with north"):
        combine_parts([part("north", "abc", 1), part("south", "de", 2)], tmp_path, 0.95)
    forged, other = (
        Forgery({"README.md": text, "results/mine/scores/main/cells.csv": b"teacher,gain\n"}).write(tmp_path / name)
        for name, text in (("a.zip", b"# Archive\n"), ("b.zip", b"# Another\n"))
    )
    for arguments, said in (
        ([str(forged), str(other)], r"combine: .*a\.zip: provenance/code.json: it is missing"),
        ([str(forged), str(forged)], r"combine: .*a\.zip is the same archive as .*a\.zip; name it once"),
        ([str(tmp_path / "none.zip"), str(forged)], "no archive"),
        ([str(forged)], "name two archives or more"),
        ([str(forged), str(forged), "--confidence", "95"], "--confidence 95.0 must be between 0 and 1"),
    ):
        with pytest.raises(SystemExit, match=said):
            main(["combine", *arguments, "--to", str(tmp_path / "out")])
    assert not (tmp_path / "out").exists()


def test_two_states_of_a_study_are_refused_before_they_are_verified(tmp_path: Path) -> None:
    """What is forged here would not verify. Other students of a study of the same name are another study."""
    cells, students = "results/mine/scores/main/cells.csv", "results/mine/evaluation/students/base/equal"

    def state(file: str, *outcomes: bytes) -> Path:
        said: dict[str, bytes] = {f"{students}/a/de/{seed}.parquet": answers for seed, answers in enumerate(outcomes)}
        return Forgery({cells: file.encode(), **said}).write(tmp_path / file)

    earlier, later, other = state("a.zip", b"one"), state("b.zip", b"one", b"two"), state("c.zip", b"three")
    told = r"b\.zip and .*a\.zip have 1 of the same students, such as .*/equal/a/de/0\.parquet.*Name the later one alone"
    with pytest.raises(SystemExit, match=told):
        main(["combine", str(earlier), str(later), "--to", str(tmp_path / "out")])
    with pytest.raises(WrongInput, match=told):
        gains([earlier, other, later], study="north")
    with pytest.raises(WrongInput, match=r"b\.zip is the same archive as .*b\.zip"):
        look([later, later])
    with pytest.raises(WrongInput, match=r"a\.zip is an archive of 'mine'"):
        look([earlier], learning="mine")
    look([earlier, other])


def test_students_that_could_not_be_trained_are_no_students_in_common(tmp_path: Path) -> None:
    """Their outcomes are an empty table, the same file in every study."""
    write_parquet(no_outcomes(), tmp_path / "none.parquet")
    nothing, cells = (tmp_path / "none.parquet").read_bytes(), "results/{}/scores/main/cells.csv"

    def failed(name: str) -> Path:
        outcomes = f"results/{name}/evaluation/students/base/equal/{name}/de/0.parquet"
        return Forgery({cells.format(name): name.encode(), outcomes: nothing}).write(tmp_path / f"{name}.zip")

    look([failed("north"), failed("south")])


@pytest.mark.parametrize(
    ("groups", "said"),
    [
        ({"one": "ab", "two": "cd"}, "two: no teacher in common with one"),
        ({"one": "aef", "two": "ef"}, "of the race's teachers the archives have a alone"),
    ],
)
def test_archives_that_say_nothing_of_a_race_are_refused_before_the_first_job(
    groups: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """b was measured in no study of the second case: its students failed."""
    rng = np.random.default_rng(1)
    cells = [study(name, teachers, rng) for name, teachers in groups.items()]
    failed = study("two", "b", rng).assign(value=np.nan)
    monkeypatch.setattr(combining_archives, "gains", lambda archives, study: pd.concat([*cells, failed]))
    with pytest.raises(WrongInput, match=said):
        named_files._read_archives(Path(), archives=[], teachers=list("abcd"), study="mine")


def archive(name: str, folder: Path) -> Path:
    """An archive of a study that verifies, beside the folder: measurements, the scores made of them, and a table."""
    jobs = archived(folder, STANDARD, PAPER, told=True)
    cells = CELLS.format(study=name, experiment=MAIN)

    def placed(text: str) -> str:
        return text.replace("results/cells.csv", cells).replace("results/", f"results/{name}/").replace(f"{name}/{name}", name)

    once: dict[str, object] = {"shell": None, "began": AT, "ended": AT, "attempts": [], "measured": {}}
    lines = "".join(f"{json.dumps(jobs[place] | once | {'id': f'job/{place}'})}\n" for place in (1, 3))
    files = {placed(str(path.relative_to(folder))): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    code = {"format": 2, "archived": code_id(), "versions": {code_id(): {"commit": None}}}
    files |= {JOBS: placed(lines).encode(), CODE: json.dumps(code).encode(), "README.md": b"# Archive\n"}
    return Forgery(files | {"provenance/models.json": b"{}"}).write(folder.with_suffix(".zip"))


def test_a_race_learns_from_no_archive_of_its_own_study(tmp_path: Path) -> None:
    path = archive("north", tmp_path / "copy")
    with pytest.raises(WrongInput, match=r"copy\.zip is an archive of 'north', the study itself, now or earlier.*Leave it out"):
        gains([path], study="north")
    assert set(gains([path], study="mine")["study"]) == {"north"}
