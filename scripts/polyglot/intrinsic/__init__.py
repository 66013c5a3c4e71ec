"""Intrinsic metrics: measurements of a training set itself, before any student is trained on it.

`metrics.py` has the lookup `METRICS` and is light, because the Snakefile loads it; other files compute them, one per metric.
Imports core, registry, models and engines. How metrics are resampled and scored belongs in scoring.
"""
