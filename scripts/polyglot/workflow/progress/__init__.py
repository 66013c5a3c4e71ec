"""What a user reads while a run is going on: what is done, what is being done, how long is left, and what failed.

`follower.py` turns Snakemake's events into lines, `estimate.py` says how long is left, `stages.py` names rules in plain words,
`screen.py` writes, and `capture.py` keeps what others write to standard error from running into it. The Snakemake plugin
plugins/snakemake_logger_plugin_progress puts them together.
"""
