"""Routing: rewards within a prompt, pairs, assignments, measures of a routing, and the names of routed teachers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from polyglot.routing.assignment import assignments, at_random, car_scores, constant_scores, gather, highest, oracle_scores
from polyglot.routing.calibration import answered, calibrate, same_prompts
from polyglot.routing.comparison import Routings, compare
from polyglot.routing.hit_rates import by_chance, by_ranking, with_intervals
from polyglot.routing.rewards import best, learnability, reward_matrix, rewards, wins
from polyglot.routing.teachers import by_strength, parse_routed
from polyglot.synthesis.draws import Draw

TEACHERS = ["a", "b", "c"]


def answers(rows: list[tuple[str, str, bool, float, float]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["request_id", "teacher", "usable", "quality", "learnability"])


FOUR = answers(
    [
        ("p", "a", True, 5.0, -3.0),
        ("p", "b", True, 3.0, -1.0),
        ("p", "c", True, 1.0, -2.0),
        ("q", "a", True, 2.0, -1.0),
        ("q", "b", True, 2.0, -1.0),
        ("q", "c", False, np.nan, np.nan),
    ]
)


def order(alpha: float, prompt: str = "p") -> list[str]:
    found = rewards(FOUR, alpha).query("request_id == @prompt").sort_values("reward", ascending=False)
    return list(found["teacher"])


def test_alpha_0_ranks_by_quality_alone_and_1_by_learnability_alone() -> None:
    assert order(0.0) == ["a", "b", "c"]
    assert order(1.0) == ["b", "c", "a"]
    assert rewards(FOUR, 0.4).loc[:2, "reward"].tolist() == pytest.approx([0.6, 0.3 + 0.4, 0.2])


@given(
    values=hnp.arrays(float, (6, 2), elements=st.floats(-50, 50)),
    alpha=st.floats(0, 1),
    scale=st.floats(0.1, 10),
    shift=st.floats(-5, 5),
)
def test_rewards_lie_between_0_and_1_and_know_no_unit(values: Any, alpha: float, scale: float, shift: float) -> None:
    values = values.round(3)
    frame = answers([("p", f"t{place}", True, *row) for place, row in enumerate(values)])
    found = rewards(frame, alpha)["reward"]
    assert found.between(-1e-12, 1 + 1e-12).all()
    other = rewards(frame.assign(quality=frame["quality"] * scale + shift), alpha)["reward"]
    assert np.allclose(found, other, atol=1e-6)


def test_learnability_is_the_mean_log_likelihood_of_a_token() -> None:
    assert learnability(pd.Series([6.0, 1.0]), pd.Series([3, 2])).tolist() == [-2.0, -0.5]


def test_a_tie_makes_no_pair_a_failure_loses_to_every_answer_and_an_unrated_answer_makes_none() -> None:
    reward, usable = reward_matrix(rewards(FOUR, 0.4), ["p", "q"], TEACHERS)
    won = wins(reward, usable)
    assert won[1].tolist() == [[0, 0, 1], [0, 0, 1], [0, 0, 0]]  # a and b tie; c failed
    assert won[0].sum() == 3
    assert best(reward, usable).tolist() == [[False, True, False], [True, True, False]]
    unrated = rewards(FOUR.assign(quality=FOUR["quality"].where(FOUR["teacher"] != "b")), 0.4)
    reward, usable = reward_matrix(unrated, ["p", "q"], TEACHERS)
    assert np.isnan(reward[:, 1]).all()
    won = wins(reward, usable)
    assert won[:, 1].sum() == won[:, :, 1].sum() == 0
    assert not best(reward, usable)[:, 1].any()


@given(reward=hnp.arrays(float, (5, 4), elements=st.one_of(st.just(np.nan), st.floats(0, 1))), usable=hnp.arrays(bool, (5, 4)))
def test_of_two_answers_at_most_one_wins(reward: Any, usable: Any) -> None:
    reward = np.where(usable, reward, 0.0)
    won = wins(reward, usable)
    assert ((won + won.transpose(0, 2, 1)) <= 1).all()
    assert (won.sum(axis=(1, 2)) <= 6).all()
    top = best(reward, usable)
    assert not (won.sum(axis=1)[top] > 0).any(), "nobody beats a best teacher"
    assert not top[~usable].any()


def test_a_prompt_that_all_teachers_fail_has_no_best_one_and_no_pair() -> None:
    frame = answers([("p", name, False, np.nan, np.nan) for name in TEACHERS])
    reward, usable = reward_matrix(rewards(frame, 0.4), ["p"], TEACHERS)
    assert not wins(reward, usable).any()
    assert not best(reward, usable).any()
    assert highest(oracle_scores(reward, usable), TEACHERS) == ["a"]


def requests(count: int = 40, lang: str = "de") -> pd.DataFrame:
    rows = [
        {
            "request_id": f"{lang}{place:03}",
            "lang": lang,
            "method": "respond",
            "seed": 0,
            "sources": [f"{lang}{place}"],
            "messages": [{"role": "system", "content": lang}, {"role": "user", "content": f"question {place}"}],
        }
        for place in range(count)
    ]
    return pd.DataFrame(rows)


def calibration(count: int = 60) -> pd.DataFrame:
    """Teacher a is best for even prompts, b for odd ones; c fails every fifth."""
    asked = requests(count)
    status = [{"teacher": name, "status": "empty" if name == "c" and place % 5 == 0 else "ok"} for place in range(count)
              for name in TEACHERS]  # fmt: skip
    rows = asked.loc[np.repeat(np.arange(count), 3), ["request_id", "lang", "method", "seed"]].reset_index(drop=True)
    written = pd.concat([rows, pd.DataFrame(status)], axis=1)
    good = written[written["status"] == "ok"]
    even = good["request_id"].str[-1].astype(int) % 2 == 0
    level = {"a": np.where(even, 5.0, 3.0), "b": np.where(even, 2.0, 4.0), "c": np.full(len(good), 1.0)}
    quality = good.assign(reward=np.select([good["teacher"] == name for name in level], list(level.values())))
    judged = quality.rename(columns={"request_id": "id"})[["id", "teacher", "reward"]]
    read = judged[["id", "teacher"]].assign(nll=10.0, tokens=5)
    return calibrate(answered([written], [judged], [read]), asked, alpha=0.4, held_out=0.25, seed=0)


def test_calibration_holds_out_prompts_by_their_text() -> None:
    found = calibration()
    assert len(found) == 180
    assert set(found["learnability"].dropna()) == {-2.0}
    assert (found.groupby("prompt")["fold"].nunique() == 1).all()
    sizes = found.drop_duplicates("request_id")["fold"].value_counts()
    assert 5 <= sizes["stop"] + sizes["judge"] <= 25
    assert (found.loc[~found["usable"], "reward"] == 0).all()
    twin = requests(60).assign(request_id=lambda frame: "twin-" + frame["request_id"])
    both = calibrate(
        pd.concat([found[["request_id", "teacher", "lang", "method", "seed", "usable", "quality", "learnability"]]] * 1),
        pd.concat([requests(60), twin]),
        alpha=0.4,
        held_out=0.25,
        seed=0,
    )
    assert both["fold"].tolist() == found["fold"].tolist()


def test_requests_made_from_one_prompt_share_a_fold() -> None:
    text = ["Übersetze: one", "Terjemahkan: one", "Übersetze: two", "Terjemahkan: one", "like these: ...", "like those: ..."]
    keys = same_prompts(text, [["1"], ["1"], ["2"], ["3"], ["1", "2"], ["1", "2"]])
    assert keys[0] == keys[1] == keys[3]
    assert len(set(keys)) == 4


def test_every_strategy_chooses_as_it_says() -> None:
    found = calibration()
    assert highest(car_scores(found, TEACHERS)[None], TEACHERS) == ["a"]
    assert highest(constant_scores(["b", "a"], TEACHERS)[None], TEACHERS) == ["b"]
    reward, usable = reward_matrix(found, ["de000", "de001"], TEACHERS)
    assert highest(oracle_scores(reward, usable), TEACHERS) == ["a", "b"]
    assert oracle_scores(np.array([[np.nan, 0.0, 0.5]]), np.array([[True, False, True]])).tolist() == [[1.0, 0.0, 1.5]]
    ids = [f"request {place}" for place in range(3000)]
    drawn = at_random(ids, TEACHERS, seed=1)
    assert drawn[:50] == at_random(ids[:50], TEACHERS, seed=1)
    assert all(900 < drawn.count(name) < 1100 for name in TEACHERS)
    assert drawn != at_random(ids, TEACHERS, seed=2)


def test_equal_scores_go_to_the_first_teacher_and_a_row_without_any_is_an_error() -> None:
    assert highest(np.array([[0.5, 0.5, 0.1], [np.nan, 0.2, 0.2]]), TEACHERS) == ["a", "b"]
    with pytest.raises(ValueError, match="row 1: no teacher has a score"):
        highest(np.array([[0.5, 0.5], [np.nan, np.nan]]), ["a", "b"])


def test_gathered_answers_are_those_of_each_prompts_own_teacher() -> None:
    asked = requests(6)
    chosen = ["a", "b", "a", "c", "b", "a"]
    assigned = assignments(asked, chosen)
    pairs = list(zip(asked["request_id"], chosen, strict=True))
    written = {
        name: pd.DataFrame([{"id": one, "text": f"{name} on {one}"} for one, own in pairs if own == name]) for name in TEACHERS
    }
    found = gather(asked, assigned, written | {"d": pd.DataFrame(columns=["id", "text"])})
    assert found["id"].tolist() == asked["request_id"].tolist()
    assert found["text"].tolist() == [f"{name} on {one}" for one, name in pairs]
    with pytest.raises(ValueError, match="de003: no answer of 'c'"):
        gather(asked, assigned, {name: written[name] for name in "ab"})


def test_hits_and_regret_by_hand() -> None:
    reward = np.array([[1.0, 0.2, 0.0, 0.5], [0.3, 0.3, np.nan, 0.1]])
    usable = np.ones_like(reward, dtype=bool)
    top = best(reward, usable)
    found = by_ranking(np.array([[0, 3, 2, 1.0], [9, 1, 2, 3]]), reward, top)
    assert found["hit_1"].tolist() == [0.0, 1.0]
    assert found["hit_3"].tolist() == [0.0, 1.0]
    assert found["regret"].tolist() == pytest.approx([0.8, 0.0])
    chance = by_chance(reward, top)
    assert chance["hit_1"].tolist() == [0.25, 0.5]
    assert chance["hit_3"].tolist() == [0.75, 1.0]
    assert chance["regret"].tolist() == pytest.approx([1 - 1.7 / 4, 0.3 - (0.7 + 0.7 / 3) / 4])
    perfect = by_ranking(oracle_scores(reward, usable), reward, top)
    assert perfect["regret"].max() == 0


def test_intervals_of_measures_hold_the_measures() -> None:
    rng = np.random.default_rng(0)
    reward = rng.random((200, 4))
    top = best(reward, np.ones_like(reward, dtype=bool))
    found = with_intervals(by_ranking(rng.random((200, 4)), reward, top), replicates=300, confidence=0.95, seed=0)
    assert found["prompts"] == 200
    for name in ("hit_1", "hit_3", "regret"):
        assert found[f"{name}_low"] < found[name] < found[f"{name}_high"]
    assert found["hit_1_high"] - found["hit_1_low"] == pytest.approx(2 * 1.96 * np.sqrt(0.25 * 0.75 / 200), rel=0.25)


def test_generations_and_shares_are_counted() -> None:
    found = calibration()
    asked = pd.concat([requests(lang="de"), requests(lang="id")], ignore_index=True)
    german = (asked["lang"] == "de").tolist()
    assigned: dict[tuple[str, ...], pd.DataFrame] = {
        ("persyn", lang, "0"): assignments(asked[asked["lang"] == lang], ["b" if lang == "de" else "a"] * 40)
        for lang in ("de", "id")
    }
    assigned |= {("oracle", lang, "0"): frame for (_, lang, _), frame in assigned.items()}
    scores = pd.DataFrame({"request_id": found["request_id"].unique(), "a": 1.0, "b": 0.0, "c": -1.0})
    facts = [{"name": name, "strategy": name, "base": "base", "strength": TEACHERS} for name in ("persyn", "oracle")]
    routings = Routings(
        routed=facts,
        single=["a", "b"],
        teachers=TEACHERS,
        calibrations={"base": found},
        scores={"base": scores},
        assigned=assigned,
    )
    tables = compare(routings, replicates=100, confidence=0.95, seed=0)
    assert sum(german) == 40
    cost = tables["generations"].set_index("teacher")["total"].to_dict()
    assert cost == {"persyn": 180 + 80, "oracle": 3 * 80, "a": 80, "b": 80}
    share = tables["shares"].query("routed == 'persyn'").set_index(["lang", "teacher"])["share"]
    assert share["", "a"] == share["", "b"] == 0.5
    assert share["de", "b"] == share["id", "a"] == 1.0
    quality = tables["quality"].set_index("routed")[["hit_1", "regret"]].astype(float)
    assert quality.at["oracle", "hit_1"] == 1
    assert quality.at["oracle", "regret"] == 0
    assert quality["hit_1"].between(0.2, 0.8)["persyn"]


def test_names_of_routed_teachers() -> None:
    routed = parse_routed("persyn-for-nano-german", "nano-base")
    assert routed is not None
    assert (routed.strategy, routed.base, routed.asks) == ("persyn", "nano-german", True)
    mix = parse_routed("mix", "nano-base")
    assert mix is not None
    assert mix.base is None
    family = parse_routed("family-strong", "nano-base")
    assert family is not None
    assert (family.base, family.asks) == ("nano-base", False)
    for name in ("thorough", "mix-for-nano-german", "persynx", "strong-hold"):
        assert parse_routed(name, "nano-base") is None


def test_strength_is_by_size_unless_it_is_given() -> None:
    sizes = {"a": 1.0, "b": None, "c": 7.0}
    assert by_strength(TEACHERS, sizes, None) == ["c", "a", "b"]
    assert by_strength(TEACHERS, sizes, ["b", "x", "a"]) == ["b", "a", "c"]
    assert by_strength(TEACHERS, sizes, ["b"]) == ["b", "c", "a"]


def test_calibration_prompts_are_a_draw_of_their_own() -> None:
    assert Draw.parse("3-calibration") == Draw(3, sample="calibration")
    assert str(Draw.parse("3-calibration")) == "3-calibration"
