"""Cluster coverage and mean quality of a selection."""

from __future__ import annotations

import pandas as pd


def coverage(chosen: pd.DataFrame, whole: pd.DataFrame) -> dict[str, float]:
    """Covered clusters and mean quality of a selection.

    Args:
        chosen: id of its samples.
        whole: id, cluster and quality of all samples that it was taken from.

    Returns:
        examples, clusters (in the whole set), covered (number of them), coverage (their share), quality (mean), quality_se.
    """
    taken = whole[whole["id"].isin(set(chosen["id"]))]
    clusters, covered = whole["cluster"].nunique(), taken["cluster"].nunique()
    quality = taken["quality"].to_numpy(dtype=float)
    return {
        "examples": len(taken),
        "clusters": clusters,
        "covered": covered,
        "coverage": covered / clusters if clusters else float("nan"),
        "quality": float(quality.mean()) if len(quality) else float("nan"),
        "quality_se": float(quality.std(ddof=1) / len(quality) ** 0.5) if len(quality) > 1 else float("nan"),
    }
