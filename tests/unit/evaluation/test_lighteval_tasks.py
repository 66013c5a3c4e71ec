"""Tasks of lighteval by name: found, prepared from local data, asked as lighteval asks, and kept item by item."""

from __future__ import annotations

import runpy
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sacrebleu
from pydantic import ValidationError

from polyglot.core.errors import WrongInput
from polyglot.core.files import read_jsonl, write_jsonl, write_text
from polyglot.core.lookup import UnknownName
from polyglot.core.text import normalise
from polyglot.evaluation.items import BenchmarkError, benchmark_questions
from polyglot.evaluation.lighteval_facts import downloaded_as, lighteval_facts
from polyglot.evaluation.lighteval_list import listed_task, listed_tasks
from polyglot.evaluation.lighteval_outcomes import outcomes, parts_of_score, translation_outcomes
from polyglot.evaluation.lighteval_rows import prepare
from polyglot.evaluation.run import chance_scores, evaluate
from polyglot.evaluation.settings import Benchmark, Evaluation
from polyglot.evaluation.study_checks import problems
from polyglot.evaluation.tasks import Task
from polyglot.evaluation.weights import example_weights
from polyglot.scoring.outcomes import paired_se, score_replicates
from tests.unit.evaluation import zoo

THREE = ("belebele_swh_Latn_mcf", "belebele_arb_Arab_cf", "xcopa_tha_cf")
"""In three scripts: options with letters, and without; one with few-shot examples."""


def task(name: str, folder: Path, **settings: Any) -> Task:
    """A task of lighteval on made items, in its folder."""
    lang, _, _ = zoo.TASKS[name]
    data = folder / "data" / name.replace(":", "_")
    if not data.exists():
        zoo.make_data(name, data)
    chosen = Benchmark(task="lighteval", name=name, languages=[lang], **settings)
    benchmark = name.replace(":", "-")
    prepare(benchmark, name, data, folder / "tasks" / benchmark, metric=chosen.metric, shots=chosen.shots)
    return Task(benchmark, lang, folder / "tasks" / benchmark, chosen)


@pytest.mark.slow
def test_scores_and_outcomes_are_those_of_lighteval_itself(tmp_path: Path, nano_model: Path) -> None:
    """By characters where options are whole: by tokens, lighteval's own backend divides by the longest option's count."""
    shots = {"xcopa_tha_cf": 1}
    metrics = {name: "acc_norm" for name in THREE if name.endswith("_cf")}
    ours = [task(name, tmp_path, metric=metrics.get(name), shots=shots.get(name, 0)) for name in THREE]
    ways = ("prompt_level_strict_acc", "inst_level_loose_acc")
    instructed = task("ifeval", tmp_path)
    ours += [replace(instructed, benchmark=way, settings=instructed.settings.model_copy(update={"metric": way})) for way in ways]
    found = evaluate(nano_model, ours, batch_tokens=4096)
    data = {name: (tmp_path / "data" / name, metrics.get(name), shots.get(name, 0)) for name in (*THREE, "ifeval")}
    theirs = zoo.lighteval_itself(nano_model, data, tmp_path)
    for name in THREE:
        ((score,), values) = theirs[name][0].values(), theirs[name][1]
        own = found[found["benchmark"] == name].set_index("example_id")["correct"]
        assert own.to_dict() == {place: next(iter(value.values())) for place, value in values.items()}
        assert own.mean() == pytest.approx(score)
        assert len(own) == zoo.ITEMS
    scores, values = theirs["ifeval"]
    for way in ways:
        own = found[found["benchmark"] == way].set_index("example_id")["correct"]
        assert own.mean() == pytest.approx(scores[way]), way
        if way.startswith("prompt"):
            assert own.to_dict() == {place: value[way] for place, value in values.items()}
    assert scores["prompt_level_strict_acc"] <= scores["prompt_level_loose_acc"]
    assert 0 < scores["inst_level_strict_acc"] < 1


