"""The blocks of a draw: every request is in one of them, and a small set asks for no more than it needs."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyglot.core.prompts import PromptTemplates
from polyglot.core.sidefile import SideFile
from polyglot.nano.datasets import seed_dataset
from polyglot.nano.world import World
from polyglot.study.configuration import Study
from polyglot.study.races import doubtful, too_many
from polyglot.study.sizes import draws_of, requests_in, wants
from polyglot.synthesis.attempts import take_from_other_blocks
from polyglot.synthesis.blocks import Blocks
from polyglot.synthesis.draws import Draw
from polyglot.synthesis.further import Want
from polyglot.synthesis.methods.base import default_methods
from polyglot.synthesis.recipes import SPARE, blocks_needed, parse_recipe
from polyglot.synthesis.requests import draw_requests
from polyglot.workflow.inputs.experiments import ExperimentInputs
from polyglot.workflow.inputs.training_sets import TrainingSetInputs
from polyglot.workflow.loading import load_study

MIX = tuple(default_methods())


@st.composite
def cut(draw: st.DrawFn) -> Blocks:
    """Blocks of any size, with or without one of its own at the start."""
    requests = draw(st.integers(2, 5000))
    return Blocks(requests, draw(st.none() | st.integers(1, requests - 1)))


@given(blocks=cut(), many=st.integers(1, 12))
def test_blocks_are_the_requests_one_after_another(blocks: Blocks, many: int) -> None:
    sizes = [blocks.size(block) for block in range(many)]
    assert all(size > 0 for size in sizes)
    assert [blocks.end(block) for block in range(-1, many)] == [sum(sizes[:block]) for block in range(many + 1)]
    assert set(sizes) <= {blocks.requests, blocks.first, blocks.requests - (blocks.first or 0)}
    assert blocks.requests in [blocks.end(block) for block in range(2)]  # the cut is within the first of them


@given(blocks=cut(), requests=st.integers(1, 60_000))
def test_as_many_blocks_are_asked_as_hold_what_is_needed_and_no_more(blocks: Blocks, requests: int) -> None:
    held = blocks.holding(requests)
    assert blocks.end(held - 2) < requests <= blocks.end(held - 1) or held == 1
    assert blocks.end(held - 1) >= requests


@given(examples=st.integers(1, 20_000), more=st.integers(1, 20_000))
def test_a_small_set_asks_for_exactly_what_it_needs(examples: int, more: int) -> None:
    """And what is asked in all is the same as without a block of its own."""
    recipe = parse_recipe(f"equal-{examples}")
    needed = math.ceil(examples / len(MIX) * SPARE - 1e-9)
    blocks, whole = Blocks(needed + more, needed), Blocks(needed + more)
    assert blocks_needed(recipe, blocks) == 1
    assert blocks.size(0) == needed
    assert blocks.end(blocks_needed(parse_recipe("equal"), blocks) - 1) == whole.end(0)


@pytest.fixture(scope="module")
def templates(repository: Path) -> PromptTemplates:
    return PromptTemplates(repository / "config/prompts/nano")


@pytest.fixture(scope="module")
def rows(world: World) -> pd.DataFrame:
    return seed_dataset(world, "de", limit=30, seed=0)


@pytest.mark.parametrize("further", [False, True])
@pytest.mark.parametrize("method", ["generate", "respond"])
@pytest.mark.parametrize("first", [1, 7, 19])
def test_cut_requests_are_those_of_one_block_none_lost_or_doubled(
    templates: PromptTemplates, rows: pd.DataFrame, first: int, method: str, further: bool
) -> None:
    def drawn(block: int, requests: int | list[int]) -> pd.DataFrame:
        named = Draw(0, block, further=further)
        return draw_requests(named, method, "de", "German", rows, templates, requests=requests, shots=2)

    blocks = Blocks(20, first)
    sizes = [blocks.size(block) for block in range(3)]
    parts = [drawn(block, sizes[: block + 1]) for block in range(3)]
    assert [len(part) for part in parts] == sizes
    whole = pd.concat([drawn(0, 20), drawn(1, 20)], ignore_index=True)
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), whole)


@pytest.fixture(scope="module")
def paper(repository: Path) -> Study:
    """The published study as a race that starts with sets of 3,000."""
    found = load_study(repository / "config/paper.yaml", repository)[0]
    race = {"race": {"compare": "race", "trainings": 3}}
    return Study.model_validate(found.model_dump() | {"run": ["race"], "experiments": race, "race": {"small": "equal-3k"}})


def cut_at(study: Study, first: int | None, **changed: object) -> Study:
    synthesis = study.synthesis.model_dump() | {"first": first} | changed
    return Study.model_validate(study.model_dump() | {"synthesis": synthesis})


def test_a_race_of_the_published_study_asks_1050_requests_first_and_the_others_only_where_they_are_needed(paper: Study) -> None:
    study = cut_at(paper, 1050)
    small, full = (draws_of(recipe, 0, study) for recipe in ("equal-3k", "equal"))
    assert [requests_in(draw, study) for draw in small] == [1050]
    assert [requests_in(draw, study) for draw in full] == [1050, 2450]
    assert [requests_in(draw, paper) for draw in draws_of("equal-3k", 0, paper)] == [3500]
    assert doubtful(study) == []


def test_a_warning_names_the_size_of_the_first_block(paper: Study) -> None:
    (told,) = doubtful(paper)
    assert told == (
        "experiments.race: equal-3k needs 1,050 requests of a method, and everyone is asked 3,500; `synthesis.first: 1050` asks "
        "for no more"
    )
    assert "`synthesis.first: 1050`" in too_many(cut_at(paper, 900))  # two blocks, which are all
    assert "`synthesis.requests: 1050`" in too_many(cut_at(paper, None, requests=700))
    assert too_many(cut_at(paper, None, requests=350)) == ""


def test_what_is_lacking_is_asked_for_where_it_is_lacking(paper: Study) -> None:
    """Of each block, what its share of the full set is; of the first, at least what the small set needs."""
    study = cut_at(paper, 1050, further=0.5)
    draws = [Draw(0, block) for block in range(3)]
    assert [wants(study, "command-a", "de", draw) for draw in draws] == [[Want(MIX, 3000)], [Want(MIX, 7000)], []]
    assert [requests_in(Draw(0, block, further=True), study) for block in range(2)] == [525, 1225]
    spare = cut_at(paper, 1050, further=0.5, requests=4200)
    assert [wants(spare, "command-a", "de", draw) for draw in draws[:2]] == [[Want(MIX, 3000)], [Want(MIX, 7500)]]


def test_where_it_is_not_set_files_and_their_settings_are_as_they_were(paper: Study, repository: Path) -> None:
    """Snakemake asks for answers again, where the settings of a job differ from those that it had."""
    registries = load_study(repository / "config/paper.yaml", repository)[1]
    sets, cut_sets = (TrainingSetInputs(one, registries) for one in (paper, cut_at(paper, 1050)))
    assert [sets.requests({"seed": name}) for name in ("0", "1-block2", "0-screen", "0-further")] == [3500, 3500, 100, 0]
    three = [1050, [1050, 2450], [1050, 2450, 3500]]
    assert [cut_sets.requests({"seed": name}) for name in ("0", "1-block2", "2-block3")] == three
    named = {"recipe": "equal", "teacher": "command-a", "lang": "de", "seed": "0"}
    assert [Path(file).stem for file in sets.files(named)] == ["0"] * 3
    assert [Path(file).stem for file in cut_sets.files(named)] == ["0", "0-block2"] * 3
    assert [Path(file).stem for file in cut_sets.files(named | {"recipe": "equal-3k"})] == ["0"] * 3
    of_main = {Path(file).stem for file in ExperimentInputs(cut_at(paper, 1050), registries).main_answers()}
    assert of_main == {"0", "1", "2", "0-block2", "1-block2", "2-block2"}


def test_a_first_block_is_smaller_than_all_requests(paper: Study) -> None:
    with pytest.raises(ValueError, match="first: 3,500 requests are no part of the 3,500 of `requests`; lower it, or leave"):
        cut_at(paper, 3500)


def test_answers_are_found_where_blocks_were_cut_elsewhere(tmp_path: Path) -> None:
    """Of the same seed and the same model; a further attempt at a request comes with it."""

    def side(name: str, owner: str = "model") -> SideFile:
        return SideFile(tmp_path / f"unfinished/answers/t/de/{name}.jsonl", owner)

    def told(name: str, *ids: str, owner: str = "model") -> None:
        side(name, owner).append([{"id": one, "text": name} for one in ids])
        side(name, owner).finish()

    told("0", "a", "b", "c", "c~1")
    told("0", "d", owner="another")
    told("1", "d")
    told("0-screen", "d")
    told("0-block2", "b")
    take_from_other_blocks(pd.DataFrame({"request_id": ["b", "c", "d"]}), side("0-block2"))
    assert {row["id"]: row["text"] for row in side("0-block2").rows()} == {"b": "0-block2", "c": "0", "c~1": "0"}
    take_from_other_blocks(pd.DataFrame({"request_id": ["d"]}), side("0-block3"))
    assert side("0-block3").read() == []
