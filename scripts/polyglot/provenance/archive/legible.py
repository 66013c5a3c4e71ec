"""The texts of any file in which keys are looked for: those of tables, of compressed files, and the legible parts of others."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from polyglot.provenance.archive.members import MOST_TIMES, SMALL

if TYPE_CHECKING:
    import pyarrow as pa

TEXTS = {
    *(".cff", ".csv", ".html", ".jinja", ".json", ".jsonl", ".lock", ".log", ".md", ".mplstyle", ".py", ".rst", ".smk", ".svg"),
    *(".tex", ".toml", ".tsv", ".txt", ".yaml", ".yml"),
}
"""Files that are scrubbed; other files that hold a key are left out."""
WEIGHTS, HEADER = {".safetensors", ".bin", ".pt", ".pth", ".gguf"}, 1_000_000
"""Files of numbers, and the bytes at their start that hold words."""
WORDS = re.compile(rb"[\t\n\r -~]{8,}")
STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
"""Compressed parts of a PDF file."""
PARQUET, PDF = b"PAR1", b"%PDF-"
"""What these files begin with."""
OPENERS: dict[bytes, Callable[[BinaryIO], io.BufferedIOBase]] = {
    b"\x1f\x8b": lambda packed: gzip.GzipFile(fileobj=packed),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
}
"""How a compressed file is opened, by what it begins with."""
DAMAGED = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError, RuntimeError)
"""What a file raises that is cut off, encrypted or packed in another way."""
AT_ONCE = 1_000_000
"""Bytes that are unpacked at a time."""


def readable(file: Path) -> str:
    """The texts of a file: a Parquet file's cells, names and metadata, the contents of a compressed file or of the files in a zip
    file, and the legible parts of others; of a model's weights, their header. Of a file that unpacks to more than any study's
    archive does, the rest is not read.

    Raises:
        pyarrow.ArrowInvalid: a Parquet file that is damaged; names it.
    """
    if file.suffix == ".parquet":
        return _named_table(file)
    if file.suffix in TEXTS:
        return file.read_bytes().decode(errors="replace")
    with file.open("rb") as opened:
        content = opened.read(HEADER) if file.suffix in WEIGHTS else opened.read()
    return "\n".join(text for part in (content, *_unpacked(content)) for text in _legible(part))


def _unpacked(content: bytes) -> Iterator[bytes]:
    """What a compressed file holds, and each file of a zip file with its name and comment; nothing of any other file."""
    most = SMALL + MOST_TIMES * len(content)
    for start, opener in OPENERS.items():
        if content.startswith(start):
            yield _read(opener(io.BytesIO(content)), most)
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return
    try:
        packed = zipfile.ZipFile(io.BytesIO(content))
    except DAMAGED:
        return
    for member in packed.infolist():
        yield b"\n".join((member.filename.encode(errors="replace"), member.comment))
        try:
            part = _read(cast("zipfile.ZipExtFile", packed.open(member)), most)
        except DAMAGED:
            continue
        most -= len(part)
        yield part


def _read(opened: io.BufferedIOBase, most: int) -> bytes:
    """The first bytes of a compressed file; of a damaged one, those before the damage."""
    found = bytearray()
    try:
        while part := opened.read1(min(AT_ONCE, most - len(found))):
            found += part
    except DAMAGED:
        pass
    return bytes(found)


def _legible(content: bytes) -> Iterator[str]:
    """The texts in a file's bytes."""
    if content.startswith(PARQUET):
        try:
            yield _texts_of_table(io.BytesIO(content))
            return
        except DAMAGED:  # not a table after all, or one that was cut off
            pass
    if content.startswith(PDF):
        content += b"\n".join(map(_inflated, STREAM.findall(content)))
    for found in (content, content.replace(b"\0", b"") if b"\0" in content else b""):
        yield from (part.decode("ascii") for part in WORDS.findall(found))


def _inflated(part: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(part, SMALL)
    except zlib.error:
        return part


def _named_table(file: Path) -> str:
    import pyarrow as pa

    try:
        return _texts_of_table(file)
    except pa.ArrowInvalid as error:
        raise pa.ArrowInvalid(f"{file}: {error}") from None


def _texts_of_table(file: Path | io.BytesIO) -> str:
    """The texts of a Parquet file: its cells, also those inside of lists and records, the names of columns and of fields in
    records, and its metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    found: dict[str, None] = {}

    def collect(value: object) -> None:
        if isinstance(value, str):
            found[value] = None
        elif isinstance(value, bytes):
            found[value.decode("latin-1")] = None
        elif isinstance(value, Mapping):
            collect(list(value.values()))
        elif isinstance(value, Iterable):
            for part in value:
                collect(part)

    with pq.ParquetFile(file) as opened:
        written, table = opened.metadata.metadata or {}, opened.read()
    collect([part for key, value in written.items() if key != b"ARROW:schema" for part in (key, value)])
    collect(_words_of(table.schema))
    for column in table.columns:
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            collect(column.unique().to_pylist())
        elif not pa.types.is_primitive(column.type):
            collect(column.to_pylist())
    return "\n".join(found)


def _words_of(schema: pa.Schema) -> Iterator[str | bytes]:
    """The words of a table's schema: names and metadata of its columns and of the fields in them."""
    for key, value in (schema.metadata or {}).items():
        yield from (key, value)
    fields = list(schema)
    while fields:
        field = fields.pop()
        yield field.name
        yield str(field.type)  # such as the name of a time zone
        for key, value in (field.metadata or {}).items():
            yield from (key, value)
        fields += [field.type.field(place) for place in range(field.type.num_fields)]
