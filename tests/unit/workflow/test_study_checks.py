"""Checks of a study: a name that nothing has is said with its key, the nearest, and those there are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from polyglot.core.errors import ConfigurationError
from polyglot.workflow.loading import load_study

MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"languages": ["de", "idx"]}, "languages: unknown language 'idx'; did you mean 'id'?"),
    ({"teachers": ["thorough", "germanst"]}, "teachers: unknown model 'germanst'; did you mean 'germanist'?"),
    ({"teachers": ["thorough", "persin"]}, "teachers: unknown model 'persin'; did you mean 'persyn'?"),
    ({"teachers": ["thorough", "persyn-for-nano-bas"]}, "teachers: 'persyn-for-nano-bas' chooses for an unknown base 'nano-bas'"),
    ({"base": "nano-bas"}, "base: unknown model 'nano-bas'; did you mean 'nano-base'?"),
    ({"intrinsic": {"embedding": "minlm"}}, "intrinsic.embedding: unknown model 'minlm'; did you mean 'minilm'?"),
    ({"seed_dataset": {"sources": {"de": ["oast1"]}}}, "seed_dataset.sources.de: unknown source 'oast1'; did you mean"),
    ({"evaluation": {"benchmarks": {"mgsmm": {"formulation": "generative"}}}}, "unknown benchmark 'mgsmm'; did you mean 'mgsm'?"),
    (
        {"evaluation": {"benchmarks": {"mgsm": {"formulation": "generative"}}, "groups": {"G": ["mgms"]}}},
        "evaluation.groups.G: unknown benchmark 'mgms'; did you mean 'mgsm'? evaluation.benchmarks has: mgsm",
    ),
    ({"run": ["mian"]}, "run: unknown experiment 'mian'; did you mean 'main'?"),
    ({"figures": {"pg_scor": {"width": 5}}}, "figures: unknown figure 'pg_scor'; did you mean 'pg_score'?"),
    ({"truth": {"above": [["thorough", "hastty"]]}}, "truth: unknown teacher 'hastty'; did you mean 'hasty'?"),
    ({"truth": {"above_in": {"dee": [["thorough", "hasty"]]}}}, "truth.above_in: unknown language 'dee'; did you mean 'de'?"),
    ({"routing": {"strength": ["thoroug"]}}, "routing.strength: unknown model 'thoroug'; did you mean 'thorough'?"),
    ({"selection": {"encoder": "minilmm"}}, "selection.encoder: unknown model 'minilmm'; did you mean 'minilm'?"),
    ({"training": {"thoughts": "keep"}}, "training.thoughts: 'keep', and the chat template of the base 'nano-base' writes no"),
    (
        {"training": {"thoughts": "keep"}, "methods": ["generate"], "experiments": {}, "truth": {}},
        "training.thoughts: 'keep' has nothing to keep",
    ),
    (
        {"seed_dataset": {"sources": {"de": ["aya"]}, "max_per_source": {"ayaa": 5}}},
        "seed_dataset.max_per_source: unknown source 'ayaa'; did you mean 'aya'?",
    ),
    (
        {"seed_dataset": {"sources": {"de": ["aya"]}, "max_per_source": {"aya": {"dee": 5}}}},
        "seed_dataset.max_per_source.aya: unknown language 'dee'; did you mean 'de'?",
    ),
    (
        {"selection": {"rule": "judged", "datasets": {"mine": "config/demo.yaml"}}},
        "selection.rule: 'judged' needs the judge's rewards, which only data of the study have",
    ),
    (
        {"explore": {"neighbours": "embedding"}, "recipe": "equal-150"},
        "explore.neighbours: 'embedding' needs recipe equal, whose examples are embedded (recipe: equal-150)",
    ),
    ({"selection": {"rule": "mdac"}}, "unknown rule 'mdac'; did you mean 'mdaq'?"),
]


@pytest.mark.parametrize(("change", "said"), MISTAKES)
def test_an_unknown_name_is_said_with_the_nearest(repository: Path, tmp_path: Path, change: dict[str, Any], said: str) -> None:
    raw: dict[str, Any] = yaml.safe_load((repository / "config/demo.yaml").read_text(encoding="utf-8"))
    path = tmp_path / "demo.yaml"
    path.write_text(yaml.safe_dump(raw | change), encoding="utf-8")
    with pytest.raises(ConfigurationError) as error:
        load_study(path, repository)
    assert said in str(error.value)
    assert "demo.yaml" in str(error.value)


def test_a_template_that_a_method_needs_and_the_folder_lacks_is_named(repository: Path) -> None:
    changes: dict[str, Any] = {"methods": ["respond", "back-translation"], "recipe": "equal", "experiments": {}, "run": None}
    with pytest.raises(
        ConfigurationError, match=r"there is no .*prompts/paper/back-translation\.jinja; write it, or copy that of"
    ):
        load_study(repository / "config/paper.yaml", repository, changes)


def test_an_experiment_of_routing_is_told_which_teachers_route(repository: Path) -> None:
    experiment = {"mine": {"compare": "routing", "teachers": ["thorough"]}}
    with pytest.raises(ConfigurationError, match="none of them is a way to route prompts; add persyn, strong, mix"):
        load_study(repository / "config/demo.yaml", repository, {"experiments": experiment})


def test_an_unknown_model_of_several_experiments_is_said_once_and_shortly(repository: Path) -> None:
    with pytest.raises(ConfigurationError) as error:
        load_study(repository / "config/demo.yaml", repository, {"teachers": ["thorough", "hasty", "gema-3-27b-it"], "truth": {}})
    lines = [line for line in str(error.value).splitlines() if "unknown model 'gema-3-27b-it'" in line]
    assert len(lines) == 1
    assert "did you mean 'gemma-3-27b-it'?" in lines[0]
    assert len(lines[0]) < 400
