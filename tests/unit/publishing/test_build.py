"""The folder to publish: its card says what was chosen and why, and its sets open one by one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from polyglot.publishing.build import Built, build_card, lay_out, scores
from polyglot.publishing.choice import Alternative, Choice, as_json
from polyglot.publishing.facts import TRAIN, build_facts
from polyglot.workflow.loading import load_study

WORKFLOW = {"title": "polyglot-score", "license": "Apache-2.0"}
PAIRS = pd.DataFrame({"id": ["a", "b"], "method": ["respond"] * 2, "prompt": ["Was?", "Wer?"], "response": ["Das.", "Ich."]})
TRIED = Alternative("methods", "gemma-3-27b-it", "respond-10k", "equal-10k", 0.01, -0.02, 0.04, 3, "not shown to be better")


def choice(lang: str, **changed: Any) -> Choice:
    numbers = {"pg": 1.0, "pg_low": 0.5, "pg_high": 1.5, "p_first": 0.9, "teachers_measured": 10.0, "rivals": "command-a"}
    given = {"teacher": "gemma-3-27b-it", "recipe": "equal-3", "size": 3, "clear": False, "why": "It leads."}
    given |= {"source": "students of the study", "verdict": "tentative", "numbers": numbers, "alternatives": [TRIED]}
    return Choice(lang=lang, **{**given, **changed})  # type: ignore[arg-type]


def comparison() -> pd.DataFrame:
    row = {"lang": "de", "benchmark": "mean", "recipe": "", "teacher": "", "students": 1, "items": 650}
    built = row | {"model": "build", "score": 0.6, "ahead": 0.0, "ahead_low": 0.0, "ahead_high": 0.0}
    student = {"model": "student", "recipe": "equal", "teacher": "command-a", "score": 0.5}
    return pd.DataFrame([built, row | student | {"ahead": 0.1, "ahead_low": 0.05, "ahead_high": 0.15}])


def card(repository: Path, *choices: Choice, compared: bool = True, study_file: str = "paper-revised") -> str:
    study, registries = load_study(repository / f"config/{study_file}.yaml", repository)
    langs = [one.lang for one in choices]
    built = Built(
        choice=as_json(choices, definition="signsafe", confidence=0.95),
        sets=dict.fromkeys(langs, PAIRS),
        plan=pd.DataFrame({"lang": langs, "requests": 1234}),
        comparison=comparison() if compared else None,
    )
    facts = build_facts(study, registries, langs)
    return build_card(built, facts=facts, template=repository / "report/build_card.md.jinja", workflow=WORKFLOW)


def test_a_card_has_a_configuration_and_the_reasons_of_every_language(repository: Path) -> None:
    text = card(repository, choice("de"), choice("id", teacher="command-a", clear=True, why="It is clear."))
    head = yaml.safe_load(text.split("---\n")[1])
    assert [one["config_name"] for one in head["configs"]] == ["de", "id"]
    assert head["configs"][0]["data_files"][0]["path"] == f"data/de/{TRAIN}"
    assert {"gemma", "cc-by-nc-4.0"} <= set(head["license"])
    assert "This choice is not clear." in text
    assert "The choice is clear." in text
    assert "PG-Score (signsafe) +1.00 [+0.50, +1.50]; P(first) 0.90 of 10 teachers." in text
    assert "Close behind: command-a." in text
    assert "| respond-10k of gemma-3-27b-it | equal-10k | methods | +0.010 [-0.020, +0.040] | not shown to be better |" in text
    assert "| 2 | 1,234 requests |" in text
    assert "German has fewer examples than the 3 that were wanted" in text
    assert "excludes commercial use" in text


def test_a_card_says_that_a_choice_was_set_by_hand(repository: Path) -> None:
    assert "This choice was set by hand." in card(repository, choice("de", overruled={"teacher": "command-a"}))


def test_a_card_says_whose_answers_a_routed_set_has(repository: Path) -> None:
    text = card(repository, choice("de", teacher="persyn"), study_file="demo")
    assert "persyn is several models (Thorough, Hasty, Germanist, Careless): each prompt was answered by the teacher" in text
    assert "several models" not in card(repository, choice("de"))


def test_a_card_says_why_a_router_was_taken_and_what_its_students_gain(repository: Path) -> None:
    better = Alternative("routing", "persyn", "equal", "equal of hasty", 0.05, 0.01, 0.09, 2, "", 0.01, -0.05, 0.06)
    given = {"teacher": "persyn", "recipe": "equal-3", "alternatives": [better, TRIED]}
    text = card(repository, choice("de", **given), study_file="demo")
    assert "Of what was chosen, equal of persyn: gain of its students over the base +0.010 [-0.050, +0.060]." in text
    assert "| equal of persyn | equal of hasty | routing | +0.050 [+0.010, +0.090] | better |" in text
    assert "Brackets: 95% intervals over items and students, widened for 2 comparisons." in text
    other = {"teacher": "hasty", "recipe": "equal-3", "alternatives": [better]}  # as where it is set
    assert "Of what was chosen" not in card(repository, choice("de", **other), study_file="demo")


def test_scores_stand_beside_each_other_where_there_are_students(repository: Path) -> None:
    text = card(repository, choice("de"))
    assert "| de | this build's student | 0.600 |  | 650 |" in text
    assert "| 0.500 | +0.100 [+0.050, +0.150] | 650 |" in text
    assert scores(comparison(), {"command-a": "Command A"})[1]["model"] == "student of Command A, equal"
    without = card(repository, choice("de"), compared=False)
    assert "students/LANGUAGE" not in without
    assert "The student beside others" not in without


def test_the_folder_holds_sets_students_and_numbers(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    for name in ("set.parquet", "card.md", "choice.json", "model/model.safetensors", "model/.snakemake_timestamp"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    at = {name: str(tmp_path / name) for name in ("set.parquet", "card.md", "choice.json", "model")}
    pair = {"de": (at["model"], at["card.md"])}
    lay_out(tmp_path / "out", data={"de": (at["set.parquet"], at["card.md"])}, students=pair, numbers=[at["choice.json"]])
    found = sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert found == [
        "data/de/README.md",
        f"data/de/{TRAIN}",
        "numbers/choice.json",
        "students/de/README.md",
        "students/de/model.safetensors",
    ]
    assert (tmp_path / "out/students/de/model.safetensors").stat().st_nlink == 2
