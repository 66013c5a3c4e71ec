"""Contamination in other words: what counts is set, or measured on harmless prompts; earlier decisions stay."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyglot.core.errors import WrongInput
from polyglot.synthesis.filters.base import Examples, Neighbour
from polyglot.synthesis.filters.chain import filtered, neighbours_of
from polyglot.synthesis.filters.semantic_contamination import SemanticSettings, limit
from polyglot.synthesis.filters.settings import by_meaning, checked, in_use

from .test_filters import answers

NAME = "semantic_contamination"
COSINES = st.floats(-1, 1, allow_nan=False, width=32)


def near(*similarities: float) -> Examples:
    """What is known of answers with such similarities to a question."""
    found = {f"generate{number}": Neighbour(one, "sums", "de", "Wie viele Schafe?") for number, one in enumerate(similarities)}
    return Examples(pd.DataFrame(), "en", nearest=found, usual=[*np.linspace(0, 0.5, 99), 0.7])


@given(usual=st.lists(COSINES, min_size=1, max_size=300), share=st.sampled_from([0.005, 0.01, 0.05, 0.5]))
def test_no_more_harmless_prompts_are_called_leaks_than_the_study_allows(usual: list[float], share: float) -> None:
    least = limit(usual, SemanticSettings(false_alarms=share))
    alarms = sum(one >= least for one in usual)
    assert alarms <= share * len(usual)
    if len(set(usual)) == len(usual):  # and no fewer than needed, but for one
        assert alarms >= share * len(usual) - 2


def test_a_limit_that_is_set_counts_and_without_questions_there_is_none() -> None:
    assert limit([0.1, 0.9], SemanticSettings(similarity=0.4)) == 0.4
    assert limit([], SemanticSettings()) == limit([float("nan")], SemanticSettings()) == float("inf")


def test_near_prompts_are_left_out_and_said_with_question_language_and_score() -> None:
    given = [answers(("One", "two"), ("Many <pad>", "three"), ("How many sheep are there?", "Nine."))]
    (out,) = filtered(given, in_use(checked({NAME: None})), near(0.3, 0.99, 0.75))
    assert list(out["status"]) == ["ok", "control_token", "benchmark_neighbour"]
    said = "its prompt has a similarity of 0.750 (the limit is 0.700) to a question of sums in de: Wie viele Schafe?"
    assert out["problem"].to_list()[2] == said
    assert [one["filter"] for one in out["decisions"][2]] == ["control_tokens", "contamination", "duplicates", "personal", NAME]
    assert out["decisions"][2][-1] == {"filter": NAME, "score": 0.75, "decision": "drop", "problem": said}
    assert out["decisions"][0][-1] == {"filter": NAME, "score": 0.3, "decision": "keep", "problem": None}


def test_it_has_its_place_in_the_chain_and_an_expression_reads_its_score() -> None:
    chain = in_use(checked({NAME: {"action": "mark", "similarity": 0.7}, "expression": {"keep": f"score_{NAME} < 0.9"}}))
    (out,) = filtered([answers(("One", "two"), ("Three", "four"), ("Five", "six"))], chain, near(0.1, 0.8, 0.95))
    assert list(out["status"]) == ["ok", "ok", "expression"]
    assert [decisions[-2]["decision"] for decisions in out["decisions"]] == ["keep", "mark", "mark"]


def test_it_is_off_unless_a_study_names_it() -> None:
    assert not by_meaning(checked({}))
    assert not by_meaning(checked({NAME: {"action": "skip"}}))
    assert by_meaning(checked({NAME: None}))


def test_without_questions_every_example_stays_and_an_unmeasured_one_is_named() -> None:
    nearest = neighbours_of(
        [pd.DataFrame({"id": ["generate0"], "similarity": np.nan, "benchmark": "", "lang": "", "question": ""})]
    )
    chain = in_use(checked({NAME: None}))
    (out,) = filtered([answers(("One", "two"))], chain, Examples(pd.DataFrame(), "en", nearest=nearest))
    assert list(out["status"]) == ["ok"]
    with pytest.raises(WrongInput, match="the nearest question of example generate0 is not known"):
        filtered([answers(("One", "two"))], chain, Examples(pd.DataFrame(), "en"))
