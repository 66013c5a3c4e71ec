"""Figures: each a function from small tables to a matplotlib figure; intervals wherever a number has one.

`polyglot.displays` says which there are, from which files, with which caption. A figure never tells things apart by colour
alone, marks flagged languages by hollow markers and ⚑, and shows and names every cell without a measurement.
"""

from polyglot.figures.analyses import language_resources, pca, regression, spearman, weights
from polyglot.figures.comparisons import abilities, bases, recipes, sizes, steps
from polyglot.figures.replication import anchors, definition_ranks, published_recomputed
from polyglot.figures.routing import routing
from polyglot.figures.screening import screen
from polyglot.figures.selection import alignment, selection
from polyglot.figures.study import gain, intrinsic_extrinsic, pg_score, ranks, synthesis_yield
from polyglot.figures.style import draw

__all__ = [
    "abilities",
    "alignment",
    "anchors",
    "bases",
    "definition_ranks",
    "draw",
    "gain",
    "intrinsic_extrinsic",
    "language_resources",
    "pca",
    "pg_score",
    "published_recomputed",
    "ranks",
    "recipes",
    "regression",
    "routing",
    "screen",
    "selection",
    "sizes",
    "spearman",
    "steps",
    "synthesis_yield",
    "weights",
]
