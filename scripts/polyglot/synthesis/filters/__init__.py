"""Filters: which usable answers are kept out of training, and why. Each is a rule by name; a study declares them in order.

`base` has the registry, `settings` what a study says, `chain` runs them; each other module is a filter.
"""
