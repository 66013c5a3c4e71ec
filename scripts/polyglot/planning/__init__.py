"""Planning: what a study's jobs do (`work.py`, said once), what they ask of a cluster (`demands.py`), how long they are expected
to take (`expectation.py`), and what they cost (`budget.py`).

Imports study and the floors below. Light, because every Snakefile reads it: pandas is imported by the budget alone.
"""
