"""The version of this project; pyproject.toml is the one place that states it."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def version(root: Path = ROOT) -> str:
    """The version that the project in a folder states.

    Args:
        root: a clone, with its pyproject.toml.
    """
    return str(tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])
