"""Synthesis: what teachers are asked of the seed dataset, their answers with a status, and the training sets mixed of these."""
