"""The embedded study's world: templated text in several languages, and nano models that learn it on the CPU.

It stands in for people's data, the hub and GPUs, so that a whole study runs in minutes and has a known truth. Imports the rooms
up to synthesis and intrinsic. No other library room imports it but study (its settings): a study at scale needs none of it.
"""
