"""A study in miniature keeps each kind of thing once, and is a study that can run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from polyglot.engines.base import Answer, Request
from polyglot.registry import Registries
from polyglot.rehearsal.endpoint import serving
from polyglot.rehearsal.miniature import Kept, languages, model_in_miniature, representatives, sizes, study_in_miniature
from polyglot.rehearsal.preparation import NotReady, Rehearsal, prepare
from polyglot.rehearsal.report import rows, table
from polyglot.rehearsal.teachers import Rehearsed, formed
from polyglot.study.configuration import Study
from polyglot.synthesis.methods.base import METHODS, PAIR_SCHEMA
from polyglot.workflow.inputs.models import ModelInputs
from polyglot.workflow.loading import load_study
from polyglot.workflow.study_checks import problems

Loaded = tuple[Study, Registries]


SHIPPED = ("paper", "paper-revised", "persyn", "tagalog", "mdaq-published", "demo")


@pytest.fixture(scope="module")
def paper(repository: Path) -> Loaded:
    return load_study(repository / "config/paper.yaml", repository)


@pytest.mark.parametrize("name", [*SHIPPED, "persyn-published", "persyn-published-math"])
def test_every_study_of_the_repository_can_run_in_miniature(name: str, repository: Path) -> None:
    study, registries = load_study(repository / f"config/{name}.yaml", repository)
    small = Study.model_validate(study_in_miniature(study, Kept({})))
    assert [one for one in problems(small, registries) if "training_gpus" not in one] == []  # a rehearsal has one GPU
    assert small.seeds == study.seeds[:1]
    assert small.methods == study.methods
    assert small.training.precision == study.training.precision
    assert set(small.experiments) == set(study.experiments)
    assert list(small.filters) == list(study.filters)
    assert "drop" not in {settings["action"] for settings in small.filters.values()}


def test_few_languages_use_every_benchmark(paper: Loaded) -> None:
    assert languages(paper[0]) == ["de"]


def test_sizes_keep_their_order_and_differ(paper: Loaded) -> None:
    found = sizes(paper[0])
    assert sorted(found) == [1000, 5000, 10000, 25000, 50000]
    assert list(found.values()) == sorted(set(found.values()))
    small = study_in_miniature(paper[0], Kept({}))
    assert small["experiments"]["data_scale"]["recipes"] == [f"equal-{size}" for size in (6, 9, 12, 15, 18)]


def test_a_race_that_starts_with_small_sets_starts_with_smaller_ones(paper: Loaded) -> None:
    study, registries = paper
    synthesis = study.synthesis.model_dump() | {"first": 1050}
    race = {"run": ["race"], "experiments": {"race": {"compare": "race"}}, "race": {"small": "equal-3k"}, "synthesis": synthesis}
    small = Study.model_validate(study_in_miniature(Study.model_validate(study.model_dump() | race), Kept({})))
    assert (small.race.small, small.synthesis.requests, small.synthesis.first) == ("equal-6", 10, 5)
    assert [one for one in problems(small, registries) if "training_gpus" not in one] == []


def test_one_model_stands_for_those_that_are_alike(paper: Loaded) -> None:
    instead = representatives(["a-70b", "a-8b", "b"], lambda name: name[0])
    assert instead == {"a-70b": "a-70b", "a-8b": "a-70b", "b": "b"}
    small = study_in_miniature(paper[0], Kept({"gemma-3-27b-it": "gemma-3-4b-it", "gemma-3-12b-it": "gemma-3-4b-it"}))
    assert [name for name in small["teachers"] if "gemma" in name] == ["gemma-3-4b-it"]
    assert small["experiments"]["data_scale"]["teachers"] == ["gemma-3-4b-it"]


def test_a_model_asks_for_one_gpu_at_most_and_an_endpoint_is_on_this_machine(paper: Loaded) -> None:
    models = paper[1].models
    large = models["llama-3.1-70b-instruct"].model_dump(mode="json")
    small = model_in_miniature(large, folder="models/x", url="", gpus=8, engine="vllm")
    assert (small["gpus"], small["hub"], small["folder"], small["engine"]) == (1, None, "models/x", "rehearsed-vllm")
    assert model_in_miniature(large, folder="models/x", url="", gpus=0, engine="transformers")["gpus"] == 0
    closed = models["gpt-4o-mini"].model_dump(mode="json")
    closed["endpoint"] |= {"limits": {"requests": 1, "tokens": None}, "batch": {}}
    endpoint = model_in_miniature(closed, folder=None, url="http://here", gpus=0, engine="openai")["endpoint"]
    assert (endpoint["url"], endpoint["proxies"], endpoint["limits"], endpoint["batch"]) == ("http://here", False, {}, None)


def test_without_a_hub_one_message_names_every_missing_file(
    paper: Loaded, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    study, registries = paper
    used = ModelInputs(study, registries).used
    with pytest.raises(NotReady) as caught:
        prepare(Rehearsal(study, registries, used, repository, tmp_path / "rehearsal"), "http://here")
    told = str(caught.value)
    for name in used:
        expected = registries.models[name].hub is not None
        assert (f"hub/models/{name}, or rehearse where" in told) == expected
    assert "source 'aya': hub/datasets/aya is not there" in told


class Mumbling:
    """Words that no job can use."""

    batch_size, deterministic = None, True

    def chat(self, requests: list[Request]) -> list[Answer]:
        return [Answer(one.id, "mumble", "length", 3, 16) for one in requests]


def test_answers_have_the_form_that_was_asked_for() -> None:
    asked = [
        Request("a", [{"role": "user", "content": "x"}], 7, schema=PAIR_SCHEMA),
        Request("b", [{"role": "user", "content": "y"}], 8),
    ]
    pair, text = Rehearsed(Mumbling(), judges=False).chat(asked)
    assert METHODS["generate"].pair({}, pair.text) == ("prompt mumble 7", "response mumble 7")
    assert (text.text, text.finish_reason, text.prompt_tokens) == ("mumble 8", "stop", 3)


def test_a_judge_rates_in_the_words_of_its_prompt() -> None:
    from polyglot.intrinsic.reward import parse_rating

    assert parse_rating(formed("mumble", "write [RESULT]", None, judges=True, number=7)) == 3
    assert parse_rating(formed("mumble", "rate it", None, judges=True, number=7)) == 3
    assert "[[A]]" in formed("mumble", "[[A]] or [[B]]", None, judges=True, number=7)


def test_the_endpoint_answers_the_official_client(tmp_path: Path) -> None:
    from polyglot.engines.openai_engine import OpenAIEngine
    from polyglot.engines.spending import Spending
    from polyglot.registry.models import Endpoint, Sampling

    with serving(tmp_path / "port") as url:
        engine = OpenAIEngine(Endpoint(url=url, model="m"), Sampling(), Spending(tmp_path / "spending", "m", None, None))
        asked = [Request("a", [{"role": "user", "content": "Hallo"}], 7, schema=PAIR_SCHEMA)]
        assert set(json.loads(engine.chat(asked)[0].text)) == {"prompt", "response"}
    with serving(tmp_path / "port") as again:
        assert again == url


def test_the_table_says_what_passed_what_failed_and_what_was_not_reached(tmp_path: Path) -> None:
    one, other = {"teacher": "a", "lang": "de"}, {"teacher": "b", "lang": "de"}
    ended = [
        {"rule": "synthesize", "wildcards": one, "log": "x.log", "passed": False},
        {"rule": "synthesize", "wildcards": one, "log": "x.log", "passed": True},
        {"rule": "synthesize", "wildcards": other, "log": "y.log", "passed": False},
    ]
    left = [{"rule": "synthesize", "wildcards": other}, {"rule": "reward", "wildcards": other}]
    found = rows(ended, left, {"reward": "judge"}, tmp_path)
    assert [(row.stage, row.model, row.verdict) for row in found] == [
        ("synthesize", "a", "passed"),
        ("synthesize", "b", "failed"),
        ("reward", "judge", "not reached"),
    ]
    assert f"| synthesize | b | failed | 0 | 1 | 0 | {tmp_path / 'y.log'} |" in table(found, ["a note"])
