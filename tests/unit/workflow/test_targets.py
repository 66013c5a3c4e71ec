"""What can be asked for, and what wildcards may stand for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from polyglot.core.errors import ConfigurationError
from polyglot.evaluation.settings import Evaluation
from polyglot.workflow.inputs.screening import ScreeningInputs
from polyglot.workflow.targets import Targets
from polyglot.workflow.wildcards import constraints, one_of

from .conftest import Read


def test_the_default_is_the_experiments_of_the_run_with_what_they_cost(read: Read) -> None:
    targets = Targets(*read())
    wanted = targets.all()
    assert "results/demo/tables/leaderboard.csv" in wanted
    assert "results/demo/figures/gain.pdf" in wanted
    assert "results/demo/tables/resources.csv" in wanted
    assert not any("large_student" in path for path in wanted)
    assert any("large_student" in path for path in Targets(*read(run=None)).all())


def test_routing_and_selection_are_asked_for_by_themselves(read: Read) -> None:
    targets = Targets(*read())
    others, routed, selected = (targets.asked_by(name) for name in ("experiments", "route", "select"))
    shared = {"results/demo/tables/resources.csv", "results/demo/index.html"}
    assert set(others) & set(routed) == set(others) & set(selected) == set(routed) & set(selected) == shared
    assert any("routing" in path for path in routed)
    assert any("selection" in path for path in selected)


def test_the_cost_is_added_up_from_all_but_itself(read: Read) -> None:
    targets = Targets(*read())
    left_out = set(targets.of(["main"])) - set(targets.measured())
    assert {Path(path).stem for path in left_out} == {"resources", "ledger"}


def test_a_screening_a_plan_and_the_audit_need_no_student(read: Read) -> None:
    targets = Targets(*read())
    assert all("/screen" in path or path.endswith("/index.html") for path in targets.screening())
    assert all("/plan" in path for path in targets.plan())
    assert all(path.startswith("results/replication/") for path in targets.replication())


def test_a_study_without_a_base_is_a_ranking_and_its_plan_has_no_students(read: Read) -> None:
    study, registries = read()
    alone = study.model_copy(update={"base": "", "experiments": {}, "run": None, "evaluation": Evaluation(benchmarks={})})
    targets = Targets(alone, registries)
    assert targets.all() == targets.ranking()
    assert {Path(path).stem for path in targets.plan()} == {"plan", "plan_teachers", "plan_demands"}
    assert ScreeningInputs(alone, registries).likelihoods() == []
    assert len(ScreeningInputs(study, registries).likelihoods()) == len(study.teachers) * len(study.languages)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (
            "base,teacher,lang,gain,prompt_diversity,response_diversity,reward,perplexity,response_tokens",
            "lacks the column prompt_tokens",
        ),
        (
            "base,teacher,lang,gain,prompt_diversity,response_diversity,reward,perplexity,prompt_tokens,response_tokens",
            "none of 'nano-base'",
        ),
    ],
)
def test_what_a_prediction_is_learned_from_is_read_before_anything_is_paid(
    read: Read, tmp_path: Path, header: str, said: str
) -> None:
    (tmp_path / "cells.csv").write_text(f"{header}\nother{',1' * header.count(',')}\n")
    inputs = ScreeningInputs(*read(screen={"learn_from": str(tmp_path / "cells.csv")}))
    inputs.check(["rank"])
    with pytest.raises(ConfigurationError, match=said):
        inputs.check(["screen"])


def test_a_set_is_published_once_and_every_student(read: Read) -> None:
    study, registries = read(run=["main", "large_student"])
    files = Targets(study, registries).publishing()
    assert len(files) == len(set(files))
    assert sum("/data/" in path for path in files) == 4 * 3
    assert sum("/students/" in path for path in files) == 4 * 3 + 3 * 2


def test_the_configuration_is_saved_and_not_touched_again_while_it_is_the_same(
    read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study, registries = read()
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "results/demo/config.yaml"
    Targets(study, registries).save_configuration()
    saved = yaml.safe_load(path.read_text())
    assert saved["synthesis"]["requests"] == study.synthesis.requests
    assert saved["models"]["thorough"]["pretraining"]["seed"] == registries.models["thorough"].settings["pretraining"]["seed"]
    before = path.stat().st_mtime_ns
    Targets(study, registries).save_configuration()
    assert path.stat().st_mtime_ns == before
    Targets(study.model_copy(update={"seeds": [0, 1]}), registries).save_configuration()
    assert yaml.safe_load(path.read_text())["seeds"] == [0, 1]


@pytest.mark.parametrize(
    ("wildcard", "known", "unknown"),
    [
        ("study", ["demo", "replication"], ["paper"]),
        ("seed", ["0", "12", "0-screen", "0-calibration", "3-block2"], ["0-block", "a", "0/1"]),
        ("teacher", ["thorough", "people", "nano-nllb", "persyn", "family-strong"], ["nano-base", "nobody"]),
        ("recipe", ["equal", "mdaq-150", "public", "translate+respond-300"], ["equal-1", "mdaq"]),
        ("method", ["generate", "nllb-both"], ["public"]),
        ("base", ["nano-base", "nano-large"], ["thorough"]),
        ("pool", ["all", "de"], ["everything"]),
        ("routed", ["persyn", "car"], ["thorough"]),
        ("table", ["leaderboard", "plan"], ["gain"]),
        ("figure", ["gain"], ["recommendation"]),
    ],
)
def test_a_wildcard_stands_for_names_of_the_study(read: Read, wildcard: str, known: list[str], unknown: list[str]) -> None:
    pattern = constraints(*read())[wildcard]
    assert all(re.fullmatch(pattern, name) for name in known)
    assert not any(re.fullmatch(pattern, name) for name in unknown)


def test_a_pattern_of_nothing_matches_nothing() -> None:
    assert re.fullmatch(one_of([]), "") is None
    assert re.fullmatch(one_of(["a.b"]), "aXb") is None
