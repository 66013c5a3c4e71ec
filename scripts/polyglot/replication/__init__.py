"""The replication audit: each claim of arXiv 2604.11290 recomputed from the numbers that the paper and its authors published.

`published.py` reads those numbers, `checks/` recomputes claims, `verdicts.py` decides which are reproduced, and `signs.py`
derives what the published scores imply about base and reference. `persyn_means.py` has the means of another paper (arXiv
2510.10925). It may import the rooms up to analysis and routing (floor 7), whose code it tests, but not study, because it needs no
study's results.
"""
