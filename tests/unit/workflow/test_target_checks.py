"""Which words of a command line are targets."""

from __future__ import annotations

import pytest

from polyglot.core.errors import ConfigurationError
from polyglot.workflow.target_checks import targets_of
from polyglot.workflow.targets import Targets

from .conftest import Read


@pytest.mark.parametrize(
    ("line", "targets"),
    [
        ("--report results/demo/report.html --quiet all", ["all"]),
        ("--archive results/demo/all.tar.gz route", ["route"]),
        ("route -c 4", ["route"]),
        ("-n results/demo/figures/gain.pdf --quiet host", ["results/demo/figures/gain.pdf"]),
        ("--configfile config/paper.yaml -n", []),
        ("", []),
    ],
)
def test_what_an_option_writes_is_no_target(line: str, targets: list[str]) -> None:
    assert targets_of(line.split()) == targets


@pytest.mark.parametrize(
    ("word", "compared"),
    [("race", "race"), ("route", "routing"), ("select", "selection")],
)
def test_a_target_without_the_experiments_behind_it_is_refused(read: Read, word: str, compared: str) -> None:
    study, registries = read("paper")
    bare = study.model_copy(update={"experiments": {}})
    with pytest.raises(ConfigurationError, match=f"{word}: no experiment of 'paper' compares {compared}; add one to its file"):
        Targets(bare, registries).check([word], lambda target: True)
