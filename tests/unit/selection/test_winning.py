"""Win rates, coverage, prompts to answer, and data of one's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from polyglot.core.prompts import PromptTemplates
from polyglot.core.rows import write_rows
from polyglot.core.sidefile import SideFile
from polyglot.displays.context import Context
from polyglot.displays.tables.selection import win_rates
from polyglot.engines.base import Answer, Request
from polyglot.judging.pairs import both_orders, duels_by_judge, duels_by_reward, parse_verdict
from polyglot.selection.comparison import coverage_table, win_rate_table, win_rates_by_level
from polyglot.selection.coverage import coverage
from polyglot.selection.duels import unseen_prompts, win_rate
from polyglot.selection.own import chosen_from, read_samples, selected_rows, summary
from tests.simulated import values


def test_verdicts_are_read() -> None:
    told = {"fine. [[A]]": 1, "so [[B]]": -1, "[[C]]": 0, "[[A]] or rather [[A]]": 1}
    assert {text: parse_verdict(text) for text in told} == told
    for text in ("", "A", "[[D]]", "[[A]] no, [[B]]"):
        assert np.isnan(parse_verdict(text))


def test_both_orders_of_a_duel() -> None:
    forward = [1, -1, 1, -1, 1, 0, 0, np.nan, 1]
    backward = [-1, 1, 1, -1, 0, -1, 0, 1, np.nan]
    assert both_orders(forward, backward).tolist()[:7] == [1, -1, 0, 0, 1, 1, 0]
    assert np.isnan(both_orders(forward, backward)[7:]).all()


class LikesLong:
    """A judge that prefers the longer answer; of equally long ones always the first; it garbles one prompt."""

    deterministic, batch_size = True, None

    def chat(self, requests: list[Request]) -> list[Answer]:
        return [Answer(request.id, self.say(request.messages[-1]["content"]), "stop", 1, 1) for request in requests]

    def say(self, text: str) -> str:
        if "garbled" in text:
            return "no verdict"
        first = text.split("A: ")[1].split("\n")[0]
        second = text.split("B: ")[1].split("\n")[0]
        return "[[A]]" if len(first) >= len(second) else "[[B]]"


def test_a_judge_is_asked_in_both_orders_and_contradicting_itself_is_a_tie(repository: Path, tmp_path: Path) -> None:
    found = duels_by_judge(
        LikesLong(),
        PromptTemplates(repository / "config/prompts/nano"),
        "German",
        ["one", "two", "three", "garbled"],
        ["longer", "x", "same", "x"],
        ["long", "longer", "also", "y"],
        SideFile(tmp_path / "side.jsonl", "owner"),
        batch_size=3,
    )
    assert found["outcome"].tolist()[:3] == [1, -1, 0]
    assert np.isnan(found["outcome"].iloc[3])
    assert found["forward"].tolist() == ["[[A]]", "[[B]]", "[[A]]", "no verdict"]


def test_duels_by_reward_and_win_rates() -> None:
    assert duels_by_reward([1, 2, 3], [2, 1, 3.1], [False, False, True]).tolist() == [-1, 1, 0]
    few: dict[str, Any] = {"replicates": 200, "confidence": 0.95, "seed": 0}
    found = win_rate([1, 1, 0, -1, np.nan], list("abcde"), **few)
    assert found["win_rate"] == 0.625
    assert (found["wins"], found["ties"], found["losses"], found["unread"]) == (2, 1, 1, 1)
    assert found["win_rate_low"] < 0.625 < found["win_rate_high"]
    assert np.isnan(win_rate([np.nan], ["a"], **few)["win_rate"])
    single, seeds = (win_rate([1, -1] * 20 * times, [str(n) for n in range(40)] * times, **few) for times in (1, 4))
    assert seeds["wins"] == 4 * single["wins"]
    for end in ("win_rate", "win_rate_low", "win_rate_high"):  # more seeds of the same prompts do not make it surer
        assert seeds[end] == pytest.approx(single[end])
    duel = pd.DataFrame({"outcome": [1.0, -1.0, 0.0], "id": list("abc"), "trained": [True, False, False]})
    cells: dict[tuple[str, ...], pd.DataFrame] = {("b", "mdaq", "t", lang, "0"): duel for lang in ("de", "id")}
    table = win_rate_table(cells, replicates=100, confidence=0.95, seed=0)
    assert table["lang"].tolist() == ["", "de", "id"]
    assert table["ties"].tolist() == [2, 1, 1]
    assert table["trained"].tolist() == [2, 1, 1]
    assert win_rate_table({}, replicates=100, confidence=0.95, seed=0).empty


def test_win_rates_by_resource_level_pool_the_duels_of_its_languages() -> None:
    drawn: dict[str, Any] = {"replicates": 100, "confidence": 0.95, "seed": 0}
    won = {"de": [1.0] * 8, "ar": [0.0] * 8, "id": [1.0, -1.0] * 4, "xx": [-1.0] * 8}
    duels: dict[tuple[str, ...], pd.DataFrame] = {
        ("b", "mdaq", "t", lang, "0"): pd.DataFrame({"outcome": outcomes, "id": list("abcdefgh"), "trained": False})
        for lang, outcomes in won.items()
    }
    levels: dict[str, int | None] = {"de": 5, "ar": 5, "id": 3, "xx": None}
    found = win_rates_by_level(duels, levels, **drawn)
    assert found["resource_level"].tolist() == [5, 3]
    assert found["langs"].tolist() == ["de ar", "id"]
    assert found["win_rate"].tolist() == [0.75, 0.5]
    assert found[["wins", "ties", "losses"]].to_numpy().tolist() == [[8, 8, 0], [4, 0, 4]]
    assert win_rates_by_level(duels, {}, **drawn).empty
    assert win_rates_by_level({}, levels, **drawn).empty
    context = Context.of(values(["t"], ["b"], ["mdaq"], 1, "signsafe"))
    rates = win_rate_table(duels, **drawn)
    shown = win_rates(context, rates, found)
    assert shown.shown["language"].tolist() == ["German", "Arabic", "Indonesian", "xx"]
    assert shown.shown["win rate"].tolist()[:2] == ["**1.00 [1.00, 1.00]**", "0.50 [0.50, 0.50]"]
    assert shown.more[0].shown["languages"].tolist() == ["German, Arabic", "Indonesian"]
    assert "whose level is not known" in shown.markdown()
    assert not win_rates(context, rates, win_rates_by_level(duels, {}, **drawn)).more


def test_coverage_counts_clusters_of_the_whole_set() -> None:
    whole = pd.DataFrame({"id": list("abcdef"), "cluster": [0, 0, 1, 1, 2, 3], "quality": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]})
    found = coverage(pd.DataFrame({"id": ["a", "b", "f"]}), whole)
    assert (found["covered"], found["clusters"], found["coverage"], found["examples"]) == (2, 4, 0.5, 3)
    assert found["quality"] == pytest.approx(0.3)
    table = coverage_table(
        [("base", "mdaq", "t", "de", "0")],
        [pd.DataFrame({"id": ["a", "f"]})],
        [whole[["id", "quality"]]],
        [pd.concat([whole[["id", "cluster"]].assign(lang="de"), pd.DataFrame({"id": ["a"], "cluster": [9], "lang": ["id"]})])],
    )
    assert table.loc[0, "coverage"] == 0.5


def test_students_are_asked_what_none_was_trained_on() -> None:
    seeds = pd.DataFrame({"id": [f"{n:02}" for n in range(10)], "prompt": [f"p{n}" for n in range(9)] + ["p0"]})
    trained = {f"p{n}" for n in range(6)}
    found = unseen_prompts(seeds, trained, count=3, seed=0)
    assert not found["trained"].any()
    more = unseen_prompts(seeds, trained, count=7, seed=0)
    assert more["trained"].tolist() == [False] * 3 + [True] * 4
    assert more["prompt"].is_unique


def test_samples_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    rows = [{"prompt": "a", "response": "b"}, {"prompt": "a", "response": "b"}, {"prompt": "a", "response": ""}, {"prompt": "c"}]
    path.write_text("\n".join(json.dumps(row) for row in rows))
    found = read_samples(path)
    assert found.data[["prompt", "response"]].to_numpy().tolist() == [["a", "b"]]
    assert (found.without_text, found.duplicates) == (2, 1)
    path.write_text("\n".join(json.dumps(row | {"id": 7, "response": name}) for name, row in zip("bcde", rows, strict=True)))
    with pytest.raises(ValueError, match="row 2: duplicate id '7'"):
        read_samples(path)
    path.write_text(json.dumps({"prompt": "", "response": "b"}))
    with pytest.raises(ValueError, match="no row has a prompt and a response"):
        read_samples(path)
    path.write_text(json.dumps({"prompt": "a", "response": "b", "quality": 1}))
    with pytest.raises(ValueError, match="the column 'quality' is written by the selection"):
        read_samples(path)


def test_what_is_selected_keeps_the_layout_of_the_file_and_says_what_was_left_out(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    turns = [[{"role": "user", "content": f"p{n % 4}"}, {"role": "assistant", "content": "r" if n else ""}] for n in range(6)]
    path.write_text("\n".join(json.dumps({"messages": one, "n": n}) for n, one in enumerate(turns)))
    samples = read_samples(path)
    data = samples.data.assign(quality=[0.1, 0.9, 0.5, 0.2])
    taken = chosen_from(data, rule="quality-only", size=2, ratio=6, seed=0)
    write_rows(selected_rows(samples, taken), tmp_path / "out.jsonl")
    kept = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert kept == [{"messages": turns[2], "n": 2, "quality": 0.9}, {"messages": turns[3], "n": 3, "quality": 0.5}]
    told = "\n".join(summary(samples, data, taken, rule="quality-only", to=tmp_path / "out.jsonl"))
    for line in (
        "2 of 4 samples by `quality-only`",
        "6 rows, read as messages",
        "prompt or response: 1",
        "and response: 1",
        "0.700",
    ):
        assert line in told
    write_rows(selected_rows(samples, taken).assign(mixed=[1, "x"]), tmp_path / "mixed.jsonl")
    with pytest.raises(ValueError, match=r"the column 'mixed' fits in no Parquet file .*drop it"):
        write_rows(selected_rows(samples, taken).assign(mixed=[1, "x"]), tmp_path / "mixed.parquet")


def test_a_rule_that_measures_nothing_chooses_without_measurements(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("Instruction;Output\n" + "".join(f"p{n};r{n}\n" for n in range(9)))
    taken = chosen_from(read_samples(path).data, rule="random", size=4, ratio=6, seed=0)
    assert len(taken) == 4
    assert set(taken.columns) == {"id", "prompt", "response"}
