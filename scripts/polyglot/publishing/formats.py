"""Training sets in the formats that other trainers read: one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from polyglot.core.errors import WrongInput
from polyglot.core.files import atomic
from polyglot.core.key_finder import KeyFinder
from polyglot.publishing.facts import TRAIN

BATCH = 10_000
"""Examples that are held in memory at a time."""


class FormatError(WrongInput):
    """A data set that is not written; the message names the file and the remedy."""


def as_messages(prompt: str, response: str) -> dict[str, Any]:
    """A chat, as TRL, Axolotl and the fine-tuning of most endpoints take it."""
    return {"messages": [{"role": "user", "content": prompt}, {"role": "assistant", "content": response}]}


def as_sharegpt(prompt: str, response: str) -> dict[str, Any]:
    """A conversation of ShareGPT, as LLaMA-Factory and Axolotl take it."""
    return {"conversations": [{"from": "human", "value": prompt}, {"from": "gpt", "value": response}]}


def as_alpaca(prompt: str, response: str) -> dict[str, Any]:
    """An instruction of Alpaca; its input is part of the instruction."""
    return {"instruction": prompt, "input": "", "output": response}


FORMATS: dict[str, Callable[[str, str], dict[str, Any]]] = {
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
        FormatError: no such file or columns, or no usable example.
    """
    file = source / TRAIN if source.is_dir() else source
    keys, count, held = KeyFinder.here(), 0, 0
    with atomic(target) as partial, partial.open("w", encoding="utf-8") as opened:
        for pairs in _pairs(file):
            texts = list(zip(pairs["prompt"], pairs["response"], strict=True))
            holding = keys.rows("\n".join(pair) for pair in texts)
            for place, pair in enumerate(texts):
                if place not in holding:
                    opened.write(json.dumps(FORMATS[form](*pair), ensure_ascii=False) + "\n")
            count, held = count + len(texts) - len(holding), held + len(holding)
        if not count:
            raise FormatError(f"{file}: it has no usable example; nothing was written")
    return count, held


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
        columns = ["prompt", "response", *({"status"} & there)]
        for batch in opened.iter_batches(BATCH, columns=columns):
            pairs = batch.to_pandas()
            yield pairs[pairs["status"] == "ok"] if "status" in pairs else pairs
