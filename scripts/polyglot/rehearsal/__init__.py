"""A rehearsal: a study's whole workflow in miniature, to find in minutes what would fail after days.

Every tokenizer, chat template and architecture of the study is the real one; weights are few and random, cells have ten requests.
The study's own rules run, on a configuration made from the study's. Imports study and what is below; the rule gives it what the
workflow knows of the models.
"""
