"""Studies as the Snakefile reads them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from polyglot.registry import Registries
from polyglot.study.configuration import Study
from polyglot.workflow.loading import load_study

Read = Callable[..., tuple[Study, Registries]]


@pytest.fixture(scope="session")
def read(repository: Path) -> Read:
    """A study of config/ by name, with values set as on the command line."""

    def study(name: str = "demo", **overrides: Any) -> tuple[Study, Registries]:
        return load_study(repository / f"config/{name}.yaml", repository, overrides)

    return study
