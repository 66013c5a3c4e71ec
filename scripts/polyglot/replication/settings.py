"""What the paper's main study trained its students on."""

from __future__ import annotations

PUBLISHED_BASE, PUBLISHED_RECIPE = "olmo-3-7b", "equal"
"""Student base and recipe of the paper's main study."""