def test_a_set_of_tasks_is_one_benchmark_whose_parts_weigh_the_same(tmp_path: Path, nano_model: Path) -> None:
    folder = tmp_path / "data"
    for number, part in enumerate(("Biology", "History", "Mathematics")):
        write_jsonl([zoo._mmlu("tr", place) for place in range(4 + 4 * number)], folder / part / "test.jsonl")
    with pytest.raises(BenchmarkError, match=r"no split 'test' of 'Chemistry'.*put the rows into .*/Chemistry/test\.jsonl"):
        prepare("tr", "mmlu_tur_mcf", folder, tmp_path / "task", metric=None, shots=0)
    for part in ("Chemistry", "Geography", "Philosophy", "Physics", "Religion_and_Ethics", "Turkish_Language_and_Literature"):
        write_jsonl([zoo._mmlu("tr", place) for place in range(2)], folder / part / "test.jsonl")
    counts = prepare("tr", "mmlu_tur_mcf", folder, tmp_path / "task", metric=None, shots=0)
    assert (counts["biology"], counts["history"], counts["physics"]) == (4, 8, 2)
    chosen = Evaluation(benchmarks={"mmlu_tur_mcf": Benchmark(task="lighteval", folder=str(folder))})
    facts = lighteval_facts(chosen)["mmlu_tur_mcf"]
    assert (facts.weighting, facts.languages) == ("parts", {"tr": "mmlu_tur_mcf"})
    whole = Task("mmlu_tur_mcf", "tr", tmp_path / "task", chosen.benchmarks["mmlu_tur_mcf"], facts.weighting)
    found = evaluate(nano_model, [whole], batch_tokens=4096)
    assert len(found) == sum(counts.values())
    assert found.groupby("subset")["weight"].sum().tolist() == pytest.approx([1 / len(counts)] * len(counts))
    assert not found.duplicated(["stratum", "example_id"]).any()
    assert chance_scores([whole], found) == {"mmlu_tur_mcf:tr": pytest.approx(1 / 5)}


def test_data_that_a_metric_lacks_are_named_before_the_model_is_loaded(
    tmp_path: Path, nano_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nltk.data.path", [])
    without_weights = shutil.copytree(nano_model, tmp_path / "model", ignore=shutil.ignore_patterns("*.safetensors"))
    kwargs = {"relation": "at least", "num_sentences": 2}
    row = {"key": 1, "prompt": "Wer?", "instruction_id_list": ["length_constraints:number_sentences"], "kwargs": [kwargs]}
    write_jsonl([row], tmp_path / "data/ifeval/default/train.jsonl")
    write_text(
        "---\nconfigs:\n- config_name: default\n  data_files: default/train.jsonl\n---\n", tmp_path / "data/ifeval/README.md"
    )
    with pytest.raises(WrongInput, match=r"prompt_level_strict_acc' needs data of NLTK .*nltk\.downloader punkt_tab"):
        evaluate(without_weights, [task("ifeval", tmp_path)], batch_tokens=4096)


def test_a_language_is_guessed_alike_in_every_run(tmp_path: Path) -> None:
    task("ifeval", tmp_path)
    import langdetect

    assert langdetect.DetectorFactory.seed == 0


def test_translations_are_scored_as_a_corpus_whose_parts_are_kept(tmp_path: Path, nano_model: Path) -> None:
    name = "flores200:spa_Latn-deu_Latn"
    one = task(name, tmp_path, max_new_tokens=8)
    found = evaluate(nano_model, [one], batch_tokens=4096)
    references = {row["id"]: row["choices"] for row in read_jsonl(one.folder / "test.jsonl")}
    known = [references[place] for place in found["example_id"]]
    whole = sacrebleu.CHRF(word_order=2).corpus_score(list(found["answer"]), [[text for (text,) in known]])
    assert found["weight"] @ found["correct"] == pytest.approx(whole.score / 100)


def test_the_questions_of_a_task_are_kept_out_of_training_data(tmp_path: Path) -> None:
    one = task("belebele_swh_Latn_mcf", tmp_path)
    row = zoo._belebele("sw", 3)
    (questions,) = benchmark_questions([one.folder]).values()
    assert {normalise(row["question"]), normalise(row["flores_passage"])} <= set(map(normalise, questions))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"flores_passage": None}, r"split 'test', row 2 has no 'flores_passage'.*_mcf' reads the columns of facebook"),
        ({"correct_answer_num": "two"}, r"row 2 does not fit \(ValueError: .*two"),
    ],
)
def test_a_row_that_the_task_cannot_read_is_named(tmp_path: Path, change: dict[str, str | None], said: str) -> None:
    rows = [zoo._belebele("sw", place) for place in range(3)]
    rows[1] = {key: value for key, value in (rows[1] | change).items() if value is not None}
    write_jsonl(rows, tmp_path / "test.jsonl")
    with pytest.raises(BenchmarkError, match=said):
        prepare("b", "belebele_swh_Latn_mcf", tmp_path, tmp_path / "task", metric=None, shots=0)


