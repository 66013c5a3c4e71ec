"""The page on which a study's data can be looked at: every request with the answers of all teachers side by side.

`answers` joins what is known of an answer, `chunks` writes it in parts that a browser loads as it needs them, `search` writes an
index of words, `blind` chooses pairs to judge blind, and `agreement` compares such verdicts with the judge's.
"""
