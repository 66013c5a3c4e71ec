"""A model's folder: fetched from the hub, its tokenizer and chat template, its context, checked before a GPU is held.

Imports core and registry. Nothing here answers requests (engines) or trains (training); transformers and huggingface_hub are
imported inside functions.
"""
