"""Routed teachers in a real run: every later rule carries them, and each teacher answers its own prompts only."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from polyglot.core.files import read_json, write_parquet

from .conftest import Workplace, share_the_world

pytestmark = pytest.mark.slow

SINGLE = ["hasty", "mute", "thorough"]
ROUTED = ["persyn", "strong", "mix", "family-strong", "car", "oracle"]
METHODS = ("generate", "translate", "respond")
REQUESTS, CALIBRATION = 24, 45


@pytest.fixture(scope="module")
def routed(tiny: Workplace, tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """The tiny study with a second teacher, one that writes nothing usable, and every way to route prompts."""
    folder = tmp_path_factory.mktemp("routed") / "copy"
    shutil.copytree(tiny.folder, folder, symlinks=True, copy_function=shutil.copy2)
    workplace = Workplace(folder)
    mute = {"label": "Mute", "folder": "results/demo/models/hasty", "sampling": {"max_new_tokens": 1}}
    workplace.configure("models.yaml", lambda models: models | {"mute": mute})
    grown = {
        "run": ["main", "routing"],
        "experiments": {"routing": {"compare": "routing", "teachers": [*SINGLE[::2], *ROUTED]}},
        "routing": {
            "teachers": SINGLE,
            "strength": ["thorough", "hasty"],
            "calibration": CALIBRATION,
            "held_out": 0.6,
            "epochs": 4,
            "learning_rate": 2e-3,
        },
        # no text's language is told, and no further answers are asked for: routing has its own reasons to leave out
        "synthesis": {"requests": REQUESTS, "batch_size": REQUESTS, "shortfall": "keep", "language_confidence": 0},
    }
    workplace.configure("demo.yaml", lambda study: share_the_world(study | grown))
    workplace.snakemake("route")
    return workplace


@pytest.fixture(scope="module")
def results(routed: Workplace) -> Path:
    return routed.folder / "results/demo"


def rows(files: list[Path]) -> int:
    return sum(len(pd.read_parquet(file)) for file in files)


def test_the_total_of_generations_is_teachers_times_calibration_plus_the_prompts(results: Path) -> None:
    calibration = rows([*results.glob("answers/*/de/*/0-calibration.parquet")])
    assert calibration == len(SINGLE) * CALIBRATION
    for name in ("persyn", "mix", "car"):
        assert rows([*results.glob(f"routing/answers/{name}/*/de/*/0.parquet")]) == len(METHODS) * REQUESTS, name
    for name in ("strong", "family-strong", "oracle"):
        assert not [*results.glob(f"routing/answers/{name}/*")], "nothing is generated twice"
    cost = pd.read_csv(results / "analysis/routing_generations.csv").set_index("teacher")["total"].to_dict()
    asked = len(METHODS) * REQUESTS
    assert cost["persyn"] == cost["car"] == len(SINGLE) * CALIBRATION + asked
    assert cost["mix"] == cost["strong"] == cost["family-strong"] == cost["hasty"] == asked
    assert cost["oracle"] == len(SINGLE) * asked


def test_each_teacher_answers_its_own_prompts_and_nobody_elses(results: Path) -> None:
    for name in ("persyn", "mix"):
        assigned = pd.read_parquet(results / f"routing/assignments/{name}/de/0.parquet").set_index("request_id")["teacher"]
        for teacher in SINGLE:
            answered = [
                request_id
                for method in METHODS
                for request_id in pd.read_parquet(results / f"routing/answers/{name}/{teacher}/de/{method}/0.parquet")["id"]
            ]
            assert sorted(answered) == sorted(assigned.index[assigned == teacher])
        for method in METHODS:
            whole = pd.read_parquet(results / f"synthetic/{name}/de/{method}/0.parquet")
            asked = pd.read_parquet(results / f"requests/de/{method}/0.parquet")
            assert whole["request_id"].tolist() == asked["request_id"].tolist()
            assert set(whole["teacher"]) == {name}


def test_a_teacher_that_fails_every_calibration_prompt_gets_nothing_from_those_who_look(results: Path) -> None:
    found = pd.read_parquet(results / "routing/routers/nano-base/calibration.parquet")
    mute = found[found["teacher"] == "mute"]
    assert not mute["usable"].any()
    assert (mute["reward"] == 0).all()
    chosen = {name: set(pd.read_parquet(results / f"routing/assignments/{name}/de/0.parquet")["teacher"]) for name in ROUTED}
    assert "mute" in chosen["mix"]
    for name in ("car", "oracle"):
        assert "mute" not in chosen[name], name
    shares = pd.read_csv(results / "analysis/routing_shares.csv").set_index(["routed", "lang", "teacher"])["share"]
    assert shares["persyn", "de", "mute"] < 0.5 * shares["mix", "de", "mute"]
    assert chosen["strong"] == {"thorough"}
    assert len(chosen["car"]) == 1


def test_the_oracle_and_the_strong_one_take_answers_that_are_there(results: Path) -> None:
    for method in METHODS:
        strong, thorough = (pd.read_parquet(results / f"answers/{name}/de/{method}/0.parquet") for name in ("strong", "thorough"))
        pd.testing.assert_frame_equal(strong, thorough)
    quality = pd.read_csv(results / "analysis/routing_quality.csv").set_index("routed")
    assert quality.loc["oracle", "hit_1"] == 1
    assert quality.loc["oracle", "regret"] == 0
    assert (quality["regret"] >= 0).all()
    found = pd.read_parquet(results / "routing/routers/nano-base/calibration.parquet")
    judging = found[(found["fold"] == "judge") & found["usable"] & found["reward"].notna()]
    assert (quality["prompts"] == judging["request_id"].nunique()).all()
    assert set(found["fold"]) == {"train", "stop", "judge"}
    assert len(judging) > 3


def test_table_figure_and_ledger_show_routed_teachers(routed: Workplace, results: Path) -> None:
    table = pd.read_csv(results / "tables/routing.csv")
    assert set(table["teacher"]) == {"hasty", "thorough", *ROUTED}
    assert table["pg"].notna().all()
    assert (results / "figures/routing.png").stat().st_size > 10_000
    text = (results / "tables/routing.md").read_text()
    assert "Share of the prompts" in text
    assert "the router, trained on calibration prompts" in text
    routed.snakemake("results/demo/tables/ledger.csv", "results/demo/published/data/equal/persyn/de/0/README.md")
    ledger = pd.read_csv(results / "analysis/ledger.csv").set_index(["rule", "teacher"])
    own = [*results.glob("routing/answers/*/thorough/de/*/0.parquet")]
    tokens = sum(int(pd.read_parquet(file)["completion_tokens"].sum()) for file in own)
    assert ledger.loc[("synthesize_assigned", "thorough"), "completion_tokens"] == tokens
    assert ("synthesize", "persyn") not in ledger.index
    card = (results / "published/data/equal/persyn/de/0/README.md").read_text()
    assert "Several models: each prompt was answered by the teacher that the router" in card
    assert card.count("- Model:") == len(SINGLE)


CHOICE = "results/demo/build/choice.json"


def test_a_build_takes_a_router_only_where_its_students_are_shown_to_be_better(routed: Workplace, tmp_path: Path) -> None:
    """As measured, none is: there is one student of each. With two, and a gain that is planted, it is asked for the data set."""
    routed.snakemake(CHOICE)
    found = read_json(routed.folder / CHOICE)["languages"]["de"]
    assert found["teacher"] == "hasty"
    assert {one["teacher"] for one in found["alternatives"]} == set(ROUTED)
    assert all(one["problem"] for one in found["alternatives"])

    copy = Workplace(tmp_path / "copy")
    shutil.copytree(routed.folder, copy.folder, symlinks=True, copy_function=shutil.copy2)
    settings = ("--config", "experiments={routing: {teachers: [hasty, persyn]}}", "trainings=2", "build={size: 90}")
    measured = copy.folder / "results/demo/scores/routing/measurements.parquet"
    copy.snakemake(str(measured.relative_to(copy.folder)), *settings)
    frame = pd.read_parquet(measured)
    write_parquet(frame.assign(gain=frame["gain"].where(frame["teacher"] != "persyn", frame["gain"] + 0.5)), measured)
    copy.snakemake(CHOICE, *settings)
    found = read_json(copy.folder / CHOICE)["languages"]["de"]
    assert (found["teacher"], found["recipe"], found["clear"]) == ("persyn", "equal-90", False)
    assert "equal of persyn is better than equal of hasty: +" in found["why"]
    assert found["why"].endswith("2 students of each. Not shown: that another draw of the data gives the same.")
    planned = copy.planned("build", *settings)
    assert (planned["assign"], planned["gather"], planned["student"]) == (1, 1, 1)
    assert planned["synthesize_assigned"] == len(SINGLE)
    assert not {"synthesize_build", "router", "calibration"} & set(planned)


def test_a_second_run_does_nothing_and_a_routed_teacher_changes_nothing_of_the_others(routed: Workplace) -> None:
    assert routed.planned("route") == {}
    routed.configure(
        "demo.yaml",
        lambda study: (
            study
            | {
                "experiments": {
                    "routing": study["experiments"]["routing"] | {"teachers": [*SINGLE[::2], *ROUTED, "car-for-nano-german"]}
                }
            }
        ),
    )
    planned = routed.planned("route")
    assert planned["gather"] == planned["student"] == 1
    assert "router" not in planned
    assert "synthesize" not in planned


def test_right_answers_make_the_rewards_of_a_router(routed: Workplace, results: Path) -> None:
    """PerSyn's setting of mathematics in miniature: the seed dataset's responses are the right answers, and no judge rates. It is
    the module's last test, because the calibration is another one now."""
    asked = ("methods=[respond]", "experiments={routing: {recipes: [respond]}}", "routing={quality: correctness, alpha: 0.0}")
    targets = [f"results/demo/routing/assignments/{name}/de/0.parquet" for name in ("persyn", "oracle")]
    planned = routed.planned(*targets, "--config", *asked, "recipe=respond")
    assert (planned["calibration"], planned["router"], planned["assign"]) == (1, 1, 2)
    assert "reward" not in planned, "nothing is rated"
    routed.snakemake(*targets, "--config", *asked, "recipe=respond")
    found = pd.read_parquet(results / "routing/routers/nano-base/calibration.parquet")
    usable = found[found["usable"]]
    assert usable["graded"].notna().all()
    assert usable["quality"].isna().equals(usable["graded"] == "no reference")
    assert {"wrong", "no reference"} <= set(usable["graded"])
    graded = usable[usable["quality"].notna()]
    assert (graded["quality"] == (graded["graded"] == "right")).all(), "teachers of so little training are hardly ever right"
    log = (results / "logs/calibration/nano-base.log").read_text()
    assert "no reference" in log
