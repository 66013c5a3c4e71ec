"""Routing (PerSyn, arXiv 2510.10925): each prompt to the teacher whose answer a student is expected to learn most from.

The room has the strategies that choose (`strategies.py`, which users add to), the calibration and the router behind them, and the
measures of how well they choose. It may import the rooms up to scoring (floor 6), not analysis or selection beside it, nor the
study. `strategies.py`, `teachers.py` and `settings.py` are read with every Snakefile and import neither pandas nor numpy.
"""
