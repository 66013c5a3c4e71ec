"""Loading tokenizers and their chat templates, and checking for missing ones."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

from polyglot.core.errors import WrongInput
from polyglot.core.files import read_json
from polyglot.core.hashing import file_hash, text_hash
from polyglot.core.prompts import Message

MARK = re.compile(r"{%-?\s*generation\b")
"""How a chat template marks the assistant's text."""
GENERATION_FILES = ("generation_config.json", "config.json")
"""Where a model's own end tokens are, the first that there is; as transformers and vllm look for them."""
PLACEHOLDER = "\ue000"
"""Stands for an answer where a chat template's text round it is wanted: a character that no text has."""
START = 2 * PLACEHOLDER
"""Stands for a text up to which tokens are counted (see `tokens_before`)."""
TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "sentencepiece.bpe.model", "spiece.model")


class TokenizerError(WrongInput):
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
        raise TokenizerError(
            f"{chat_template}: no {{% generation %}} around the assistant's text; put it there, as chatml.jinja of "
            "config/chat_templates does"
        )
    while last and not tokenizer.decode(last[-1:]).strip():  # the mark may include a line break
        last.pop()
    end = str(tokenizer.convert_ids_to_tokens(last[-1]))
    if end not in tokenizer.get_added_vocab():
        raise TokenizerError(
            f"{chat_template}: an assistant's turn ends with {tokenizer.decode(last)[-16:]!r}, which is no token of "
            f"{tokenizer.name_or_path}: choose the chat template of the model's family"
        )
    return end


def answer_ends(folder: Path, tokenizer: Any) -> list[int]:
    """The ids of all tokens that end an answer of a model, in ascending order.

    They are those of its generation configuration, its tokenizer's end of sequence, and what its chat template writes after an
    answer. No one of them is enough: Gemma 3 ends a turn with a token that only the first and the last name, and a base that was
    trained with a chat template may have it in the last alone.

    Args:
        folder: the model's folder; one without its configuration counts as naming no ends.
        tokenizer: its tokenizer, with the chat template that it is asked in.
    """
    files = (Path(folder) / name for name in GENERATION_FILES)
    settings: dict[str, Any] = next((read_json(path) for path in files if path.exists()), {})
    own = settings.get("eos_token_id", settings.get("text_config", {}).get("eos_token_id"))
    ends = {tokenizer.eos_token_id, *(own if isinstance(own, list) else [own]), *_written_after_answer(tokenizer)}
    return sorted(ends - {None})


def _written_after_answer(tokenizer: Any) -> list[int]:
    """The tokens that a chat template writes right after the last answer of a chat, up to the first ordinary one. White space is
    no end, although some vocabularies have line breaks among their added tokens."""
    frame = answer_frame(tokenizer, [{"role": "user", "content": "a"}])
    after = tokenizer(frame[1], add_special_tokens=False)["input_ids"] if frame else []
    known = set(tokenizer.get_added_vocab().values())
    written = [token for token in after if tokenizer.decode([token]).strip()]
    return list(takewhile(lambda token: token in known, written))


def answer_frame(tokenizer: Any, turns: Sequence[Message]) -> tuple[str, str] | None:
    """What a chat template writes before and after the answer to a chat: all up to its first character, and all from its last.

    Before it may be more than the prompt for an answer, such as a space, an empty thought, or the channel of the final answer.

    Returns:
        None if there is no template, or it does not take the chat, or it does not write the answer just as it is, once.
    """
    if tokenizer.chat_template is None:
        return None
    answered = [*turns, {"role": "assistant", "content": PLACEHOLDER}]
    try:
        whole = tokenizer.apply_chat_template(answered, tokenize=False)
    except Exception:  # a template can raise anything
        return None
    before, *after = whole.split(PLACEHOLDER)
    return (before, after[0]) if len(after) == 1 else None


def assistant_tokens(tokenizer: Any, turns: Sequence[Message], source: object) -> tuple[list[int], list[int]]:
    """Token ids of a chat, and a mask: 1 for the assistant's tokens, 0 for the others.

    Raises:
        TokenizerError: if the template rejects the chat; names `source`.
    """
    try:
        found = tokenizer.apply_chat_template(list(turns), return_dict=True, return_assistant_tokens_mask=True)
    except Exception as error:  # a template can raise anything
        told = f"{source}: the chat template fails: {type(error).__name__}: {error}"
        raise TokenizerError(f"{told}; correct it, or name another as `chat_template` in the model's entry") from None
    return found["input_ids"], found["assistant_masks"]


def spellings(tokenizer: Any) -> re.Pattern[str] | None:
    """What a text must not spell: the control tokens of a tokenizer and of its chat template; None if there are none.

    Tokens that differ in a number are one pattern, since some vocabularies have thousands (`<unused42>`).
    """
    template = tokenizer.chat_template or ""
    tokens = {str(token): token.special for token in tokenizer.added_tokens_decoder.values()}
    found = [name for name, special in tokens.items() if len(name.strip()) > 1 and (special or name in template)]
    forms = {re.sub(r"\d+", r"\\d+", re.escape(name)) for name in found}
    first = "".join(sorted({re.escape(name[0]) for name in found}))
    return re.compile(rf"(?=[{first}])(?:{'|'.join(sorted(forms, key=len, reverse=True))})") if found else None


def tokens_as_text(
    tokenizer: Any, turns: Sequence[Mapping[str, str]], spelled: re.Pattern[str], *, masked: bool
) -> tuple[list[int], list[int]]:
    """Token ids of a chat, and the assistant's mask (see `assistant_tokens`; all 1 if not `masked`), where texts spell control
    tokens: those of the template are tokens, those in texts are text.

    Args:
        tokenizer: a fast one.
        spelled: see `spellings`.
    """
    parted = [{key: spelled.sub(_parted, text) for key, text in turn.items()} for turn in turns]
    text = tokenizer.apply_chat_template(parted, tokenize=False)
    found = tokenizer.apply_chat_template(
        parted,
        return_dict=True,
        return_assistant_tokens_mask=masked,
        tokenizer_kwargs={"return_offsets_mapping": True},
    )
    kept = [place for place, (start, end) in enumerate(found["offset_mapping"]) if text[start:end] != PLACEHOLDER]
    mask = found["assistant_masks"] if masked else [1] * len(found["input_ids"])
    return [found["input_ids"][place] for place in kept], [mask[place] for place in kept]


def tokens_before(tokenizer: Any, turns: Sequence[Mapping[str, str]], spelled: re.Pattern[str] | None) -> int:
    """Tokens of a chat before `START`, which stands for one of its texts; what texts spell is text, as in `tokens_as_text`.

    Args:
        spelled: see `spellings`; None where no text spells a control token.
    """
    if spelled is None:
        whole: str = tokenizer.apply_chat_template(list(turns), tokenize=False)
        return len(tokenizer(whole.partition(START)[0], add_special_tokens=False)["input_ids"])
    parted = [{key: spelled.sub(_parted, text) for key, text in turn.items()} for turn in turns]
    before = tokenizer.apply_chat_template(parted, tokenize=False).partition(START)[0]
    places = tokenizer(before, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    return sum(before[start:end] != PLACEHOLDER for start, end in places)


def _parted(found: re.Match[str]) -> str:
    return f"{found[0][0]}{PLACEHOLDER}{found[0][1:]}"


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
