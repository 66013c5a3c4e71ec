"""What a build is made from: all answers of the study, and no more than its size lacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from polyglot.core.errors import ConfigurationError
from polyglot.core.files import write_json
from polyglot.study import paths
from polyglot.workflow.inputs.building import BuildInputs
from polyglot.workflow.inputs.training_sets import TrainingSetInputs

from .conftest import Read

SET = {"study": "demo", "recipe": "equal-900", "teacher": "thorough", "lang": "de", "seed": "0-build"}


@pytest.fixture(autouse=True)
def nothing_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_build_is_as_large_as_the_study_has_answers_for_unless_a_size_is_set(read: Read) -> None:
    assert BuildInputs(*read()).size == 600
    assert BuildInputs(*read(seeds=[0, 1, 2])).size == 1800
    assert BuildInputs(*read(build={"size": 50})).size == 50


def test_its_recipes_are_mixes_of_the_studys_methods_at_that_size(read: Read) -> None:
    build = BuildInputs(*read(build={"size": 900, "methods": ["respond", "generate"]}))
    assert set(build.recipes) >= {"equal-900", "respond-900", "translate+respond-900", "respond+generate-900"}
    assert not any(name.startswith(("nllb", "public", "mdaq", "random")) for name in build.recipes)
    assert set(TrainingSetInputs(*read(build={"size": 900})).recipes) >= {"equal-900", "equal-150"}
    barred = {(teacher, recipe) for teacher, recipe, _ in build.barred}
    assert ("oracle", "equal") in barred
    assert ("thorough", "mdaq-150") in barred
    assert ("persyn", "equal") not in barred


def test_every_seeds_answers_are_used_and_then_those_of_the_build(read: Read) -> None:
    sets = TrainingSetInputs(*read(seeds=[0, 3], build={"size": 900, "leave_out": ["duplicates"]}))
    files = [file.removeprefix("results/demo/") for file in sets.files(SET)]
    assert files[:3] == [
        "synthetic/thorough/de/generate/0.parquet",
        "synthetic/thorough/de/generate/3.parquet",
        "build/synthetic/equal-900/thorough/de/generate.parquet",
    ]
    assert sets.parts(SET) == [[method, 1, 2, ["duplicates"]] for method in ("generate", "translate", "respond")]
    assert len(files) == 9
    assert sets.size(SET) == 900


def test_further_answers_of_the_study_are_used_too(read: Read) -> None:
    build = BuildInputs(*read(synthesis={"shortfall": "refill"}, build={"size": 900}))
    assert "results/demo/further/synthetic/thorough/de/generate/0.parquet" in build.answers_that_are_there(SET)


def test_blocks_of_another_experiment_are_used_once_they_are_there(read: Read) -> None:
    experiments = {"more": {"compare": "sizes", "recipes": ["equal-900"], "teachers": ["thorough"]}}
    build = BuildInputs(*read(experiments=experiments, build={"size": 1800}))
    assert [str(draw) for draw in build.draws("thorough", "de")] == ["0"]
    for method in ("generate", "translate", "respond"):
        file = Path(paths.SYNTHETIC.format(study="demo", teacher="thorough", lang="de", method=method, seed="0-block2"))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    assert [str(draw) for draw in build.draws("thorough", "de")] == ["0", "0-block2"]
    assert not {str(draw) for draw in build.stock("thorough", "de", "equal-1800")} & {"0", "0-block2"}


def test_the_stock_has_as_many_requests_as_may_be_needed(read: Read) -> None:
    build = BuildInputs(*read(build={"size": 900}))
    assert [str(draw) for draw in build.stock("thorough", "de", "equal-900")] == ["0-block2", "0-block3", "0-block4"]
    assert next(str(draw) for draw in build.stock("nano-base", "de", "equal-900")) == "0"  # it was never asked


def test_a_routed_teacher_is_asked_in_whole_blocks(read: Read) -> None:
    build = BuildInputs(*read(build={"size": 900, "teacher": "persyn"}))
    named = {**SET, "teacher": "persyn"}
    files = [file.removeprefix("results/demo/synthetic/") for file in build.files(named)]
    assert files[:2] == ["persyn/de/generate/0.parquet", "persyn/de/generate/0-block2.parquet"]
    assert not any("build" in file for file in files)
    assert build.routed_requests()["persyn"]["de"]["equal-900"] == 2 * 600
    write_json({"languages": {"de": {"recipe": "equal-900", "teacher": "persyn"}}}, Path("choice.json"))
    assert build.of_choices(paths.BUILD_REQUESTS, "choice.json", single=True) == []
    (student,) = build.of_choices(paths.STUDENT, "choice.json")
    assert student == "results/demo/students/nano-base/equal-900/persyn/de/0-build"


def test_what_a_routed_teacher_is_asked_is_counted_by_language(read: Read) -> None:
    """Its first block was answered in German alone."""
    build = BuildInputs(*read(build={"size": 900, "teacher": "persyn"}))
    for method in ("generate", "translate", "respond"):
        file = Path(paths.SYNTHETIC.format(study="demo", teacher="persyn", lang="de", method=method, seed="0"))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    asked = {lang: counts["equal-900"] for lang, counts in build.routed_requests()["persyn"].items()}
    assert asked == {"de": 600, "id": 2 * 600, "ar": 2 * 600}


def test_a_study_that_is_set_in_all_languages_need_not_be_finished(read: Read) -> None:
    chosen, partly = (BuildInputs(*read(build={"teacher": teacher})) for teacher in ("germanist", {"de": "germanist"}))
    assert chosen.verdicts() == chosen.measurements() == []
    assert partly.verdicts() == "results/demo/tables/recommendation.csv"


def test_a_study_without_a_base_chooses_by_its_ranking_and_compares_no_students(read: Read) -> None:
    build = BuildInputs(*read(base="", experiments={}, run=None, truth={}))
    assert build.verdicts() == "results/demo/analysis/ranking_order.csv"
    assert build.compared() == build.files_of_students() == build.files_of_anchors("reference") == []


def test_experiments_that_are_not_finished_are_not_run_for_the_choice(read: Read) -> None:
    build = BuildInputs(*read())
    assert build.compared() == []
    for name in ("routing", "large_student", "steps"):
        file = Path(f"results/demo/scores/{name}/measurements.parquet")
        file.parent.mkdir(parents=True)
        file.touch()
    assert build.compared() == ["routing"]
    assert BuildInputs(*read(run=["main", "methods"])).compared() == ["methods", "routing"]


def test_a_finished_build_goes_into_the_archive(read: Read) -> None:
    build = BuildInputs(*read())
    assert build.finished() == []
    card = Path(paths.BUILD_CARD.format(study="demo"))
    card.parent.mkdir(parents=True)
    card.touch()
    assert build.finished() == [str(card)]


@pytest.mark.parametrize(
    ("build", "told"),
    [
        ({"languages": ["ja"]}, "build.languages: unknown language 'ja'"),
        ({"teacher": "thorogh"}, "build.teacher: unknown teacher 'thorogh'"),
        ({"teacher": {"xx": "thorough"}}, "build.teacher: unknown language 'xx'"),
        ({"teacher": "minilm"}, "build.teacher: 'minilm' is a model for embedding; here: chat"),
        ({"methods": ["nllb-both"]}, "build.methods: unknown method 'nllb-both'"),
        ({"leave_out": ["lenght"]}, "build.leave_out: unknown filter 'lenght'"),
        ({"size": 1}, "build.size"),
        ({"langs": ["de"]}, "build.langs"),
    ],
)
def test_a_wrong_setting_is_named(read: Read, build: dict[str, object], told: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        read(build=build)
    assert told in str(error.value)
