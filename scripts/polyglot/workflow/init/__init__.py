"""`polyglot init`: from a few answers to the folder of a study.

`asking` puts questions and asks again; `answers` understands what is answered; `texts` writes the files; `command` is the whole.
"""
