"""The seed dataset: prompts (and responses) that people wrote, from files and from public data sets, in one schema.

Imports the floors up to synthesis (which method may use a row). Nothing here writes new text (synthesis) or measures any
(intrinsic).
"""
