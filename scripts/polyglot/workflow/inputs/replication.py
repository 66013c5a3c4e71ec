"""The replication audit: the paper's published tables."""

from __future__ import annotations

from pathlib import Path

from polyglot.study import paths


def published_tables(root: Path) -> list[str]:
    """Every published table in the repository."""
    folder = (root / paths.PUBLISHED_TABLE).parent
    return [paths.PUBLISHED_TABLE.format(name=file.stem) for file in sorted(folder.glob("*.csv"))]
