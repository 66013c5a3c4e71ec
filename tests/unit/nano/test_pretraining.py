"""What nano models are trained on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from polyglot.nano.pretraining import draw_examples
from polyglot.registry import load_registries

CORPUS = pd.DataFrame(
    {
        "kind": ["respond", "echo", "text"],
        "messages": [[{"role": "user", "content": "1 + 1?"}], [{"role": "user", "content": "a, b"}], []],
        "completion": ["2", "a, b", "1 + 1? 2"],
        "corrupted": ["3", "a, b", "1 + 1? 3"],
    }
)


def test_a_model_learns_from_the_kinds_of_example_that_are_named() -> None:
    settings: dict[str, Any] = {"weights": {"de": 1.0}, "size": 40, "corruption": 0.5, "seed": 0}
    assert {text for _, text in draw_examples({"de": CORPUS}, **settings)} == {"2", "3", "a, b", "1 + 1? 2", "1 + 1? 3"}
    assert {text for _, text in draw_examples({"de": CORPUS}, **settings, kinds=["echo"])} == {"a, b"}


def test_models_that_name_no_kinds_are_made_as_before_there_were_any(repository: Path) -> None:
    """Their jobs would else run again in a study under way."""
    models = load_registries(repository / "config", repository / "config/metrics").models
    assert "kinds" not in models["thorough"].settings["pretraining"]
    assert models["foreign-base"].settings["pretraining"]["kinds"] == ["echo"]