def test_a_task_is_found_by_its_name() -> None:
    found = listed_task("belebele_swh_Latn_mcf")
    assert (found.repository, found.lang, found.metrics, found.writes) == ("facebook/belebele", "sw", ("acc",), False)
    assert listed_task("flores200:deu_Latn-swh_Latn").metrics[0] == "chrf++"
    assert listed_task("global_mmlu_all_swa_mcf").lang == "sw"
    assert len(listed_tasks()) > 1500
    for name, said in {
        "beleble_swh_Latn_mcf": "did you mean 'belebele_swh_Latn_mcf'",
        "mmlu_tur_mcf:biologie": "did you mean 'biology'",
        "flores200:deu-swh": "form A-B",
    }.items():
        with pytest.raises(UnknownName, match=said):
            listed_task(name)


def test_one_line_names_a_task_and_its_language_follows() -> None:
    names = {"sw": "belebele_swh_Latn_cf", "de": "belebele_deu_Latn_cf"}
    chosen = Evaluation.model_validate(
        {"benchmarks": {"belebele_swh_Latn_mcf": {"task": "lighteval"}, "belebele": {"task": "lighteval", "name": names}}}
    )
    assert list(chosen.benchmarks_in("sw")) == ["belebele_swh_Latn_mcf", "belebele"]
    assert list(chosen.benchmarks_in("de")) == ["belebele"]
    facts = lighteval_facts(chosen)
    assert facts["belebele"].languages == names
    assert {facts[name].hub for name in facts} == {"facebook/belebele"}
    assert downloaded_as("belebele", chosen, facts) == "belebele_swh_Latn_mcf", "the same data are fetched once"
    assert chosen.longest_answer == 0


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"task": "lighteval", "formulation": "cloze"}, "formulation: has none, lighteval defines it"),
        ({"formulation": "cloze", "metric": "acc"}, "metric: belongs to `task: lighteval`"),
        ({"shots": 2}, "formulation: Field required"),
        ({"task": "lighteval", "name": "beleble_swh_Latn_mcf"}, "did you mean 'belebele_swh_Latn_mcf'"),
        ({"task": "lighteval", "name": "flores200:deu_Latn-swh_Latn"}, "name its `languages`"),
        ({"task": "lighteval", "name": {"de": "belebele_deu_Latn_cf"}, "languages": ["sw"]}, "no task for sw"),
    ],
)
def test_settings_that_cannot_be_are_told(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Evaluation.model_validate({"benchmarks": {"b": settings}})


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"name": "belebele_swh_Latn_mcf", "metric": "f1"}, "unknown metric 'f1'"),
        ({"name": "truthfulqa"}, "no metric in common; take one in `name`"),
        ({"name": "mt_bench"}, "no metric between 0 and 1"),
        ({"name": "community_arc_swa_cf"}, "several repositories"),
    ],
)
def test_a_task_that_cannot_be_measured_is_told_before_any_job(settings: dict[str, Any], said: str) -> None:
    chosen = Evaluation(benchmarks={"b": Benchmark(task="lighteval", **settings)})
    (problem,) = problems("b", chosen.benchmarks["b"], lighteval_facts(chosen)["b"], Path("benchmarks.yaml"))
    assert said in problem


