"""Evaluation: benchmarks asked of a model through lighteval, with the outcome of every item kept.

From a data set's files to outcomes: `readers` turns published rows into items, `forms` says what an item can be, `items` writes
and reads task folders, `formulations` asks, `weights` says what each item counts, `tasks` puts one benchmark in one language
together, `run` evaluates, and `with_lighteval` is the only module that knows lighteval. FORMULATIONS, READERS and WEIGHTINGS are
open to plugins.

Floor 4: it may import `core`, `registry` and `models`. The Snakefile reads its settings, so its modules import pandas and
lighteval inside functions only; `run` and `with_lighteval`, which only jobs import, may import pandas and numpy at once.
"""
