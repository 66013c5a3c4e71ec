"""A nano translator: the architecture and the tokenizer of NLLB, trained from scratch on the micro-world's parallel sentences."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyglot.core.errors import WrongInput
from polyglot.core.hashing import content_id, stable_seed
from polyglot.nano import pretraining
from polyglot.nano.corpus import SOURCE
from polyglot.nano.world import CATEGORIES, World
from polyglot.registry.models import TranslatorTraining
from polyglot.training.checkpoints import resume_point, save_whole, training_owner, watch

if TYPE_CHECKING:
    import torch
    from transformers import M2M100ForConditionalGeneration, NllbTokenizer

SPECIAL_TOKENS = ("<s>", "<pad>", "</s>", "<unk>")
"""In NLLB's order: their ids are 0 to 3."""
VOCABULARY = 2000
"""Maximum size of the vocabulary; a few languages need less."""
CONTEXT = 256
"""Longest text in tokens."""
KINDS = {"prompt": 0.6, "response": 0.2, "words": 0.2}
"""Share of each kind of example. `words` is a random sequence of words: it teaches a small model early to follow the source word
by word, as lists, names and numbers require."""


@dataclass(frozen=True)
class Sentence:
    """A text in the source language and its translation into `lang`."""

    lang: str
    source: str
    target: str


def parallel_sentences(world: World, *, size: int, seed: int) -> list[Sentence]:
    """A seeded sample of parallel texts from the pre-training split: from English into every other language of the world.

    Raises:
        ValueError: if the world has no English or nothing else.
    """
    targets = [lang for lang in world.languages if lang != SOURCE]
    if SOURCE not in world.languages or not targets:
        raise WrongInput(f"a translator needs '{SOURCE}' and another language; the world has: {', '.join(world.languages)}")
    rng = random.Random(stable_seed("parallel", seed))
    items = world.of_split("pretrain")
    words = {lang: _words(world, lang) for lang in targets}
    kinds = rng.choices(list(KINDS), list(KINDS.values()), k=size)
    sentences = []
    for lang, kind in zip(rng.choices(targets, k=size), kinds, strict=True):
        if kind == "words":
            pairs = rng.sample(words[lang], rng.randint(3, 8))
        else:
            item = rng.choice(items[rng.choice(CATEGORIES)])
            pairs = [(getattr(world.pair(item, SOURCE), kind), getattr(world.pair(item, lang), kind))]
        source, target = zip(*pairs, strict=True)
        sentences.append(Sentence(lang, ", ".join(source), ", ".join(target)))
    return sentences


def _words(world: World, lang: str) -> list[tuple[str, str]]:
    """The content words of the source language, each with its translation in `lang`."""
    both = zip(_forms(world.lexicon[SOURCE]), _forms(world.lexicon[lang]), strict=True)
    return sorted(set(both)) + [(str(n), str(n)) for n in range(3, 19)]


def _forms(lexicon: dict[str, Any]) -> Iterator[str]:
    """One form of each content word, in the order that all languages share."""
    for section in ("words", "names", "colours", "private"):
        yield from lexicon[section].values()
    yield from (forms["few"] for forms in lexicon["objects"].values())
    yield from (word for both in lexicon["opposites"].values() for word in both)
    yield from (name for both in lexicon["capitals"].values() for name in both)
    yield from (thing for thing, _ in lexicon["things"].values())


def train_tokenizer(texts: list[str], codes: list[str], *, vocabulary: int) -> NllbTokenizer:
    """A tokenizer of NLLB's own class: BPE over words that start with `▁`, language codes as special tokens.

    NLLB's tokenizer does not fall back to bytes: a character that is neither in the texts nor in ASCII becomes `<unk>`.

    Args:
        codes: the language codes, FLORES-200 codes for NLLB; the first is the source language until it is set.
    """
    import json
    import string

    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import NllbTokenizer

    start, pad, end, unknown = SPECIAL_TOKENS
    bpe = Tokenizer(models.BPE(unk_token=unknown))
    # Punctuation is separated only in training: no learned merge crosses it, so none does later.
    words = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    bpe.pre_tokenizer = pre_tokenizers.Sequence([words, pre_tokenizers.Punctuation()])
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[start, pad, end, unknown, *codes],
        initial_alphabet=[*string.ascii_letters, *string.digits, *string.punctuation, "▁"],
        show_progress=False,
    )
    bpe.train_from_iterator(texts, trainer)
    trained = json.loads(bpe.to_str())["model"]
    return NllbTokenizer(
        vocab=trained["vocab"],
        merges=[tuple(merge) for merge in trained["merges"]],
        extra_special_tokens=codes,
        src_lang=codes[0],
        model_max_length=CONTEXT,
    )


