"""The settings of the embedded micro-world: `nano`."""

from __future__ import annotations

from pydantic import Field

from polyglot.core.section import Name, Section

COUNTERPARTS = ("global-mmlu-lite", "m-rewardbench", "mgsm", "open-answers", "win-rate", "translation", "native-text")
"""Benchmarks for which the micro-world has its own items."""


class NanoWorld(Section):
    """The embedded micro-world, from which nano models, their seed dataset and benchmarks are made."""

    languages: list[Name] = Field(
        default=["en", "de", "id", "ar"],
        description="Languages of the micro-world; each has a file in config/nano_world.",
    )
    with_real_models: bool = Field(
        default=False,
        description="Let models that are not nano take what the embedded study has for itself where the study names nothing: the "
        "micro-world's prompts and benchmarks, its judge, embedding and translation model, its templates, short answers and "
        "training. false: what such a study lacks is asked for by name, before any job.",
    )
    corpus_size: int = Field(default=6000, gt=0, description="Pre-training examples per language.")
    vocabulary: int = Field(default=1024, ge=300, description="Size of the byte-level BPE vocabulary.")
    seed_items: int = Field(default=40, gt=0, description="Maximum seed prompts per category of question.")
    benchmark_items: int = Field(default=20, gt=0, description="Maximum items per category in a benchmark.")
    seed: int = Field(default=0, ge=0, description="Seed of corpora, seed dataset and benchmarks.")
