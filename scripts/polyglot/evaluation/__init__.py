"""Evaluation: benchmarks run on a model with lighteval, keeping the outcome of every item.

`readers` turns published rows into items, `forms` defines the kinds of item, and `items` writes and reads task folders.
`formulations` builds prompts, `weights` weights items, and `tasks` assembles one benchmark in one language. `run` evaluates with
`with_lighteval`. Tasks that lighteval defines are found in `lighteval_list`, and their data are prepared by `lighteval_rows`.
Plugins can extend FORMULATIONS, READERS and WEIGHTINGS.

Floor 4: it may import `core`, `registry` and `models`. The Snakefile reads its settings, so its modules import pandas and
lighteval only inside functions. `run` and `with_lighteval`, which only jobs import, may import pandas and numpy at the top.
"""
