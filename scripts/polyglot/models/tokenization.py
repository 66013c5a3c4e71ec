"""Loading tokenizers and their chat templates, and checking for missing ones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from polyglot.core.hashing import file_hash, text_hash
from polyglot.core.prompts import Message

MARK = re.compile(r"{%-?\s*generation\b")
"""How a chat template marks the assistant's text."""
TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "sentencepiece.bpe.model", "spiece.model")


class TokenizerError(ValueError):
    """A tokenizer or chat template that cannot be used; the message names folder or file and the remedy."""


def given_file(files: str | Sequence[str]) -> Path | None:
    """The file of an optional rule input."""
    return (Path(files) if isinstance(files, str) else Path(files[0])) if files else None


def load_tokenizer(folder: Path, chat_template: Path | None = None, **options: Any) -> Any:
    """The tokenizer in a model's folder, with a chat template from a file or its own.

    With a template from a file, the end-of-sequence token becomes the token that ends its assistant turn. A model fine-tuned with
    this template writes it at the end of a response, and generation stops there.

    Args:
        options: further arguments of `AutoTokenizer.from_pretrained`, such as `padding_side`.

    Raises:
        TokenizerError: if the folder holds no tokenizer, or the template does not fit it.
    """
    from transformers import AutoTokenizer

    if not any((Path(folder) / name).exists() for name in TOKENIZER_FILES):
        raise TokenizerError(f"{folder}: no tokenizer there (none of {', '.join(TOKENIZER_FILES)}); fetch the model again")
    tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True, **options)
    if chat_template is not None:
        tokenizer.chat_template = Path(chat_template).read_text(encoding="utf-8")
        end = turn_end(tokenizer, chat_template)
        if end != tokenizer.eos_token:
            tokenizer.eos_token = end
    return tokenizer


def turn_end(tokenizer: Any, chat_template: Path) -> str:
    """The token that ends an assistant's turn.

    Raises:
        TokenizerError: if the template marks no response, or does not end it with a single token of this tokenizer.
    """
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    ids, marked = assistant_tokens(tokenizer, turns, chat_template)
    last = [token for token, counts in zip(ids, marked, strict=True) if counts]
    if not last:
        raise TokenizerError(f"{chat_template}: no {{% generation %}} around the assistant's text")
    while last and not tokenizer.decode(last[-1:]).strip():  # the mark may include a line break
        last.pop()
    end = str(tokenizer.convert_ids_to_tokens(last[-1]))
    if end not in tokenizer.get_added_vocab():
        raise TokenizerError(
            f"{chat_template}: an assistant's turn ends with {tokenizer.decode(last)[-16:]!r}, which is no token of "
            f"{tokenizer.name_or_path}: choose the chat template of the model's family"
        )
    return end


def assistant_tokens(tokenizer: Any, turns: Sequence[Message], source: object) -> tuple[list[int], list[int]]:
    """Token ids of a chat, and a mask: 1 for the assistant's tokens, 0 for the others.

    Raises:
        TokenizerError: if the template rejects the chat; names `source`.
    """
    try:
        found = tokenizer.apply_chat_template(list(turns), return_dict=True, return_assistant_tokens_mask=True)
    except Exception as error:  # a template can raise anything
        raise TokenizerError(f"{source}: the chat template fails: {type(error).__name__}: {error}") from None
    return found["input_ids"], found["assistant_masks"]


def needs_chat_template(tokenizer: Any, folder: Path, *, marks: bool = False) -> None:
    """Raises TokenizerError if the tokenizer has no chat template or, where required, one that marks no response."""
    remedy = "name one of config/chat_templates as its `chat_template` in config/models.yaml"
    if tokenizer.chat_template is None:
        raise TokenizerError(f"{folder}: the tokenizer has no chat template; {remedy}")
    if marks and not MARK.search(tokenizer.chat_template):
        raise TokenizerError(
            f"{folder}: the chat template has no {{% generation %}} mark around the response; {remedy}, or set training.loss to "
            "'all'"
        )


def tokenizer_facts(tokenizer: Any, folder: Path) -> dict[str, Any]:
    """Facts of tokenizer and chat template: hashes, end of turn, vocabulary size."""
    files = {name: file_hash(Path(folder) / name) for name in TOKENIZER_FILES if (Path(folder) / name).exists()}
    template = None if tokenizer.chat_template is None else text_hash(tokenizer.chat_template)
    return {"tokenizer": files, "chat_template": template, "eos_token": tokenizer.eos_token, "vocabulary": len(tokenizer)}
