"""A configuration that cannot be run stops before any job, with one message: key, value, what is allowed."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from polyglot.__main__ import parser
from polyglot.core.errors import ConfigurationError
from polyglot.registry import load_registries
from polyglot.registry.models import Model
from polyglot.replication.published import read_published_table
from polyglot.study.configuration import Study
from polyglot.workflow.commands_page import COMMANDS_PAGE, commands_page
from polyglot.workflow.files_page import FILES_PAGE, files_page
from polyglot.workflow.loading import choose_study_file, load_study, merge
from polyglot.workflow.reference import REFERENCE_FILE, reference


@pytest.fixture
def demo(repository: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((repository / "config/demo.yaml").read_text())
    return loaded


def load(tmp_path: Path, repository: Path, study: dict[str, Any], **overrides: Any) -> Study:
    path = tmp_path / f"{study['study']}.yaml"
    path.write_text(yaml.safe_dump(study))
    return load_study(path, repository, overrides)[0]


@pytest.mark.parametrize(
    "name",
    [
        *("demo", "paper", "paper-revised", "tagalog", "metrics"),
        *("persyn", "persyn-published", "persyn-published-math", "mdaq-published"),
    ],
)
def test_shipped_studies_are_valid(repository: Path, name: str) -> None:
    study, _ = load_study(repository / f"config/{name}.yaml", repository)
    assert study.study == name


@pytest.mark.parametrize(
    ("change", "fragments"),
    [
        ({"techers": ["thorough"]}, ["techers", "no such key", "['thorough']", "teachers"]),
        ({"synthesis": {"request": 5}}, ["synthesis.request", "no such key", "5", "requests"]),
        ({"evaluation": {"benchmarks": {"mgsm": {"formulation": "generative", "shot": 2}}}}, ["mgsm.shot", "shots"]),
        ({"teachers": ["thorough", "gpt-99"]}, ["teachers", "gpt-99", "models.yaml", "germanist"]),
        ({"languages": ["de", "klingon"]}, ["languages", "klingon", "languages.yaml", "Indonesian".lower()[:2]]),
        ({"languages": ["de", "ja"]}, ["languages", "'ja' has no seed dataset", "en, de, id, ar"]),
        ({"training": {"examples": -5}}, ["training.examples", "-5", "greater than 0"]),
        ({"synthesis": {"requests": 0}}, ["synthesis.requests", "0", "greater than 0"]),
        ({"seeds": [-1]}, ["seeds.0", "-1"]),
        ({"seeds": [1, 1]}, ["seeds", "more than once", "1"]),
        ({"methods": ["dictate"]}, ["methods.0", "dictate", "generate"]),
        ({"routing": {"quality": "corectness"}}, ["routing.quality: unknown quality 'corectness'; did you mean 'correctness'?"]),
        ({"routing": {"quality": "correctness"}}, ["routing.quality", "generate, translate", "has none there", "[respond]"]),
        ({"methods": ["respond"], "recipe": "generate", "experiments": {}, "run": None}, ["recipe", "generate", "respond"]),
        ({"scoring": {"alpha": 1.5}}, ["scoring.alpha", "1.5"]),
        ({"base": "thorough"}, ["bases", "thorough", "reference"]),
        ({"teachers": ["minilm"]}, ["teachers", "minilm", "embedding", "chat"]),
        ({"intrinsic": {"embedding": "hasty"}}, ["intrinsic.embedding", "hasty", "embedding"]),
        ({"evaluation": {"benchmarks": {"mgsm": {"formulation": "cloze"}}}}, ["mgsm.formulation", "cloze", "generative"]),
        (
            {"evaluation": {"benchmarks": {"mgsm": {"formulation": "generativ"}}}},
            ["evaluation.benchmarks.mgsm.formulation: unknown formulation 'generativ'; did you mean 'generative'?", "cloze"],
        ),
        (
            {"evaluation": {"benchmarks": {"xcopa": {"formulation": "cloze", "languages": ["id"]}}}},
            ["evaluation.benchmarks.xcopa: the micro-world has no such items", "`hub`", "`folder`"],
        ),
        ({"evaluation": {"benchmarks": {"arc": {"formulation": "cloze"}}}}, ["benchmarks", "arc", "mgsm"]),
        ({"truth": {"above": [["thorough", "nobody"]]}}, ["truth", "nobody", "germanist"]),
        ({"teachers": ["base"]}, ["teachers", "'base'", "another id"]),
        ({"languages": ["de", "en"]}, ["languages", "'en'", "translate", "source_language"]),
        ({"figures": {"gian": {"height": 5}}}, ["figures", "gian", "'gain'"]),
        ({"recipe": "equal-0"}, ["recipe", "equal-0", "-25k"]),
        ({"run": ["minor"]}, ["run", "minor", "main, ", "base_models"]),
        ({"experiments": {"main": {"compare": "bases"}}, "run": None}, ["experiments", "main experiment"]),
        ({"experiments": {"x": {"compare": "recipes", "recipes": ["equals"]}}, "run": None}, ["experiments.x.recipes", "equals"]),
        ({"experiments": {"x": {"compare": "bases", "bases": ["nobody"]}}, "run": None}, ["experiments.x.bases", "nobody"]),
        ({"experiments": {"x": {"compare": "steps"}}, "run": None}, ["experiments.x", "needs `steps`"]),
        (
            {"experiments": {"x": {"compare": "steps", "steps": [{"label": "a", "recipe": "equal"}]}}, "run": None},
            ["experiments.x.steps", "needs a teacher"],
        ),
        ({"translation": {"model": "minilm"}}, ["translation.model", "minilm", "translation"]),
        ({"missing": [{"teacher": "thorough", "lang": "en"}]}, ["missing", "thorough", "'en'"]),
        ({"evaluation": {"benchmarks": {"mgsm": {"formulation": "generative"}}, "groups": {"G": ["arc"]}}}, ["groups.G", "arc"]),
        ({"screen": {"teachers": ["nobody"]}}, ["screen.teachers", "nobody"]),
        ({"nano": {"languages": ["en", "de", "id", "ar", "xx"]}}, ["nano.languages", "xx", "languages.yaml"]),
        ({"nano": {"languages": ["en", "de", "id"]}, "languages": ["de"], "truth": {}}, ["nano.languages: 'ar' is missing"]),
        ({"routing": {"strength": ["thoroughh"]}}, ["routing.strength", "thoroughh", "models.yaml"]),
        ({"routing": {"model": "minilm"}}, ["routing.model", "minilm", "causal"]),
        ({"routing": {"teachers": ["persyn"]}}, ["routing.teachers", "persyn"]),
        ({"teachers": ["thorough", "persyn-for-nobody"]}, ["teachers", "persyn-for-nobody", "nobody"]),
        (
            {"teachers": ["germanist", "family-strong"], "routing": {"teachers": ["germanist"]}},
            ["teachers", "'family-strong' needs a teacher of the family of 'nano-base' (balanced)", "germanist"],
        ),
        ({"selection": {"encoder": "hasty"}}, ["selection.encoder", "hasty", "embedding"]),
        (
            {"experiments": {"x": {"compare": "selection", "recipes": ["mdaq-150"]}}, "run": None},
            ["experiments.x.recipes", "`equal` must be there"],
        ),
        ({"recipe": "mdaq-5k"}, ["mdaq-5k", "5000", "training.examples"]),
        ({"study": "replication"}, ["study", "replication", "reserved"]),
        ({"study": "My Study"}, ["study", "My Study"]),
    ],
)
def test_a_mistake_is_named(
    tmp_path: Path, repository: Path, demo: dict[str, Any], change: dict[str, Any], fragments: list[str]
) -> None:
    with pytest.raises(ConfigurationError) as error:
        load(tmp_path, repository, demo | change)
    assert ".yaml: the" in str(error.value)
    for fragment in fragments:
        assert fragment in str(error.value)


def test_gpus_that_cannot_share_an_update_are_named(tmp_path: Path, repository: Path, demo: dict[str, Any]) -> None:
    shutil.copytree(repository / "config", tmp_path / "config")
    models = yaml.safe_load((tmp_path / "config/models.yaml").read_text())
    models[demo["base"]]["training_gpus"] = 8
    (tmp_path / "config/models.yaml").write_text(yaml.safe_dump(models))
    training = {"batch_size": 6, "gradient_accumulation": 2}
    (tmp_path / "config/demo.yaml").write_text(yaml.safe_dump(demo | {"training": training}))
    with pytest.raises(ConfigurationError, match=rf"training: .* is 12, which the 8 GPUs of '{demo['base']}' .*multiple of 8"):
        load_study(tmp_path / "config/demo.yaml", tmp_path)
    (tmp_path / "config/demo.yaml").write_text(yaml.safe_dump(demo | {"training": training | {"batch_size": 4}}))
    load_study(tmp_path / "config/demo.yaml", tmp_path)


def test_a_family_is_wanted_only_of_what_is_run(tmp_path: Path, repository: Path, demo: dict[str, Any]) -> None:
    """The demo's experiment of routing asks for a teacher of the base's family; a base without one can still be studied."""
    lonely = demo | {"teachers": ["germanist"], "routing": {"teachers": ["germanist"]}, "truth": {}}
    load(tmp_path, repository, lonely)
    with pytest.raises(ConfigurationError, match="'family-strong' needs a teacher of the family"):
        load(tmp_path, repository, lonely | {"run": ["routing"]})


def test_all_mistakes_come_in_one_message(tmp_path: Path, repository: Path, demo: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=r"(?s)2 problem.*languges.*seedz"):
        load(tmp_path, repository, demo | {"seedz": 1, "languges": []})


def test_a_copied_study_cannot_write_into_the_originals_results(tmp_path: Path, repository: Path, demo: dict[str, Any]) -> None:
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(demo))
    with pytest.raises(ConfigurationError, match=r"mine\.yaml: .*\n.*study: 'demo' must be the file's own name"):
        load_study(tmp_path / "mine.yaml", repository)


def test_an_empty_mapping_clears(tmp_path: Path, repository: Path, demo: dict[str, Any]) -> None:
    assert load(tmp_path, repository, demo, truth={}).truth.above == []


def test_a_file_that_is_no_study(tmp_path: Path, repository: Path) -> None:
    path = tmp_path / "broken.yaml"
    for text, message in (("- a\n- b\n", "a study is a mapping"), ("a: [1\n", "cannot be read"), ("\0", "cannot be read")):
        path.write_text(text)
        with pytest.raises(ConfigurationError, match=rf"broken\.yaml: {message}"):
            load_study(path, repository)
    path.write_text("study: broken\nbase: a\nlanguages: [de]\nbase: b\n")
    with pytest.raises(ConfigurationError, match=r"(?s)duplicate key 'base'.*line 2.*rename one, or delete it.*line 4"):
        load_study(path, repository)
    with pytest.raises(ConfigurationError, match=r"absent\.yaml: there is no such study file"):
        load_study(tmp_path / "absent.yaml", repository)


def test_command_line_values_are_checked_too(tmp_path: Path, repository: Path, demo: dict[str, Any]) -> None:
    assert load(tmp_path, repository, demo, seeds=[0, 1]).seeds == [0, 1]
    with pytest.raises(ConfigurationError, match="requests"):
        load(tmp_path, repository, demo, synthesis={"requests": -1})


def test_merging_replaces_lists_and_joins_mappings() -> None:
    assert merge({"a": {"b": 1, "c": [1, 2]}}, {"a": {"c": [3]}, "d": 4}) == {"a": {"b": 1, "c": [3]}, "d": 4}


def extending(tmp_path: Path, demo: dict[str, Any], **changes: Any) -> Path:
    """A study that extends a copy of the demo beside it."""
    (tmp_path / "demo.yaml").write_text(yaml.safe_dump(demo))
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({"study": "mine", "extends": "demo.yaml", **changes}))
    return path


def test_a_study_inherits_what_it_does_not_say(tmp_path: Path, repository: Path, demo: dict[str, Any]) -> None:
    changes: dict[str, Any] = {"languages": ["de"], "training": {"loss": "all"}, "truth": {}, "figures": {"gain": {"width": 3}}}
    path = extending(tmp_path, demo | {"figures": {"gain": {"title": "Gain"}}}, **changes, run=["main"])
    study, _ = load_study(path, repository, {"seeds": [7]})
    parent, _ = load_study(repository / "config/demo.yaml", repository)
    assert (study.study, study.languages, study.seeds) == ("mine", ["de"], [7])
    assert study.training == parent.training.model_copy(update={"loss": "all"})
    chosen = study.figure("gain")
    assert (chosen.width, chosen.height, chosen.title) == (3, None, "Gain")
    assert study.truth.above == []
    assert (study.teachers, study.synthesis, study.experiments) == (parent.teachers, parent.synthesis, parent.experiments)
    assert study.extends == "demo.yaml"
    assert [Path(file).name for file in study.read_from] == ["mine.yaml", "demo.yaml"]


def test_the_saved_configuration_is_whole_and_needs_no_other(tmp_path: Path, repository: Path, demo: dict[str, Any]) -> None:
    study, _ = load_study(extending(tmp_path, demo, truth={}, run=["main"]), repository, {"seeds": [7]})
    saved = tmp_path / "saved/mine.yaml"
    saved.parent.mkdir()
    saved.write_text(yaml.safe_dump(study.model_dump(mode="json")))
    (tmp_path / "demo.yaml").unlink()
    assert load_study(saved, repository)[0] == study


@pytest.mark.parametrize(
    ("parent", "changes", "message"),
    [
        ({}, {"extends": "absent.yaml"}, r"mine\.yaml: extends: there is no file .*absent\.yaml"),
        ({}, {"extends": "mine.yaml"}, r"mine\.yaml: extends: a study cannot extend itself"),
        ({}, {"extends": ["demo.yaml"]}, r"mine\.yaml: extends: the file of one other study, such as paper\.yaml"),
        ({"extends": "mine.yaml"}, {}, r"extends: .*demo\.yaml extends mine\.yaml itself, and a study can inherit from one only"),
        ({"techers": []}, {}, r"demo\.yaml: .*\n  techers: no such key"),
        ({}, {"training": {"los": "all"}}, r"mine\.yaml: .*\n  training\.los: no such key.*loss"),
        ({}, {"study": "demo"}, r"mine\.yaml: .*\n.*study: 'demo' must be the file's own name"),
        ({}, {"synthesis": 3}, r"mine\.yaml: .*\n  synthesis: .*dictionary"),
    ],
)
def test_what_cannot_be_inherited_is_named(
    tmp_path: Path, repository: Path, demo: dict[str, Any], parent: dict[str, Any], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        load_study(extending(tmp_path, demo | parent, **changes), repository)


def test_what_is_extended_is_said_in_the_file(tmp_path: Path, repository: Path, demo: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=r"extends: say it in .*demo\.yaml, not on the command line"):
        load(tmp_path, repository, demo, extends="paper.yaml")


def test_two_studies_are_never_blended(repository: Path) -> None:
    files = [Path("config/demo.yaml"), Path("config/other.yaml")]
    with pytest.raises(ConfigurationError, match=r"one study at a time, found config/demo\.yaml, config/other\.yaml"):
        choose_study_file(repository, files, [])


def test_the_study_is_found_by_its_targets(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    for name in ("demo", "paper"):
        (tmp_path / f"config/{name}.yaml").touch()
    target = "results/paper/figures/gain.pdf"
    assert choose_study_file(tmp_path, [], [target]) == tmp_path / "config/paper.yaml"
    assert choose_study_file(tmp_path, [], ["results/replication/tables/leaderboard.csv"]).stem == "demo"
    assert choose_study_file(tmp_path, [], []).stem == "demo"
    with pytest.raises(ConfigurationError, match="targets of several studies: demo, paper"):
        choose_study_file(tmp_path, [], [target, "results/demo/config.yaml"])


def test_every_key_is_described() -> None:
    def sections(model: Any) -> Any:
        for name, field in model.model_fields.items():
            assert field.description, f"{model.__name__}.{name} has no description"
            for inner in (field.annotation, *getattr(field.annotation, "__args__", ())):
                if hasattr(inner, "model_fields"):
                    sections(inner)

    sections(Study)


def test_the_reference_is_up_to_date(repository: Path) -> None:
    """`polyglot reference` writes it."""
    assert (repository / REFERENCE_FILE).read_text(encoding="utf-8") == reference()
    assert (repository / FILES_PAGE).read_text(encoding="utf-8") == files_page()
    assert (repository / COMMANDS_PAGE).read_text(encoding="utf-8") == commands_page(parser(), repository)


def test_the_published_teachers_answer_with_the_published_sampling(repository: Path) -> None:
    rows = read_published_table(repository / "config/published/table17_sampling.csv").to_dict("records")
    table = {row["teacher"]: row for row in rows}
    study, registries = load_study(repository / "config/paper.yaml", repository)
    text = registries.models.source.read_text(encoding="utf-8")
    assert set(study.teachers) == set(table) - {"default"}
    for name in study.teachers:
        model, printed = registries.models[name], table[name]
        sampling = model.sampling
        assert sampling.temperature == printed["temperature"], name
        assert sampling.top_p == (1.0 if pd.isna(printed["top_p"]) else printed["top_p"]), name
        assert sampling.top_k == (None if pd.isna(printed["top_k"]) else printed["top_k"]), name
        if model.context not in (None, printed["max_seq_len"]):
            entry = re.search(rf"(?m)^{re.escape(name)}:\n(?:  .*\n)*", text)
            assert entry
            assert f"context: {model.context} # table 17: {int(printed['max_seq_len']):,}" in entry[0]


def test_facts_of_a_model_run_nothing_again(repository: Path) -> None:
    model = load_registries(repository / "config").models["aya-expanse-32b"]
    for fact in ({"languages": ["ar", "de"]}, {"licence": "other"}, {"label": "other"}):
        changed = Model.model_validate({**model.model_dump(), **fact})
        assert changed != model
        assert changed.settings == model.settings
    assert model.model_copy(update={"context": 1}).settings != model.settings
