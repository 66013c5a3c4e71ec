"""A model's folder: fetched from the hub, its tokenizer and chat template, its context, checked before a GPU is allocated.

Imports core and registry. Answering requests belongs to engines, training to training. transformers and huggingface_hub are
imported inside functions.
"""
