"""A few real rows of each seed source, from the study's own folders or from the hub."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from polyglot.core.errors import Foreseen
from polyglot.core.files import write_text
from polyglot.registry.data import Source
from polyglot.rehearsal.miniature import REQUESTS, TEXT
from polyglot.seeds.sources import SourceError, flaw, refused, stream, texts

LOOKED_AT = 200_000
"""Rows of a source at most that are read to find the few."""
ROWS = "rows.jsonl"


class Unreachable(Foreseen, RuntimeError):
    """Rows that are neither here nor to be had from the hub; the message gives the remedy."""


def from_the_hub(name: str, source: Source, folder: Path) -> Iterator[Mapping[str, Any]]:
    """The rows of a source on the hub, streamed: only what is read is fetched.

    Raises:
        Unreachable: if the hub does not answer.
    """
    import datasets

    pattern = source.files[0]
    kind = "parquet" if pattern.endswith("parquet") else "csv" if pattern.endswith("csv") else "json"
    try:
        files = f"hf://datasets/{source.hub}@{source.revision}/{pattern}"
        yield from datasets.load_dataset(kind, data_files=files, split="train", streaming=True)
    except Exception as error:  # whatever the hub's client raises
        raise Unreachable(
            f"source '{name}': {folder} is not there, and {source.hub} cannot be read from the hub ({type(error).__name__}): "
            f"put one file that matches {pattern} into {folder}, or rehearse where there is a network"
        ) from None


def few(rows: Iterable[Mapping[str, Any]], source: Source, langs: Sequence[str]) -> list[dict[str, Any]]:
    """The first rows that serve, `REQUESTS` of each language, in the source's own schema; short ones only."""
    short = source.model_copy(update={"longest": min(source.longest, TEXT // 2)})
    found: Counter[str] = Counter()
    kept = []
    for row in islice(rows, LOOKED_AT):
        wanted = [lang for lang in langs if found[lang] < REQUESTS and refused(row, source, lang) is None]
        if wanted and flaw(*texts(row, source, 0), short) is None:
            kept.append(dict(row))
            found.update(wanted)
        if all(found[lang] >= REQUESTS for lang in langs):
            break
    return kept


def sample(name: str, source: Source, langs: Sequence[str], folder: Path, out: Path) -> None:
    """Write a few rows of a source into `out`, unless they are there.

    Args:
        folder: where the study's data of this source are, or would be fetched to.

    Raises:
        Unreachable: if there are none here and the hub does not answer.
        SourceError: if the files here do not fit the registry, or no row serves.
    """
    if (out / ROWS).is_file():
        return
    rows = stream(name, source, folder) if folder.is_dir() else from_the_hub(name, source, folder)
    kept = few(rows, source, langs)
    if not kept:
        raise SourceError(f"source '{name}': none of its first rows serves in {', '.join(langs)}; look at its entry")
    write_text("".join(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in kept), out / ROWS)
