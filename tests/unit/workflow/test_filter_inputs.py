"""What the filters of a study are given: their settings, and the answers that a set has already."""

from __future__ import annotations

from polyglot.study import paths
from polyglot.workflow.inputs.explore import ExploreInputs
from polyglot.workflow.inputs.selection import SelectionInputs
from polyglot.workflow.inputs.training_sets import TrainingSetInputs

from .conftest import Read


def test_answers_are_compared_with_those_that_their_set_has_already(read: Read) -> None:
    sets = TrainingSetInputs(*read(methods=["respond"], recipe="respond", experiments={}, run=None))
    named = {"teacher": "hasty", "lang": "de"}
    own, further = (f"results/demo/{folder}synthetic/hasty/de/respond" for folder in ("", "further/"))
    assert sets.earlier(named | {"seed": "0"}) == []
    assert sets.earlier(named | {"seed": "1-block3"}) == [f"{own}/1.parquet", f"{own}/1-block2.parquet"]
    assert sets.earlier_than_further(named | {"seed": "0"}) == [f"{own}/0.parquet"]
    found = sets.earlier_than_further(named | {"seed": "0-block2"})
    assert found == [f"{own}/0.parquet", f"{own}/0-block2.parquet", f"{further}/0.parquet"]


def test_filters_are_told_to_jobs_in_order_and_only_those_that_run(read: Read) -> None:
    filters = {"length": {"response_least": 2}, "personal": {"action": "skip"}}
    names = [name for name, _ in TrainingSetInputs(*read(filters=filters)).filters()]
    assert names == ["control_tokens", "contamination", "duplicates", "length"]


def test_questions_are_compared_by_meaning_only_where_a_filter_wants_it(read: Read) -> None:
    named = {"teacher": "hasty", "lang": "de", "seed": "0"}
    assert TrainingSetInputs(*read()).nearest(paths.NEAREST)(named) == []
    wanting = TrainingSetInputs(*read(filters={"semantic_contamination": {}}))
    assert wanting.nearest(paths.NEAREST)(named) == ["results/demo/nearest/answers/hasty/de/0.parquet"]
    assert wanting.nearest(paths.NEAREST_TO_SEEDS)(named) == ["results/demo/nearest/seed/de.parquet"]
    assert wanting.questions() == [f"results/demo/nearest/questions/{lang}.parquet" for lang in ("ar", "de", "id")]


def test_a_judged_selection_reads_rewards_of_the_whole_set_and_no_quality_model(read: Read) -> None:
    recipes = ["equal", "judged-150"]
    given = read(experiments={"selection": {"compare": "selection", "recipes": recipes, "languages": ["de"]}}, run=None)
    named = {"recipe": "judged-150", "teacher": "hasty", "lang": "de", "seed": "0"}
    inputs = SelectionInputs(*given)
    assert inputs.quality(named) == ["results/demo/intrinsic/equal/hasty/de/0/reward.parquet"]
    assert inputs.grouped(named) == inputs.embedded(named) == []


def test_the_page_of_the_data_asks_for_embeddings_only_where_the_study_wants_neighbours_by_them(read: Read) -> None:
    named = "results/demo/selection/embeddings/thorough/de/0.parquet"
    assert named in ExploreInputs(*read(explore={"neighbours": "embedding"})).files()
    assert not [path for path in ExploreInputs(*read()).files() if "embeddings" in path]
