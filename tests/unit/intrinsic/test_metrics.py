"""Metrics by name: what a study measures and scores, what is refused, and what a plugin adds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from polyglot.core.errors import ConfigurationError
from polyglot.core.lookup import PluginError
from polyglot.intrinsic.metrics import INTRINSIC, LENGTHS, METRICS, PAPER, STANDARD, Metric, of_texts, problems, recorded
from polyglot.intrinsic.settings import Intrinsic
from polyglot.intrinsic.texts import measure_texts
from polyglot.registry import load_registries
from polyglot.study.configuration import Study
from polyglot.study.reserved import REPLICATION
from polyglot.workflow.inputs.metrics import MetricInputs
from polyglot.workflow.loading import load_study

SETS = pd.DataFrame({"id": ["a", "b", "c"], "prompt": ["P", "Q", "R"], "response": ["x y", "x y z", "w"]})
PLUGIN = """
from polyglot.intrinsic.metrics import METRICS, Metric


def exclamations(prompts, responses):
    return [response.count("!") for response in responses]


METRICS.add("exclamations", Metric("exclamations", "exclamation marks", measure=exclamations))
"""


def study_with(repository: Path, **intrinsic: list[str]) -> Study:
    return load_study(repository / "config/demo.yaml", repository, {"intrinsic": intrinsic})[0]


def inputs_of(study: Study, repository: Path) -> MetricInputs:
    return MetricInputs(study, load_registries(repository / "config"))


def test_every_metric_has_its_own_name_and_a_file() -> None:
    assert [METRICS[name].name for name in METRICS] == list(METRICS)
    assert len({(metric.file, metric.values) for metric in METRICS.values()}) == len(METRICS)
    assert [metric.analysed for metric in STANDARD] == [
        *("prompt_diversity", "response_diversity", "reward", "log_perplexity", "log_prompt_tokens", "log_response_tokens")
    ]
    assert (tuple(STANDARD_NAMES[:4]), tuple(STANDARD_NAMES[4:])) == (INTRINSIC, LENGTHS)


STANDARD_NAMES = ["prompt_diversity", "response_diversity", "reward", "perplexity", "prompt_tokens", "response_tokens"]


def test_facts_are_plain_values_from_which_a_job_has_the_metric_without_its_function() -> None:
    facts = json.loads(json.dumps([metric.facts for metric in METRICS.values()]))
    assert recorded(facts, ()) == tuple(METRICS.values())
    assert recorded(None, PAPER) == PAPER
    assert recorded(facts, ())[-1].measure is None


def test_a_study_measures_the_papers_metrics_and_what_it_names_and_scores_the_papers_four(repository: Path) -> None:
    usual, more = study_with(repository), study_with(repository, measured=["compression_ratio", "distinct_2"])
    assert [metric.name for metric in usual.intrinsic.metrics] == STANDARD_NAMES
    assert [metric.name for metric in more.intrinsic.metrics] == [*STANDARD_NAMES, "compression_ratio", "distinct_2"]
    assert [metric.name for metric in more.intrinsic.scored_metrics] == list(INTRINSIC)
    inputs = inputs_of(more, repository)
    assert inputs_of(usual, repository).of_cells({"experiment": "main"}) == []
    assert len(inputs.of_cells({"experiment": "main"})) == 2 * len(more.matrices["main"].cells) * len(more.seeds)
    assert inputs.of_samples()[0].endswith("/0-screen/compression_ratio.parquet")


def test_what_is_scored_is_measured_too_and_published_numbers_are_scored_as_in_the_paper(repository: Path) -> None:
    study = study_with(repository, scored=["reward", "distinct_2"])
    assert [metric.name for metric in study.intrinsic.metrics] == [*STANDARD_NAMES, "distinct_2"]
    inputs = inputs_of(study, repository)
    assert [facts["name"] for facts in inputs.scored({"study": study.study})] == ["reward", "distinct_2"]
    assert [facts["name"] for facts in inputs.scored({"study": REPLICATION})] == list(INTRINSIC)
    assert inputs.facts({"metric": "distinct_2"}) == METRICS["distinct_2"].facts


@pytest.mark.parametrize(
    ("intrinsic", "message"),
    [
        ({"measured": ["distinkt_2"]}, "intrinsic.measured: unknown metric 'distinkt_2'; did you mean 'distinct_2'"),
        ({"scored": ["rewards"]}, "intrinsic.scored: unknown metric 'rewards'; did you mean 'reward'"),
        ({"scored": ["response_tokens"]}, "'response_tokens' is neither better when it is higher nor when it is lower"),
        ({"measured": ["distinct_2", "distinct_2"]}, "intrinsic.measured: 'distinct_2' is named more than once"),
        ({"scored": []}, "intrinsic.scored"),
    ],
)
def test_a_name_that_cannot_be_used_stops_a_study_with_its_key(
    repository: Path, intrinsic: dict[str, list[str]], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        study_with(repository, **intrinsic)


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        (Metric("gain", "gain", measure=lambda prompts, responses: []), "'gain' is the name of something else"),
        (Metric("mute", "mute"), "'mute' needs texts and has no function `measure`"),
        (
            Metric("deep", "deep", needs="encoder", measure=lambda prompts, responses: []),
            "'deep' needs encoder and has a function",
        ),
    ],
)
def test_a_metric_that_cannot_be_measured_is_refused(metric: Metric, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(METRICS, "_known", {**METRICS._known, metric.name: metric})
    assert any(message in said for said in problems([metric.name], "intrinsic.measured", scored=False))


def test_a_taken_name_is_refused() -> None:
    with pytest.raises(PluginError, match="'reward' already exists"):
        METRICS.add("reward", Metric("reward", "another reward"))


def test_a_plugin_adds_a_metric(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_metrics.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(METRICS, "_known", dict(METRICS._known))
    chosen = {"plugins": ["my_metrics"], "intrinsic": {"measured": ["exclamations"]}}
    study, _ = load_study(repository / "config/demo.yaml", repository, chosen)
    assert inputs_of(study, repository).of_texts == ["exclamations"]
    before = inputs_of(study, repository).code({"metric": "exclamations"})
    (tmp_path / "my_metrics.py").write_text(PLUGIN + "# edited\n")
    assert inputs_of(study, repository).code({"metric": "exclamations"}) != before  # it is measured again
    found = measure_texts(METRICS["exclamations"], SETS.assign(response=["a!", "b", "c!!"]))
    assert found.to_dict("list") == {"id": ["a", "b", "c"], "exclamations": [1.0, 0.0, 2.0]}


def test_a_set_too_small_has_no_numbers_and_a_function_gives_one_each() -> None:
    assert np.isnan(measure_texts(METRICS["distinct_2"], SETS[:1])["distinct_2"]).all()
    assert measure_texts(METRICS["distinct_2"], SETS)["distinct_2"].mean() == pytest.approx(2 / 3)
    short = Metric("short", "short", measure=lambda prompts, responses: [1.0])
    with pytest.raises(ValueError, match="'short' gave 1 numbers for 3 examples"):
        measure_texts(short, SETS)
    with pytest.raises(ValueError, match="'reward' has no function"):
        measure_texts(METRICS["reward"], SETS)


def test_names_of_metrics_are_read_without_numpy(repository: Path) -> None:
    code = "import sys; from polyglot.intrinsic.metrics import METRICS; list(METRICS.values()); print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=repository / "scripts")
    assert done.stdout.strip() == "False"


def test_metrics_of_texts_are_those_with_a_file_of_their_own() -> None:
    settings = Intrinsic(measured=["distinct_2"])
    assert [metric.file for metric in of_texts(settings.metrics)] == ["distinct_2.parquet"]
