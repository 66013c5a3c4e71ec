"""The embedded study's world: templated text in several languages, and nano models that learn it on the CPU.

It replaces human-written data, the hub and GPUs, so that a whole study runs in minutes and has a known ground truth. Imports the
rooms up to synthesis and intrinsic. Only study imports it (its settings); real studies do not need it.
"""
