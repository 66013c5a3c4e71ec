"""A key is found wherever it stands in a file that is no plain text."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from polyglot.core.key_finder import KeyFinder
from polyglot.provenance.archive import legible
from polyglot.provenance.archive.legible import readable
from polyglot.publishing.confidential import first_key

KEY = "hf_abcdefghijklmnopqrstuvwxyzABCD1234"
TEXT = f"see {KEY} there\n".encode()


def zipped(content: bytes = b"fine", name: str = "a.txt", comment: bytes = b"", method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as file:
        member = zipfile.ZipInfo(name)
        member.comment, member.compress_type = comment, method
        file.writestr("first.txt", "x" * 100)
        file.writestr(member, content)
    return made.getvalue()


def table(**columns: pa.Array) -> bytes:
    made = io.BytesIO()
    pq.write_table(pa.table(columns), made)
    return made.getvalue()


PACKED: Mapping[str, bytes] = {
    "a.gz": gzip.compress(TEXT),
    "two.gz": gzip.compress(b"fine") + gzip.compress(TEXT),
    "cut.gz": gzip.compress(TEXT + bytes(range(256)) * 3)[:-20],
    "a.jsonl.bz2": bz2.compress(TEXT),
    "a.xz": lzma.compress(TEXT),
    "a.zip": zipped(TEXT),
    "bzip2.zip": zipped(TEXT, method=zipfile.ZIP_BZIP2),
    "lzma.zip": zipped(TEXT, method=zipfile.ZIP_LZMA),
    "name.zip": zipped(name=f"data/{KEY}.txt"),
    "comment.zip": zipped(comment=TEXT),
    "table.zip": zipped(table(text=pa.array([TEXT.decode()]))),
    "slides.pptx": zipped(TEXT),
    "no_suffix": lzma.compress(TEXT),
}


@pytest.mark.parametrize("name", PACKED)
def test_a_key_in_a_compressed_file_is_found(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(PACKED[name])
    assert KeyFinder().find(readable(tmp_path / name)) == "a Hugging Face token"
    assert "it holds a Hugging Face token" in str(first_key(tmp_path, KeyFinder()))


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zipped])
def test_what_is_damaged_or_holds_no_key_is_read_as_far_as_it_goes(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    content = pack(b"a fine story of a fox\n" * 100)
    for length in range(0, len(content) + 1, 7):
        (tmp_path / "a.bin2").write_bytes(content[:length])
        assert KeyFinder().find(readable(tmp_path / "a.bin2")) is None
    (tmp_path / "a.bin2").write_bytes(content)
    assert "a fine story of a fox" in readable(tmp_path / "a.bin2")


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zipped])
def test_no_more_is_unpacked_than_a_studys_archive_holds(
    pack: Callable[[bytes], bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_bytes(pack(b"abcdefgh" * 1_000_000))
    monkeypatch.setattr(legible, "SMALL", 1000)
    monkeypatch.setattr(legible, "MOST_TIMES", 1)
    assert len(readable(tmp_path / "a")) < 1000 + 3 * (tmp_path / "a").stat().st_size + 100


RECORD = pa.array([{"id": 1, KEY: 2}])
LIST = pa.array([[{KEY: 1}]])
TABLES: Mapping[str, pa.Table] = {
    "the table's metadata": pa.table({"a": [1]}).replace_schema_metadata({"made by": TEXT}),
    "a key of the metadata": pa.table({"a": [1]}).replace_schema_metadata({KEY: "1"}),
    "a column's metadata": pa.table([pa.array([1])], pa.schema([pa.field("a", pa.int64(), metadata={"by": TEXT})])),
    "a column's name": pa.table({KEY: [1]}),
    "a record's field": pa.table({"a": RECORD}),
    "a field of records in a list": pa.table({"a": LIST}),
    "a record's metadata": pa.table(
        [pa.array([{"b": 1}])],
        pa.schema([pa.field("a", pa.struct([pa.field("b", pa.int64(), metadata={"by": TEXT})]))]),
    ),
    "a list": pa.table({"a": [["fine", TEXT.decode()]]}),
    "bytes": pa.table({"a": [TEXT]}),
    "many bytes": pa.table({"a": pa.array([TEXT], pa.large_binary())}),
    "as many bytes": pa.table({"a": pa.array([TEXT], pa.binary(len(TEXT)))}),
    "a category": pa.table({"a": pa.array([TEXT.decode()]).dictionary_encode()}),
}


@pytest.mark.parametrize("place", TABLES)
def test_a_key_is_found_wherever_it_stands_in_a_parquet_file(place: str, tmp_path: Path) -> None:
    pq.write_table(TABLES[place], tmp_path / "a.parquet")
    assert KeyFinder().find(readable(tmp_path / "a.parquet")) == "a Hugging Face token"


def test_a_table_without_a_key_holds_none(tmp_path: Path) -> None:
    found = pa.table({"a": ["fine"], "b": [[0.5]], "c": [{"d": True}], "e": [None]}).replace_schema_metadata({"made by": "x"})
    pq.write_table(found, tmp_path / "a.parquet")
    assert KeyFinder().find(readable(tmp_path / "a.parquet")) is None
    assert {"a", "b", "d", "fine", "made by", "x"} <= set(readable(tmp_path / "a.parquet").split("\n"))
