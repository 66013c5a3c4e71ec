"""Whole conversations from seed files and sources to labels; a study that reads first turns has what it always had."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from polyglot.core.conversations import HISTORY, turns_in
from polyglot.core.prompts import PromptTemplates
from polyglot.core.rows import FileError
from polyglot.engines.base import Answer
from polyglot.models.tokenization import load_tokenizer
from polyglot.registry import load_registries
from polyglot.seeds.seed_files import read_seed_file
from polyglot.seeds.settings import SeedDataset
from polyglot.seeds.sources import NO_CONVERSATION, TAKEN, collect
from polyglot.seeds.threads import reader
from polyglot.synthesis.answers import read_answers
from polyglot.synthesis.draws import Draw
from polyglot.synthesis.filters.base import Examples
from polyglot.synthesis.filters.chain import filtered
from polyglot.synthesis.methods.base import METHODS
from polyglot.synthesis.mixing import COLUMNS, mix, people_wrote
from polyglot.synthesis.requests import build_requests, usable_rows
from polyglot.training.examples import IGNORED, Loss, encode
from polyglot.workflow.inputs.seeds import SeedInputs
from polyglot.workflow.loading import load_study

SINGLE = [{"role": "user", "content": "Was ist ein Baum?"}, {"role": "assistant", "content": "Eine Pflanze."}]
LONG = [
    {"role": "system", "content": "Sei knapp."},
    {"role": "user", "content": "Was ist 2+2?"},
    {"role": "assistant", "content": "Vier."},
    {"role": "user", "content": "Und mal 3?"},
    {"role": "assistant", "content": "Zwölf."},
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "seeds.jsonl"
    path.write_text("".join(json.dumps({"messages": turns}) + "\n" for turns in (SINGLE, LONG)), encoding="utf-8")
    return path


@pytest.fixture
def seeds(file: Path) -> pd.DataFrame:
    return read_seed_file(file, "de", {"de"}, "all")


@pytest.fixture
def templates(repository: Path) -> PromptTemplates:
    return PromptTemplates(repository / "config/prompts/nano")


def test_all_turns_are_read_where_a_study_asks_for_them(file: Path, seeds: pd.DataFrame) -> None:
    first = read_seed_file(file, "de", {"de"})
    assert first[["prompt", "response"]].to_numpy().tolist() == [
        ["Was ist ein Baum?", "Eine Pflanze."],
        ["Was ist 2+2?", "Vier."],
    ]
    assert HISTORY not in first
    assert seeds[["prompt", "response"]].to_numpy().tolist() == [["Was ist ein Baum?", "Eine Pflanze."], ["Und mal 3?", "Zwölf."]]
    assert [turns_in(text) for text in seeds[HISTORY]] == [[], LONG[:3]]
    assert seeds["id"][0] == first["id"][0], "a prompt without earlier turns keeps its id"


def test_a_dialogue_out_of_order_is_named_with_its_row(tmp_path: Path) -> None:
    path = tmp_path / "seeds.jsonl"
    path.write_text("".join(json.dumps({"messages": turns}) + "\n" for turns in (SINGLE, [*SINGLE, *LONG])))
    with pytest.raises(FileError, match=r"row 2: turn 3 is of 'system' where one of 'user' has to be in column 'messages'"):
        read_seed_file(path, "de", {"de"}, "all")
    assert len(read_seed_file(path, "de", {"de"})) == 1, "the first turns are the same"


def test_a_table_of_prompts_may_have_a_column_with_the_turns_before(tmp_path: Path, seeds: pd.DataFrame) -> None:
    path = tmp_path / "seeds.parquet"
    seeds.to_parquet(path)  # as jobs write it
    pd.testing.assert_frame_equal(read_seed_file(path, "de", {"de"}, "all"), seeds)
    rows = [{"prompt": "Und mal 3?", "history": LONG[1:3]}, {"prompt": "Hallo?"}]
    (tmp_path / "lists.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = read_seed_file(tmp_path / "lists.jsonl", "de", {"de"}, "all")
    assert [turns_in(text) for text in found[HISTORY]] == [LONG[1:3], []]
    (tmp_path / "bad.jsonl").write_text(json.dumps({"prompt": "a", "history": LONG[1:2]}))
    with pytest.raises(FileError, match=r"row 1: turn 2 is of 'user' where one of 'assistant' has to be in column 'history'"):
        read_seed_file(tmp_path / "bad.jsonl", "de", {"de"}, "all")


def test_respond_continues_a_conversation_and_other_methods_leave_it_out(seeds: pd.DataFrame, templates: PromptTemplates) -> None:
    found = build_requests(Draw(0), "respond", "de", "German", seeds, templates, count=2, shots=1).sort_values("prompt")
    single, whole = found.iloc[1], found.iloc[0]
    assert whole["messages"] == [
        {"role": "system", "content": "Write in German.\n\nSei knapp."},
        *LONG[1:4],
    ]
    assert (whole[HISTORY], whole["prompt"]) == (seeds[HISTORY][1], "Und mal 3?")
    assert [turn["role"] for turn in single["messages"]] == ["system", "user"]
    for method in METHODS:
        kept = usable_rows(seeds, method, longest=None, shots=1)["prompt"].tolist()
        assert kept == ["Was ist ein Baum?", *(["Und mal 3?"] if method == "respond" else [])], method
    assert len(usable_rows(seeds, "respond", longest=20, shots=1)) == 1, "all turns count as shown"
    rows = usable_rows(seeds[1:], "generate", longest=None, shots=1)
    with pytest.raises(ValueError, match=r"generate in 'de' needs 1 seed rows.*continue no conversation \(seed_dataset.turns"):
        build_requests(Draw(0), "generate", "de", "German", rows, templates, count=1, shots=1)


def test_requests_for_prompts_without_earlier_turns_are_those_of_a_study_without_them(
    file: Path, seeds: pd.DataFrame, templates: PromptTemplates
) -> None:
    first, whole = (
        build_requests(Draw(0), "respond", "de", "German", rows[:1], templates, count=1, shots=1)
        for rows in (read_seed_file(file, "de", {"de"}), seeds)
    )
    pd.testing.assert_frame_equal(first, whole.drop(columns=HISTORY))
    assert HISTORY not in first


def answered(asked: pd.DataFrame) -> pd.DataFrame:
    texts = {"Und mal 3?": "Das sind zwölf.", "Was ist ein Baum?": "Eine große Pflanze."}
    rows = zip(map(str, asked["request_id"]), map(str, asked["prompt"]), strict=True)
    answers = {name: Answer(name, texts[prompt], "stop", 9, 9) for name, prompt in rows}
    return read_answers(asked, answers, teacher="t", languages=["de"], language_confidence=0)


def test_filters_look_at_all_turns(seeds: pd.DataFrame, templates: PromptTemplates) -> None:
    asked = build_requests(Draw(0), "respond", "de", "German", seeds, templates, count=2, shots=1)
    leak = Examples(pd.DataFrame(), "de", questions={"b": ["Was ist 2+2?"]})
    (found,) = filtered([answered(asked)], [("contamination", {}), ("control_tokens", {})], leak)
    assert dict(zip(found["prompt"], found["status"], strict=True)) == {"Und mal 3?": "benchmark_item", "Was ist ein Baum?": "ok"}
    spelled = asked.assign(history=[text.replace("knapp", "<|im_start|>") for text in asked[HISTORY]])
    (found,) = filtered([answered(spelled)], [("control_tokens", {})], Examples(pd.DataFrame(), "de"))
    assert sorted(found["status"]) == ["control_token", "ok"]
    twins = pd.concat([asked, asked.assign(request_id="x" + asked["request_id"], history="")])
    (found,) = filtered([answered(twins)], [("duplicates", {})], Examples(pd.DataFrame(), "de"))
    assert found["status"].tolist().count("duplicate") == 1, "the same words after other turns are another example"


def test_a_training_set_has_the_turns_and_other_parts_have_none(seeds: pd.DataFrame, templates: PromptTemplates) -> None:
    asked = build_requests(Draw(0), "respond", "de", "German", seeds, templates, count=2, shots=1)
    respond = answered(asked)
    other = respond.drop(columns=HISTORY).assign(method="generate", request_id=["g1", "g2"])
    mixed = mix({"respond": [respond], "generate": [other], "public": [people_wrote(seeds)]}, examples=6, seed=0)
    assert list(mixed.columns) == [*COLUMNS, HISTORY]
    turns = mixed.set_index(["method", "prompt"])[HISTORY].map(turns_in)
    assert turns["respond", "Und mal 3?"] == turns["public", "Und mal 3?"] == LONG[:3]
    assert turns["generate", "Und mal 3?"] == turns["respond", "Was ist ein Baum?"] == []
    assert list(mix({"generate": [other]}, examples=2, seed=0).columns) == list(COLUMNS)


@pytest.mark.parametrize(
    ("loss", "kept"), [("response", ["Zwölf."]), ("responses", ["Vier.", "Zwölf."])], ids=["response", "responses"]
)
def test_the_loss_is_on_the_last_response_or_on_all(nano_model: Path, seeds: pd.DataFrame, loss: Loss, kept: list[str]) -> None:
    tokenizer = load_tokenizer(nano_model)
    single, whole = encode(tokenizer, seeds, loss=loss, max_length=4096)
    end = tokenizer.eos_token
    read = tokenizer.decode([token for token in whole["labels"] if token != IGNORED])
    assert read.replace(" ", "") == "".join(f"{text}{end}" for text in kept).replace(" ", "")
    shown = tokenizer.decode(whole["input_ids"])
    assert shown.index("Sei knapp.") < shown.index("Was ist 2+2?") < shown.index("Vier.") < shown.index("Und mal 3?")
    assert single == encode(tokenizer, seeds[:1].drop(columns=HISTORY), loss="response", max_length=4096)[0]


def test_earlier_turns_that_spell_control_tokens_do_not_move_the_labels(nano_model: Path, seeds: pd.DataFrame) -> None:
    tokenizer = load_tokenizer(nano_model)
    spelled = seeds[1:].assign(history=seeds[HISTORY][1].replace("Vier.", 20 * tokenizer.eos_token + "Vier."))
    (plain,), (found,) = (encode(tokenizer, rows, loss="response", max_length=4096) for rows in (seeds[1:], spelled))
    assert [token for token in found["labels"] if token != IGNORED] == [token for token in plain["labels"] if token != IGNORED]


def test_an_example_whose_last_response_is_cut_off_is_left_out(nano_model: Path, seeds: pd.DataFrame) -> None:
    tokenizer = load_tokenizer(nano_model)
    _, whole = encode(tokenizer, seeds, loss="responses", max_length=4096)
    first_response = next(place for place, label in enumerate(whole["labels"]) if label != IGNORED)
    assert len(encode(tokenizer, seeds, loss="responses", max_length=first_response + 2)) == 1


def turns(*contents: Any) -> list[dict[str, Any]]:
    return [{"role": ("user", "assistant")[place % 2], "content": content} for place, content in enumerate(contents)]


def test_a_source_with_lists_of_turns_gives_whole_conversations(repository: Path) -> None:
    source = load_registries(repository / "config").sources["wildchat"]
    rows = [
        {"language": "German", "conversation": turns("Was ist 2+2?", "Vier.", "Und mal 3?", "Zwölf.")},
        {"language": "German", "conversation": turns("Was ist 2+2?", "Vier.", "Und mal 3?", "Zwölf.")},
        {"language": "German", "conversation": turns("Hallo?", "Ja.")},
        {"language": "German", "conversation": turns("Hallo?", None, "Du?", "Ja.")},
        {"language": "German", "conversation": turns("x" * 20000, "Ja.", "Du?", "Ja.")},
        {"language": "French", "conversation": turns("Quoi ?", "Rien.")},
    ]
    found, counts = collect("wildchat", source, rows, "de", most=None, seed=0, conversations=reader(source, lambda: rows))
    whole = found.set_index("prompt")
    assert turns_in(whole.loc["Und mal 3?", HISTORY]) == LONG[1:3]
    assert (whole.loc["Und mal 3?", "response"], whole.loc["Hallo?", HISTORY]) == ("Zwölf.", "")
    assert dict(zip(counts["outcome"], counts["rows"], strict=True)) == {
        **{"duplicate": 1, "history too long": 1, "other language": 1},
        **{NO_CONVERSATION: 1, TAKEN: 2},
    }
    first, _ = collect("wildchat", source, rows, "de", most=None, seed=0)
    assert HISTORY not in first
    assert dict(zip(found["prompt"], found["id"], strict=True))["Hallo?"] in set(first["id"])


def test_a_source_with_a_turn_a_row_gives_each_prompt_with_the_turns_before(repository: Path) -> None:
    source = load_registries(repository / "config").sources["oasst2"]
    tree = [
        ("3", "2", "prompter", "Und mal 3?"),  # children may stand before their parents
        ("1", None, "prompter", "Was ist 2+2?"),
        ("2", "1", "assistant", "Vier."),
        ("4", "gone", "prompter", "Wie das?"),
    ]
    rows = [{"message_id": a, "parent_id": b, "role": c, "text": d, "lang": "de"} for a, b, c, d in tree]
    found, counts = collect("oasst2", source, rows, "de", most=None, seed=0, conversations=reader(source, lambda: rows))
    assert {prompt: turns_in(text) for prompt, text in zip(found["prompt"], found[HISTORY], strict=True)} == {
        "Was ist 2+2?": [],
        "Und mal 3?": LONG[1:3],
    }
    assert counts.set_index("outcome")["rows"].to_dict() == {"role not kept": 1, NO_CONVERSATION: 1, TAKEN: 2}


def test_jobs_of_a_study_that_reads_first_turns_have_the_settings_that_they_had(repository: Path) -> None:
    """So Snakemake does not run them again, and no teacher is asked again."""
    assert SeedDataset().reading == {}
    assert SeedDataset(turns="all").reading == {"turns": "all"}
    study, registries = load_study(repository / "config/paper.yaml", repository)
    first = SeedInputs(study, registries).source({"source": "wildchat"})
    assert not {"turns", "thread"} & set(first)
    whole = study.model_copy(update={"seed_dataset": study.seed_dataset.model_copy(update={"turns": "all"})})
    assert SeedInputs(whole, registries).source({"source": "wildchat"}) == first | {"turns": "conversation", "thread": None}
