"""The experiment matrix: what expands to what, and what is shared."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyglot.core.cells import Cell
from polyglot.displays import catalogue as displays
from polyglot.study.experiments import Defaults, Experiment, Matrix, Step, expand
from polyglot.study.reserved import MAIN
from polyglot.synthesis.blocks import Blocks
from polyglot.synthesis.recipes import PEOPLE, blocks_needed, parse_recipe
from polyglot.workflow.loading import load_study

DEFAULTS = Defaults(
    base="b",
    recipe="equal",
    teachers=["t1", "t2"],
    languages=["de", "id"],
    seeds=[0, 1],
    trainings=1,
    methods=["generate", "translate", "respond"],
    translator="nllb",
)


def matrix(experiment: Experiment) -> Matrix:
    return expand("x", experiment, DEFAULTS)


@pytest.mark.parametrize(
    ("name", "parts", "examples"),
    [
        ("equal", ("generate", "translate", "respond"), None),
        ("equal-25k", ("generate", "translate", "respond"), 25_000),
        ("translate-500", ("translate",), 500),
        ("nllb-respond", ("nllb-respond",), None),
        ("nllb-both-10k", ("nllb-both",), 10_000),
        ("translate+respond-300", ("translate", "respond"), 300),
        ("public", ("public",), None),
    ],
)
def test_recipes_are_read_from_their_names(name: str, parts: tuple[str, ...], examples: int | None) -> None:
    recipe = parse_recipe(name)
    assert (recipe.parts, recipe.examples) == (parts, examples)


@pytest.mark.parametrize("name", ["equals", "equal-0", "translate+translate", "nllb", "", "respond-", "-5", "generate+"])
def test_what_is_no_recipe_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no recipe"):
        parse_recipe(name)


def test_a_recipe_needs_its_methods() -> None:
    with pytest.raises(ValueError, match="needs the method generate"):
        parse_recipe("generate-5", ["respond"])


@given(examples=st.integers(1, 100_000), requests=st.integers(1, 5000))
def test_enough_blocks_are_asked_for_a_size(examples: int, requests: int) -> None:
    recipe = parse_recipe(f"equal-{examples}")
    blocks = blocks_needed(recipe, Blocks(requests))
    assert blocks * requests * 3 >= examples * 1.05 - 1e-6
    assert blocks == 1 or (blocks - 1) * requests * 3 < examples * 1.05


def test_the_main_recipe_takes_one_block() -> None:
    assert blocks_needed(parse_recipe("equal"), Blocks(10)) == 1
    assert blocks_needed(parse_recipe("equal"), Blocks(10, first=3)) == 2


def test_a_matrix_has_every_combination_and_takes_the_studys_defaults() -> None:
    found = matrix(Experiment(compare="bases", bases=["b", "c"], teachers=["t1"]))
    assert found.cells == tuple(Cell(base, "equal", "t1", lang) for base in ("b", "c") for lang in ("de", "id"))
    assert found.seeds == (0, 1)
    assert found.anchors == [("b", "de"), ("b", "id"), ("c", "de"), ("c", "id")]


def test_data_that_no_teacher_wrote_are_there_once() -> None:
    found = matrix(Experiment(compare="recipes", recipes=["public", "nllb-both", "nllb-respond"], languages=["de"]))
    assert [cell[1:3] for cell in found.cells] == [
        ("public", PEOPLE),
        ("nllb-both", "nllb"),
        ("nllb-respond", "t1"),
        ("nllb-respond", "t2"),
    ]


def test_steps_are_cells_of_their_own() -> None:
    steps = [Step(label="a", recipe="public"), Step(label="b", recipe="equal", teacher="t2", base="c")]
    found = matrix(Experiment(compare="steps", steps=steps, languages=["id"]))
    assert found.cells == (Cell("b", "public", PEOPLE, "id"), Cell("c", "equal", "t2", "id"))
    assert found.steps == (("a", "b", "public", PEOPLE), ("b", "c", "equal", "t2"))


def test_a_step_may_come_twice() -> None:
    step = Step(label="a", recipe="equal", teacher="t1")
    found = matrix(Experiment(compare="steps", steps=[step, step.model_copy(update={"label": "again"})], languages=["id"]))
    assert [label for label, *_ in found.steps] == ["a", "again"]
    assert len(found.cells) == 1


def test_experiments_of_the_demo_share_cells_and_have_displays_of_their_names(repository: Path) -> None:
    study, _ = load_study(repository / "config/demo.yaml", repository)
    cells = {name: set(found.cells) for name, found in study.matrices.items()}
    assert cells["methods"] & cells["translation"]
    assert cells["methods"] & cells["data_scale"]
    assert cells["base_models"] & cells[MAIN]
    assert cells["large_student"] & cells["base_models"]
    for name in study.experiments:
        assert name in displays.tables(study)
        assert name in displays.figures(study)


def test_scores_without_training_are_compared_for_one_base_and_one_recipe() -> None:
    with pytest.raises(ValueError, match="'predictors' is of one base and one recipe: name one in `bases`"):
        Experiment(compare="predictors", bases=["a", "b"])
