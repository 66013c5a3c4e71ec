"""Judged benchmarks: verdicts become outcomes, what cannot be read is missing and counted, and nothing is asked twice."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from polyglot.core.errors import WrongInput
from polyglot.core.files import write_jsonl
from polyglot.core.prompts import PromptTemplates
from polyglot.core.sidefile import SideFile
from polyglot.engines.base import Answer, Request
from polyglot.evaluation.open_forms import dialogue_text
from polyglot.evaluation.settings import Benchmark
from polyglot.evaluation.tasks import Task
from polyglot.intrinsic.reward import RewardModel
from polyglot.judging.judges import ChatJudge, Exchange, RewardJudge
from polyglot.judging.outcomes import VERDICTS, judged, without_holes
from tests.unit.intrinsic.test_reward import classifier

ROWS: list[dict[str, Any]] = [
    {"id": "one", "question": "Nenne eine Farbe.", "reference": "Rot.", "rubric": "Is it a colour?"},
    {"id": "two", "turns": ["Eins?", "Zwei?"], "reference": ["Ja.", "Nein, danke."]},
    {"id": "bad", "question": "unlesbar", "reference": "x"},
]
ANSWERS = {"one": "Blau ist eine Farbe.", "two": dialogue_text(["Ja doch.", "Nö."]), "bad": "y"}


class Judging:
    """A chat model that rates by length, prefers the longer answer, and garbles one item; it counts what it is asked."""

    deterministic, batch_size = True, None

    def __init__(self) -> None:
        self.asked: list[str] = []

    def chat(self, requests: list[Request]) -> list[Answer]:
        self.asked += [request.messages[-1]["content"] for request in requests]
        return [Answer(request.id, self.say(request.messages[-1]["content"]), "stop", 1, 1) for request in requests]

    def say(self, text: str) -> str:
        if "unlesbar" in text:
            return "Well."
        if text.startswith("Rate"):
            return str(min(5, 1 + len(text.split("Response: ")[1].split("\n")[0]) // 5))
        first, second = text.split("\nA: ")[1].split("\nB: ")
        return "[[A]]" if len(first) >= len(second.split("\nEnd with")[0]) else "[[B]]"


def task(folder: Path, form: str) -> Task:
    write_jsonl(ROWS, folder / form / "de/test.jsonl")
    return Task(form, "de", folder / form / "de", Benchmark(formulation=form))


def outcomes(*forms: str) -> pd.DataFrame:
    rows = [
        {
            **{"benchmark": form, "lang": "de", "example_id": name, "category": "all", "subset": "all", "stratum": form},
            **{"weight": 1 / 3, "correct": np.nan, "answer": answer, "chance": 0.0},
        }
        for form in forms
        for name, answer in ANSWERS.items()
    ]
    right = {**rows[0], "benchmark": "mgsm", "example_id": "0", "weight": 1.0, "correct": 1.0}
    return pd.DataFrame([right, *rows])


def chat_judge(repository: Path, folder: Path, engine: Any) -> ChatJudge:
    templates = PromptTemplates(repository / "config/prompts/nano")
    return ChatJudge(engine, templates, "German", SideFile(folder / "side.jsonl", "owner"), batch_size=2)


def test_ratings_and_win_rates_become_outcomes(repository: Path, tmp_path: Path) -> None:
    engine = Judging()
    tasks = [task(tmp_path, form) for form in ("rated", "compared")]
    found, verdicts = judged(outcomes("rated", "compared"), tasks, chat_judge(repository, tmp_path, engine))
    assert tuple(verdicts.columns) == VERDICTS
    said = verdicts.set_index(["benchmark", "example_id", "turn"])
    assert said["value"].dropna().to_dict() == {
        ("rated", "one", 1): 1.0,  # 20 characters: 5
        ("rated", "two", 1): 0.25,
        ("rated", "two", 2): 0.0,
        ("compared", "one", 1): 1.0,
        ("compared", "two", 1): 1.0,
        ("compared", "two", 2): 0.0,  # both dialogues as wholes
    }
    assert said["problem"].dropna().to_dict() == {("rated", "bad", 1): "no rating", ("compared", "bad", 1): "no verdict"}
    scores = (found["weight"] * found["correct"]).groupby(found["benchmark"]).sum()
    assert scores.to_dict() == pytest.approx({"mgsm": 1.0, "rated": (1 + 0.125) / 2, "compared": (1 + 0.5) / 2})
    last = verdicts[(verdicts["benchmark"] == "compared") & (verdicts["turn"] == 2)]
    assert last[["length", "reference_length"]].to_numpy().tolist() == [[3, 12]]
    assert len(engine.asked) == 4 + 2 * 4


def test_what_a_judge_sees(repository: Path, tmp_path: Path) -> None:
    engine = Judging()
    judged(outcomes("rated", "compared"), [task(tmp_path, "rated")], chat_judge(repository, tmp_path, engine))
    first = next(text for text in engine.asked if "Nenne" in text)
    assert "Rubric: Is it a colour?\nPrompt: Nenne eine Farbe.\nResponse: Blau ist eine Farbe.\nReference answer: Rot." in first
    second = next(text for text in engine.asked if "Zwei?" in text)
    assert "User: Eins?\n\nAssistant: Ja doch.\n\nUser: Zwei?" in second
    assert "Rubric" not in second
    engine = Judging()
    (tmp_path / "side.jsonl").unlink()
    judged(outcomes("compared"), [task(tmp_path, "compared")], chat_judge(repository, tmp_path, engine))
    pair = [text for text in engine.asked if "[Turn 2] Zwei?" in text]
    assert any("A: [Turn 1] Ja doch.\n\n[Turn 2] Nö.\nB: [Turn 1] Ja.\n\n[Turn 2] Nein, danke." in text for text in pair)
    assert any("A: [Turn 1] Ja.\n\n[Turn 2] Nein, danke.\nB: [Turn 1] Ja doch.\n\n[Turn 2] Nö." in text for text in pair)


def test_a_judge_that_is_cut_off_is_asked_only_what_is_missing(repository: Path, tmp_path: Path) -> None:
    class Fails(Judging):
        def chat(self, requests: list[Request]) -> list[Answer]:
            if len(self.asked) >= 2:
                raise ConnectionError
            return super().chat(requests)

    tasks, first = [task(tmp_path, "rated")], Fails()
    with pytest.raises(ConnectionError):
        judged(outcomes("rated"), tasks, chat_judge(repository, tmp_path, first))
    second = Judging()
    judged(outcomes("rated"), tasks, chat_judge(repository, tmp_path, second))
    assert len(first.asked) + len(second.asked) == 4
    assert not set(first.asked) & set(second.asked)


def test_a_judge_that_can_never_be_read_is_an_error(repository: Path, tmp_path: Path) -> None:
    class Silent(Judging):
        def say(self, text: str) -> str:
            return "Well."

    with pytest.raises(WrongInput, match=r"benchmark 'rated': the judge gave no verdict on any of 3 items \(no rating: 4\)"):
        judged(outcomes("rated"), [task(tmp_path, "rated")], chat_judge(repository, tmp_path, Silent()))


def test_a_missing_student_has_no_verdicts(repository: Path, tmp_path: Path) -> None:
    none = outcomes("rated").head(0)
    found, verdicts = judged(none, [task(tmp_path, "rated")], chat_judge(repository, tmp_path, Judging()))
    assert (len(found), len(verdicts)) == (0, 0)
    assert tuple(verdicts.columns) == VERDICTS


def test_a_reward_model_rates_and_compares(tmp_path: Path, nano_model: Path, repository: Path) -> None:
    """The higher score wins, each answer after its own dialogue; the same answer is a tie; what is too long has a problem."""
    model = RewardModel(classifier(nano_model, tmp_path / "classifier", repository, padding=True), batch_size=2, scale=(-9, 9))
    judge = RewardJudge(lambda: model)
    exchanges = [
        Exchange(("Wer?",), ("Ein Hund.",), ("Eine Katze.",)),
        Exchange(("Wer?",), ("Niemand.",), ("Niemand.",)),
        Exchange(("Wer?",), ("Niemand. " * 200,), ("Eine Katze.",)),
        Exchange(("Wer?", "Und?"), ("Ein Hund.", "Wau."), ("Eine Katze.", "Miau.")),
    ]
    first = {"role": "user", "content": "Wer?"}
    dialogues = [[first, {"role": "assistant", "content": name}] for name in ("Ein Hund.", "Eine Katze.")]
    ours, theirs, our_second, their_second = model.score(
        ["Wer?", "Wer?", "Und?", "Und?"], ["Ein Hund.", "Eine Katze.", "Wau.", "Miau."], before=[[], [], *dialogues]
    )
    compared, rated = judge.compare(exchanges), judge.rate(exchanges)
    assert compared["value"].dropna().tolist() == [float(ours > theirs), 0.5, float(our_second > their_second)]
    assert compared["problem"].dropna().to_dict() == rated["problem"].dropna().to_dict() == {2: "too long"}
    assert rated["value"].iloc[[0, 3]].tolist() == pytest.approx([(9 + ours) / 18, (9 + our_second) / 18], rel=1e-4)


def test_holes_change_neither_score_nor_standard_error() -> None:
    rng = np.random.default_rng(0)
    values = rng.random(200)
    values[rng.random(200) < 0.3] = np.nan
    read = values[np.isfinite(values)]
    filled = without_holes(values, np.full(200, 1 / 200), ["all"] * 200)
    assert filled.mean() == pytest.approx(read.mean())
    assert filled.std() / np.sqrt(200) == pytest.approx(read.std() / np.sqrt(len(read)))
    assert without_holes(read, np.ones(len(read)), ["all"] * len(read)).tolist() == read.tolist()


def test_a_stratum_without_verdicts_takes_the_mean_of_the_others() -> None:
    found = without_holes(np.array([1.0, 0.0, np.nan]), np.array([0.5, 0.25, 0.25]), ["a", "a", "b"])
    assert found.tolist() == pytest.approx([1.0, 0.0, 2 / 3])


def test_a_judges_job_imports_no_torch_before_its_engine(repository: Path) -> None:
    """vllm forks, and CUDA must be untouched when it does."""
    modules = "polyglot.judging.outcomes, polyglot.evaluation.settings, polyglot.evaluation.tasks"
    told = f"import sys, {modules}; print(sorted({{'torch', 'transformers', 'lighteval'}} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", told], cwd=repository / "scripts", capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
