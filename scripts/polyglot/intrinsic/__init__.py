"""Intrinsic metrics: what is measured on a training set itself, before any student is trained on it.

`metrics.py` has the lookup `METRICS` and is light, because the Snakefile reads it; other files compute them, one a metric.
Imports core, registry, models and engines. How metrics are resampled and scored belongs in scoring.
"""
