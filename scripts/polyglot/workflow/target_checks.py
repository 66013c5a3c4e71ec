"""Whether the targets of a command line can be made, before Snakemake says that no rule makes them."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from polyglot.core.errors import ConfigurationError
from polyglot.study.reserved import REPLICATION

TARGETS = (
    "all",
    "experiments",
    "race",
    "route",
    "select",
    "rank",
    "screen",
    "fetch",
    "rehearse",
    "plan",
    "publish",
    "build",
    "explore",
    REPLICATION,
)
"""What can be asked for by a word."""
WRITTEN = ("--report", "--report-metadata", "--archive", "--export-cwl", "--generate-unit-tests")
"""Options of Snakemake that name a file which it writes itself."""
SHOWN = 3
"""Most names that are proposed."""


def targets_of(arguments: Sequence[str]) -> list[str]:
    """The targets of Snakemake's command line: what stands before its options; elsewhere files of results, and known words."""
    options = next((place for place, word in enumerate(arguments) if word.startswith("-")), len(arguments))
    pairs = zip(["", *arguments[options:]], arguments[options:], strict=False)
    asked = [word for before, word in pairs if before not in WRITTEN]
    return [*arguments[:options], *(word for word in asked if word.startswith("results/") or word in TARGETS)]


def check_targets(targets: Iterable[str], study: str, makes: Callable[[str], bool], files: Iterable[str], config: Path) -> None:
    """Check that every target is a rule or a file that a rule makes.

    Args:
        study: the study's name.
        makes: whether a target is a rule or made by one.
        files: files that can be made, to propose one of a like name.
        config: the folder with the studies.

    Raises:
        ConfigurationError: names the target, and what is near it.
    """
    for target in targets:
        if makes(target) or Path(target).exists():
            continue
        parts = Path(target).parts
        if parts[:1] == ("results",) and len(parts) > 2 and parts[1] not in (study, REPLICATION):
            own = {path.parent.name for path in config.glob("*/study.yaml")}
            known = sorted({path.stem for path in config.glob("*.yaml")} | own)
            near = difflib.get_close_matches(parts[1], known, 1)
            hint = f"; did you mean '{near[0]}'?" if near else "."
            raise ConfigurationError(
                f"{target}: this run is of the study '{study}', and there is no file of a study '{parts[1]}' in {config}{hint} "
                "Name the study's file: --configfile FILE"
            )
        candidates = list(files) if "/" in target else list(TARGETS)
        near = difflib.get_close_matches(target, candidates, SHOWN)
        told = f"did you mean {' or '.join(near)}?" if near else f"targets are files of results/{study}/ and {', '.join(TARGETS)}"
        raise ConfigurationError(f"{target}: no rule makes this; {told}")
