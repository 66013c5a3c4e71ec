"""Open answers, translations and texts to read: what their rows say, and what counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from polyglot.core.files import write_jsonl
from polyglot.evaluation.formulations import FORMULATIONS
from polyglot.evaluation.items import BenchmarkError, benchmark_questions, read_items
from polyglot.evaluation.lighteval_outcomes import reading_outcomes
from polyglot.evaluation.open_forms import Compared, Open, Passage, Translation, answers_of
from polyglot.evaluation.prompts import Prompts
from polyglot.evaluation.run import card_line, evaluate
from polyglot.evaluation.settings import Benchmark
from polyglot.evaluation.tasks import Task

ROWS: dict[str, list[dict[str, Any]]] = {
    "rated": [{"question": "Wer bist du?", "id": "a"}, {"turns": ["Zähle bis drei.", "Und weiter?"], "id": "b"}],
    "compared": [
        {"instruction": "Nenne eine Farbe.", "output": "Rot."},
        {"turns": ["Eins?", "Zwei?", "Drei?"], "reference": ["a", "b", "c"]},
    ],
    "chrf": [{"question": "Übersetze: red", "reference": "rot"}, {"question": "Übersetze: blue", "reference": ["blau", "Blau"]}],
    "perplexity": [{"text": "Die Katze schläft auf dem Dach."}, {"text": "Es regnet. " * 120}, {"text": "Ja."}],
}


def task(form: str, folder: Path) -> Task:
    write_jsonl(ROWS[form], folder / form / "de/test.jsonl")
    return Task(form, "de", folder / form / "de", Benchmark(formulation=form, max_new_tokens=6))


def test_all_forms_are_asked_in_one_start(tmp_path: Path, nano_model: Path) -> None:
    """What is judged later has no outcome yet, and the answers to all turns of an item are kept."""
    tasks = [task(form, tmp_path) for form in ROWS]
    found = evaluate(nano_model, tasks, batch_tokens=512)
    assert found["benchmark"].value_counts().to_dict() == {form: len(rows) for form, rows in ROWS.items()}
    assert set(found.loc[found["correct"].isna(), "benchmark"]) == {"rated", "compared"}
    rated = found[found["benchmark"] == "rated"].set_index("example_id")
    dialogue = Open("b", "all", "all", ("Zähle bis drei.", "Und weiter?"))
    assert len(answers_of(dialogue, str(rated.loc["b", "answer"]))) == 2
    three = found[(found["benchmark"] == "compared") & (found["example_id"] == "1")]["answer"].astype(str).iloc[0]
    assert len(answers_of(Compared("1", "all", "all", ("Eins?", "Zwei?", "Drei?"), ("a", "b", "c")), three)) == 3
    assert "compared (de, compared) is judged later (n = 2)" in card_line(tasks, found)
    plain = evaluate(nano_model, tasks, batch_tokens=512, plain=True)
    read = found["benchmark"] == "perplexity"
    pd.testing.assert_frame_equal(found[read], plain[read])  # texts are read without a chat template
    assert list(found["answer"]) != list(plain["answer"])


def test_a_later_turn_follows_the_models_own_answer(tmp_path: Path, nano_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from polyglot.evaluation.lighteval_model import EvaluatedModel

    asked: list[list[str]] = []
    own = EvaluatedModel.greedy_until

    def seen(self: Any, docs: list[Any]) -> Any:
        asked.append([self.tokenizer.decode(self.prompts.request(doc)) for doc in docs])
        return own(self, docs)

    monkeypatch.setattr(EvaluatedModel, "greedy_until", seen)
    found = evaluate(nano_model, [task("rated", tmp_path)], batch_tokens=512).set_index("example_id")
    first, second = answers_of(Open("b", "all", "all", ("", "")), str(found.loc["b", "answer"]))
    dialogue = asked[1][0]
    assert [len(docs) for docs in asked] == [2, 1]
    places = [dialogue.index(text) for text in ("Zähle bis drei.", first.strip(), "Und weiter?")]
    assert places == sorted(places)
    assert isinstance(second, str)


def test_the_score_of_native_texts_is_one_over_the_perplexity_of_a_byte(tmp_path: Path, nano_model: Path) -> None:
    """Compared with transformers' own loss, token by token; a long text in pieces of the model's context."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    found = evaluate(nano_model, [task("perplexity", tmp_path)], batch_tokens=256)
    model, tokenizer = (kind.from_pretrained(nano_model) for kind in (AutoModelForCausalLM, AutoTokenizer))
    limit, total = model.config.max_position_embeddings, 0.0
    start = Prompts(tokenizer, chat=False).begin[-1:] or [tokenizer.eos_token_id]
    for row in ROWS["perplexity"]:
        ids = [*start, *tokenizer(row["text"], add_special_tokens=False)["input_ids"]]
        for at in range(0, len(ids) - 1, limit - 1):
            piece = torch.tensor([ids[at : at + limit]])
            with torch.no_grad():
                total -= float(model(input_ids=piece, labels=piece).loss) * (piece.shape[1] - 1)
    sizes = sum(len(row["text"].encode()) for row in ROWS["perplexity"])
    score = float(found["weight"].to_numpy(float) @ found["correct"].to_numpy(float))
    assert score == pytest.approx(np.exp(total / sizes), rel=1e-5)
    assert set(found["chance"]) == {1 / 256}


