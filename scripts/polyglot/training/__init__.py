"""Supervised fine-tuning of students: trainers, adapters, machines, checkpoints, several processes for one training.

What it shares with other training is in `checkpoints`: every training resumes to the same weights after a kill. Imports core,
registry and models; no trainer is imported at this door, because unsloth must be imported before transformers.
"""
