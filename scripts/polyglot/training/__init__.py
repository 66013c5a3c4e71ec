"""Supervised fine-tuning: what the trainers share, the trainers, and several processes for one training."""
