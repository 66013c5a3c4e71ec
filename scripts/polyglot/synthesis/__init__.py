"""Synthesis: requests to teachers from the seed dataset, their answers with a status, and training sets mixed from these.

`methods/` defines how teachers are prompted, `recipes.py` names the mixtures. Imports core, registry, models and engines. Seed
rows belong in seeds; choosing samples or teachers belongs in selection and routing.
"""
