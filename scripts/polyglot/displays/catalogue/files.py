"""The most common inputs of displays, below results/STUDY, and the categories of the report."""

from __future__ import annotations

from polyglot.study import paths

RESULT, EVALUATION, DATA, ANALYSIS, EXPERIMENTS, SCREENING, COST, REPLICATED = (
    "1 Result",
    "2 Evaluation",
    "3 Data",
    "4 Analysis and validity",
    "5 Experiments",
    "6 Screening",
    "7 Provenance",
    "8 Replication audit",
)

SCORES = paths.inside(paths.SCORES)

CELLS, TEACHERS, GAPS, HOLES = (f"{SCORES}/{name}.csv" for name in ("cells", "teachers", "gaps", "holes"))

REPLICATES = f"{SCORES}/replicates.parquet"

STUDENTS = {"replicates": REPLICATES, "measurements": f"{SCORES}/measurements.parquet"}
