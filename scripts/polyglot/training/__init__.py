"""Supervised fine-tuning of students: trainers, adapters, devices, checkpoints, multi-process training.

Code shared with other training is in `checkpoints`: every training resumes to the same weights after a kill. Imports core,
registry and models. This file imports no trainer, because unsloth must be imported before transformers.
"""
