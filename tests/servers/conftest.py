"""Each server in turn, with the same nano model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .running import KINDS, RealServer, running


@pytest.fixture(scope="module", params=list(KINDS))
def real(request: pytest.FixtureRequest, wide_nano_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """A server that answers, with its key in TEST_KEY; skipped where it cannot be had."""
    with running(request.param, wide_nano_model, tmp_path_factory.mktemp("server")) as server:
        yield server