def train_translator(
    world: World, out: Path, settings: TranslatorTraining, *, codes: Mapping[str, str], checkpoints: Path
) -> dict[str, Any]:
    """Train a translator from English into the world's other languages; resumes from the newest checkpoint in `checkpoints`.

    Args:
        out: the folder of the trained model, in transformers format; it appears complete or not at all.
        settings: architecture and training; everything is seeded, so the same input gives the same weights.
        codes: the code of each language of the world in the tokenizer (FLORES-200).

    Returns:
        Mean training loss since the start or the last resumption, steps, parameter count and seed.

    Raises:
        ValueError: if a language of the world has no code, or the world has no English.
    """
    from transformers import Trainer, set_seed

    missing = [lang for lang in world.languages if lang not in codes]
    if missing:
        raise WrongInput(f"no language code for: {', '.join(missing)}")
    seed = settings.seed
    set_seed(seed)
    sentences = parallel_sentences(world, size=settings.steps * settings.batch_size, seed=seed)
    texts = [text for sentence in sentences for text in (sentence.source, sentence.target)]
    ordered = sorted(world.languages, key=lambda lang: lang != SOURCE)
    tokenizer: Any = train_tokenizer(texts, [codes[lang] for lang in ordered], vocabulary=VOCABULARY)
    encoded = _encode(tokenizer, sentences, codes)
    order = pretraining.order_by_length([len(source) + len(target) for source, target in encoded], settings.batch_size, seed)
    encoded = [encoded[index] for index in order]
    model = _new_model(len(tokenizer), settings)
    trainer = Trainer(
        model=model,
        args=pretraining.training_arguments(settings, checkpoints),
        train_dataset=encoded,  # type: ignore[arg-type]
        data_collator=_padding(tokenizer.pad_token_id, start=tokenizer.eos_token_id),
    )
    watch(trainer, "translator training")
    owner = training_owner(data=content_id(*map(str, encoded)), **settings.model_dump())
    result = trainer.train(resume_from_checkpoint=resume_point(checkpoints, owner))
    summary = {"loss": result.training_loss, "steps": settings.steps, "parameters": model.num_parameters(), "seed": seed}
    save_whole(model, tokenizer, out, extra={"training.json": summary}, done_with=[checkpoints])
    return summary


def _new_model(vocabulary: int, settings: TranslatorTraining) -> M2M100ForConditionalGeneration:
    """A model with random weights, from torch's random state."""
    from transformers import M2M100Config, M2M100ForConditionalGeneration

    return M2M100ForConditionalGeneration(
        M2M100Config(
            vocab_size=vocabulary,
            d_model=settings.hidden,
            encoder_layers=settings.layers,
            decoder_layers=settings.layers,
            encoder_attention_heads=settings.heads,
            decoder_attention_heads=settings.heads,
            encoder_ffn_dim=settings.feed_forward,
            decoder_ffn_dim=settings.feed_forward,
            max_position_embeddings=CONTEXT,
            init_std=settings.hidden**-0.5,
            dropout=0.0,
            attention_dropout=0.0,
            encoder_layerdrop=0.0,
            decoder_layerdrop=0.0,
        )
    )


def _padding(pad: int, *, start: int) -> Callable[[list[tuple[list[int], list[int]]]], dict[str, torch.Tensor]]:
    """A collator: token ids of both sides of a batch, padded on the right.

    Args:
        start: the decoder's start token; for NLLB, the end mark.
    """
    import torch

    def collate(batch: list[tuple[list[int], list[int]]]) -> dict[str, torch.Tensor]:
        width, length = (max(map(len, side)) for side in zip(*batch, strict=True))
        return {
            "input_ids": torch.tensor([source + [pad] * (width - len(source)) for source, _ in batch]),
            "attention_mask": torch.tensor([[1] * len(source) + [0] * (width - len(source)) for source, _ in batch]),
            "decoder_input_ids": torch.tensor([[start, *target[:-1]] + [pad] * (length - len(target)) for _, target in batch]),
            # the loss leaves out the language code, which is forced and cannot be guessed
            "labels": torch.tensor([[-100, *target[1:]] + [-100] * (length - len(target)) for _, target in batch]),
        }

    return collate


def _encode(tokenizer: Any, sentences: list[Sentence], codes: Mapping[str, str]) -> list[tuple[list[int], list[int]]]:
    """Token ids of source and target, each with its language code before and the end mark after, as NLLB has them."""
    tokenizer.src_lang = codes[SOURCE]
    sources = tokenizer([sentence.source for sentence in sentences])["input_ids"]
    plain = tokenizer([sentence.target for sentence in sentences], add_special_tokens=False)["input_ids"]
    code = {lang: tokenizer.convert_tokens_to_ids(codes[lang]) for lang in codes}
    targets = [[code[sentence.lang], *ids, tokenizer.eos_token_id] for sentence, ids in zip(sentences, plain, strict=True)]
    return list(zip(sources, targets, strict=True))
