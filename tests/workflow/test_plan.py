"""What Snakemake plans: nothing twice, nothing too much, nothing at all for a broken configuration."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from polyglot.core.files import read_json
from polyglot.models.hub import SOURCE
from polyglot.workflow.deviations_page import BUDGETS_FILE, total_of
from polyglot.workflow.loading import load_study

from .conftest import Workplace, copy_workflow

SMALL_FILES = {
    *("measurements", "pg_score", "analysis", "data_yield", "data_tables", "nano_oracle", "truth", "table", "figure"),
    *(
        "steps",
        "abilities",
        "generalisation",
        "predictors",
        "further_benchmarks",
        "resources",
        "ledger",
        "page",
        "all",
        "experiments",
    ),
}
"""Rules whose jobs take seconds and may run again when the experiment grows."""


@pytest.fixture
def fresh(repository: Path, tmp_path: Path) -> Workplace:
    return copy_workflow(repository, tmp_path)


def test_the_whole_study_is_planned(fresh: Workplace) -> None:
    planned = fresh.planned()
    assert planned["synthesize"] == planned["student"] == planned["evaluate_student"] == 4 * 3
    assert planned["evaluate_anchor"] == 2 * 3
    assert planned["nano_pretrain"] == 5


def test_a_second_seed_is_one_number_more(fresh: Workplace) -> None:
    assert fresh.planned("--config", "seeds=[0, 1]")["student"] == 2 * 4 * 3
    trained, once = (fresh.planned("--config", f"trainings={number}") for number in (3, 1))
    assert trained["student"] == trained["evaluate_student"] - (once["evaluate_student"] - 12) == 3 * 4 * 3
    assert (once["judge_student"], trained["judge_student"]) == (4, 3 * 4), "open answers, in one language"
    again = {"student", "evaluate_student", "judge_student"}
    assert {rule for rule in once if once[rule] != trained[rule]} == again, "nothing else is made again"


def test_an_experiment_is_configuration_only(fresh: Workplace) -> None:
    added = "experiments={mine: {compare: recipes, recipes: [equal, respond, equal-100], teachers: [thorough]}}"
    planned = fresh.planned("--config", added, "run=[main, mine]")
    assert planned["student"] == planned["diversity"] == 4 * 3 + 2 * 3
    assert planned["pg_score"] == 2
    assert planned["synthesize"] == 4 * 3


def test_experiments_share_files(fresh: Workplace) -> None:
    """A student that several experiments compare is trained once."""
    planned = fresh.planned("experiments")
    study, _ = load_study(fresh.folder / "config/demo.yaml", fresh.folder)
    apart = ("routing", "selection")
    cells = [cell for matrix in study.matrices.values() if matrix.compare not in apart for cell in matrix.cells]
    assert planned["student"] == planned["evaluate_student"] == len(set(cells)) < len(cells) - 20
    languages = study.matrices["translation"].languages
    assert planned["nano_translator"] == 1
    assert planned["translate_seed"] == len(languages)
    assert planned["synthesize_translated"] == 2 * len(languages)


@pytest.mark.parametrize("name", ["paper", "paper-revised"])
def test_the_published_study_is_planned_without_a_model_on_disk(fresh: Workplace, repository: Path, name: str) -> None:
    """Ten teachers, six languages, three seeds: thousands of jobs, their budget, and what each of them asks for. The budget in
    the docs is this one (`polyglot reference --budgets`)."""
    fresh.snakemake("plan", "--configfile", f"config/{name}.yaml")
    jobs = pd.read_csv(fresh.folder / f"results/{name}/plan/jobs.csv")
    study, _ = load_study(fresh.folder / f"config/{name}.yaml", fresh.folder)
    assert len(jobs) > 2500
    started = jobs.groupby("rule")["engine_start"].sum()
    assert started["student"] == (jobs["rule"] == "student").sum()  # each trains by itself
    assert started.sum() <= 900
    planned = jobs.groupby("rule").size()
    cells = {(cell, seed) for matrix in study.matrices.values() for cell in matrix.cells for seed in matrix.seeds}
    assert planned["student"] == planned["evaluate_student"] == planned["perplexity"] == len(cells)
    assert planned["hub_model"] == jobs.query("rule == 'hub_lock'").shape[0] - planned["hub_dataset"]
    tables = fresh.folder / f"results/{name}/tables"
    assert total_of(pd.read_csv(tables / "plan.csv")) == read_json(repository / BUDGETS_FILE)["studies"][name]
    assert pd.read_csv(tables / "plan.csv").query("rule == 'total'")["jobs"].item() == len(jobs)
    assert set(study.teachers) <= set(pd.read_csv(tables / "plan_teachers.csv")["teacher"])
    assert set(pd.read_csv(tables / "plan_demands.csv")["rule"]) == set(planned.index)
    assert not (fresh.folder / "hub").exists()


@pytest.mark.parametrize(("name", "rated", "tasks"), [("persyn-published", 25, 2), ("persyn-published-math", 17, 3)])
def test_persyns_own_study_is_planned(fresh: Workplace, name: str, rated: int, tasks: int) -> None:
    """Five students by five ways to choose a teacher; where answers are right or wrong, no judge rates those for calibration."""
    (fresh.folder / "data/persyn").mkdir(parents=True)
    for file in ("instructions", "problems"):
        row = json.dumps({"prompt": "What is 2 + 3?", "response": "2 + 3 = 5\n#### 5"})
        (fresh.folder / f"data/persyn/{file}.jsonl").write_text(f"{row}\n", encoding="utf-8")
    planned = fresh.planned("--configfile", f"config/{name}.yaml")
    assert planned["student"] == planned["evaluate_student"] == 5 * 5
    assert planned["router"] == planned["calibration"] == planned["routing"] == 5
    assert planned["reward"] == rated
    assert planned.get("lighteval_task", 0) + planned.get("benchmark", 0) == tasks


def test_a_target_of_an_experiment_needs_only_its_own_cells(fresh: Workplace) -> None:
    planned = fresh.planned("results/demo/figures/large_student.pdf")
    assert planned["student"] == 3 * 2
    assert planned["figure"] == 1
    assert "nano_translator" not in planned


def test_more_data_than_a_block_has_asks_for_another_block(fresh: Workplace) -> None:
    target = "results/demo/sft/respond-380/thorough/de/0.parquet"
    added = "experiments={mine: {compare: sizes, recipes: [respond-380], teachers: [thorough]}}"
    assert fresh.planned(target, "--config", added, "run=[main]")["synthesize"] == 2


def test_screening_samples_are_small_and_train_no_student_of_their_own(fresh: Workplace) -> None:
    texts = ("prompt_diversity", "response_diversity", "reward", "perplexity", "prompt_tokens", "response_tokens")
    columns = ("base", "teacher", "lang", "gain", *texts)
    pd.DataFrame([dict.fromkeys(columns, 1.0) | {"base": "nano-base"}]).to_csv(fresh.folder / "known.csv", index=False)
    planned = fresh.planned("screen", "--config", "screen={learn_from: known.csv}")
    assert planned["synthesize"] == planned["diversity"] == 4 * 3
    assert "student" not in planned
    assert "evaluate_student" not in planned


def test_a_cell_given_up_is_not_planned(fresh: Workplace) -> None:
    planned = fresh.planned("--config", "missing=[{teacher: careless, lang: ar, reason: out of memory}]")
    own = ("synthesize", "check_answers", "training_set", "reward", "student", "evaluate_student")
    assert {planned[rule] for rule in own} == {4 * 3 - 1}


def test_the_tagalog_recipe_has_seven_steps(fresh: Workplace) -> None:
    """Seven students a seed; what the steps share is made once."""
    (fresh.folder / "data/seed").mkdir(parents=True)
    pd.DataFrame({"prompt": ["Who?"], "response": ["He."]}).to_parquet(fresh.folder / "data/seed/en.parquet")
    for name in ("cultural-knowledge", "classical-nlp", "reading-comprehension"):
        folder = fresh.folder / f"data/filbench/{name}/tl"
        folder.mkdir(parents=True)
        (folder / "test.jsonl").write_text('{"question": "Sino?", "choices": ["Ako", "Ikaw"], "answer": 0}\n', encoding="utf-8")
    planned = fresh.planned("--configfile", "config/tagalog.yaml")
    assert (planned["hub_model"], planned["hub_dataset"], planned["hub_lock"]) == (8, 3, 11)
    filled = fresh.folder / "hub/models/gemma-3-27b-it"
    filled.mkdir(parents=True)
    (filled / "config.json").write_text("{}")
    planned = fresh.planned("--configfile", "config/tagalog.yaml")
    assert (planned["hub_model"], planned["hub_dataset"], planned["hub_lock"]) == (7, 3, 11)
    fetched = {"fetch": 1, "hub_model": 7, "hub_dataset": 3, "hub_lock": 11}
    assert fresh.planned("fetch", "--configfile", "config/tagalog.yaml") == fetched
    assert planned["student"] == 7 * 3
    assert planned["training_set"] == 6 * 3
    assert planned["evaluate_anchor"] == 2 * 2
    assert (planned["ask_endpoint"], planned["synthesize"]) == (3 * 1, 3 * (1 + 4))
    assert "nano_pretrain" not in planned


def test_seed_sources_come_from_the_hub_and_go_together_with_a_file(fresh: Workplace) -> None:
    (fresh.folder / "mine.jsonl").write_text('{"prompt": "Was?", "response": "Das."}\n')
    sources = "seed_dataset={sources: {de: [aya, oasst2], en: [gsm8k]}, files: {de: mine.jsonl}, max_per_source: 500}"
    planned = fresh.planned("results/demo/requests/de/respond/0.parquet", "--config", sources)
    assert planned == {"hub_dataset": 3, "source": 3, "seed": 2, "render_requests": 1}
    assert fresh.planned("fetch", "--config", sources) == {"fetch": 1, "hub_dataset": 3, "hub_lock": 3}
    twice = "seed_dataset={sources: {de: [wildchat], en: [wildchat-english, wildchat]}}"  # one repository
    assert fresh.planned("fetch", "--config", twice) == {"fetch": 1, "hub_dataset": 1, "hub_lock": 1}
    planned = fresh.planned("results/demo/sources/wildchat-english/en.parquet", "--config", twice)
    assert planned == {"hub_dataset": 1, "source": 1}
    done = fresh.snakemake("-n", "--config", "seed_dataset={sources: {de: [cidar]}}", check=False)
    assert "seed_dataset.sources.de: 'cidar' has no rows in 'de'" in done.stdout + done.stderr


def test_one_figure_needs_only_its_own_inputs(fresh: Workplace) -> None:
    planned = fresh.planned("results/demo/figures/synthesis_yield.pdf")
    assert "student" not in planned
    assert "diversity" not in planned
    assert planned["figure"] == 1


@pytest.mark.parametrize(
    ("arguments", "fragments"),
    [
        (["--config", "techers=[thorough]"], ["techers", "no such key", "teachers"]),
        (["--config", "teachers=[nobody]"], ["teachers", "nobody", "thorough"]),
        (["--config", "languages=[tlh]"], ["languages", "tlh", "de"]),
        (["--config", "training={examples: -1}"], ["training.examples", "-1", "greater than 0"]),
        (["--configfile", "config/demo.yaml", "config/demo.yaml"], ["one study at a time"]),
    ],
)
def test_a_broken_configuration_stops_before_any_job(fresh: Workplace, arguments: list[str], fragments: list[str]) -> None:
    done = fresh.snakemake(*arguments, check=False)
    assert done.returncode != 0
    for fragment in fragments:
        assert fragment in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert not (fresh.folder / "results").exists()


def test_a_bad_seed_file_is_named_before_any_job(fresh: Workplace) -> None:
    (fresh.folder / "mine.jsonl").write_text('{"prompt": "Was?", "response": "Das."}\n{"prompt": "", "response": "x"}\n')
    done = fresh.snakemake("results/demo/seed/de.parquet", "--config", "seed_dataset={files: {de: mine.jsonl}}", check=False)
    assert "seed_dataset.files.de: mine.jsonl: row 2: empty prompt in column 'prompt'" in done.stdout + done.stderr
    assert not (fresh.folder / "results").exists()


@pytest.mark.slow
class TestAfterTheDemo:
    """Dry runs on the finished demo."""

    def test_a_second_run_has_nothing_to_do(self, demo: Workplace) -> None:
        assert demo.planned() == {}

    def test_changing_a_figures_style_draws_only_that_figure(self, demo: Workplace) -> None:
        planned = demo.planned("--config", "figures={gain: {height: 5}}")
        assert planned == {"figure": 1, "resources": 1, "ledger": 1, "table": 2, "page": 1, "all": 1}

    def test_adding_a_teacher_plans_only_its_own_jobs(self, demo: Workplace) -> None:
        def planned_for(teachers: str) -> dict[str, int]:
            return demo.planned("--config", f"teachers={teachers}", "truth={}")

        planned = planned_for("[thorough, hasty, germanist, careless, nano-base]")
        own = {rule: count for rule, count in planned.items() if rule not in SMALL_FILES}
        each = ("synthesize", "check_answers", "training_set", "diversity", "reward", "perplexity", "student", "evaluate_student")
        assert own == dict.fromkeys(each, 3) | {"judge_student": 1}, "open answers are judged in one language"

    def test_adding_a_language_plans_only_its_own_jobs(self, demo: Workplace, tmp_path: Path) -> None:
        """A finished study in German and Indonesian, to which Arabic is added."""
        shutil.copytree(demo.folder, tmp_path / "copy", symlinks=True, copy_function=shutil.copy2)
        before = Workplace(tmp_path / "copy")
        assert set(before.planned("--config", "languages=[de, id]", "truth={}")) <= SMALL_FILES
        for path in (before.folder / "results/demo").rglob("ar*"):
            if not {"nano", "tasks", "logs", "benchmarks"} & set(path.parts):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        for end in ("scores", "tables", "figures", "analysis"):
            shutil.rmtree(before.folder / "results/demo" / end)
        planned = before.planned()
        own = {rule: count for rule, count in planned.items() if rule not in SMALL_FILES}
        expected: dict[str, Any] = dict.fromkeys(
            ("synthesize", "check_answers", "training_set", "diversity", "reward", "perplexity", "student", "evaluate_student"), 4
        )
        assert own == expected | {"seed": 1, "render_requests": 1, "evaluate_anchor": 2}

    def test_a_new_weight_re_makes_scores_and_what_shows_them_only(self, demo: Workplace) -> None:
        planned = set(demo.planned("--config", "scoring={alpha: 0.3}"))
        assert "pg_score" in planned
        assert planned <= SMALL_FILES

    def test_a_teacher_trained_otherwise_answers_anew_and_the_others_do_not(self, demo: Workplace, tmp_path: Path) -> None:
        """In a finished study, only what follows from the changed model is planned."""
        shutil.copytree(demo.folder, tmp_path / "copy", symlinks=True, copy_function=shutil.copy2)
        changed = Workplace(tmp_path / "copy")

        def train_longer(models: dict[str, Any]) -> None:
            models["hasty"]["pretraining"]["steps"] += 100

        changed.configure("models.yaml", train_longer)
        planned = changed.planned()
        assert planned["nano_pretrain"] == 1
        assert planned["synthesize"] == planned["student"] == 3

    @pytest.mark.parametrize("setting", ["synthesis={language_confidence: 0.2}", "filters={duplicates: {action: drop}}"])
    def test_a_new_threshold_or_filter_asks_no_teacher_again(self, demo: Workplace, setting: str) -> None:
        planned = demo.planned("--config", setting)
        assert planned["check_answers"] == 4 * 3
        assert "synthesize" not in planned


def test_a_folder_from_the_hub_that_is_there_is_never_fetched_again(fresh: Workplace) -> None:
    """Snakemake would empty it first: it is older than the script that fetches."""
    folder, lock = fresh.folder / "hub/models/gemma-3-4b-it", "hub/locks/models/gemma-3-4b-it.json"
    target = (lock, "--configfile", "config/paper.yaml")
    assert fresh.planned(*target) == {"hub_model": 1, "hub_lock": 1}
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    os.utime(folder, (0, 0))
    assert fresh.planned(*target) == {"hub_lock": 1}
    (folder / SOURCE).write_text(json.dumps({"repository": "google/gemma-3-4b-it", "revision": "main"}))
    assert fresh.planned(*target) == {"hub_lock": 1}
    (folder / SOURCE).write_text(json.dumps({"repository": "google/gemma-3-4b-it", "revision": "v1"}))
    done = fresh.snakemake("-n", *target, check=False)
    assert done.returncode
    assert "hub/models/gemma-3-4b-it holds revision v1, and the registry says main: remove or rename the folder" in done.stderr
