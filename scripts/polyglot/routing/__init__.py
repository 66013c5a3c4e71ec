"""Routing (PerSyn, arXiv 2510.10925): sends each prompt to the teacher whose answer is expected to benefit the student most.

It has the strategies (`strategies.py`) and the qualities of answers (`qualities.py`), both extensible by users, the calibration
and the router that they use, and measures of their quality. It may import the rooms up to scoring (floor 6), not analysis or
selection beside it, nor the study. `strategies.py`, `qualities.py`, `teachers.py` and `settings.py` are loaded by the Snakefile
and import neither pandas nor numpy.
"""
