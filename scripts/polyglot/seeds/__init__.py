"""The seed dataset: human-written prompts (and responses), from files and public data sets, in one schema.

Imports the floors up to synthesis (which method may use a row). Generating text belongs in synthesis, measuring it in intrinsic.
"""