def test_what_finished_outcomes_depend_on_is_as_before() -> None:
    """Else every evaluation of a study under way would run again."""
    found = Benchmark(formulation="cloze", hub=True, languages=["de"]).params()
    assert found == {"formulation": "cloze", "shots": 0, "max_items": None, "max_new_tokens": 48, "folder": None}


def test_values_between_0_and_1_are_outcomes_and_others_are_refused() -> None:
    assert outcomes([0.25, 1, True], np.mean, "f1").tolist() == [0.25, 1, 1]
    with pytest.raises(WrongInput, match=r"'words' gives 12; .* choose another `metric`"):
        outcomes([0.5, 12.0], np.mean, "words")


def test_the_parts_of_a_score_of_many_values_have_it_as_their_mean() -> None:
    """As IFEval's accuracy over instructions, of which prompts have one to three."""
    values = [[True], [True, False], [False, False, True]]

    def share(lists: list[list[bool]]) -> float:
        return float(np.mean([one for found in lists for one in found]))

    assert outcomes(values, share, "inst_level_strict_acc").mean() == pytest.approx(3 / 6)
    equal = [[True], [False], [True], [True]]
    assert outcomes(equal, share, "inst_level_strict_acc").tolist() == pytest.approx([1, 0, 1, 1])
    assert parts_of_score(lambda chosen: 0.5, 1).tolist() == [0.5]


def test_intervals_of_a_corpus_are_those_of_resampled_translations() -> None:
    """chrF++ of 100 translations, resampled as sacrebleu does, against the spread of the parts' mean."""
    rng = np.random.default_rng(0)
    words = zoo.WORDS["es"].split()
    references = [" ".join(rng.choice(words, size=rng.integers(3, 12))) for _ in range(100)]
    written = [" ".join(word if rng.random() < 0.6 else "otro" for word in text.split()) for text in references]
    metric = sacrebleu.CHRF(word_order=2)
    parts = translation_outcomes([[text] for text in references], written, metric)
    assert parts.mean() == pytest.approx(metric.corpus_score(written, [references]).score / 100)
    drawn = rng.integers(0, 100, size=(100, 100))
    scores = [metric.corpus_score([written[p] for p in d], [[references[p] for p in d]]).score / 100 for d in drawn]
    items = pd.DataFrame({"stratum": "all", "weight": 1 / 100}, index=range(100))
    found = score_replicates(items, pd.DataFrame({"m": parts}), 2000, rng)[1:, 0]
    assert np.std(found) == pytest.approx(np.std(scores), rel=0.2)
    assert paired_se(items, parts) == pytest.approx(np.std(scores), rel=0.2)


def test_parts_weigh_the_same_whatever_their_size() -> None:
    frame = pd.DataFrame({"example_id": list("abc"), "category": "all", "subset": ["x", "x", "y"]})
    assert example_weights("parts", frame).tolist() == [0.25, 0.25, 0.5]


@pytest.mark.slow
def test_the_list_of_tasks_is_that_of_the_installed_lighteval(repository: Path) -> None:
    """As far as its modules can be imported here: some need packages of `lighteval[multilingual]`."""
    made = runpy.run_path(str(repository / "docs/lighteval_tasks.py"))
    found = {one.name: one for one in made["every"]()}
    assert len(found) > 1300
    known = listed_tasks()
    assert {name: one for name, one in found.items() if known.get(name) != one} == {}
    assert made["page"](list(known.values())) == (repository / "docs/reference/lighteval.md").read_text(encoding="utf-8")