def test_intervals_of_native_texts_are_those_of_resampled_texts() -> None:
    rng = np.random.default_rng(0)
    sizes = rng.integers(50, 500, 200).astype(float)
    logs = -sizes * rng.normal(0.7, 0.15, 200)
    parts = reading_outcomes(logs, sizes)
    assert parts.mean() == pytest.approx(np.exp(logs.sum() / sizes.sum()))
    drawn = rng.integers(0, 200, (4000, 200))
    spread = np.exp(logs[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)).std()
    assert parts.std() / np.sqrt(200) == pytest.approx(spread, rel=0.05)


def test_translations_are_scored_by_sacrebleus_chrf() -> None:
    from sacrebleu import CHRF

    written = ["das rote Haus", "ein blauer Hund", "nichts"]
    items = [Translation(str(n), "all", "all", ("?",), (text,)) for n, text in enumerate(["das rote Haus", "ein Hund", "alles"])]
    whole = FORMULATIONS["chrf"].whole
    assert whole is not None
    score = CHRF(word_order=2).corpus_score(written, [[item.references[0] for item in items]]).score
    assert whole(written, items).mean() == pytest.approx(score / 100)


@pytest.mark.parametrize(
    ("form", "row", "said"),
    [
        ("rated", {"reference": "x"}, "no question, nor turns"),
        ("compared", {"question": "x"}, "reference has 0 texts for 1 turn"),
        ("compared", {"turns": ["x", "y"], "reference": ["x"]}, "reference has 1 texts for 2 turn"),
        ("rated", {"turns": ["x", "y"], "reference": ["x"]}, "reference has 1 texts for 2 turns"),
        ("rated", {"turns": ["x", " "]}, r"no turns\[1\]"),
        ("chrf", {"turns": ["x", "y"], "reference": ["x", "y"]}, "turns has 2 texts; this form takes one `question`"),
        ("chrf", {"question": "x", "reference": []}, "no reference"),
        ("perplexity", {"question": "x"}, "no text"),
        ("perplexity", {"text": " "}, "no text"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, form: str, row: dict[str, Any], said: str) -> None:
    write_jsonl([row], tmp_path / "test.jsonl")
    with pytest.raises(BenchmarkError, match=rf"benchmark 'mine': .*test.jsonl: row 1: {said}"):
        read_items("mine", tmp_path / "test.jsonl", FORMULATIONS[form].takes)


@pytest.mark.parametrize(
    "item",
    [
        Open("a", "c", "s", ("x", "y"), (), "Is it kind?"),
        Compared("a", "c", "s", ("x",), ("y",)),
        Translation("a", "c", "s", ("x",), ("y", "z")),
        Passage("a", "c", "s", "x"),
    ],
)
def test_an_item_survives_its_file(item: Open | Passage, tmp_path: Path) -> None:
    write_jsonl([item.to_row()], tmp_path / "test.jsonl")
    assert read_items("mine", tmp_path / "test.jsonl", (type(item),)) == [item]


def test_what_is_asked_or_read_is_kept_out_of_training_data(tmp_path: Path) -> None:
    for form in ROWS:
        task(form, tmp_path)
    found = benchmark_questions(tmp_path / form / "de" for form in ROWS)
    assert found["compared"] == ["Nenne eine Farbe.", "Eins?", "Zwei?", "Drei?"]
    assert found["perplexity"] == [row["text"] for row in ROWS["perplexity"]]
