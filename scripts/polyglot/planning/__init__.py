"""Planning: the work of a study's jobs (`work.py`), their resource requests (`demands.py`), which of them share a submission
(`submissions.py`), their expected time (`expectation.py`), and their cost (`budget.py`).

Imports study and the floors below. Light, because the Snakefile loads it: only the budget imports pandas.
"""
