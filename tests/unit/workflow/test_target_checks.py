"""Which words of a command line are targets."""

from __future__ import annotations

import pytest

from polyglot.workflow.target_checks import targets_of


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
