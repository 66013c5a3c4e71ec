"""polyglot-score: which language model should write the synthetic fine-tuning data for a language?

The library behind the workflow, in rooms by stage; CONTRIBUTING.md has the map. It never imports Snakemake.
"""
