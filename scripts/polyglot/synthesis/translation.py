"""Machine translation with a sequence-to-sequence model that uses language codes, such as NLLB."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from polyglot.core.batch_size import BatchSize
from polyglot.core.errors import WrongInput
from polyglot.core.progress import progress
from polyglot.core.sidefile import SideFile
from polyglot.engines.base import FinishReason
from polyglot.models.loading import load_model
from polyglot.models.tokenization import load_tokenizer

LINE_BREAK = re.compile(r"(^\s+|\s*\n\s*|\s+$)")
"""White space that always ends a sentence: line breaks, and both ends of a text."""
SENTENCE_BREAK = re.compile(r"""((?:(?<=[.!?…؟۔।])|(?<=[.!?…؟۔।]["'”’»)\]]))\s+|(?<=[。！？])\s*)""")
"""White space after the end of a sentence; there may be none in Chinese and Japanese."""


@dataclass(frozen=True)
class Translation:
    """A translated text: `finish_reason` is `length` if part of the text was truncated, before or after translation.

    `prompt_tokens` counts input tokens with language codes and end marks; `completion_tokens` counts output tokens with end
    marks.
    """

    text: str
    finish_reason: FinishReason
    prompt_tokens: int
    completion_tokens: int


class Translator:
    """Translates with a model in transformers format whose tokenizer takes `src_lang` (NLLB, mBART-50).

    Languages are the tokenizer's codes; NLLB uses FLORES-200 codes such as `deu_Latn`. Lines are translated separately, because
    NLLB's tokenizer turns a line break into a space. A line longer than `max_input_tokens` is translated sentence by sentence; a
    sentence that is still too long is truncated. Text without letters is kept unchanged.

    Args:
        folder: the model's folder.
        beams: beam search width; 1 is greedy decoding.
        batch_size: texts, lines or sentences per batch.
        max_new_tokens: longest translation of each, in tokens; at most the model's context. max_input_tokens: longest input of
        each, in tokens including the two special ones; None is the model's context.
        gpus: how many GPUs the model is spread over, as many of them as there are.
    """

    def __init__(
        self,
        folder: Path,
        *,
        beams: int = 1,
        batch_size: int = 16,
        max_new_tokens: int = 256,
        max_input_tokens: int | None = None,
        gpus: int = 1,
    ) -> None:
        from transformers import AutoModelForSeq2SeqLM

        self.folder, self.beams, self.batches = Path(folder), beams, BatchSize(batch_size, "translate")
        self.tokenizer: Any = load_tokenizer(folder)
        self.model: Any = load_model(AutoModelForSeq2SeqLM, folder, gpus=gpus)
        self.model.generation_config.max_length = None  # NLLB's own limit of 200
        self.model.generation_config.forced_eos_token_id = None  # otherwise a truncated translation would look complete
        context = min(self.tokenizer.model_max_length, self.model.config.max_position_embeddings)
        self.max_input_tokens = min(context, max_input_tokens or context)
        self.max_new_tokens = min(context - 2, max_new_tokens)

    def translate(self, texts: list[str], *, source: str, target: str) -> list[Translation]:
        """The translation of every text, in the order of the texts.

        Args:
            source, target: language codes of the model's tokenizer.

        Raises:
            ValueError: for a language code that the tokenizer does not have; names the code and the folder.
        """
        self._language(source)
        forced = self._language(target)
        self.tokenizer.src_lang = source
        parts = [self._split(text) for text in texts]
        pieces = [(row, place) for row, own in enumerate(parts) for place in range(0, len(own), 2) if _has_letter(own[place])]
        lengths = {(row, place): self._length(parts[row][place]) for row, place in pieces}
        pieces.sort(key=lambda piece: (lengths[piece], piece))
        prompt_tokens, completion_tokens = [0] * len(texts), [0] * len(texts)
        cut: set[int] = set()
        generated = self.batches.over(pieces, lambda batch: self._generate([parts[row][place] for row, place in batch], forced))
        for batch, written in generated:
            for (row, place), (tokens, finished) in zip(batch, written, strict=True):
                if not finished or lengths[row, place] > self.max_input_tokens:
                    cut.add(row)
                prompt_tokens[row] += min(lengths[row, place], self.max_input_tokens)
                completion_tokens[row] += len(tokens) + finished
                parts[row][place] = self.tokenizer.decode(tokens, skip_special_tokens=True).strip()
        return [
            Translation("".join(own), "length" if row in cut else "stop", prompt_tokens[row], completion_tokens[row])
            for row, own in enumerate(parts)
        ]

    def _language(self, code: str) -> int:
        """The token id of a language code."""
        special = {token.content for token in self.tokenizer.added_tokens_decoder.values() if token.special}
        if code not in special:
            raise WrongInput(f"{self.folder}: this model's tokenizer has no language code '{code}'")
        return int(self.tokenizer.convert_tokens_to_ids(code))

    def _length(self, text: str) -> int:
        return len(self.tokenizer(text)["input_ids"])

    def _split(self, text: str) -> list[str]:
        """The pieces to translate (at even indices) and the white space between them (at odd indices)."""
        parts = LINE_BREAK.split(text)
        for place in range(len(parts) - 1, -1, -2):
            if self._length(parts[place]) > self.max_input_tokens:
                parts[place : place + 1] = SENTENCE_BREAK.split(parts[place])
        return parts

    def _generate(self, texts: list[str], forced: int) -> list[tuple[list[int], bool]]:
        """Tokens of each translation, and whether it is complete."""
        import torch

        batch = self.tokenizer(
            texts, padding=True, truncation=True, max_length=self.max_input_tokens, return_tensors="pt", verbose=False
        )
        with torch.inference_mode():
            output = self.model.generate(
                **batch.to(self.model.device),
                forced_bos_token_id=forced,
                num_beams=self.beams,
                do_sample=False,
                max_new_tokens=self.max_new_tokens + 1,  # the language code is one of them
            )
        ends = self.model.generation_config.eos_token_id
        ends = set(ends if isinstance(ends, list) else [ends])
        written = []
        for row in output[:, 2:].tolist():  # each starts with the decoder's start token and the language code
            length = next((place for place, token in enumerate(row) if token in ends), None)
            written.append((row[:length], length is not None))
        return written


def translate_all(
    translator: Translator, rows: Mapping[str, str], side: SideFile, *, source: str, target: str, batch_size: int, title: str
) -> dict[str, Translation]:
    """The translation of every text, by id, in batches of similar length.

    Finished batches are kept in the side file, so a killed job translates only what is missing. The side file's owner must
    change with the model, the languages, the beam width and the texts.

    Args:
        rows: the texts by id.
        source, target: language codes, as for `Translator.translate`.
        batch_size: texts saved per batch.
    """
    done = {row.pop("id"): Translation(**row) for row in side.read()}
    pending = sorted((name for name in rows if name not in done), key=lambda name: (len(rows[name]), name))
    with progress(total=len(rows), initial=len(rows) - len(pending), title=title, unit="text") as bar:
        for start in range(0, len(pending), batch_size):
            names = pending[start : start + batch_size]
            batch = translator.translate([rows[name] for name in names], source=source, target=target)
            side.append([{"id": name, **asdict(translation)} for name, translation in zip(names, batch, strict=True)])
            done.update(zip(names, batch, strict=True))
            bar.advance(len(batch), tokens=sum(translation.completion_tokens for translation in batch))
    return {name: done[name] for name in rows}


def _has_letter(text: str) -> bool:
    return any(character.isalpha() for character in text)
