"""Training sets in the formats that other trainers read: one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from polyglot.core.conversations import HISTORY, ROLES, conversation, turns_in
from polyglot.core.errors import WrongInput
from polyglot.core.files import atomic
from polyglot.core.key_finder import KeyFinder
from polyglot.core.prompts import Message
from polyglot.publishing.facts import TRAIN

BATCH = 10_000
"""Examples that are held in memory at a time."""


class FormatError(WrongInput):
    """A data set that is not written; the message names the file and the remedy."""


SHAREGPT = {"system": "system", "user": "human", "assistant": "gpt"}
"""Who speaks in ShareGPT, by role."""


def as_messages(turns: Sequence[Message]) -> dict[str, Any]:
    """A chat, as TRL, Axolotl and the fine-tuning of most endpoints take it."""
    return {"messages": list(turns)}


def as_sharegpt(turns: Sequence[Message]) -> dict[str, Any]:
    """A conversation of ShareGPT, as LLaMA-Factory and Axolotl take it."""
    return {"conversations": [{"from": SHAREGPT[turn["role"]], "value": turn["content"]} for turn in turns]}


def as_alpaca(turns: Sequence[Message]) -> dict[str, Any]:
    """An instruction of Alpaca; its input is part of the instruction. Earlier turns are `history` (pairs of a request and the
    response to it) and `system`, as LLaMA-Factory reads them; an example without them has neither."""
    *before, asked, answer = turns
    system = [turn["content"] for turn in before if turn["role"] == "system"]
    texts = [turn["content"] for turn in before if turn["role"] != "system"]
    history = [list(pair) for pair in zip(texts[::2], texts[1::2], strict=True)]
    found = {"instruction": asked["content"], "input": "", "output": answer["content"]}
    return found | ({"system": system[0]} if system else {}) | ({"history": history} if history else {})


FORMATS: dict[str, Callable[[Sequence[Message]], dict[str, Any]]] = {
    "messages": as_messages,
    "sharegpt": as_sharegpt,
    "alpaca": as_alpaca,
}
"""Every format by name."""


def export(source: Path, target: Path, form: str) -> tuple[int, int]:
    """Write a training set as JSONL, in the order of its rows.

    Args:
        source: a Parquet file with `prompt` and `response`, or a published folder with one. Of a file with a `status` (a
            teacher's answers), usable answers are written.
        target: a file, which is replaced.
        form: a name in `FORMATS`.

    Returns:
        How many examples are written, and how many are left out because they hold a key. Thoughts are left out.

    Raises:
        FormatError: no such file or columns, a row without texts, or no usable example.
    """
    file = source / TRAIN if source.is_dir() else source
    if target.is_dir():
        raise FormatError(f"{target}: a folder; name the file that is to be written, such as {target / 'train.jsonl'}")
    if target.exists() and file.exists() and target.samefile(file):
        raise FormatError(f"{target}: it is the data set itself, which would be lost; name another file after --to")
    keys, count, held = KeyFinder.here(), 0, 0
    with atomic(target) as partial, partial.open("w", encoding="utf-8") as opened:
        for pairs in _pairs(file):
            chats = _chats(file, pairs)
            holding = keys.rows("\n".join(turn["content"] for turn in chat) for chat in chats)
            for place, chat in enumerate(chats):
                if place not in holding:
                    opened.write(json.dumps(FORMATS[form](chat), ensure_ascii=False) + "\n")
            count, held = count + len(chats) - len(holding), held + len(holding)
        if not count:
            raise FormatError(f"{file}: it has no usable example; nothing was written")
    return count, held


def _chats(file: Path, pairs: pd.DataFrame) -> list[list[Message]]:
    """Examples as chats, with the turns before their prompts; the index of each is its place in the file."""
    earlier = pairs[HISTORY] if HISTORY in pairs else [""] * len(pairs)
    rows = zip(pairs.index, earlier, pairs["prompt"], pairs["response"], strict=True)
    return [_chat(f"{file}: row {int(place) + 1}", *row) for place, *row in rows]


def _chat(where: str, history: object, prompt: object, response: object) -> list[Message]:
    """An example as a chat.

    Raises:
        FormatError: for what is no text or no list of turns.
    """
    for name, value in (("prompt", prompt), ("response", response)):
        if not isinstance(value, str):
            raise FormatError(f"{where}: no text in column '{name}'; fill it in, or delete the row")
    try:
        before = turns_in(history)
        kinds = {role: kind for kind, role in ROLES.items()}
        conversation([*((kinds[turn["role"]], turn["content"]) for turn in before), ("prompt", "asked")])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        told = str(error) if isinstance(error, ValueError) else "no list of turns with `role` and `content`"
        raise FormatError(f"{where}: column '{HISTORY}': {told}; correct the row, or delete it") from None
    return [*before, {"role": "user", "content": str(prompt)}, {"role": "assistant", "content": str(response)}]


def _pairs(file: Path) -> Iterator[pd.DataFrame]:
    """The prompts and responses of a file, batch by batch."""
    try:
        opened = pq.ParquetFile(file)
    except FileNotFoundError:
        made = "`snakemake publish` makes results/STUDY/published/data/..., and a study's own sets are in results/STUDY/sft"
        raise FormatError(f"{file}: no such file; {made}") from None
    except (pa.ArrowInvalid, OSError) as error:
        raise FormatError(f"{file}: no Parquet file ({str(error).splitlines()[0]}); name a training set of a study") from None
    with opened:
        there = set(opened.schema_arrow.names)
        if lacking := {"prompt", "response"} - there:
            raise FormatError(f"{file}: no column {', '.join(sorted(lacking))}; name a training set of a study")
        columns = ["prompt", "response", *sorted({"status", HISTORY} & there)]
        first = 0
        for batch in opened.iter_batches(BATCH, columns=columns):
            pairs = batch.to_pandas().set_axis(range(first, first + len(batch)))
            first += len(batch)
            yield pairs[pairs["status"] == "ok"] if "status" in pairs else pairs
