"""Synthesis: what teachers are asked of the seed dataset, their answers with a status, and the training sets mixed of these.

`methods/` has the ways to ask, `recipes.py` the names of mixtures. Imports core, registry, models and engines. Which seed rows
there are belongs in seeds; which samples or teachers are chosen belongs in selection and routing.
"""
